from __future__ import annotations

import numpy as np
import pytest

from contracts.recommender import RecommenderContract, ids, interactions, planted
from segue.errors import UsageError
from segue.models.playlist_knn import PlaylistKnn
from segue.models.postings import Postings, total
from segue.types import Reason, Seed


class TestContract(RecommenderContract):
    def make(self) -> PlaylistKnn:
        return PlaylistKnn()


class TestContractWithShortLists(RecommenderContract):
    def make(self) -> PlaylistKnn:
        return PlaylistKnn(max_postings=12, n_neighbors=10)


def plain(**options: float) -> PlaylistKnn:
    """Return a model that looks at songs alone, one vote a neighbour."""
    return PlaylistKnn(**{"artist_weight": 0, "artist_boost": 0, "power": 1, **options})  # type: ignore[arg-type]


def test_similarity_and_votes_by_hand() -> None:
    # Song 1 is in rows a and b, song 2 in b alone; a holds 2 songs, b 4.
    data = interactions([[1, 3], [1, 2, 3, 4], [5]])
    model = plain(idf_power=1, length_power=0.5).fit(data)
    one, two = np.log1p(3 / 2), np.log1p(3 / 1)
    a, b = one / np.sqrt(2), (one + two) / np.sqrt(4)
    answer = model.recommend(Seed(likes=ids(1, 2)), 5)
    assert answer.ids.tolist() == [3, 4, 5]
    np.testing.assert_allclose(answer.scores, [1, b / (a + b), 0], rtol=1e-6)


def test_only_the_nearest_vote() -> None:
    data = interactions([[1, 2, 7], [1, 8, 9, 10], [2, 8, 9, 11]])
    model = plain(n_neighbors=1).fit(data)
    assert model.recommend(Seed(likes=ids(1, 2)), 1).ids.tolist() == [7]
    assert model.score(Seed(likes=ids(1, 2)), ids(7, 8, 9)).tolist() == [1, 0, 0]


def test_a_rare_song_says_more_than_a_common_one() -> None:
    rows = [[1, 50], *[[2, 60, 70 + i] for i in range(6)]]
    seed = Seed(likes=ids(1, 2))
    assert plain(length_power=0).fit(interactions(rows)).recommend(seed, 1).ids.tolist() == [60]
    few = plain(length_power=0, n_neighbors=1).fit(interactions(rows))
    assert few.recommend(seed, 1).ids.tolist() == [50]
    alike = plain(length_power=0, idf_power=0).fit(interactions(rows))
    np.testing.assert_allclose(alike.score(seed, ids(50, 60)), [1 / 7, 6 / 7], rtol=1e-6)


def test_last_likes_weigh_more_with_recency() -> None:
    data = interactions([[1, 11], [2, 12]])
    first, last = (
        plain(recency=1).fit(data).recommend(Seed(likes=likes), 1).ids.tolist()
        for likes in (ids(2, 1), ids(1, 2))
    )
    assert (first, last) == ([11], [12])


def test_power_sharpens_with_the_number_of_likes() -> None:
    data = interactions([[1, 2, 11], [1, 12, 13], [9]])
    seed = Seed(likes=ids(1, 2))
    flat, sharp = (plain(power=p).fit(data).score(seed, ids(11))[0] for p in (1, 6))
    assert 0.5 < flat < sharp < 1
    flat, sharp = (plain(power=p).fit(data).score(Seed(likes=ids(2)), ids(11))[0] for p in (1, 6))
    assert flat == sharp == 1


def test_playlists_of_the_artist_vote_too() -> None:
    # Nobody but row 0 has song 1; song 2 is by the same artist, and 30 stands beside it.
    data = interactions(
        [[1], [2, 30], [40, 50]], artist_ids=ids(5, 5, 6, 7, 8), album_ids=ids(*[0] * 5)
    )
    seed = Seed(likes=ids(1))
    assert set(PlaylistKnn().fit(data).recommend(seed, 2).ids.tolist()) == {2, 30}
    assert plain().fit(data).recommend(seed, 1).scores.tolist() == [0]


def test_boost_of_the_seeds_artist() -> None:
    data = interactions([[1, 20, 30]], artist_ids=ids(5, 6, 5), album_ids=ids(0, 0, 0))
    model = PlaylistKnn(artist_boost=0.5).fit(data)
    answer = model.recommend(Seed(likes=ids(1)), 2)
    assert answer.ids.tolist() == [30, 20]
    np.testing.assert_allclose(answer.scores, [1.5, 1], rtol=1e-6)


def test_what_is_disliked_takes_the_vote_from_its_playlists() -> None:
    data = interactions([[1, 2, 11], [1, 2, 11, 12], [1, 3, 13], [4]])
    model = plain().fit(data)
    assert model.recommend(Seed(likes=ids(1)), 1).ids.tolist() == [2]
    assert model.recommend(Seed(likes=ids(1), dislikes=ids(2)), 1).ids.tolist() == [3]


def test_short_lists_keep_the_same_playlists() -> None:
    rng = np.random.default_rng(5)
    rows = [[1, 2, 100 + int(rng.integers(5))] for _ in range(200)]
    model = plain(max_postings=20).fit(interactions(rows))
    assert model.songs_.lengths(np.arange(2, dtype=np.int32)).tolist() == [20, 20]
    (one, two) = (model.songs_.gather(np.array([i], dtype=np.int32)).tolist() for i in (0, 1))
    assert one == two
    other = plain(max_postings=20, seed=1).fit(interactions(rows))
    ours, theirs = (m.score(Seed(likes=ids(1)), ids(*range(100, 105))) for m in (model, other))
    assert ours.tolist() != theirs.tolist(), "the seed reaches the draw"


def test_reasons_name_the_like_and_count_the_playlists() -> None:
    data = interactions([[1, 10], [1, 10], [1, 20], [2, 20], [2, 20], [2, 20], [90]])
    model = plain().fit(data)
    seed = Seed(likes=ids(1, 2))
    assert model.explain(seed, ids(10, 20, 90, 77)) == [
        Reason("playlists", track=1, count=2),
        Reason("playlists", track=2, count=4),
        Reason("popular", count=1),
        Reason("popular", count=0),
    ]


def test_reason_of_a_song_that_is_not_known() -> None:
    data = interactions([[2, 30], [40, 50]], artist_ids=ids(5, 6, 7, 8), album_ids=ids(3, 0, 0, 0))
    model = PlaylistKnn().fit(data)
    for seed, kind in (
        (Seed(likes=ids(77), artists=ids(5)), "artist"),
        (Seed(likes=ids(77), albums=ids(3)), "album"),
    ):
        assert model.explain(seed, ids(30)) == [Reason(kind, track=77, count=1)]


def test_artist_of_an_unknown_song_counts_beside_known_ones() -> None:
    model = PlaylistKnn().fit(planted())
    seed = Seed(likes=ids(1000, 0), artists=ids(100, 111))
    groups = [(t - 1000) // 100 for t in model.recommend(seed, 12).ids.tolist()]
    assert set(groups) == {0, 1}


def test_min_count() -> None:
    model = PlaylistKnn(min_count=2).fit(interactions([[1, 2], [1, 2, 3], [3, 4], [1]]))
    assert model.recommend(Seed(likes=ids(1)), 9).ids.tolist() == [2, 3]


class TestPostings:
    lists = Postings(np.array([0, 2, 2, 5]), np.array([7, 8, 4, 5, 6], dtype=np.int32))

    @pytest.mark.parametrize(
        ("rows", "found"), [([2, 0], [4, 5, 6, 7, 8]), ([1], []), ([], []), ([0, 0], [7, 8, 7, 8])]
    )
    def test_gather(self, rows: list[int], found: list[int]) -> None:
        chosen = np.array(rows, dtype=np.int32)
        assert self.lists.gather(chosen).tolist() == found
        assert self.lists.lengths(chosen).sum() == len(found)
        values = np.arange(5, dtype=np.uint8)
        assert self.lists.gather(chosen, values).dtype == np.uint8

    def test_first_of_each(self) -> None:
        short, keep = Postings.first(self.lists.indptr, self.lists.indices, 2)
        assert short.indptr.tolist() == [0, 2, 2, 4]
        assert short.indices.tolist() == [7, 8, 4, 5]
        assert keep.tolist() == [True, True, True, True, False]
        assert len(short) == 3

    def test_total_of_nothing(self) -> None:
        keys, sums = total(np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32), 4)
        assert (len(keys), len(sums)) == (0, 0)


@pytest.mark.parametrize("option", ["n_neighbors", "max_postings", "min_count"])
def test_options_out_of_their_range(option: str) -> None:
    model = PlaylistKnn(**{option: 0})
    with pytest.raises(UsageError, match=f"{option} is 0, expected at least 1"):
        model.fit(interactions([[1, 2]]))
