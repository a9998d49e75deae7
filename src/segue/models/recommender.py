"""What every recommender does: learn from interactions, continue a seed, say why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from segue.types import Interactions, Ranking, Reason, Seed

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class FitProgress:
    """How far a fit is.

    Attributes
    ----------
    step
        What is being done, in a few words.
    done, total
        In units of the step; a total of 0 where it is not known.
    loss
        Of the last epoch or iteration, where the model has one.
    """

    step: str
    done: float = 0
    total: float = 0
    loss: float | None = None


OnProgress = Callable[[FitProgress], None]


def silent(_: FitProgress) -> None:
    """Report to nobody."""


class Recommender(Protocol):
    """Fits on interactions, then continues seeds.

    The constructor takes options alone, all with defaults, and keeps them under their names.
    ``tests/contracts/recommender.py`` holds what every implementation passes.
    """

    name: ClassVar[str]

    @property
    def options(self) -> dict[str, Any]:
        """The constructor's arguments, as JSON values."""

    def fit(self, interactions: Interactions, *, on_progress: OnProgress = silent) -> Self:
        """Learn, and return self. Same interactions, options and seed: same answers.

        Raises UsageError if there is nothing to learn from: no row, or no track often enough.
        """

    def recommend(self, seed: Seed, k: int) -> Ranking:
        """Return `k` songs that go with the seed, best first, ties by id.

        Never one of the seed's likes or dislikes, and none that is not allowed; fewer than `k`
        only where no more of the model's tracks are left. Where the seed says nothing to the
        model, the most common tracks come. Raises UsageError if `k` is below 1.
        """

    def explain(self, seed: Seed, ids: NDArray[np.int64]) -> list[Reason]:
        """Return why each of `ids`, which `recommend` gave for this seed, is in its answer."""

    def score(self, seed: Seed, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return how much the model is for each of some songs [shape=(n,)]; 0 if not known.

        What `recommend` ranks by, for songs of one's own choice: the likes and what is not
        allowed included.
        """

    def arrays(self) -> Arrays:
        """Return all that was learned, as arrays that can be stored one by one."""

    @classmethod
    def from_arrays(cls, options: dict[str, Any], arrays: Arrays) -> Self:
        """Return the fitted model that `arrays` came from; they may be mapped from files."""
