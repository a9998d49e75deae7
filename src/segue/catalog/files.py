"""The files of a library: where they lie, whether they changed, what was wrong with them."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable, Sequence

from segue.catalog.database import Database
from segue.catalog.records import FileRecord, FileStamp, KnownFile, Problem

_COLUMNS = "id, path, size, mtime_ns, state, track_id, fingerprint, problem_kind"


class Files:
    """Reads and writes the `file` and `root` tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def under(self, folder: bytes) -> dict[bytes, KnownFile]:
        """Return every known file at or below `folder`, by path."""
        low, high = _below(folder)
        rows = self._database.query(
            f"SELECT {_COLUMNS} FROM file WHERE path = ? OR (path >= ? AND path < ?)",
            (folder, low, high),
        )
        return {known.stamp.path: known for known in map(_known, rows)}

    def get(self, path: bytes) -> KnownFile | None:
        """Return what is known of `path`, or None."""
        return self._one("path = ?", path)

    def path_of(self, id_: int) -> bytes:
        """Return where a known file lies."""
        (path,) = self._database.query_one("SELECT path FROM file WHERE id = ?", (id_,))
        return bytes(path)

    def with_fingerprint(self, fingerprint: bytes) -> list[KnownFile]:
        """Return the known files with this content, the oldest first."""
        rows = self._database.query(
            f"SELECT {_COLUMNS} FROM file WHERE fingerprint = ? ORDER BY id",
            (fingerprint,),
        )
        return [_known(row) for row in rows]

    def count_of(self, track_id: int) -> int:
        """Return how many files a track has, present or not."""
        (count,) = self._database.query_one(
            "SELECT count(*) FROM file WHERE track_id = ?", (track_id,)
        )
        return int(count)

    def sizes(self) -> set[int]:
        """Return the sizes of all files that could be used."""
        rows = self._database.query("SELECT DISTINCT size FROM file WHERE fingerprint IS NOT NULL")
        return {size for (size,) in rows}

    def lacking(self, embedder: str, version: str) -> list[KnownFile]:
        """Return a present file of every track that this embedder has no vector of."""
        rows = self._database.query(
            f"""
            SELECT {_COLUMNS} FROM file WHERE id IN (
                SELECT min(id) FROM file WHERE state = 'ok' AND track_id NOT IN (
                    SELECT track_id FROM vector JOIN embedder ON embedder.id = embedder_id
                    WHERE window = -1 AND name = ? AND version = ?
                ) GROUP BY track_id
            ) ORDER BY path
            """,
            (embedder, version),
        )
        return [_known(row) for row in rows]

    def roots(self) -> list[bytes]:
        """Return the folders that were added, in the order of their paths."""
        rows = self._database.query("SELECT path FROM root ORDER BY path")
        return [path for (path,) in rows]

    def delete_roots(self, folder: bytes) -> None:
        """No longer bring up to date the roots at or below `folder`."""
        low, high = _below(folder)
        with self._database.transaction() as connection:
            connection.execute(
                "DELETE FROM root WHERE path = ? OR (path >= ? AND path < ?)", (folder, low, high)
            )

    def first_of(self, track_id: int) -> int | None:
        """Return the id of a track's oldest file: the one that its title and tags come from."""
        (first,) = self._database.query_one(
            "SELECT min(id) FROM file WHERE track_id = ?", (track_id,)
        )
        return None if first is None else int(first)

    def of_track(self, track_id: int) -> list[KnownFile]:
        """Return a track's files, present or not."""
        rows = self._database.query(
            f"SELECT {_COLUMNS} FROM file WHERE track_id = ? ORDER BY id", (track_id,)
        )
        return [_known(row) for row in rows]

    def add_root(self, path: bytes) -> None:
        """Remember a folder (or a single file) that was added."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO root (path, added_at) VALUES (?, ?)", (path, time.time())
            )

    def problems(self) -> list[Problem]:
        """Return what is wrong with the files, by path: those that failed and those in part."""
        rows = self._database.query(
            "SELECT path, problem_kind, problem, state FROM file "
            "WHERE problem_kind IS NOT NULL AND state <> 'missing' ORDER BY path"
        )
        return [Problem(*row) for row in rows]

    def write(self, connection: sqlite3.Connection, file: FileRecord, track_id: int) -> None:
        """Record a file that could be used, as one of `track_id`, within a transaction."""
        kind, message = file.problem or (None, None)
        connection.execute(
            """
            INSERT INTO file (path, track_id, state, size, mtime_ns, fingerprint, codec,
                sample_rate, channels, has_cover, track_gain, album_gain, problem_kind, problem,
                checked_at)
            VALUES (?, ?, 'ok', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (path) DO UPDATE SET
                track_id = excluded.track_id, state = 'ok', size = excluded.size,
                mtime_ns = excluded.mtime_ns, fingerprint = excluded.fingerprint,
                codec = excluded.codec, sample_rate = excluded.sample_rate,
                channels = excluded.channels, has_cover = excluded.has_cover,
                track_gain = excluded.track_gain, album_gain = excluded.album_gain,
                problem_kind = excluded.problem_kind, problem = excluded.problem,
                checked_at = excluded.checked_at
            """,
            (
                file.stamp.path,
                track_id,
                file.stamp.size,
                file.stamp.mtime_ns,
                file.fingerprint,
                file.codec,
                file.sample_rate,
                file.channels,
                file.has_cover,
                file.track_gain,
                file.album_gain,
                kind,
                message,
                time.time(),
            ),
        )

    def write_failure(
        self, connection: sqlite3.Connection, stamp: FileStamp, kind: str, message: str
    ) -> None:
        """Record a file that could not be used, within a transaction.

        A file that was usable before keeps its track: what was learned of it stays true of the
        music, and a rerun after the file is mended finds it again.
        """
        connection.execute(
            """
            INSERT INTO file (path, state, size, mtime_ns, problem_kind, problem, checked_at)
            VALUES (?, 'failed', ?, ?, ?, ?, ?)
            ON CONFLICT (path) DO UPDATE SET
                state = 'failed', size = excluded.size, mtime_ns = excluded.mtime_ns,
                fingerprint = NULL, problem_kind = excluded.problem_kind,
                problem = excluded.problem, checked_at = excluded.checked_at
            """,
            (stamp.path, stamp.size, stamp.mtime_ns, kind, message, time.time()),
        )

    def relocate(
        self, connection: sqlite3.Connection, moves: Sequence[tuple[KnownFile, FileStamp]]
    ) -> None:
        """Record that known files now lie at other paths, or only have other times."""
        self._repath(connection, "file", [(known.id, stamp.path) for known, stamp in moves])
        connection.executemany(
            "UPDATE file SET size = ?, mtime_ns = ?, state = 'ok', checked_at = ? WHERE id = ?",
            [(stamp.size, stamp.mtime_ns, time.time(), known.id) for known, stamp in moves],
        )

    def mark(self, connection: sqlite3.Connection, ids: Iterable[int], state: str) -> None:
        """Set the state of files: ``missing``, or ``ok`` when they are back."""
        connection.executemany("UPDATE file SET state = ? WHERE id = ?", [(state, i) for i in ids])

    def forget(self, connection: sqlite3.Connection, ids: Sequence[int]) -> None:
        """Take files out; a track stays while it has another file."""
        connection.executemany("DELETE FROM file WHERE id = ?", [(i,) for i in ids])

    def move(self, connection: sqlite3.Connection, old: bytes, new: bytes) -> int:
        """Rewrite every path at or below `old` to lie below `new`; return how many files moved."""
        low, high = _below(old)
        moved = {}
        for table in ("file", "root"):
            rows = connection.execute(
                f"SELECT id, path FROM {table} WHERE path = ? OR (path >= ? AND path < ?)",
                (old, low, high),
            ).fetchall()
            self._repath(connection, table, [(id_, new + p[len(old) :]) for id_, p in rows])
            moved[table] = len(rows)
        return moved["file"]

    def _repath(
        self, connection: sqlite3.Connection, table: str, moves: Sequence[tuple[int, bytes]]
    ) -> None:
        """Give rows new paths, in place of rows that have them and do not move themselves.

        First all are taken out of the way: a row's new path may be another's old one.
        """
        connection.executemany(
            f"UPDATE {table} SET path = ? WHERE id = ?",
            [(b"\0%d" % id_, id_) for id_, _ in moves],
        )
        connection.executemany(f"DELETE FROM {table} WHERE path = ?", [(p,) for _, p in moves])
        connection.executemany(
            f"UPDATE {table} SET path = ? WHERE id = ?", [(path, id_) for id_, path in moves]
        )

    def _one(self, condition: str, value: object) -> KnownFile | None:
        row = self._database.query_one(
            f"SELECT {_COLUMNS} FROM file WHERE {condition}",
            (value,),
        )
        return _known(row) if row else None


def _known(
    row: tuple[int, bytes, int, int, str, int | None, bytes | None, str | None],
) -> KnownFile:
    id_, path, size, mtime_ns, state, track_id, fingerprint, kind = row
    return KnownFile(id_, FileStamp(path, size, mtime_ns), state, track_id, fingerprint, kind)


def _below(folder: bytes) -> tuple[bytes, bytes]:
    """Return the range of paths below a folder: from ``folder/`` to just after it."""
    separator = os.fsencode(os.sep)
    stem = folder.rstrip(separator)
    return stem + separator, stem + bytes([separator[0] + 1])
