"""Short-time power spectra and the log-mel front end of the musicnn networks."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import scipy.fft
from numpy.typing import NDArray

SAMPLE_RATE: Final = 16_000
N_FFT: Final = 512
HOP_LENGTH: Final = 256
N_MELS: Final = 96
FRAME_RATE: Final = SAMPLE_RATE / HOP_LENGTH  # 62.5 frames a second

_MEL_BREAK_HZ: Final = 1000.0  # Slaney's scale is linear below, logarithmic above
_MEL_HZ: Final = 200.0 / 3
_MEL_LOG_STEP: Final = np.log(6.4) / 27.0


def power_spectrogram(
    samples: NDArray[np.float32], n_fft: int = N_FFT, hop_length: int = HOP_LENGTH
) -> NDArray[np.float32]:
    """Return squared magnitudes of the short-time Fourier transform.

    Frames are weighted by a periodic Hann window and centred on multiples of `hop_length`, with
    zeros beyond both ends (librosa's ``center=True, pad_mode="constant"``).

    Parameters
    ----------
    samples
        Mono audio [shape=(n,)], any length.

    Returns
    -------
    Power [shape=(1 + n // hop_length, 1 + n_fft // 2)], float32.
    """
    padded = np.pad(np.asarray(samples, dtype=np.float32), n_fft // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop_length]
    spectrum = scipy.fft.rfft(frames * _hann(n_fft), axis=1)
    power: NDArray[np.float32] = spectrum.real**2 + spectrum.imag**2
    return power


def log_mel(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return ``log10(10000 * mel + 1)`` of a power spectrogram, the input of musicnn.

    Parameters
    ----------
    power
        Squared magnitudes at 16 kHz with `N_FFT` [shape=(frames, 257)].

    Returns
    -------
    Log-mel spectrogram [shape=(frames, 96)], float32, at or above 0.
    """
    mel: NDArray[np.float32] = np.log10(10_000 * (power @ mel_filterbank()) + 1)
    return mel


@cache
def mel_filterbank(
    sample_rate: int = SAMPLE_RATE, n_fft: int = N_FFT, n_mels: int = N_MELS
) -> NDArray[np.float32]:
    """Return triangular filters [shape=(1 + n_fft // 2, n_mels)] on Slaney's mel scale.

    From 0 Hz to half the sample rate, each of unit area. Slaney, "Auditory Toolbox" (1998); the
    same as ``librosa.filters.mel(sr=sample_rate, n_fft=n_fft, n_mels=n_mels).T``.
    """
    low, high = _hz_to_mel(np.array([0.0, sample_rate / 2]))
    edges = _mel_to_hz(np.linspace(low, high, n_mels + 2))
    bins = np.linspace(0, sample_rate / 2, n_fft // 2 + 1)[:, None]
    rising = (bins - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - bins) / np.diff(edges)[1:]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return np.asarray(triangles * (2 / (edges[2:] - edges[:-2])), dtype=np.float32)


@cache
def _hann(length: int) -> NDArray[np.float32]:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)).astype(np.float32)


def _hz_to_mel(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    above = _MEL_BREAK_HZ / _MEL_HZ + np.log(np.maximum(hz, 1e-9) / _MEL_BREAK_HZ) / _MEL_LOG_STEP
    return np.where(hz < _MEL_BREAK_HZ, hz / _MEL_HZ, above)


def _mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    corner = _MEL_BREAK_HZ / _MEL_HZ
    above = _MEL_BREAK_HZ * np.exp(_MEL_LOG_STEP * (mel - corner))
    return np.where(mel < corner, mel * _MEL_HZ, above)
