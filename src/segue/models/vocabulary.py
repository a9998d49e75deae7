"""The tracks that a model knows: ids to columns and back, and who stands in for the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from segue.types import Interactions, Ranking, Reason, Seed

STAND_INS: Final = 5  # tracks of an album or artist that stand in for one that is not known
VIA: Final = ("song", "album", "artist")


@dataclass(frozen=True, eq=False)
class Seeds:
    """The columns that a seed's likes come to. s columns, several where others stand in.

    Attributes
    ----------
    columns
        int32 [shape=(s,)], in the order of the likes; a column may come more than once.
    weights
        float32 [shape=(s,)]: a like's weight, divided among those that stand in for it.
    likes
        int32 [shape=(s,)]: which of the likes each is for.
    via
        uint8 [shape=(s,)]: 0 the song itself, 1 one of its album, 2 one of its artist.
    """

    columns: NDArray[np.int32]
    weights: NDArray[np.float32]
    likes: NDArray[np.int32]
    via: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The tracks of a model. m columns.

    Attributes
    ----------
    track_ids
        int64 [shape=(m,)], rising.
    artist_ids, album_ids
        int64 [shape=(m,)]; 0 where not known.
    counts
        int32 [shape=(m,)]: rows that have the track.
    by_count
        int32 [shape=(m,)]: columns, those with the highest counts first, ties by column.
    by_artist, by_album
        int32 [shape=(m,)]: columns by artist and by album, within one as in `by_count`.
    """

    track_ids: NDArray[np.int64]
    artist_ids: NDArray[np.int64]
    album_ids: NDArray[np.int64]
    counts: NDArray[np.int32]
    by_count: NDArray[np.int32]
    by_artist: NDArray[np.int32]
    by_album: NDArray[np.int32]

    @classmethod
    def of(cls, interactions: Interactions, min_count: int = 1) -> tuple[Self, NDArray[np.int64]]:
        """Return the tracks that stand in at least `min_count` rows, and their columns there."""
        matrix = interactions.matrix()
        counts = np.bincount(matrix.indices, minlength=len(interactions.track_ids))
        chosen = np.flatnonzero(counts >= min_count)
        return cls.made(
            interactions.track_ids[chosen],
            interactions.artist_ids[chosen],
            interactions.album_ids[chosen],
            counts[chosen].astype(np.int32),
        ), chosen

    @classmethod
    def made(
        cls,
        track_ids: NDArray[np.int64],
        artist_ids: NDArray[np.int64],
        album_ids: NDArray[np.int64],
        counts: NDArray[np.int32],
    ) -> Self:
        """Return a vocabulary with its orders."""
        return cls(
            track_ids,
            artist_ids,
            album_ids,
            counts,
            np.argsort(-counts, kind="stable").astype(np.int32),
            np.lexsort((-counts, artist_ids)).astype(np.int32),
            np.lexsort((-counts, album_ids)).astype(np.int32),
        )

    def __len__(self) -> int:
        return len(self.track_ids)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return what an artefact keeps of it."""
        return {
            "track_ids": self.track_ids,
            "artist_ids": self.artist_ids,
            "album_ids": self.album_ids,
            "counts": self.counts,
            "by_count": self.by_count,
            "by_artist": self.by_artist,
            "by_album": self.by_album,
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[np.generic]]) -> Self:
        """Return the vocabulary that `arrays` came from; other arrays are passed over."""
        return cls(*(arrays[name] for name in cls.__dataclass_fields__))  # type: ignore[arg-type]

    def columns(self, ids: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return the column of each id, -1 where it is not known."""
        if len(self) == 0:
            return np.full(len(ids), -1, dtype=np.int32)
        place = np.minimum(np.searchsorted(self.track_ids, ids), len(self) - 1)
        return np.where(self.track_ids[place] == ids, place, -1).astype(np.int32)

    def of_artist(self, artist: int, limit: int = STAND_INS) -> NDArray[np.int32]:
        """Return the columns of an artist's tracks, those in most rows first."""
        return self._group(self.artist_ids, self.by_artist, artist, limit)

    def of_album(self, album: int, limit: int = STAND_INS) -> NDArray[np.int32]:
        """Return the columns of an album's tracks, those in most rows first."""
        return self._group(self.album_ids, self.by_album, album, limit)

    def _group(
        self, keys: NDArray[np.int64], order: NDArray[np.int32], key: int, limit: int
    ) -> NDArray[np.int32]:
        # A search by hand reads some twenty places; taking keys[order] would read them all.
        if key == 0:
            return np.zeros(0, dtype=np.int32)
        low, high = 0, len(order)
        while low < high:
            middle = (low + high) // 2
            if keys[order[middle]] < key:
                low = middle + 1
            else:
                high = middle
        found = np.asarray(order[low : low + limit])
        return np.asarray(found[keys[found] == key])

    def seeds(self, seed: Seed) -> Seeds:
        """Return the columns of the likes; album or artist stand in for those not known."""
        return self._resolved(seed.likes, seed.weights, seed.artists, seed.albums)

    def _resolved(
        self,
        ids: NDArray[np.int64],
        weights: NDArray[np.float32] | None,
        artists: NDArray[np.int64],
        albums: NDArray[np.int64],
    ) -> Seeds:
        columns: list[int] = []
        shares: list[float] = []
        likes: list[int] = []
        via: list[int] = []
        own = self.columns(ids)
        for like, column in enumerate(own.tolist()):
            found, kind = [column], 0
            if column < 0:
                found, kind = self._stand_ins(
                    int(albums[like]) if len(albums) else 0,
                    int(artists[like]) if len(artists) else 0,
                )
            weight = 1.0 if weights is None else float(weights[like])
            columns += found
            shares += [weight / len(found)] * len(found) if found else []
            likes += [like] * len(found)
            via += [kind] * len(found)
        return Seeds(
            np.array(columns, dtype=np.int32),
            np.array(shares, dtype=np.float32),
            np.array(likes, dtype=np.int32),
            np.array(via, dtype=np.uint8),
        )

    def _stand_ins(self, album: int, artist: int) -> tuple[list[int], int]:
        found = self.of_album(album)
        if len(found):
            return found.tolist(), 1
        return self.of_artist(artist).tolist(), 2

    def ranking(
        self,
        columns: NDArray[np.int32] | None,
        scores: NDArray[np.float32],
        seed: Seed,
        k: int,
    ) -> Ranking:
        """Return the best `k` of scored columns, without the seed's songs and what is not allowed.

        Where the scores name fewer, the tracks in most rows follow with a score of 0 each, so that
        `k` come where there are `k`.

        Parameters
        ----------
        columns
            Each once [shape=(c,)]; None where `scores` are of all columns [shape=(m,)].
        scores
            Above 0 for what is to be answered [shape=(c,)].
        """
        usable = scores > 0
        if columns is None:
            columns = np.flatnonzero(usable).astype(np.int32)
            scores = scores[columns]
        elif not usable.all():
            columns, scores = columns[usable], scores[usable]
        never = self.columns(np.concatenate([seed.likes, seed.dislikes]))
        allowed = None
        if seed.allowed is not None:
            allowed = np.unique(self.columns(seed.allowed))
            allowed = allowed[allowed >= 0]
            allowed = allowed[~np.isin(allowed, never)]
            keep = _in_sorted(columns, allowed)
        else:
            keep = ~np.isin(columns, never)
        if not keep.all():
            columns, scores = columns[keep], scores[keep]
        best = best_first(scores, columns, k)
        columns, scores = columns[best], scores[best]
        if len(columns) < k:
            more = self._most_common(k - len(columns), columns, never, allowed)
            columns = np.concatenate([columns, more])
            scores = np.concatenate([scores, np.zeros(len(more), dtype=np.float32)])
        return Ranking(self.track_ids[columns].astype(np.int64), scores.astype(np.float32))

    def _most_common(
        self,
        count: int,
        answered: NDArray[np.int32],
        never: NDArray[np.int32],
        allowed: NDArray[np.int32] | None,
    ) -> NDArray[np.int32]:
        out = np.concatenate([answered, never])
        if allowed is not None:
            rest = allowed[~np.isin(allowed, out)]
            order = np.lexsort((rest, -self.counts[rest]))
            return np.asarray(rest[order[:count]], dtype=np.int32)
        first = np.asarray(self.by_count[: count + len(out)])
        return first[~np.isin(first, out)][:count]

    def standing_in(self, seed: Seed) -> dict[int, str]:
        """Return by position in the likes which songs are not known, and what stands in for them.

        ``album``, ``artist``, or ``""`` where nothing does.
        """
        found = self.seeds(seed)
        via = dict(zip(found.likes.tolist(), found.via.tolist(), strict=True))
        kinds = {0: "", **{i: kind for i, kind in enumerate(VIA) if i}}
        return {
            like: kinds[via.get(like, 0)] for like in range(len(seed.likes)) if via.get(like) != 0
        }

    def popular(self, ids: NDArray[np.int64]) -> list[Reason]:
        """Return as the reason for each id in how many rows it stands."""
        columns = self.columns(ids)
        return [
            Reason("popular", count=int(self.counts[column]) if column >= 0 else 0)
            for column in columns.tolist()
        ]


def best_first(
    scores: NDArray[np.float32], columns: NDArray[np.int32], k: int
) -> NDArray[np.int64]:
    """Return the places of the `k` highest scores, highest first, ties by smaller column."""
    if len(scores) > 4 * k:  # a cut first: sorting a million takes longer than the rest
        least = np.partition(scores, len(scores) - k)[len(scores) - k]
        places = np.flatnonzero(scores >= least)
    else:
        places = np.arange(len(scores))
    order = np.lexsort((columns[places], -scores[places]))
    return places[order[:k]]


def _in_sorted(values: NDArray[np.int32], among: NDArray[np.int32]) -> NDArray[np.bool_]:
    if len(among) == 0:
        return np.zeros(len(values), dtype=bool)
    place = np.minimum(np.searchsorted(among, values), len(among) - 1)
    return np.asarray(among[place] == values)
