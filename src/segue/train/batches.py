"""What a network learns from, batch by batch, cut from the songs as it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from segue.audio.power_mel import CHUNK_FRAMES, chunk_starts, long_enough
from segue.train.augmentation import altered_chunk, mixed

Batch = tuple[NDArray[np.float32], NDArray[np.float32]]


class Songs:
    """Batches of chunks [shape=(n, 128 frames, 128 bands)] and targets [shape=(n, genres)].

    The chunks are power mel spectrograms; a target is the share of each genre.

    Parameters
    ----------
    mels
        A spectrogram a song [shape=(frames, 128)]; they are kept, not copied.
    labels
        The genre of each song [shape=(songs,)], below `genres`.
    """

    def __init__(
        self, mels: Sequence[NDArray[np.float32]], labels: NDArray[np.int64], genres: int
    ) -> None:
        self.mels = [long_enough(np.asarray(mel, dtype=np.float32)) for mel in mels]
        self.targets = np.eye(genres, dtype=np.float32)[labels]

    def in_order(self, songs: NDArray[np.int64], size: int) -> Iterator[Batch]:
        """Yield the ten chunks of each song, as they are."""
        yield from self._batches(self._cuts(songs), size)

    def shuffled(
        self, songs: NDArray[np.int64], size: int, rng: np.random.Generator
    ) -> Iterator[Batch]:
        """Yield the ten chunks of each song, all in random order."""
        yield from self._batches(rng.permutation(self._cuts(songs)), size)

    def altered(
        self, songs: NDArray[np.int64], size: int, crops: int, rng: np.random.Generator
    ) -> Iterator[Batch]:
        """Yield `crops` chunks of each song from anywhere in it, altered and mixed."""
        order = rng.permutation(np.repeat(songs, crops))
        for first in range(0, len(order), size):
            chosen = order[first : first + size]
            chunks = np.stack([altered_chunk(self.mels[song], rng) for song in chosen])
            yield mixed(chunks, self.targets[chosen], rng)

    def _cuts(self, songs: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return (song, first frame) of every chunk."""
        starts = [chunk_starts(len(self.mels[song])) for song in songs]
        return np.stack([np.repeat(songs, len(starts[0])), np.concatenate(starts)], axis=1)

    def _batches(self, cuts: NDArray[np.int64], size: int) -> Iterator[Batch]:
        for first in range(0, len(cuts), size):
            chosen = cuts[first : first + size]
            chunks = np.stack([self.mels[song][at : at + CHUNK_FRAMES] for song, at in chosen])
            yield chunks, self.targets[chosen[:, 0]]
