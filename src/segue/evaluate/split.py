"""Playlists kept out of the fitting, and what of them is asked and what is to be found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.types import Interactions, Seed


@dataclass(frozen=True, eq=False)
class HeldOut:
    """A playlist or session that nothing was fitted on. t distinct tracks.

    Attributes
    ----------
    ids
        int64 [shape=(t,)], each once, in order. Below 0: a track that the fitting part has not;
        it counts among what is to be found, and nobody can find it.
    artists, albums
        int64 [shape=(t,)]; 0 where not known.
    """

    ids: NDArray[np.int64]
    artists: NDArray[np.int64]
    albums: NDArray[np.int64]
    title: str = ""
    description: str = ""

    def __len__(self) -> int:
        return len(self.ids)

    def seed(self, k: int) -> Seed:
        """Return what is asked: the first `k` tracks with the title and the description.

        Tracks that the fitting part has not are 0 there, with their artist and album.
        """
        return Seed(
            likes=np.maximum(self.ids[:k], 0),
            artists=self.artists[:k],
            albums=self.albums[:k],
            title=self.title,
            description=self.description,
        )

    def answer(self, k: int) -> NDArray[np.int64]:
        """Return what is to be found: all tracks after the first `k`."""
        return self.ids[k:]

    def shuffled(self, rng: np.random.Generator) -> HeldOut:
        """Return the same in random order."""
        order = rng.permutation(len(self))
        return replace(
            self, ids=self.ids[order], artists=self.artists[order], albums=self.albums[order]
        )


def split(
    interactions: Interactions, share: float = 1 / 6, *, seed: int = 0
) -> tuple[Interactions, list[HeldOut]]:
    """Part the rows at random into those to fit on and those held out.

    Parameters
    ----------
    share
        Of the rows that are held out, above 0 and below 1: at least one row, and one stays.

    Returns
    -------
    fitting
        With only the columns that its rows have.
    held_out
        In the order of the rows.

    Raises
    ------
    UsageError
        If there are fewer than two rows, or the share is none.
    """
    if not 0 < share < 1:
        raise UsageError(f"the share held out is {share}, expected above 0 and below 1")
    n = len(interactions)
    if n < 2:
        raise UsageError(
            f"there are {n} playlists; at least 2 are needed, to fit on one and ask for the other: "
            "add some with `segue add`"
        )
    held = min(max(round(n * share), 1), n - 1)
    order = np.random.default_rng(seed).permutation(n)
    return parted(interactions, np.sort(order[held:]), np.sort(order[:held]))


def parted(
    interactions: Interactions, fitting: NDArray[np.int64], held_out: NDArray[np.int64]
) -> tuple[Interactions, list[HeldOut]]:
    """Return the rows at some positions to fit on, and those at others held out."""
    whole = interactions.rows(fitting)
    seen = np.zeros(len(interactions.track_ids), dtype=bool)
    seen[whole.indices] = True
    return _with_columns(whole, seen), [
        _held_out(interactions, row, seen) for row in held_out.tolist()
    ]


def sample(held_out: Sequence[HeldOut], count: int | None, *, seed: int = 0) -> list[HeldOut]:
    """Return `count` of them at random in their order; all for None or where there are no more."""
    if count is None or count >= len(held_out):
        return list(held_out)
    chosen = np.random.default_rng(seed).permutation(len(held_out))[:count]
    return [held_out[i] for i in np.sort(chosen).tolist()]


def first_of_each(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the positions at which a value stands for the first time, in order.

    >>> first_of_each(np.array([7, 5, 7, 9, 5])).tolist()
    [0, 1, 3]
    """
    return np.sort(np.unique(values, return_index=True)[1])


def _held_out(interactions: Interactions, row: int, seen: NDArray[np.bool_]) -> HeldOut:
    entries = slice(interactions.indptr[row], interactions.indptr[row + 1])
    columns = interactions.indices[entries].astype(np.int64)
    columns = columns[first_of_each(columns)]
    ids = interactions.track_ids[columns]
    return HeldOut(
        np.where(seen[columns], ids, -ids),
        interactions.artist_ids[columns],
        interactions.album_ids[columns],
        interactions.titles[row] if interactions.titles else "",
        interactions.descriptions[row] if interactions.descriptions else "",
    )


def _with_columns(interactions: Interactions, kept: NDArray[np.bool_]) -> Interactions:
    """Return the same without the columns that no row has."""
    if kept.all():
        return interactions
    place = np.cumsum(kept) - 1
    titles = interactions.track_titles
    return replace(
        interactions,
        track_ids=interactions.track_ids[kept],
        artist_ids=interactions.artist_ids[kept],
        album_ids=interactions.album_ids[kept],
        indices=place[interactions.indices].astype(np.int32),
        track_titles=[titles[i] for i in np.flatnonzero(kept).tolist()] if titles else (),
    )
