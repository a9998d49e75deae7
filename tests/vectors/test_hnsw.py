from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from contracts.vector_index import VectorIndexContract, clustered
from segue.vectors.exact import ExactIndex
from segue.vectors.hnsw import HnswIndex
from segue.vectors.index import choose_index

COUNT, DIMENSIONS = 3_000, 40


class TestHnswIndex(VectorIndexContract):
    kind = HnswIndex


@pytest.fixture(scope="module")
def vectors() -> NDArray[np.float32]:
    return clustered(COUNT + 100, DIMENSIONS, seed=1)


@pytest.fixture(scope="module")
def queries(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return vectors[COUNT:]


@pytest.fixture(scope="module")
def exact(vectors: NDArray[np.float32]) -> ExactIndex:
    index = ExactIndex(DIMENSIONS)
    index.add(np.arange(COUNT) - 50, vectors[:COUNT])
    return index


@pytest.fixture(scope="module")
def index(vectors: NDArray[np.float32]) -> HnswIndex:
    index = HnswIndex(DIMENSIONS, ef=100)
    index.add(np.arange(COUNT) - 50, vectors[:COUNT])
    return index


class TestByTheGraph:
    """More vectors than are proposed for a query, so that the graph is what answers."""

    def recall(self, found: NDArray[np.int64], truth: NDArray[np.int64]) -> float:
        hits = [len(np.intersect1d(a, b)) for a, b in zip(found, truth, strict=True)]
        return sum(hits) / truth.size

    def test_recall(
        self, index: HnswIndex, exact: ExactIndex, queries: NDArray[np.float32]
    ) -> None:
        assert self.recall(index.query(queries, 10)[0], exact.query(queries, 10)[0]) >= 0.95

    @pytest.mark.parametrize("one_in", [2, 5, 30])
    def test_recall_of_the_allowed(
        self, index: HnswIndex, exact: ExactIndex, queries: NDArray[np.float32], one_in: int
    ) -> None:
        allowed = np.arange(-50, COUNT, one_in)
        found = index.query(queries, 10, allowed=allowed)[0]
        assert np.isin(found, allowed).all()
        assert self.recall(found, exact.query(queries, 10, allowed=allowed)[0]) >= 0.95

    def test_too_few_allowed_are_proposed(
        self, index: HnswIndex, exact: ExactIndex, queries: NDArray[np.float32]
    ) -> None:
        allowed = np.sort(exact.query(-queries[0], COUNT // 3)[0])  # all far from the query
        for ours, theirs in zip(
            index.query(queries[0], 10, allowed=allowed),
            exact.query(queries[0], 10, allowed=allowed),
            strict=True,
        ):
            np.testing.assert_array_equal(ours, theirs)

    def test_scores_are_those_of_the_exact_index(
        self, index: HnswIndex, exact: ExactIndex, queries: NDArray[np.float32]
    ) -> None:
        ids, scores = index.query(queries[0], 10)
        truth = dict(zip(*(a.tolist() for a in exact.query(queries[0], COUNT)), strict=True))
        assert scores.tolist() == [truth[number] for number in ids.tolist()]

    def test_batch_answers_as_one_by_one(
        self, index: HnswIndex, queries: NDArray[np.float32]
    ) -> None:
        together = index.query(queries, 10)
        for row, query in enumerate(queries):
            alone = index.query(query, 10)
            np.testing.assert_array_equal(together[0][row], alone[0])
            np.testing.assert_array_equal(together[1][row], alone[1])

    def test_two_builds_are_the_same(
        self, index: HnswIndex, vectors: NDArray[np.float32], tmp_path: Path
    ) -> None:
        other = HnswIndex(DIMENSIONS, ef=100)
        other.add(np.arange(COUNT) - 50, vectors[:COUNT])
        index.save(tmp_path / "a")
        other.save(tmp_path / "b")
        graphs = [(tmp_path / name / "graph.voyager").read_bytes() for name in "ab"]
        assert graphs[0] == graphs[1]

    def test_options_are_used_and_kept(
        self, vectors: NDArray[np.float32], queries: NDArray[np.float32], tmp_path: Path
    ) -> None:
        options = {"m": 3, "ef_construction": 10, "ef": 12, "seed": 9}
        poor = HnswIndex(DIMENSIONS, **options)
        poor.add(np.arange(COUNT), vectors[:COUNT])
        poor.save(tmp_path / "index")
        assert json.loads((tmp_path / "index" / "model.json").read_bytes())["options"] == options
        loaded = HnswIndex.load(tmp_path / "index")
        assert (loaded.m, loaded.ef_construction, loaded.ef, loaded.seed) == (3, 10, 12, 9)
        for ours, theirs in zip(loaded.query(queries, 5), poor.query(queries, 5), strict=True):
            np.testing.assert_array_equal(ours, theirs)

    def test_exact_where_the_graph_gives_up(
        self, vectors: NDArray[np.float32], queries: NDArray[np.float32]
    ) -> None:
        from voyager import RecallError

        class Unreachable:
            asked: list[int] = []  # noqa: RUF012

            def query(self, _: object, k: int, **options: Any) -> None:
                self.asked.append(options["query_ef"])
                raise RecallError(f"{k} not found")

        index = HnswIndex(DIMENSIONS, ef=100)
        index.add(np.arange(COUNT), vectors[:COUNT])
        index._graph = Unreachable()
        exact = ExactIndex(DIMENSIONS)
        exact.add(np.arange(COUNT), vectors[:COUNT])
        np.testing.assert_array_equal(index.query(queries[0], 5)[0], exact.query(queries[0], 5)[0])
        assert Unreachable.asked == [100, 400]

    def test_zero_query(self, index: HnswIndex) -> None:
        ids, scores = index.query(np.zeros(DIMENSIONS, dtype=np.float32), 5)
        assert scores.tolist() == [0] * 5
        assert ids.tolist() == sorted(ids.tolist())


def test_choice() -> None:
    assert choose_index(0) is choose_index(200_000) is ExactIndex
    assert choose_index(200_001) is HnswIndex
