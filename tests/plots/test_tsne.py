from __future__ import annotations

import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.plots.tsne import project


def test_clusters_lie_apart_and_within_the_map(clusters: NDArray[np.float32]) -> None:
    seen: list[tuple[int, int]] = []
    points = project(clusters, on_progress=lambda *state: seen.append(state))
    assert points.shape == (90, 2)
    assert points.dtype == np.float32
    assert np.abs(points).max() == pytest.approx(1)
    np.testing.assert_allclose(points.max(axis=0), -points.min(axis=0), atol=1e-5)
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    assert (np.argmin(apart, axis=1) // 30 == np.arange(90) // 30).all()
    assert seen[-1] == (750, 750)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_the_same_vectors_give_the_same_points_however_long(
    clusters: NDArray[np.float32],
) -> None:
    once = project(clusters)
    np.testing.assert_array_equal(project(clusters), once)
    np.testing.assert_array_equal(project(4 * clusters), once)
    assert not np.array_equal(project(clusters, seed=1), once)


def test_songs_of_one_vector_and_of_none_have_points() -> None:
    vectors = np.zeros((12, 4), dtype=np.float32)
    vectors[:9, 0] = 1
    assert np.isfinite(project(vectors)).all()


def test_too_few_songs_make_no_map() -> None:
    with pytest.raises(UsageError, match=r"map of 9 songs .* at least 10"):
        project(np.eye(9, dtype=np.float32))


def test_what_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, clusters: NDArray[np.float32]
) -> None:
    monkeypatch.setitem(sys.modules, "openTSNE", None)
    with pytest.raises(UsageError, match=r'openTSNE.*pip install "segue\[plots\]"'):
        project(clusters)
