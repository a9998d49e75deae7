from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, f1_score, precision_recall_fscore_support

from segue.errors import UsageError
from segue.evaluate import genre_metrics
from segue.evaluate.genre_metrics import VOTES, Vote, score_genres, vote

NAMES = ("blues", "country", "rock")


def chunks(*rows: list[float]) -> NDArray[np.float32]:
    return np.array(rows, dtype=np.float32)


def sure(answers: list[int], genres: int, certainty: float = 1.0) -> NDArray[np.float32]:
    """Return probabilities that answer so, as certain as that."""
    rest = (1 - certainty) / (genres - 1)
    rows = np.full((len(answers), genres), rest, dtype=np.float32)
    rows[np.arange(len(answers)), answers] = certainty
    return rows


# A song's genre from its chunks.


def test_the_three_ways_differ() -> None:
    song = chunks([0.4, 0.35, 0.25], [0.4, 0.35, 0.25], [0.02, 0.9, 0.08], [0.01, 0.0, 0.99])
    assert vote(song, "mean").tolist() == pytest.approx([0.2075, 0.4, 0.3925])
    # two chunks, one and one, and the mean as the fifth
    assert vote(song, "majority").tolist() == pytest.approx([2.2075 / 5, 1.4 / 5, 1.3925 / 5])
    assert vote(song, "most_certain").tolist() == pytest.approx([0.01, 0.0, 0.99])
    assert [int(vote(song, how).argmax()) for how in VOTES] == [1, 0, 2]


def test_the_mean_breaks_a_tied_majority() -> None:
    song = chunks([0.5, 0.4, 0.1], [0.1, 0.6, 0.3], [0.5, 0.4, 0.1], [0.1, 0.6, 0.3])
    assert int(vote(song, "majority").argmax()) == 1
    assert int(vote(song[:, ::-1].copy(), "majority").argmax()) == 1


def test_the_first_of_equally_certain_chunks_counts() -> None:
    assert vote(chunks([0.8, 0.2], [0.2, 0.8]), "most_certain").tolist() == pytest.approx(
        [0.8, 0.2]
    )


@given(
    st.lists(st.lists(st.floats(0, 1, width=32), min_size=4, max_size=4), min_size=1, max_size=12),
    st.sampled_from(VOTES),
)
def test_votes_are_probabilities_and_no_minority_wins(rows: list[list[float]], how: Vote) -> None:
    raw = np.array(rows, dtype=np.float64) + 1e-3
    song = (raw / raw.sum(axis=1, keepdims=True)).astype(np.float32)
    result = vote(song, how)
    assert result.dtype == np.float32
    assert result.shape == (4,)
    assert result.sum() == pytest.approx(1, abs=1e-5)
    if how == "majority":
        votes = np.bincount(song.argmax(axis=1), minlength=4)
        assert votes[result.argmax()] == votes.max()


def test_one_chunk_decides_in_every_way() -> None:
    for how in VOTES:
        assert int(vote(chunks([0.2, 0.5, 0.3]), how).argmax()) == 1


def test_votes_without_sense_are_refused() -> None:
    with pytest.raises(UsageError, match=r"shape \(0, 3\)"):
        vote(np.zeros((0, 3), dtype=np.float32), "mean")
    with pytest.raises(UsageError, match=r"shape \(3,\)"):
        vote(np.zeros(3, dtype=np.float32), "mean")
    how: Any = "best"
    with pytest.raises(UsageError, match="no vote 'best'; there are mean, majority, most_certain"):
        vote(chunks([1.0, 0.0]), how)


# A set of answers.


def test_a_case_reckoned_by_hand() -> None:
    truth = np.array([0, 0, 0, 1, 1, 2])
    scores = score_genres(sure([0, 0, 1, 1, 1, 0], 3), truth, np.arange(6), NAMES)
    assert scores.confusion.tolist() == [[2, 1, 0], [0, 2, 0], [1, 0, 0]]
    assert scores.accuracy == pytest.approx(4 / 6)
    assert scores.macro_f1 == pytest.approx((2 / 3 + 0.8 + 0) / 3)
    blues, country, rock = scores.per_genre
    assert (blues.genre, blues.support) == ("blues", 3)
    assert (blues.precision, blues.recall, blues.f1) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    assert (country.precision, country.recall, country.f1) == pytest.approx((2 / 3, 1, 0.8))
    assert (rock.precision, rock.recall, rock.f1, rock.support) == (0, 0, 0, 1)
    assert scores.ece == pytest.approx(2 / 6)  # always certain, a third wrong


def test_calibration_reckoned_by_hand() -> None:
    certainty = [0.95, 0.85, 0.85, 0.7, 0.65]
    rows = chunks(*([c, 1 - c] for c in certainty))
    truth = np.array([0, 1, 0, 0, 1])
    scores = score_genres(rows, truth, np.arange(5), NAMES[:2])
    # 0.9-1: 1 right of 1; 0.8-0.9: 1 of 2; 0.6-0.7, closed above: 1 of 2
    expected = (abs(1 - 0.95) + abs(1 - 1.7) + abs(1 - 1.35)) / 5
    assert scores.ece == pytest.approx(expected, abs=1e-6)


def test_well_calibrated_answers_have_no_error() -> None:
    truth = np.array([0] * 8 + [1] * 2)
    scores = score_genres(sure([0] * 10, 2, 0.8), truth, np.arange(10), NAMES[:2])
    assert scores.ece == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_it_agrees_with_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, g = 80, 5
    truth = rng.integers(0, g - 1, n)  # the last genre has no song, and may be answered
    rows = rng.dirichlet(np.full(g, 0.5), n).astype(np.float32)
    answers = rows.argmax(axis=1)
    scores = score_genres(rows, truth, np.arange(n), [str(i) for i in range(g)])
    assert np.array_equal(scores.confusion, confusion_matrix(truth, answers, labels=range(g)))
    expected = precision_recall_fscore_support(truth, answers, labels=range(g), zero_division=0)
    for position, name in enumerate(("precision", "recall", "f1", "support")):
        ours = [getattr(score, name) for score in scores.per_genre]
        assert ours == pytest.approx(list(expected[position]))
    assert scores.macro_f1 == pytest.approx(f1_score(truth, answers, average="macro"))
    assert scores.accuracy == pytest.approx((truth == answers).mean())


def test_genres_that_are_nowhere_do_not_lower_the_mean() -> None:
    scores = score_genres(sure([0, 1], 3), np.array([0, 1]), np.arange(2), NAMES)
    assert scores.macro_f1 == 1
    assert scores.accuracy_interval == scores.macro_f1_interval == (1.0, 1.0)


def test_the_interval_is_that_of_a_share() -> None:
    n = 400
    truth = np.zeros(n, dtype=np.int64)
    answers = ([0] * 7 + [1] * 3) * 40
    scores = score_genres(sure(answers, 2), truth, np.arange(n), NAMES[:2])
    half = 1.96 * np.sqrt(0.7 * 0.3 / n)  # the normal theory's
    assert scores.accuracy_interval == pytest.approx((0.7 - half, 0.7 + half), abs=0.01)


def test_songs_of_one_group_are_one_witness() -> None:
    n = 400
    truth = np.zeros(n, dtype=np.int64)
    answers = [0] * 280 + [1] * 120
    owners = np.arange(n) // 20  # twenty artists, each told wholly right or wholly wrong
    apart = score_genres(sure(answers, 2), truth, np.arange(n), NAMES[:2])
    joined = score_genres(sure(answers, 2), truth, owners, NAMES[:2])
    assert joined.accuracy == apart.accuracy

    def width(ends: tuple[float, float]) -> float:
        return ends[1] - ends[0]

    assert width(joined.accuracy_interval) == pytest.approx(
        width(apart.accuracy_interval) * np.sqrt(20), rel=0.1
    )
    assert width(joined.macro_f1_interval) > 3 * width(apart.macro_f1_interval)


def test_the_seed_decides_the_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(genre_metrics, "RESAMPLES", 50)
    rng = np.random.default_rng(0)
    rows, truth = rng.dirichlet(np.ones(3), 60), rng.integers(0, 3, 60)

    def interval(seed: int) -> tuple[float, float]:
        return score_genres(rows, truth, np.arange(60), NAMES, seed=seed).macro_f1_interval

    assert interval(1) == interval(1)
    assert interval(1) != interval(2)


def test_the_json_form_is_plain() -> None:
    truth = np.array([0, 0, 0, 1, 1, 2])
    scores = score_genres(sure([0, 0, 1, 1, 1, 0], 3), truth, np.arange(6), NAMES)
    told = json.loads(json.dumps(scores.to_json(), allow_nan=False))
    assert list(told) == [
        *("accuracy", "macro_f1", "accuracy_interval", "macro_f1_interval"),
        *("per_genre", "confusion", "labels", "ece", "n"),
    ]
    assert told["accuracy"] == 0.666667
    assert told["labels"] == list(NAMES)
    assert told["n"] == sum(map(sum, told["confusion"])) == 6
    assert told["per_genre"][1] == {
        **{"genre": "country", "precision": 0.666667, "recall": 1.0, "f1": 0.8, "support": 2}
    }


@pytest.mark.parametrize(
    ("rows", "truth", "owners", "message"),
    [
        (sure([0], 3), [0, 1], [0, 1], "do not fit"),
        (sure([0, 1], 2), [0, 1], [0, 1], "do not fit"),
        (sure([0, 1], 3), [0, 1], [0], "do not fit"),
        (np.zeros((0, 3), dtype=np.float32), [], [], "do not fit"),
        (sure([0, 1], 3), [0, 3], [0, 1], "true genres 0 to 3; expected 0 to 2"),
        (sure([0, 1], 3) * np.nan, [0, 1], [0, 1], "negative or no number"),
        (sure([0, 1], 3) - 1, [0, 1], [0, 1], "negative or no number"),
        (sure([0, 1], 3) * 2, [0, 1], [0, 1], r"a probability of 2\.000"),
    ],
)
def test_what_does_not_fit_is_refused(
    rows: NDArray[np.float32], truth: list[int], owners: list[int], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        score_genres(rows, np.array(truth, dtype=np.int64), np.array(owners, dtype=np.int64), NAMES)
