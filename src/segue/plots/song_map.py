"""The map of a library's songs: what goes together lies together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from segue.plots.coloring import Coloring
from segue.plots.fonts import Fonts, fonts_for, plain
from segue.plots.installed import require
from segue.plots.labels import Box, Label, place
from segue.plots.palette import INK, PAPER, deep
from segue.plots.sheet import check_format, header, legend, save, sheet, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SIDE: Final = 12.0  # inches
_HEAD: Final = 1.75
_LABELS: Final = 140
_LARGE, _SMALL = 13.0, 7.0  # points, of the first label and the last


@dataclass(frozen=True, eq=False)
class SongMap:
    """What a map shows of n songs.

    Attributes
    ----------
    points
        float32 [shape=(n, 2)], from -1 to 1.
    coloring
        Of the songs.
    labels
        Names to be written where there is room, those that count most first.
    title, subtitle
        Above the map.
    """

    points: NDArray[np.float32]
    coloring: Coloring
    labels: Sequence[Label]
    title: str
    subtitle: str


def draw_map(song_map: SongMap, path: Path) -> Fonts:
    """Write a map as PNG or SVG, by the file's name, and return the fonts it was drawn with.

    In an SVG the points are one image, and text is text.

    Raises
    ------
    UsageError
        If matplotlib is not installed, or the name ends in neither ``.png`` nor ``.svg``.
    LibraryError
        If it cannot be written.
    """
    check_format(path)
    require("matplotlib")
    fonts = fonts_of(song_map)
    with style(fonts):
        figure = sheet(_SIDE, _SIDE + _HEAD - 0.3)
        header(figure, song_map.title, song_map.subtitle)
        legend(figure, song_map.coloring, fonts)
        height = _SIDE + _HEAD - 0.3
        axes = figure.add_axes((0.1 / _SIDE, 0.1 / height, 1 - 0.2 / _SIDE, (_SIDE - 0.3) / height))
        draw_songs(axes, song_map, 1.0)
        write_labels(figure, axes, song_map.labels, fonts, _LABELS)
        save(figure, path)
    return fonts


def fonts_of(song_map: SongMap, *more: str) -> Fonts:
    """Return fonts for all texts of a map, and `more`."""
    names = [label.text for label in song_map.labels]
    groups = [name for name, _, _ in song_map.coloring.legend]
    texts = [*names, *groups, song_map.title, song_map.subtitle, *more]
    return fonts_for(map(plain, texts))


def draw_songs(axes: Axes, song_map: SongMap, scale: float, *, alpha: float = 0.8) -> None:
    """Draw a dot for each song, the grey ones below; `scale` is of their diameter."""
    points, coloring = song_map.points, song_map.coloring
    axes.set_axis_off()
    axes.set_aspect("equal")
    axes.set_xlim(-1.02, 1.02)
    axes.set_ylim(-1.02, 1.02)
    size = float(np.clip(1.1e5 / len(points), 1.6, 45)) * scale**2
    # Few colours among much grey are larger.
    bold = float(np.clip((0.4 * len(points) / max(int(coloring.known.sum()), 1)) ** 0.6, 1, 4))
    order = np.random.default_rng(0).permutation(len(points))  # no colour lies above another
    for known, part in ((False, 0.6), (True, bold)):
        chosen = order[coloring.known[order] == known]
        axes.scatter(
            points[chosen, 0],
            points[chosen, 1],
            s=size * part,
            c=coloring.colors[chosen],
            alpha=alpha,
            linewidths=0,
            rasterized=True,
        )


def write_labels(
    figure: Figure,
    axes: Axes,
    labels: Sequence[Label],
    fonts: Fonts,
    limit: int,
    color: str = INK,
    taken: Sequence[Box] = (),
) -> None:
    """Write the labels that have room, at most `limit`; those first in order are larger.

    None lies on the boxes that are taken, which are in pixels.
    """
    from matplotlib.font_manager import FontProperties

    canvas: Any = figure.canvas
    renderer = canvas.get_renderer()

    def points_of(placed: int) -> float:
        return float(_LARGE + (_SMALL - _LARGE) * (placed / limit) ** 0.5)

    def size(placed: int, label: Label) -> tuple[float, float]:
        font = FontProperties(size=points_of(placed), weight="bold")
        text = shown(label, fonts)
        width, high, _ = renderer.get_text_width_height_descent(text, font, False)
        line = points_of(placed) * figure.dpi / 72
        return width + 0.5 * line, max(high, line) + 0.25 * line

    def at(x: float, y: float) -> tuple[float, float]:
        right, up = axes.transData.transform((x, y))
        return float(right), float(up)

    frame = box_of(axes, renderer)
    for number, (index, box) in enumerate(place(labels, size, at, frame, limit, taken)):
        label = labels[index]
        right, up = middle(axes, box)
        axes.text(
            right,
            up,
            shown(label, fonts),
            size=points_of(number),
            weight="bold",
            color=deep(label.color) if label.color else color,
            ha="center",
            va="center_baseline",
            path_effects=halo(),
        )


def box_of(axes: Axes, renderer: Any) -> Box:
    """Return where axes are on the sheet, in pixels."""
    left, bottom, right, top = axes.get_window_extent(renderer).extents
    return float(left), float(bottom), float(right), float(top)


def middle(axes: Axes, box: Box) -> tuple[float, float]:
    """Return the centre of a box of pixels as a point of the map."""
    pixels = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    right, up = axes.transData.inverted().transform(pixels)
    return float(right), float(up)


def halo() -> list[Any]:
    """Return the effect that sets words off from what is below them."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=2.6, foreground=PAPER)]


def shown(label: Label, fonts: Fonts) -> str:
    """Return what is written for a label: its text, or what stands in where no font has it."""
    text = plain(label.text)
    return text if text and fonts.readable(text) else label.instead or "?"
