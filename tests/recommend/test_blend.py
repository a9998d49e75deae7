from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
import pytest

from blending import SMALL, parts_of, small_ranker
from contracts.recommender import RecommenderContract, group_of, ids, interactions, planted
from segue.models.recommender import Arrays, OnProgress, silent
from segue.models.registry import model_class
from segue.recommend.blend import PARTS, Blend, Ranker
from segue.recommend.trees import Trees
from segue.types import Interactions, Seed


class Fittable(Blend):
    """The blend with the ways of a model: its models learn, its trees grew before."""

    name: ClassVar[str] = "blend"

    def __init__(self, candidates: int = 1200) -> None:
        super().__init__({}, Ranker(candidates).grown(small_ranker().trees_))

    def fit(self, data: Interactions, *, on_progress: OnProgress = silent) -> Self:
        for name in PARTS:
            options = {**SMALL.get(name, {})}
            if name == "word2vec":
                options["min_count"] = 1
            model = model_class(name)(**options)
            self._models = {**self._models, name: model.fit(data, on_progress=on_progress)}
        return self

    def arrays(self) -> Arrays:
        return {
            "trees": self._ranker.trees_.graph,
            **{
                f"{name}-{key}": array
                for name, model in self._models.items()
                for key, array in model.arrays().items()
            },
        }

    @classmethod
    def from_arrays(cls, options: dict[str, Any], arrays: Arrays) -> Self:
        blend = cls(**options)
        blend._ranker.grown(Trees(arrays["trees"]))
        for name in PARTS:
            own = {
                key.removeprefix(f"{name}-"): array
                for key, array in arrays.items()
                if key.startswith(f"{name}-")
            }
            model = model_class(name).from_arrays(SMALL.get(name, {}), own)
            blend._models = {**blend._models, name: model}
        return blend


class TestContract(RecommenderContract):
    def make(self) -> Fittable:
        return Fittable()


@pytest.fixture(scope="module")
def blend() -> Blend:
    return Blend(parts_of(planted()), small_ranker())


def test_a_title_alone(blend: Blend) -> None:
    for group, title in enumerate(("rainy evening", "GYM 💪", "夏の歌", "road trip")):
        seed = Seed(title=title)
        found = blend.recommend(seed, 8)
        assert [group_of(track) for track in found.ids.tolist()] == [group] * 8
        assert {reason.kind for reason in blend.explain(seed, found.ids)} == {"title"}


def test_scores_are_between_0_and_1_and_tell_songs_apart(blend: Blend) -> None:
    found = blend.recommend(Seed(likes=ids(1000, 1003)), 1000)
    assert len(found) == len(planted().track_ids) - 2
    assert 0 < found.scores.min() < found.scores.max() < 1
    of_group = np.array([group_of(track) for track in found.ids.tolist()]) == 0
    assert found.scores[of_group].min() > found.scores[~of_group].max()


def test_what_follows_the_candidates_is_common_and_says_so() -> None:
    songs = [list(range(100 * row, 100 * row + 30)) for row in range(1, 30)]
    data = interactions(
        [*songs * 4, [9000, 9001], [9000]], titles=["x"] * 118, descriptions=[""] * 118
    )
    few = Blend(parts_of(data), Ranker(candidates=1).grown(small_ranker().trees_))
    seed = Seed(likes=ids(100))
    found = few.recommend(seed, 1000)
    assert len(found) == len(data.track_ids) - 1
    rest = found.ids[found.scores == 0]
    assert len(rest) > 500
    counts = dict(zip(data.track_ids.tolist(), np.bincount(data.indices).tolist(), strict=True))
    followed = [(-counts[track], track) for track in rest.tolist()]
    assert followed == sorted(followed)
    reasons = blend_reasons(few, seed, found.ids)
    assert reasons[0][0] == "playlists"
    assert {kind for kind, _ in reasons[-len(rest) :]} == {"popular"}
    assert reasons[-1] == ("popular", 1)
    np.testing.assert_array_equal(few.score(seed, found.ids), found.scores)


def blend_reasons(blend: Blend, seed: Seed, tracks: Any) -> list[tuple[str, int]]:
    return [(reason.kind, reason.count) for reason in blend.explain(seed, tracks)]


def test_songs_that_may_be_answered_come_before_those_with_no_evidence(blend: Blend) -> None:
    allowed = ids(1205, 1310, 1004, 1005, 1006)
    found = blend.recommend(Seed(likes=ids(1000), allowed=allowed), 4)
    assert {1004, 1005, 1006} == set(found.ids[:3].tolist())


def test_the_reasons_are_of_models_that_had_a_say(blend: Blend) -> None:
    seed = Seed(likes=ids(1000, 1001), title="GYM")
    found = blend.recommend(seed, 48)
    said = blend.explain(seed, found.ids)
    parts = parts_of(planted())
    own = {name: parts[name].explain(seed, found.ids) for name in PARTS}
    for place, reason in enumerate(said):
        first = next(
            (
                own[name][place]
                for name in ("playlist_knn", "item_knn", "titles")
                if own[name][place].kind != "popular"
            ),
            own["playlist_knn"][place],
        )
        assert reason == first
    assert {"playlists", "title"} <= {reason.kind for reason in said}


def test_a_seed_is_rated_once(blend: Blend, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Seed] = []
    real = blend._evidence.gather

    def gather(seed: Seed) -> Any:
        asked.append(seed)
        return real(seed)

    monkeypatch.setattr(blend._evidence, "gather", gather)
    seed, other = Seed(likes=ids(1000)), Seed(likes=ids(1100))
    first = blend.recommend(seed, 5)
    blend.explain(seed, first.ids)
    assert asked == [seed]
    assert blend.recommend(other, 5).ids.tolist() != first.ids.tolist()
    assert blend.recommend(seed, 5).ids.tolist() == first.ids.tolist()
    assert len(asked) == 3
