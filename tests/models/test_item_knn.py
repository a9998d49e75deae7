from __future__ import annotations

import numpy as np
import pytest

from contracts.recommender import RecommenderContract, ids, interactions, planted
from segue import config
from segue.errors import UsageError
from segue.models import item_knn
from segue.models.item_knn import ItemKnn
from segue.types import Reason, Seed

ROWS = [[1, 2, 3], [1, 2], [2, 3, 4, 5], [1, 4], [5, 1, 2]]


class TestContract(RecommenderContract):
    def make(self) -> ItemKnn:
        return ItemKnn()


def plain(shrink: float = 0, power: float = 0.5, own_power: float = 0.5, row: float = 0) -> ItemKnn:
    """Return a model that is the cosine unless told otherwise."""
    return ItemKnn(shrink=shrink, power=power, own_power=own_power, row_power=row)


def neighbors(model: ItemKnn, track: int) -> dict[int, float]:
    answer = model.recommend(Seed(likes=ids(track)), 100)
    return {
        int(t): round(float(s), 3) for t, s in zip(answer.ids, answer.scores, strict=True) if s > 0
    }


def test_the_cosine_by_hand() -> None:
    model = plain().fit(interactions(ROWS))
    # 1 stands in four rows, as 2 does: three of them are the same.
    assert neighbors(model, 1) == pytest.approx(
        {2: 3 / 4, 3: 1 / 8**0.5, 4: 1 / 8**0.5, 5: 1 / 8**0.5}, abs=1e-3
    )


def test_shrinkage_and_powers_by_hand() -> None:
    model = plain(shrink=2, power=1, own_power=0.25).fit(interactions(ROWS))
    own = (4 + 2) ** -0.25
    assert neighbors(model, 1) == pytest.approx(
        {2: 3 * own / 6, 3: own / 4, 4: own / 4, 5: own / 4}, abs=1e-3
    )


def test_a_pair_in_a_short_row_says_more() -> None:
    rows = [[1, 2], [1, 3, *range(10, 30)], [2], [3]]
    alike = neighbors(plain().fit(interactions(rows)), 1)
    assert alike[2] == alike[3]
    found = neighbors(plain(row=1).fit(interactions(rows)), 1)
    assert found[2] == pytest.approx(found[3] * 22 / 2, rel=0.01)


def test_many_plays_say_more_but_not_in_proportion() -> None:
    rows = [[1, 2], [1, 3], [2], [3]]
    weights = np.array([1, 63, 1, 1, 1, 1], dtype=np.float32)
    found = neighbors(plain().fit(interactions(rows, weights=weights)), 1)
    assert found[2] == pytest.approx(found[3] * 6, rel=0.01)


def test_only_the_nearest_are_kept() -> None:
    rows = [[1, 2], [1, 2], [1, 3], [1, 3], [1, 3], [1, 4]]
    model = ItemKnn(n_neighbors=2).fit(interactions(rows))
    assert list(neighbors(model, 1)) == [3, 2]
    assert list(neighbors(model, 4)) == [1]
    assert model.arrays()["neighbor_sizes"].tolist() == [2, 1, 1, 1]


def test_rare_songs_are_not_known_and_their_artist_stands_in() -> None:
    rows = [[1, 2], [1, 2], [9, 2], [3, 4], [3, 4]]
    artists = np.array([7, 8, 6, 6, 7])  # of 1, 2, 3, 4 and 9
    model = ItemKnn(min_count=2).fit(interactions(rows, artist_ids=artists))
    seed = Seed(likes=ids(9), artists=ids(7))
    assert model.recommend(seed, 1).ids.tolist() == [2]
    assert model.explain(seed, ids(2)) == [Reason("artist", 9)]
    assert 9 not in model.recommend(Seed(likes=ids(2)), 100).ids


def test_the_reason_is_the_like_that_brought_most() -> None:
    rows = [[1, 2], [1, 2], [3, 4], [3, 4], [1, 4], [5]]
    model = ItemKnn().fit(interactions(rows))
    seed = Seed(likes=ids(3, 1))
    assert model.explain(seed, ids(4, 5, 2, 99)) == [
        Reason("song", 3),
        Reason("popular", count=1),
        Reason("song", 1),
        Reason("popular"),
    ]
    assert model.explain(Seed(), ids(4)) == [Reason("popular", count=3)]
    assert model.explain(seed, ids()) == []


def test_dislikes_take_away_what_likes_would_bring() -> None:
    rows = [[1, 2, 3], [1, 2], [1, 2], [1, 3], [3, 9], [2, 8], [7]]
    model = ItemKnn().fit(interactions(rows))
    assert model.recommend(Seed(likes=ids(1)), 2).ids.tolist() == [2, 3]
    seed = Seed(likes=ids(1), dislikes=ids(8))
    liked, left = model.score(Seed(likes=ids(1)), ids(2)), model.score(seed, ids(2))
    assert left == pytest.approx(liked - model.score(Seed(likes=ids(8)), ids(2)), rel=1e-3)
    assert model.score(Seed(likes=ids(8), dislikes=ids(1)), ids(2, 3)).tolist() == [0, 0]


def test_the_answer_does_not_depend_on_blocks_or_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = ItemKnn().fit(planted())
    monkeypatch.setattr(item_knn, "_BLOCK_ROWS", 7)
    for threads in (1, 2, 3):
        monkeypatch.setattr(config, "cores", lambda threads=threads: threads)
        parted = ItemKnn().fit(planted())
        for track in planted().track_ids.tolist():
            ours, theirs = (m.recommend(Seed(likes=ids(track)), 60) for m in (whole, parted))
            np.testing.assert_array_equal(ours.ids, theirs.ids)
            np.testing.assert_array_equal(ours.scores, theirs.scores)


@pytest.mark.parametrize(
    "options", [{"n_neighbors": 0}, {"min_count": 0}, {"shrink": -1.0}, {"row_power": -0.5}]
)
def test_options_out_of_range(options: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="expected"):
        ItemKnn(**options).fit(planted())  # type: ignore[arg-type]


def test_a_song_that_dislikes_took_down_to_nothing_is_there_for_being_common_alone() -> None:
    model = plain().fit(interactions([[1, 2, 3], [1, 2, 3], [1, 4]]))
    assert model.explain(Seed(likes=ids(1)), ids(3)) == [Reason("song", 1)]
    seed = Seed(likes=ids(1), dislikes=ids(2))
    assert model.score(seed, ids(3)).tolist() == [0]
    assert model.explain(seed, ids(3)) == [Reason("popular", count=2)]
