"""How good one answer is, and what accuracy hides: how common, alike and new its songs are.

R-precision, NDCG and clicks are those of the RecSys Challenge 2018 (Zamani, Schedl, Lamere and
Chen, "An analysis of approaches taken in the ACM RecSys Challenge 2018 for automatic music
playlist continuation", ACM TIST 2019), without credit for the artist. G is what was to be found,
each track once; those that no model can know are in it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

LENGTH: Final = 500  # songs that are asked for and looked at
_PAGE: Final = 10
NO_CLICKS: Final = LENGTH // _PAGE + 1
_ARTIST_CREDIT: Final = 0.25
_GAINS: Final = 1 / np.log2(np.arange(2, LENGTH + 2))
_IDEAL: Final = np.cumsum(_GAINS)

Hits = NDArray[np.bool_]


def hits(ids: NDArray[np.int64], answer: NDArray[np.int64]) -> Hits:
    """Return for each id whether it was to be found [shape=(n,)].

    >>> hits(np.array([4, 2, 9]), np.array([9, 4, -7])).tolist()
    [True, False, True]
    """
    return np.isin(ids, answer)


def r_precision(found: Hits, size: int) -> float:
    """Return the share of G among the first |G| songs.

    >>> r_precision(np.array([True, False, True, True]), 2)
    0.5
    """
    return float(found[:size].sum() / size)


def ndcg(found: Hits, size: int) -> float:
    """Return the normalised discounted cumulative gain of the first 500.

    The i-th song gains 1 / log2(i + 1) if it is in G; the ideal has min(|G|, 500) at its top.

    >>> ndcg(np.array([True, True, False]), 2)
    1.0
    """
    first = found[:LENGTH]
    return float(_GAINS[: len(first)][first].sum() / _IDEAL[min(size, LENGTH) - 1])


def clicks(found: Hits) -> int:
    """Return how often ten more songs must be asked for until one of G is among them.

    floor(i / 10) of the first hit, i from 0; 51 where there is none in 500.

    >>> clicks(np.array([False] * 10 + [True])), clicks(np.array([False] * 3))
    (1, 51)
    """
    first = np.flatnonzero(found[:LENGTH])
    return int(first[0]) // _PAGE if len(first) else NO_CLICKS


def recall(found: Hits, size: int, n: int) -> float:
    """Return the share of G among the first `n` songs."""
    return float(found[:n].sum() / size)


def challenge_r_precision(
    found: Hits, size: int, artists: NDArray[np.int64], answer_artists: NDArray[np.int64]
) -> float:
    """Return R-precision as the challenge counted it: with credit for the right artist.

    A quarter is added for each artist of G that stands among the artists of the first |G| songs.

    Parameters
    ----------
    artists
        Of the songs that were answered [shape=(n,)]; 0 where not known.
    answer_artists
        Of G.
    """
    right = np.intersect1d(artists[:size], answer_artists)
    return float((found[:size].sum() + _ARTIST_CREDIT * (right != 0).sum()) / size)


def artist_diversity(artists: NDArray[np.int64]) -> float:
    """Return the share of pairs of songs that are by two artists; nan for fewer than two songs.

    A song whose artist is not known is by an artist of its own.

    >>> artist_diversity(np.array([3, 3, 5, 0]))
    0.8333333333333334
    """
    n = len(artists)
    if n < 2:
        return float("nan")
    counts = np.unique(artists[artists != 0], return_counts=True)[1]
    return float(1 - (counts * (counts - 1)).sum() / (n * (n - 1)))


def company_diversity(
    columns: NDArray[np.int64], by_song: tuple[NDArray[np.int64], NDArray[np.int32]]
) -> float:
    """Return 1 - the mean cosine of the pairs of songs by the rows they stand in.

    1: no two of them ever stand together; 0: they all stand in the same rows. nan for fewer than
    two songs.

    Parameters
    ----------
    by_song
        (indptr, rows): song c stands in the rows ``rows[indptr[c]:indptr[c + 1]]``, each once and
        at least one.
    """
    indptr, rows = by_song
    n = len(columns)
    if n < 2:
        return float("nan")
    sizes = indptr[columns + 1] - indptr[columns]
    ends = np.cumsum(sizes)
    entries = np.arange(ends[-1]) + np.repeat(indptr[columns] - (ends - sizes), sizes)
    # The squared length of the sum of unit vectors is n plus twice the sum of all cosines.
    summed = np.bincount(rows[entries], weights=np.repeat(1 / np.sqrt(sizes), sizes))
    return float(1 - ((summed**2).sum() - n) / (n * (n - 1)))


def novelty(counts: NDArray[np.int64], rows: int) -> float:
    """Return the mean self-information of songs in bits: -log2 of the share of rows with each.

    Vargas and Castells, "Rank and relevance in novelty and diversity metrics for recommender
    systems", RecSys 2011. nan for no songs.

    >>> novelty(np.array([50, 25]), 100)
    1.5
    """
    return float(-np.log2(counts / rows).mean()) if len(counts) else float("nan")
