"""Names on a map: where they belong, and which of them have room."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Box = tuple[float, float, float, float]  # left, bottom, right, top

_NEAR: Final = 0.05  # of the map's half width: what lies together
_SEARCHED: Final = 400  # songs of one name that a place is looked for among
_SQUARES: Final = 10  # each way
# Where a name may stand beside its point, in its own widths and heights, best first ...
SIDES: Final = ((0, 0), (0, 0.9), (0, -0.9), (0.55, 0), (-0.55, 0), (0.5, 0.8), (-0.5, 0.8))
# ... and where it may besides, if it must be written.
FAR: Final = (
    (0.6, 0),
    (-0.6, 0),
    *((x, y) for y in (1.9, -1.9, 2.9, -2.9) for x in (0, 0.6, -0.6)),
)


@dataclass(frozen=True)
class Label:
    """A name with its place.

    Attributes
    ----------
    x, y
        On the map.
    weight
        How much the name counts: those that count more get their room first.
    color
        ``#RRGGBB``, or None for that of words.
    instead
        What is written where no font has the name's characters.
    """

    text: str
    x: float
    y: float
    weight: float
    color: str | None = None
    instead: str = ""


def centres(
    points: NDArray[np.float32],
    weights: NDArray[np.float64],
    groups: Mapping[str, NDArray[np.int64]],
    least: int = 3,
) -> list[Label]:
    """Return for each group a label where most of it lies together, by falling weight.

    The mean of a scattered group may lie where it has no song; this is the middle of its densest
    part. The weight is of all the group's songs. A group with fewer than `least` songs together
    gets no label.

    Parameters
    ----------
    points
        The map [shape=(n, 2)].
    weights
        How much each song counts [shape=(n,)], at least 0.
    groups
        Places of each group's songs, those that count most first.
    """
    found = []
    for text, members in groups.items():
        if len(members) < least:
            continue
        among = members[:_SEARCHED]
        own = points[among].astype(np.float64)
        apart = np.square(own[:, None] - own[None]).sum(axis=2)
        near = apart <= _NEAR**2
        counts = weights[among] + 1e-9
        best = near[int(np.argmax(near @ counts))]
        if best.sum() < least:
            continue
        x, y = np.average(own[best], axis=0, weights=counts[best])
        found.append(Label(text, float(x), float(y), float(weights[members].sum())))
    return sorted(found, key=lambda label: (-label.weight, label.text))


def spread(labels: Sequence[Label], most: int = 3) -> list[Label]:
    """Return labels in the same order, the first `most` in each of 100 squares of the map.

    So the names of a dense part do not use up those that other parts need.
    """
    counts: Counter[tuple[int, int]] = Counter()
    kept = []
    for label in labels:
        square = (int((label.x + 1) * _SQUARES / 2), int((label.y + 1) * _SQUARES / 2))
        counts[square] += 1
        if counts[square] <= most:
            kept.append(label)
    return kept


def place(
    labels: Sequence[Label],
    size: Callable[[int, Label], tuple[float, float]],
    at: Callable[[float, float], tuple[float, float]],
    frame: Box,
    limit: int,
    taken: Sequence[Box] = (),
    sides: Sequence[tuple[float, float]] = SIDES,
) -> list[tuple[int, Box]]:
    """Return which labels have room and the centre of each, without one overlapping another.

    Greedy: in the order given, each takes the first place about its point that is free; one that
    finds none is left out.

    Parameters
    ----------
    size
        Width and height of a label, margins included, given how many are placed already.
    at
        From the map to the units of `size` and `frame`.
    frame
        What all must lie within.
    limit
        How many at most.
    taken
        Where none may lie.
    sides
        The places about a point, in widths and heights of the label.

    Returns
    -------
    list
        The index of each label and its box, in the units of `frame`.
    """
    boxes = np.array(taken, dtype=np.float64).reshape(-1, 4)
    placed: list[tuple[int, Box]] = []
    for index, label in enumerate(labels):
        if len(placed) == limit:
            break
        width, height = size(len(placed), label)
        x, y = at(label.x, label.y)
        for right, up in sides:
            middle = (x + right * width, y + up * height)
            box = (
                middle[0] - width / 2,
                middle[1] - height / 2,
                middle[0] + width / 2,
                middle[1] + height / 2,
            )
            inside = (
                box[0] >= frame[0]
                and box[1] >= frame[1]
                and box[2] <= frame[2]
                and box[3] <= frame[3]
            )
            free = (
                (boxes[:, 0] >= box[2])
                | (boxes[:, 2] <= box[0])
                | (boxes[:, 1] >= box[3])
                | (boxes[:, 3] <= box[1])
            )
            if inside and free.all():
                boxes = np.vstack([boxes, box])
                placed.append((index, box))
                break
    return placed
