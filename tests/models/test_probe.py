from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from segue.errors import UsageError
from segue.models.probe import Probe, song_vectors


def planted(
    songs: int, genres: int, d: int = 20, apart: float = 3.0, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return songs around one centre a genre, at a distance of `apart` deviations."""
    centres = np.random.default_rng(7).standard_normal((genres, d)) * apart / np.sqrt(2)
    draws = np.random.default_rng(seed)
    labels = np.arange(songs) % genres
    return (centres[labels] + draws.standard_normal((songs, d))).astype(np.float32), labels


@pytest.mark.parametrize("genres", [2, 5])
def test_genres_that_lie_apart_are_told(genres: int) -> None:
    probe = Probe().fit(*planted(100, genres))
    vectors, labels = planted(100, genres, seed=1)
    found = probe.probabilities(vectors)
    assert found.shape == (100, genres)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
    assert (found.argmax(axis=1) == labels).mean() > 0.97


def test_the_answers_are_those_of_scikit_learn() -> None:
    vectors, labels = planted(90, 4, apart=1.0)
    theirs = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.5).fit(vectors, labels)
    ours = Probe().fit(vectors, labels).probabilities(vectors)
    assert ours.argmax(axis=1).tolist() == theirs.predict(vectors).tolist()


def test_it_is_no_surer_than_it_may_be() -> None:
    vectors, labels = planted(60, 3, d=200, apart=0.15)
    probe = Probe().fit(vectors, labels)
    others, truth = planted(600, 3, d=200, apart=0.15, seed=1)
    found = probe.probabilities(others)
    sure, right = found.max(axis=1).mean(), (found.argmax(axis=1) == truth).mean()
    plain = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.5).fit(vectors, labels)
    too_sure = plain.predict_proba(others).max(axis=1).mean()
    assert abs(sure - right) < 0.12
    assert abs(sure - right) < abs(too_sure - right) / 2


def test_a_row_depends_on_its_own_vector() -> None:
    vectors, labels = planted(40, 3)
    probe = Probe().fit(vectors, labels)
    alone = np.concatenate([probe.probabilities(vector[np.newaxis]) for vector in vectors])
    np.testing.assert_array_equal(probe.probabilities(vectors), alone)


def test_a_genre_of_one_song() -> None:
    vectors, labels = planted(31, 3)
    labels = np.where(np.arange(31) == 30, 3, labels)
    assert Probe().fit(vectors, labels).probabilities(vectors).shape == (31, 4)


def test_fitted_and_stored_twice_is_the_same() -> None:
    vectors, labels = planted(50, 3)
    one, other = Probe().fit(vectors, labels), Probe().fit(vectors, labels)
    again = Probe.from_arrays(one.options, other.arrays())
    np.testing.assert_array_equal(one.probabilities(vectors), again.probabilities(vectors))


def test_too_little_to_learn_from() -> None:
    vectors, labels = planted(20, 2)
    with pytest.raises(UsageError, match="20 songs of 1 genres"):
        Probe().fit(vectors, np.zeros(20, dtype=np.int64))
    with pytest.raises(UsageError, match="more songs than genres"):
        Probe().fit(vectors[:2], labels[:2])


def test_a_song_is_the_mean_of_its_windows() -> None:
    found = song_vectors([np.array([[1, 0], [0, 1]], np.float32), np.array([[0, 2]], np.float32)])
    assert found.tolist() == [[0.5, 0.5], [0, 2]]
