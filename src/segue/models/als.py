"""Factors of rows and songs: songs score by what the likes have in common."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from segue import config
from segue.errors import UsageError
from segue.models.checks import check_fit, check_k, check_positive
from segue.models.recommender import Arrays, FitProgress, OnProgress, silent
from segue.models.strengths import strengths
from segue.models.vector_search import VectorSearch
from segue.models.vocabulary import VIA, Vocabulary
from segue.types import Interactions, Ranking, Reason, Seed

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Floats = NDArray[np.float64]

_CHUNK: Final = 65_536
_ALONE: Final = 200_000  # entries up to which one thread is as fast as several that wait


@dataclass
class Als:
    r"""Ranks songs by the inner product of their factors with those of the seed.

    Hu, Koren and Volinsky, "Collaborative filtering for implicit feedback datasets" (ICDM 2008):
    factors x of rows and y of songs that make

    .. math::
        \sum_{r,i} c_{ri} (p_{ri} - x_r^T y_i)^2
        + \lambda \Big(\sum_r |x_r|^2 + \sum_i |y_i|^2\Big)

    small, where p is 1 for a song in the row and 0 for all others, and c is ``1 + alpha`` for the
    one and 1 for the others; where entries have weights, ``1 + alpha * log2(1 + weight)``.
    Rows and songs are solved for in turn, as implicit's `AlternatingLeastSquares` does.

    A seed is a row that was not there: its factors are solved for exactly, with the songs' as they
    are. A like of weight w counts w times; a dislike is a 0 with the confidence of a like.

    Parameters
    ----------
    factors
        Numbers of a song, at least 1.
    iterations
        At least 1.
    regularization
        The factor of the penalty, above 0.
    alpha
        How much more is known of what is there than of what is not, 0 or more.
    min_count
        Rows a song must stand in to be known, at least 1.
    seed
        Of the factors to begin with.
    """

    name: ClassVar[str] = "als"
    factors: int = 128
    iterations: int = 10
    regularization: float = 50.0
    alpha: float = 40.0
    min_count: int = 1
    seed: int = 1

    @property
    def options(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return asdict(self)

    def fit(self, interactions: Interactions, *, on_progress: OnProgress = silent) -> Self:
        """Alternate, on all cores; the factors do not depend on their number.

        The loss reported is implicit's: the sum above over the number of pairs.

        Raises
        ------
        UsageError
            If there is no track often enough, or an option is out of its range.
        """
        self._check()
        vocabulary, chosen = Vocabulary.of(interactions, self.min_count)
        check_fit(self.name, interactions, len(vocabulary))
        factors = self._factors(strengths(interactions, chosen), on_progress)
        gram = np.zeros((self.factors, self.factors))
        for start in range(0, len(factors), _CHUNK):
            part = factors[start : start + _CHUNK].astype(np.float64)
            gram += part.T @ part
        self._hold(vocabulary, VectorSearch.build(factors, "inner_product", seed=self.seed), gram)
        return self

    def _check(self) -> None:
        check_positive(self.options, "factors", "iterations", "min_count")
        if not self.regularization > 0:
            raise UsageError(f"regularization is {self.regularization}, expected above 0")
        if not self.alpha >= 0:
            raise UsageError(f"alpha is {self.alpha}, expected 0 or more")

    def _hold(self, vocabulary: Vocabulary, search: VectorSearch, gram: Floats) -> None:
        self.vocabulary_ = vocabulary
        self.search_ = search
        self.gram_ = gram  # of the songs' factors, Y^T Y

    def _factors(self, confidences: csr_matrix, on_progress: OnProgress) -> NDArray[np.float32]:
        from implicit.cpu.als import AlternatingLeastSquares
        from threadpoolctl import threadpool_limits

        confidences.data = 1 + np.float32(self.alpha) * confidences.data

        def told(iteration: int, _: float, loss: float) -> None:
            on_progress(FitProgress("iteration", iteration + 1, self.iterations, float(loss)))

        # implicit's threads each solve for rows of their own; a threaded BLAS below them would
        # slow it down, and add up in another order.
        with threadpool_limits(1, "blas"):
            model = AlternatingLeastSquares(
                factors=self.factors,
                regularization=self.regularization,
                alpha=1.0,
                iterations=self.iterations,
                calculate_training_loss=True,
                num_threads=config.cores() if confidences.nnz > _ALONE else 1,
                random_state=self.seed,
            )
            model.fit(confidences, show_progress=False, callback=told)
        found: NDArray[np.float32] = model.item_factors
        return found

    def recommend(self, seed: Seed, k: int) -> Ranking:
        """Return the songs whose factors agree most with those of the likes together."""
        check_k(k)
        known = self.vocabulary_
        folded = self._folded(seed)
        if folded is None:
            columns, scores = np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32)
        else:
            allowed = None
            if seed.allowed is not None:
                allowed = known.columns(seed.allowed)
                allowed = allowed[allowed >= 0]
            # The likes and dislikes may be found as well, and are then taken out.
            count = k + len(seed.likes) + len(seed.dislikes)
            columns, scores = self.search_.query(folded.sum(axis=1), count, allowed)
        return known.ranking(columns, scores, seed, k)

    def explain(self, seed: Seed, ids: NDArray[np.int64]) -> list[Reason]:
        """Return the like that adds most to each song's score, which is a sum over the likes."""
        reasons = self.vocabulary_.popular(ids)
        columns = self.vocabulary_.columns(ids)
        folded = self._folded(seed)
        if folded is None:
            return reasons
        seeds = self.vocabulary_.seeds(seed)
        parts = self.search_.vectors(np.maximum(columns, 0)) @ folded
        most = parts.argmax(axis=1).tolist()
        for i in np.flatnonzero((columns >= 0) & (parts.sum(axis=1) > 0)).tolist():
            like = int(seed.likes[seeds.likes[most[i]]])
            reasons[i] = Reason(VIA[seeds.via[most[i]]], like)
        return reasons

    def score(self, seed: Seed, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the inner products, 0 where they are below it or a song is not known."""
        columns = self.vocabulary_.columns(ids)
        folded = self._folded(seed)
        if folded is None:
            return np.zeros(len(ids), dtype=np.float32)
        scores = self.search_.scores(folded.sum(axis=1), np.maximum(columns, 0))
        return np.where(columns >= 0, np.maximum(scores, 0), 0).astype(np.float32)

    def vectors(self, ids: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the songs' factors [shape=(n, factors)] and which of them are known.

        The factors of a song that is not known are zero.
        """
        columns = self.vocabulary_.columns(ids)
        found = self.search_.vectors(np.maximum(columns, 0)).astype(np.float32)
        found[columns < 0] = 0
        return found, columns >= 0

    def _folded(self, seed: Seed) -> Floats | None:
        """Return what each of the seed's columns adds to its factors [shape=(factors, s)].

        None where no like is known.
        """
        seeds = self.vocabulary_.seeds(seed)
        if len(seeds.columns) == 0:
            return None
        disliked = self.vocabulary_.columns(seed.dislikes)
        disliked = disliked[disliked >= 0]
        likes = self.search_.vectors(seeds.columns).astype(np.float64)
        dislikes = self.search_.vectors(disliked).astype(np.float64)
        weights = seeds.weights.astype(np.float64)[:, None]
        # (Y^T C Y + lambda I) x = Y^T C p, of which Y^T Y is there already.
        system = self.gram_ + self.regularization * np.eye(len(self.gram_))
        system += self.alpha * (likes.T @ (weights * likes) + dislikes.T @ dislikes)
        parts = np.linalg.solve(system, ((1 + self.alpha) * weights * likes).T)
        return parts.astype(np.float64, copy=False)

    def arrays(self) -> Arrays:
        """Return the songs' factors and what belongs to them."""
        return {**self.vocabulary_.arrays(), **self.search_.arrays(), "gram": self.gram_}

    @classmethod
    def from_arrays(cls, options: dict[str, Any], arrays: Arrays) -> Self:
        """Return the fitted model."""
        model = cls(**options)
        search = VectorSearch.from_arrays(arrays, "inner_product")
        model._hold(Vocabulary.from_arrays(arrays), search, arrays["gram"])
        return model
