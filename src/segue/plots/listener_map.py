"""A listener on the map: the songs chosen, their mean, and the songs nearest to it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from segue.plots.fonts import Fonts
from segue.plots.installed import require
from segue.plots.labels import FAR, SIDES, Box, Label, place
from segue.plots.palette import PAPER, SOFT
from segue.plots.sheet import check_format, header, legend, picture, save, save_frames, sheet, style
from segue.plots.song_map import (
    SongMap,
    box_of,
    draw_songs,
    fonts_of,
    halo,
    middle,
    shown,
    write_labels,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH, _HEIGHT, _HEAD = 16.0, 9.75, 1.5  # inches
_BODY: Final = _HEIGHT - _HEAD - 0.15
_ZOOM: Final = 4.7  # inches high
_LABELS: Final = 30  # artists on the map
_ZOOM_LABELS: Final = 12
_RING: Final = 0.22  # inches
# Where a ring may stand about its dot, in its own size: on it, or around it nearer and farther.
_RINGS: Final = (
    (0.0, 0.0),
    *(
        (away * math.cos(turn * math.pi / 4), away * math.sin(turn * math.pi / 4))
        for away in (1.1, 1.8, 2.6)
        for turn in range(8)
    ),
)
_GIF_DPI: Final = 80
_MARK: Final = "#111111"
_STEP: Final = 700  # milliseconds a picture stays

Stages = list[list[Any]]


@dataclass(frozen=True, eq=False)
class ListenerMap:
    """What is shown of a listener.

    Attributes
    ----------
    song_map
        The map below.
    likes
        The chosen songs, in the order they were chosen.
    mean
        Where the listener is on the map.
    neighbors
        The songs nearest to the listener, nearest first; their weight is the cosine.
    """

    song_map: SongMap
    likes: Sequence[Label]
    mean: tuple[float, float]
    neighbors: Sequence[Label]


def draw_listener(listener: ListenerMap, path: Path | None, gif: Path | None) -> Fonts:
    """Write the picture as PNG or SVG, and step by step as GIF; return the fonts.

    Raises
    ------
    UsageError
        If matplotlib is not installed, or a name does not end as it should.
    LibraryError
        If one cannot be written.
    """
    if path is not None:
        check_format(path)
    if gif is not None:
        check_format(gif, (".gif",))
    require("matplotlib")
    fonts = fonts_of(
        listener.song_map, *(label.text for label in (*listener.likes, *listener.neighbors))
    )
    with style(fonts):
        if path is not None:
            figure, _ = _draw(listener, fonts)
            save(figure, path)
        if gif is not None:
            figure, stages = _draw(listener, fonts, _GIF_DPI)
            save_frames(_frames(figure, stages), gif, _STEP)
    return fonts


def _frames(figure: Figure, stages: Stages) -> list[Any]:
    """Return a picture without any of the stages, then one more with each."""
    for stage in stages:
        for artist in stage:
            artist.set_visible(False)
    frames = [picture(figure)]
    for stage in stages:
        for artist in stage:
            artist.set_visible(True)
        frames.append(picture(figure))
    return frames


def _draw(listener: ListenerMap, fonts: Fonts, dpi: int = 0) -> tuple[Figure, Stages]:
    """Return the sheet, and what comes into it step by step."""
    figure = sheet(_WIDTH, _HEIGHT)
    figure.dpi = dpi or figure.dpi
    header(figure, listener.song_map.title, listener.song_map.subtitle)
    legend(figure, listener.song_map.coloring, fonts)
    box = (0.15 / _WIDTH, 0.15 / _HEIGHT, _BODY / _WIDTH, _BODY / _HEIGHT)
    overview = figure.add_axes(box)
    draw_songs(overview, listener.song_map, _BODY / 12, alpha=0.45)
    names, taken = _names(figure, overview, listener.likes, fonts)
    write_labels(figure, overview, listener.song_map.labels, fonts, _LABELS, SOFT, taken)
    stages = [
        [_star(overview, label), name] for label, name in zip(listener.likes, names, strict=True)
    ]
    stages.append([*_lines(overview, listener), _diamond(overview, listener)])
    zoom, frame = _zoom(figure, overview, listener)
    for label in listener.likes:
        _star(zoom, label)
    _lines(zoom, listener)
    _diamond(zoom, listener)
    rings, taken = _rings(figure, zoom, listener)
    _name_artists(figure, zoom, listener.song_map.labels, fonts, taken)
    head, entries = _listed(figure, listener, fonts)
    stages.append([zoom, *frame, *head])
    for neighbor, ring, entry in zip(listener.neighbors, rings, entries, strict=True):
        stages.append([*entry, *ring, _dot(overview, neighbor)])
    return figure, stages


def _star(axes: Axes, label: Label) -> Any:
    return axes.scatter(
        [label.x], [label.y], s=230, marker="*", c=_MARK, edgecolors=PAPER, linewidths=1.1, zorder=6
    )


def _diamond(axes: Axes, listener: ListenerMap) -> Any:
    x, y = listener.mean
    return axes.scatter(
        [x], [y], s=150, marker="D", c="#D55E00", edgecolors=PAPER, linewidths=1.6, zorder=7
    )


def _dot(axes: Axes, label: Label) -> Any:
    return axes.scatter(
        [label.x], [label.y], s=26, c=PAPER, edgecolors=_MARK, linewidths=1.2, zorder=5
    )


def _rings(figure: Figure, axes: Axes, listener: ListenerMap) -> tuple[list[list[Any]], list[Box]]:
    """Draw a number for each neighbour beside its dot, none on another; and what room they take."""
    canvas: Any = figure.canvas
    side = _RING * figure.dpi

    def at(x: float, y: float) -> tuple[float, float]:
        right, up = axes.transData.transform((x, y))
        return float(right), float(up)

    taken = [
        (x - side / 2, y - side / 2, x + side / 2, y + side / 2)
        for x, y in (at(*listener.mean), *(at(like.x, like.y) for like in listener.likes))
    ]
    neighbors = listener.neighbors
    frame = box_of(axes, canvas.get_renderer())
    placed = dict(
        place(neighbors, lambda *_: (side, side), at, frame, len(neighbors), taken, _RINGS)
    )
    drawn: list[list[Any]] = []
    for index, label in enumerate(neighbors):
        if index not in placed:  # elsewhere on the map
            drawn.append([])
            continue
        x, y = middle(axes, placed[index])
        drawn.append(
            [
                *axes.plot([label.x, x], [label.y, y], color=_MARK, lw=0.9, zorder=7),
                _dot(axes, label),
                axes.scatter([x], [y], s=150, c=PAPER, edgecolors=_MARK, linewidths=1.3, zorder=8),
                axes.text(
                    x,
                    y,
                    str(index + 1),
                    size=7.5,
                    weight="bold",
                    ha="center",
                    va="center_baseline",
                    zorder=9,
                ),
            ]
        )
    return drawn, [*taken, *placed.values()]


def _lines(axes: Axes, listener: ListenerMap) -> list[Any]:
    x, y = listener.mean
    drawn: list[Any] = []
    for label in listener.likes:
        drawn += axes.plot([label.x, x], [label.y, y], color=_MARK, lw=1.1, ls=(0, (4, 3)))
    return drawn


def _names(
    figure: Figure, axes: Axes, labels: Sequence[Label], fonts: Fonts
) -> tuple[list[Any], list[Box]]:
    """Write the names of songs beside their stars; return them, and what room all that takes."""
    from matplotlib.font_manager import FontProperties

    canvas: Any = figure.canvas
    renderer = canvas.get_renderer()
    line = 11 * figure.dpi / 72
    font = FontProperties(size=11, weight="bold")

    def size(_: int, label: Label) -> tuple[float, float]:
        width, high, _ = renderer.get_text_width_height_descent(shown(label, fonts), font, False)
        return width + line, max(high, line) * 1.5

    def at(x: float, y: float) -> tuple[float, float]:
        right, up = axes.transData.transform((x, y))
        return float(right), float(up)

    where = [at(label.x, label.y) for label in labels]
    stars = [(x - line / 2, y - line / 2, x + line / 2, y + line / 2) for x, y in where]
    frame = box_of(axes, renderer)
    placed = dict(place(labels, size, at, frame, len(labels), stars, (*SIDES[1:], *FAR)))
    for index, (x, y) in enumerate(where):  # where all is full, a name lies on others
        placed.setdefault(index, (x, y + line, x, y + 2 * line))
    written = []
    for index, label in enumerate(labels):
        right, up = middle(axes, placed[index])
        written.append(
            axes.text(
                right,
                up,
                shown(label, fonts),
                size=11,
                weight="bold",
                ha="center",
                va="center_baseline",
                path_effects=halo(),
                zorder=10,
            )
        )
    return written, [*stars, *placed.values()]


def _zoom(figure: Figure, overview: Axes, listener: ListenerMap) -> tuple[Axes, list[Any]]:
    """Return the axes that show the listener's part of the map larger, and what points there."""
    from matplotlib.patches import ConnectionPatch, Rectangle

    left = (0.15 + _BODY + 0.35) / _WIDTH
    width = _WIDTH - 0.3 - left * _WIDTH
    bottom = (0.15 + _BODY - _ZOOM) / _HEIGHT
    axes = figure.add_axes((left, bottom, width / _WIDTH, _ZOOM / _HEIGHT))
    draw_songs(axes, listener.song_map, 1.7, alpha=0.6)
    axes.set_axis_on()
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color(SOFT)
    x, y = listener.mean
    apart = sorted(max(abs(label.x - x), abs(label.y - y)) for label in listener.neighbors)
    # One neighbour in five may lie elsewhere on the map without the zoom taking in all between.
    reach = apart[int(0.8 * (len(apart) - 1))] if apart else 0.0
    high = float(np.clip(1.3 * reach, 0.06, 0.7))
    wide = high * width / _ZOOM
    axes.set_xlim(x - wide, x + wide)
    axes.set_ylim(y - high, y + high)
    frame = Rectangle((x - wide, y - high), 2 * wide, 2 * high, fill=False, ec=SOFT, lw=1.1)
    overview.add_patch(frame)
    joins = [
        ConnectionPatch(
            xyA=(x + wide, y + up * high),
            coordsA="data",
            axesA=overview,
            xyB=(0, at),
            coordsB="axes fraction",
            axesB=axes,
            color=SOFT,
            lw=0.9,
        )
        for up, at in ((1, 1), (-1, 0))
    ]
    for join in joins:
        figure.add_artist(join)
    return axes, [frame, *joins]


def _name_artists(
    figure: Figure, axes: Axes, labels: Sequence[Label], fonts: Fonts, taken: Sequence[Box]
) -> None:
    """Write the artists of a part of the map, away from what else is drawn there."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    near = [label for label in labels if left < label.x < right and bottom < label.y < top]
    write_labels(figure, axes, near, fonts, _ZOOM_LABELS, SOFT, taken)


def _listed(
    figure: Figure, listener: ListenerMap, fonts: Fonts
) -> tuple[list[Any], list[list[Any]]]:
    """Write the neighbours' names under the zoom; return the heading, and each line's texts."""
    left = 0.15 + _BODY + 0.35
    top = 0.15 + _BODY - _ZOOM - 0.3

    def write(x: float, line: float, text: str, **how: Any) -> Any:
        return figure.text(x / _WIDTH, (top - 0.268 * line) / _HEIGHT, text, va="center", **how)

    head = [
        write(left, 0, "Nearest to the mean", size=12.5, weight="bold"),
        write(_WIDTH - 0.3, 0, "cosine", size=10, color=SOFT, ha="right"),
    ]
    entries = []
    for number, label in enumerate(listener.neighbors, 1):
        name = shown(label, fonts)
        name = name if len(name) <= 78 else f"{name[:77]}…"
        entries.append(
            [
                write(left + 0.24, number, str(number), size=11, weight="bold", ha="right"),
                write(left + 0.36, number, name, size=11),
                write(
                    _WIDTH - 0.3, number, f"{label.weight:.2f}", size=10.5, color=SOFT, ha="right"
                ),
            ]
        )
    return head, entries
