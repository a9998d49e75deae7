"""Which song a record is about, told from the names and the duration that its source gives."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

from segue.catalog.songtitle import read_title, split_words, squash, symbols, without_guests

SURE: Final = 0.8
"""A `Match` at or above this is one song; below it, down to `DOUBTFUL`, people are asked."""
DOUBTFUL: Final = 0.3

_CLOSE: Final = 2.0  # seconds: one master; enough to make up for a credit or an edit that differs
_SAME: Final = 6.0  # pressings fade earlier or later; 90 % of equally named pairs are within
_OTHER: Final = 15.0  # beyond it, another take or edit


class SongKey(NamedTuple):
    """What tells a song from others; equal keys are equal songs as far as names can tell.

    Attributes
    ----------
    artist
        The whole credit without its guests, folded: its names in alphabetical order. Empty where
        the artist is unknown.
    first_artist
        The first name of the credit, folded.
    title
        The title without guests and version, folded. Empty where there is none.
    version
        Sorted words of what makes it another recording: ``live``, ``loud luxury remix``,
        ``acoustic``. Empty for the studio recording, remastered or not.
    cut
        ``short`` (radio edit), ``long`` (extended version), ``original`` (mix, version), ``mix``
        (of the single); empty where the title says none. One recording is sold with and without
        such words, so durations decide.
    digest
        63 bits and a sign, of artist, title, version and cut: equal for the same song, unless the
        durations say otherwise. None where artist or title is unknown.
    first_digest
        The same of `first_artist`, title and version. Where it is another's `digest`, the two may
        be one song, if their durations agree (`same_song`). Equal to `digest` where the credit is
        one name and there is no cut.
    """

    artist: str
    first_artist: str
    title: str
    version: str
    cut: str
    digest: int | None
    first_digest: int | None


class Match(NamedTuple):
    """How certain it is, 0..1, that two records are one song, and why."""

    certainty: float
    reason: str


def song_key(artist: str, title: str, artists: Sequence[str] = ()) -> SongKey:
    """Return the key of a song.

    Case, accents, width, punctuation, brackets, articles, guests and words on the pressing
    (remastered, mono, bonus track, album version, from the film) make no difference; a live take,
    a remix, an acoustic, instrumental or cover version, a demo and every number do.

    Parameters
    ----------
    artist
        The credit as one text.
    title
        The title with everything the source writes behind it.
    artists
        The names of the credit where the source lists them apart; then `artist` is not looked at.

    Examples
    --------
    >>> song_key("The Beatles", "Let It Be - Remastered 2009")[:4]
    ('beatles', 'beatles', 'letitbe', '')
    >>> song_key("Ed Sheeran", "I Don't Care (with Justin Bieber) - Loud Luxury Remix")[2:4]
    ('idontcare', 'loud luxury remix')
    >>> song_key("Simon and Garfunkel", "America").digest == song_key(
    ...     "", "AMERICA", ["Simon", "Garfunkel"]).digest
    True
    """
    words, version, cut, behind = read_title(title)
    names = _names(tuple(artists) if artists else (artist,))
    first = names[0]
    credit = names[1] if len(names) == 2 else _without_guests(names[1:], behind)
    if first in _NOBODY or not words:
        return SongKey("" if first in _NOBODY else credit, first, words, version, cut, None, None)
    digest = first_digest = _digest(f"{first}\n{words}\n{version}")
    if cut or credit != first:
        digest = _digest(f"{credit}\n{words}\n{version}\n{cut}")
    return SongKey(credit, first, words, version, cut, digest, first_digest)


def same_song(
    a: SongKey, b: SongKey, seconds_a: float | None = None, seconds_b: float | None = None
) -> Match:
    """Tell whether two records are one song.

    Parameters
    ----------
    seconds_a, seconds_b
        Their durations; None, zero or less where unknown.

    Returns
    -------
    Match
        At or above `SURE`: equal names, and durations that are unknown or at most 6 s apart; or
        names that differ by further artists or by an edit, and durations at most 2 s apart. From
        `DOUBTFUL`: equal names at 6..15 s, or such a difference and durations that cannot tell.

    Examples
    --------
    >>> studio, live = song_key("Cream", "Crossroads"), song_key("Cream", "Crossroads (Live)")
    >>> same_song(studio, live)
    Match(certainty=0.0, reason='another version')
    >>> same_song(studio, song_key("CREAM", "Crossroads [Mono]"), 250.1, 251.0)
    Match(certainty=1.0, reason='equal names and durations')
    """
    different = _how_different(a, b)
    if different:
        return Match(0.0, different)
    apart = None
    if seconds_a is not None and seconds_b is not None and seconds_a > 0 and seconds_b > 0:
        apart = abs(seconds_a - seconds_b)
    if a.artist == b.artist and a.cut == b.cut:
        return _by_names(apart)
    return _by_duration("one is an edit" if a.cut != b.cut else "one has further artists", apart)


def _how_different(a: SongKey, b: SongKey) -> str:
    if a.digest is None or b.digest is None:
        return "no artist or no title"
    if a.title != b.title:
        return "another title"
    if a.version != b.version:
        return "another version"
    return "" if _credits_meet(a, b) else "another artist"


def _by_names(apart: float | None) -> Match:
    if apart is None:
        return Match(0.9, "equal names")
    if apart <= _SAME:
        return Match(1.0, "equal names and durations")
    if apart <= _OTHER:
        return Match(0.5, f"equal names, durations are {apart:.0f} s apart")
    return Match(0.1, "equal names, durations differ")


def _by_duration(reason: str, apart: float | None) -> Match:
    if apart is None:
        return Match(0.4, f"{reason}, durations unknown")
    if apart <= _CLOSE:
        return Match(0.85, f"{reason}, durations are equal")
    if apart <= _SAME:
        return Match(0.4, f"{reason}, durations are {apart:.0f} s apart")
    return Match(0.1, f"{reason}, durations differ")


def _credits_meet(a: SongKey, b: SongKey) -> bool:
    """Tell whether one credit is the other with further names behind the same first one."""
    if a.artist == b.artist:
        return True
    if a.first_artist != b.first_artist:
        return False
    first = a.first_artist  # stands in "Dave Matthews Band" too
    others_a = {name for name in a.artist.split() if first not in name}
    others_b = {name for name in b.artist.split() if first not in name}
    return others_a <= others_b or others_b <= others_a


def _digest(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


_NOBODY: Final = frozenset(
    "unknown unknownartist variousartists variousartist various va na none null noartist artist "
    "undefined anonymous interpretivari variosartistas varios artistasvarios verschiedene "
    "verschiedeneinterpreten artistesdivers divers unbekannt unbekannterinterpret 群星 未知 "
    "未知歌手 未知艺术家 artistadesconocido artistadesconhecido artisteinconnu".split()
) | {""}
_BETWEEN: Final = re.compile(
    r"\s+(?:&|\+|/|and|['’]?n['’]?|y|e|und|et|con|x|with|vs|meets|presents|pres|duet with)\.?\s+"
    r"|\s*[;、，×]\s*|\s*[,_]\s+(?!(?:the|jr|sr)\b)",
    re.I,
)
_TITLES: Final = frozenset("dj ms miss".split())
_ENSEMBLES: Final = frozenset(
    "band group trio quartet quintet experiment orchestra ensemble".split()
)
_STYLED_I: Final = re.compile(r"(?<=[A-Za-z])!(?=[A-Za-z])")  # P!nk


@lru_cache(maxsize=1 << 16)
def _names(credit: tuple[str, ...]) -> tuple[str, ...]:
    """Return the short form of the first name, then every name of a credit; guests left out."""
    parts = (part for text in credit for part in _BETWEEN.split(without_guests(text)))
    names = [words for part in parts if (words := _name(part))]
    if not names:
        name = symbols("".join(credit))
        return name, name
    short = names[0]
    if len(short) > 1 and short[0] in _TITLES:
        short = short[1:]
    if len(short) > 1 and short[-1] in _ENSEMBLES:
        short = short[:-1]
    return squash(short), *dict.fromkeys(map(squash, names))


def _name(text: str) -> list[str]:
    if "!" in text:
        text = _STYLED_I.sub("i", text)
    words = split_words(text)
    return [word for word in words if word != "the"] or words


def _without_guests(names: tuple[str, ...], behind: str) -> str:
    """Return the credit without those whom the title names: guests and remixers."""
    named = squash(split_words(behind))
    kept = [name for name in names[1:] if len(name) < 3 or name not in named]
    return " ".join(sorted([names[0], *kept]))
