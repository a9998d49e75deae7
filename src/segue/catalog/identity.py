"""Which track a record is of: found by its key, or made, and placed with its song.

A source's own id makes a track: two ids of one service stay two tracks for ever. Tracks that are
one song to a listener share a `song_id`; where they come from different sources and are one
recording, one of them is merged into the other (see merges.py).
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from segue.catalog.artists import Artists
from segue.catalog.chunks import in_chunks
from segue.catalog.merges import Merger
from segue.catalog.records import TrackRecord
from segue.catalog.songkey import SongKey, song_key
from segue.catalog.songs import Songs

_MOST_KEPT: Final = 2_000_000  # keys remembered; about 450 MB
_SEPARATOR: Final = "\x1f"
_IDENTIFYING: Final = ("isrc", "musicbrainz_recording", "path")
_NO_TRACK: Final = 0


@dataclass
class _New:
    """A track that is being made."""

    id: int
    key: str
    record: TrackRecord
    pairs: list[tuple[str, str]]  # outside ids that identify a recording
    song: SongKey | None = None
    song_id: int | None = None
    twin: int | None = None  # a known track with one of the pairs
    joined: bool = False  # its song was there before

    @classmethod
    def of(cls, id_: int, key: str, record: TrackRecord) -> _New:
        pairs = [pair for pair in _outside_ids(key, record) if pair[0] in _IDENTIFYING]
        return cls(id_, key, record, pairs, _song(record))


class Identity:
    """Finds or makes the tracks of records, within the caller's transaction.

    Keys that were looked up are remembered, up to a bound: use one object for one source.
    """

    def __init__(self) -> None:
        self.made = 0
        self.merger = Merger()
        self._artists = Artists()
        self._ids: dict[str, int] = {}
        self._bare: dict[str, int] = {}  # those of tracks without a title, which may yet come

    def forget(self) -> None:
        """Forget what was looked up, since the transaction was taken back."""
        self._ids.clear()
        self._bare.clear()
        self._artists.forget()

    def ids(
        self,
        connection: sqlite3.Connection,
        source_id: int,
        keys: Sequence[str],
        describe: Callable[[int], TrackRecord | None],
    ) -> NDArray[np.int64]:
        """Return the track of each record [shape=(n,)]; 0 where a record names nothing.

        Parameters
        ----------
        keys
            The records' keys, or empty strings; see `TrackRecord.key`.
        describe
            Returns the record at a position, or None where one with its key and a title was
            written before. Each key is described until it has a title: then a new track is made
            of the record, or what a known one lacks is filled in.
        """
        if len(self._ids) + len(self._bare) > _MOST_KEPT:
            self._ids.clear()
            self._bare.clear()
        cache = self._ids
        found = [cache.get(key) if key else None for key in keys]
        missing: dict[str, TrackRecord | None] = {}
        late: list[tuple[int, str]] = []
        for position, id_ in enumerate(found):
            if id_ is not None:
                continue
            key = keys[position]
            kept = missing.get(key)
            if kept is None or not kept.title:
                record = describe(position)
                if record is None:
                    missing.setdefault(key, None)
                else:
                    key = key or _name_key(record, source_id)
                    if key in self._bare and not record.title:
                        found[position] = self._bare[key]
                        continue
                    kept = missing.get(key)
                    better = kept is None or (record.title and not kept.title)
                    if key and key not in cache and better:
                        missing[key] = record
            late.append((position, key))
        if missing:
            self._look_up(connection, source_id, missing)
        for position, key in late:
            found[position] = (cache.get(key) or self._bare[key]) if key else _NO_TRACK
        return np.array(found, dtype=np.int64)

    def place_file(
        self, connection: sqlite3.Connection, id_: int, record: TrackRecord, path: bytes = b""
    ) -> None:
        """Give the track of a file its song, after it was made or its tags were edited.

        What a playlist said of the file at this path is then of the same song: it only guessed.
        """
        new = _New.of(id_, "", record)
        ((artists, album),) = self._artists.of_tracks(connection, [record])
        self._place(connection, [new])
        before = connection.execute("SELECT song_id FROM track WHERE id = ?", (id_,)).fetchone()[0]
        connection.execute(
            "UPDATE track SET song_id = ?, artist_id = ?, album_id = ? WHERE id = ?",
            (new.song_id, artists[0] if artists else None, album, id_),
        )
        if before is not None and before != new.song_id:
            self.merger.release(connection, id_)
        said = connection.execute(
            "SELECT track_id FROM outside_id WHERE kind = 'path' AND value = ?", (_as_text(path),)
        ).fetchall()
        for (other,) in said:
            self.merger.release(connection, other)
            _move(connection, other, new.song_id)
            new.twin, new.joined = other, True
        self._merge(connection, [new])
        for (other,) in said[:-1]:
            self.merger.merge_new(connection, other, id_)

    def _look_up(
        self, connection: sqlite3.Connection, source_id: int, wanted: dict[str, TrackRecord | None]
    ) -> None:
        known: dict[str, tuple[int, str, float | None, str]] = {}
        for chunk in in_chunks(list(wanted)):
            rows = connection.execute(
                f"SELECT key, id, title, duration, album FROM track WHERE key IN ({_marks(chunk)})",
                chunk,
            )
            known.update((row[0], row[1:]) for row in rows)
        new = []
        for key, record in wanted.items():
            row = known.get(key)
            if row is None:
                assert record is not None, "a key is described when it first comes"
                new.append((key, record))
                continue
            self._remember(key, row[0], row[1] or (record.title if record is not None else ""))
            if record is not None:
                self._fill(connection, key, record, row)
        if new:
            self._make(connection, source_id, new)

    def _make(
        self, connection: sqlite3.Connection, source_id: int, records: list[tuple[str, TrackRecord]]
    ) -> None:
        (last,) = connection.execute(
            "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'track'"
        ).fetchone()
        new = [
            _New.of(last + number, key, record) for number, (key, record) in enumerate(records, 1)
        ]
        credits = self._artists.of_tracks(connection, [item.record for item in new])
        self._place(connection, new)
        connection.executemany(
            "INSERT INTO track (id, title, artist, album, album_artist, track_number, "
            "disc_number, year, genres, duration, key, source_id, song_id, artist_id, album_id) "
            f"VALUES ({_marks(range(15))})",
            [
                (
                    item.id,
                    item.record.title,
                    item.record.artist,
                    item.record.album,
                    item.record.album_artist,
                    item.record.track_number,
                    item.record.disc_number,
                    item.record.year,
                    _json(item.record.genres),
                    item.record.duration,
                    item.key,
                    source_id,
                    item.song_id,
                    artists[0] if artists else None,
                    album,
                )
                for item, (artists, album) in zip(new, credits, strict=True)
            ],
        )
        connection.executemany(
            "INSERT INTO track_artist VALUES (?, ?, ?)",
            [
                (item.id, position, artist)
                for item, (artists, _) in zip(new, credits, strict=True)
                for position, artist in enumerate(artists[1:], 1)
            ],
        )
        connection.executemany(
            "INSERT OR IGNORE INTO outside_id VALUES (?, ?, ?)",
            [(item.id, *pair) for item in new for pair in _outside_ids(item.key, item.record)],
        )
        for item in new:
            self._remember(item.key, item.id, item.record.title)
        self.made += len(new)
        self._merge(connection, new, in_turn=True)

    def _remember(self, key: str, id_: int, title: str) -> None:
        if title:
            self._bare.pop(key, None)
            self._ids[key] = id_
        else:
            self._bare[key] = id_

    def _fill(
        self,
        connection: sqlite3.Connection,
        key: str,
        record: TrackRecord,
        row: tuple[int, str, float | None, str],
    ) -> None:
        """Fill in what a known track lacks, and place it anew where that tells its song."""
        id_, title, duration, album = row
        pairs = _outside_ids(key, record)
        before = connection.total_changes
        connection.executemany(
            "INSERT OR IGNORE INTO outside_id VALUES (?, ?, ?)", [(id_, *pair) for pair in pairs]
        )
        told = connection.total_changes > before
        names = not title and bool(record.title)
        lasts = duration is None and record.duration is not None
        if not (names or lasts or told or (not album and record.album)):
            return
        ((artists, album_id),) = self._artists.of_tracks(connection, [record])
        connection.execute(
            "UPDATE track SET album = CASE album WHEN '' THEN ? ELSE album END, "
            "album_id = coalesce(album_id, ?), duration = coalesce(duration, ?), "
            "artist_id = coalesce(artist_id, ?) WHERE id = ?",
            (record.album, album_id, record.duration, artists[0] if artists else None, id_),
        )
        if names:
            self._name(connection, id_, record, artists)
        if names or told:
            new = _New.of(id_, key, record)
            self._place(connection, [new])
            if names or new.twin is not None:
                _move(connection, id_, new.song_id)
                self._merge(connection, [new])
        if lasts and not names:
            connection.execute(
                "UPDATE song SET duration = coalesce(duration, ?) "
                "WHERE id = (SELECT song_id FROM track WHERE id = ?)",
                (record.duration, id_),
            )
            self.merger.check(connection, id_)

    def _name(
        self, connection: sqlite3.Connection, id_: int, record: TrackRecord, artists: list[int]
    ) -> None:
        """Write all that names a track which was known by its id alone."""
        connection.execute(
            "UPDATE track SET title = ?, artist = ?, artist_id = ?, album_artist = ?, "
            "track_number = ?, disc_number = ?, year = ?, genres = ? WHERE id = ?",
            (
                record.title,
                record.artist,
                artists[0] if artists else None,
                record.album_artist,
                record.track_number,
                record.disc_number,
                record.year,
                _json(record.genres),
                id_,
            ),
        )
        connection.executemany(
            "INSERT OR REPLACE INTO track_artist VALUES (?, ?, ?)",
            [(id_, position, artist) for position, artist in enumerate(artists[1:], 1)],
        )

    def _place(self, connection: sqlite3.Connection, new: list[_New]) -> None:
        """Find the song of each new track, or make it."""
        known = _known_ids(connection, [pair for item in new for pair in item.pairs])
        songs = Songs(connection, [item.song for item in new if item.song is not None])
        for item in new:
            twins = (twin for pair in item.pairs for twin in known.get(pair, ()))
            twin = next((twin for twin in twins if twin[0] != item.id), None)
            if twin is not None:
                item.twin, item.song_id = twin
                item.joined = True
            if item.song is not None and item.song_id is None:
                item.song_id, item.joined = songs.place(item.song, item.record.duration)
            for pair in item.pairs:
                known.setdefault(pair, []).append((item.id, item.song_id))
        songs.write(connection)
        connection.executemany(
            "UPDATE song SET stale = 1 WHERE id = ? AND NOT stale",
            [(item.song_id,) for item in new if item.twin is not None],
        )

    def _merge(
        self, connection: sqlite3.Connection, new: Iterable[_New], *, in_turn: bool = False
    ) -> None:
        """Merge tracks with those of other sources that are the same recording.

        `in_turn` looks for each only among those made before it, so that it does not matter where
        a batch ends.
        """
        joined = [(item.id, item.twin) for item in new if item.joined]
        if joined and self.merger.several_services(connection):
            for id_, twin in joined:
                self.merger.merge_new(connection, id_, twin, last=id_ if in_turn else None)


def _as_text(path: bytes) -> str:
    """Return a path as other sources write it; empty where it is not UTF-8, which none can."""
    try:
        return path.decode("utf-8")
    except UnicodeDecodeError:
        return ""


def _song(record: TrackRecord) -> SongKey | None:
    return song_key(record.artist, record.title, record.artists) if record.title else None


def _move(connection: sqlite3.Connection, id_: int, song_id: int | None) -> None:
    """Put a track to another song; where it stands in playlists, those are to be counted anew."""
    before, playlists = connection.execute(
        "SELECT song_id, playlists FROM track WHERE id = ?", (id_,)
    ).fetchone()
    if before != song_id:
        connection.execute("UPDATE track SET song_id = ? WHERE id = ?", (song_id, id_))
        if playlists:
            connection.execute("UPDATE change SET count = count + 1 WHERE name = 'playlists'")


def _name_key(record: TrackRecord, source_id: int) -> str:
    """Return the key of a record that has only names; empty where it has no title.

    Without an artist, a title says little: other sources mean another song by it.
    """
    if not record.title:
        return ""
    if not record.artist:
        return f"name:{_SEPARATOR}{record.title.casefold()}{_SEPARATOR}{source_id}"
    return f"name:{record.artist.casefold()}{_SEPARATOR}{record.title.casefold()}"


def _outside_ids(key: str, record: TrackRecord) -> list[tuple[str, str]]:
    """Return the outside ids of a record, those that its key states among them."""
    if not record.outside_ids and key.startswith(("spotify:", "name:")):
        return []  # nearly all
    service, _, value = key.partition(":")
    own = {"musicbrainz": "musicbrainz_recording", "path": "path"}.get(service)
    pairs = dict.fromkeys(record.outside_ids)
    if own is not None:
        pairs[own, value] = None
    return list(pairs)


def _known_ids(
    connection: sqlite3.Connection, pairs: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], list[tuple[int, int | None]]]:
    """Return the (track, song) pairs that have each (kind, value), the oldest track first."""
    known: dict[tuple[str, str], list[tuple[int, int | None]]] = {}
    by_kind: dict[str, list[str]] = {}
    for kind, value in dict.fromkeys(pairs):
        by_kind.setdefault(kind, []).append(value)
    for kind, values in by_kind.items():
        for chunk in in_chunks(values):
            rows = connection.execute(
                "SELECT value, track.id, song_id FROM outside_id JOIN track ON track.id = track_id "
                f"WHERE kind = ? AND value IN ({_marks(chunk)}) ORDER BY track.id",
                (kind, *chunk),
            ).fetchall()
            for value, id_, song in rows:
                known.setdefault((kind, value), []).append((id_, song))
            if kind == "path":
                paths = [os.fsencode(value) for value in chunk]
                rows = connection.execute(
                    "SELECT path, track.id, song_id FROM file JOIN track ON track.id = track_id "
                    f"WHERE path IN ({_marks(chunk)})",
                    paths,
                ).fetchall()
                for path, id_, song in rows:
                    known.setdefault((kind, os.fsdecode(path)), []).insert(0, (id_, song))
    return known


def _json(genres: Sequence[str]) -> str:
    return json.dumps(genres, ensure_ascii=False) if genres else "[]"


def _marks(values: Iterable[object]) -> str:
    return ", ".join("?" for _ in values)
