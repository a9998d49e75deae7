from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.evaluate.genre_split import folds, groups


def ints(*values: int) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)


def test_artists_are_compared_without_case_space_and_form() -> None:
    assert groups(["Björk", "bjo\u0308rk ", "", "", " BJÖRK"]).tolist() == [0, 0, 1, 2, 0]


def test_duplicates_join_groups() -> None:
    artists = ["a", "b", "", "c", "B", "", ""]
    assert groups(artists, [(6, 2), (3, 1)]).tolist() == [0, 1, 2, 1, 1, 3, 2]
    assert groups(["", "", "", ""], [(0, 3), (1, 2), (2, 3)]).tolist() == [0, 0, 0, 0]
    assert groups([], []).tolist() == []


@pytest.mark.parametrize("pair", [(0, 2), (-1, 0)])
def test_a_pair_outside_is_refused(pair: tuple[int, int]) -> None:
    with pytest.raises(UsageError, match="names a song that is not there; there are 2"):
        groups(["a", "b"], [pair])


@given(
    st.lists(st.sampled_from(["", "a", "b", "c", "d"]), min_size=1, max_size=12),
    st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=8),
)
def test_groups_are_the_connected_parts(artists: list[str], pairs: list[tuple[int, int]]) -> None:
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n = len(artists)
    pairs = [(i % n, j % n) for i, j in pairs]
    joined = np.array([[a == b != "" for b in artists] for a in artists])
    for i, j in pairs:
        joined[i, j] = True
    _, expected = connected_components(coo_matrix(joined), directed=False)
    found = groups(artists, pairs)
    same = found[:, None] == found[None]
    assert np.array_equal(same, expected[:, None] == expected[None])
    assert list(dict.fromkeys(found.tolist())) == list(range(int(found.max()) + 1))


def test_every_song_is_tested_once_and_groups_stay_whole() -> None:
    rng = np.random.default_rng(0)
    labels, owners = rng.integers(0, 4, 200), rng.integers(0, 70, 200)
    parts = list(folds(labels, owners, 5, seed=1))
    assert len(parts) == 5
    assert sorted(np.concatenate([test for _, test in parts]).tolist()) == list(range(200))
    for train, test in parts:
        assert sorted([*train.tolist(), *test.tolist()]) == list(range(200))
        assert not set(owners[train].tolist()) & set(owners[test].tolist())
        assert np.bincount(labels[test], minlength=4).min() > 0
        assert train.dtype == test.dtype == np.int64


def test_the_seed_decides() -> None:
    labels, owners = np.arange(60) % 3, np.arange(60) // 2

    def dealt(seed: int) -> list[list[int]]:
        return [test.tolist() for _, test in folds(labels, owners, 4, seed)]

    assert dealt(3) == dealt(3)
    assert dealt(3) != dealt(4)


def test_a_genre_with_too_few_groups_is_told() -> None:
    labels = ints(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2)
    owners = ints(0, 1, 2, 3, 4, 4, 5, 5, 6, 7, 8, 8)
    with pytest.raises(UsageError) as caught:
        list(folds(labels, owners, 4, 0, names=["rock", "zouk", "jazz"]))
    assert "in each genre; zouk has 2, jazz has 3: ask for 2 folds or leave" in str(caught.value)
    with pytest.raises(UsageError, match="genre 1 has 1: leave such genres out"):
        list(folds(ints(0, 0, 1, 1), ints(0, 1, 2, 2), 2, 0))
    many = np.repeat(np.arange(9), 2)
    with pytest.raises(UsageError, match="genre 4 has 2, and 4 other genres too few: ask for 2"):
        list(folds(many, np.arange(18), 3, 0))
    assert len(list(folds(labels, owners, 2, 0))) == 2


@pytest.mark.parametrize(
    ("labels", "owners", "count", "message"),
    [
        (ints(0, 1), ints(0, 1), 1, "must be two or more"),
        (ints(0, 1), ints(0), 2, "2 labels and 1 groups"),
        (ints(), ints(), 2, "0 labels"),
    ],
)
def test_calls_without_sense_are_refused(
    labels: NDArray[np.int64], owners: NDArray[np.int64], count: int, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        list(folds(labels, owners, count, 0))


def test_folds_that_cannot_be_are_refused() -> None:
    # Three genres in two groups each; whichever two folds, one genre is in one of them alone.
    labels = ints(0, 0, 1, 1, 2, 2)
    owners = ints(0, 1, 1, 2, 2, 0)
    with pytest.raises(UsageError, match="no 2 folds were found"):
        list(folds(labels, owners, 2, 0))


def test_the_real_clips_are_dealt_evenly(shared: Path) -> None:
    with (shared / "data" / "moods4q" / "metadata.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["genres"] and ";" not in row["genres"]]
    sizes = Counter(row["genres"] for row in rows)
    rows = [row for row in rows if sizes[row["genres"]] >= 10]
    names = sorted({row["genres"] for row in rows})
    labels = np.array([names.index(row["genres"]) for row in rows])
    owners = groups([row["artist"] for row in rows])
    assert (len(rows), len(names)) == (345, 9)
    for seed in range(10):
        for train, test in folds(labels, owners, 5, seed, names=names):
            assert len(np.unique(labels[train])) == 9
            assert (
                np.abs(np.bincount(labels[test], minlength=9) - np.bincount(labels) / 5).max() < 2
            )
