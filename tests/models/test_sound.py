from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.models.sound import Sound
from segue.types import Seed
from segue.vectors.exact import ExactIndex


@pytest.fixture
def model() -> Sound:
    index = ExactIndex(2)
    rows = [[1, 0], [0, 1], [0.6, 0.8], [-1, 0]]
    index.add(np.array([10, 20, 30, 40]), np.array(rows, dtype=np.float32))
    return Sound().fit(index)


def seed(*vectors: list[float], allowed: NDArray[np.int64] | None = None) -> Seed:
    return Seed(vectors=np.array(vectors, dtype=np.float32), allowed=allowed)


def test_the_nearest_come_first_and_no_score_is_below_zero(model: Sound) -> None:
    ranking = model.recommend(seed([1, 0]), 4)
    assert ranking.ids.tolist() == [10, 30, 20, 40]
    np.testing.assert_allclose(ranking.scores, [1, 0.6, 0, 0], atol=1e-6)


def test_several_vectors_are_taken_together(model: Sound) -> None:
    ranking = model.recommend(seed([1, 0], [0, 1]), 1)
    assert ranking.ids.tolist() == [30]
    np.testing.assert_allclose(ranking.scores, [1.4 / 2**0.5], atol=1e-6)


def test_only_the_allowed(model: Sound) -> None:
    ranking = model.recommend(seed([1, 0], allowed=np.array([40, 20])), 4)
    assert ranking.ids.tolist() == [20, 40]
    assert len(model.recommend(seed([1, 0], allowed=np.array([], dtype=np.int64)), 4)) == 0


def test_opposites_that_cancel_out_are_no_error(model: Sound) -> None:
    assert len(model.recommend(seed([1, 0], [-1, 0]), 2)) == 2


def test_a_seed_without_sound(model: Sound) -> None:
    with pytest.raises(UsageError, match="listened"):
        model.recommend(Seed(np.zeros((0, 2), np.float32)), 2)


def test_k_below_one(model: Sound) -> None:
    with pytest.raises(UsageError):
        model.recommend(seed([1, 0]), 0)
