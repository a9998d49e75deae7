"""Vectors of songs, by embedder: one for the whole track, one for each window."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

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
        """Return the embedders with their numbers of tracks, the most tracks first."""
        rows = self._database.query(
            "SELECT embedder.id, name, version, dimensions, "
            "(SELECT count(*) FROM vector WHERE embedder_id = embedder.id AND window = -1) AS n "
            "FROM embedder ORDER BY n DESC, embedder.id DESC"
        )
        return [EmbedderState(*row) for row in rows]

    def changes(self) -> int:
        """Return a number that grows whenever a track's vector comes, goes or changes."""
        row = self._database.query_one("SELECT count FROM change WHERE name = 'vectors'")
        return int(row[0])

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

    def get(self, embedder: EmbedderState, track_id: int) -> NDArray[np.float32] | None:
        """Return a track's unit vector [shape=(d,)], or None."""
        row = self._database.query_one(
            "SELECT data FROM vector WHERE embedder_id = ? AND window = ? AND track_id = ?",
            (embedder.id, _TRACK, track_id),
        )
        return None if row is None else _unit(np.frombuffer(row[0], _STORED).astype(np.float32))

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

    def delete(self, connection: sqlite3.Connection, embedder: EmbedderState) -> None:
        """Delete an embedder with all its vectors, within a transaction."""
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
