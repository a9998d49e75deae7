"""By what songs are told from a few noisy seconds: the peaks of each, kept whole.

What they are is the affair of `segue.audio.landmarks`; here they are ascending numbers.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from segue.catalog.chunks import in_chunks
from segue.catalog.database import Database
from segue.catalog.records import FileStamp

_STORED: Final = np.dtype("<u4")
_READ_AT_ONCE: Final = 100  # songs


class Landmarks:
    """Reads and writes the `landmark` table.

    Parameters
    ----------
    version
        Of the method; what another version wrote is not seen, and is replaced.
    """

    def __init__(self, database: Database, version: int) -> None:
        self._database = database
        self._version = version

    def lacking(self) -> list[tuple[int, FileStamp]]:
        """Return the tracks that are to be listened to, each with a present file, by path.

        Those that could not be heard are not among them until their file changes.
        """
        rows = self._database.query(
            "SELECT track_id, path, size, mtime_ns FROM file WHERE id IN ("
            "SELECT min(id) FROM file WHERE state = 'ok' AND track_id NOT IN "
            "(SELECT track_id FROM landmark WHERE version = ?) GROUP BY track_id) ORDER BY path",
            (self._version,),
        )
        return [(track_id, FileStamp(*stamp)) for track_id, *stamp in rows]

    def stamps(self) -> dict[int, int]:
        """Return, for every track that was heard, a number that tells its content from others."""
        return dict(
            self._database.query(
                "SELECT track_id, stamp FROM landmark WHERE version = ? ORDER BY track_id",
                (self._version,),
            )
        )

    def peaks(self, track_ids: Sequence[int]) -> Iterator[tuple[int, NDArray[np.uint32]]]:
        """Iterate over tracks with their peaks in the order given; without any, they are empty.

        That stands for songs that could not be heard, are gone, or whose content is damaged.
        """
        for chunk in in_chunks(track_ids, _READ_AT_ONCE):
            marks = ", ".join("?" * len(chunk))
            found = dict(
                self._database.query(
                    "SELECT track_id, content FROM landmark WHERE version = ? "
                    f"AND track_id IN ({marks})",
                    (self._version, *chunk),
                )
            )
            yield from ((id_, _peaks(found.get(id_))) for id_ in chunk)

    def problems(self) -> dict[int, str]:
        """Return why tracks could not be heard."""
        return dict(
            self._database.query(
                "SELECT track_id, problem FROM landmark WHERE problem IS NOT NULL "
                "AND version = ? ORDER BY track_id",
                (self._version,),
            )
        )

    def write(
        self,
        connection: sqlite3.Connection,
        track_id: int,
        heard: FileStamp,
        found: NDArray[np.uint32] | str,
    ) -> bool:
        """Write a track's peaks, or why there are none, within a transaction; return whether.

        Nothing is written where the file that was heard is no longer the track's, or has changed.
        """
        known = connection.execute(
            "SELECT 1 FROM file WHERE path = ? AND track_id = ? AND size = ? AND mtime_ns = ?",
            (heard.path, track_id, heard.size, heard.mtime_ns),
        ).fetchone()
        if known is None:
            return False
        problem = found if isinstance(found, str) else None
        content = None if isinstance(found, str) else found.astype(_STORED).tobytes()
        connection.execute(
            "INSERT OR REPLACE INTO landmark (track_id, version, stamp, problem, content) "
            "VALUES (?, ?, ?, ?, ?)",
            (track_id, self._version, secrets.randbits(63), problem, content),
        )
        return True


def _peaks(content: object) -> NDArray[np.uint32]:
    if not isinstance(content, bytes) or len(content) % _STORED.itemsize:
        return np.zeros(0, np.uint32)
    peaks = np.frombuffer(content, _STORED).astype(np.uint32)
    ascending = bool((peaks[1:] > peaks[:-1]).all())
    return peaks if ascending else np.zeros(0, np.uint32)
