"""Which recommenders learn from playlists and listening, by name."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

from segue.errors import UsageError
from segue.models.recommender import Recommender

MODELS: Final = {
    # Each name with its class: a model's libraries are imported when it is asked for.
    "popularity": "segue.models.popularity:Popularity",
    "word2vec": "segue.models.word2vec:Word2Vec",
    "item_knn": "segue.models.item_knn:ItemKnn",
    "knn_baseline": "segue.models.knn_baseline:KnnBaseline",
    "playlist_knn": "segue.models.playlist_knn:PlaylistKnn",
    "als": "segue.models.als:Als",
    "titles": "segue.models.titles:Titles",
}


def model_class(name: str) -> type[Recommender]:
    """Return the class of a model.

    Raises
    ------
    UsageError
        If there is no model of that name.
    """
    if name not in MODELS:
        raise UsageError(f"there is no model {name!r}; there are {', '.join(MODELS)}")
    module, _, attribute = MODELS[name].partition(":")
    found: Any = getattr(import_module(module), attribute)
    chosen: type[Recommender] = found
    return chosen
