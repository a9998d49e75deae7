from __future__ import annotations

import numpy as np
import pytest

from segue.evaluate import bootstrap
from segue.evaluate.bootstrap import difference, estimate


def normal(n: int, m: int = 1, seed: int = 0) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.random.default_rng(seed).standard_normal((n, m))


def test_the_interval_is_that_of_the_mean() -> None:
    values = normal(400) * 3 + 10
    found = estimate(values)
    assert found.mean[0] == pytest.approx(values.mean())
    half = 1.96 * values.std() / 20  # the normal theory's, for 400 values
    assert found.low[0] == pytest.approx(values.mean() - half, abs=0.05)
    assert found.high[0] == pytest.approx(values.mean() + half, abs=0.05)
    narrow = estimate(values, level=0.5)
    assert found.low[0] < narrow.low[0] < narrow.high[0] < found.high[0]


def test_the_same_seed_gives_the_same_interval() -> None:
    values = normal(50, 2)
    assert estimate(values, seed=1).low.tolist() == estimate(values, seed=1).low.tolist()
    assert estimate(values, seed=1).low.tolist() != estimate(values, seed=2).low.tolist()


def test_memory_is_bounded_without_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    values = normal(60)
    whole = estimate(values)
    monkeypatch.setattr(bootstrap, "_AT_ONCE", 7 * 60)  # seven resamples at once
    assert estimate(values).high.tolist() == whole.high.tolist()


def test_what_is_not_defined_is_left_out() -> None:
    values = np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan]])
    found = estimate(values)
    assert found.mean[0] == 2
    assert 1 <= found.low[0] <= found.high[0] <= 3
    assert np.isnan([found.mean[1], found.low[1], found.high[1]]).all()


def test_rows_may_weigh_differently() -> None:
    values, weights = np.array([[0.0], [1.0]]), np.array([3.0, 1.0])
    found = estimate(values, weights)
    assert found.mean[0] == 0.25
    assert (found.low[0], found.high[0]) == (0, 1)


def test_nothing_was_measured() -> None:
    found = estimate(np.zeros((0, 3)))
    assert found.mean.shape == found.low.shape == (3,)
    assert np.isnan(found.mean).all()


def test_pairs_tell_small_differences() -> None:
    hard = normal(200) * 5  # how hard a playlist is moves both models alike
    ours, theirs = hard + 0.2 + normal(200, seed=1) * 0.1, hard
    apart = estimate(ours), estimate(theirs)
    assert apart[0].low[0] < apart[1].high[0], "the two intervals overlap"
    found = difference(ours, theirs)
    assert 0.15 < found.low[0] < found.mean[0] < found.high[0] < 0.25
