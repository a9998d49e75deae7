"""Merging tracks of different sources that are one recording, and undoing it.

A merge only points a track at another (`merged_into`), which reads then use in its place; what
each source said stays where it was. Every merge is on record with its reason.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from segue.catalog.database import Database
from segue.catalog.songkey import DOUBTFUL, SURE, Match, same_song, song_key

STATES: Final = ("merged", "doubtful", "undone")
_FILE: Final = "file"
_SHARED: Final = frozenset({"name", "path"})  # of these a recording may have several
_RANK: Final = {_FILE: 3, "path": 1, "name": 0}  # what the others are merged into; services: 2
_BY_ID: Final = "the same outside id"
_ACCEPTED: Final = "accepted"


@dataclass(frozen=True)
class Merge:
    """A merge, or one that is doubtful and was not made, or one that was undone.

    Attributes
    ----------
    track_id, into_id
        The track, and the one it is read as.
    reason
        Why they are taken for one recording.
    certainty
        0..1.
    state
        ``merged``, ``doubtful`` or ``undone``.
    """

    track_id: int
    into_id: int
    reason: str
    certainty: float
    state: str


@dataclass
class _Member:
    """A track of a song, as far as merging concerns it."""

    id: int
    service: str
    title: str
    artist: str
    duration: float | None
    playlists: int
    root: int


class Merger:
    """Merges new tracks within the caller's transaction; counts what it did."""

    def __init__(self) -> None:
        self.merged = 0
        self.doubtful = 0

    def several_services(self, connection: sqlite3.Connection) -> bool:
        """Return whether the catalogue has tracks of more than one service, or of files too."""
        # Each by itself: SQLite takes the ends of an index at once, but not both of them.
        (low,) = connection.execute("SELECT min(key) FROM track").fetchone()
        (high,) = connection.execute("SELECT max(key) FROM track").fetchone()
        if low is not None and _service(low) != _service(high):
            return True
        query = "SELECT EXISTS (SELECT 1 FROM track WHERE key IS NULL)"
        return bool(connection.execute(query).fetchone()[0])

    def merge_new(
        self, connection: sqlite3.Connection, id_: int, twin: int | None, last: int | None = None
    ) -> None:
        """Merge a track with those of its song that are the same recording by another source.

        `twin` is a track with the same ISRC, MusicBrainz id or path, or None; tracks after `last`
        are left alone.
        """
        members = [m for m in _members(connection, id_) if last is None or m.id <= last]
        by_id = {member.id: member for member in members}
        new = by_id[id_]
        settled = dict(
            connection.execute(
                "SELECT into_id, state FROM merge WHERE track_id = ?1 UNION ALL "
                "SELECT track_id, state FROM merge WHERE into_id = ?1",
                (id_,),
            ).fetchall()
        )
        parted = _undone(connection, by_id)
        twin_root = by_id[twin].root if twin in by_id else None
        for other in sorted(members, key=lambda m: _preference(m, new, twin_root)):
            if other.root != other.id or other.id == new.root or other.id in settled:
                continue
            if not _may_join(members, new, other, parted):
                continue
            certainty, reason = (1.0, _BY_ID) if other.id == twin_root else _match(new, other)
            if certainty < DOUBTFUL:
                continue
            if (-_rank(new), new.id) < (-_rank(other), other.id):
                child, parent = other, new
            else:
                child, parent = new, other
            state = "merged" if certainty >= SURE else "doubtful"
            _write(connection, child.id, parent.id, reason, certainty, state)
            if state == "doubtful":
                self.doubtful += 1
                continue
            self.merged += 1
            _point(connection, child.id, parent.id)
            for member in members:
                if member.root == child.root:
                    member.root = parent.id
            if child is new:
                return

    def check(self, connection: sqlite3.Connection, id_: int) -> None:
        """Look again at the merges by name of a track whose length became known."""
        members = {member.id: member for member in _members(connection, id_)}
        rows = connection.execute(
            "SELECT track_id, into_id FROM merge WHERE ? IN (track_id, into_id) "
            "AND state = 'merged' AND reason NOT IN (?, ?)",
            (id_, _BY_ID, _ACCEPTED),
        ).fetchall()
        for child, parent in rows:
            if child not in members or parent not in members:
                continue
            certainty, reason = _match(members[child], members[parent])
            state = "merged" if certainty >= SURE else "doubtful"
            connection.execute(
                "UPDATE merge SET certainty = ?, reason = ?, state = ? "
                "WHERE track_id = ? AND into_id = ?",
                (certainty, reason, state, child, parent),
            )
            if certainty < DOUBTFUL:
                connection.execute(
                    "DELETE FROM merge WHERE track_id = ? AND into_id = ?", (child, parent)
                )
            if state != "merged":
                self.merged -= 1
                self.doubtful += certainty >= DOUBTFUL
                reroot(connection, [child])

    def release(self, connection: sqlite3.Connection, id_: int) -> None:
        """Undo the merges by name with a track whose names are others now."""
        kept = (_BY_ID, _ACCEPTED)
        children = connection.execute(
            "SELECT track_id FROM merge WHERE ? IN (track_id, into_id) AND state = 'merged' "
            "AND reason NOT IN (?, ?)",
            (id_, *kept),
        ).fetchall()
        connection.execute(
            "DELETE FROM merge WHERE ? IN (track_id, into_id) AND state <> 'undone' "
            "AND reason NOT IN (?, ?)",
            (id_, *kept),
        )
        reroot(connection, [child for (child,) in children])

    def meet_again(self, connection: sqlite3.Connection, ids: Iterable[int]) -> None:
        """Merge tracks anew whose common one is gone."""
        orphans = sorted(ids)
        reroot(connection, orphans)
        for id_ in orphans:
            placed = connection.execute(
                "SELECT 1 FROM track WHERE id = ? AND song_id IS NOT NULL", (id_,)
            ).fetchone()
            if placed is not None:
                self.merge_new(connection, id_, None)


def reroot(connection: sqlite3.Connection, ids: Iterable[int]) -> None:
    """Point tracks, and all that were merged into them, at what the recorded merges say."""
    for id_ in ids:
        root = _root(connection, id_)
        tree = f"""
            WITH RECURSIVE tree(id) AS (
                VALUES ({int(id_)}) UNION SELECT track_id FROM merge JOIN tree ON into_id = tree.id
                WHERE state = 'merged')
            """
        connection.execute(
            f"{tree} UPDATE track SET merged_into = nullif(?, id) "
            "WHERE id IN (SELECT id FROM tree)",
            (root,),
        )


class Merges:
    """Reads the recorded merges, and undoes them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def listed(self, state: str, limit: int) -> list[Merge]:
        """Return merges of a state, the least certain first, at most `limit`."""
        rows = self._database.query(
            "SELECT track_id, into_id, reason, certainty, state FROM merge WHERE state = ? "
            "ORDER BY certainty, track_id, into_id LIMIT ?",
            (state, limit),
        )
        return [Merge(*row) for row in rows]

    def counts(self) -> dict[str, int]:
        """Return how many merges there are of each state."""
        return dict(self._database.query("SELECT state, count(*) FROM merge GROUP BY state"))

    def roots(self, ids: Iterable[int]) -> dict[int, int]:
        """Return the track that each is read as: itself, or the one it is merged into."""
        found = {}
        for id_ in ids:
            row = self._database.query_one(
                "SELECT coalesce(merged_into, id) FROM track WHERE id = ?", (id_,)
            )
            if row is not None:
                found[id_] = row[0]
        return found

    def members(self, root: int) -> list[int]:
        """Return the tracks that are read as this one, itself first."""
        rows = self._database.query(
            "SELECT id FROM track WHERE merged_into = ? ORDER BY id", (root,)
        )
        return [root, *(id_ for (id_,) in rows)]

    def undo(self, id_: int | None = None) -> list[Merge]:
        """Undo the merges of one track, into it and of it, or all; they are not made again."""
        condition, values = "state = 'merged'", ()
        if id_ is not None:
            condition, values = f"{condition} AND ? IN (track_id, into_id)", (id_,)  # type: ignore[assignment]
        return self._change(condition, values, "undone")

    def accept(self, track_id: int, into_id: int) -> list[Merge]:
        """Make a doubtful merge, or one that was undone; the track is then read as no other."""
        wanted = "track_id = ? AND into_id = ? AND state <> 'merged'"
        if not self._database.query(f"SELECT 1 FROM merge WHERE {wanted}", (track_id, into_id)):
            return []
        self._change("track_id = ? AND state = 'merged'", (track_id,), "undone")
        made = self._change(wanted, (track_id, into_id), "merged")
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE merge SET certainty = 1.0, reason = ? WHERE track_id = ? AND into_id = ?",
                (_ACCEPTED, track_id, into_id),
            )
        return made

    def _change(self, condition: str, values: tuple[Any, ...], state: str) -> list[Merge]:
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT track_id, into_id, reason, certainty, state FROM merge "
                f"WHERE {condition} ORDER BY track_id, into_id",
                values,
            ).fetchall()
            for track_id, into_id, *_ in rows:
                connection.execute(
                    "UPDATE merge SET state = ?, at = ? WHERE track_id = ? AND into_id = ?",
                    (state, time.time(), track_id, into_id),
                )
            reroot(connection, [row[0] for row in rows])
        return [Merge(row[0], row[1], row[2], row[3], state) for row in rows]


def _service(key: str | None) -> str:
    """Return what made a track: ``file``, or what stands before the id in its key."""
    if key is None:
        return _FILE
    first, rest = key.split(":", 1)
    return f"{first}:{rest.rpartition(':')[0]}" if first == "subsonic" else first


def _match(one: _Member, other: _Member) -> Match:
    return same_song(
        song_key(one.artist, one.title),
        song_key(other.artist, other.title),
        one.duration,
        other.duration,
    )


def _rank(member: _Member) -> int:
    return _RANK.get(member.service, 2)


def _members(connection: sqlite3.Connection, id_: int) -> list[_Member]:
    rows = connection.execute(
        "SELECT id, key, title, artist, duration, playlists, coalesce(merged_into, id) FROM track "
        "WHERE song_id = (SELECT song_id FROM track WHERE id = ?) ORDER BY id",
        (id_,),
    )
    return [_Member(i, _service(key), *rest) for i, key, *rest in rows]


def _preference(member: _Member, new: _Member, twin: int | None) -> tuple[Any, ...]:
    apart = (
        0.0
        if member.duration is None or new.duration is None
        else abs(member.duration - new.duration)
    )
    return (member.id != twin, -_rank(member), apart, -member.playlists, member.id)


def _undone(connection: sqlite3.Connection, ids: Iterable[int]) -> set[tuple[int, int]]:
    """Return the pairs among these tracks that somebody parted."""
    pairs = connection.execute(
        "SELECT track_id, into_id FROM merge WHERE state = 'undone' AND track_id IN "
        f"({', '.join(str(int(id_)) for id_ in ids)})"
    ).fetchall()
    return set(pairs)


def _may_join(
    members: list[_Member], one: _Member, other: _Member, parted: set[tuple[int, int]]
) -> bool:
    """Return whether two trees share no service of which a recording has one id.

    And whether nobody parted a track of the one from a track of the other.
    """
    if one.service == other.service:
        return False
    trees = {m.id: m.root for m in members if m.root in (one.root, other.root)}
    if any(trees.get(a, 0) != trees.get(b, 0) for a, b in parted if a in trees and b in trees):
        return False
    first = {m.service for m in members if m.root == one.root}
    second = {m.service for m in members if m.root == other.root}
    return not (first & second) - _SHARED


def _write(
    connection: sqlite3.Connection,
    child: int,
    parent: int,
    reason: str,
    certainty: float,
    state: str,
) -> None:
    connection.execute(
        "INSERT INTO merge VALUES (?, ?, ?, ?, ?, ?)",
        (child, parent, reason, certainty, state, time.time()),
    )


def _point(connection: sqlite3.Connection, child: int, parent: int) -> None:
    (root,) = connection.execute(
        "SELECT coalesce(merged_into, id) FROM track WHERE id = ?", (parent,)
    ).fetchone()
    connection.execute(
        "UPDATE track SET merged_into = ?1 WHERE id = ?2 OR merged_into = ?2", (root, child)
    )


def _root(connection: sqlite3.Connection, id_: int) -> int:
    seen = {id_}
    while True:
        row = connection.execute(
            "SELECT into_id FROM merge WHERE track_id = ? AND state = 'merged'", (id_,)
        ).fetchone()
        if row is None or row[0] in seen:
            return id_
        id_ = row[0]
        seen.add(id_)
