"""All landmarks of many songs, by hash: which of them a clip shares, and at which place.

The songs lie one after the other on a single time line, so that a landmark's place is one number;
the places of each hash lie together. A look-up touches the places of the clip's hashes alone,
wherever the arrays are: in memory, or mapped from files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from segue.audio.landmarks import FRAME_SECONDS, HASH_BITS, Peaks, frame_count, landmarks

_HASHES: Final = 1 << HASH_BITS
_KEY: Final = 1 << 32  # beyond all places
_TOGETHER: Final = 256  # songs sorted at once
_LOOKED_AT: Final = 2_000_000  # places in one look-up, at most
_TRIED: Final = 8  # of the best places, for every song that is asked for


@dataclass(frozen=True)
class Alignment:
    """A song that a clip may be of.

    Attributes
    ----------
    song
        Its position among those the index was made of.
    frame
        Of the song, at which the clip begins; below 0 where the clip begins before it.
    matched
        Landmarks of the song that the clip has at the same place.
    """

    song: int
    frame: int
    matched: int

    @property
    def seconds(self) -> float:
        """Where in the song the clip begins."""
        return self.frame * FRAME_SECONDS


class LandmarkIndex:
    """Finds clips among songs.

    Parameters
    ----------
    arrays
        What `arrays` returned: ``bounds`` of each hash among the ``places``, and ``starts`` of the
        songs on the common time line.

    Raises
    ------
    ValueError
        If they do not belong together.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._bounds, self._places = arrays["bounds"], arrays["places"]
        self._starts = arrays["starts"]
        fits = (
            self._bounds.shape == (_HASHES + 1,)
            and self._bounds.dtype == np.int64
            and self._places.shape == (int(self._bounds[-1]),)
            and self._places.dtype == np.uint32
            and self._starts.ndim == 1
            and self._starts.dtype == np.int64
        )
        if not fits:
            raise ValueError("the arrays are not those of an index of landmarks")

    @classmethod
    def build(cls, songs: Callable[[], Iterable[Peaks]]) -> LandmarkIndex:
        """Make an index; `songs` gives the peaks of all songs, and is asked twice for the same.

        Songs are counted first and put in their places then: besides the index, only some songs
        are in memory.

        Raises
        ------
        ValueError
            If all songs together last longer than four years.
        """
        counts = np.zeros(_HASHES, np.int64)
        starts, end = [], 0
        for batch in _batched(songs()):
            for peaks in batch:
                starts.append(end)
                end += frame_count(peaks)
            found = [landmarks(peaks)[0] for peaks in batch]
            counts += np.bincount(np.concatenate(found), minlength=_HASHES)
        if end >= _KEY:
            raise ValueError("all songs together are too long for one index")
        bounds = np.concatenate([[0], np.cumsum(counts)])
        places = np.empty(int(bounds[-1]), np.uint32)
        free = bounds[:-1].copy()
        begun = iter(starts)
        for batch in _batched(songs()):
            pairs = [(*landmarks(peaks), start) for peaks, start in zip(batch, begun, strict=False)]
            hashes = np.concatenate([hashes for hashes, _, _ in pairs])
            order = np.argsort(hashes, kind="stable")
            hashes = hashes[order]
            rank = np.arange(len(hashes)) - np.searchsorted(hashes, hashes)
            there = np.concatenate([frames + start for _, frames, start in pairs])
            places[free[hashes] + rank] = there[order]
            free += np.bincount(hashes, minlength=_HASHES)
        return cls({"bounds": bounds, "places": places, "starts": np.array(starts, np.int64)})

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what an index can be made of again."""
        return {"bounds": self._bounds, "places": self._places, "starts": self._starts}

    def __len__(self) -> int:
        """Return how many songs there are."""
        return len(self._starts)

    def find(
        self, hashes: NDArray[np.uint32], frames: NDArray[np.int64], most: int = 20
    ) -> list[Alignment]:
        """Return the `most` songs that share most landmarks with a clip, each at its best place.

        Parameters
        ----------
        hashes, frames
            Of the clip; see `segue.audio.landmarks.clip_landmarks`.
        """
        places, frames, rows = self._look_up(hashes, frames)
        if not len(places):
            return []
        song = np.searchsorted(self._starts, places, side="right") - 1
        begins = places - self._starts[song] - frames  # of the clip, were this a true match
        key = song * _KEY + (begins + _KEY // 2)
        order = np.argsort(key, kind="stable")
        key, rows = key[order], rows[order]
        firsts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
        # A clip begins between two frames: its landmarks stand at either.
        last = np.searchsorted(key, key[firsts] + 1, side="right")
        count = last - firsts
        song = key[firsts] // _KEY
        found: dict[int, Alignment] = {}
        for i in np.lexsort((firsts, -count))[: most * _TRIED].tolist():
            matched = len(np.unique(rows[firsts[i] : last[i]]))
            number = int(song[i])
            if number not in found or matched > found[number].matched:
                begin = int(key[firsts[i]]) % _KEY - _KEY // 2
                found[number] = Alignment(number, begin, matched)
        ranked = sorted(found.values(), key=lambda a: (-a.matched, a.song))
        return ranked[:most]

    def _look_up(
        self, hashes: NDArray[np.uint32], frames: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return places, the clip's frames beside them, and which of all places each is.

        Rare hashes come first; common ones tell little and are left out when they are too many.
        """
        low = self._bounds[hashes]
        length = self._bounds[hashes.astype(np.int64) + 1] - low
        order = np.argsort(length, kind="stable")
        order = order[(length[order] > 0) & (np.cumsum(length[order]) <= _LOOKED_AT)]
        low, length = low[order], length[order]
        before = np.cumsum(length) - length
        rows = np.repeat(low - before, length) + np.arange(int(length.sum()))
        return self._places[rows].astype(np.int64), np.repeat(frames[order], length), rows


def _batched(songs: Iterable[Peaks]) -> Iterator[list[Peaks]]:
    """Yield songs some at a time."""
    rest = iter(songs)
    while batch := list(islice(rest, _TOGETHER)):
        yield batch
