"""Which tracks may be answered: those of an artist, a genre, some years, or with a file.

What holds of one track of a song holds of the song: a file's year and genre are those of the same
song in a playlist, which has neither.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from segue.catalog.chunks import in_chunks
from segue.catalog.database import Database
from segue.catalog.search_index import artist_key, song_of
from segue.catalog.text import fold, fold_all
from segue.errors import NotFoundError

_FEW: Final = 5_000  # songs up to which each is looked up; for more, all are read
_CLOSE: Final = 75.0  # of 100: from which on a name is proposed

Songs = NDArray[np.int64]


@dataclass(frozen=True)
class Filters:
    """What an answer must be. All that is named must hold; of several names, one must.

    Attributes
    ----------
    artists, not_artists
        Names, in any case and with or without accents; who only takes part counts as well.
    genres
        Words of a genre: ``rock`` takes ``classic rock``, too. By tags, by what sources say, and by
        a genre detector where it was certain.
    years
        The first and the last; None for any.
    owned
        Whether a file of the song must be there now.
    """

    artists: Sequence[str] = ()
    not_artists: Sequence[str] = ()
    genres: Sequence[str] = ()
    years: tuple[int, int] | None = None
    owned: bool = False

    def __bool__(self) -> bool:
        return bool(self.artists or self.not_artists or self.genres or self.years or self.owned)


def matching(database: Database, filters: Filters) -> NDArray[np.int64]:
    """Return the ids of all tracks of the songs that a filter lets through, rising.

    Artists are looked up; for years and genres alone, all tracks are read through.

    Raises
    ------
    NotFoundError
        If no artist is called so.
    """
    with database.snapshot():
        songs: Songs | None = None
        for condition in _conditions(database, filters):
            few = songs is not None and len(songs) <= _FEW
            found = condition(songs if few else None)
            songs = found if songs is None else np.intersect1d(songs, found, assume_unique=True)
        without = _of_artists(database, filters.not_artists)
        return _tracks(database, songs, without)


def sifted(database: Database, filters: Filters, ids: Sequence[int]) -> list[int]:
    """Return those of some tracks that a filter lets through, in their order.

    Raises
    ------
    NotFoundError
        If no artist is called so.
    """
    with database.snapshot():
        songs_of: dict[int, int] = {}
        for chunk in in_chunks(list(ids)):
            marks = ", ".join("?" * len(chunk))
            query = f"SELECT id, song_id FROM track WHERE id IN ({marks}) AND song_id IS NOT NULL"
            songs_of.update(database.query(query, chunk))
        songs = np.unique(np.fromiter(songs_of.values(), dtype=np.int64))
        for condition in _conditions(database, filters):
            songs = condition(songs)
        songs = np.setdiff1d(songs, _of_artists(database, filters.not_artists, songs))
    kept = set(songs.tolist())
    return [id_ for id_ in ids if songs_of.get(id_) in kept]


def artists_named(database: Database, name: str) -> list[int]:
    """Return the ids of all artists of a name, rising; of services and of files they differ.

    Case, accents and punctuation do not count, unless the name has nothing else. An empty list
    means that there is none.
    """
    ids, names = _all_artists(database)
    folded = fold(name)
    forms = fold_all(names) if folded else names
    wanted = folded or name
    return [id_ for id_, form in zip(ids, forms, strict=True) if form == wanted]


def _conditions(database: Database, filters: Filters) -> Iterator[Callable[[Songs | None], Songs]]:
    """Yield functions, quick ones first, that return which of some songs, or of all, fit."""
    if filters.artists:
        yield lambda among: _of_artists(database, filters.artists, among)
    if filters.owned:
        query = "SELECT song_id FROM file JOIN track ON track.id = track_id WHERE state = 'ok'"
        yield lambda among: _numbers(database, query, among)
    if filters.years:
        first, last = filters.years
        between = f"SELECT song_id FROM track WHERE year BETWEEN {int(first)} AND {int(last)}"
        yield lambda among: _numbers(database, between, among)
    if filters.genres:
        yield lambda among: _of_genres(database, filters.genres, among)


def _of_artists(database: Database, names: Sequence[str], among: Songs | None = None) -> Songs:
    """Return which of some songs, or of all, are by artists or with them.

    The search finds them by the whole name; what else has the same key there is sifted out.
    """
    found: set[int] = set()
    for name in names:
        bare = _bare(name)
        rows = database.query(
            "SELECT rowid FROM song_text WHERE song_text MATCH ?", (f'keys : "{artist_key(bare)}"',)
        )
        every = np.array([song_of(row) for (row,) in rows], dtype=np.int64)
        songs = every if among is None else np.intersect1d(every, among)
        is_named: dict[int, bool] = {}
        by = set()
        for joined in (
            "JOIN artist a ON a.id = artist_id",
            "JOIN track_artist t ON t.track_id = track.id JOIN artist a ON a.id = t.artist_id",
        ):
            query = f"SELECT song_id, a.id, name FROM track {joined} WHERE true"
            for song, artist, called in _of_songs(database, query, songs):
                if artist not in is_named:
                    is_named[artist] = called == name or (bare != "" and _bare(called) == bare)
                if is_named[artist]:
                    by.add(song)
        is_there = by or (among is not None and rows and bare)  # its songs are not among these
        if not is_there and not artists_named(database, name):
            raise NotFoundError(
                f"no artist in the library is called {name!r}{_hint(database, name)}"
            )
        found |= by
    return np.array(sorted(found), dtype=np.int64)


def _bare(name: str) -> str:
    return fold(name).replace(" ", "")


def _hint(database: Database, name: str) -> str:
    from rapidfuzz import process

    _, known = _all_artists(database)
    close = process.extract(name, known, limit=3, score_cutoff=_CLOSE)
    return f"; did you mean {' or '.join(near for near, *_ in close)}?" if close else ""


def _all_artists(database: Database) -> tuple[list[int], list[str]]:
    rows = database.query("SELECT id, name FROM artist ORDER BY id")
    return [id_ for id_, _ in rows], [name for _, name in rows]


def _of_genres(database: Database, genres: Sequence[str], among: Songs | None) -> Songs:
    wanted = [f" {fold(genre)} " for genre in genres]
    known: dict[str, bool] = {}  # by the stored list: few differ
    found: set[int] = set()
    for query in (
        "SELECT song_id, genres FROM track WHERE genres <> '[]'",
        (
            "SELECT song_id, feature.genres FROM feature JOIN track ON track.id = track_id "
            "WHERE feature.genres <> '[]'"
        ),
        (
            "SELECT song_id, json_array(genre) FROM genre_guess "
            "JOIN track ON track.id = track_id WHERE genre IS NOT NULL"
        ),
    ):
        for song, stored in _of_songs(database, query, among):
            if stored not in known:
                names = [f" {fold(name)} " for name in json.loads(stored)]
                known[stored] = any(part in name for part in wanted for name in names)
            if known[stored] and song is not None:
                found.add(song)
    return np.array(sorted(found), dtype=np.int64)


def _tracks(database: Database, songs: Songs | None, without: Songs) -> NDArray[np.int64]:
    """Return the tracks of songs (None: of all) without those of others."""
    if songs is not None:
        songs = np.setdiff1d(songs, without, assume_unique=True)
        if len(songs) <= _FEW:
            rows = _of_songs(database, "SELECT id FROM track WHERE true", songs)
            return np.array(sorted(id_ for (id_,) in rows), dtype=np.int64)
    pair = np.dtype([("song", np.int64), ("id", np.int64)])
    # All that is asked for lies in the index of songs.
    stream = database.stream("SELECT song_id, id FROM track WHERE song_id >= 0 ORDER BY song_id")
    found = np.fromiter(stream, dtype=pair)
    keep = ~np.isin(found["song"], without)
    if songs is not None:
        keep &= np.isin(found["song"], songs)
    return np.sort(found["id"][keep])


def _numbers(database: Database, query: str, among: Songs | None) -> Songs:
    rows = _of_songs(database, query, among)
    return np.unique(np.fromiter((n for (n,) in rows if n is not None), dtype=np.int64))


def _of_songs(database: Database, query: str, among: Songs | None) -> Iterator[Any]:
    """Iterate over the rows of a query whose last word is a condition, of some songs or of all."""
    if among is None:
        yield from database.stream(query)
        return
    for chunk in in_chunks(among.tolist()):
        yield from database.query(f"{query} AND song_id IN ({', '.join('?' * len(chunk))})", chunk)
