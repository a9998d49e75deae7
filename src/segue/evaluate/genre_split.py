"""Labelled songs in parts, so that nothing of what is judged was learned from.

Whoever has heard one song of an artist knows the sound of his others: a network that saw it in
training knows the artist, not the genre (Flexer, "A closer look on artist filters for musical
genre classification", ISMIR 2007). The same goes for the copies of a recording.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from segue.errors import UsageError

_SHOWN: Final = 5  # genres in a message


def groups(artists: Sequence[str], duplicates: Sequence[tuple[int, int]] = ()) -> NDArray[np.int64]:
    """Return for each song the number of its group: songs that must stay on one side.

    Songs of one artist are a group, and so are the groups that a duplicate joins.

    Parameters
    ----------
    artists
        Of each song [shape=(n,)], compared without case and outer space; empty where not known:
        such a song is a group of its own.
    duplicates
        Pairs of positions of songs.

    Returns
    -------
    int64 [shape=(n,)], numbered from 0 in the order of their first songs.

    Raises
    ------
    UsageError
        If a pair names a position that is not among the songs.

    Examples
    --------
    >>> groups(["Abba", "", " ABBA", "", "Air"], [(1, 4)]).tolist()
    [0, 1, 0, 2, 1]
    """
    n = len(artists)
    if wrong := next((pair for pair in duplicates if not all(0 <= i < n for i in pair)), None):
        raise UsageError(f"the pair {wrong} names a song that is not there; there are {n}")
    above = list(range(n))  # union-find: each song points to an earlier one of its group, or itself

    def first(i: int) -> int:
        while above[i] != i:
            above[i] = above[above[i]]
            i = above[i]
        return i

    of_artist: dict[str, int] = {}
    pairs = [*duplicates]
    for i, artist in enumerate(artists):
        if name := unicodedata.normalize("NFC", artist).strip().casefold():
            pairs.append((of_artist.setdefault(name, i), i))
    for a, b in pairs:
        low, high = sorted((first(a), first(b)))
        above[high] = low
    numbers: dict[int, int] = {}
    return np.array([numbers.setdefault(first(i), len(numbers)) for i in range(n)], dtype=np.int64)


def folds(
    labels: NDArray[np.int64],
    groups: NDArray[np.int64],
    count: int,
    seed: int,
    *,
    names: Sequence[str] = (),
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield (train, test) positions [int64, rising] of stratified folds that keep groups whole.

    Each song is tested once; every genre is in the training set of every fold. As near as groups
    allow, each fold has each genre in its share of the whole (scikit-learn's
    `StratifiedGroupKFold`). The same seed gives the same folds.

    Parameters
    ----------
    labels, groups
        Of each song [shape=(n,)].
    count
        Number of folds, 2 or more.
    seed
        0 to 2 ** 32 - 1.
    names
        Of the genres by label, for messages.

    Raises
    ------
    UsageError
        If `count` is under 2, a genre has fewer groups than there are folds, or a genre's few
        groups, which are also those of others, all ended in one fold (7 of 1,085 random sets).
    """
    if count < 2:
        raise UsageError(f"{count} folds were asked for; there must be two or more")
    if len(labels) != len(groups) or not len(labels):
        raise UsageError(f"{len(labels)} labels and {len(groups)} groups; one of each a song")
    _check(labels, groups, count, names)
    from sklearn.model_selection import StratifiedGroupKFold

    dealer = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    parts = [
        (np.sort(train), np.sort(test)) for train, test in dealer.split(labels, labels, groups)
    ]
    genres = len(np.unique(labels))
    if any(len(np.unique(labels[train])) < genres for train, _ in parts):
        raise UsageError(
            f"no {count} folds were found that have every genre in training and every group "
            "whole: too few groups hold songs of many genres; ask for fewer folds, or leave out "
            "the smallest genre"
        )
    yield from parts


def _check(
    labels: NDArray[np.int64], groups: NDArray[np.int64], count: int, names: Sequence[str]
) -> None:
    pairs = np.unique(np.stack([labels, groups]), axis=1)
    genres, sizes = np.unique(pairs[0], return_counts=True)
    few = [(g, n) for g, n in zip(genres.tolist(), sizes.tolist(), strict=True) if n < count]
    if not few:
        return
    told = ", ".join(f"{names[g] if names else f'genre {g}'} has {n}" for g, n in few[:_SHOWN])
    more = f", and {len(few) - _SHOWN} other genres too few" if len(few) > _SHOWN else ""
    least = min(n for _, n in few)
    remedy = f"ask for {least} folds or " if least >= 2 else ""
    raise UsageError(
        f"{count} folds need {count} groups (artists, or songs whose artist is not known) in each "
        f"genre; {told}{more}: {remedy}leave such genres out"
    )
