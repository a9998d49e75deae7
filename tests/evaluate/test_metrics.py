"""Every measure by cases computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from contracts.recommender import ids
from segue.evaluate import metrics
from segue.evaluate.metrics import Hits


def found(length: int, *places: int) -> Hits:
    """Return hits at places from 1 among so many songs."""
    hits = np.zeros(length, dtype=bool)
    hits[[place - 1 for place in places]] = True
    return hits


def test_hits() -> None:
    assert metrics.hits(ids(8, 3, 5), ids(5, -3, 8)).tolist() == [True, False, True]
    assert metrics.hits(ids(), ids(5)).tolist() == []


def test_r_precision_looks_at_as_many_as_there_are_to_find() -> None:
    assert metrics.r_precision(found(500, 1, 3, 4, 5), 3) == 2 / 3
    assert metrics.r_precision(found(500, 4), 3) == 0
    assert metrics.r_precision(found(2, 1), 4) == 1 / 4  # fewer answered than to be found


def test_ndcg() -> None:
    # Gains 1 and 1/2 at the places 1 and 3; of 3 songs at best 1 + 1/log2(3) + 1/2.
    best = 1 + 1 / math.log2(3) + 0.5
    assert metrics.ndcg(found(500, 1, 3), 3) == pytest.approx(1.5 / best)
    assert metrics.ndcg(found(500, 7), 1) == pytest.approx(1 / 3)
    assert metrics.ndcg(found(500, 500), 1) == pytest.approx(1 / math.log2(501))
    assert metrics.ndcg(found(501, 501), 1) == 0  # the 501st is not looked at
    assert metrics.ndcg(found(500), 5) == 0
    assert metrics.ndcg(found(0), 5) == 0


def test_the_best_ndcg_ends_at_500_songs() -> None:
    assert metrics.ndcg(np.ones(500, dtype=bool), 800) == pytest.approx(1)
    assert metrics.ndcg(np.ones(500, dtype=bool), 500) == pytest.approx(1)
    assert metrics.ndcg(np.ones(250, dtype=bool), 800) < 1


@pytest.mark.parametrize(
    ("place", "clicks"), [(1, 0), (10, 0), (11, 1), (20, 1), (21, 2), (500, 49), (501, 51)]
)
def test_clicks_by_the_place_of_the_first_hit(place: int, clicks: int) -> None:
    assert metrics.clicks(found(501, place, 501)) == clicks


def test_no_hit_is_51_clicks() -> None:
    assert metrics.clicks(found(500)) == metrics.clicks(found(0)) == 51


def test_recall() -> None:
    hits = found(500, 2, 10, 11, 100, 101, 500)
    assert [metrics.recall(hits, 8, n) for n in (10, 100, 500)] == [2 / 8, 4 / 8, 6 / 8]


def test_the_challenge_gives_credit_for_an_artist_once() -> None:
    # Of 4 to be found: one hit, by artist 7; artists 7 and 9 are right, 9 twice; 0 is nobody.
    hits = found(6, 1)
    artists, right = ids(7, 9, 9, 0, 8, 8), ids(7, 9, 8, 0)
    assert metrics.challenge_r_precision(hits, 4, artists, right) == (1 + 0.25 * 2) / 4
    assert metrics.r_precision(hits, 4) == 1 / 4


def test_diversity_by_artist() -> None:
    assert metrics.artist_diversity(ids(1, 2, 3)) == 1
    assert metrics.artist_diversity(ids(1, 1, 1)) == 0
    assert metrics.artist_diversity(ids(1, 1, 2, 2)) == pytest.approx(4 / 6)
    assert metrics.artist_diversity(ids(0, 0)) == 1  # nobody knows, so nobody is the same
    assert math.isnan(metrics.artist_diversity(ids(1)))


def test_diversity_by_company() -> None:
    # Songs 0 and 1 in the rows 0 and 1; song 2 in row 2; song 3 in the rows 0 and 2.
    by_song = ids(0, 2, 4, 5, 7), ids(0, 1, 0, 1, 2, 0, 2).astype(np.int32)
    assert metrics.company_diversity(ids(0, 1), by_song) == pytest.approx(0)
    assert metrics.company_diversity(ids(0, 2), by_song) == pytest.approx(1)
    assert metrics.company_diversity(ids(0, 1, 2), by_song) == pytest.approx(2 / 3)
    # Cosines: (2, 3) 1/sqrt(2), (0, 3) 1/2, (0, 2) 0.
    expected = 1 - (1 / math.sqrt(2) + 0.5) / 3
    assert metrics.company_diversity(ids(3, 0, 2), by_song) == pytest.approx(expected)
    assert math.isnan(metrics.company_diversity(ids(3), by_song))
    assert math.isnan(metrics.company_diversity(ids(), by_song))


def test_novelty_is_in_bits() -> None:
    assert metrics.novelty(ids(1, 4), 8) == (3 + 1) / 2
    assert metrics.novelty(ids(8), 8) == 0
    assert math.isnan(metrics.novelty(ids(), 8))
