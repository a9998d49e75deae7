"""Songs that stand in the same playlists: neighbours of each song, stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from segue import config
from segue.errors import UsageError
from segue.models.checks import check_fit, check_k, check_positive
from segue.models.neighbors import Neighbors
from segue.models.recommender import Arrays, FitProgress, OnProgress, silent
from segue.models.strengths import strengths
from segue.models.vocabulary import Vocabulary
from segue.types import Interactions, Ranking, Reason, Seed

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_BLOCK_ROWS: Final = 20_000
_BLOCK_PAIRS: Final = 100_000_000


@dataclass
class ItemKnn:
    r"""Ranks songs by how often they stand in one row with the seed's songs.

    The similarity of songs i and j is

    .. math::
        s_{ij} = \frac{\sum_r v_r x_{ri} x_{rj}}
                      {(c_i + shrink)^{own\_power} (c_j + shrink)^{power}}

    where :math:`v_r`, the length of row r to the power of ``-row_power``, says that two songs of a
    short row have more to do with each other than two of a long one, scaled so that an entry has
    1 on average; and :math:`c_i` is the number of rows that have the song. It is the cosine with
    both powers of songs at 1/2, no shrinkage and a ``row_power`` of 0; Deshpande and Karypis,
    "Item-based top-N recommendation algorithms" (TOIS, 2004), have the powers and the weights of
    rows. A song's score is the sum of its similarities to the likes.

    :math:`x_{ri}` is 1; where entries have weights, it is ``log2(1 + weight)``.
    Dislikes take away what likes would bring.

    Parameters
    ----------
    n_neighbors
        Songs kept for each song, the most similar ones, at least 1; fewer where fewer stand in a
        row with it.
    min_count
        Rows a song must stand in to be known, at least 1.
    shrink
        Rows that every song is taken to have more than it has, 0 or more: what stands in few rows
        may do so by chance.
    power
        How much a neighbour's being common counts against it, 0..1.
    own_power
        How much a like's being common counts against what it brings, 0..1.
    row_power
        How much a row's length counts against its pairs, 0..1.
    """

    name: ClassVar[str] = "item_knn"
    n_neighbors: int = 500
    min_count: int = 1
    shrink: float = 15.0
    power: float = 0.3
    own_power: float = 0.9
    row_power: float = 0.5

    @property
    def options(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return asdict(self)

    def fit(self, interactions: Interactions, *, on_progress: OnProgress = silent) -> Self:
        """Count pairs and keep the neighbours of each song.

        Works in blocks, on all cores; the answer does not depend on their number. Memory: 16 bytes
        an entry of the interactions, and 6 a neighbour kept.

        Raises
        ------
        UsageError
            If there is no track often enough, or an option is out of its range.
        """
        self._check()
        on_progress(FitProgress("reading playlists"))
        self.vocabulary_, chosen = Vocabulary.of(interactions, self.min_count)
        check_fit(self.name, interactions, len(self.vocabulary_))
        # The columns are numbered by popularity here: most sums then fall into the same few pages.
        order = np.asarray(self.vocabulary_.by_count)
        counts = self.vocabulary_.counts[order].astype(np.float64) + self.shrink
        own = (counts**-self.own_power).astype(np.float32)
        left, right, pairs = self._factors(strengths(interactions, chosen[order]), counts)
        sizes = np.zeros(len(order), dtype=np.int32)
        starts = np.zeros(len(order), dtype=np.int64)
        scales = np.zeros(len(order), dtype=np.float32)
        # Room for all, of which the system gives what is written to.
        most = int(np.minimum(pairs, self.n_neighbors).sum())
        neighbors = np.empty(most, dtype=np.int32)
        similarities = np.empty(most, dtype=np.float16)
        done, end = 0.0, 0
        for rows in _blocks(pairs, config.cores()):
            of_row, found, values = self._nearest(left, right, rows)
            sizes[order[rows]] = np.bincount(of_row, minlength=len(rows))
            ends = end + np.cumsum(sizes[order[rows]])
            starts[order[rows]] = ends - sizes[order[rows]]
            # 16 bits are enough beside the row's own highest value, which has 32.
            highest = np.zeros(len(rows), dtype=np.float32)
            np.maximum.at(highest, of_row, values)
            neighbors[end : end + len(found)] = order[found]
            similarities[end : end + len(found)] = values / highest[of_row]
            scales[order[rows]] = highest * own[rows]
            end += len(found)
            done += float(pairs[rows].sum())
            on_progress(FitProgress("counting pairs", done, float(pairs.sum())))
        self.neighbors_ = Neighbors(starts, sizes, scales, neighbors[:end], similarities[:end])
        return self

    def _check(self) -> None:
        check_positive(self.options, "n_neighbors", "min_count")
        for name in ("shrink", "power", "own_power", "row_power"):
            if not getattr(self, name) >= 0:
                raise UsageError(f"{name} is {getattr(self, name)}, expected 0 or more")

    def _factors(
        self, matrix: csr_matrix, counts: NDArray[np.float64]
    ) -> tuple[csr_matrix, csr_matrix, NDArray[np.int64]]:
        """Return songs x rows and rows x songs to be multiplied, and each song's pairs at most."""
        lengths = np.diff(matrix.indptr)
        weights = np.maximum(lengths, 1).astype(np.float64) ** -self.row_power
        weights /= np.average(weights, weights=lengths)
        left = matrix.T.tocsr()
        pairs = np.add.reduceat((lengths - 1)[left.indices], left.indptr[:-1], dtype=np.int64)
        left.data *= weights.astype(np.float32)[left.indices]
        matrix.data *= (counts**-self.power).astype(np.float32)[matrix.indices]
        return left, matrix, pairs

    def _nearest(
        self, left: csr_matrix, right: csr_matrix, rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
        """Return of each neighbour the place of its row in `rows`, its column and its value."""
        from sparse_dot_topn import sp_matmul_topn

        # One more, since a song is its own neighbour, and mostly the first.
        found = sp_matmul_topn(
            left[rows], right, self.n_neighbors + 1, sort=True, n_threads=config.cores()
        )
        of_row = np.repeat(np.arange(len(rows)), np.diff(found.indptr))
        kept = found.indices != rows[of_row]
        of_row, columns, values = of_row[kept], found.indices[kept], found.data[kept]
        sizes = np.bincount(of_row, minlength=len(rows))
        place = np.arange(len(of_row)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        kept = place < self.n_neighbors
        return of_row[kept], columns[kept], values[kept]

    def recommend(self, seed: Seed, k: int) -> Ranking:
        """Return the songs that stand together with the likes most."""
        check_k(k)
        columns, scores = self.votes(seed)
        return self.vocabulary_.ranking(columns, scores, seed, k)

    def votes(self, seed: Seed) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return all that the likes are neighbours of, columns rising, and the scores."""
        return self.neighbors_.scored(self.vocabulary_, seed)

    def explain(self, seed: Seed, ids: NDArray[np.int64]) -> list[Reason]:
        """Return the like that brought most of each song's score."""
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


def _blocks(pairs: NDArray[np.int64], threads: int) -> Iterator[NDArray[np.int64]]:
    """Yield the rows to be multiplied at once: few where they have many pairs.

    Rows come with most pairs first; each thread takes its part of a block in one piece, and the
    parts are made alike.
    """
    before = np.concatenate([[0], np.cumsum(pairs)])
    start = 0
    while start < len(pairs):
        end = int(np.searchsorted(before, before[start] + _BLOCK_PAIRS, side="right")) - 1
        end = min(max(end, start + threads), start + _BLOCK_ROWS, len(pairs))
        yield np.concatenate([np.arange(start + i, end, threads) for i in range(threads)])
        start = end
