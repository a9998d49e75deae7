from __future__ import annotations

import numpy as np
import pytest
from implicit.cpu.als import AlternatingLeastSquares
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from contracts.recommender import RecommenderContract, ids, interactions, planted
from segue import config
from segue.errors import UsageError
from segue.models import als
from segue.models.als import Als
from segue.models.recommender import FitProgress
from segue.types import Reason, Seed


class TestContract(RecommenderContract):
    def make(self) -> Als:
        return Als(factors=8, iterations=10, min_count=1)


def small(**options: float) -> Als:
    chosen = {"factors": 6, "min_count": 1, "alpha": 3.0, "regularization": 0.5, **options}
    return Als(**chosen).fit(planted(40))  # type: ignore[arg-type]


def vectors(model: Als) -> NDArray[np.float64]:
    return model.arrays()["vectors"].astype(np.float64)


def test_a_seed_is_folded_in_as_the_paper_says() -> None:
    model = small()
    tracks = model.arrays()["track_ids"]
    liked = np.isin(tracks, [1000, 1103])
    disliked = np.isin(tracks, [1205])
    y = vectors(model)
    c = np.diag(np.where(liked | disliked, 1 + 3.0, 1.0))
    x = np.linalg.solve(y.T @ c @ y + 0.5 * np.eye(6), y.T @ c @ liked.astype(float))
    seed = Seed(likes=ids(1000, 1103), dislikes=ids(1205))
    np.testing.assert_allclose(model.score(seed, tracks), np.maximum(y @ x, 0), atol=1e-5)


def test_a_seed_is_folded_in_as_implicit_does_it() -> None:
    model = small()
    tracks = model.arrays()["track_ids"]
    with threadpool_limits(1, "blas"):  # it warns otherwise
        theirs = AlternatingLeastSquares(factors=6, regularization=0.5, num_threads=1)
    theirs.item_factors = vectors(model).astype(np.float32)
    confidences = csr_matrix(np.isin(tracks, [1002, 1303, 1304]) * np.float32(1 + 3.0))
    x = theirs.recalculate_user(0, confidences)
    ours = model.score(Seed(likes=ids(1002, 1303, 1304)), tracks)
    np.testing.assert_allclose(ours, np.maximum(theirs.item_factors @ x, 0), atol=1e-4)


def test_a_dislike_pushes_its_group_away() -> None:
    model = small()
    wanted = ids(1201, 1202, 1203)
    before = model.score(Seed(likes=ids(1000, 1204)), wanted)
    after = model.score(Seed(likes=ids(1000, 1204), dislikes=ids(1205, 1206, 1207)), wanted)
    assert (after < before).all()


def test_plays_count_by_their_logarithm() -> None:
    rows = [[1, 2, 3], [1, 2], [2, 3], [3, 4], [4, 1]] * 4
    once = interactions(rows)
    ones = np.ones(len(once.indices), dtype=np.float32)
    options = {"factors": 3, "min_count": 1}
    plain = Als(**options, alpha=4.0).fit(once)
    np.testing.assert_array_equal(
        vectors(plain), vectors(Als(**options, alpha=4.0).fit(interactions(rows, weights=ones)))
    )
    often = interactions(rows, weights=15 * ones)
    np.testing.assert_array_equal(vectors(plain), vectors(Als(**options, alpha=1.0).fit(often)))


def test_the_reasons_are_parts_of_the_score() -> None:
    model = small()
    seed = Seed(likes=ids(1000, 1203))
    found = model.explain(seed, ids(1001, 1201, 77))
    assert found == [Reason("song", 1000), Reason("song", 1203), Reason("popular")]
    assert model.explain(Seed(), ids(1001))[0].kind == "popular"


def test_the_loss_is_told_and_falls() -> None:
    told: list[FitProgress] = []
    Als(factors=8, iterations=6, min_count=1).fit(planted(), on_progress=told.append)
    assert [p.done for p in told] == [1, 2, 3, 4, 5, 6]
    losses = [p.loss for p in told if p.loss is not None]
    assert len(losses) == 6
    assert losses[-1] < losses[0]


def test_the_factors_do_not_depend_on_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(als, "_ALONE", 0)
    found = []
    for threads in (1, 2, 5):
        monkeypatch.setattr(config, "cores", lambda threads=threads: threads)
        found.append(vectors(small()))
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_another_seed_begins_elsewhere() -> None:
    assert not np.array_equal(vectors(small(seed=1)), vectors(small(seed=2)))


@pytest.mark.parametrize(
    "options",
    [
        {"factors": 0},
        {"iterations": 0},
        {"min_count": 0},
        {"regularization": 0.0},
        {"alpha": -1.0},
        {"alpha": float("nan")},
    ],
)
def test_options_out_of_range(options: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="expected"):
        small(**options)


def test_vectors_are_the_factors_and_zero_where_not_known() -> None:
    model = Als(factors=6).fit(planted())
    vectors, known = model.vectors(ids(1000, 77))
    assert known.tolist() == [True, False]
    assert vectors.shape == (2, 6)
    assert vectors[0].any()
    assert not vectors[1].any()
