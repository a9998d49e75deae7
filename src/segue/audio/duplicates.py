"""The same recording more than once: exactly, by its samples, or nearly, by its waveform."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from segue.audio.embedder import unit
from segue.audio.windows import N_WINDOWS

ALIKE: Final = 0.45
"""Cosine of `windows_in_order` from which two recordings are listened to side by side."""
SAME: Final = 0.5
"""Correlation from which they are the same: copies have 0.94 to 1, others 0.18 at most."""
RATE: Final = 8_000
"""Hz at which they are compared: what codecs take away lies above."""
SECONDS: Final = 2.0
"""By how much the durations of near duplicates may differ."""
_BEGINNING: Final = 60.0
_KEPT: Final = 100  # beginnings in memory, 2 MB each
_SCALE: Final = 32_768
_AT_ONCE: Final = 20_000_000  # similarities in memory


def audio_digest(samples: NDArray[np.float32]) -> str:
    """Return a digest of what is to be heard, the same in whatever container, with whatever tags.

    It is that of the mean of the channels in 16 bits, without the digital silence at both ends, so
    that it is also the same for a mono file and for a stereo one with two equal channels. Any loss
    in between, and another sample rate, changes it.

    Parameters
    ----------
    samples
        All of a recording [shape=(channels, n) or (n,)], full scale at 1.

    Returns
    -------
    64 hexadecimal digits (SHA-256); empty where all is silence.

    Examples
    --------
    >>> tone = np.sin(np.arange(1_000, dtype=np.float32))
    >>> audio_digest(tone) == audio_digest(np.stack([np.pad(tone, 99)] * 2))
    True
    """
    mono = np.atleast_2d(samples).mean(axis=0, dtype=np.float64) * _SCALE
    words = np.clip(np.rint(mono), -_SCALE, _SCALE - 1).astype("<i2")
    loud = np.flatnonzero(words)
    if not len(loud):
        return ""
    return hashlib.sha256(words[loud[0] : loud[-1] + 1].tobytes()).hexdigest()


def same_audio(digests: Sequence[str]) -> list[tuple[int, int]]:
    """Return for each recording that is an earlier one's exact copy (the first's, its) position.

    >>> same_audio(["a", "b", "a", "", "a", ""])
    [(0, 2), (0, 4)]
    """
    first: dict[str, int] = {}
    firsts = [first.setdefault(digest, i) for i, digest in enumerate(digests)]
    return [(j, i) for i, j in enumerate(firsts) if j < i and digests[i]]


def windows_in_order(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return one unit vector for the windows of a recording, one after another.

    The cosine of two such vectors is the mean of those of their first windows, second windows, and
    so on. Unlike the mean of the windows it tells apart songs of one album or from one synthesiser
    that never play the same at the same time.

    Parameters
    ----------
    windows
        Unit vectors of the windows that `place_windows` chooses [shape=(1..5, d)], in order.

    Returns
    -------
    float32 [shape=(5 * d,)]; windows that a short recording has not are zeros.
    """
    count, dimensions = windows.shape
    joined = np.zeros((N_WINDOWS, dimensions), dtype=np.float32)
    joined[:count] = windows
    return unit(joined.ravel())


def beginning(duration: float) -> list[tuple[float, float]]:
    """Place the one window that `find_duplicates` listens to: the first minute."""
    return [(0.0, min(duration, _BEGINNING))]


def correlation(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Return how well two waveforms agree where they agree best, 0..1, however one is shifted.

    It is the peak of their cross-correlation over the root of their energies: 1 for copies
    however loud, turned over or not, 0 where one is silent.

    Parameters
    ----------
    first, second
        Mono audio at one sample rate [shape=(n,) and (m,)].
    """
    from scipy.fft import irfft, next_fast_len, rfft

    a, b = first.astype(np.float64), second.astype(np.float64)
    energy = np.sqrt((a @ a) * (b @ b))
    if energy == 0:
        return 0.0
    n = next_fast_len(len(a) + len(b), real=True)
    return float(np.abs(irfft(rfft(a, n) * np.conj(rfft(b, n)), n)).max() / energy)


def find_duplicates(
    vectors: NDArray[np.float32],
    durations: NDArray[np.float64],
    listen: Callable[[int], NDArray[np.float32]],
) -> list[tuple[int, int]]:
    """Return the pairs of recordings that are the same, whatever their codec, bit rate and level.

    How alike they sound tells which are worth a look, their waveforms decide. Found are copies
    that begin half a second earlier or later; not another performance, another speed or pitch, nor
    another part of the same recording. With the ear, of 32 clips each were candidates: all as MP3
    at 64 kbit/s, as Opus at 24 kbit/s and with half a second cut off or put before, 88 % as MP3 at
    32 kbit/s, 81 % when 12 dB more quiet (the ear hears levels).

    Parameters
    ----------
    vectors
        Of each recording, by `windows_in_order` [shape=(n, d)].
    durations
        Seconds of each [shape=(n,)]. Those of near duplicates differ by two at most: with more,
        their windows lie at other places.
    listen
        Returns the mono audio of the recording at a position, its `beginning` at `RATE`
        [shape=(samples,)]. What it raises is passed on.

    Returns
    -------
    Pairs of positions, the lower first, in order.
    """
    heard = lru_cache(_KEPT)(listen)
    return [
        (i, j) for i, j in candidates(vectors, durations) if correlation(heard(i), heard(j)) >= SAME
    ]


def candidates(
    vectors: NDArray[np.float32], durations: NDArray[np.float64], alike: float = ALIKE
) -> list[tuple[int, int]]:
    """Return the pairs of recordings that sound alike and last as long; see `find_duplicates`.

    Of 1,283 songs and clips these are 287 of 822,403 pairs; three of them are the same.
    """
    found: list[tuple[int, int]] = []
    n = len(vectors)
    step = max(_AT_ONCE // max(n, 1), 1)
    for start in range(0, n, step):
        rows = slice(start, start + step)
        near = np.abs(durations[rows, None] - durations[None, start:]) <= SECONDS
        near &= vectors[rows] @ vectors[start:].T >= alike
        first, second = np.nonzero(np.triu(near, 1))
        found += zip((first + start).tolist(), (second + start).tolist(), strict=True)
    return found
