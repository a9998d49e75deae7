from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from blending import SMALL, parts_of
from contracts.recommender import group_of, ids, interactions, planted
from segue.models.popularity import Popularity
from segue.models.recommender import Recommender
from segue.recommend.blend import PARTS
from segue.recommend.evidence import Evidence
from segue.types import Seed

SEEDS = {
    "songs": Seed(likes=ids(1000, 1001, 1002)),
    "of two groups, with a title": Seed(likes=ids(1003, 1204), title="GYM 💪"),
    "a title alone": Seed(title="road trip"),
    "a song that is not known": Seed(likes=ids(5, 1001), artists=ids(311, 101), albums=ids(0, 10)),
    "with dislikes": Seed(likes=ids(1000), dislikes=ids(1001, 1105)),
    "one song twice": Seed(likes=ids(1000, 1000)),
    "in few playlists": Seed(likes=ids(1399)),
}
SEED = pytest.mark.parametrize("seed", SEEDS.values(), ids=list(SEEDS))


@cache
def parts() -> dict[str, Recommender]:
    return parts_of(planted())


@cache
def evidence() -> Evidence:
    return Evidence(parts())


def songs(found: Evidence, columns: NDArray[np.int32]) -> list[int]:
    return [int(track) for track in found.vocabulary.track_ids[columns]]


@SEED
def test_the_form(seed: Seed) -> None:
    columns, found = evidence().gather(seed)
    assert len(columns)
    assert np.all(np.diff(columns) > 0)
    assert list(found) == list(evidence().gather(SEEDS["songs"])[1])
    for name, values in found.items():
        assert values.shape == columns.shape, name
        assert values.dtype == np.float32, name
        assert np.isfinite(values).all(), name


@SEED
def test_never_likes_nor_dislikes_nor_what_is_not_allowed(seed: Seed) -> None:
    every = set(songs(evidence(), evidence().gather(seed)[0]))
    never = {*seed.likes.tolist(), *seed.dislikes.tolist()}
    assert every == set(planted().track_ids.tolist()) - never
    allowed = ids(1001, 1310, 1102, 1000, 77, 1001)
    some = songs(evidence(), evidence().gather(replace(seed, allowed=allowed))[0])
    assert some == sorted({1001, 1310, 1102, 1000} - never)
    assert len(evidence().gather(replace(seed, allowed=ids()))[0]) == 0


@SEED
def test_a_filter_changes_nothing_of_what_is_said(seed: Seed) -> None:
    few = Evidence(parts(), candidates=5)
    columns, every = few.gather(seed)
    chosen = columns[::3]
    allowed = replace(seed, allowed=few.vocabulary.track_ids[chosen].astype(np.int64))
    again, some = few.gather(allowed)
    np.testing.assert_array_equal(again, chosen)
    for name, values in some.items():
        np.testing.assert_array_equal(values, every[name][::3], err_msg=name)


@pytest.mark.parametrize(
    "seed", [Seed(), Seed(likes=ids(99, 0)), Seed(title="zzz"), Seed(dislikes=ids(1000))]
)
def test_a_seed_that_says_nothing_has_no_candidates(seed: Seed) -> None:
    columns, found = evidence().gather(seed)
    assert len(columns) == 0
    assert {values.shape for values in found.values()} == {(0,)}
    assert list(found) == list(evidence().gather(SEEDS["songs"])[1])


def test_what_is_said_is_what_the_models_say() -> None:
    seed = Seed(likes=ids(1000, 1101))
    columns, found = evidence().gather(seed)
    tracks = evidence().vocabulary.track_ids[columns]
    for name in ("item_knn", "als", "word2vec"):
        np.testing.assert_allclose(found[name], parts()[name].score(seed, tracks), rtol=1e-6)
    np.testing.assert_allclose(found["all"], parts()["playlist_knn"].score(seed, tracks), rtol=1e-6)
    titled = Seed(title="夏の歌")
    _, found = evidence().gather(titled)
    expected = parts()["titles"].score(titled, evidence().vocabulary.track_ids)
    np.testing.assert_allclose(found["titles"], expected, rtol=1e-6)


def test_ranks_follow_the_scores() -> None:
    _, found = evidence().gather(Seed(likes=ids(1000, 1101)))
    scores, ranks = found["all"], found["all_rank"]
    scored = scores > 0
    assert 0 < scored.sum() < len(scores)
    order = np.argsort(ranks[scored])
    assert np.all(np.diff(scores[scored][order]) <= 0)
    np.testing.assert_allclose(ranks[scored][order], np.log(np.arange(1, scored.sum() + 1)))
    assert np.unique(ranks[~scored]).tolist() == [np.log(np.float32(len(scores)))]


def test_shares_of_artists_and_counts_by_hand() -> None:
    rows = [[1, 2, 3, 4], [1, 2, 5], [1, 6], [2, 5, 6]] * 2
    data = interactions(
        rows,
        artist_ids=ids(10, 10, 10, 20, 20, 0),
        titles=["x"] * len(rows),
        descriptions=[""] * len(rows),
    )
    here = Evidence(parts_of(data, {**SMALL, "word2vec": {"vector_size": 4, "epochs": 1}}))
    columns, found = here.gather(Seed(likes=ids(1, 2, 4)))
    assert songs(here, columns) == [3, 5, 6]
    np.testing.assert_allclose(found["artist_share"], [2 / 3, 1 / 3, 0], rtol=1e-6)
    np.testing.assert_allclose(found["count"], np.log1p([2, 4, 4]), rtol=1e-6)
    # Artist 10 is in all 8 rows, artist 20 in 6 of them; that of song 6 is not known.
    np.testing.assert_allclose(found["artist_count"], np.log1p([8, 6, 0]), rtol=1e-6)
    np.testing.assert_allclose(found["share_of_artist"], [2 / 8, 4 / 6, 0], rtol=1e-6)
    assert found["likes"].tolist() == [3] * 3
    assert found["known"].tolist() == [3] * 3
    np.testing.assert_allclose(found["seed_artists"], [2 / 3] * 3, rtol=1e-6)
    np.testing.assert_allclose(found["top_artist"], [2 / 3] * 3, rtol=1e-6)
    (given, unknown) = (
        here.gather(Seed(likes=ids(1, 77), artists=artists))[1] for artists in (ids(0, 20), ids())
    )
    assert given["artist_share"].tolist() == [0.5, 0.5, 0.5, 0.5, 0]
    assert unknown["artist_share"].tolist() == [0.5, 0.5, 0, 0, 0]
    assert given["seed_artists"][0] == 1
    assert unknown["seed_artists"][0] == 0.5


def test_the_last_like_and_the_most_alike() -> None:
    columns, found = evidence().gather(Seed(likes=ids(1000, 1101)))
    word2vec = parts()["word2vec"]
    tracks = evidence().vocabulary.track_ids[columns]
    own, _ = word2vec.vectors(np.append(tracks, ids(1000, 1101)))  # type: ignore[attr-defined]
    cosines = own[:-2] @ own[-2:].T
    np.testing.assert_allclose(found["word2vec_last"], cosines[:, 1], atol=1e-6)
    np.testing.assert_allclose(found["word2vec_most"], cosines.max(axis=1), atol=1e-6)
    only_one = evidence().gather(Seed(likes=ids(1000, 77)))[1]
    np.testing.assert_array_equal(only_one["word2vec_last"], only_one["word2vec_most"])


def test_models_that_know_other_songs() -> None:
    others = {
        "playlist_knn": {"min_count": 2},
        "item_knn": {"min_count": 24},
        "als": {**SMALL["als"], "min_count": 26},
        "word2vec": {**SMALL["word2vec"], "min_count": 26},
    }
    mixed = parts_of(planted(), others)
    here = Evidence(mixed)
    sizes = [len(mixed[name].vocabulary_) for name in PARTS]  # type: ignore[attr-defined]
    assert len(set(sizes)) == 4
    for seed in (Seed(likes=ids(1001, 1105)), Seed(title="GYM"), Seed(likes=ids(1399))):
        columns, found = here.gather(seed)
        tracks = here.vocabulary.track_ids[columns]
        assert 1399 not in tracks
        for name in ("titles", "item_knn", "als", "word2vec"):
            np.testing.assert_allclose(
                found[name], mixed[name].score(seed, tracks), rtol=1e-6, err_msg=name
            )
    best = found_first(here, Seed(title="GYM"), "titles")
    assert [group_of(track) for track in best] == [1] * 5


def found_first(here: Evidence, seed: Seed, name: str) -> list[int]:
    columns, found = here.gather(seed)
    return songs(here, columns[np.argsort(-found[name], kind="stable")[:5]])


def test_parts_are_what_they_are_called() -> None:
    with pytest.raises(AssertionError):
        Evidence({**parts(), "titles": Popularity()})
