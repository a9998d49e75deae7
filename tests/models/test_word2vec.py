from __future__ import annotations

import logging
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contracts.recommender import RecommenderContract, group_of, ids, interactions, planted
from segue.errors import UsageError
from segue.models.recommender import FitProgress
from segue.models.word2vec import Word2Vec
from segue.types import Interactions, Reason, Seed


def small(**options: Any) -> Word2Vec:
    return Word2Vec(**{"vector_size": 16, "epochs": 15, "min_count": 1, "sample": 0, **options})


class TestContract(RecommenderContract):
    def make(self) -> Word2Vec:
        return small(prior=0.02)


class TestContractOfSkipGram(RecommenderContract):
    def make(self) -> Word2Vec:
        return small(sg=True, window="all", prior=0)


def styles_and_moods() -> Interactions:
    """Return playlists of one style or of one mood; track 100 s + 10 m + n is of both."""
    draws = np.random.default_rng(1)
    grid = 1000 + np.add.outer(np.add.outer(100 * np.arange(4), 10 * np.arange(4)), np.arange(3))
    rows = []
    for row in range(600):
        one = grid[row % 4] if row % 8 < 4 else grid[:, row % 4]
        rows.append(draws.permutation(one.ravel())[:8].tolist())
    return interactions(rows)


@pytest.mark.parametrize("window", [50, "all"])
def test_what_one_has_and_another_lacks_can_be_added(window: Any) -> None:
    model = small(window=window, epochs=40, alpha=0.1, negative=5).fit(styles_and_moods())
    songs = np.arange(3)
    for style, mood in ((1, 2), (3, 1), (2, 3)):
        # The style in mood 0, less style 0 in mood 0, and style 0 in the mood.
        terms = [1000 + 100 * style + songs, 1000 + songs, 1000 + 10 * mood + songs]
        plus, minus, other = (model.vectors(term)[0].sum(axis=0) for term in terms)
        (found,) = model.nearest(plus - minus + other, 1, exclude=np.concatenate(terms)).ids
        assert found // 10 == 100 + 10 * style + mood


def test_dislikes_push_away() -> None:
    data = styles_and_moods()
    model = small(prior=0, dislike=1.0).fit(data)
    ask = Seed(likes=ids(1110))
    of_style = [track for track in data.track_ids.tolist() if track // 100 == 11]
    places = []
    for seed in (ask, replace(ask, dislikes=ids(1131, 1122, 1102))):
        order = model.recommend(seed, 50).ids.tolist()
        rest = [order.index(t) for t in of_style if t not in (1110, 1131, 1122, 1102, 1111, 1112)]
        places.append(np.mean(rest))
    assert places[1] > places[0] + 3


def test_the_prior_puts_common_songs_first() -> None:
    rows = [[1, 2, 3], [1, 2, 3], [1, 2, 4], [1, 2, 4], [5, 6, 7]] * 5 + [[1, 3]] * 60
    found = small(prior=10).fit(interactions(rows)).recommend(Seed(likes=ids(5)), 6)
    assert found.ids.tolist()[:3] == [1, 3, 2]


def test_an_artist_is_where_the_songs_are() -> None:
    data = planted()
    model = small().fit(data)
    vector = model.artist_vector(110)  # songs of group 1 with even ids
    assert vector is not None
    assert np.linalg.norm(vector) == pytest.approx(1)
    own = data.track_ids[data.artist_ids == 110]
    vectors, known = model.vectors(own)
    assert known.all()
    counts = model.vocabulary_.counts[model.vocabulary_.columns(own)]
    mean = counts @ vectors
    np.testing.assert_allclose(vector, mean / np.linalg.norm(mean), rtol=1e-4)
    near = model.nearest(vector, 12).ids.tolist()
    assert {group_of(track) for track in near} == {1}
    assert model.artist_vector(999) is None
    assert model.artist_vector(0) is None


def test_vectors_are_of_unit_length_and_zero_where_not_known() -> None:
    vectors, known = small().fit(planted()).vectors(ids(1001, 77, 1205))
    assert vectors.shape == (3, 16)
    assert known.tolist() == [True, False, True]
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 0, 1], rtol=1e-5)


def test_nearest_are_the_highest_cosines_of_what_may_come() -> None:
    data = planted()
    model = small().fit(data)
    vectors, _ = model.vectors(data.track_ids)
    query = 3 * vectors[5] - vectors[20]
    cosines = vectors @ query / np.linalg.norm(query)
    best = data.track_ids[np.argsort(-cosines)]
    answer = model.nearest(query, 9)
    assert answer.ids.tolist() == best[:9].tolist()
    np.testing.assert_allclose(answer.scores, np.sort(cosines)[::-1][:9], rtol=1e-4)
    some = model.nearest(query, 4, exclude=best[[0, 2]], allowed=np.append(best[:5], 77))
    assert some.ids.tolist() == best[[1, 3, 4]].tolist()


def test_the_reason_is_the_like_that_is_nearest() -> None:
    model = small(epochs=60).fit(planted())
    reasons = model.explain(Seed(likes=ids(1003, 1203)), ids(1204, 1005))
    assert reasons == [Reason("song", track=1203), Reason("song", track=1003)]
    (reason,) = model.explain(Seed(), ids(1204))
    assert reason.kind == "popular"


def test_the_loss_falls() -> None:
    told: list[FitProgress] = []
    small(epochs=12).fit(planted(), on_progress=told.append)
    assert [(p.done, p.total) for p in told] == [(i, 12) for i in range(1, 13)]
    losses = [p.loss for p in told if p.loss is not None]
    assert len(losses) == 12
    assert losses[-1] < 0.9 * losses[0]


def test_rows_longer_than_a_sentence_are_learned_to_their_end() -> None:
    row = [*range(1, 6)] * 2400  # gensim reads 10,000 words of a sentence and drops the others
    late = [*row, *([101, 102, 103] * 400)]
    model = small(window=5, epochs=5, prior=0).fit(interactions([late]))
    found = model.recommend(Seed(likes=ids(101)), 2).ids.tolist()
    assert sorted(found) == [102, 103]


def test_the_hash_seed_of_python_changes_nothing() -> None:
    program = (
        "import numpy as np; from contracts.recommender import planted;"
        "from segue.models.word2vec import Word2Vec;"
        "m = Word2Vec(vector_size=8, epochs=2).fit(planted());"
        "print(m.arrays()['vectors'].tobytes().hex())"
    )
    tests = str(Path(__file__).parents[1])
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONPATH": tests, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, root.handlers = root.handlers, []  # those that pytest has put there
    try:
        small(epochs=1).fit(planted())
    finally:
        root.handlers = handlers
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"vector_size": 0}, "vector_size is 0, expected at least 1"),
        ({"window": 0}, "window is 0"),
        ({"epochs": -1}, "epochs is -1"),
        ({"negative": 0}, "negative is 0"),
        ({"alpha": 0.0}, "alpha is 0.0"),
        ({"sample": -1.0}, "sample -1.0"),
    ],
)
def test_options_out_of_range(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        small(**options).fit(planted())
