"""Feature rows: what sources say of a song's sound and mood."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
import time
from collections.abc import Sequence
from typing import Any, Final

from segue.catalog.chunks import in_chunks
from segue.catalog.database import Database
from segue.catalog.incoming import FeatureRecord

NAMES: Final = tuple(
    field.name
    for field in dataclasses.fields(FeatureRecord)
    if field.name not in ("track", "genres")
)


class Features:
    """Reads and writes the `feature` table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(self) -> int:
        """Return how many rows there are."""
        return int(self._database.query_one("SELECT count(*) FROM feature")[0])

    def of_tracks(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        """Return every row of these tracks: its source, the values that it has, and its genres."""
        found = []
        for chunk in in_chunks([int(i) for i in ids]):
            rows = self._database.query(
                f"SELECT track_id, kind, location, {', '.join(NAMES)}, genres FROM feature "
                "JOIN source ON source.id = feature.source_id "
                f"WHERE track_id IN ({', '.join('?' * len(chunk))}) ORDER BY track_id, source.id",
                chunk,
            )
            for track_id, kind, location, *values, genres in rows:
                known = {
                    name: value
                    for name, value in zip(NAMES, values, strict=True)
                    if value is not None
                }
                found.append(
                    {
                        "track_id": track_id,
                        "source": f"{kind}: {location}",
                        **known,
                        "genres": json.loads(genres),
                    }
                )
        return found

    def write(
        self,
        connection: sqlite3.Connection,
        source_id: int,
        records: Sequence[FeatureRecord],
        tracks: Sequence[int],
    ) -> int:
        """Write rows within a transaction; return how many told something new.

        `tracks` has the track of each record; a source has one row of each.
        """
        before = connection.total_changes
        names = (*NAMES, "genres")
        marks = ", ".join("?" * (len(names) + 3))
        # A row that lacks something takes nothing back.
        values = [f"coalesce(excluded.{name}, {name})" for name in NAMES]
        values.append("iif(excluded.genres = '[]', genres, excluded.genres)")
        pairs = ", ".join(f"{n} = {v}" for n, v in zip(names, values, strict=True))
        pairs += ", seen_at = excluded.seen_at"
        ours, theirs = ", ".join(names), ", ".join(values)
        now = time.time()
        connection.executemany(
            f"INSERT INTO feature (track_id, source_id, seen_at, {ours}) VALUES ({marks}) "
            f"ON CONFLICT DO UPDATE SET {pairs} WHERE ({ours}) IS NOT ({theirs})",
            [
                (
                    track,
                    source_id,
                    now,
                    *(getattr(record, name) for name in NAMES),
                    json.dumps(record.genres, ensure_ascii=False),
                )
                for record, track in zip(records, tracks, strict=True)
                if track
            ],
        )
        return connection.total_changes - before
