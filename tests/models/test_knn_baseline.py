from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import surprise
from numpy.typing import NDArray

from contracts.recommender import RecommenderContract, ids, interactions, planted
from segue.errors import UsageError
from segue.models import knn_baseline
from segue.models.knn_baseline import KnnBaseline
from segue.types import Interactions, Reason, Seed


class TestContract(RecommenderContract):
    def make(self) -> KnnBaseline:
        return KnnBaseline()


def graded(seed: int = 5) -> Interactions:
    """Return 30 listeners' plays of 25 songs."""
    rng = np.random.default_rng(seed)
    rows = [rng.permutation(25)[: rng.integers(1, 12)].tolist() for _ in range(30)]
    weights = rng.integers(1, 6, sum(map(len, rows))).astype(np.float32)
    return interactions([[100 + t for t in row] for row in rows], weights=weights)


def of_surprise(data: Interactions, min_support: int = 1) -> NDArray[np.float64]:
    """Return Surprise's similarities, songs in the order of their ids."""
    weights = data.weights if data.weights is not None else np.ones(len(data.indices))
    rows = np.repeat(np.arange(len(data)), np.diff(data.indptr))
    ratings = [
        (int(u), int(i), float(r), None)
        for u, i, r in zip(rows, data.indices, weights, strict=True)
    ]
    reader = surprise.Reader(rating_scale=(1, 5))
    train = surprise.Dataset(reader).construct_trainset(ratings)
    options = {"name": "msd", "user_based": False, "min_support": min_support}
    model = surprise.KNNBaseline(sim_options=options, verbose=False).fit(train)
    inner = [train.to_inner_iid(i) for i in range(len(data.track_ids))]
    found: NDArray[np.float64] = model.sim[np.ix_(inner, inner)]
    return found


def of_ours(data: Interactions, **options: Any) -> NDArray[np.float64]:
    model = KnnBaseline(n_neighbors=1000, **options).fit(data)
    rows = [model.score(Seed(likes=ids(t)), data.track_ids) for t in data.track_ids.tolist()]
    return np.stack(rows).astype(np.float64)


@pytest.mark.parametrize("min_support", [1, 3])
@pytest.mark.parametrize("block", [1, 10**9])
def test_the_similarities_of_surprise(
    min_support: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(knn_baseline, "_BLOCK_PAIRS", block)
    theirs = of_surprise(graded(), min_support)
    np.fill_diagonal(theirs, 0)
    assert 0.1 < np.count_nonzero(theirs) / theirs.size < 0.99, "some pairs have nothing in common"
    np.testing.assert_allclose(of_ours(graded(), min_support=min_support), theirs, rtol=1e-6)


def test_by_hand() -> None:
    # In common: 2 and 4 plays in the one row, 3 and 3 in the other: the mean is 4 / 2.
    weights = np.array([2, 4, 3, 3, 9], dtype=np.float32)
    data = interactions([[1, 2], [1, 2], [1]], weights=weights)
    model = KnnBaseline().fit(data)
    assert model.recommend(Seed(likes=ids(1)), 1).scores.tolist() == pytest.approx([1 / 3])


def test_where_all_ratings_are_one_every_pair_ties_as_it_does_in_surprise() -> None:
    data = planted(60)
    theirs = of_surprise(data)
    np.fill_diagonal(theirs, 0)
    assert set(np.unique(theirs)) == {0.0, 1.0}
    np.testing.assert_array_equal(of_ours(data), theirs)


def test_of_equals_the_smallest_ids_are_kept() -> None:
    # 5 stands with 9 three times, with the others once: it makes no difference.
    rows = [[5, 9], [5, 9], [5, 9], [5, 3], [5, 1], [5, 2, 4]]
    model = KnnBaseline(n_neighbors=3).fit(interactions(rows))
    answer = model.recommend(Seed(likes=ids(5)), 3)
    assert answer.ids.tolist() == [1, 2, 3]
    assert answer.scores.tolist() == [1, 1, 1]


def test_the_reason_is_the_first_of_the_likes_that_are_most_alike() -> None:
    model = KnnBaseline().fit(interactions([[1, 2, 3], [4, 5]]))
    assert model.explain(Seed(likes=ids(2, 1)), ids(3, 5)) == [
        Reason("song", 2),
        Reason("popular", count=1),
    ]


@pytest.mark.parametrize("option", ["n_neighbors", "min_support", "min_count"])
def test_options_out_of_range(option: str) -> None:
    with pytest.raises(UsageError, match=f"{option} is 0, expected at least 1"):
        KnnBaseline(**{option: 0}).fit(planted())
