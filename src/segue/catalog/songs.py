"""Songs: the groups of recordings that are one to a listener."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from segue.catalog.chunks import in_chunks
from segue.catalog.songkey import SongKey

_SECONDS: Final = 15.0  # by which pressings of one song differ at most ...
_SHARE: Final = 0.1  # ... or this part of its length
_CREDIT_SECONDS: Final = 2.0  # where the credits differ too


@dataclass
class _Song:
    id: int
    digest: int
    first_digest: int | None
    duration: float | None
    new: bool = False


class Songs:
    """The songs that a batch of tracks may belong to, and those made for it.

    Parameters
    ----------
    wanted
        The keys of the batch's tracks; nothing else can be placed.
    """

    def __init__(self, connection: sqlite3.Connection, wanted: Iterable[SongKey]) -> None:
        full: dict[int, None] = {}
        first: dict[int, None] = {}
        for key in wanted:
            if key.digest is not None:
                full[key.digest] = None
                if key.first_digest not in (None, key.digest):
                    first[key.first_digest] = None
        self._by_digest: dict[int, list[_Song]] = {}
        self._by_first: dict[int, list[_Song]] = {}
        self._changed: list[_Song] = []
        self._new: list[_Song | None] = []
        self._joined: set[int] = set()  # songs that were there before
        seen: set[int] = set()
        for column, digests in (("digest", {**full, **first}), ("first_digest", full)):
            for chunk in in_chunks(list(digests)):
                rows = connection.execute(
                    "SELECT id, digest, first_digest, duration FROM song "
                    f"WHERE {column} IN ({', '.join('?' * len(chunk))}) ORDER BY id",
                    chunk,
                ).fetchall()
                for row in rows:
                    if row[0] not in seen:
                        seen.add(row[0])
                        self._register(_Song(*row))
        (self._last,) = connection.execute("SELECT coalesce(max(id), 0) FROM song").fetchone()

    def place(self, key: SongKey, duration: float | None) -> tuple[int, bool]:
        """Return the id of a track's song, and whether it was there before.

        Tracks of one credit, title and version are one song unless their lengths differ too much;
        those of credits that share the first artist, only where their lengths agree.
        """
        song = None if key.digest is None else self._find(key, key.digest, duration)
        if song is None:
            self._last += 1
            if key.digest is None:  # matches no other
                self._new.append(None)
                return self._last, False
            other = key.first_digest if key.first_digest != key.digest else None
            song = _Song(self._last, key.digest, other, duration, new=True)
            self._new.append(song)
            self._register(song)
            return song.id, False
        if song.duration is None and duration is not None:
            song.duration = duration
            if not song.new:
                self._changed.append(song)
        if not song.new:
            self._joined.add(song.id)
        return song.id, True

    def write(self, connection: sqlite3.Connection) -> None:
        """Write the songs that were made, the lengths that became known, and what is stale."""
        first = self._last - len(self._new) + 1
        connection.executemany(
            "INSERT INTO song (id, digest, first_digest, duration) VALUES (?, ?, ?, ?)",
            [
                (id_, song.digest, song.first_digest, song.duration)
                if song is not None
                else (id_, None, None, None)
                for id_, song in enumerate(self._new, first)
            ],
        )
        connection.executemany(
            "UPDATE song SET duration = ? WHERE id = ?",
            [(song.duration, song.id) for song in self._changed],
        )
        connection.executemany(
            "UPDATE song SET stale = 1 WHERE id = ? AND NOT stale",
            [(id_,) for id_ in sorted(self._joined)],
        )

    def _register(self, song: _Song) -> None:
        self._by_digest.setdefault(song.digest, []).append(song)
        if song.first_digest is not None:
            self._by_first.setdefault(song.first_digest, []).append(song)

    def _find(self, key: SongKey, digest: int, duration: float | None) -> _Song | None:
        best: tuple[float, int] | None = None
        found: _Song | None = None
        for song in self._by_digest.get(digest, ()):
            apart = _apart(song.duration, duration)
            limit = max(_SECONDS, _SHARE * (duration or 0.0))
            if apart <= limit and (best is None or (apart, song.id) < best):
                best, found = (apart, song.id), song
        if found is not None or duration is None:
            return found
        others = list(self._by_first.get(digest, ()))
        if key.first_digest is not None and key.first_digest != digest:
            others += self._by_digest.get(key.first_digest, [])
        for song in others:
            if song.duration is None:
                continue
            apart = _apart(song.duration, duration)
            if apart <= _CREDIT_SECONDS and (best is None or (apart, song.id) < best):
                best, found = (apart, song.id), song
        return found


def _apart(one: float | None, other: float | None) -> float:
    """Return by how many seconds two lengths differ; 0 where one is not known."""
    return 0.0 if one is None or other is None else abs(one - other)
