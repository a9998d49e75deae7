"""Playlists long enough for the blend to learn from, and small models to blend."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np

from contracts.recommender import GROUPS, interactions
from segue.models.recommender import Recommender
from segue.models.registry import model_class
from segue.recommend.blend import PARTS, Ranker
from segue.recommend.growing import fit_ranker
from segue.types import Interactions

TITLES: Final = ("rainy evening", "GYM 💪", "夏の歌", "road trip")
SMALL: Final[dict[str, dict[str, Any]]] = {
    "als": {"factors": 8, "iterations": 3, "regularization": 1.0},
    "word2vec": {"vector_size": 16, "epochs": 5},
}


def long_planted(rows: int = 160, seed: int = 5) -> Interactions:
    """Return playlists of 12 to 20 songs, nearly all of them from one of four groups of 30.

    As in `planted`, a group has two artists, and its playlists have one title.
    """
    rng = np.random.default_rng(seed)
    lists = []
    for row in range(rows):
        group = 1000 + 100 * (row % GROUPS)
        liked = group + rng.permutation(30)[: rng.integers(12, 21)]
        stray = 1000 + 100 * rng.integers(GROUPS) + rng.integers(30)
        lists.append([*liked.tolist(), int(stray)])
    tracks = np.unique(np.concatenate(lists))
    artists = tracks // 100 * 10 + tracks % 2
    return interactions(
        lists,
        artist_ids=artists,
        album_ids=tracks // 100,
        titles=[TITLES[row % GROUPS] for row in range(rows)],
        descriptions=[""] * rows,
        artist_names={int(artist): f"artist {artist}" for artist in artists},
        track_titles=[f"song {track}" for track in tracks],
    )


def parts_of(
    data: Interactions, options: dict[str, dict[str, Any]] = SMALL
) -> dict[str, Recommender]:
    """Return the models that a blend is of, fitted."""
    return {name: model_class(name)(**options.get(name, {})).fit(data) for name in PARTS}


@cache
def small_ranker() -> Ranker:
    """Return a ranker that learned from `long_planted`."""
    return fit_ranker(long_planted(), options=SMALL)
