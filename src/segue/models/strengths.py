"""What a row says of a song, for models that count: 1, or less than in proportion to its plays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segue.types import Interactions

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


def strengths(interactions: Interactions, columns: NDArray[np.int64]) -> csr_matrix:
    """Return rows x these columns, in this order [float32, int32 indices, columns rising].

    1 for a song in a row. Where entries have weights, ``log2(1 + w)`` of what a song's entries
    have together: the hundredth play of a song says less than its second.
    """
    from scipy.sparse import csr_matrix

    column_of = np.full(len(interactions.track_ids), -1, dtype=np.int32)
    column_of[columns] = np.arange(len(columns), dtype=np.int32)
    indices = column_of[interactions.indices]
    kept = indices >= 0
    before = np.zeros(len(kept) + 1, dtype=np.int32)
    np.cumsum(kept, out=before[1:])
    weights = interactions.weights
    data = np.ones(int(before[-1]), np.float32) if weights is None else weights[kept]
    matrix = csr_matrix(
        (data, indices[kept], before[interactions.indptr]),
        shape=(len(interactions), len(columns)),
    )
    matrix.sum_duplicates()
    matrix.data = np.ones_like(matrix.data) if weights is None else np.log2(1 + matrix.data)
    return matrix
