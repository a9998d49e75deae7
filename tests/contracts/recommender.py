"""What every recommender must do. A test class derives from this and says how to make one."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.models.artifact import load_artifact, save_artifact
from segue.models.recommender import FitProgress, Recommender
from segue.types import Interactions, Seed

GROUPS = 4
PER_GROUP = 12


def interactions(rows: list[list[int]], **more: Any) -> Interactions:
    """Return rows of track ids as interactions; artist and album of a track are 0 unless given."""
    entries = np.array(list(itertools.chain(*rows)), dtype=np.int64)
    track_ids = np.unique(entries)
    none = np.zeros(len(track_ids), dtype=np.int64)
    fields: dict[str, Any] = {"artist_ids": none, "album_ids": none, **more}
    return Interactions(
        np.arange(1, len(rows) + 1, dtype=np.int64),
        track_ids,
        indptr=np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64),
        indices=np.searchsorted(track_ids, entries).astype(np.int32),
        **fields,
    )


def group_of(track: int) -> int:
    """Return the planted group of a track: ids 1000 to 1011 are of group 0, and so on."""
    return (track - 1000) // 100


def planted(rows: int = 160, seed: int = 3) -> Interactions:
    """Return playlists that each keep to one of four groups of songs, with titles that say which.

    Each group has two artists; one song, 1399, stands in one playlist alone.
    """
    rng = np.random.default_rng(seed)
    lists = []
    for row in range(rows):
        base = 1000 + 100 * (row % GROUPS)
        lists.append((base + rng.permutation(PER_GROUP)[: rng.integers(5, 9)]).tolist())
    lists[3].append(1399)
    tracks = np.unique(np.concatenate(lists))
    return interactions(
        lists,
        artist_ids=tracks // 100 * 10 + tracks % 2,
        album_ids=tracks // 100,
        titles=[
            ("rainy evening", "GYM 💪", "夏の歌", "road trip")[r % GROUPS] for r in range(rows)
        ],
        descriptions=[""] * rows,
        times=np.arange(rows, dtype=np.int64) + 1_500_000_000,
        artist_names={int(a): f"artist {a}" for a in tracks // 100 * 10 + tracks % 2},
        track_titles=[f"song {t}" for t in tracks],
    )


def ids(*tracks: int) -> NDArray[np.int64]:
    return np.array(tracks, dtype=np.int64)


class RecommenderContract(ABC):
    """The tests; `make` returns the model under test, with options that suit 160 playlists."""

    personal = True  # whether the answer depends on the likes

    @abstractmethod
    def make(self) -> Recommender: ...

    def fitted(self) -> Recommender:
        return self.make().fit(planted())

    def test_likes_of_a_group_bring_that_group(self) -> None:
        model = self.fitted()
        for group in range(GROUPS):
            base = 1000 + 100 * group
            found = model.recommend(Seed(likes=ids(base, base + 1, base + 2)), 6).ids.tolist()
            if self.personal:
                assert [group_of(track) for track in found] == [group] * 6

    def test_form_of_the_answer(self) -> None:
        answer = self.fitted().recommend(Seed(likes=ids(1001)), 10)
        assert answer.ids.dtype == np.int64
        assert answer.scores.dtype == np.float32
        assert len(set(answer.ids.tolist())) == len(answer) == len(answer.scores) == 10
        assert np.all(np.diff(answer.scores) <= 0)
        assert np.isfinite(answer.scores).all()
        for a, b, s, t in zip(
            answer.ids, answer.ids[1:], answer.scores, answer.scores[1:], strict=False
        ):
            assert s > t or a < b or s == 0, "ties are in the order of ids"

    def test_fewer_asked_are_the_first_of_more(self) -> None:
        model = self.fitted()
        seed = Seed(likes=ids(1001, 1102))
        more = model.recommend(seed, 20).ids.tolist()
        assert model.recommend(seed, 7).ids.tolist() == more[:7]

    def test_never_likes_nor_dislikes(self) -> None:
        model = self.fitted()
        seed = Seed(likes=ids(1000, 1001), dislikes=ids(1002, 1205))
        found = set(model.recommend(seed, 1000).ids.tolist())
        assert not found & {1000, 1001, 1002, 1205}
        assert len(found) == len(model.recommend(Seed(likes=ids(1000)), 1000)) - 3

    def test_only_the_allowed_and_as_many_as_there_are(self) -> None:
        model = self.fitted()
        allowed = ids(1310, 1001, 1205, 77, 1003, 1001)
        for likes in (ids(1000), ids(1001, 1000), ids(1101)):
            found = model.recommend(Seed(likes=likes, allowed=allowed), 50).ids.tolist()
            assert sorted(found) == sorted({1310, 1001, 1205, 1003} - set(likes.tolist()))
        assert len(model.recommend(Seed(likes=ids(1000), allowed=ids()), 5)) == 0
        assert len(model.recommend(Seed(likes=ids(1000), allowed=ids(5)), 5)) == 0

    def test_a_filter_does_not_change_the_order(self) -> None:
        model = self.fitted()
        everything = model.recommend(Seed(likes=ids(1000, 1101)), 1000)
        allowed = everything.ids[::3]
        some = model.recommend(Seed(likes=ids(1000, 1101), allowed=allowed), 1000)
        rated = set(everything.ids[everything.scores > 0].tolist())
        assert [t for t in some.ids.tolist() if t in rated] == [
            t for t in allowed.tolist() if t in rated
        ]

    @pytest.mark.parametrize("likes", [ids(), ids(0), ids(99, 10**12, 0, -4)])
    def test_a_seed_that_says_nothing_brings_the_most_common(
        self, likes: NDArray[np.int64]
    ) -> None:
        data = planted()
        model = self.make().fit(data)
        found = model.recommend(Seed(likes=likes), 3).ids.tolist()
        counts = np.bincount(data.indices)
        best = data.track_ids[np.argsort(-counts, kind="stable")[:3]]
        assert found == best.tolist()

    def test_artist_and_album_stand_in_for_a_song_that_is_not_known(self) -> None:
        model = self.fitted()
        if not self.personal:
            return
        for seed in (
            Seed(likes=ids(0), artists=ids(111)),
            Seed(likes=ids(0), albums=ids(11)),
        ):
            found = model.recommend(seed, 6).ids.tolist()
            assert [group_of(track) for track in found] == [1] * 6
            (reason, *_) = model.explain(seed, ids(*found))
            assert reason.kind in ("artist", "album")

    def test_weights_count(self) -> None:
        model = self.fitted()
        if not self.personal:
            return
        for heavy, group in ((0, 0), (1, 2)):
            weights = np.array([0.02, 0.02], dtype=np.float32)
            weights[heavy] = 1
            seed = Seed(likes=ids(1003, 1203), weights=weights)
            assert group_of(int(model.recommend(seed, 1).ids[0])) == group

    def test_every_answer_has_its_reason(self) -> None:
        model = self.fitted()
        seed = Seed(likes=ids(1000, 1001))
        answer = model.recommend(seed, 15)
        reasons = model.explain(seed, answer.ids)
        assert len(reasons) == 15
        kinds = {"song", "playlists", "title", "artist", "album", "popular"}
        for reason in reasons:
            assert reason.kind in kinds
            assert reason.track in (0, 1000, 1001)

    def test_scores_of_chosen_songs_are_those_of_the_ranking(self) -> None:
        model = self.fitted()
        seed = Seed(likes=ids(1000, 1101))
        answer = model.recommend(seed, 1000)
        scores = model.score(seed, np.append(answer.ids, 77))
        assert scores.dtype == np.float32
        np.testing.assert_allclose(scores[:-1], answer.scores, rtol=1e-5, atol=1e-6)
        assert scores[-1] == 0

    def test_stored_and_read_again(self, tmp_path: Path) -> None:
        model = self.fitted()
        save_artifact(tmp_path, model.name, model.arrays(), {"options": model.options})
        stored = load_artifact(tmp_path, model.name)
        again = type(model).from_arrays(stored.meta["options"], stored.arrays())
        assert again.options == model.options
        for likes in (ids(1000), ids(1101, 1310)):
            ours, theirs = (m.recommend(Seed(likes=likes), 30) for m in (model, again))
            np.testing.assert_array_equal(ours.ids, theirs.ids)
            np.testing.assert_array_equal(ours.scores, theirs.scores)

    def test_fitted_twice_answers_alike(self) -> None:
        ours, theirs = (self.fitted().recommend(Seed(likes=ids(1201)), 30) for _ in range(2))
        np.testing.assert_array_equal(ours.ids, theirs.ids)
        np.testing.assert_array_equal(ours.scores, theirs.scores)

    def test_fit_returns_self_and_tells_how_far_it_is(self) -> None:
        told: list[FitProgress] = []
        model = self.make()
        assert model.fit(planted(), on_progress=told.append) is model
        assert all(told_one.done <= told_one.total for told_one in told if told_one.total)

    @pytest.mark.parametrize("k", [0, -3])
    def test_k_below_one(self, k: int) -> None:
        model = self.fitted()
        with pytest.raises(UsageError, match="expected at least 1"):
            model.recommend(Seed(likes=ids(1000)), k)

    def test_nothing_to_learn_from(self) -> None:
        with pytest.raises(UsageError, match="nothing to learn from"):
            self.make().fit(interactions([]))
        with pytest.raises(UsageError, match="nothing to learn from"):
            self.make().fit(interactions([[], []]))

    def test_one_playlist_of_one_song(self) -> None:
        try:
            model = self.make().fit(interactions([[7]], titles=["x"], descriptions=[""]))
        except UsageError:
            return  # too little for this model, and said so
        assert model.recommend(Seed(likes=ids(7)), 3).ids.tolist() == []
        assert model.recommend(Seed(likes=ids(8)), 3).ids.tolist() == [7]

    def test_rows_that_are_empty_or_repeat_a_song(self) -> None:
        rows = [[1, 2, 2, 1, 3], [], [1, 2], [2, 3, 3, 3], [1, 3]] * 6
        model = self.make().fit(
            interactions(rows, titles=["a"] * len(rows), descriptions=[""] * len(rows))
        )
        assert sorted(model.recommend(Seed(likes=ids(1, 1, 1)), 5).ids.tolist()) == [2, 3]
