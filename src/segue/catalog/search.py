"""Finding songs by words of their title, artist and album; typing errors are forgiven.

The songs that are called exactly so come first, then those that hold every word, then those with
words that begin so, are spelled alike or hold the letters. Each step reads rows in the order of
their popularity and stops early, and is taken only where those before found too little.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from segue.catalog.database import Database
from segue.catalog.search_index import (
    ABSENT,
    artist_key,
    doublings,
    is_unspaced,
    song_of,
    title_key,
    tokens,
    whole_key,
)
from segue.catalog.spelling import Choices, Spelling
from segue.catalog.text import fold

_MOST_CHARACTERS: Final = 300  # of what is asked for; more finds the song no better
_MOST_WORDS: Final = 12
_CANDIDATES: Final = 200  # rows of one step that are compared one by one
_CLOSE: Final = 68.0  # of 100: what is further from the words asked for is not what was meant
_BY_ARTIST: Final = 97.0  # the words are the artist's whole name; 100: the song's
_PART: Final = 0.8  # of 100 at most, where they are not a whole name
_EXACT_STEP: Final = 0.7  # points for twice as many playlists, among whole names; 15 at most
_PART_STEP: Final = 1.4
_MOST_STEPS: Final = 21.0  # doublings
_TELLING: Final = 4  # words, the rarest ones, that a song is found by before it is compared
_ENOUGH: Final = 3  # words of which one may be wrong
_KNOWN: Final = 3.0  # doublings
_KEPT: Final = 5  # of so many results one is kept for the song that is called exactly so

_Row = tuple[int, str, str, str]  # number in song_text, title, artist, album


def search(
    database: Database, words: str, limit: int, *, present: bool = False
) -> list[tuple[int, float]]:
    """Return (track id, score 0..100) of the songs that words name, best first.

    One track a song: one with a present file, else that which stands in most playlists; where it
    was merged into another, that one. Ties come by playlists, then in the order of ids.

    Parameters
    ----------
    present
        Only songs that have a file now.
    """
    folded = fold(words[:_MOST_CHARACTERS])
    if not folded or limit < 1:
        return []
    finder = _Finder(database, folded, present)
    finder.find(limit)
    return finder.best(limit)


def versions(database: Database, tracks: Iterable[int]) -> dict[int, list[int]]:
    """Return, by track, all tracks of its song: those with a file, then the most in playlists.

    Live takes and remixes are other songs. Tracks that were merged are represented by the one they
    were merged into.
    """
    wanted = [int(track) for track in tracks]
    rows = database.query(f"SELECT id, song_id FROM track WHERE id IN ({_marks(wanted)})", wanted)
    songs = {track: song for track, song in rows if song is not None}
    pressings = _pressings(database, sorted(set(songs.values())))
    return {track: pressings[songs[track]] for track in wanted if track in songs}


class _Finder:
    """Collects the rows that answer to some folded words, with their scores."""

    def __init__(self, database: Database, folded: str, present: bool) -> None:
        self._database = database
        self._present = present
        self._bare = folded.replace(" ", "")
        self._plain = folded.split()
        self._words = list(dict.fromkeys(tokens(folded)))[:_MOST_WORDS]
        self._text = " ".join(tokens(folded))
        self._exact: dict[int, float] = {}
        self._spelling = Spelling(database)
        self._called: list[int] = []  # rows of songs with just this title
        self._parts: dict[int, float] = {}

    def find(self, limit: int) -> None:
        """Look until there are `limit` songs, or what was found is likely what was meant."""
        self._find_whole_names(limit)
        if self._count() >= limit:
            return
        named = len(self._words) > 1 and self._is_known()  # in full, so that nothing is to mend
        self._add([[[word] for word in self._words]])
        if named or self._count() >= limit:
            return
        spelling = self._spelling
        if not self._complete():
            self._add([spelling.completed(self._words)])
        if len(self._words) == 1 and self._count() < limit:
            self._add([spelling.within_common(self._words)])
        if self._count() >= limit or self._is_known():
            return
        if self._leave_one_out() and self._count():
            return
        self._add([spelling.mended(self._words)], _CLOSE)
        for forms in (
            spelling.mended_more,
            spelling.mended_throughout,
            spelling.within_common,
            spelling.within,
        ):
            if not self._count():
                self._add([forms(self._words)], _CLOSE)
        for choices in spelling.relaxed(self._words):
            if self._count():
                return
            self._add(choices, _CLOSE)

    def _complete(self) -> bool:
        """Take the last word for the beginning of one; where the others are rare, of any one.

        Returns whether that was so.
        """
        *others, last = self._words
        if not others or is_unspaced(last):
            return False
        rows = self._rows(_match([[[word] for word in others]]), _CANDIDATES)
        beginning = f" {last}"
        self._score(
            row for row in rows if beginning in " ".join((" ", *row[1:4])).replace("\n", " ")
        )
        return len(rows) < _CANDIDATES

    def _leave_one_out(self) -> bool:
        """Look for songs that hold all of the words but one; return whether those are all."""
        words = self._words
        if len(words) < _ENOUGH:
            return False
        telling = sorted(words, key=self._spelling.uses)[:_TELLING]
        choices = [[[word] for word in telling if word != left] for left in telling]
        rows = self._rows(_match(choices), _CANDIDATES)
        self._score(rows, _CLOSE)
        return len(rows) < _CANDIDATES

    def _is_known(self) -> bool:
        """Tell whether a song was found that is in playlists: hardly somebody's typing error."""
        return any(doublings(row) >= _KNOWN for row in (*self._exact, *self._parts))

    def best(self, limit: int) -> list[tuple[int, float]]:
        """Return (track, score) of the best songs."""
        found = {**self._parts, **self._exact}
        most = max(map(doublings, found), default=0.0)
        scores = {}
        for row, match in found.items():
            step = _EXACT_STEP if row in self._exact else _PART_STEP
            behind = min(most - doublings(row), _MOST_STEPS)
            scores[row] = max(0.0, match - step * behind)
        rows = sorted(scores, key=lambda row: (-scores[row], row))
        called = [row for row in rows if row in self._called][: max(1, limit // _KEPT)]
        rows = list(dict.fromkeys([*rows[: 2 * limit], *called]))
        songs = [song_of(row) for row in rows]
        pressings = _pressings(self._database, songs, self._present)
        playlists = dict(
            self._database.query(
                f"SELECT id, playlists FROM song WHERE id IN ({_marks(songs)})", songs
            )
        )
        rows = sorted(
            (row for row in rows if song_of(row) in pressings),
            key=lambda row: (-scores[row], -playlists.get(song_of(row), 0), song_of(row)),
        )
        # An artist of that name with many songs does not hide the song of that name.
        hidden = [row for row in rows[limit:] if row in called]
        tracks: dict[int, float] = {}
        for row in [*rows[: limit - len(hidden)], *hidden][:limit]:
            tracks.setdefault(pressings[song_of(row)][0], scores[row])
        return list(tracks.items())

    def _find_whole_names(self, limit: int) -> None:
        for row in self._rows(f'keys : "{title_key(self._bare)}"', limit + 5):
            if self._is_named(row[1]):
                self._exact[row[0]] = 100.0
                self._called.append(row[0])
        turned = {
            "".join(self._plain[i:] + self._plain[:i])
            for i in range(min(len(self._plain), _MOST_WORDS))
        }
        match = f"keys : ({' OR '.join(map(_quoted, sorted(map(whole_key, turned))))})"
        for row in self._rows(match, limit + 5):
            self._exact[row[0]] = 100.0
        for row in self._rows(f'keys : "{artist_key(self._bare)}"', limit + 5):
            if self._is_named(row[2]):
                self._exact.setdefault(row[0], _BY_ARTIST)

    def _is_named(self, lines: str) -> bool:
        """Tell whether a key was not met by chance."""
        if not lines.isascii() or not self._bare.isascii():
            return True
        return any(line.replace(" ", "").startswith(self._bare) for line in lines.split("\n"))

    def _count(self) -> int:
        return len(self._exact) + sum(row not in self._exact for row in self._parts)

    def _add(self, choices: Sequence[Choices | None], least: float = 0.0) -> None:
        """Add the songs for which one of the choices holds: one of each list of words."""
        if least:  # what is compared afterwards need not hold the words that many songs hold
            choices = [self._telling(lists) for lists in choices if lists]
        match = _match([lists for lists in choices if lists])
        if match:
            self._score(self._rows(match, _CANDIDATES), least)

    def _telling(self, lists: Choices) -> Choices:
        uses = self._spelling.uses
        return sorted(lists, key=lambda forms: sum(map(uses, forms)))[:_TELLING]

    def _score(self, rows: Iterable[_Row], least: float = 0.0) -> None:
        for row in rows:
            if row[0] not in self._exact and row[0] not in self._parts:
                closeness = _closeness(self._text, row)
                if closeness >= least:
                    self._parts[row[0]] = _PART * closeness

    def _rows(self, match: str, most: int) -> list[_Row]:
        rows: list[_Row] = self._database.query(
            "SELECT rowid, title, artist, album FROM song_text "
            "WHERE song_text MATCH ? AND rowid < ? ORDER BY rowid LIMIT ?",
            (match, ABSENT, most),
        )
        if not self._present:
            rows += self._database.query(
                "SELECT rowid, title, artist, album FROM song_text "
                "WHERE song_text MATCH ? AND rowid >= ? ORDER BY rowid LIMIT ?",
                (match, ABSENT, most),
            )
        return rows


def _closeness(query: str, row: _Row) -> float:
    """Return 0..100: how well words name a song, its title before its artist and album."""
    from rapidfuzz import fuzz

    _, titles, artists, albums = row
    artist = artists.partition("\n")[0]
    best = 0.0
    for title in titles.split("\n"):
        both = f"{artist} {title}"
        whole = max(
            fuzz.ratio(query, title),
            fuzz.ratio(query, both),
            fuzz.ratio(query, f"{title} {artist}"),
        )
        best = max(best, 0.25 * whole + 0.75 * fuzz.token_set_ratio(query, both))
    every = f"{titles} {artists} {albums}"
    parts = max(fuzz.token_set_ratio(query, every), fuzz.partial_ratio(query, every))
    return max(best, 0.9 * parts)


def _match(choices: Sequence[Choices]) -> str:
    return " OR ".join(
        "(" + " AND ".join(f"({' OR '.join(map(_quoted, words))})" for words in lists) + ")"
        for lists in choices
    )


def _quoted(word: str) -> str:
    return f'"{word}"'  # words hold letters and digits alone


def _pressings(
    database: Database, songs: Sequence[int], present: bool = False
) -> dict[int, list[int]]:
    """Return the tracks of songs, as `versions` orders them; with `present`, those with a file."""
    rows = database.query(
        f"""
        SELECT song_id, coalesce(merged_into, id) AS root,
            max(EXISTS (SELECT 1 FROM file WHERE track_id = track.id AND state = 'ok')) AS present
        FROM track WHERE song_id IN ({_marks(songs)})
        GROUP BY song_id, root {"HAVING present" if present else ""}
        ORDER BY song_id, present DESC, sum(playlists) DESC, root
        """,
        songs,
    )
    found: dict[int, list[int]] = {}
    for song, root, _ in rows:
        found.setdefault(song, []).append(root)
    return found


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
