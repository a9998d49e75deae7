"""What `search` looks in: a row of folded words for each song, kept up to date.

Rows are numbered so that they come in the order in which they are wanted: songs that have a file
first, then those that stand in more playlists. A query for a common word can so stop early.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Any, Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from segue.catalog.text import fold_all

ABSENT: Final = 1 << 56  # rows from here on are of songs without a present file

_POPULARITY: Final = 1 << 40  # ids of songs stay below
_BUCKETS: Final = 255
_BATCH: Final = 20_000
_MOST_NAMES: Final = 6  # different titles, artists or albums of one song that are kept
_MOST_CHARACTERS: Final = 400  # of one name
_UNSPACED: Final = re.compile(  # scripts that do not part words, and Hangul, which does by whim
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3100-\u312f\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]+"
)
_VERSION: Final = re.compile(  # "Title - Live", "Title (Live)", "Title feat. Somebody"
    r"(?<=\S)(?:[ ]+-[ ]|[ ]*[(\[（【]|[ ]+(?:[Ff]eat|[Ff]t|[Ff]eaturing)\b).*$", re.MULTILINE
)
_AND: Final = re.compile(r"&|\s['’]?[nN]['’]?(?=\s)")
_OTHERWISE: Final = re.compile(r"['’&]|\s[nN]\s")


def popularity_bucket(playlists: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Return 0..254, two steps a doubling, by which songs are put in order; vectorised.

    >>> popularity_bucket(np.array([0, 1, 2, 3, 1000, 1001])).tolist()
    [0, 2, 3, 4, 19, 19]
    """
    buckets: NDArray[np.int64] = np.floor(2 * np.log2(playlists + 1.0)).astype(np.int64)
    return buckets


def row_of(song_id: int, bucket: int, present: bool) -> int:
    """Return the number of a song's row in ``song_text``."""
    return (0 if present else ABSENT) | (_BUCKETS - bucket) * _POPULARITY | song_id


def song_of(row: int) -> int:
    """Return the song whose row has this number."""
    return row % _POPULARITY


def doublings(row: int) -> float:
    """Return log2 of the playlists that the song of a row stands in, roughly; 0 for none."""
    return (_BUCKETS - row // _POPULARITY % (_BUCKETS + 1)) / 2


def tokens(folded: str) -> list[str]:
    """Return the words of folded text as they are indexed: unspaced scripts as pairs of characters.

    >>> tokens("宇多田ヒカル"), tokens("光 live")
    (['宇多', '多田', '田ヒ', 'ヒカ', 'カル'], ['光', 'live'])
    """
    if folded.isascii() or _UNSPACED.search(folded) is None:
        return folded.split()
    found = []
    for word in folded.split():
        end = 0
        for match in _UNSPACED.finditer(word):
            found += [word[end : match.start()]] if match.start() > end else []
            run, end = match.group(), match.end()
            found += [run[i : i + 2] for i in range(len(run) - 1)] or [run]
        found += [word[end:]] if end < len(word) else []
    return found


def is_unspaced(token: str) -> bool:
    """Tell whether a token is of a script that does not part words."""
    return not token.isascii() and _UNSPACED.match(token) is not None


def title_key(bare: str) -> str:
    """Return the token of the songs with exactly this title; `bare` is folded, without spaces."""
    return f"{crc32(b't' + bare.encode()):08x}"


def artist_key(bare: str) -> str:
    """Return the token of the songs by exactly this artist; `bare` is folded, without spaces."""
    return f"{crc32(b'a' + bare.encode()):08x}"


def whole_key(bare: str) -> str:
    """Return the token of the songs whose artist and title, in this order, are `bare`."""
    return f"{crc32(b'w' + bare.encode()):08x}"


def refresh(connection: sqlite3.Connection, *, limit: int | None = None) -> int:
    """Rewrite the rows of songs that changed, at most `limit` songs, within a transaction.

    Songs that have no track any more are deleted. Returns how many songs were done; 0 means that
    everything is as it should be.
    """
    done = 0
    counts: Counter[str] = Counter()
    while limit is None or done < limit:
        size = _BATCH if limit is None else min(_BATCH, limit - done)
        ids = connection.execute(
            "SELECT id FROM song WHERE stale ORDER BY id LIMIT ?", (size,)
        ).fetchall()
        if not ids:
            break
        _Batch(connection, ids[0][0], ids[-1][0]).write(counts)
        done += len(ids)
    connection.executemany(
        "INSERT INTO song_word VALUES (?1, max(?2, 0)) "
        "ON CONFLICT (word) DO UPDATE SET uses = max(uses + ?2, 0)",
        sorted((word, n) for word, n in counts.items() if n and not is_unspaced(word)),
    )
    return done


_Row = tuple[int, str, str, str, str]  # its number, title, artist, album, keys


class _Batch:
    """The stale songs whose ids are from `first` to `last`."""

    def __init__(self, connection: sqlite3.Connection, first: int, last: int) -> None:
        self._connection = connection
        span = (first, last)
        self._counts: list[int] = []
        self._names: dict[int, tuple[str, str, str]] = {}  # title, artist, album of the first track
        self._others: dict[int, list[tuple[str, str, str]]] = {}  # of the other tracks
        self._empty: list[tuple[int]] = []
        for id_, playlists, title, artist, album in connection.execute(_TRACKS, span):
            if title is None:
                self._empty.append((id_,))
            elif id_ in self._names:
                self._others.setdefault(id_, []).append((title, artist, album))
            else:
                self._names[id_] = (title, artist, album)
                self._counts.append(playlists)
        for id_, artist in connection.execute(_FEATURED, span):
            self._others.setdefault(id_, []).append((self._names[id_][0], artist, ""))
        self._present = {id_ for (id_,) in connection.execute(_PRESENT, span)}
        self._old: list[_Row] = connection.execute(_OLD, span).fetchall()

    def write(self, counts: Counter[str]) -> None:
        """Write the rows, and add to `counts` how often each word came more than before."""
        executemany = self._connection.executemany
        # In the order of their numbers: FTS5 writes a segment whenever they go back.
        fresh = new = sorted(self._rows())
        if self._old:
            before, after = set(self._old), set(new)
            gone = sorted(row for row in self._old if row not in after)
            fresh = [row for row in new if row not in before]
            for row in gone:
                counts.subtract(" ".join(row[1:4]).split())
            executemany("DELETE FROM song_text WHERE rowid = ?", [row[:1] for row in gone])
        counts.update(" ".join([f"{row[1]} {row[2]} {row[3]}" for row in fresh]).split())
        executemany(
            "INSERT INTO song_text (rowid, title, artist, album, keys) VALUES (?, ?, ?, ?, ?)",
            fresh,
        )
        rows = [(row[0], song_of(row[0])) for row in new]
        rows.sort(key=itemgetter(1))
        executemany("UPDATE song SET indexed = ?, stale = 0 WHERE id = ?", rows)
        executemany("DELETE FROM song WHERE id = ?", self._empty)

    def _rows(self) -> Iterator[_Row]:
        every = [*self._names.values(), *(names for o in self._others.values() for names in o)]
        titles = _Titles({names[0] for names in every})
        artists = _Artists({names[1] for names in every})
        albums = _Names({names[2] for names in every})
        title_text, title_forms, title_keys = titles.text, titles.forms, titles.keys
        artist_text, artist_forms, artist_keys = artists.text, artists.forms, artists.keys
        buckets = popularity_bucket(np.array(self._counts)).tolist()
        for (id_, names), bucket in zip(self._names.items(), buckets, strict=True):
            number = row_of(id_, bucket, id_ in self._present)
            others = self._others.get(id_)
            if others is not None:
                yield (number, *_several(titles, artists, albums, [names, *others]))
                continue
            title, artist, album = names
            keys = f"{title_keys[title]} {artist_keys[artist]}"
            if artist:
                for name in artist_forms[artist]:
                    for form in title_forms[title]:
                        keys += " " + whole_key(name + form)
            if album in albums.characters:
                keys += " " + albums.characters[album]
            # An album that is called like the song tells nothing.
            text = "" if album == title else albums.text[album]
            yield number, title_text[title], artist_text[artist], text, keys


def _several(
    titles: _Titles, artists: _Artists, albums: _Names, tracks: list[tuple[str, str, str]]
) -> tuple[str, str, str, str]:
    """Return the title, artist, album and keys of a song that has several names."""
    called, by, on = (
        list(dict.fromkeys(filter(None, names)))[:_MOST_NAMES]
        for names in zip(*tracks, strict=True)
    )
    on = [name for name in on if name not in called]
    keys = [titles.keys[name] for name in called]
    keys += [artists.keys[name] for name in by]
    for artist in by:
        for name in artists.forms[artist]:
            for title in called:
                keys += [whole_key(name + form) for form in titles.forms[title]]
    keys += [albums.characters[name] for name in on if name in albums.characters]
    return (
        "\n".join([titles.text[name] for name in called]),
        "\n".join([artists.text[name] for name in by]),
        "\n".join([albums.text[name] for name in on]),
        " ".join(dict.fromkeys(keys)),
    )


class _Names:
    """Names as they are indexed; worked on together, which is much faster than one by one.

    Attributes
    ----------
    text
        By name, its tokens parted by spaces; a second line where many write it otherwise.
    forms
        By name, its folded form without spaces, and others that stand for the whole name.
    characters
        By name, the single characters of unspaced scripts, where it has any: each may be asked for.
    """

    def __init__(self, names: set[str]) -> None:
        self.text: dict[str, str] = {}
        self.forms: dict[str, tuple[str, ...]] = {}
        self.characters: dict[str, str] = {}
        every = list(names)
        for name, folded in zip(every, _folded(every), strict=True):
            self.forms[name] = (folded.replace(" ", ""),)
            self.text[name] = folded
            if not folded.isascii():
                words = tokens(folded)
                self.text[name] = " ".join(words)
                single = "".join(filter(is_unspaced, words))
                if single:
                    self.characters[name] = " ".join(dict.fromkeys(single))
        marked = [name for name in every if _OTHERWISE.search(name)]
        for name, folded in zip(marked, _folded([_otherwise(n) for n in marked]), strict=True):
            self.text[name] += "\n" + " ".join(tokens(folded))
            form = folded.replace(" ", "")
            if form != self.forms[name][0]:
                self.forms[name] += (form,)


def _otherwise(name: str) -> str:
    """Return what many write for a name: "dont" for "don't", "and" for "&" and "n"."""
    return _AND.sub(" and ", name).replace("'", "").replace("’", "")


def _folded(names: list[str]) -> list[str]:
    return [folded[:_MOST_CHARACTERS].rstrip() for folded in fold_all(names)]


class _Artists(_Names):
    """Artists; `keys` has each one's tokens."""

    def __init__(self, names: set[str]) -> None:
        super().__init__(names)
        self.keys = _keys(self, artist_key)


class _Titles(_Names):
    """Titles; each stands under its main part as well, without what tells its version."""

    def __init__(self, names: set[str]) -> None:
        super().__init__(names)
        main = {name: _VERSION.sub("", name) for name in names if _VERSION.search(name)}
        forms = _Names(set(main.values())).forms
        for name, short in main.items():
            self.forms[name] += tuple(filter(None, forms[short]))
        self.keys = _keys(self, title_key)


def _keys(names: _Names, key: Callable[[str], str]) -> dict[str, str]:
    keys = {
        name: key(forms[0]) if len(forms) == 1 else " ".join(map(key, forms))
        for name, forms in names.forms.items()
    }
    for name, characters in names.characters.items():
        keys[name] += " " + characters
    return keys


_SPAN: Final = "song.stale AND song.id BETWEEN ? AND ?"
_TRACKS: Final = f"""
    SELECT song.id, song.playlists, track.title, track.artist, track.album
    FROM song LEFT JOIN track ON track.song_id = song.id
    WHERE {_SPAN} ORDER BY song.id, track.id
"""
_PRESENT: Final = f"""
    SELECT DISTINCT song.id
    FROM song JOIN track ON track.song_id = song.id JOIN file ON file.track_id = track.id
    WHERE {_SPAN} AND file.state = 'ok'
"""
_FEATURED: Final = f"""
    SELECT song.id, artist.name
    FROM song JOIN track ON track.song_id = song.id
        JOIN track_artist ON track_artist.track_id = track.id
        JOIN artist ON artist.id = track_artist.artist_id
    WHERE {_SPAN} ORDER BY song.id, track.id, position
"""
_OLD: Final = f"""
    SELECT song_text.rowid, song_text.title, song_text.artist, song_text.album, song_text.keys
    FROM song JOIN song_text ON song_text.rowid = song.indexed
    WHERE {_SPAN} AND song.indexed IS NOT NULL
"""
