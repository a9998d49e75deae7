"""What every index of vectors does, and which one suits how many."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from segue.vectors.exact import ExactIndex
from segue.vectors.hnsw import HnswIndex

EXACT_UP_TO: Final = 200_000


class VectorIndex(Protocol):
    """Unit vectors by id, asked for the nearest by cosine.

    ``tests/contracts/vector_index.py`` holds what every implementation passes.
    """

    @property
    def dimensions(self) -> int:
        """Length of every vector."""

    def __len__(self) -> int: ...

    def add(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Add vectors [shape=(n, dimensions)] under new ids [shape=(n,)], scaled to unit length.

        Raises UsageError, and adds nothing, if an id is there twice, a shape or type is wrong, or
        a number is not finite.
        """

    def query(
        self, vectors: NDArray[np.float32], k: int, *, allowed: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return ids and cosines, highest first, ties by smaller id [shape=(m,) or (q, m)].

        `m` is `k`, or the number of vectors that are allowed if that is less; `allowed` None
        allows all. The answer to one query never depends on the others. Raises UsageError if `k`
        is below 1, a shape or type is wrong, or a number is not finite.
        """

    def save(self, folder: Path) -> None:
        """Write the index to `folder`, in place of an index that is there."""

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the index saved in `folder`; raises LibraryError if that cannot be done."""


def choose_index(count: int) -> type[ExactIndex] | type[HnswIndex]:
    """Return the kind of index for so many vectors: exact up to 200,000, HNSW beyond.

    >>> choose_index(5_000).__name__
    'ExactIndex'
    """
    return ExactIndex if count <= EXACT_UP_TO else HnswIndex
