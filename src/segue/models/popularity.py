"""Recommending what most have: the floor under every other model."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from segue.models.checks import check_fit, check_k, check_positive
from segue.models.recommender import Arrays, OnProgress, silent
from segue.models.vocabulary import Vocabulary
from segue.types import Interactions, Ranking, Reason, Seed


@dataclass
class Popularity:
    """Ranks songs by the number of rows they stand in; the score is that number.

    Parameters
    ----------
    min_count
        Rows a song must stand in to be known, at least 1.
    """

    name: ClassVar[str] = "popularity"
    min_count: int = 1

    @property
    def options(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return asdict(self)

    def fit(self, interactions: Interactions, *, on_progress: OnProgress = silent) -> Self:  # noqa: ARG002
        """Count. Raises UsageError if there is no track to count, or `min_count` is below 1."""
        check_positive(self.options, "min_count")
        self.vocabulary_, _ = Vocabulary.of(interactions, self.min_count)
        check_fit(self.name, interactions, len(self.vocabulary_))
        return self

    def recommend(self, seed: Seed, k: int) -> Ranking:
        """Return the most common songs; the likes only leave themselves out."""
        check_k(k)
        known = self.vocabulary_
        if seed.allowed is not None:
            columns = np.unique(known.columns(seed.allowed))
            columns = columns[columns >= 0]
        else:
            columns = np.asarray(known.by_count[: k + len(seed.likes) + len(seed.dislikes)])
        return known.ranking(columns, known.counts[columns].astype(np.float32), seed, k)

    def explain(self, seed: Seed, ids: NDArray[np.int64]) -> list[Reason]:  # noqa: ARG002
        """Return in how many rows each stands."""
        return self.vocabulary_.popular(ids)

    def score(self, seed: Seed, ids: NDArray[np.int64]) -> NDArray[np.float32]:  # noqa: ARG002
        """Return in how many rows each stands."""
        columns = self.vocabulary_.columns(ids)
        return np.where(columns >= 0, self.vocabulary_.counts[columns], 0).astype(np.float32)

    def arrays(self) -> Arrays:
        """Return the counts and what belongs to them."""
        return {**self.vocabulary_.arrays()}

    @classmethod
    def from_arrays(cls, options: dict[str, Any], arrays: Arrays) -> Self:
        """Return the fitted model."""
        model = cls(**options)
        model.vocabulary_ = Vocabulary.from_arrays(arrays)
        return model
