"""The words of playlist titles, in any language."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib import import_module
from typing import Final, Literal

INSTALL: Final = "pip install 'segue[crawl]'"
"""What brings the segmenters for Chinese and Japanese."""

_Kind = Literal["han", "kana", "letters", "mark", "none"]
_Segmenter = Callable[[str], list[str]]

_LONGEST: Final = 64  # characters; what is longer is no word that anybody searches for
_JOINERS: Final = "\u200c\u200d"  # invisible, in words of Persian, Hindi ...
_JOINING: Final = f"'\u2019{_JOINERS}"
_VARIANTS: Final = range(0xFE00, 0xFE10)  # which form of a sign is meant: of emoji, mostly
_KEYCAP: Final = 0x20E3
_HAN: Final = (  # with 々 and its like
    (0x3005, 0x3007), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF)
)  # fmt: skip
_KANA: Final = ((0x3041, 0x30FA), (0x30FC, 0x30FF), (0x31F0, 0x31FF))
_HANGUL: Final = ((0x1100, 0x11FF), (0x3131, 0x318E), (0xAC00, 0xD7FF))


class TitleWords:
    r"""Splits titles into words, and counts those that it could not split.

    Words end at spaces and punctuation; an apostrophe inside a word belongs to it, and so does the
    ``&`` between two single letters ("r&b"). Case and width are folded (NFKC). Emoji and single
    letters are no words. Numbers are, since many playlists are named after a year or a decade;
    single digits are not.

    Chinese and Japanese are written without spaces: runs of their signs are segmented by
    ``rjieba`` (Chinese) and ``janome`` (Japanese, told by the kana of the title), which come with
    the extra ``segue[crawl]``. Without them such runs yield no words, and the title is counted in
    `unsegmented`. Of single signs the ideographs are words; kana are not, being particles. Korean
    has spaces. Thai, Lao, Khmer and Burmese have none, and a run of theirs is one word.

    Attributes
    ----------
    unsegmented
        Titles that a missing segmenter was needed for, by language.

    Examples
    --------
    >>> TitleWords().of("R&B \u2728 Don't Stop: 80s + 90s Hits, vol. 2 (HITS!)")
    ['r&b', "don't", 'stop', '80s', '90s', 'hits', 'vol']
    """

    def __init__(self) -> None:
        self.unsegmented: Counter[str] = Counter()
        self._segmenters: dict[str, _Segmenter | None] = {}

    def of(self, title: str) -> list[str]:
        """Return the words of a title, each once, in order."""
        text = unicodedata.normalize("NFKC", title).casefold()
        runs = list(_runs(text))
        unspaced = [run for run, spaced in runs if not spaced]
        language = ""
        if unspaced and not any(_within(sign, _HANGUL) for sign in text):
            kana = any(_within(sign, _KANA) for run in unspaced for sign in run)
            language = "Japanese" if kana else "Chinese"
        segment = self._segmenter(language) if language else None
        if language and segment is None:
            self.unsegmented[language] += 1
        words: dict[str, None] = {}
        for run, spaced in runs:
            if spaced or not language:  # ideographs in a Korean title stand between spaces, too
                words[run] = None
            elif segment is not None:
                words.update(dict.fromkeys(segment(run)))
        return [word for word in words if _is_word(word)]

    def _segmenter(self, language: str) -> _Segmenter | None:
        if language not in self._segmenters:
            make = _japanese if language == "Japanese" else _chinese
            try:
                self._segmenters[language] = make()
            except ImportError:
                self._segmenters[language] = None
        return self._segmenters[language]


def _chinese() -> _Segmenter:
    cut: _Segmenter = import_module("rjieba").cut
    return cut


def _japanese() -> _Segmenter:
    # The dictionary is mapped into memory, not read.
    tokenizer = import_module("janome.tokenizer").Tokenizer(wakati=True)
    return lambda run: list(tokenizer.tokenize(run))


def _runs(text: str) -> Iterator[tuple[str, bool]]:
    """Yield (run, whether its script has spaces) of the stretches between spaces and punctuation.

    A run also ends where a script without spaces begins or ends.
    """
    run, spaced = "", True
    for place, sign in enumerate(text):
        kind = _kind(sign)
        if kind == "mark":
            kind = "letters" if run and spaced else "han" if run else "none"
        elif kind == "none" and run and spaced and _joins(text, place, run):
            kind = "letters"
        if run and (kind == "none" or (kind == "letters") != spaced):
            yield run, spaced
            run = ""
        if kind != "none":
            run, spaced = run + ("'" if sign == "\u2019" else sign), kind == "letters"
    if run:
        yield run, spaced


def _joins(text: str, place: int, run: str) -> bool:
    """Return whether the sign at a place, after the letters of a run, is part of their word."""
    after = text[place + 1 : place + 3]
    if not after or _kind(after[0]) != "letters":
        return False
    if text[place] == "&":
        return len(run) == 1 and (len(after) == 1 or _kind(after[1]) == "none")
    return text[place] in _JOINING


def _is_word(word: str) -> bool:
    if len(word) > _LONGEST or not any(unicodedata.category(sign)[0] in "LN" for sign in word):
        return False
    return len(word) > 1 or _within(word, _HAN) or _within(word, _HANGUL)


@lru_cache(maxsize=20_000)
def _kind(sign: str) -> _Kind:
    if _within(sign, _HAN):
        return "han"
    if _within(sign, _KANA):
        return "kana"
    category = unicodedata.category(sign)[0]
    if category == "M":
        return "none" if ord(sign) in _VARIANTS or ord(sign) == _KEYCAP else "mark"
    return "letters" if category in "LN" else "none"


def _within(sign: str, blocks: tuple[tuple[int, int], ...]) -> bool:
    code = ord(sign)
    return any(first <= code <= last for first, last in blocks)
