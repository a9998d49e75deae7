"""Tracks put straight into a catalogue, for tests of what looks them up."""

from __future__ import annotations

from collections.abc import Iterable

from segue.catalog.database import Database
from segue.catalog.search_index import refresh


def plant(
    database: Database, tracks: Iterable[tuple[int, str, str, str, int]], *, index: bool = True
) -> None:
    """Write (song, title, artist, album, playlists) of tracks, numbered on from the last one."""
    with database.transaction() as connection:
        for song, title, artist, album, playlists in tracks:
            connection.execute("INSERT OR IGNORE INTO song (id) VALUES (?)", (song,))
            connection.execute(
                "UPDATE song SET playlists = playlists + ?, stale = 1 WHERE id = ?",
                (playlists, song),
            )
            connection.execute(
                "INSERT INTO track (title, artist, album, song_id, playlists) "
                "VALUES (?, ?, ?, ?, ?)",
                (title, artist, album, song, playlists),
            )
        if index:
            refresh(connection)


def plant_file(database: Database, track: int, state: str = "ok") -> None:
    """Give a track a file."""
    with database.transaction() as connection:
        connection.execute(
            "INSERT INTO file (path, track_id, state, size, mtime_ns, checked_at) "
            "VALUES (?, ?, ?, 1, 1, 1)",
            (f"/{track}".encode(), track, state),
        )
        refresh(connection)
