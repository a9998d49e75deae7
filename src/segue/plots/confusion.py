"""The confusion matrix: which genres are taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.plots.fonts import Fonts, fonts_for, plain
from segue.plots.installed import require
from segue.plots.palette import INK, PAPER, SOFT
from segue.plots.sheet import check_format, header, save, sheet, style
from segue.plots.words import fitted, readable, width_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST: Final = 100  # genres; a picture of more has no room for their names

_COLORS: Final = "Blues"  # one hue that darkens, told apart by all eyes and in print
# As dark as words in ink can still be read on (contrast 5): words in white would be lost in an
# SVG, where all words have a white rim.
_DARKEST: Final = 0.6

# Inches.
_HEAD: Final = 1.2
_NAME: Final = 1.9  # the longest name of a genre
_SUMS: Final = 1.45  # the sums and shares at the right
_BELOW: Final = 0.62  # and beneath
_LEAST: Final = 8.2  # of the sheet's width


def draw_confusion(
    confusion: NDArray[np.int64], labels: Sequence[str], out: Path, title: str
) -> Fonts:
    """Write the coloured matrix as PNG or SVG; return the fonts it was drawn with.

    True genres are rows, predicted ones columns. The colour of a cell is its share of the row;
    what is not zero is written as a count and a percentage. At the right are the songs of each
    genre and its recall, beneath how often each was predicted and its precision.

    Parameters
    ----------
    confusion
        Counts, at or above 0 [shape=(g, g)].
    labels
        Names of the g genres, of any length and script, 1 to 100.
    title
        Written with the accuracy after it.

    Raises
    ------
    UsageError
        If the shapes do not agree, a count is below 0, there are no songs at all or too many
        genres, matplotlib is not installed, or the name of the file ends in neither ``.png`` nor
        ``.svg``.
    LibraryError
        If it cannot be written.
    """
    check_format(out)
    _check(confusion, labels)
    require("matplotlib")
    count = len(labels)
    fonts = fonts_for(map(plain, [*labels, title]))
    with style(fonts):
        cell = float(np.clip(1.02 - 0.018 * count, 0.52, 0.9))
        size = 10.5 if count <= 15 else 9.5
        bare = sheet(1, 1)  # to measure words before the real one has its size
        names = [
            fitted(bare, readable(label, fonts, f"genre {i}"), size, _NAME)
            for i, label in enumerate(labels, 1)
        ]
        longest = max(width_of(bare, name, size) for name in names)
        left = longest + 0.85
        foot = longest * 0.72 + 0.75
        side = count * cell
        width = max(left + side + _SUMS + 1.1, _LEAST)
        height = _HEAD + side + _BELOW + foot
        figure = sheet(width, height)
        _header(figure, readable(title, fonts, "Genres"), confusion)
        room = ((width - side - _SUMS - 1.1 + left) / 2, foot + _BELOW, side)
        axes = _matrix(figure, confusion, room)
        _cells(axes, confusion, cell)
        _sums(axes, confusion, cell, size)
        _names(axes, names, size)
        save(figure, out)
    return fonts


def _check(confusion: NDArray[np.int64], labels: Sequence[str]) -> None:
    if not 1 <= len(labels) <= MOST:
        raise UsageError(f"{len(labels)} genres cannot be drawn; expected 1 to {MOST}")
    if confusion.shape != (len(labels), len(labels)):
        shape = " x ".join(map(str, confusion.shape))
        raise UsageError(
            f"the matrix is {shape} for {len(labels)} genres; expected a row and a column for each"
        )
    if (confusion < 0).any():
        raise UsageError("the matrix has a count below 0; expected numbers of songs")
    if not confusion.any():
        raise UsageError("all counts are 0; evaluate on at least one song")


def _header(figure: Figure, title: str, confusion: NDArray[np.int64]) -> None:
    songs = int(confusion.sum())
    accuracy = f": {100 * np.trace(confusion) / songs:.1f} % right"
    width = figure.get_size_inches()[0] - 0.64
    room = width - width_of(figure, accuracy, 23, bold=True)
    about = f"{songs:,} {'songs' if songs > 1 else 'song'} · colour and % are of the row"
    header(figure, fitted(figure, title, 23, room, bold=True) + accuracy, about)


def _matrix(figure: Figure, confusion: NDArray[np.int64], room: tuple[float, float, float]) -> Axes:
    """Draw the cells' colours in a square at left and bottom, of a side in inches; and the bar."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    width, height = figure.get_size_inches()
    left, bottom, side = room
    axes = figure.add_axes((left / width, bottom / height, side / width, side / height))
    colors = ListedColormap(colormaps[_COLORS](np.linspace(0, _DARKEST, 256)))
    image = axes.imshow(
        100 * _shares(confusion, axis=1), cmap=colors, vmin=0, vmax=100, interpolation="nearest"
    )
    count = len(confusion)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_xticks(np.arange(count + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(count + 1) - 0.5, minor=True)
    axes.grid(which="minor", color=PAPER, linewidth=1.2)
    axes.tick_params(which="both", length=0)
    long = min(side, 4.0)
    beside = figure.add_axes(
        (
            (left + side + _SUMS) / width,
            (bottom + (side - long) / 2) / height,
            0.16 / width,
            long / height,
        )
    )
    bar = figure.colorbar(image, cax=beside, ticks=np.arange(0, 101, 20 if long > 1.5 else 50))
    bar.outline.set_visible(False)
    beside.tick_params(labelsize=9, colors=SOFT, length=3)
    beside.set_ylabel("% of the row", size=9.5, color=SOFT)
    return axes


def _shares(confusion: NDArray[np.int64], axis: int) -> NDArray[np.float64]:
    """Return shares of the row (axis 1) or the column (axis 0); 0 where the sum is 0."""
    sums = confusion.sum(axis=axis, keepdims=True)
    return np.asarray(confusion / np.maximum(sums, 1))


def _cells(axes: Axes, confusion: NDArray[np.int64], cell: float) -> None:
    shares = _shares(confusion, axis=1)
    size = cell * 72 * 0.21
    for row, column in np.argwhere(confusion).tolist():
        right = row == column
        axes.text(
            column,
            row,
            f"{_short(int(confusion[row, column]))}\n{_percent(float(shares[row, column]))}",
            size=size,
            weight="bold" if right else "normal",
            color=INK,
            ha="center",
            va="center",
            linespacing=1.15,
        )


def _sums(axes: Axes, confusion: NDArray[np.int64], cell: float, size: float) -> None:
    """Write the sums and shares at the right and beneath."""
    count = len(confusion)
    rights = np.diag(confusion)
    rows, columns = confusion.sum(axis=1), confusion.sum(axis=0)
    for place, sum_, right in zip(range(count), rows.tolist(), rights.tolist(), strict=True):
        _aside(axes, count - 0.5, place, 0.55 / cell, 0, _short(sum_), size)
        _aside(axes, count - 0.5, place, 1.2 / cell, 0, _of(right, sum_), size, bold=True)
    for place, sum_, right in zip(range(count), columns.tolist(), rights.tolist(), strict=True):
        _aside(axes, place, count - 0.5, 0, 0.19 / cell, _short(sum_), size * 0.92)
        _aside(axes, place, count - 0.5, 0, 0.43 / cell, _of(right, sum_), size * 0.92)
    for offset, text in ((0.55, "songs"), (1.2, "recall")):
        _aside(axes, count - 0.5, -0.5, offset / cell, -0.14 / cell, text, 9.5, soft=True)
    for offset, text in ((0.19, "predicted"), (0.43, "precision")):
        _aside(
            axes, -0.5, count - 0.5, -0.12 / cell, offset / cell, text, 9.5, soft=True, left=True
        )


def _aside(
    axes: Axes,
    x: float,
    y: float,
    right: float,
    down: float,
    text: str,
    size: float,
    *,
    bold: bool = False,
    soft: bool = False,
    left: bool = False,
) -> None:
    axes.text(
        x + right,
        y + down,
        text,
        size=size,
        weight="bold" if bold else "normal",
        color=SOFT if soft else INK,
        ha="right" if left or right > 0 else "center",
        va="center",
        clip_on=False,
    )


def _names(axes: Axes, names: Sequence[str], size: float) -> None:
    places = range(len(names))
    axes.set_yticks(places, names, size=size, color=INK)
    axes.set_xticks(
        places, names, size=size, color=INK, rotation=45, ha="right", rotation_mode="anchor"
    )
    axes.tick_params(axis="x", pad=_BELOW * 72 + 2)
    axes.set_xlabel("predicted genre", size=11.5, color=SOFT, weight="bold")
    axes.set_ylabel("true genre", labelpad=9, size=11.5, color=SOFT, weight="bold")
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.set_ylim(len(names) - 0.5, -0.5)


def _short(count: int) -> str:
    """Return a count in at most four characters, as far as it goes.

    >>> _short(9_999), _short(12_345), _short(3_400_000)
    ('9999', '12k', '3.4M')
    """
    if count < 10_000:
        return str(count)
    return f"{count / 1e3:.0f}k" if count < 999_500 else f"{count / 1e6:.1f}M"


def _percent(share: float) -> str:
    """Return a percentage; what is not zero is never written as zero, nor what is less as all.

    >>> _percent(0.004), _percent(0.125), _percent(0.999), _percent(1.0)
    ('<1%', '12%', '>99%', '100%')
    """
    if 0 < share < 0.005:
        return "<1%"
    return ">99%" if 0.995 <= share < 1 else f"{100 * share:.0f}%"


def _of(right: int, sum_: int) -> str:
    return _percent(right / sum_) if sum_ else "–"
