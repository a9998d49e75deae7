"""Vectors of songs, by embedder: one for the whole track, one for each window."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from segue.catalog.chunks import in_chunks
from segue.catalog.database import Database
from segue.catalog.records import VectorRecord

_TRACK: Final = -1  # the window number of a track's own vector
_STORED: Final = np.dtype("<f2")


@dataclass(frozen=True)
class EmbedderState:
    """An embedder that the catalogue holds vectors of."""

    id: int
    name: str
    version: str
    dimensions: int
    tracks: int


class Vectors:
    """Reads and writes the `vector` and `embedder` tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def embedders(self) -> list[EmbedderState]:
        """Return the embedders with their numbers of tracks, the one that came first first."""
        rows = self._database.query(
            "SELECT embedder.id, name, version, dimensions, "
            "(SELECT count(*) FROM vector WHERE embedder_id = embedder.id AND window = -1) AS n "
            "FROM embedder ORDER BY embedder.id"
        )
        return [EmbedderState(*row) for row in rows]

    def changes(self) -> tuple[int, int]:
        """Return the library's mark and a number that grows whenever a track's vector changes.

        Together they name a state: no other library, and no other time, has both.
        """
        rows = dict(self._database.query("SELECT name, count FROM change"))
        return rows["mark"], rows["vectors"]

    def matrix(self, embedder: EmbedderState) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return ids [shape=(n,)], rising, and unit vectors [shape=(n, d)] of all tracks."""
        rows = self._database.query(
            "SELECT track_id, data FROM vector WHERE embedder_id = ? AND window = ? "
            "ORDER BY track_id",
            (embedder.id, _TRACK),
        )
        ids = np.array([row[0] for row in rows], dtype=np.int64)
        data = np.frombuffer(b"".join(row[1] for row in rows), _STORED)
        return ids, _unit(data.reshape(len(rows), embedder.dimensions).astype(np.float32))

    def get(
        self, embedder: EmbedderState, track_ids: Sequence[int]
    ) -> dict[int, NDArray[np.float32]]:
        """Return the unit vectors [shape=(d,)] of tracks, by id; unknown ones are left out."""
        found: dict[int, NDArray[np.float32]] = {}
        for chunk in in_chunks(track_ids):
            marks = ", ".join("?" * len(chunk))
            rows = self._database.query(
                "SELECT track_id, data FROM vector WHERE embedder_id = ? AND window = ? "
                f"AND track_id IN ({marks})",
                (embedder.id, _TRACK, *chunk),
            )
            found.update(
                (id_, _unit(np.frombuffer(data, _STORED).astype(np.float32))) for id_, data in rows
            )
        return found

    def tracks_of(self, embedder: EmbedderState) -> list[int]:
        """Return the ids of all tracks that an embedder has heard."""
        rows = self._database.query(
            "SELECT track_id FROM vector WHERE embedder_id = ? AND window = ?",
            (embedder.id, _TRACK),
        )
        return [id_ for (id_,) in rows]

    def windows(self, embedder: EmbedderState, track_id: int) -> NDArray[np.float32]:
        """Return the vectors of a track's windows [shape=(n, d)]; n is 0 where there are none."""
        rows = self._database.query(
            "SELECT data FROM vector WHERE embedder_id = ? AND track_id = ? AND window >= 0 "
            "ORDER BY window",
            (embedder.id, track_id),
        )
        data = np.frombuffer(b"".join(row[0] for row in rows), _STORED).astype(np.float32)
        return _unit(data.reshape(len(rows), embedder.dimensions))

    def write(self, connection: sqlite3.Connection, track_id: int, record: VectorRecord) -> None:
        """Replace a track's vectors by this embedder, within a transaction."""
        embedder_id = self._embedder_id(connection, record)
        connection.execute(
            "DELETE FROM vector WHERE embedder_id = ? AND track_id = ?", (embedder_id, track_id)
        )
        stored = [(_TRACK, record.track), *enumerate(record.windows)]
        connection.executemany(
            "INSERT INTO vector VALUES (?, ?, ?, ?)",
            [
                (embedder_id, window, track_id, vector.astype(_STORED).tobytes())
                for window, vector in stored
            ],
        )

    def count_change(self, connection: sqlite3.Connection, *, at_least: int = 0) -> None:
        """Note, within a transaction, that vectors changed; the count passes `at_least`."""
        connection.execute(
            "UPDATE change SET count = max(count, ?) + 1 WHERE name = 'vectors'", (at_least,)
        )

    def delete(
        self, connection: sqlite3.Connection, embedder: EmbedderState, track_ids: Sequence[int]
    ) -> None:
        """Delete an embedder's vectors of some tracks, within a transaction."""
        marks = ", ".join("?" * len(track_ids))
        connection.execute(
            f"DELETE FROM vector WHERE embedder_id = ? AND track_id IN ({marks})",
            (embedder.id, *track_ids),
        )

    def delete_embedder(self, connection: sqlite3.Connection, embedder: EmbedderState) -> None:
        """Delete an embedder that has no vectors any more, within a transaction."""
        connection.execute("DELETE FROM vector WHERE embedder_id = ?", (embedder.id,))
        connection.execute("DELETE FROM embedder WHERE id = ?", (embedder.id,))

    def _embedder_id(self, connection: sqlite3.Connection, record: VectorRecord) -> int:
        key = (record.embedder, record.version)
        query = "SELECT id FROM embedder WHERE name = ? AND version = ?"
        row = connection.execute(query, key).fetchone()
        if row is None:
            connection.execute(
                "INSERT INTO embedder (name, version, dimensions) VALUES (?, ?, ?)",
                (*key, len(record.track)),
            )
            row = connection.execute(query, key).fetchone()
        return int(row[0])


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Undo the rounding to half precision; a zero vector stays zero."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: NDArray[np.float32] = (vectors / np.maximum(norms, 1e-12)).astype(np.float32)
    return unit
