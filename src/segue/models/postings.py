"""Posting lists: for each row the numbers of what it holds, in two flat arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Postings:
    """r lists with e entries together; both arrays may be mapped from files.

    Attributes
    ----------
    indptr
        int64 [shape=(r + 1,)]: list i is ``indices[indptr[i]:indptr[i + 1]]``.
    indices
        int32 [shape=(e,)].
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]

    @classmethod
    def first(
        cls, indptr: NDArray[np.integer[Any]], indices: NDArray[np.int32], limit: int
    ) -> tuple[Self, NDArray[np.bool_]]:
        """Return lists cut to their first `limit` entries, and which entries stayed."""
        indptr = indptr.astype(np.int64)
        lengths = np.diff(indptr)
        keep = np.ones(len(indices), dtype=bool)
        for row in np.flatnonzero(lengths > limit).tolist():
            keep[indptr[row] + limit : indptr[row + 1]] = False
        short = np.concatenate([[0], np.cumsum(np.minimum(lengths, limit))]).astype(np.int64)
        return cls(short, indices[keep].astype(np.int32)), keep

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def lengths(self, rows: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return how many entries each of these lists has."""
        return np.asarray(self.indptr[rows + 1] - self.indptr[rows])

    def gather(self, rows: NDArray[np.int32], values: NDArray[Any] | None = None) -> NDArray[Any]:
        """Return the entries of these lists one after another, or what `values` says of each."""
        taken: NDArray[Any] = self.indices if values is None else values
        ends = self.indptr[rows + 1].tolist()
        parts = [taken[a:b] for a, b in zip(self.indptr[rows].tolist(), ends, strict=True)]
        return np.concatenate(parts) if parts else taken[:0]


def values_of(
    asked: NDArray[np.integer[Any]], keys: NDArray[np.int32], values: NDArray[np.floating[Any]]
) -> NDArray[np.float32]:
    """Return the values of those asked for among rising keys; 0 for what is not among them.

    >>> keys, values = np.array([2, 5]), np.array([0.5, 0.25], dtype=np.float32)
    >>> values_of(np.array([5, -1, 2]), keys, values).tolist()
    [0.25, 0.0, 0.5]
    """
    if len(keys) == 0:
        return np.zeros(len(asked), dtype=np.float32)
    place = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    return np.where(keys[place] == asked, values[place], 0).astype(np.float32)


def total(
    keys: NDArray[np.int32], amounts: NDArray[np.float32], size: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return each key once, rising, with the sum of its amounts; keys are below `size`.

    >>> keys, sums = total(np.array([5, 2, 5]), np.array([1, 2, 3], dtype=np.float32), 9)
    >>> keys.tolist(), sums.tolist()
    ([2, 5], [2.0, 4.0])
    """
    # The system hands out zeroed memory as it is touched, so a wide array costs little; sorting
    # the keys with their amounts, or reading the array through, costs several times as much.
    sums = np.zeros(size, dtype=np.float32)
    np.add.at(sums, keys, amounts)
    keys = np.sort(keys)
    first = np.ones(len(keys), dtype=bool)
    first[1:] = keys[1:] != keys[:-1]
    keys = keys[first]
    return keys, sums[keys]
