"""What was added other than folders of music, and what came with it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from segue.catalog.chunks import in_chunks
from segue.catalog.database import Database
from segue.catalog.merges import Merger

_BROUGHT: Final = ("playlist", "listen", "rating", "play_count", "feature")
_CHUNK: Final = 5_000
# A track stays while anything else rests on it. Entries of playlists are looked at apart.
_USED: Final = " OR ".join(
    f"EXISTS (SELECT 1 FROM {table} WHERE {table}.track_id = track.id)"
    for table in ("listen", "rating", "play_count", "feature", "file")
)


@dataclass(frozen=True)
class SourceState:
    """A source that was added, with the numbers of what it brought.

    Attributes
    ----------
    tracks
        Tracks that it was the first to name.
    added_at
        Seconds since the epoch, of the first time.
    """

    id: int
    kind: str
    location: str
    added_at: float
    playlists: int
    tracks: int
    listens: int
    ratings: int
    play_counts: int
    features: int


class Provenance:
    """Reads and writes the `source` and `part` tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def listed(self) -> list[SourceState]:
        """Return all sources in the order they were added."""
        rows = self._database.query("SELECT id, kind, location, added_at FROM source ORDER BY id")
        counts = [
            dict(
                self._database.query(f"SELECT source_id, count(*) FROM {table} GROUP BY source_id")
            )
            for table in ("playlist", "track", "listen", "rating", "play_count", "feature")
        ]
        return [SourceState(*row, *(found.get(row[0], 0) for found in counts)) for row in rows]

    def known(self, kind: str, location: str) -> int | None:
        """Return the id of a source, or None where it is not on record."""
        row = self._database.query_one(
            "SELECT id FROM source WHERE kind = ? AND location = ?", (kind, location)
        )
        return None if row is None else int(row[0])

    def id_of(self, kind: str, location: str) -> int:
        """Return the id of a source; it is put on record if it is not."""
        id_ = self.known(kind, location)
        if id_ is None:
            with self._database.transaction() as connection:
                connection.execute(
                    "INSERT OR IGNORE INTO source (kind, location, added_at) VALUES (?, ?, ?)",
                    (kind, location, time.time()),
                )
            id_ = self.known(kind, location)
        assert id_ is not None, "it was just put on record"
        return id_

    def is_read(self, source_id: int, part: str, stamp: str) -> bool:
        """Return whether a part was read to its end as it is now."""
        return bool(stamp) and self.stamp(source_id, part) == stamp

    def stamp(self, source_id: int, part: str) -> str | None:
        """Return the stamp that a part had when it was read to its end, or None."""
        row = self._database.query_one(
            "SELECT stamp FROM part WHERE source_id = ? AND name = ?", (source_id, part)
        )
        return row[0] if row is not None else None

    def mark_read(self, source_id: int, part: str, stamp: str) -> None:
        """Note that a part was read to its end."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO part VALUES (?, ?, ?)", (source_id, part, stamp)
            )

    def remove(self, source_id: int) -> None:
        """Take out a source with all it brought; tracks that others name as well stay."""
        with self._database.transaction() as connection:
            # What others had as well went too, so that they are to be read again.
            connection.execute("DELETE FROM part")
            connection.execute("UPDATE change SET count = count + 1 WHERE name = 'playlists'")
        for table in _BROUGHT:
            self._delete(table, source_id)

    def remove_tracks(self, source_id: int, used: set[int]) -> None:
        """Take out the tracks that nothing rests on any more, and the source itself.

        `used` has the tracks that stand in playlists.
        """
        rows = self._database.query(
            "SELECT id FROM track WHERE key IS NOT NULL "
            f"AND (source_id = ? OR source_id IS NULL) AND NOT ({_USED})",
            (source_id,),
        )
        gone = [id_ for (id_,) in rows if id_ not in used]
        for chunk in in_chunks(gone, _CHUNK):
            with self._database.transaction() as connection:
                children = [
                    child
                    for id_ in chunk
                    for (child,) in connection.execute(
                        "SELECT track_id FROM merge WHERE into_id = ? AND state = 'merged'", (id_,)
                    ).fetchall()
                ]
                connection.executemany("DELETE FROM track WHERE id = ?", [(i,) for i in chunk])
                Merger().meet_again(connection, set(children) - set(chunk))
        # Checking each against tables of millions would take hours, and the query has done it.
        with self._database.bulk(), self._database.transaction() as connection:
            connection.execute(
                "DELETE FROM album WHERE id NOT IN "
                "(SELECT album_id FROM track WHERE album_id IS NOT NULL)"
            )
            connection.execute(
                "DELETE FROM artist WHERE id NOT IN "
                "(SELECT artist_id FROM track WHERE artist_id IS NOT NULL UNION "
                "SELECT artist_id FROM track_artist UNION "
                "SELECT artist_id FROM album WHERE artist_id IS NOT NULL)"
            )
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE track SET source_id = NULL WHERE source_id = ?", (source_id,)
            )
            connection.execute("DELETE FROM source WHERE id = ?", (source_id,))

    def _delete(self, table: str, source_id: int) -> None:
        """Delete a source's rows, playlists a part at a time: they are long."""
        part = f" AND id IN (SELECT id FROM playlist WHERE source_id = ?1 LIMIT {_CHUNK})"
        statement = f"DELETE FROM {table} WHERE source_id = ?1"
        if table == "playlist":
            statement += part
        while True:
            with self._database.transaction() as connection:
                cursor = connection.execute(statement, (source_id,))
            if table != "playlist" or cursor.rowcount < _CHUNK:
                return
