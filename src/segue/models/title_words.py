"""The words of a playlist's title, and numbers that stand for them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Words = tuple[str, ...]
Title = tuple[Words, Words]  # and of the description

WHOLE: Final = 2.0  # weights of features: the whole title, ...
WORD: Final = 1.0
PAIR: Final = 0.7  # ... two words in a row, ...
GRAM: Final = 0.3  # ... and a few letters
GRAMS: Final = (3, 4)
DESCRIPTION: Final = 0.3  # of a description's words beside the title's

NAME_WORDS: Final = 5  # the longest name of an artist that is looked for in a title
MOST_LETTERS: Final = 500  # that are read of one title or description, ...
MOST_WORDS: Final = 60  # ... and words
_HEARTS: Final = re.compile(
    "<3+|[\u2661\u2665\u2763\U0001f493-\U0001f49f\U0001f5a4\U0001f90d-\U0001f90f\U0001f9e1]"
)
_DECADE: Final = re.compile(r"(?<!\d)(?:19|20)?(\d0)['\u2019]?s\b")
_DRAWN_OUT: Final = re.compile(r"(\D)\1{2,}")
_RNB: Final = re.compile(r"\br ?(?:&|n|and) ?b\b")
_LETTER: Final = "\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\u0e00-\u0e7f"
_PIECES: Final = re.compile(rf"[{_LETTER}]+|[^\W_{_LETTER}]+|[^\w\s]")
_NO_SPACES: Final = re.compile(f"[{_LETTER}]")


def words_of(text: str) -> list[str]:
    """Return the words of a title as they are compared; an emoji is a word.

    Case, accents, width, skin colour and apostrophes do not count, nor do letters drawn out.
    Scripts without spaces come letter by letter, and so does Korean.

    >>> words_of("Beyonc\u00e9's 90's  JAMZZZZ \U0001f44d\U0001f3fd!!")
    ['beyonces', '90s', 'jamzz', '\U0001f44d']
    >>> words_of("\u590f\u306e\u6b4c 2016")
    ['\u590f', '\u306e', '\u6b4c', '2016']
    """
    text = unicodedata.normalize("NFKD", _HEARTS.sub("\u2764", text[:MOST_LETTERS])).casefold()
    text = "".join(c for c in text if not "\u0300" <= c <= "\u036f")
    text = _DECADE.sub(r"\1s", unicodedata.normalize("NFC", text))
    text = re.sub(r"['\u2019`.]", "", text)
    text = _DRAWN_OUT.sub(r"\1\1", _RNB.sub("rnb", text))
    found: list[str] = []
    for piece in _PIECES.findall(text):
        if _NO_SPACES.match(piece):
            found += piece
        elif piece[0].isalnum() or unicodedata.category(piece) == "So":
            found.append(piece)
    return found


def key_of(kind: str, text: str) -> int:
    """Return a number below 2**32 for a text of a kind, the same everywhere and always."""
    return crc32(f"{kind}:{text}".encode("utf-8", "replace"))


def features_of(words: Sequence[str], description: Sequence[str]) -> dict[int, float]:
    """Return the hashed features of a title with their weights: words, pairs, pieces of words."""
    found: dict[int, float] = {}
    if words:
        found[key_of("=", "".join(words))] = WHOLE
        for word in _forms(words):
            found[key_of("w", word)] = WORD
        for pair in pairwise(words):
            found[key_of("p", " ".join(pair))] = PAIR
        line = f" {' '.join(words)} "
        for size in GRAMS:
            for start in range(len(line) - size + 1):
                found[key_of("g", line[start : start + size])] = GRAM
    for word in _forms(description[:MOST_WORDS]):
        found.setdefault(key_of("w", word), WORD * DESCRIPTION)
    return found


def _forms(words: Iterable[str]) -> Iterator[str]:
    """Give each word, and what else it may mean: one of a plural, the year of its last digits."""
    for word in words:
        yield word
        if len(word) > 3 and word[-1] == "s":
            yield word[:-1]
        elif len(word) == 2 and word[0] in "012" and word.isdecimal():
            yield f"20{word}"


def names_in(words: Sequence[str]) -> set[int]:
    """Return the keys of what a title may name: artists, and songs with a word in their title."""
    spans = range(1, NAME_WORDS + 1)
    names = {artist_key(words[i : i + n]) for n in spans for i in range(len(words) - n + 1)}
    return names | {key_of("t", word) for word in words}


def artist_key(words: Sequence[str]) -> int:
    """Return the key of an artist's name: spaces in it do not count, as in "ACDC"."""
    return key_of("a", "".join(words))


def title_of(title: str, description: str) -> Title:
    """Return the words of a title and of its description, no more than count."""
    return tuple(words_of(title)[:MOST_WORDS]), tuple(words_of(description)[:MOST_WORDS])


def places(
    among: NDArray[np.uint32], keys: NDArray[np.uint32]
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Return where keys are among others that rise, those that are, and which these are.

    >>> at, known = places(np.array([3, 7], np.uint32), np.array([7, 5], np.uint32))
    >>> at.tolist(), known.tolist()
    ([1], [True, False])
    """
    if len(among) == 0:
        return np.zeros(0, dtype=np.int32), np.zeros(len(keys), dtype=bool)
    at = np.minimum(np.searchsorted(among, keys), len(among) - 1)
    known = among[at] == keys
    return at[known].astype(np.int32), np.asarray(known)
