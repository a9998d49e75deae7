"""What the fitting part tells of each song: how common it is, whose it is, where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from segue.types import Interactions


@dataclass(frozen=True, eq=False)
class Background:
    """The songs of the fitting part. m songs, n rows.

    Attributes
    ----------
    track_ids
        int64 [shape=(m,)], rising.
    artist_ids
        int64 [shape=(m,)]; 0 where not known.
    counts
        int64 [shape=(m,)]: rows that have the song.
    ranks
        int64 [shape=(m,)]: 1 for the song in most rows, and so on; ties by id.
    by_song
        (indptr, rows): the rows of song c are ``rows[indptr[c]:indptr[c + 1]]``.
    rows
        How many rows there are.
    """

    track_ids: NDArray[np.int64]
    artist_ids: NDArray[np.int64]
    counts: NDArray[np.int64]
    ranks: NDArray[np.int64]
    by_song: tuple[NDArray[np.int64], NDArray[np.int32]]
    rows: int

    @classmethod
    def of(cls, interactions: Interactions) -> Self:
        """Return what these interactions tell."""
        by_song = interactions.matrix().tocsc()
        counts = np.diff(by_song.indptr).astype(np.int64)
        ranks = np.empty(len(counts), dtype=np.int64)
        ranks[np.argsort(-counts, kind="stable")] = np.arange(1, len(counts) + 1)
        return cls(
            interactions.track_ids,
            interactions.artist_ids,
            counts,
            ranks,
            (by_song.indptr.astype(np.int64), by_song.indices.astype(np.int32)),
            len(interactions),
        )

    def columns(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the column of each id; -1 for ids that no row has."""
        if len(self.track_ids) == 0:
            return np.full(len(ids), -1, dtype=np.int64)
        place = np.minimum(np.searchsorted(self.track_ids, ids), len(self.track_ids) - 1)
        return np.where(
            (self.track_ids[place] == ids) & (self.counts[place] > 0), place, -1
        ).astype(np.int64)
