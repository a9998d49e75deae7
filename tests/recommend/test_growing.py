from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from blending import SMALL, long_planted, parts_of
from contracts.recommender import group_of, ids, interactions, planted
from segue.errors import UsageError
from segue.models.recommender import FitProgress, OnProgress, Recommender
from segue.recommend import growing
from segue.recommend.blend import Blend, Ranker
from segue.recommend.evidence import Evidence
from segue.recommend.growing import fit_ranker
from segue.types import Interactions, Seed

WHY = "blend needs at least 100 playlists of more than 10 songs; there are"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growing, "_ROUNDS", (1, 15))


@pytest.fixture
def fitted_on(monkeypatch: pytest.MonkeyPatch) -> list[Interactions]:
    """Return what the models were fitted on, in turn."""
    seen: list[Interactions] = []
    real = growing._fitted

    def fitted(
        data: Interactions, options: Any, step: str, on_progress: OnProgress
    ) -> dict[str, Recommender]:
        seen.append(data)
        return real(data, options, step, on_progress)

    monkeypatch.setattr(growing, "_fitted", fitted)
    return seen


@pytest.mark.usefixtures("quick")
def test_the_same_data_and_seed_grow_the_same_trees() -> None:
    ours, theirs = (fit_ranker(long_planted(), seed=4, options=SMALL) for _ in range(2))
    assert ours.trees_.graph.tobytes() == theirs.trees_.graph.tobytes()
    other = fit_ranker(long_planted(), seed=5, options=SMALL)
    assert other.trees_.graph.tobytes() != ours.trees_.graph.tobytes()


@pytest.mark.usefixtures("quick")
def test_what_is_asked_about_was_never_learned(
    fitted_on: list[Interactions], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = long_planted()
    data = replace(data, titles=[str(row) for row in data.row_ids.tolist()])
    asked: list[list[Seed]] = []
    real = growing._seeds

    def seeds(*arguments: Any) -> Any:
        asked.append([])
        for of_row in real(*arguments):
            asked[-1] += [seed for seed, _ in of_row]
            for seed, answer in of_row:
                row = int(seed.title) - 1
                listed = data.indices[data.indptr[row] : data.indptr[row + 1]]
                held = set(data.track_ids[listed].tolist())
                assert set(seed.likes.tolist()) | set(answer.tolist()) == held
                assert not set(seed.likes.tolist()) & set(answer.tolist())
                assert len(answer) >= 10
            yield of_row

    monkeypatch.setattr(growing, "_seeds", seeds)
    fit_ranker(data, options=SMALL)
    assert len(fitted_on) == len(asked) == 3
    every: list[str] = []
    for learned, seeds_of in zip(fitted_on, asked, strict=True):
        titles = {seed.title for seed in seeds_of}
        assert len(learned) == 160 - 160 // 6
        assert 15 < len(titles) <= 160 // 6
        assert not titles & set(learned.titles)
        every += titles
    assert len(every) == len(set(every)), "no playlist is asked about twice"
    counts = {len(seed.likes) for of_fold in asked for seed in of_fold}
    assert {0, 1, 2, 3, 5} <= counts


@pytest.mark.usefixtures("quick")
def test_one_turn_where_playlists_are_many(
    fitted_on: list[Interactions], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growing, "_FEW", 159)
    monkeypatch.setattr(growing, "_MOST", 20)
    fit_ranker(long_planted(), options=SMALL)
    assert [len(data) for data in fitted_on] == [140]


@pytest.mark.parametrize(
    ("data", "there"),
    [
        (long_planted(99), 99),
        (planted(), 0),  # of 5 to 9 songs
        (interactions([]), 0),
        (interactions([list(range(10))] * 200), 0),
    ],
)
def test_too_few_playlists(data: Interactions, there: int) -> None:
    with pytest.raises(UsageError, match=f"{WHY} {there}$"):
        fit_ranker(data)


def test_a_model_that_cannot_learn_says_so() -> None:
    with pytest.raises(UsageError, match="word2vec has nothing to learn from"):
        fit_ranker(long_planted(100), options={"word2vec": {"min_count": 1000}})


def test_nothing_that_was_kept_apart_can_be_continued() -> None:
    rows = [[1000 * row + i for i in range(12)] for row in range(102)]
    data = interactions(rows, titles=[""] * 102, descriptions=[""] * 102)
    with pytest.raises(UsageError, match="no playlist that was kept apart could be continued"):
        fit_ranker(data, options={**SMALL, "word2vec": {"min_count": 1, "epochs": 1}})


@pytest.mark.usefixtures("quick")
def test_small_data_grow_trees_that_tell_songs_apart() -> None:
    data = long_planted(102)
    ranker = fit_ranker(data, options=SMALL)
    found = Blend(parts_of(data), ranker).recommend(Seed(likes=ids(1101, 1102, 1103)), 20)
    assert [group_of(track) for track in found.ids.tolist()] == [1] * 20
    assert len(set(found.scores.tolist())) > 10


@pytest.mark.usefixtures("quick")
def test_progress_and_options() -> None:
    told: list[FitProgress] = []
    given = Ranker(candidates=50)
    assert (
        fit_ranker(long_planted(100), ranker=given, options=SMALL, on_progress=told.append) is given
    )
    steps = [state.step for state in told]
    assert "turn 1 of 3, playlist_knn: counting songs" in steps
    assert "turn 3 of 3: asking" in steps
    assert steps[-1] == "growing trees"
    assert told[-1].done == told[-1].total == steps.count("growing trees") > 5
    assert all(state.done <= state.total for state in told if state.total)


@pytest.mark.usefixtures("quick")
def test_playlists_without_titles() -> None:
    data = replace(long_planted(100), titles=(), descriptions=())
    ranker = fit_ranker(data, options=SMALL)
    found = Blend(parts_of(data), ranker).recommend(Seed(likes=ids(1201, 1202)), 5)
    assert [group_of(track) for track in found.ids.tolist()] == [2] * 5


@pytest.mark.usefixtures("quick")
def test_songs_that_stand_twice_in_a_playlist_are_asked_about_once() -> None:
    data = long_planted(120)
    rows = [
        data.indices[a:b].tolist() * 2
        for a, b in zip(data.indptr.tolist(), data.indptr[1:].tolist(), strict=False)
    ]
    twice = replace(
        data,
        indptr=data.indptr * 2,
        indices=np.concatenate(rows).astype(np.int32),
    )
    evidence = Evidence(parts_of(twice))
    draws = np.random.default_rng(0)
    for of_row in growing._seeds(twice, np.arange(20), evidence, draws):
        for seed, answer in of_row:
            every = [*seed.likes.tolist(), *answer.tolist()]
            assert len(every) == len(set(every))
