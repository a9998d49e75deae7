"""Landmarks: what of a recording is still there when a noisy room plays a few seconds of it.

A landmark is a pair of peaks of the spectrogram. Noise and lossy coding change how strong peaks
are, far less where the strongest of them lie; a pair of places with the time between them is rare
enough to be looked up, and the same many pairs at one distance in time are no chance. After

    A. Wang, "An Industrial-Strength Audio Search Algorithm", ISMIR 2003,

with the widths of D. Ellis's audfprint as the starting point. Own code: Chromaprint tells whole
files apart, not noisy seconds, and comes in no wheel, nor in the FFmpeg that PyAV bundles;
audfprint2 is this method as a program, with a decoder and a store of its own that by default
keeps a hundred places of a hash and six minutes of a song; dejavu wants a database server.

Only peaks are kept of a song; its landmarks follow from them, so that another choice of pairs
needs nothing to be heard again.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

VERSION: Final = 1  # of the peaks: another one means that songs are heard again
SAMPLE_RATE: Final = 8_000  # Hz
FRAME: Final = 1_024  # samples of a spectrum: 128 ms
HOP: Final = 256  # samples between spectra: 32 ms
FRAME_SECONDS: Final = HOP / SAMPLE_RATE
HASH_BITS: Final = 22

_BIN_BITS: Final = 9
_BINS: Final = 1 << _BIN_BITS  # of 7.8 Hz
_LOWEST: Final = 8  # bins below it (62 Hz) are rumble
_FLOOR: Final = 1e-4  # of full scale: a sine that is weaker makes no peak
_BINS_APART: Final = 10  # a peak is the strongest within so many bins ...
_FRAMES_APART: Final = 4  # ... and frames
_NEAR: Final = 16  # frames to either side within which peaks are ranked
_KEPT: Final = 10  # peaks kept of those near each other
_KEPT_OF_CLIP: Final = 20  # of a clip: noise has pushed its way among them
_REACH_BITS: Final = 6
_REACH: Final = (
    1 << _REACH_BITS
) - 1  # frames from the first peak of a pair to the second, at most ...
_SPAN: Final = 63  # ... and bins
_FAN: Final = 4  # pairs that a peak begins
_FAN_OF_CLIP: Final = 12
_SHIFTS: Final = 4  # a clip begins anywhere within a frame: so many beginnings are tried
_BLOCK: Final = 2_048  # spectra computed at once

Peaks = NDArray[np.uint32]


def find_peaks(samples: NDArray[np.float32]) -> Peaks:
    """Return the peaks of a song that are kept.

    Parameters
    ----------
    samples
        Mono audio at 8 kHz [shape=(n,)], full scale at 1.

    Returns
    -------
    One number a peak, ascending: frame * 512 + bin; none where there is no sound.
    """
    return _peaks(samples, _KEPT)


def landmarks(peaks: Peaks) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return the landmarks of a song's peaks: their hashes, below ``2**22``, and their frames."""
    return _pairs(peaks, _FAN)


def frame_count(peaks: Peaks) -> int:
    """Return how many frames a song has up to its last peak."""
    return int(peaks[-1] >> np.uint32(_BIN_BITS)) + 1 if len(peaks) else 0


def later(peaks: Peaks, frames: int) -> Peaks:
    """Return peaks moved to so many frames later: a long song is heard in parts."""
    moved: Peaks = peaks + np.uint32(frames << _BIN_BITS)
    return moved


def clip_landmarks(samples: NDArray[np.float32]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return all landmarks that a clip may share with a song, as `landmarks` does, each once.

    More than a song keeps: of weaker peaks and further partners, with the frames begun at several
    places.
    """
    found = []
    for shift in range(_SHIFTS):
        hashes, frames = _pairs(
            _peaks(samples[shift * HOP // _SHIFTS :], _KEPT_OF_CLIP), _FAN_OF_CLIP
        )
        found.append(frames << HASH_BITS | hashes)
    once = np.unique(np.concatenate(found))
    return (once & ((1 << HASH_BITS) - 1)).astype(np.uint32), once >> HASH_BITS


def within(peaks: Peaks, begin: int, end: int) -> int:
    """Return how many landmarks of a song lie from frame `begin` on, whole before frame `end`."""
    hashes, frames = landmarks(peaks)
    last = frames + (hashes & np.uint32((1 << _REACH_BITS) - 1))
    return int(((frames >= begin) & (last < end)).sum())


def _peaks(samples: NDArray[np.float32], kept: int) -> Peaks:
    from scipy.ndimage import maximum_filter1d

    power = _power(samples)
    around = maximum_filter1d(power, 2 * _FRAMES_APART + 1, axis=0, mode="constant")
    around = maximum_filter1d(around, 2 * _BINS_APART + 1, axis=1, mode="constant")
    frames, bins = np.nonzero((power == around) & (power > 0))
    strength = power[frames, bins]
    stronger = np.zeros(len(frames), np.int64)
    for step in range(1, len(frames)):  # to the peak so many places on, while any is near
        near = frames[step:] - frames[:-step] <= _NEAR
        if not near.any():
            break
        first_wins = strength[:-step] >= strength[step:]
        stronger[step:] += near & first_wins
        stronger[:-step] += near & ~first_wins
    chosen = stronger < kept
    packed: Peaks = (frames[chosen] << _BIN_BITS | bins[chosen]).astype(np.uint32)
    return packed


def _power(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the spectrogram [shape=(frames, bins)], 0 where it is too weak to count."""
    from scipy.fft import rfft

    if len(samples) < FRAME:
        return np.zeros((0, _BINS), np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP]
    hann = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME)).astype(np.float32)
    power = np.empty((len(windows), _BINS), np.float32)
    for first in range(0, len(windows), _BLOCK):
        spectrum = rfft(windows[first : first + _BLOCK] * hann, axis=1)[:, :_BINS]
        power[first : first + _BLOCK] = spectrum.real**2 + spectrum.imag**2
    power[power < (_FLOOR * FRAME / 4) ** 2] = 0.0
    power[:, :_LOWEST] = 0.0
    power *= np.arange(_BINS, dtype=np.float32)  # 3 dB an octave: basses are not all that counts
    return power


def _pairs(peaks: Peaks, fan: int) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return hash and frame of each peak with the `fan` next ones that it can be paired with."""
    frames = (peaks >> np.uint32(_BIN_BITS)).astype(np.int64)
    bins = (peaks & np.uint32(_BINS - 1)).astype(np.int64)
    begun = np.zeros(len(peaks), np.int64)
    hashes: list[NDArray[np.int64]] = []
    times: list[NDArray[np.int64]] = []
    for step in range(1, len(peaks)):
        apart = frames[step:] - frames[:-step]
        reached = apart <= _REACH
        if not (reached & (begun[:-step] < fan)).any():
            break
        up = bins[step:] - bins[:-step]
        pair = reached & (apart > 0) & (np.abs(up) <= _SPAN) & (begun[:-step] < fan)
        begun[:-step] += pair
        first = bins[:-step][pair]
        hashes.append(first << 13 | (up[pair] + _SPAN) << _REACH_BITS | apart[pair])
        times.append(frames[:-step][pair])
    if not hashes:
        return np.zeros(0, np.uint32), np.zeros(0, np.int64)
    return np.concatenate(hashes).astype(np.uint32), np.concatenate(times)
