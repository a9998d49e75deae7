"""The SQLite files that Segue's two models wrote: songs alone, or a crawl of playlists."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from segue.catalog.incoming import PlaylistRecord, Record, Skip, TrackList
from segue.catalog.records import TrackRecord
from segue.errors import SourceError
from segue.sources.feature_columns import spotify_key
from segue.sources.guard import clean, integer, number, open_bytes, shown, text
from segue.sources.locations import file_key
from segue.sources.source import FileSource

if TYPE_CHECKING:
    import sqlite3

_MAGIC: Final = b"SQLite format 3\0"
_SONGS: Final = {"songs": {"id", "name", "artist"}}
_CRAWL: Final = {
    "tracks": {"id", "name"},
    "artists": {"id", "name"},
    "track_artists": {"track_id", "artist_id"},
    "playlists": {"id", "name"},
    "playlist_tracks": {"playlist_id", "track_id"},
}
_LARGEST: Final = 1 << 50
_LONGEST: Final = 1 << 20  # bytes of a value or a row

_Row = dict[str, Any]


class CookbookDatabase(FileSource):
    """A ``songs.db`` of the "Deep Learning Cookbook", chapter 15, or a ``playlists.db`` of murecom.

    The first has a table ``songs(id, name, artist)``. The second (cdfmlr/murecom-intro) has
    ``tracks``, ``artists``, ``playlists`` and what joins them; its tracks come first, with their
    names, then its playlists, whose entries have ids alone. More columns than those needed may be
    there or not. All ids are Spotify's.

    The file is opened for reading only, as one that nobody changes meanwhile.

    Parameters
    ----------
    path
        Absolute.
    """

    kind = "cookbook_db"

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:
        """Return whether it is a database with the tables and columns of one of the two."""
        if not head.startswith(_MAGIC):
            return False
        try:
            with _opened(path) as database:
                return _has(database, _SONGS) or _has(database, _CRAWL)
        except SourceError:
            return False

    def _read(self) -> Iterator[Record]:
        with _opened(self._path) as database:
            has_songs, has_crawl = _has(database, _SONGS), _has(database, _CRAWL)
            if not has_songs and not has_crawl:
                raise SourceError(
                    f"{shown(self._path)} has neither a table songs(id, name, artist) nor tracks, "
                    "artists, track_artists, playlists and playlist_tracks"
                )
            if has_songs:
                yield from _songs(database)
            if has_crawl:
                yield from _tracks(database)
                yield from _playlists(database, file_key(self._path))


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database that a stranger made, and translate what goes wrong while it is read."""
    import sqlite3

    open_bytes(path, _LARGEST).close()  # SQLite would wait for a pipe
    address = f"file:{quote(os.fsencode(path))}?mode=ro&immutable=1"
    try:
        database = sqlite3.connect(address, uri=True)
        try:
            database.execute("PRAGMA trusted_schema = OFF")
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
            database.text_factory = _decoded
            database.row_factory = _named
            yield database
        finally:
            database.close()
    except sqlite3.Error as error:
        raise SourceError(f"{shown(path)} cannot be read on: {error}") from error


def _decoded(data: bytes) -> str:
    return data.decode(errors="replace")


def _named(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> _Row:
    return {column[0]: value for column, value in zip(cursor.description, row, strict=True)}


def _has(database: sqlite3.Connection, tables: dict[str, set[str]]) -> bool:
    """Return whether there are such tables; views do not count, they may compute for ever."""
    return all(
        columns
        <= {
            row["name"]
            for row in database.execute(
                "SELECT c.name FROM sqlite_master AS t, pragma_table_info(t.name) AS c"
                " WHERE t.type = 'table' AND t.name = ?",
                (table,),
            )
        }
        for table, columns in tables.items()
    )


def _songs(database: sqlite3.Connection) -> Iterator[Record]:
    for row in database.execute("SELECT id, name, artist FROM songs"):
        yield _track(row, [text(row["artist"]) or ""], [])


def _tracks(database: sqlite3.Connection) -> Iterator[Record]:
    rows = database.execute(
        "SELECT tracks.*, artists.id AS _artist_id, artists.name AS _artist, tracks.rowid AS _row"
        " FROM tracks LEFT JOIN track_artists ON track_artists.track_id = tracks.id"
        " LEFT JOIN artists ON artists.id = track_artists.artist_id"
        " ORDER BY tracks.rowid, track_artists.rowid"
    )
    for _, group in groupby(rows, itemgetter("_row")):
        all_of_it = list(group)
        named = [(name, row["_artist_id"]) for row in all_of_it if (name := text(row["_artist"]))]
        yield _track(all_of_it[0], [name for name, _ in named], [id_ for _, id_ in named])


def _track(row: _Row, artists: list[str], artist_ids: list[Any]) -> TrackRecord | Skip:
    key, title = _key(row["id"]), text(row["name"])
    if not key and not title:
        return Skip("no id and no title", clean(str(row["id"]), 60))
    artist_keys = tuple(_key(id_, "artist") for id_ in artist_ids)
    duration = number(row.get("duration"), 1, 1e9)
    return TrackRecord(
        title or "",
        ", ".join(filter(None, artists)),
        track_number=_count(row.get("track_number")),
        disc_number=_count(row.get("disc_number")),
        duration=None if duration is None else duration / 1000,
        key=key,
        artists=tuple(artists) if artist_ids else (),
        artist_keys=artist_keys if all(artist_keys) else (),
    )


def _playlists(database: sqlite3.Connection, file: str) -> Iterator[Record]:
    rows = database.execute(
        "SELECT playlists.rowid AS _row, playlists.id, playlists.name, playlist_tracks.track_id"
        " FROM playlists LEFT JOIN playlist_tracks ON playlist_tracks.playlist_id = playlists.id"
        " ORDER BY playlists.rowid, playlist_tracks.rowid"
    )
    for _, group in groupby(rows, itemgetter("_row")):
        keys: list[str] = []
        for row in group:
            key = _key(row["track_id"])
            if key:
                keys.append(key)
            elif row["track_id"] is not None:
                yield Skip(
                    "not a track's id", clean(f"playlist {row['id']}: {row['track_id']}", 100)
                )
        id_ = text(row["id"])
        if id_ is None:
            yield Skip("a playlist without an id", clean(str(row["name"]), 100))
        else:
            yield _playlist(spotify_key(id_, "playlist") or f"{file}#{id_}", row, keys)


def _playlist(key: str, row: _Row, keys: list[str]) -> PlaylistRecord:
    songs = TrackList(keys, lambda place: TrackRecord("", key=keys[place]))
    return PlaylistRecord(key, text(row["name"]) or "", songs)


def _key(id_: Any, kind: str = "track") -> str:
    return spotify_key(id_, kind) if isinstance(id_, str) else ""


def _count(value: Any) -> int | None:
    count = integer(value)
    return count if count is not None and 0 < count < 10_000 else None
