"""What a catalogue holds, told without its own numbers and times, so that two can be compared."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from segue.config import FILE_NAME

Rows = list[tuple[Any, ...]]

_TRACK = "coalesce(t.key, 'file ' || t.id)"
_QUERIES = {
    "source": "SELECT kind, location FROM source",
    "part": "SELECT s.kind, s.location, p.name, p.stamp FROM part p "
    "JOIN source s ON s.id = source_id",
    "track": f"SELECT {_TRACK}, t.title, artist, t.album, album_artist, track_number, disc_number, "
    "year, genres, duration, playlists, a.key, b.key FROM track t "
    "LEFT JOIN artist a ON a.id = t.artist_id LEFT JOIN album b ON b.id = t.album_id",
    "merged": f"SELECT {_TRACK}, coalesce(r.key, 'file ' || r.id) FROM track t "
    "JOIN track r ON r.id = t.merged_into",
    "merge": f"SELECT {_TRACK}, coalesce(r.key, 'file ' || r.id), reason, certainty, state "
    "FROM merge m JOIN track t ON t.id = m.track_id JOIN track r ON r.id = m.into_id",
    "song": f"SELECT min({_TRACK}), count(*), group_concat({_TRACK}), s.playlists, s.stale "
    "FROM (SELECT * FROM track ORDER BY key) t JOIN song s ON s.id = song_id GROUP BY s.id",
    "outside": f"SELECT {_TRACK}, kind, value FROM outside_id JOIN track t ON t.id = track_id",
    "listen": f"SELECT l.key, at, {_TRACK}, seconds, skipped, precision FROM listen "
    "JOIN listener l ON l.id = listener_id JOIN track t ON t.id = track_id",
    "rating": f"SELECT l.key, {_TRACK}, s.location, value, at FROM rating r JOIN source s "
    "ON s.id = r.source_id JOIN listener l ON l.id = listener_id JOIN track t ON t.id = track_id",
    "plays": f"SELECT l.key, {_TRACK}, s.location, plays, skips, last_at FROM play_count p "
    "JOIN source s ON s.id = p.source_id JOIN listener l ON l.id = listener_id "
    "JOIN track t ON t.id = track_id",
    "feature": f"SELECT {_TRACK}, s.location, valence, energy, loudness, tempo, f.key, mode, "
    "popularity, f.genres FROM feature f JOIN source s ON s.id = f.source_id "
    "JOIN track t ON t.id = track_id",
    "word": "SELECT word, uses FROM song_word",
    "text": "SELECT title, artist, album, keys FROM song_text",
}


def content(library: Path) -> dict[str, Rows]:
    """Return all rows that sources brought, sorted, with keys in the place of numbers."""
    with closing(sqlite3.connect(library / FILE_NAME)) as connection:
        found = {
            name: sorted(connection.execute(query), key=repr) for name, query in _QUERIES.items()
        }
        keys = dict(connection.execute(f"SELECT id, {_TRACK} FROM track t"))
        found["playlist"] = sorted(
            (
                (*row, tuple(keys[i] for i in np.frombuffer(items, "<u4").tolist()))
                for *row, items in connection.execute(
                    "SELECT key, name, description, tags, owner, followers, plays, comments, "
                    "modified_at, size, added_at, items FROM playlist"
                )
            ),
            key=repr,
        )
        return found


def everything(library: Path) -> list[str]:
    """Return the catalogue as it stands, to the last number and time."""
    with closing(sqlite3.connect(library / FILE_NAME)) as connection:
        return list(connection.iterdump())
