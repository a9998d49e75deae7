"""What a recording is like in a few numbers: tempo, key, loudness, brightness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from segue.audio.loudness import integrated_loudness
from segue.audio.mel import N_FFT, SAMPLE_RATE, log_mel, power_spectrogram
from segue.audio.tempo import estimate_tempo, onset_rate, onset_strength
from segue.audio.tonality import estimate_key
from segue.audio.windows import Window

_SILENCE: Final = 10 ** (-60 / 10)  # mean square of a silent frame
_HANN_POWER: Final = 3 / 8  # mean square of the window that weights a frame
_LOUDEST: Final = 16.0  # 24 dB over full scale: no recording, and squares of it stay finite


@dataclass(frozen=True)
class Descriptors:
    """A recording in numbers, each None where it cannot be told (silence, too short).

    Attributes
    ----------
    tempo
        Beats a minute, 39 to 235.
    tempo_certainty
        0 to 1: how likely `tempo` is right, and not a multiple or fraction of what is.
    key
        Tonic, 0 (C) to 11 (B).
    mode
        1 major, 0 minor.
    key_certainty
        0 to 1: how likely `key` and `mode` are right.
    loudness
        Integrated loudness in LUFS, above -70; nothing above 8 kHz counts.
    brightness
        Mean spectral centroid in Hz of the frames that are not silent, 0 to 8000.
    onset_rate
        Notes and beats that begin, a second.
    silence
        Share of frames whose mean square is below -60 dB of full scale, 0 to 1.
    """

    tempo: float | None = None
    tempo_certainty: float | None = None
    key: int | None = None
    mode: int | None = None
    key_certainty: float | None = None
    loudness: float | None = None
    brightness: float | None = None
    onset_rate: float | None = None
    silence: float | None = None


def describe(windows: Sequence[Window]) -> Descriptors:
    """Return the descriptors of a recording from the windows cut of it.

    Loudness hears every channel, all else the mean of the channels. Samples beyond 16 times full
    scale are clipped there.

    >>> describe([])
    Descriptors(tempo=None, tempo_certainty=None, key=None, mode=None, key_certainty=None, \
loudness=None, brightness=None, onset_rate=None, silence=None)
    """
    windows = [_bounded(window) for window in windows if window.samples.shape[1]]
    if not windows:
        return Descriptors()
    powers = [power_spectrogram(window.mono) for window in windows]
    levels = np.concatenate([_mean_square(power) for power in powers])
    silence = float(np.mean(levels < _SILENCE))
    loudness = integrated_loudness([window.samples for window in windows])
    if silence == 1:
        return Descriptors(loudness=loudness, silence=silence)
    mels = [log_mel(power) for power in powers]
    tempo = estimate_tempo(mels)
    key = estimate_key([window.mono for window in windows])
    return Descriptors(
        tempo=tempo.bpm if tempo else None,
        tempo_certainty=tempo.certainty if tempo else None,
        key=key.tonic if key else None,
        mode=key.mode if key else None,
        key_certainty=key.certainty if key else None,
        loudness=loudness,
        brightness=_brightness(powers, levels),
        onset_rate=onset_rate([onset_strength(mel) for mel in mels]),
        silence=silence,
    )


def _bounded(window: Window) -> Window:
    peak = max(window.samples.max(), -window.samples.min())
    if peak <= _LOUDEST:
        return window
    return Window(window.start, np.clip(window.samples, -_LOUDEST, _LOUDEST))


def _mean_square(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean square of each frame's samples, by Parseval's theorem [shape=(frames,)]."""
    both_sides = 2 * power.sum(axis=1) - power[:, 0] - power[:, -1]
    mean: NDArray[np.float32] = both_sides / (N_FFT**2 * _HANN_POWER)
    return mean


def _brightness(powers: Sequence[NDArray[np.float32]], levels: NDArray[np.float32]) -> float:
    """Mean over audible frames of the magnitude spectrum's centre of gravity, in Hz."""
    hz = np.linspace(0, SAMPLE_RATE / 2, N_FFT // 2 + 1, dtype=np.float32)
    ones_and_hz = np.stack([np.ones_like(hz), hz], axis=1)
    sums = np.concatenate([np.sqrt(power) @ ones_and_hz for power in powers])
    total, weighted = sums[levels >= _SILENCE].T
    return float(np.mean(weighted / total))
