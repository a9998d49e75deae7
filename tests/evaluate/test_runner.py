from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from contracts.recommender import ids, interactions, planted
from segue.errors import UsageError
from segue.evaluate.background import Background
from segue.evaluate.runner import MEASURES, Measured, run
from segue.evaluate.split import HeldOut, split
from segue.models.popularity import Popularity
from segue.models.recommender import FitProgress
from segue.types import Ranking, Seed


def ranking(tracks: NDArray[np.int64]) -> Ranking:
    return Ranking(tracks, np.arange(len(tracks), 0, -1).astype(np.float32))


def held_out(*tracks: int) -> HeldOut:
    none = np.zeros(len(tracks), dtype=np.int64)
    return HeldOut(ids(*tracks), none, none, "title")


def figures(measured: Measured) -> dict[str, float]:
    return dict(zip(MEASURES, measured.estimate.mean.tolist(), strict=True))


def background() -> Background:
    """Return songs 1 to 9: song n stands in n rows of 10; 1 to 3 are by artist 30, then 60, 90."""
    rows = [[song for song in range(1, 10) if song > row] for row in range(10)]
    return Background.of(interactions(rows, artist_ids=np.repeat(ids(30, 60, 90), 3)))


def test_background() -> None:
    found = background()
    assert found.counts.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert found.ranks.tolist() == [9, 8, 7, 6, 5, 4, 3, 2, 1]
    assert found.columns(ids(9, 1, 77, 0, -3)).tolist() == [8, 0, -1, -1, -1]
    indptr, rows = found.by_song
    assert rows[indptr[2] : indptr[3]].tolist() == [0, 1, 2]
    nothing = Background.of(interactions([[]]))
    assert nothing.columns(ids(4)).tolist() == [-1]


def test_a_playlist_takes_part_where_ten_songs_are_to_be_found() -> None:
    playlists = [held_out(*range(1, n + 1)) for n in (9, 10, 11, 15, 35)]
    found = run(lambda _, __: ranking(ids(1)), playlists, background(), seeds=(25, 0, 1, 5, 100))
    assert {k: len(one) for k, one in found.by_seeds.items()} == {0: 4, 1: 3, 5: 2, 25: 1, 100: 0}
    assert np.isnan(found.by_seeds[100].estimate.mean).all()


def test_what_is_asked_and_how_it_is_measured() -> None:
    asked: list[tuple[Seed, int]] = []

    def recommend(seed: Seed, k: int) -> Ranking:
        asked.append((seed, k))
        return ranking(ids(50, 12, 9, 8, 60))

    playlist = held_out(1, -5, *range(11, 23))  # 12 to be found, of which one is answered second
    found = run(recommend, [playlist], background(), seeds=(2,))
    assert [(seed.likes.tolist(), seed.title, k) for seed, k in asked] == [
        ([1], "title", 500),  # so that the first is not timed cold
        ([1, 0], "title", 500),
    ]
    got = figures(found.by_seeds[2])
    assert got["r_precision"] == pytest.approx(1 / 12)
    assert got["recall@10"] == got["recall@500"] == pytest.approx(1 / 12)
    assert got["clicks"] == 0
    assert got["popularity_rank"] == 1.5  # of 9 and 8, those of the answer that are known
    assert got["artist_diversity"] == 0
    assert got["artists"] == 0.5
    assert got["novelty"] == pytest.approx(-np.log2(0.9 * 0.8) / 2)
    assert found.coverage == pytest.approx(2 / 9)
    assert found.artist_coverage == pytest.approx(1 / 3)
    assert found.by_seeds[2].milliseconds.min() > 0


def test_songs_that_nobody_can_know_are_to_be_found_too() -> None:
    playlist = held_out(1, *range(11, 21), *range(-30, -20))
    found = run(lambda _, __: ranking(np.arange(11, 31)), [playlist], background(), seeds=(1,))
    got = figures(found.by_seeds[1])
    assert got["r_precision"] == got["recall@500"] == 0.5
    assert got["ndcg"] < 1


def test_an_answer_of_nothing() -> None:
    found = run(lambda _, __: ranking(ids()), [held_out(*range(1, 21))], background(), seeds=(0,))
    got = figures(found.by_seeds[0])
    assert (got["ndcg"], got["clicks"], found.coverage) == (0, 51, 0)
    assert np.isnan([got["popularity_rank"], got["novelty"], got["artists"]]).all()


def test_random_order_is_the_same_for_everybody_and_nested() -> None:
    playlists = [held_out(*range(100, 140)), held_out(*range(200, 240))]

    def seeds_of(seed: int) -> list[tuple[int, ...]]:
        asked: list[tuple[int, ...]] = []

        def recommend(seed: Seed, _: int) -> Ranking:
            asked.append(tuple(seed.likes.tolist()))
            return ranking(ids(1))

        run(recommend, playlists, background(), seeds=(5, 10), order="random", seed=seed)
        return asked[1:]

    five, _, ten, _ = seeds_of(7)
    assert seeds_of(7)[0] == five
    assert ten[:5] == five
    assert five != (100, 101, 102, 103, 104)
    assert seeds_of(8)[0] != five


def test_the_most_common_songs_of_planted_playlists() -> None:
    fitting, playlists = split(planted(400), seed=1)
    longer = [one for one in playlists if len(one) >= 5]
    # Ten more songs than there are in any of these: they are lengthened with what nobody has.
    asked = [
        HeldOut(
            np.concatenate([one.ids, -np.arange(5000, 5010)]),
            np.concatenate([one.artists, np.zeros(10, dtype=np.int64)]),
            np.concatenate([one.albums, np.zeros(10, dtype=np.int64)]),
        )
        for one in longer
    ]
    told: list[FitProgress] = []
    model = Popularity().fit(fitting)
    found = run(
        model.recommend,
        asked,
        Background.of(fitting),
        seeds=(1, 5),
        on_progress=told.append,
        name="popularity",
    )
    assert found.coverage == 1  # there are 49 songs, and 100 are looked at
    assert [one.done for one in told] == list(range(1, int(told[0].total) + 1))
    assert {one.step for one in told} == {"asking popularity"}
    got = figures(found.by_seeds[1])
    # All that can be found is: the share of songs that are no lengthening.
    expected = np.mean([(one.ids[1:] > 0).mean() for one in asked])
    assert got["recall@500"] == pytest.approx(expected)


@pytest.mark.parametrize("seeds", [(), (1, -1)])
def test_seeds_that_are_none(seeds: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="seeds"):
        run(lambda _, __: ranking(ids()), [], background(), seeds=seeds)
