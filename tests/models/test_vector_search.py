from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.models.artifact import load_artifact, save_artifact
from segue.models.vector_search import Metric, VectorSearch

METRICS: list[Metric] = ["cosine", "inner_product"]


def drawn(count: int, dimensions: int = 12, seed: int = 1) -> NDArray[np.float32]:
    """Return vectors around 30 centres, of many lengths."""
    draws = np.random.default_rng(seed)
    centres = draws.standard_normal((30, dimensions))
    vectors = centres[draws.integers(30, size=count)]
    vectors = vectors + 0.4 * draws.standard_normal((count, dimensions))
    return np.asarray(vectors * draws.uniform(0.2, 3, (count, 1)), dtype=np.float32)


def by_hand(
    vectors: NDArray[np.float32], query: NDArray[np.float32], metric: Metric
) -> NDArray[np.float64]:
    long = vectors.astype(np.float64)
    scores = long @ query.astype(np.float64)
    if metric == "cosine":
        scores /= np.linalg.norm(long, axis=1) * np.linalg.norm(query)
    return np.asarray(scores)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("exact_up_to", [10_000, 100])
def test_the_best_come_best_first(metric: Metric, exact_up_to: int) -> None:
    vectors = drawn(3000)
    search = VectorSearch.build(vectors, metric, exact_up_to=exact_up_to)
    for query in drawn(20, seed=2):
        columns, scores = search.query(query, 50)
        truth = by_hand(vectors, query, metric)
        assert columns.dtype == np.int32
        assert scores.dtype == np.float32
        assert columns.tolist() == np.argsort(-truth)[:50].tolist()
        np.testing.assert_allclose(scores, truth[columns], rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(search.scores(query, columns), scores)


@pytest.mark.parametrize("metric", METRICS)
def test_lists_find_nearly_all_where_only_a_part_is_read(
    metric: Metric, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segue.models.vector_search._READ", 1500)
    vectors = drawn(20_000)
    search = VectorSearch.build(vectors, metric, exact_up_to=100)
    exact = VectorSearch.build(vectors, metric)
    found = 0
    for query in drawn(40, seed=2):
        (ours, scores), (theirs, _) = search.query(query, 100), exact.query(query, 100)
        assert len(ours) == len(set(ours.tolist())) == 100
        assert np.all(np.diff(scores) <= 0)
        found += len(np.intersect1d(ours, theirs))
    assert 0.9 < found / 4000 < 1, "a part was read, and it was the right one"


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("exact_up_to", [10_000, 100])
@pytest.mark.parametrize("n_allowed", [0, 3, 200, 2900])
def test_only_what_is_allowed_and_as_many_as_there_are(
    metric: Metric, exact_up_to: int, n_allowed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segue.models.vector_search._READ", 300)
    vectors = drawn(3000)
    search = VectorSearch.build(vectors, metric, exact_up_to=exact_up_to)
    allowed = np.random.default_rng(5).permutation(3000)[:n_allowed].astype(np.int32)
    query = drawn(1, seed=2)[0]
    columns, _ = search.query(query, 100, np.concatenate([allowed, allowed[:5]]))
    assert len(columns) == len(set(columns.tolist())) == min(n_allowed, 100)
    assert np.isin(columns, allowed).all()
    if n_allowed <= 300:
        truth = by_hand(vectors, query, metric)[allowed]
        assert columns.tolist() == allowed[np.argsort(-truth)][:100].tolist()


@pytest.mark.parametrize("exact_up_to", [1000, 10])
@pytest.mark.parametrize("kind", [np.float32, np.float16])
def test_ties_are_in_the_order_of_columns(exact_up_to: int, kind: Any) -> None:
    vectors = np.tile(drawn(7, dimensions=33), (90, 1)).astype(kind)
    search = VectorSearch.build(vectors, exact_up_to=exact_up_to)
    columns, scores = search.query(vectors[3], 90)
    assert columns.tolist() == list(range(3, 630, 7))
    assert len(set(scores.tolist())) == 1
    assert search.query(vectors[3], 5, allowed=columns[::-1])[0].tolist() == columns[:5].tolist()


@pytest.mark.parametrize("exact_up_to", [10_000, 100])
def test_halves_are_kept_as_halves(exact_up_to: int) -> None:
    vectors = drawn(2000)
    search = VectorSearch.build(vectors.astype(np.float16), exact_up_to=exact_up_to)
    assert search.arrays()["vectors"].dtype == np.float16
    assert ("list_starts" in search.arrays()) == (exact_up_to == 100)
    columns, scores = search.query(vectors[9], 1)
    assert columns.tolist() == [9]
    assert scores[0] == pytest.approx(1, abs=1e-3)
    assert search.vectors(columns).dtype == np.float32


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("exact_up_to", [10_000, 100])
def test_stored_and_read_again(tmp_path: Path, metric: Metric, exact_up_to: int) -> None:
    search = VectorSearch.build(drawn(1000), metric, exact_up_to=exact_up_to)
    save_artifact(tmp_path, "x", search.arrays(), {})
    again = VectorSearch.from_arrays(load_artifact(tmp_path, "x").arrays(), metric)
    assert len(again) == 1000
    for query in drawn(5, seed=2):
        for ours, theirs in zip(search.query(query, 30), again.query(query, 30), strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_a_quarter_as_many_halves_are_compared_one_and_all() -> None:
    for kind, lists in ((np.float32, False), (np.float16, True)):
        search = VectorSearch.build(drawn(60).astype(kind), exact_up_to=200)
        assert ("list_starts" in search.arrays()) == lists


@pytest.mark.parametrize("metric", METRICS)
def test_built_twice_is_the_same(metric: Metric) -> None:
    one, other = (VectorSearch.build(drawn(1000), metric, exact_up_to=9) for _ in range(2))
    for name, array in one.arrays().items():
        np.testing.assert_array_equal(array, other.arrays()[name])


@pytest.mark.parametrize("exact_up_to", [1000, 10])
def test_vectors_come_back_by_column(exact_up_to: int) -> None:
    vectors = drawn(500)
    search = VectorSearch.build(vectors, "inner_product", exact_up_to=exact_up_to)
    chosen = np.array([400, 3, 3])
    np.testing.assert_array_equal(search.vectors(chosen), vectors[chosen])
    lengths = np.linalg.norm(VectorSearch.build(vectors).vectors(chosen), axis=1)
    np.testing.assert_allclose(lengths, 1, rtol=1e-6)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("exact_up_to", [1000, 10])
def test_zero_vectors_and_a_zero_query_score_nothing(metric: Metric, exact_up_to: int) -> None:
    vectors = np.zeros((50, 4), dtype=np.float32)
    vectors[7] = 2
    search = VectorSearch.build(vectors, metric, exact_up_to=exact_up_to)
    columns, scores = search.query(np.ones(4), 3)
    assert columns.tolist() == [7, 0, 1]
    assert scores[1:].tolist() == [0, 0]
    columns, scores = search.query(np.zeros(4), 3)
    assert columns.tolist() == [0, 1, 2]
    assert scores.tolist() == [0, 0, 0]


@pytest.mark.parametrize("metric", METRICS)
def test_nothing_to_search(metric: Metric) -> None:
    search = VectorSearch.build(np.zeros((0, 4), dtype=np.float32), metric)
    assert [len(part) for part in search.query(np.ones(4), 3)] == [0, 0]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.integers(1, 9), st.integers(1, 80), st.integers(0, 2**32 - 1))
def test_any_few_vectors_in_lists_are_searched_as_without(
    count: int, dimensions: int, k: int, seed: int
) -> None:
    draws = np.random.default_rng(seed)
    vectors = draws.integers(-2, 3, (count, dimensions)).astype(np.float32)
    query = draws.integers(-2, 3, dimensions).astype(np.float32)
    for metric in METRICS:
        exact = VectorSearch.build(vectors, metric)
        lists = VectorSearch.build(vectors, metric, exact_up_to=0)
        for ours, theirs in zip(exact.query(query, k), lists.query(query, k), strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_what_cannot_be_searched() -> None:
    vectors = drawn(10)
    with pytest.raises(UsageError, match="expected cosine or inner_product"):
        VectorSearch.build(vectors, "euclid")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="float32 or float16"):
        VectorSearch.build(vectors.astype(np.float64))
    vectors[4, 2] = np.nan
    with pytest.raises(UsageError, match="vector 4 holds"):
        VectorSearch.build(vectors)
    search = VectorSearch.build(drawn(10))
    with pytest.raises(UsageError, match="at least 1"):
        search.query(np.ones(12), 0)
    with pytest.raises(UsageError, match=r"expected \(12,\)"):
        search.query(np.ones(3), 1)
    with pytest.raises(UsageError, match="not finite"):
        search.query(np.full(12, np.inf), 1)
