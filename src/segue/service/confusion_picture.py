"""The confusion matrix of an evaluation: reading it, drawing it, and its worst mistakes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from segue.errors import SourceError
from segue.plots.confusion import draw_confusion
from segue.plots.fonts import plain

TITLE: Final = "What genre a song is"

_EXPECTED: Final = "expected what `segue genre evaluate --json` prints"
_MOST_SONGS: Final = 10**12  # in one cell; beyond, it is no count


@dataclass(frozen=True)
class Mistake:
    """A song whose genre was told wrongly.

    Attributes
    ----------
    certainty
        Of the genre that was predicted, 0..1; None where it is not told.
    """

    file: str
    genre: str
    predicted: str
    certainty: float | None = None


@dataclass(frozen=True, eq=False)
class GenreResult:
    """What an evaluation of genres says, as far as a picture needs it.

    Attributes
    ----------
    confusion
        Songs of each true genre (rows) that were given each genre [shape=(g, g)].
    labels
        Names of the g genres.
    mistakes
        Worst first.
    """

    confusion: NDArray[np.int64]
    labels: tuple[str, ...]
    mistakes: tuple[Mistake, ...] = ()

    @property
    def accuracy(self) -> float:
        """The share of the songs whose genre was told rightly; 0 of none."""
        return float(np.trace(self.confusion) / max(int(self.confusion.sum()), 1))

    @classmethod
    def from_json(cls, value: object) -> GenreResult:
        """Return the result that is in a JSON value; mistakes may be missing.

        Raises
        ------
        SourceError
            If a key is missing or its value is of another kind or shape.
        """
        if not isinstance(value, Mapping):
            raise SourceError(f"the result is no JSON object; {_EXPECTED}")
        labels = value.get("labels")
        if (
            not isinstance(labels, list | tuple)
            or not labels
            or not all(isinstance(label, str) for label in labels)
        ):
            raise SourceError(f'"labels" of the result is no list of names; {_EXPECTED}')
        rows = value.get("confusion")
        count = len(labels)
        if not _is_square(rows, count):
            raise SourceError(
                f'"confusion" of the result is no matrix of {count} x {count} counts, a row and a '
                f"column for each label; {_EXPECTED}"
            )
        mistakes = value.get("mistakes", [])
        if not isinstance(mistakes, list | tuple):
            raise SourceError(f'"mistakes" of the result is no list; {_EXPECTED}')
        return cls(
            np.array(rows, dtype=np.int64),
            tuple(map(_clean, labels)),
            tuple(map(_mistake, mistakes)),
        )


@dataclass(frozen=True)
class ConfusionPicture:
    """A confusion matrix that was drawn.

    Attributes
    ----------
    out
        The picture.
    result
        What is in it.
    unreadable
        Genres that no font of this machine can show; a number stands for them.
    """

    out: Path
    result: GenreResult
    unreadable: tuple[str, ...] = ()


def read_result(text: bytes) -> GenreResult:
    """Return the result of an evaluation from the JSON that it printed.

    Raises
    ------
    SourceError
        If it is not JSON, or not such a result.
    """
    import msgspec

    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SourceError(f"the result is not JSON ({error}); {_EXPECTED}") from error
    return GenreResult.from_json(value)


def plot_confusion(result: GenreResult, out: Path, title: str = TITLE) -> ConfusionPicture:
    """Draw the confusion matrix of a result.

    Raises
    ------
    UsageError, LibraryError
        As for `segue.plots.confusion.draw_confusion`.
    """
    fonts = draw_confusion(result.confusion, result.labels, out, title)
    lacking = tuple(label for label in result.labels if not fonts.readable(plain(label)))
    return ConfusionPicture(out, result, lacking)


def _is_square(rows: Any, count: int) -> bool:
    return (
        isinstance(rows, list | tuple)
        and len(rows) == count
        and all(isinstance(row, list | tuple) and len(row) == count for row in rows)
        and all(
            isinstance(cell, int) and not isinstance(cell, bool) and 0 <= cell <= _MOST_SONGS
            for row in rows
            for cell in row
        )
    )


def _mistake(value: object) -> Mistake:
    if isinstance(value, Mapping):
        names = [value.get(key) for key in ("file", "genre", "predicted")]
        if all(isinstance(name, str) for name in names):
            certainty = value.get("certainty")
            if not isinstance(certainty, int | float) or not 0 <= certainty <= 1:
                certainty = None
            file, genre, predicted = (_clean(str(name)) for name in names)
            return Mistake(file, genre, predicted, certainty)
    raise SourceError(
        f'a mistake of the result has no "file", "genre" and "predicted" as text; {_EXPECTED}'
    )


def _clean(text: str) -> str:
    """Return text without NUL and lone surrogates, which terminals and pictures choke on."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
