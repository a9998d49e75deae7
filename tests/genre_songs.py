"""Power mel spectrograms of made-up songs: each genre is loud in bands of its own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def songs(
    count: int, genres: int, frames: int = 200, seed: int = 0
) -> tuple[list[NDArray[np.float32]], NDArray[np.int64]]:
    """Return spectrograms [shape=(frames, 128)] and the genre of each, taken in turns."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % genres
    mels = []
    for label in labels:
        mel = rng.standard_exponential((frames + int(rng.integers(40)), 128))
        first = 10 + label * 100 // genres
        mel[:, first : first + 8] *= 30 * rng.uniform(0.5, 2)
        mels.append(mel.astype(np.float32))
    return mels, labels.astype(np.int64)
