"""Item-based neighbours by mean squared difference, as Surprise's KNNBaseline has them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from segue.models.checks import check_fit, check_k, check_positive
from segue.models.neighbors import Neighbors
from segue.models.recommender import Arrays, FitProgress, OnProgress, silent
from segue.models.vocabulary import Vocabulary
from segue.types import Interactions, Ranking, Reason, Seed

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_BLOCK_PAIRS: Final = 5_000_000


@dataclass
class KnnBaseline:
    """Ranks songs by how alike their ratings are to those of the likes; for comparison.

    The similarity of two songs is ``1 / (msd + 1)``, msd being the mean squared difference of
    their ratings over the rows that have both: what Surprise's ``KNNBaseline`` computes with
    ``user_based=False`` and all else as it comes. Its baselines enter predicted ratings, but not
    these similarities, nor the nearest songs that ``get_neighbors`` gives. A rating is the entry's
    weight, such as a play count, or 1. A song's score is the sum of its similarities to the likes.

    Where all ratings are 1, as in playlists, every two songs that stand in a row together have the
    similarity 1: nothing tells a neighbour in a thousand rows from one in a single row, and the
    smallest track ids are kept. (Predicted ratings would all be 1 as well; and the similarity
    ``pearson_baseline``, which is advised with it, divides zero by zero, since no rating differs
    from its baseline. It is not offered here.) `ItemKnn` is the model to use; this one
    shows what is lost without it.

    Parameters
    ----------
    n_neighbors
        Songs kept for each song, at least 1: the most similar, of equals those with the smallest
        ids.
    min_support
        Rows that must have both songs, at least 1.
    min_count
        Rows a song must stand in to be known, at least 1.
    """

    name: ClassVar[str] = "knn_baseline"
    n_neighbors: int = 40
    min_support: int = 1
    min_count: int = 1

    @property
    def options(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return asdict(self)

    def fit(self, interactions: Interactions, *, on_progress: OnProgress = silent) -> Self:
        """Compare all pairs, in blocks that fit in memory; no matrix of songs x songs is made.

        Raises
        ------
        UsageError
            If there is no track often enough, or an option is below 1.
        """
        check_positive(self.options, *self.options)
        self.vocabulary_, chosen = Vocabulary.of(interactions, self.min_count)
        check_fit(self.name, interactions, len(self.vocabulary_))
        ratings = _ratings(interactions)[:, chosen].tocsr()
        by_song = ratings.T.tocsr()
        lengths = np.diff(ratings.indptr)
        pairs = np.add.reduceat(lengths[by_song.indices], by_song.indptr[:-1], dtype=np.int64)
        before = np.concatenate([[0], np.cumsum(pairs)])
        columns: list[NDArray[np.int32]] = []
        similarities: list[NDArray[np.float32]] = []
        sizes = np.zeros(len(chosen), dtype=np.int32)
        start = 0
        while start < len(chosen):
            end = int(np.searchsorted(before, before[start] + _BLOCK_PAIRS, side="right")) - 1
            end = max(end, start + 1)
            of_row, found, values = self._nearest(by_song[start:end], ratings, start)
            sizes[start:end] = np.bincount(of_row, minlength=end - start)
            columns.append(found)
            similarities.append(values)
            start = end
            on_progress(FitProgress("comparing", float(before[end]), float(before[-1])))
        self.neighbors_ = Neighbors(
            np.cumsum(sizes, dtype=np.int64) - sizes,
            sizes,
            np.ones(len(sizes), dtype=np.float32),
            np.concatenate(columns),
            np.concatenate(similarities),
        )
        return self

    def _nearest(
        self, block: csr_matrix, ratings: csr_matrix, first: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
        """Return the row, the column and the similarity of each neighbour of songs x rows."""
        common, compared = _compared(block, ratings)
        of_row = np.repeat(np.arange(block.shape[0]), np.diff(common.indptr))
        kept = (common.data >= self.min_support) & (common.indices != of_row + first)
        of_row, columns = of_row[kept], common.indices[kept]
        values = (common.data[kept] / compared.data[kept]).astype(np.float32)
        order = np.lexsort((columns, -values, of_row))
        sizes = np.bincount(of_row, minlength=block.shape[0])
        place = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        order = order[place < self.n_neighbors]
        return of_row[order], columns[order].astype(np.int32), values[order]

    def recommend(self, seed: Seed, k: int) -> Ranking:
        """Return the songs that are most alike to the likes."""
        check_k(k)
        columns, scores = self.neighbors_.scored(self.vocabulary_, seed)
        return self.vocabulary_.ranking(columns, scores, seed, k)

    def explain(self, seed: Seed, ids: NDArray[np.int64]) -> list[Reason]:
        """Return the like that each song is most alike to."""
        return self.neighbors_.reasons(self.vocabulary_, seed, ids)

    def score(self, seed: Seed, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the sum of each song's similarities to the likes, 0 where it is no neighbour."""
        return self.neighbors_.scores_of(self.vocabulary_, seed, ids)

    def arrays(self) -> Arrays:
        """Return the neighbours and what belongs to them."""
        return {**self.vocabulary_.arrays(), **self.neighbors_.arrays()}

    @classmethod
    def from_arrays(cls, options: dict[str, Any], arrays: Arrays) -> Self:
        """Return the fitted model."""
        model = cls(**options)
        model.vocabulary_ = Vocabulary.from_arrays(arrays)
        model.neighbors_ = Neighbors.from_arrays(arrays)
        return model


def _ratings(interactions: Interactions) -> csr_matrix:
    """Return rows x tracks: the weights of a track's entries together, or 1."""
    from scipy.sparse import csr_matrix

    if interactions.weights is None:
        return interactions.matrix().astype(np.float64)
    ratings = csr_matrix(
        (interactions.weights.astype(np.float64), interactions.indices, interactions.indptr),
        shape=(len(interactions), len(interactions.track_ids)),
        copy=True,
    )
    ratings.sum_duplicates()
    return ratings


def _compared(block: csr_matrix, ratings: csr_matrix) -> tuple[csr_matrix, csr_matrix]:
    """Return for each pair its common rows n, and n + the sum of squared differences in them.

    Their quotient is the similarity; and neither is ever 0, so that they have the same entries.
    """
    ours, all_ = block.copy(), ratings.copy()
    ours.data.fill(1.0)
    all_.data.fill(1.0)
    common = (ours @ all_).tocsr()
    # (a - b)^2 = a^2 + b^2 - 2ab, each summed over the common rows by a product.
    compared = common + block.power(2) @ all_ + ours @ ratings.power(2) - 2.0 * (block @ ratings)
    common.sort_indices()
    compared.sort_indices()
    return common, compared
