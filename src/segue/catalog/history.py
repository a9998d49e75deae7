"""What listeners did: listens, ratings and play counts."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from segue.catalog.database import Database
from segue.catalog.incoming import ListenRecord, PlayCountRecord, RatingRecord


class History:
    """Reads and writes the `listen`, `rating` and `play_count` tables.

    Each `write_` method takes the track of each record, runs within the caller's transaction and
    returns how many records told something new.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def counts(self) -> dict[str, int]:
        """Return how many listens, ratings, play counts and listeners there are."""
        return {
            name: self._database.query_one(f"SELECT count(*) FROM {table}")[0]
            for name, table in (
                ("listens", "listen"),
                ("ratings", "rating"),
                ("play_counts", "play_count"),
                ("listeners", "listener"),
            )
        }

    def of_tracks(self, ids: Sequence[int]) -> dict[str, Any]:
        """Return what is known of listening to these tracks together."""
        marks = ", ".join("?" * len(ids))
        listens = self._database.query_one(
            "SELECT count(*), coalesce(sum(skipped), 0), min(at), max(at) FROM listen "
            f"WHERE track_id IN ({marks})",
            ids,
        )
        ratings = self._database.query(
            f"SELECT value FROM rating WHERE track_id IN ({marks}) ORDER BY value", ids
        )
        plays = self._database.query_one(
            f"SELECT sum(plays) FROM play_count WHERE track_id IN ({marks})", ids
        )
        return {
            "listens": listens[0],
            "skips": listens[1],
            "first_listen": listens[2],
            "last_listen": listens[3],
            "ratings": [value for (value,) in ratings],
            "play_count": plays[0],
        }

    def oldest(self, source_id: int) -> int | None:
        """Return when the oldest listen of a source was, in seconds since the epoch, or None."""
        (oldest,) = self._database.query_one(
            "SELECT min(at) FROM listen WHERE source_id = ?", (source_id,)
        )
        return None if oldest is None else int(oldest)

    def write_listens(
        self,
        connection: sqlite3.Connection,
        source_id: int,
        records: Sequence[ListenRecord],
        tracks: Sequence[int],
    ) -> int:
        """Write listens; one that is there already, under a coarser or finer time, is the same."""
        listeners = self._listeners(connection, {record.listener for record in records})
        groups: dict[str, list[tuple[ListenRecord, int]]] = {}
        for record, track in zip(records, tracks, strict=True):
            if track:
                groups.setdefault(record.listener, []).append((record, track))
        new = 0
        for listener, group in groups.items():
            new += self._write_one(connection, source_id, listeners[listener], group)
        return new

    def write_ratings(
        self,
        connection: sqlite3.Connection,
        source_id: int,
        records: Sequence[RatingRecord],
        tracks: Sequence[int],
    ) -> int:
        """Write ratings; a source has one of each listener and track, and 0 takes it back."""
        listeners = self._listeners(connection, {record.listener for record in records})
        last = {
            (record.listener, track): record for record, track in zip(records, tracks, strict=True)
        }
        rows = [
            (listeners[listener], track, source_id, record.value, record.at)
            for (listener, track), record in last.items()
            if track
        ]
        before = connection.total_changes
        connection.executemany(
            "INSERT INTO rating VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET value = excluded.value, at = excluded.at "
            "WHERE value <> excluded.value OR at IS NOT excluded.at",
            [row for row in rows if row[3]],
        )
        connection.executemany(
            "DELETE FROM rating WHERE listener_id = ? AND track_id = ? AND source_id = ?",
            [row[:3] for row in rows if not row[3]],
        )
        return connection.total_changes - before

    def write_play_counts(
        self,
        connection: sqlite3.Connection,
        source_id: int,
        records: Sequence[PlayCountRecord],
        tracks: Sequence[int],
    ) -> int:
        """Write play counts; a source has one of each listener and track."""
        listeners = self._listeners(connection, {record.listener for record in records})
        before = connection.total_changes
        connection.executemany(
            "INSERT INTO play_count VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE "
            "SET plays = excluded.plays, skips = excluded.skips, last_at = excluded.last_at "
            "WHERE (plays, skips, last_at) IS NOT (excluded.plays, excluded.skips, "
            "excluded.last_at)",
            [
                (listeners[r.listener], track, source_id, r.plays, r.skips, r.last_at)
                for r, track in zip(records, tracks, strict=True)
                if track
            ],
        )
        return connection.total_changes - before

    def _write_one(
        self,
        connection: sqlite3.Connection,
        source_id: int,
        listener_id: int,
        group: Sequence[tuple[ListenRecord, int]],
    ) -> int:
        times = [record.at for record, _ in group]
        margin = max(record.precision for record, _ in group)
        others = connection.execute(
            "SELECT at, track_id, song_id, precision FROM listen JOIN track ON id = track_id "
            "WHERE listener_id = ? AND at BETWEEN ? AND ?",
            (listener_id, min(times) - max(margin, 60), max(times) + max(margin, 60)),
        ).fetchall()
        coarse = {(at, song): track for at, track, song, p in others if p > 1}
        fine = {(at // 60, song) for at, _, song, p in others if p == 1}
        known = {(at, song): track for at, track, song, p in others if p == 1 and song}
        songs = _songs(connection, [track for _, track in group])
        rows = []
        for record, track in group:
            song = songs[track]
            if record.precision > 1 and (record.at // 60, song) in fine:
                continue
            if (
                record.precision == 1
                and song is not None
                and known.setdefault((record.at, song), track) != track
            ):
                continue  # the same listen, by another of the song's ids
            minute = record.at // 60 * 60
            if record.precision == 1 and (minute, song) in coarse:
                connection.execute(
                    "DELETE FROM listen WHERE listener_id = ? AND at = ? AND track_id = ?",
                    (listener_id, minute, coarse.pop((minute, song))),
                )
            rows.append(
                (
                    listener_id,
                    record.at,
                    track,
                    source_id,
                    record.seconds,
                    record.skipped,
                    record.precision,
                )
            )
        before = connection.total_changes
        connection.executemany("INSERT OR IGNORE INTO listen VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        return connection.total_changes - before

    def _listeners(self, connection: sqlite3.Connection, keys: set[str]) -> dict[str, int]:
        connection.executemany(
            "INSERT OR IGNORE INTO listener (key) VALUES (?)", [(key,) for key in sorted(keys)]
        )
        return {
            key: connection.execute("SELECT id FROM listener WHERE key = ?", (key,)).fetchone()[0]
            for key in keys
        }


def _songs(connection: sqlite3.Connection, tracks: Sequence[int]) -> dict[int, int | None]:
    return {
        track: connection.execute("SELECT song_id FROM track WHERE id = ?", (track,)).fetchone()[0]
        for track in set(tracks)
    }
