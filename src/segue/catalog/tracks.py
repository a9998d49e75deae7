"""Tracks and all that is known of them, one row each."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from segue.catalog.chunks import in_chunks
from segue.catalog.database import Database
from segue.catalog.merges import Merger
from segue.catalog.records import Analysis, DescriptorRecord, TrackRecord
from segue.types import Track

_SELECT = """
    SELECT track.id, title, artist, album, album_artist, track_number, disc_number, year, genres,
        duration, (SELECT path FROM file WHERE track_id = track.id AND state = 'ok'
                   ORDER BY id LIMIT 1), key, playlists
    FROM track
"""


class Tracks:
    """Reads and writes the `track` table and those that hang on it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, ids: Iterable[int]) -> dict[int, Track]:
        """Return the tracks with these ids, by id; unknown ids are left out."""
        wanted = list(dict.fromkeys(int(i) for i in ids))
        found: dict[int, Track] = {}
        for chunk in in_chunks(wanted):
            rows = self._database.query(f"{_SELECT} WHERE track.id IN ({_marks(chunk)})", chunk)
            found.update((row[0], _track(row)) for row in rows)
        return found

    def records(self, ids: Sequence[int]) -> dict[int, TrackRecord]:
        """Return what the tags of files' tracks say, as far as it tells which song they are."""
        tracks = self.get(ids)
        found = {}
        for id_, track in tracks.items():
            outside = self._database.query(
                "SELECT kind, value FROM outside_id WHERE track_id = ?", (id_,)
            )
            found[id_] = TrackRecord(
                track.title,
                track.artist,
                track.album,
                track.album_artist,
                duration=track.duration,
                outside_ids=tuple(outside),
            )
        return found

    def of_file(self, path: bytes) -> int | None:
        """Return the track that `path` is a file of, or None."""
        row = self._database.query_one("SELECT track_id FROM file WHERE path = ?", (path,))
        return row[0] if row else None

    def words(self, ids: Sequence[int]) -> dict[int, dict[str, float]]:
        """Return, by track, the words the ear heard with their strength, the strongest first."""
        found: dict[int, dict[str, float]] = {int(i): {} for i in ids}
        for chunk in in_chunks([int(i) for i in ids]):
            rows = self._database.query(
                f"SELECT track_id, word, strength FROM word WHERE track_id IN ({_marks(chunk)}) "
                "ORDER BY strength DESC, word",
                chunk,
            )
            for track_id, word, strength in rows:
                found[track_id][word] = strength
        return found

    def with_words(self, having: Sequence[str], lacking: Sequence[str]) -> list[int]:
        """Return the ids of present tracks that have all of `having` and none of `lacking`."""
        query = "SELECT DISTINCT track_id FROM file WHERE state = 'ok' AND track_id IS NOT NULL"
        for _ in having:
            query += " AND track_id IN (SELECT track_id FROM word WHERE word = ?)"
        for _ in lacking:
            query += " AND track_id NOT IN (SELECT track_id FROM word WHERE word = ?)"
        rows = self._database.query(query, (*having, *lacking))
        return [track_id for (track_id,) in rows]

    def present(self) -> list[int]:
        """Return the ids of tracks that have a file now."""
        return self.with_words((), ())

    def word_counts(self) -> dict[str, int]:
        """Return how many tracks have each word."""
        rows = self._database.query(
            "SELECT word, count(*) FROM word GROUP BY word ORDER BY count(*) DESC, word"
        )
        return dict(rows)

    def descriptors(self, ids: Sequence[int]) -> dict[int, DescriptorRecord]:
        """Return the measured properties of tracks, by id."""
        found: dict[int, DescriptorRecord] = {}
        for chunk in in_chunks([int(i) for i in ids]):
            rows = self._database.query(
                "SELECT track_id, tempo, tempo_certainty, key, mode, key_certainty, loudness, "
                "brightness, onset_rate, silence, tagged_tempo FROM descriptors "
                f"WHERE track_id IN ({_marks(chunk)})",
                chunk,
            )
            found.update((row[0], DescriptorRecord(*row[1:])) for row in rows)
        return found

    def details(self, id_: int) -> dict[str, Any]:
        """Return what else is known of one track: its lyrics, outside ids and files."""
        query = self._database.query
        lyrics = query("SELECT text FROM lyrics WHERE track_id = ?", (id_,))
        outside = query(
            "SELECT kind, value FROM outside_id WHERE track_id = ? ORDER BY kind, value", (id_,)
        )
        files = query(
            "SELECT path, state, size, codec, sample_rate, channels, has_cover, track_gain, "
            "album_gain, problem FROM file WHERE track_id = ? ORDER BY id",
            (id_,),
        )
        names = (
            "path state size codec sample_rate channels has_cover track_gain album_gain problem"
        ).split()
        return {
            "lyrics": lyrics[0][0] if lyrics else None,
            "outside_ids": [{"kind": kind, "value": value} for kind, value in outside],
            "files": [dict(zip(names, row, strict=True)) for row in files],
        }

    def write_tags(
        self, connection: sqlite3.Connection, track: TrackRecord, id_: int | None
    ) -> int:
        """Write what is said of a song, within a transaction; return its id.

        `id_` None makes a new track, else that one is brought up to date.
        """
        values = _values(track)
        if id_ is None:
            cursor = connection.execute(
                f"INSERT INTO track ({', '.join(values)}) VALUES ({_marks(values)})",
                list(values.values()),
            )
            id_ = cursor.lastrowid
            assert id_ is not None, "SQLite gives every inserted row an id"
        else:
            pairs = ", ".join(f"{name} = ?" for name in values)
            connection.execute(f"UPDATE track SET {pairs} WHERE id = ?", [*values.values(), id_])
            for table in ("lyrics", "outside_id"):
                connection.execute(f"DELETE FROM {table} WHERE track_id = ?", (id_,))
        if track.lyrics:
            connection.execute("INSERT INTO lyrics VALUES (?, ?)", (id_, track.lyrics))
        connection.executemany(
            "INSERT OR IGNORE INTO outside_id VALUES (?, ?, ?)",
            [(id_, kind, value) for kind, value in track.outside_ids],
        )
        return id_

    def write_heard(self, connection: sqlite3.Connection, analysis: Analysis, id_: int) -> None:
        """Write the words and the descriptors of a song, within a transaction."""
        for table in ("descriptors", "word"):
            connection.execute(f"DELETE FROM {table} WHERE track_id = ?", (id_,))
        connection.execute(
            f"INSERT INTO descriptors VALUES ({_marks(range(11))})",
            (id_, *dataclasses.astuple(analysis.descriptors)),
        )
        connection.executemany(
            "INSERT INTO word VALUES (?, ?, ?)",
            [(id_, word, strength) for word, strength in analysis.words],
        )

    def delete_orphan(self, connection: sqlite3.Connection, id_: int | None) -> None:
        """Delete one track of a file if it has no file any more."""
        self._delete(connection, "id = ?", (id_,))

    def delete_orphans(self, connection: sqlite3.Connection) -> int:
        """Delete tracks that had a file and have none, present or missing; return how many."""
        return self._delete(connection, "1", ())

    def _delete(self, connection: sqlite3.Connection, which: str, values: Sequence[Any]) -> int:
        orphans = (
            f"SELECT id FROM track WHERE {which} AND key IS NULL "
            "AND id NOT IN (SELECT track_id FROM file WHERE track_id IS NOT NULL)"
        )
        merged = connection.execute(
            f"SELECT track_id FROM merge WHERE state = 'merged' AND into_id IN ({orphans})", values
        ).fetchall()
        gone = connection.execute(f"DELETE FROM track WHERE id IN ({orphans})", values).rowcount
        Merger().meet_again(connection, [id_ for (id_,) in merged])
        return gone


def _values(track: TrackRecord) -> Mapping[str, Any]:
    return {
        "title": track.title,
        "artist": track.artist,
        "album": track.album,
        "album_artist": track.album_artist,
        "track_number": track.track_number,
        "disc_number": track.disc_number,
        "year": track.year,
        "genres": json.dumps(track.genres, ensure_ascii=False),
        "duration": track.duration,
    }


def _track(row: Sequence[Any]) -> Track:
    id_, title, artist, album, album_artist, number, disc, year, genres, duration, *rest = row
    path, key, playlists = rest
    return Track(
        id=id_,
        title=title,
        artist=artist,
        album=album,
        album_artist=album_artist,
        track_number=number,
        disc_number=disc,
        year=year,
        genres=tuple(json.loads(genres)),
        duration=duration,
        path=path,
        key=key,
        playlists=playlists,
    )


def _marks(values: Iterable[object]) -> str:
    return ", ".join("?" for _ in values)
