"""All models by company as one: their evidence side by side, weighed by trees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from segue.models.checks import check_k
from segue.models.postings import values_of
from segue.models.recommender import Arrays, Recommender
from segue.models.vocabulary import Vocabulary
from segue.recommend.evidence import Evidence
from segue.recommend.trees import Trees
from segue.types import Ranking, Reason, Seed

PARTS = ("playlist_knn", "titles", "item_knn", "als", "word2vec")
"""The models that a blend rests on."""

# word2vec and als have no part in it: songs that they hold for near need share no playlist.
_EXPLAINING: Final = ("playlist_knn", "item_knn", "titles")


@dataclass
class Ranker:
    """How much each piece of evidence counts: trees that were grown on playlists kept apart.

    Parameters
    ----------
    candidates
        Songs that are looked at for a seed, by the votes of alike playlists; others add to them.
    """

    name: ClassVar[str] = "blend"
    candidates: int = 1200

    @property
    def options(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return asdict(self)

    def arrays(self) -> Arrays:
        """Return the trees."""
        return {"trees": self.trees_.graph}

    @classmethod
    def from_arrays(cls, options: dict[str, Any], arrays: Arrays) -> Self:
        """Return the grown ranker."""
        return cls(**options).grown(Trees(arrays["trees"]))

    def grown(self, trees: Trees) -> Self:
        """Take the trees, and return self."""
        self.trees_ = trees
        return self


class Blend:
    """Ranks what any of the models brings by all that they say of it.

    Parameters
    ----------
    models
        The fitted `PARTS`, all of the same interactions.
    ranker
        Trained with the same kinds of models.
    """

    name: ClassVar[str] = "blend"

    def __init__(self, models: Mapping[str, Recommender], ranker: Ranker) -> None:
        self._models = models
        self._ranker = ranker
        self._last: tuple[Seed, NDArray[np.int32], NDArray[np.float32]] | None = None

    @cached_property
    def _evidence(self) -> Evidence:
        return Evidence(self._models, self._ranker.candidates)

    @property
    def vocabulary_(self) -> Vocabulary:
        """The tracks that can be answered."""
        return self._evidence.vocabulary

    @property
    def options(self) -> dict[str, Any]:
        """Those of the ranker."""
        return self._ranker.options

    def recommend(self, seed: Seed, k: int) -> Ranking:
        """Return the `k` best of the candidates; where there are fewer, common songs follow.

        The score is a chance between 0 and 1 in form alone: it grows with how sure the trees are.
        """
        check_k(k)
        columns, scores = self._rated(seed)
        return self.vocabulary_.ranking(columns, scores, seed, k)

    def score(self, seed: Seed, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the score of each song; 0 for those that are no candidates, such as the likes."""
        return values_of(self.vocabulary_.columns(ids), *self._rated(seed))

    def explain(self, seed: Seed, ids: NDArray[np.int64]) -> list[Reason]:
        """Return the reason of the first model that has one: playlists, pairs of songs, titles.

        What each of them says is evidence that the score rests on, though not all of it. A song
        that follows the candidates is there for being common alone.
        """
        reasons = self.vocabulary_.popular(ids)
        left = np.flatnonzero(self.score(seed, ids) > 0)
        for name in _EXPLAINING:
            if len(left) == 0:
                break
            found = self._models[name].explain(seed, ids[left])
            for place, reason in zip(left.tolist(), found, strict=True):
                if reason.kind != "popular":
                    reasons[place] = reason
            left = np.array([i for i in left.tolist() if reasons[i].kind == "popular"], dtype=int)
        return reasons

    def _rated(self, seed: Seed) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return the candidates and their scores; those of the last seed are kept.

        Whoever asks for a ranking asks for the reasons, and often for a longer ranking, next.
        """
        last = self._last
        if last is not None and last[0] is seed:
            return last[1], last[2]
        columns, evidence = self._evidence.gather(seed)
        rated = self._ranker.trees_(as_matrix(evidence))
        scores = (1 / (1 + np.exp(-np.clip(rated, -30, 30)))).astype(np.float32)
        self._last = seed, columns, scores
        return columns, scores


def as_matrix(evidence: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return the evidence as the trees read it [shape=(candidates, kinds)]."""
    return np.stack(list(evidence.values()), axis=1).astype(np.float32)
