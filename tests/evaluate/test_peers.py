from __future__ import annotations

import sys

import numpy as np
import pytest

from contracts.recommender import GROUPS, group_of, ids, interactions, planted
from segue.evaluate.peers import PEERS
from segue.types import Seed

NEIGHBOURS = ["implicit_cosine", "implicit_bm25", "implicit_als", "surprise_knn_baseline"]


def test_names() -> None:
    assert list(PEERS) == ["gensim_word2vec", *NEIGHBOURS]


@pytest.mark.parametrize("name", NEIGHBOURS)
def test_a_group_brings_that_group(name: str) -> None:
    peer = PEERS[name]().fit(planted())
    for group in range(GROUPS):
        base = 1000 + 100 * group
        found = peer.recommend(Seed(likes=ids(base, base + 1, base + 2)), 3).ids.tolist()
        assert [group_of(track) for track in found] == [group] * 3


def test_word2vec_learns_from_many_playlists() -> None:
    peer = PEERS["gensim_word2vec"]().fit(planted(4000))
    found = peer.recommend(Seed(likes=ids(1100, 1101)), 5).ids.tolist()
    assert [group_of(track) for track in found] == [1] * 5


@pytest.mark.parametrize("name", PEERS)
def test_the_form_of_the_answer(name: str) -> None:
    data = planted()
    peer = PEERS[name]().fit(data)
    common = data.track_ids[np.argsort(-np.bincount(data.indices), kind="stable")]
    for likes in (ids(), ids(0), ids(77, -3)):  # that say nothing to it
        assert peer.recommend(Seed(likes=likes), 5).ids.tolist() == common[:5].tolist()
    seed = Seed(likes=ids(1000, 0, 1101))
    answer = peer.recommend(seed, 500)
    assert sorted(answer.ids.tolist()) == np.setdiff1d(data.track_ids, [1000, 1101]).tolist()
    assert np.all(np.diff(answer.scores) <= 0)
    again = PEERS[name]().fit(data).recommend(seed, 500)
    assert again.ids.tolist() == answer.ids.tolist()


def test_rows_that_are_empty() -> None:
    data = interactions([[], [1, 2, 3], [1, 2], [], [2, 3], [1, 2, 3], [1, 3], []])
    for name, peer in PEERS.items():
        found = peer().fit(data).recommend(Seed(likes=ids(1)), 5).ids.tolist()
        assert sorted(found) == [2, 3], name


@pytest.mark.parametrize(
    ("name", "library"),
    [("gensim_word2vec", "gensim.models"), ("surprise_knn_baseline", "surprise")],
)
def test_a_library_that_is_missing(
    name: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError):
        PEERS[name]().fit(planted())


def test_surprise_knows_the_most_common_songs_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    data = planted()
    monkeypatch.setattr("segue.evaluate.peers._SURPRISE_BYTES", 40 * 8**2)
    peer = PEERS["surprise_knn_baseline"]().fit(data)
    common = data.track_ids[np.argsort(-np.bincount(data.indices), kind="stable")]
    first = int(common[0])
    group = [t for t in common[1:8].tolist() if group_of(t) == group_of(first)]
    found = peer.recommend(Seed(likes=ids(first)), len(group)).ids.tolist()
    assert sorted(found) == sorted(group)
    rare = int(common[20])
    assert peer.recommend(Seed(likes=ids(rare)), 3).ids.tolist() == common[:3].tolist()
