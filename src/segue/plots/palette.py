"""Colours that eyes of all kinds tell apart."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

# Okabe and Ito, "Color universal design" (2008), without black, which the words have.
COLORS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
OTHER: Final = "#C3C7CC"
INK: Final = "#1D2126"
SOFT: Final = "#6A717A"
PAPER: Final = "#FFFFFF"

# Corners of the mood plane after Russell (1980), valence to the right and energy upwards.
_SAD, _RELAXED, _ANGRY, _HAPPY = (0, 114, 178), (0, 158, 115), (213, 94, 0), (240, 190, 40)


def rgb(color: str) -> tuple[float, float, float]:
    """Return ``#RRGGBB`` as three numbers from 0 to 1.

    >>> rgb("#FF0000")
    (1.0, 0.0, 0.0)
    """
    red, green, blue = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def deep(color: str) -> str:
    """Return a colour dark enough for words on paper.

    >>> deep("#F0E442")
    '#878025'
    """
    red, green, blue = rgb(color)
    light = 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2
    share = min(1.0, (0.21 / max(light, 1e-9)) ** (1 / 2.2))
    return "#" + "".join(f"{round(255 * share * part):02X}" for part in (red, green, blue))


def mood_colors(valence: NDArray[np.float64], energy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the colours [shape=(n, 3)] of points in the mood plane, both axes 0..1.

    Blends of four corners: sad blue, relaxed green, angry red, happy yellow. The middle, where most
    songs are, is stretched.
    """
    right = _stretched(valence)[:, None]
    up = _stretched(energy)[:, None]
    low = (1 - right) * np.array(_SAD) + right * np.array(_RELAXED)
    high = (1 - right) * np.array(_ANGRY) + right * np.array(_HAPPY)
    return np.asarray(((1 - up) * low + up * high) / 255)


def _stretched(values: NDArray[np.float64]) -> NDArray[np.float64]:
    clipped = np.clip(values, 0, 1)
    once = clipped * clipped * (3 - 2 * clipped)
    return np.asarray((once + once * once * (3 - 2 * once)) / 2)
