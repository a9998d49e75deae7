"""An embedder of plain descriptors, for use until the network's weights are there.

Cepstral coefficients (Davis and Mermelstein 1980) tell the timbre, chroma the harmony, the spectrum
of the onset strength the rhythm; each block is standardised with constants, weighted and joined.
"""

from __future__ import annotations

import itertools
from importlib import resources
from typing import Final

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from segue.audio.embedder import unit
from segue.audio.mel import SAMPLE_RATE, log_mel, power_spectrogram

_N_MFCC: Final = 20
_CHROMA_FFT: Final = 4096
_CHROMA_RANGE: Final = (100.0, 4000.0)  # Hz
_RHYTHM_BANDS: Final = 12
_RHYTHM_FRAMES: Final = 512  # 8.2 s of onset strength
_RHYTHM_BINS: Final = (4, 100)  # of its spectrum: 0.5 to 12 Hz, 30 to 730 beats a minute
_BLOCKS: Final = {"timbre": 3 * _N_MFCC, "harmony": 12, "rhythm": _RHYTHM_BANDS}
_WEIGHTS: Final = {"timbre": 1.0, "harmony": 0.3, "rhythm": 0.4}


class PlainEmbedder:
    """Timbre, harmony and rhythm as one vector of 84 numbers."""

    name = "plain"
    version = "1"
    dimensions = sum(_BLOCKS.values())

    def __init__(self) -> None:
        with resources.files("segue.audio").joinpath("plain_constants.npy").open("rb") as file:
            self._mean, self._deviation = np.load(file, allow_pickle=False)

    def embed(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return one unit vector a window; see `Embedder.embed`."""
        raw = np.stack([measure(samples) for samples in audio])
        standard = (raw - self._mean) / self._deviation
        blocks, first = [], 0
        for name, size in _BLOCKS.items():
            blocks.append(unit(standard[:, first : first + size]) * np.float32(_WEIGHTS[name]))
            first += size
        return unit(np.concatenate(blocks, axis=1))


def measure(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the 84 numbers of one window [shape=(samples,)] before they are standardised."""
    mel = log_mel(power_spectrogram(samples))
    return np.concatenate([_timbre(mel), _harmony(samples), _rhythm(mel)]).astype(np.float32)


def _timbre(mel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return mean and deviation of the cepstrum, and the mean size of its change."""
    mfcc = scipy.fft.dct(mel, norm="ortho", axis=1)[:, :_N_MFCC]
    change = np.abs(np.diff(mfcc, axis=0)).mean(axis=0) if len(mfcc) > 1 else np.zeros(_N_MFCC)
    return np.concatenate([mfcc.mean(axis=0), mfcc.std(axis=0), change])


def _harmony(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the twelve pitch classes' shares, the strongest first: how unevenly they sound."""
    power = power_spectrogram(samples, _CHROMA_FFT, _CHROMA_FFT // 2).mean(axis=0)
    hertz = np.arange(1, len(power)) * SAMPLE_RATE / _CHROMA_FFT
    inside = (hertz > _CHROMA_RANGE[0]) & (hertz < _CHROMA_RANGE[1])
    classes = np.round(12 * np.log2(hertz[inside] / 440)).astype(int) % 12
    chroma = np.bincount(classes, weights=np.sqrt(power[1:][inside]), minlength=12)
    return np.sort(chroma / max(chroma.sum(), 1e-9))[::-1].astype(np.float32)


def _rhythm(mel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the spectrum of the onset strength in twelve bands, logarithmic in frequency."""
    onsets = np.maximum(np.diff(mel, axis=0), 0).mean(axis=1)
    onsets = onsets - onsets.mean() if len(onsets) else np.zeros(1, dtype=np.float32)
    frames = np.zeros(_RHYTHM_FRAMES, dtype=np.float32)
    frames[: len(onsets)] = onsets[:_RHYTHM_FRAMES]
    spectrum = np.abs(scipy.fft.rfft(frames))
    edges = np.unique(np.geomspace(*_RHYTHM_BINS, _RHYTHM_BANDS + 1).round().astype(int))
    bands = [spectrum[low:high].mean() for low, high in itertools.pairwise(edges)]
    return np.log1p(np.array(bands, dtype=np.float32))
