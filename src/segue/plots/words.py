"""Words of any length and script on a sheet: what stands where they cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from segue.plots.fonts import Fonts, plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def readable(text: str, fonts: Fonts, instead: str) -> str:
    r"""Return a text without what has no shape, or `instead` where no font has its characters.

    >>> readable("A\tB", Fonts(), "song 1")
    'A B'
    >>> readable("宇", Fonts(lacking=frozenset("宇")), "song 1")
    'song 1'
    """
    shown = plain(text)
    return shown if shown and fonts.readable(shown) else instead


def fitted(figure: Figure, text: str, size: float, inches: float, *, bold: bool = False) -> str:
    """Return as much of a line as has room, with an ellipsis where it was cut.

    Parameters
    ----------
    size
        Of the letters, in points.
    inches
        The room.
    """
    if width_of(figure, text, size, bold=bold) <= inches:
        return text
    low, high = 0, len(text)  # characters that fit, and that do not
    while high - low > 1:
        middle = (low + high) // 2
        cut = f"{text[:middle].rstrip()}…"
        if width_of(figure, cut, size, bold=bold) <= inches:
            low = middle
        else:
            high = middle
    return f"{text[:low].rstrip()}…"


def width_of(figure: Figure, text: str, size: float, *, bold: bool = False) -> float:
    """Return the inches that a line takes, in the fonts of the sheet's style."""
    from matplotlib.font_manager import FontProperties

    canvas: Any = figure.canvas
    font = FontProperties(size=size, weight="bold" if bold else "normal")
    width, _, _ = canvas.get_renderer().get_text_width_height_descent(text, font, False)
    return float(width) / float(figure.dpi)
