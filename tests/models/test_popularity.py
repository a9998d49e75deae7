from __future__ import annotations

import pytest

from contracts.recommender import RecommenderContract, ids, interactions
from segue.errors import UsageError
from segue.models.popularity import Popularity
from segue.types import Reason, Seed


class TestContract(RecommenderContract):
    personal = False

    def make(self) -> Popularity:
        return Popularity()


def test_by_the_number_of_playlists_not_of_entries() -> None:
    model = Popularity().fit(interactions([[3, 3, 3, 1], [2, 1], [2, 1, 4]]))
    answer = model.recommend(Seed(), 4)
    assert answer.ids.tolist() == [1, 2, 3, 4]
    assert answer.scores.tolist() == [3, 2, 1, 1]
    assert model.explain(Seed(), ids(1)) == [Reason("popular", count=3)]


def test_rare_songs_are_not_known() -> None:
    model = Popularity(min_count=2).fit(interactions([[3, 1], [2, 1], [2, 1, 4]]))
    assert model.recommend(Seed(), 9).ids.tolist() == [1, 2]


def test_songs_of_no_row_cannot_be_asked_for() -> None:
    with pytest.raises(UsageError, match="min_count is 0, expected at least 1"):
        Popularity(min_count=0).fit(interactions([[1, 2]]))
