from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.recommender import ids, interactions
from segue.models.vocabulary import Vocabulary, best_first
from segue.types import Reason, Seed


def known() -> Vocabulary:
    """Tracks 10 to 15 in 3, 5, 5, 1, 2 and 4 playlists; artists 1, 1, 2, 2, 0, 1."""
    return Vocabulary.made(
        ids(10, 11, 12, 13, 14, 15),
        ids(1, 1, 2, 2, 0, 1),
        ids(7, 7, 0, 8, 8, 0),
        np.array([3, 5, 5, 1, 2, 4], dtype=np.int32),
    )


def test_what_stands_in_enough_rows() -> None:
    data = interactions([[5, 5, 9], [5, 7], [9, 7, 7], [5]])
    found, chosen = Vocabulary.of(data, 2)
    assert found.track_ids.tolist() == [5, 7, 9]
    assert found.counts.tolist() == [3, 2, 2]
    assert found.by_count.tolist() == [0, 1, 2]
    found, chosen = Vocabulary.of(data, 3)
    assert (found.track_ids.tolist(), chosen.tolist()) == ([5], [0])
    found, chosen = Vocabulary.of(data, 4)
    assert len(found) == len(chosen) == 0
    assert found.columns(ids(5)).tolist() == [-1]


def test_columns() -> None:
    assert known().columns(ids(12, 10, 9, 99, -1, 15, 12)).tolist() == [2, 0, -1, -1, -1, 5, 2]
    assert known().columns(ids()).tolist() == []


def test_of_an_artist_and_of_an_album() -> None:
    assert known().of_artist(1).tolist() == [1, 5, 0]
    assert known().of_artist(1, 2).tolist() == [1, 5]
    assert known().of_artist(2).tolist() == [2, 3]
    assert known().of_album(8).tolist() == [4, 3]
    for nobody in (0, 3, -1, 10**12):
        assert known().of_artist(nobody).tolist() == []
    assert known().of_album(0).tolist() == []


def test_others_stand_in_for_what_is_not_known() -> None:
    seed = Seed(
        likes=ids(11, 99, 98, 97, 0),
        weights=np.array([1, 0.6, 0.5, 1, 1], dtype=np.float32),
        artists=ids(1, 1, 2, 0, 0),
        albums=ids(7, 8, 0, 0, 0),
    )
    found = known().seeds(seed)
    assert found.columns.tolist() == [1, 4, 3, 2, 3]
    np.testing.assert_allclose(found.weights, [1, 0.3, 0.3, 0.25, 0.25])
    assert found.likes.tolist() == [0, 1, 1, 2, 2]
    assert found.via.tolist() == [0, 1, 1, 2, 2]
    assert known().standing_in(seed) == {1: "album", 2: "artist", 3: "", 4: ""}


def test_a_ranking_is_filled_up_with_common_tracks() -> None:
    columns = np.array([3, 4, 0], dtype=np.int32)
    scores = np.array([0.5, 0.5, 0.0], dtype=np.float32)
    found = known().ranking(columns, scores, Seed(likes=ids(11)), 5)
    assert found.ids.tolist() == [13, 14, 12, 15, 10]
    assert found.scores.tolist() == [0.5, 0.5, 0, 0, 0]
    of_all = np.array([0, 0, 0, 0.5, 0.5, 0], dtype=np.float32)
    again = known().ranking(None, of_all, Seed(likes=ids(11)), 5)
    assert again.ids.tolist() == found.ids.tolist()


def test_a_ranking_of_what_is_allowed() -> None:
    scores = np.array([0, 9, 2, 2, 0, 1], dtype=np.float32)
    seed = Seed(likes=ids(15), dislikes=ids(12), allowed=ids(14, 13, 12, 15, 10, 77, 10))
    assert known().ranking(None, scores, seed, 9).ids.tolist() == [13, 10, 14]
    assert known().ranking(None, scores, seed, 2).ids.tolist() == [13, 10]
    nothing = Seed(allowed=ids(77))
    assert known().ranking(None, scores, nothing, 2).ids.tolist() == []


@given(st.lists(st.integers(0, 4), max_size=60), st.integers(1, 70))
def test_best_first_is_a_sort(values: list[int], k: int) -> None:
    scores = np.array(values, dtype=np.float32)
    columns = np.arange(len(values), dtype=np.int32)[::-1].copy()
    expected = sorted(range(len(values)), key=lambda i: (-values[i], columns[i]))[:k]
    assert best_first(scores, columns, k).tolist() == expected


def test_popular() -> None:
    assert known().popular(ids(11, 99)) == [Reason("popular", count=5), Reason("popular", count=0)]


@pytest.mark.parametrize("limit", [1, 3])
def test_stored_and_read_again(limit: int) -> None:
    again = Vocabulary.from_arrays({**known().arrays(), "other": np.zeros(2)})
    assert again.of_artist(1, limit).tolist() == known().of_artist(1, limit).tolist()
    assert again.track_ids.tolist() == known().track_ids.tolist()
