"""Altered chunks of a power mel spectrogram: the same music, as it might have sounded elsewhere.

Tempo and pitch are changed by interpolating along the frames and the bands, within the
spectrogram: cheap, and near enough for small changes. (Bands are spaced by pitch above 1 kHz only,
so that low notes move by other intervals than high ones.) Bands and frames are blanked after Park
and others, "SpecAugment" (2019). Mixed songs are mixed in power, as sounds are; Zhang and others,
"mixup" (2018).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from segue.audio.power_mel import CHUNK_FRAMES

_STRETCH: Final = 0.12  # at most so much faster or slower
_SHIFT: Final = 3.0  # bands up or down, at most; about two semitones above 1 kHz
_GAIN: Final = 6.0  # dB up or down
_NOISE: Final = (10.0, 50.0)  # dB below the music
_BLANKS: Final = 2  # along either axis, at most
_BLANK: Final = 20  # bands or frames, at most
_MIX: Final = 0.3  # of mixup's beta distribution


def altered_chunk(mel: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return 128 frames from anywhere in a song, altered [shape=(128, bands)], float32.

    Parameters
    ----------
    mel
        Power [shape=(n, bands)], at least 128 frames.
    """
    frames, bands = CHUNK_FRAMES, mel.shape[1]
    pace = min(rng.uniform(1 - _STRETCH, 1 + _STRETCH), (len(mel) - 1) / (frames - 1))
    start = rng.uniform(0, max(0.0, len(mel) - 1 - pace * (frames - 1)))
    chunk = _between(mel, start + pace * np.arange(frames))
    shifted = np.clip(np.arange(bands) + rng.uniform(-_SHIFT, _SHIFT), 0, bands - 1)
    chunk = _between(chunk.T, shifted).T
    chunk *= np.float32(10 ** (rng.uniform(-_GAIN, _GAIN) / 10))
    noise = chunk.mean() * 10 ** (-rng.uniform(*_NOISE) / 10)
    chunk += np.float32(noise) * rng.standard_exponential(chunk.shape, dtype=np.float32)
    blank = np.exp(np.log(chunk + 1e-8).mean())
    for axis in chunk.T, chunk:  # views: writing into them blanks bands, then frames
        for _ in range(rng.integers(_BLANKS + 1)):
            width = rng.integers(1, _BLANK + 1)
            first = rng.integers(len(axis) - width + 1)
            axis[first : first + width] = blank
    return np.ascontiguousarray(chunk)


def mixed(
    chunks: NDArray[np.float32], targets: NDArray[np.float32], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mix each chunk [shape=(n, ...)] and its target [shape=(n, genres)] with another's."""
    other = rng.permutation(len(chunks))
    share = rng.beta(_MIX, _MIX, len(chunks)).astype(np.float32)
    sound = share[:, None, None]
    return (
        sound * chunks + (1 - sound) * chunks[other],
        share[:, None] * targets + (1 - share[:, None]) * targets[other],
    )


def _between(rows: NDArray[np.float32], places: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return rows at fractional places, by linear interpolation."""
    low = np.minimum(places.astype(np.intp), len(rows) - 2)
    part = (places - low).astype(np.float32)[:, None]
    between: NDArray[np.float32] = rows[low] * (1 - part) + rows[low + 1] * part
    return between
