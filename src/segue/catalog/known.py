"""What the catalogue knows by a key: tracks, artists, albums and playlists, looked up in bulk."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from segue.catalog.chunks import in_chunks
from segue.catalog.database import Database


@dataclass(frozen=True)
class KnownTrack:
    """A track under its key.

    Attributes
    ----------
    id
        Of the track it is read as: the one it is merged into, where it is.
    artist, album
        Of that one; 0 where not known.
    """

    id: int
    artist: int
    album: int


def known_tracks(database: Database, keys: Iterable[str]) -> dict[str, KnownTrack]:
    """Return the tracks that are there by their keys; see `TrackRecord.key`."""
    found: dict[str, KnownTrack] = {}
    for chunk in in_chunks(list(keys)):
        rows = database.query(
            "SELECT track.key, root.id, coalesce(root.artist_id, 0), coalesce(root.album_id, 0) "
            "FROM track JOIN track root ON root.id = coalesce(track.merged_into, track.id) "
            f"WHERE track.key IN ({', '.join('?' * len(chunk))})",
            chunk,
        )
        found.update((key, KnownTrack(*ids)) for key, *ids in rows)
    return found


def known_artists(database: Database, keys: Iterable[str]) -> dict[str, int]:
    """Return the ids of the artists that are there, by their keys."""
    return _ids(database, "artist", keys)


def known_albums(database: Database, keys: Iterable[str]) -> dict[str, int]:
    """Return the ids of the albums that are there, by their keys."""
    return _ids(database, "album", keys)


def known_playlists(database: Database, keys: Iterable[str]) -> dict[str, int]:
    """Return the ids of the playlists that are there, by their keys."""
    return _ids(database, "playlist", keys)


def _ids(database: Database, table: str, keys: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for chunk in in_chunks(list(keys)):
        marks = ", ".join("?" * len(chunk))
        found.update(database.query(f"SELECT key, id FROM {table} WHERE key IN ({marks})", chunk))
    return found
