"""What colour each song of a map has, and what the colours mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.plots.palette import COLORS, OTHER, mood_colors, rgb


@dataclass(frozen=True, eq=False)
class Coloring:
    """Colours of n songs.

    Attributes
    ----------
    what
        ``genre``, ``artist`` or ``mood``.
    colors
        Red, green, blue, 0..1 [shape=(n, 3)].
    known
        Which songs have one of their own [shape=(n,), bool]; the others are grey.
    legend
        Name, ``#RRGGBB`` and number of songs of each colour; empty for moods, which are a plane.
    groups
        The name in the legend that each song goes by, None where it has none; empty for moods.
    """

    what: str
    colors: NDArray[np.float64]
    known: NDArray[np.bool_]
    legend: tuple[tuple[str, str, int], ...] = ()
    groups: tuple[str | None, ...] = ()


def by_group(what: str, names: Sequence[Sequence[str]]) -> Coloring:
    """Return colours by what songs belong to: the most frequent names get one each.

    A song of several names goes by the rarest of them that has a colour, which says most of it.

    Parameters
    ----------
    names
        Those of each song, or none.
    """
    counts = Counter(name for some in names for name in dict.fromkeys(some))
    order = sorted(counts, key=lambda name: (-counts[name], name))
    rank = {name: i for i, name in enumerate(order[: len(COLORS)])}
    groups = tuple(
        max((name for name in some if name in rank), key=lambda name: rank[name], default=None)
        for some in names
    )
    colors = np.array(
        [rgb(OTHER if name is None else COLORS[rank[name]]) for name in groups], dtype=np.float64
    ).reshape(-1, 3)
    songs = Counter(groups)
    legend = [(name, COLORS[i], songs[name]) for name, i in rank.items() if songs[name]]
    if songs[None]:
        legend.append(("other, or not known", OTHER, songs[None]))
    known = np.array([name is not None for name in groups], dtype=bool)
    return Coloring(what, colors, known, tuple(legend), groups)


def by_mood(valence: NDArray[np.float64], energy: NDArray[np.float64]) -> Coloring:
    """Return colours by where songs are in the mood plane, 0..1 each way; NaN is not known."""
    known = np.isfinite(valence) & np.isfinite(energy)
    colors = np.tile(np.array(rgb(OTHER)), (len(known), 1))
    colors[known] = mood_colors(valence[known], energy[known])
    return Coloring("mood", colors, known)
