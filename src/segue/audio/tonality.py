"""Key and mode.

Spectral peaks are folded into twelve pitch classes after the recording's own tuning is taken out
of them, each peak also counting, with less weight, for the notes of which it may be an overtone
(Gomez, "Tonal description of music audio signals", 2006). The 24 keys are compared by correlation
with the profiles of Albrecht and Shanahan, "The use of large corpora to train a new type of
key-finding algorithm" (Music Perception 31(1), 2013): of the seven measured, those of Krumhansl and
Kessler, Temperley, Kostka and Payne, and Bellman among them, the best on average.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from segue.audio.mel import SAMPLE_RATE, power_spectrogram

_N_FFT: Final = 4096  # a quarter of a second, 4 Hz a bin
_HOP_LENGTH: Final = 4096  # overlap makes no more keys right
_LOW_HZ: Final = 60.0
_HIGH_HZ: Final = 2000.0  # few fundamentals above, many overtones and cymbals
_FLOOR: Final = 0.01  # peaks 40 dB below their frame's highest are noise
_SILENCE: Final = 1e-2  # power of a sine at -80 dBFS
_OVERTONES: Final = (1, 2, 3)
_DECAY: Final = 0.6  # weight of each overtone relative to the one before
_MIN_SECONDS: Final = 1.0
_SHARPNESS: Final = 12.0  # correlation to log-likelihood, fitted to how often keys proved right

_PROFILES: Final = {
    1: (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081),
    0: (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052),
}


@dataclass(frozen=True)
class Key:
    """A key: `tonic` 0 (C) to 11 (B), `mode` 1 major or 0 minor, `certainty` 0 to 1."""

    tonic: int
    mode: int
    certainty: float


def estimate_key(pieces: Sequence[NDArray[np.float32]]) -> Key | None:
    """Return the key that fits best, all pieces taken together.

    Parameters
    ----------
    pieces
        Mono audio at 16 kHz [shape=(n,) each].

    Returns
    -------
    The key, its certainty the share of the 24 keys' likelihood that falls to it; None if there
    is less than a second of audio, or no pitch in it, or all pitch classes are alike.
    """
    if sum(map(len, pieces)) < _MIN_SECONDS * SAMPLE_RATE:
        return None
    classes = pitch_classes(pieces)
    spread = classes - classes.mean()
    norm = np.linalg.norm(spread)
    if norm < 1e-6:
        return None
    fit = np.stack([_rotations(_PROFILES[mode]) @ (spread / norm) for mode in (0, 1)])
    mode, tonic = np.unravel_index(int(fit.argmax()), fit.shape)
    likelihood = np.exp(_SHARPNESS * (fit - fit.max()))
    return Key(int(tonic), int(mode), float(1 / likelihood.sum()))


def pitch_classes(pieces: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
    """Return the weight of each pitch class, C first [shape=(12,)], of sum 1, or all 0 if none."""
    found = [_peaks(power_spectrogram(piece, _N_FFT, _HOP_LENGTH)) for piece in pieces]
    shares = np.concatenate([np.empty(0), *(share for _, share in found)])
    pitch = np.concatenate([np.empty(0), *(pitch for pitch, _ in found)])
    if shares.size == 0:
        return np.zeros(12)
    # Every note is off the tempered scale by about the same fraction of a semitone.
    pitch -= np.angle(shares @ np.exp(2j * np.pi * pitch)) / (2 * np.pi)
    classes = np.zeros(12)
    for overtone in _OVERTONES:
        fundamental = pitch - 12 * np.log2(overtone)
        note = np.round(fundamental)
        near = np.cos(np.pi * (fundamental - note)) ** 2
        weight = shares * near * _DECAY ** (overtone - 1)
        classes += np.bincount(note.astype(np.intp) % 12, weight, minlength=12)
    return np.asarray(classes / max(classes.sum(), 1e-12))


def _peaks(power: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """MIDI pitch of every peak of a spectrogram, and its share of its frame's magnitude."""
    hz = SAMPLE_RATE / _N_FFT
    low, high = int(_LOW_HZ / hz), int(_HIGH_HZ / hz)
    around = power[:, low - 1 : high + 1]
    middle = around[:, 1:-1]
    floor = np.maximum(middle.max(axis=1, keepdims=True) * _FLOOR**2, _SILENCE)
    frame, bin_ = np.nonzero(
        (middle > around[:, :-2]) & (middle >= around[:, 2:]) & (middle > floor)
    )
    left, top, right = (
        np.log(np.maximum(around[frame, bin_ + i], 1e-12, dtype=np.float64)) for i in range(3)
    )
    # A parabola through the logarithm of a Hann window's main lobe is close to exact.
    offset = 0.5 * (left - right) / np.minimum(left - 2 * top + right, -1e-9)
    pitch = 69 + 12 * np.log2((bin_ + low + offset) * hz / 440)
    magnitude = np.exp(top / 2)
    total = np.bincount(frame, magnitude, minlength=len(power))
    return pitch, magnitude / total[frame]


def _rotations(profile: tuple[float, ...]) -> NDArray[np.float64]:
    """Return the profile of each of the twelve tonics [shape=(12, 12)], of mean 0 and norm 1."""
    spread = np.array(profile) - np.mean(profile)
    rolled = np.stack([np.roll(spread, tonic) for tonic in range(12)])
    return np.asarray(rolled / np.linalg.norm(spread))
