"""Neighbours of each song, stored: what the two item-based nearest-neighbour models answer from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from segue.models.postings import values_of
from segue.models.recommender import Arrays
from segue.models.vocabulary import VIA, Seeds, Vocabulary
from segue.types import Reason, Seed

_PREFIX: Final = "neighbor_"  # of its arrays among those of a model


@dataclass(frozen=True, eq=False)
class Neighbors:
    """For each of m columns the columns most like it, e in all. The order of columns is free.

    Attributes
    ----------
    starts, sizes
        int64 and int32 [shape=(m,)]: column c has the neighbours ``starts[c]`` and on.
    scales
        float32 [shape=(m,)]: a column's similarities are to be multiplied by it.
    columns
        int32 [shape=(e,)], the most similar of each column first.
    similarities
        float16 or float32 [shape=(e,)].
    """

    starts: NDArray[np.int64]
    sizes: NDArray[np.int32]
    scales: NDArray[np.float32]
    columns: NDArray[np.int32]
    similarities: NDArray[np.floating[Any]]

    def scored(
        self, vocabulary: Vocabulary, seed: Seed
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return all that the likes are neighbours of, columns rising, and the scores.

        A score is the sum of the similarities to the likes, by their weights, less that to the
        dislikes; 0 at least.
        """
        brought = list(self._brought(vocabulary.seeds(seed)))
        if not brought:
            return np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32)
        columns, place = np.unique(np.concatenate([c for c, _ in brought]), return_inverse=True)
        values = np.concatenate([v for _, v in brought])
        scores = np.bincount(place, weights=values).astype(np.float64)
        for column in vocabulary.columns(seed.dislikes).tolist():
            if column >= 0:
                theirs, values = self._of(column)
                _, at, of = np.intersect1d(columns, theirs, assume_unique=True, return_indices=True)
                scores[at] -= values[of]
        return columns, np.maximum(scores, 0).astype(np.float32)

    def scores_of(
        self, vocabulary: Vocabulary, seed: Seed, ids: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Return the scores of these ids [shape=(n,)], 0 where one is no neighbour."""
        return values_of(vocabulary.columns(ids), *self.scored(vocabulary, seed))

    def reasons(self, vocabulary: Vocabulary, seed: Seed, ids: NDArray[np.int64]) -> list[Reason]:
        """Return for each id the like that brought most of its score, the earliest of equals.

        Where dislikes have taken all of the score away, no like has brought the song.
        """
        seeds = vocabulary.seeds(seed)
        wanted, place = np.unique(vocabulary.columns(ids), return_inverse=True)
        most = np.zeros(len(wanted), dtype=np.float32)
        by = np.full(len(wanted), -1)
        for i, (columns, values) in enumerate(self._brought(seeds)):
            _, at, of = np.intersect1d(wanted, columns, assume_unique=True, return_indices=True)
            more = values[of] > most[at]
            most[at[more]] = values[of[more]]
            by[at[more]] = i
        reasons = vocabulary.popular(ids)
        scored = self.scores_of(vocabulary, seed, ids) > 0
        for i, brought_by in enumerate(by[place].tolist()):
            if brought_by >= 0 and scored[i]:
                like = int(seed.likes[seeds.likes[brought_by]])
                reasons[i] = Reason(VIA[seeds.via[brought_by]], like)
        return reasons

    def _of(self, column: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        start = int(self.starts[column])
        end = start + int(self.sizes[column])
        values = self.similarities[start:end].astype(np.float32)
        return self.columns[start:end], values * self.scales[column]

    def _brought(self, seeds: Seeds) -> Iterator[tuple[NDArray[np.int32], NDArray[np.float32]]]:
        """Yield for each of the seeds its neighbours and what they score by it."""
        for column, weight in zip(seeds.columns.tolist(), seeds.weights, strict=True):
            columns, values = self._of(column)
            yield columns, values * weight

    def arrays(self) -> Arrays:
        """Return what an artefact keeps of it."""
        return {_PREFIX + name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Return the neighbours that `arrays` came from; other arrays are passed over."""
        return cls(*(arrays[_PREFIX + name] for name in cls.__dataclass_fields__))
