from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from contracts.vector_index import VectorIndexContract, clustered, cosines
from segue.vectors.exact import ExactIndex

COUNT, DIMENSIONS = 9_000, 300


class TestExactIndex(VectorIndexContract):
    kind = ExactIndex


@pytest.fixture(scope="module")
def vectors() -> NDArray[np.float32]:
    return clustered(COUNT, DIMENSIONS, seed=1)


@pytest.fixture(scope="module")
def index(vectors: NDArray[np.float32]) -> ExactIndex:
    index = ExactIndex(DIMENSIONS)
    index.add(np.arange(COUNT), vectors)
    return index


class TestScreened:
    """Enough vectors, of enough dimensions, that most are ruled out by their leading axes."""

    @pytest.mark.parametrize("k", [1, 10, 500, 9_000])
    def test_agrees_with_a_full_comparison(
        self, index: ExactIndex, vectors: NDArray[np.float32], k: int
    ) -> None:
        flat = np.random.default_rng(2).standard_normal((5, DIMENSIONS)).astype(np.float32)
        axis = np.eye(1, DIMENSIONS, DIMENSIONS - 1, dtype=np.float32)
        for query in (*vectors[:5], -vectors[7], *flat, *axis):
            truth = cosines(vectors, query)
            ids, scores = index.query(query, k)
            assert len(np.unique(ids)) == k
            np.testing.assert_allclose(scores, np.sort(truth)[::-1][:k], atol=1e-6)
            np.testing.assert_allclose(truth[ids], scores, atol=1e-6)

    @pytest.mark.parametrize("allowed_count", [50, 4_000, 8_500])
    def test_filtered(
        self, index: ExactIndex, vectors: NDArray[np.float32], allowed_count: int
    ) -> None:
        allowed = np.random.default_rng(3).permutation(COUNT)[:allowed_count]
        truth = cosines(vectors, vectors[0])
        ids, scores = index.query(vectors[0], 20, allowed=allowed)
        assert set(ids.tolist()) <= set(allowed.tolist())
        np.testing.assert_allclose(scores, np.sort(truth[allowed])[::-1][:20], atol=1e-6)

    def test_many_equal_vectors(self, vectors: NDArray[np.float32]) -> None:
        index = ExactIndex(DIMENSIONS)
        index.add(np.arange(COUNT)[::-1], np.tile(vectors[0], (COUNT, 1)))
        ids, _ = index.query(vectors[1], 100)
        assert ids.tolist() == list(range(100))

    def test_batch_answers_as_one_by_one(
        self, index: ExactIndex, vectors: NDArray[np.float32]
    ) -> None:
        ids, scores = index.query(vectors[:20], 10)
        for row in range(20):
            alone = index.query(vectors[row], 10)
            np.testing.assert_array_equal(ids[row], alone[0])
            np.testing.assert_array_equal(scores[row], alone[1])

    def test_saved_and_mapped(
        self, index: ExactIndex, vectors: NDArray[np.float32], tmp_path: Path
    ) -> None:
        index.save(tmp_path / "index")
        loaded = ExactIndex.load(tmp_path / "index")
        for before, after in zip(
            index.query(vectors[:5], 10), loaded.query(vectors[:5], 10), strict=True
        ):
            np.testing.assert_array_equal(before, after)
