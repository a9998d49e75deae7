"""Recommending by sound: the nearest vectors of what was listened to."""

from __future__ import annotations

from typing import Self

import numpy as np

from segue.errors import UsageError
from segue.types import Ranking, Seed
from segue.vectors.index import VectorIndex


class Sound:
    """Ranks songs by the cosine between their vectors and the seed's.

    Attributes
    ----------
    index_
        The vectors that `fit` was given.
    """

    index_: VectorIndex

    def fit(self, index: VectorIndex) -> Self:
        """Take the vectors to be searched: unit length, by track id."""
        self.index_ = index
        return self

    def recommend(self, seed: Seed, k: int) -> Ranking:
        """Return the `k` songs that sound most like the seed's vectors taken together.

        Fewer where there are no more. The score is the cosine, a negative one counting as 0; songs
        of the seed itself are not left out.

        Raises
        ------
        UsageError
            If the seed has no vectors or `k` is below 1.
        """
        if seed.vectors is None or len(seed.vectors) == 0:
            raise UsageError("recommending by sound needs a song that was listened to")
        query = seed.vectors.mean(axis=0)
        query = query / max(float(np.linalg.norm(query)), 1e-12)
        ids, scores = self.index_.query(query.astype(np.float32), k, allowed=seed.allowed)
        return Ranking(ids, np.clip(scores, 0, 1).astype(np.float32))
