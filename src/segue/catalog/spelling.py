"""Other words that a word may have been meant to be: longer ones, and those spelled alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from segue.catalog.database import Database
from segue.catalog.search_index import is_unspaced

_COMPLETIONS: Final = 48  # of one word that are looked for at once
_CORRECTIONS: Final = 12
_CONTAINING: Final = 24
_COMMON: Final = 50  # uses; see the index song_word_common
_FEW: Final = 1_000  # common words; where there are fewer, all words are few
_SHORT: Final = 2  # a word of so many letters is completed to common words alone
_LONGEST: Final = 30  # a word of more letters has no typing errors, but something else
_OFTENER: Final = 5  # so many times as common must a correction of a common word be
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_LAST: Final = "\U0010ffff"

Choices = list[list[str]]


class Spelling:
    """What the words of the catalogue make of the words of a query.

    Each method returns, for every word, itself and what it may stand for, the likeliest first; or
    None where it knows of nothing.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._uses: dict[str, int] = {}
        self._few: bool | None = None

    def completed(self, words: Sequence[str]) -> Choices | None:
        """Take the last word for the beginning of a word."""
        completions = self._completions(words[-1])
        if not completions:
            return None
        return [[word] for word in words[:-1]] + [[words[-1], *completions]]

    def mended(self, words: Sequence[str]) -> Choices | None:
        """Take words for ones with an error: a letter too many, too few, wrong, or swapped.

        Words that nobody uses, where there are any; else all.
        """
        return self._changed(words, self._one_off, self._suspects(words))

    def mended_more(self, words: Sequence[str]) -> Choices | None:
        """Take the same words for ones with up to two errors behind their first letters."""
        return self._changed(words, self._two_off, self._suspects(words))

    def mended_throughout(self, words: Sequence[str]) -> Choices | None:
        """Take every word for one with an error."""
        return self._changed(words, self._one_off, words)

    def within_common(self, words: Sequence[str]) -> Choices | None:
        """Take a single word, and of several the rare ones, for pieces of common words."""
        least = 1 if self._has_few() else _COMMON
        rare = words if len(words) == 1 else [w for w in words if self.uses(w) < _COMMON]
        return self._changed(words, lambda word: self._around(word, least), rare)

    def within(self, words: Sequence[str]) -> Choices | None:
        """Take a single word for a piece of any word; this reads all of them."""
        return self._changed(words, lambda word: self._around(word, 1), words[: len(words) == 1])

    def relaxed(self, words: Sequence[str]) -> Iterator[list[Choices]]:
        """Leave words out: those that are nowhere, then any one, then the commonest half.

        Yields what to try in turn; each is a list of which one must hold.
        """
        choices = [self._likeliest(word) for word in words]
        known = sorted(filter(None, choices), key=lambda forms: sum(map(self.uses, forms)))
        if known and len(known) < len(words):
            yield [known]
        if len(known) > 2:
            yield [known[:i] + known[i + 1 :] for i in range(len(known))]
        if len(known) > 1:
            yield [known[: len(known) // 2]]

    def _likeliest(self, word: str) -> list[str]:
        if self.uses(word):
            return [word]
        for forms in (self._one_off, self._two_off, self._completions):
            found = forms(word)
            if found:
                return found
        return []

    def _suspects(self, words: Sequence[str]) -> Sequence[str]:
        return [word for word in words if not self.uses(word)] or words

    def _changed(
        self, words: Sequence[str], forms: Callable[[str], list[str]], which: Sequence[str]
    ) -> Choices | None:
        found = [forms(word) if word in which else [] for word in words]
        if not any(found):
            return None
        return [[word, *others] for word, others in zip(words, found, strict=True)]

    def _completions(self, word: str) -> list[str]:
        if is_unspaced(word):
            return []
        query = (
            "SELECT word FROM song_word WHERE word > ? AND word < ? AND uses >= {} "
            "ORDER BY uses DESC, word LIMIT ?"
        )
        values = (word, word + _LAST, _COMPLETIONS)
        rows = []
        if len(word) <= _SHORT:
            rows = self._database.query(query.format(_COMMON), values)
        if not rows:
            rows = self._database.query(query.format(1), values)
        return [found for (found,) in rows]

    def _one_off(self, word: str) -> list[str]:
        if not _may_be_wrong(word, 3):
            return []
        near = sorted(_edits(word))
        rows = self._database.query(
            "SELECT word, uses FROM song_word "
            f"WHERE word IN ({', '.join('?' * len(near))}) AND uses > 0",
            near,
        )
        return self._commoner(word, [(1, -uses, found) for found, uses in rows])

    def _two_off(self, word: str) -> list[str]:
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        if not _may_be_wrong(word, 5):
            return []
        first = word[:3] if len(word) > 5 else word[:2]
        rows = self._database.query(
            "SELECT word, uses FROM song_word WHERE word >= ? AND word < ? "
            "AND length(word) BETWEEN ? AND ? AND uses > 0",
            (first, first + _LAST, len(word) - 2, len(word) + 2),
        )
        uses = dict(rows)
        close = process.extract(word, list(uses), scorer=OSA.distance, score_cutoff=2, limit=None)
        return self._commoner(word, [(away, -uses[found], found) for found, away, _ in close])

    def _has_few(self) -> bool:
        if self._few is None:
            query = f"SELECT count(*) FROM song_word WHERE uses >= {_COMMON}"
            self._few = self._database.query_one(query)[0] < _FEW
        return self._few

    def _around(self, word: str, least: int) -> list[str]:
        if is_unspaced(word) or len(word) < 2:
            return []
        rows = self._database.query(
            f"SELECT word FROM song_word WHERE uses >= {least} AND instr(word, ?) > 0 "
            "ORDER BY uses DESC, word LIMIT ?",
            (word, _CONTAINING),
        )
        return [found for (found,) in rows if found != word]

    def _commoner(self, word: str, found: list[tuple[int, int, str]]) -> list[str]:
        """Return the best corrections; a common word is meant, unless another is far commoner."""
        least = self.uses(word) * _OFTENER
        found = [item for item in sorted(found) if item[2] != word and -item[1] >= least]
        self._uses.update((item[2], -item[1]) for item in found)
        return [item[2] for item in found[:_CORRECTIONS]]

    def uses(self, word: str) -> int:
        """Return how often a word stands in the index; of pairs of characters that is not known."""
        if is_unspaced(word):
            return _COMMON
        if word not in self._uses:
            row = self._database.query_one("SELECT uses FROM song_word WHERE word = ?", (word,))
            self._uses[word] = row[0] if row else 0
        return self._uses[word]


def _may_be_wrong(word: str, shortest: int) -> bool:
    return shortest <= len(word) <= _LONGEST and not is_unspaced(word) and not word.isdecimal()


def _edits(word: str) -> set[str]:
    """Return every word that is one error away."""
    letters = _LETTERS if word.isascii() else _alphabet(word)
    halves = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    found = {a + b[1:] for a, b in halves if b}
    found |= {a + b[1] + b[0] + b[2:] for a, b in halves if len(b) > 1}
    found |= {a + c + b[1:] for a, b in halves if b for c in letters}
    found |= {a + c + b for a, b in halves for c in letters}
    return found - {word}


def _alphabet(word: str) -> str:
    """Return the letters of the scripts of a word: those of the blocks of 64 that it is written in.

    >>> "абвгд" in _alphabet("жук")
    True
    """
    blocks = sorted({ord(c) // 64 for c in word if not c.isascii()})
    letters = [chr(c) for b in blocks for c in range(64 * b, 64 * b + 64) if chr(c).isalpha()]
    latin = _LETTERS if any(c.isascii() for c in word) else ""
    return latin + "".join(dict.fromkeys("".join(letters).casefold()))
