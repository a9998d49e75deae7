from __future__ import annotations

import numpy as np
import pytest

from contracts.recommender import ids, interactions, planted
from segue.errors import UsageError
from segue.evaluate.split import HeldOut, first_of_each, parted, sample, split


def test_rows_are_parted_once_and_for_all() -> None:
    data = planted()
    fitting, held_out = split(data, 0.25, seed=4)
    assert (len(fitting), len(held_out)) == (120, 40)
    again, _ = split(data, 0.25, seed=4)
    other, _ = split(data, 0.25, seed=5)
    assert again.row_ids.tolist() == fitting.row_ids.tolist()
    assert other.row_ids.tolist() != fitting.row_ids.tolist()
    gone = np.setdiff1d(data.row_ids, fitting.row_ids) - 1
    for row, one in zip(gone.tolist(), held_out, strict=True):
        songs = data.track_ids[data.indices[data.indptr[row] : data.indptr[row + 1]]]
        assert np.abs(one.ids).tolist() == songs.tolist()
        assert one.title == data.titles[row]


def test_columns_and_their_names_are_those_of_the_fitting_part() -> None:
    data = interactions(
        [[5, 7], [7, 9, 5], [11]],
        artist_ids=ids(50, 70, 90, 110),
        album_ids=ids(51, 71, 91, 111),
        track_titles=["five", "seven", "nine", "eleven"],
        titles=["a", "b", "c"],
        descriptions=["", "long", ""],
    )
    fitting, held_out = parted(data, ids(0, 2), ids(1))
    assert fitting.track_ids.tolist() == [5, 7, 11]
    assert fitting.artist_ids.tolist() == [50, 70, 110]
    assert fitting.album_ids.tolist() == [51, 71, 111]
    assert fitting.track_titles == ["five", "seven", "eleven"]
    assert fitting.track_ids[fitting.indices].tolist() == [5, 7, 11]
    (one,) = held_out
    assert one.ids.tolist() == [7, -9, 5]
    assert one.artists.tolist() == [70, 90, 50]
    assert (one.title, one.description) == ("b", "long")


def test_a_song_that_comes_twice_counts_once_where_it_came_first() -> None:
    _, (one,) = parted(interactions([[1, 2, 3], [3, 1, 3, 2, 1]]), ids(0), ids(1))
    assert one.ids.tolist() == [3, 1, 2]
    assert first_of_each(ids()).tolist() == []


def test_seed_and_answer_share_the_playlist() -> None:
    one = HeldOut(ids(4, -9, 6, -2), ids(40, 90, 60, 0), ids(1, 2, 3, 4), "sad", "songs")
    seed = one.seed(2)
    assert seed.likes.tolist() == [4, 0]
    assert (seed.artists.tolist(), seed.albums.tolist()) == ([40, 90], [1, 2])
    assert (seed.title, seed.description) == ("sad", "songs")
    assert one.answer(2).tolist() == [6, -2]
    assert len(one.seed(0).likes) == 0
    shuffled = one.shuffled(np.random.default_rng(1))
    assert sorted(shuffled.ids.tolist()) == [-9, -2, 4, 6]
    assert dict(zip(shuffled.ids.tolist(), shuffled.artists.tolist(), strict=True))[-9] == 90


def test_a_sample_is_drawn_once_and_for_all() -> None:
    _, held_out = split(planted(), 0.5)
    some = sample(held_out, 10, seed=3)
    assert len(some) == 10
    assert some == sample(held_out, 10, seed=3)
    assert some != sample(held_out, 10, seed=4)
    assert sample(held_out, 1000) == sample(held_out, None) == held_out


@pytest.mark.parametrize("share", [0, 1, -0.5, float("nan")])
def test_a_share_that_is_none(share: float) -> None:
    with pytest.raises(UsageError, match="above 0 and below 1"):
        split(planted(), share)


def test_too_few_rows_to_part() -> None:
    with pytest.raises(UsageError, match="at least 2 are needed"):
        split(interactions([[1, 2]]))
    fitting, held_out = split(interactions([[1, 2], [3]]), 0.01)
    assert (len(fitting), len(held_out)) == (1, 1)
