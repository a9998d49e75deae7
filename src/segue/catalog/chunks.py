"""Long lists in parts: for a statement's parameters, and for transactions under a second."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

_T = TypeVar("_T")


def in_chunks(items: Sequence[_T], size: int = 500) -> Iterator[Sequence[_T]]:
    """Cut a list into parts of at most `size`.

    >>> list(in_chunks([1, 2, 3, 4, 5], 2))
    [[1, 2], [3, 4], [5]]
    """
    for first in range(0, len(items), size):
        yield items[first : first + size]
