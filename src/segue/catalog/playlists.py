"""Playlists with their entries in order."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from segue.catalog.chunks import in_chunks
from segue.catalog.database import Database
from segue.catalog.incoming import PlaylistRecord
from segue.catalog.search_index import popularity_bucket

ID: Final = np.dtype("<u4")  # of an entry: a library holds fewer than four thousand million tracks
_FIELDS: Final = (
    "name, description, tags, owner, followers, plays, comments, modified_at, items, added_at"
)
_CHUNK: Final = 20_000  # rows of one transaction
_FEW: Final = 20_000  # entries up to which a change is counted by itself


@dataclass(frozen=True)
class Playlist:
    """A playlist as the catalogue has it; see `PlaylistRecord` for the fields.

    Attributes
    ----------
    tracks
        Track ids in order [shape=(size,)].
    source_id
        What it came with.
    """

    id: int
    key: str
    name: str
    description: str
    tags: tuple[str, ...]
    owner: str
    followers: int | None
    plays: int | None
    comments: int | None
    modified_at: int | None
    source_id: int
    tracks: NDArray[np.int64]


@dataclass
class WrittenPlaylists:
    """How many of the playlists of a batch were new, changed or known as they are."""

    new: int = 0
    changed: int = 0
    known: int = 0
    entries: int = 0


class Playlists:
    """Reads and writes the `playlist` table, and counts how often a track stands in one."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._changes = _Changes()

    def get(self, ids: Sequence[int]) -> dict[int, Playlist]:
        """Return playlists by id; unknown ids are left out."""
        found: dict[int, Playlist] = {}
        for chunk in in_chunks([int(i) for i in ids]):
            rows = self._database.query(
                "SELECT id, key, name, description, tags, owner, followers, plays, comments, "
                "modified_at, source_id, items FROM playlist "
                f"WHERE id IN ({', '.join('?' * len(chunk))})",
                chunk,
            )
            for row in rows:
                values = list(row)
                values[4] = tuple(json.loads(row[4]))
                values[11] = np.frombuffer(row[11], ID).astype(np.int64)
                found[row[0]] = Playlist(*values)
        return found

    def ids(self, name: str = "") -> list[int]:
        """Return the ids of all playlists, or of those called exactly `name`."""
        condition, values = ("WHERE name = ?", (name,)) if name else ("", ())
        rows = self._database.query(f"SELECT id FROM playlist {condition} ORDER BY id", values)
        return [id_ for (id_,) in rows]

    def named(self, name: str) -> list[int]:
        """Return the ids of the playlists of a name, in any case, the largest first.

        Where the name stands exactly, those alone.
        """
        rows = self._database.query(
            "SELECT id, name FROM playlist WHERE name = ? COLLATE NOCASE ORDER BY size DESC, id",
            (name,),
        )
        exact = [id_ for id_, other in rows if other == name]
        return exact or [id_ for id_, _ in rows]

    def together(self, ones: Sequence[int], others: Sequence[int]) -> int:
        """Return how many playlists have one of `ones` and one of `others`."""
        # SQLite looks for the bytes of an id; where it stands between two entries is sifted out.
        has = [" OR ".join("instr(items, ?)" for _ in ids) or "0" for ids in (ones, others)]
        rows = self._database.stream(
            f"SELECT items FROM playlist WHERE ({has[0]}) AND ({has[1]})",
            [int(id_).to_bytes(ID.itemsize, "little") for id_ in (*ones, *others)],
        )
        return sum(
            bool(np.isin(entries, ones).any() and np.isin(entries, others).any())
            for entries in (np.frombuffer(items, ID) for (items,) in rows)
        )

    def counts(self) -> tuple[int, int]:
        """Return how many playlists there are, and entries in them."""
        return tuple(
            self._database.query_one("SELECT count(*), coalesce(sum(size), 0) FROM playlist")
        )

    def entries(self) -> Iterator[tuple[int, NDArray[np.uint32]]]:
        """Iterate over (playlist id, track ids in order), by id, as one state of the library."""
        rows = self._database.stream("SELECT id, items FROM playlist ORDER BY id")
        for id_, items in rows:
            yield id_, np.frombuffer(items, ID)

    def write(
        self,
        connection: sqlite3.Connection,
        source_id: int,
        records: Sequence[PlaylistRecord],
        tracks: Sequence[NDArray[np.int64]],
    ) -> WrittenPlaylists:
        """Write playlists, within a transaction; one that is known takes over what changed.

        It is then marked with the source that it was last taken from.

        Parameters
        ----------
        tracks
            The track of each entry, parallel to `records`; 0 where there is none.
        """
        written = WrittenPlaylists()
        rows = {
            record.key: _values(record, ids) for record, ids in zip(records, tracks, strict=True)
        }
        known: dict[str, tuple[object, ...]] = {}
        for chunk in in_chunks(list(rows)):
            found = connection.execute(
                f"SELECT key, {_FIELDS} FROM playlist WHERE key IN ({', '.join('?' * len(chunk))})",
                chunk,
            )
            known.update((row[0], row[1:]) for row in found)
        now = time.time()
        fresh, changed = [], []
        came: list[bytes] = []
        went: list[bytes] = []
        for key, values in rows.items():
            size = len(values[8]) // ID.itemsize  # type: ignore[arg-type]
            if key not in known:
                fresh.append((*values, size, now, key, source_id))
                written.entries += size
                came.append(values[8])  # type: ignore[arg-type]
            elif known[key] != values:
                changed.append((*values, size, now, source_id, key))
                came.append(values[8])  # type: ignore[arg-type]
                went.append(known[key][8])  # type: ignore[arg-type]
            else:
                written.known += 1
        written.known += len(records) - len(rows)  # the same one twice in a batch
        connection.executemany(
            f"INSERT INTO playlist ({_FIELDS}, size, seen_at, key, source_id) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            fresh,
        )
        connection.executemany(
            f"UPDATE playlist SET ({_FIELDS}, size, seen_at, source_id) = "
            "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE key = ?",
            changed,
        )
        written.new, written.changed = len(fresh), len(changed)
        if b"".join(came) != b"".join(went):
            connection.execute("UPDATE change SET count = count + 1 WHERE name = 'playlists'")
            (count,) = connection.execute(
                "SELECT count FROM change WHERE name = 'playlists'"
            ).fetchone()
            self._changes.note(count, b"".join(came), b"".join(went))
        return written

    def recount(self) -> None:
        """Bring up to date how often each track, and each song, stands in playlists.

        Nothing is done where no entry changed since. An interrupted count is done again.
        """
        (changes,) = self._database.query_one("SELECT count FROM change WHERE name = 'playlists'")
        (counted,) = self._database.query_one("SELECT count FROM change WHERE name = 'counted'")
        if changes == counted:
            return
        few = self._changes.take(counted, changes)
        if few is not None:
            self._count_changed(*few, changes)
            return
        (last,) = self._database.query_one("SELECT coalesce(max(id), 0) FROM track")
        counts = np.zeros(last + 1, dtype=np.int64)
        for batch in _batched(items for _, items in self.entries()):
            np.add(counts, np.bincount(batch, minlength=last + 1)[: last + 1], out=counts)
        rows = self._table("SELECT id, coalesce(song_id, 0), playlists FROM track", 3)
        wrong = rows[counts[rows[:, 0]] != rows[:, 2]][:, 0]
        self._update("UPDATE track SET playlists = ? WHERE id = ?", counts[wrong], wrong)
        sums = np.bincount(rows[:, 1], weights=counts[rows[:, 0]]).astype(np.int64)
        songs = self._table("SELECT id, playlists FROM song", 2)
        new = np.zeros(len(songs), dtype=np.int64)
        inside = songs[:, 0] < len(sums)
        new[inside] = sums[songs[inside, 0]]
        moved = popularity_bucket(new) != popularity_bucket(songs[:, 1])
        for statement, chosen in (
            ("UPDATE song SET playlists = ?, stale = 1 WHERE id = ?", moved),
            ("UPDATE song SET playlists = ? WHERE id = ?", (new != songs[:, 1]) & ~moved),
        ):
            self._update(statement, new[chosen], songs[chosen, 0])
        with self._database.transaction() as connection:
            connection.execute("UPDATE change SET count = ? WHERE name = 'counted'", (changes,))

    def _count_changed(
        self, tracks: NDArray[np.int64], more: NDArray[np.int64], changes: int
    ) -> None:
        """Add to the counts of some tracks and of their songs, in one transaction."""
        with self._database.transaction() as connection:
            connection.executemany(
                "UPDATE track SET playlists = playlists + ? WHERE id = ?",
                zip(more.tolist(), tracks.tolist(), strict=True),
            )
            sums: dict[int, tuple[int, int]] = {}
            for chunk in in_chunks(tracks.tolist()):
                rows = connection.execute(
                    "SELECT id, (SELECT sum(playlists) FROM track WHERE song_id = song.id), "
                    "playlists FROM song WHERE id IN (SELECT song_id FROM track "
                    f"WHERE id IN ({', '.join('?' * len(chunk))}))",
                    chunk,
                )
                sums.update({id_: (new, old) for id_, new, old in rows})
            new, old = np.array(list(sums.values()), dtype=np.int64).reshape(-1, 2).T
            moved = popularity_bucket(new) != popularity_bucket(old)
            connection.executemany(
                "UPDATE song SET playlists = ?, stale = max(stale, ?) WHERE id = ?",
                zip(new.tolist(), moved.tolist(), sums, strict=True),
            )
            connection.execute("UPDATE change SET count = ? WHERE name = 'counted'", (changes,))

    def _table(self, statement: str, columns: int) -> NDArray[np.int64]:
        """Return the rows of a query of integers, without a Python object for each."""
        row = np.dtype([(f"f{i}", np.int64) for i in range(columns)])
        rows = np.fromiter(self._database.stream(statement), dtype=row)
        return rows.view(np.int64).reshape(-1, columns)

    def _update(self, statement: str, values: NDArray[np.int64], ids: NDArray[np.int64]) -> None:
        for first in range(0, len(ids), _CHUNK):
            part = slice(first, first + _CHUNK)
            with self._database.transaction() as connection:
                connection.executemany(
                    statement, zip(values[part].tolist(), ids[part].tolist(), strict=True)
                )


class _Changes:
    """The entries that came and went since the last count, while they are few.

    Where another process wrote meanwhile, or a transaction was taken back, the numbers of the
    changes do not follow on each other, and all is to be counted.
    """

    def __init__(self) -> None:
        self._first = self._last = 0
        self._came: list[bytes] = []
        self._went: list[bytes] = []

    def note(self, count: int, came: bytes, went: bytes) -> None:
        """Note what came and went with the change of this number."""
        if not self._came or count != self._last + 1:
            self._first, self._came, self._went = count, [], []
        self._last = count
        self._came.append(came)
        self._went.append(went)
        if sum(map(len, self._came)) > _FEW * ID.itemsize:
            self._last = 0  # no other follows on this

    def take(
        self, counted: int, changes: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
        """Return the tracks that are in more or fewer entries, and in how many; then forget.

        None unless these are all the changes from `counted` to `changes`.
        """
        whole = (self._first, self._last) == (counted + 1, changes)
        came, went = (np.frombuffer(b"".join(x), ID) for x in (self._came, self._went))
        self._came, self._went = [], []
        if not whole:
            return None
        tracks, places = np.unique(np.concatenate([came, went]), return_inverse=True)
        more = np.bincount(places[: len(came)], minlength=len(tracks))
        more -= np.bincount(places[len(came) :], minlength=len(tracks))
        return tracks[more != 0].astype(np.int64), more[more != 0]


def _values(record: PlaylistRecord, tracks: NDArray[np.int64]) -> tuple[object, ...]:
    """Return the values of `_FIELDS`; entries without a track are left out."""
    kept = tracks > 0
    added = record.added_at
    times = None
    if added is not None and any(added):
        stamps = np.clip(np.asarray(added, dtype=np.int64), 0, np.iinfo(ID).max)
        times = stamps[kept].astype(ID).tobytes()
    return (
        record.name,
        record.description,
        json.dumps(record.tags, ensure_ascii=False) if record.tags else "[]",
        record.owner,
        record.followers,
        record.plays,
        record.comments,
        record.modified_at,
        tracks[kept].astype(ID).tobytes(),
        times,
    )


def _batched(
    arrays: Iterator[NDArray[np.uint32]], entries: int = 4_000_000
) -> Iterator[NDArray[np.uint32]]:
    """Join small arrays to larger ones."""
    batch: list[NDArray[np.uint32]] = []
    size = 0
    for array in arrays:
        batch.append(array)
        size += len(array)
        if size >= entries:
            yield np.concatenate(batch)
            batch, size = [], 0
    if batch:
        yield np.concatenate(batch)
