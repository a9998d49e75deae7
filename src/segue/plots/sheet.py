"""The paper that pictures are drawn on: its fonts, its header, and the files it is written to."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import numpy as np

from segue.errors import LibraryError, UsageError
from segue.plots.coloring import Coloring
from segue.plots.fonts import Fonts, plain
from segue.plots.palette import INK, PAPER, SOFT, mood_colors

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS: Final = (".png", ".svg")
_DPI: Final = 160
_FIRST: Final = 1500  # milliseconds of the first and the last picture of an animation
_LAST: Final = 5000


@contextmanager
def style(fonts: Fonts) -> Iterator[None]:
    """Draw with these fonts, whatever the user's settings of matplotlib are."""
    import matplotlib

    log = logging.getLogger("matplotlib.font_manager")
    level = log.level
    log.setLevel(logging.ERROR)  # not a line for each word that is bold in one font alone
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {
                "font.family": list(fonts.families),
                "text.color": INK,
                "text.parse_math": False,  # A$AP and Ke$ha are no formulas
                "axes.unicode_minus": False,
                "svg.fonttype": "none",  # text stays text
                "svg.hashsalt": "segue",
            }
        )
        try:
            yield
        finally:
            log.setLevel(level)


def sheet(width: float, height: float) -> Figure:
    """Return an empty sheet, inches wide and high."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=_DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)
    return figure


def check_format(path: Path, formats: Sequence[str] = FORMATS) -> None:
    """Raise UsageError if a file's name does not end as one of `formats`."""
    if path.suffix.lower() not in formats:
        raise UsageError(
            f"{path} does not end in {' or '.join(formats)}, the kinds of picture there are"
        )


def save(figure: Figure, path: Path) -> None:
    """Write a sheet as PNG or SVG; the same sheet gives the same bytes.

    Raises
    ------
    LibraryError
        If it cannot be written; what was there then stays.
    """
    if path.suffix.lower() == ".svg":
        _replace(path, lambda file: file.write(_svg(figure)))
    else:
        _replace(path, lambda file: figure.savefig(file, format="png", metadata={"Software": None}))


def save_frames(frames: Sequence[Any], path: Path, milliseconds: int) -> None:
    """Write pictures as an endless GIF; the first and the last one stay longer."""
    from PIL import Image

    times = [_FIRST, *[milliseconds] * (len(frames) - 2), _LAST][-len(frames) :]
    # One palette, of the last picture, in which everything stands: colours do not flicker.
    last = frames[-1].quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    flat = [frame.quantize(palette=last, dither=Image.Dither.NONE) for frame in frames]
    _replace(
        path,
        lambda file: flat[0].save(
            file, "GIF", save_all=True, append_images=flat[1:], duration=times, loop=0
        ),
    )


def picture(figure: Figure) -> Any:
    """Return a sheet as it is now, as an RGB image of Pillow."""
    from PIL import Image

    canvas: Any = figure.canvas
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")


def header(figure: Figure, title: str, subtitle: str) -> None:
    """Write a title and a line below it."""
    width, height = figure.get_size_inches()
    left = 0.32 / width
    figure.text(left, 1 - 0.28 / height, title, size=23, weight="bold", va="top")
    figure.text(left, 1 - 0.76 / height, subtitle, size=11.5, color=SOFT, va="top")


def legend(figure: Figure, coloring: Coloring, fonts: Fonts) -> None:
    """Write what the colours mean: dots with names below the header, or the mood plane."""
    if coloring.what == "mood":
        _mood_plane(figure)
        return
    width, height = figure.get_size_inches()
    canvas: Any = figure.canvas
    renderer = canvas.get_renderer()
    x, y = 0.4, height - 1.22
    for number, (name, color, count) in enumerate(coloring.legend, 1):
        shown = plain(name) if fonts.readable(plain(name)) else f"{coloring.what} {number}"
        text = figure.text(0, 0, f"{_cut(shown)}  {count:,}", size=11, va="center")
        wide = text.get_window_extent(renderer).width / figure.dpi
        if x + 0.18 + wide > width - 0.3:
            x, y = 0.4, y - 0.25
        text.set_position(((x + 0.13) / width, y / height))
        figure.text(x / width, y / height, "●", size=13, color=color, ha="center", va="center")
        x += wide + 0.36


def _cut(text: str, most: int = 32) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _mood_plane(figure: Figure) -> None:
    width, height = figure.get_size_inches()
    side = 0.92
    axes = figure.add_axes(
        ((width - 1.0 - side) / width, (height - 0.38 - side) / height, side / width, side / height)
    )
    valence, energy = np.meshgrid(np.linspace(0, 1, 64), np.linspace(0, 1, 64))
    colors = mood_colors(valence.ravel(), energy.ravel()).reshape(64, 64, 3)
    axes.imshow(colors, origin="lower", extent=(0, 1, 0, 1), interpolation="bilinear")
    axes.set_axis_off()
    for x, y, text, ha in (
        (-0.08, 0.93, "angry", "right"),
        (1.08, 0.93, "happy", "left"),
        (-0.08, 0.07, "sad", "right"),
        (1.08, 0.07, "relaxed", "left"),
    ):
        axes.text(x, y, text, size=10, ha=ha, va="center")
    axes.text(0.5, -0.08, "valence →", size=8.5, color=SOFT, ha="center", va="top")
    axes.text(
        -0.08, 0.5, "energy →", size=8.5, color=SOFT, ha="right", va="center", rotation="vertical"
    )


def _svg(figure: Figure) -> bytes:
    from matplotlib.text import Text

    # A halo drawn here would turn the words into outlines; the viewer is told to draw it.
    for text in figure.findobj(Text):
        text.set_path_effects([])
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    halo = "paint-order: stroke; stroke: #ffffff; stroke-width: 2.6px; stroke-linejoin: round; "
    return file.getvalue().replace('<text style="', f'<text style="{halo}').encode()


def _replace(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with aside.open("wb") as file:
            write(file)
        aside.replace(path)
    except OSError as error:
        raise LibraryError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        aside.unlink(missing_ok=True)
