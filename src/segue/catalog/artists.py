"""Artists and albums: one row each, found by the source's own id or by name."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

from segue.catalog.chunks import in_chunks
from segue.catalog.records import TrackRecord
from segue.catalog.text import fold

_SEPARATOR: Final = "\x1f"
_MOST_KEPT: Final = 500_000


class Artists:
    """Finds or makes the artists and albums of tracks, within the caller's transaction.

    What was looked up is remembered, up to a bound, while one source is read.
    """

    def __init__(self) -> None:
        self._artists: dict[str, int] = {}
        self._albums: dict[str, int] = {}

    def forget(self) -> None:
        """Forget what was looked up, since a transaction was taken back."""
        self._artists.clear()
        self._albums.clear()

    def of_tracks(
        self, connection: sqlite3.Connection, records: Iterable[TrackRecord]
    ) -> list[tuple[list[int], int | None]]:
        """Return for each record the ids of its artists in order, and of its album or None."""
        known = list(records)
        credits = [_artist_keys(record) for record in known]
        named: dict[str, str] = {}
        for credit in credits:
            for key, name in credit:
                named.setdefault(key, name)
        artists = self._ids(connection, "artist", self._artists, named, lambda key: (named[key],))
        albums = [_album_key(record) for record in known]
        titles: dict[str, tuple[str, int | None]] = {}
        for record, key, credit in zip(known, albums, credits, strict=True):
            if key and key not in titles:
                titles[key] = (record.album, artists[credit[0][0]] if credit else None)
        ids = self._ids(connection, "album", self._albums, titles, titles.__getitem__)
        return [
            ([artists[key] for key, _ in credit], ids[album] if album else None)
            for credit, album in zip(credits, albums, strict=True)
        ]

    def _ids(
        self,
        connection: sqlite3.Connection,
        table: str,
        cache: dict[str, int],
        keys: Iterable[str],
        values: Callable[[str], tuple[object, ...]],
    ) -> dict[str, int]:
        """Return the ids of rows by key; those that are not there are made."""
        wanted = list(keys)
        if len(cache) > _MOST_KEPT:
            cache.clear()
        missing = [key for key in wanted if key not in cache]
        for chunk in in_chunks(missing):
            marks = ", ".join("?" * len(chunk))
            cache.update(
                connection.execute(
                    f"SELECT key, id FROM {table} WHERE key IN ({marks})", chunk
                ).fetchall()
            )
        new = [key for key in missing if key not in cache]
        if new:
            columns = "name" if table == "artist" else "title, artist_id"
            marks = ", ".join("?" * (3 + columns.count(",")))
            (last,) = connection.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()
            numbered = list(enumerate(new, last + 1))
            connection.executemany(
                f"INSERT INTO {table} (id, key, {columns}) VALUES ({marks})",
                [(id_, key, *values(key)) for id_, key in numbered],
            )
            cache.update((key, id_) for id_, key in numbered)
        return {key: cache[key] for key in wanted}


def _artist_keys(record: TrackRecord) -> list[tuple[str, str]]:
    """Return (key, name) of each artist, once."""
    names = record.artists or ((record.artist,) if record.artist else ())
    keys = record.artist_keys
    if len(keys) != len(names):
        keys = tuple(map(_name_key, names))
    found = {key or _name_key(name): name for key, name in zip(keys, names, strict=True)}
    found.pop("", None)
    return list(found.items())


def _album_key(record: TrackRecord) -> str:
    if record.album_key or not record.album:
        return record.album_key
    artist = _name_key(record.album_artist or record.artist)
    title = fold(record.album)
    return f"{artist or 'name:'}{_SEPARATOR}{title}" if title else ""


@lru_cache(maxsize=100_000)
def _name_key(name: str) -> str:
    folded = fold(name) or name.strip()  # some are called by signs alone
    return f"name:{folded}" if folded else ""
