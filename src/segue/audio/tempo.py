"""Tempo, and how often something begins.

Onset strength is the rise of the log-mel spectrum from frame to frame, averaged over the bands
(Ellis, "Beat tracking by dynamic programming", JNMR 36(1), 2007), at 62.5 frames a second. Its
autocorrelation repeats at multiples of the beat, its spectrum at fractions of it, so that a tempo
which both support is rarely a multiple or fraction of the right one (Peeters, "Template-based
estimation of time-varying tempo", EURASIP JASP, 2007); both are pooled over the pieces, as cyclic
tempograms are (Grosche, Mueller and Kurth, ICASSP 2010). Which metrical level is the beat, a
log-linear model of both at the levels above and below says, under a log-normal prior (Percival and
Tzanetakis, "Streamlined tempo estimation", TASLP 22(12), 2014, leave it to a classifier likewise).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy.fft
import scipy.ndimage
from numpy.typing import NDArray

from segue.audio.mel import FRAME_RATE

_TEMPI: Final = np.exp(np.arange(np.log(40), np.log(230), 0.01))  # BPM, a hundredth apart
_MIN_SECONDS: Final = 3.0
_LOW_BANDS: Final = 8  # up to 300 Hz: drum and bass
_LOCAL: Final = 63  # frames in the running mean, one second
_MAX_LAG: Final = 640
_MIN_OVERLAP: Final = 150  # frames; the autocorrelation of fewer is noise
_N_CORRELATE: Final = 2048  # a piece of 9 s and the longest lag, without wrapping round
_N_SPECTRUM: Final = 8192
# Weights of the correlation at multiples of the beat's period and of the magnitude at multiples
# of its rate, in all bands and in the low ones: fitted by maximum likelihood to 28 generated
# tracks, 8 released songs, 12 clips and 162 synthesised patterns of known tempo, then rounded.
_PERIODS: Final = {0.5: 1.7, 1.0: 2.6, 4.0: 4.4, 8.0: -2.5}
_RATES: Final = {0.5: -3.9, 1.0: 3.4, 2.0: 3.5, 4.0: 6.4}
_LOW_RATES: Final = {0.5: 0.5, 1.0: 2.4}
_PRIOR_BPM: Final = 110.0
_PRIOR_OCTAVES: Final = 0.55
_TOLERANCE: Final = 0.04
_NEIGHBOURHOOD: Final = 3  # frames to each side that an onset is the highest of
_ONSET_RISE: Final = 0.06  # mean rise of the bands, in powers of ten


@dataclass(frozen=True)
class Tempo:
    """Beats a minute, and how likely they are right within 4 %, 0 to 1."""

    bpm: float
    certainty: float


def onset_strength(log_mel: NDArray[np.float32], bands: int | None = None) -> NDArray[np.float32]:
    """Return the mean rise of the lowest `bands` (None: all) between frames [shape=(frames - 1,)].

    Parameters
    ----------
    log_mel
        Log-mel spectrogram of `segue.audio.mel.log_mel` [shape=(frames, 96)].
    """
    rise = np.diff(log_mel[:, :bands], axis=0)
    strength: NDArray[np.float32] = np.maximum(rise, 0, out=rise).mean(axis=1)
    return strength


def onset_rate(strengths: Sequence[NDArray[np.float32]]) -> float | None:
    """Return onsets a second over all pieces, at least 0; None if there is no frame.

    An onset is a frame whose strength no other within 48 ms surpasses, and that stands out from
    the mean of the second around it.
    """
    frames = sum(map(len, strengths))
    if frames == 0:
        return None
    count = 0
    for strength in filter(len, strengths):
        top: NDArray[np.float32] = scipy.ndimage.maximum_filter1d(
            strength, 2 * _NEIGHBOURHOOD + 1, mode="nearest"
        )
        mean: NDArray[np.float32] = scipy.ndimage.uniform_filter1d(strength, _LOCAL, mode="nearest")
        count += int(np.count_nonzero((strength == top) & (strength > mean + _ONSET_RISE)))
    return count * FRAME_RATE / frames


def estimate_tempo(log_mels: Sequence[NDArray[np.float32]]) -> Tempo | None:
    """Return the tempo, all pieces taken together.

    Parameters
    ----------
    log_mels
        Log-mel spectrograms of `segue.audio.mel.log_mel` [shape=(frames, 96) each]. Those under
        three seconds are passed over.

    Returns
    -------
    The tempo, 39 to 235 BPM; None if no piece is long enough or nothing begins in any of them.
    Of music without a beat (slow pads) it is a guess, its certainty mostly below 0.4.
    """
    long = [piece for piece in log_mels if len(piece) > _MIN_SECONDS * FRAME_RATE]
    all_bands = [_prominence(onset_strength(piece)) for piece in long]
    low_bands = [_prominence(onset_strength(piece, _LOW_BANDS)) for piece in long]
    if not any(piece.any() for piece in all_bands):
        return None
    correlation = _autocorrelation(all_bands)
    score = -0.5 * (np.log2(_TEMPI / _PRIOR_BPM) / _PRIOR_OCTAVES) ** 2
    lags = np.arange(_MAX_LAG)
    for multiple, weight in _PERIODS.items():
        period = 60 * FRAME_RATE / _TEMPI * multiple
        score += weight * np.interp(period, lags, correlation, right=0)
    for pieces, weights in ((all_bands, _RATES), (low_bands, _LOW_RATES)):
        magnitude = _magnitude(pieces)
        rates = np.arange(len(magnitude)) * FRAME_RATE / _N_SPECTRUM
        for multiple, weight in weights.items():
            score += weight * np.interp(_TEMPI / 60 * multiple, rates, magnitude)
    likelihood = np.exp(score - score.max())
    best = float(_TEMPI[score.argmax()])
    near = np.abs(_TEMPI / best - 1) < _TOLERANCE
    certainty = float(likelihood[near].sum() / likelihood.sum())
    period = _refine(60 * FRAME_RATE / best, correlation)
    return Tempo(float(60 * FRAME_RATE / period), certainty)


def _prominence(strength: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return what rises above the running mean, of mean 0 and variance 1, or all 0."""
    above = np.asarray(strength, np.float64)
    above = np.maximum(above - scipy.ndimage.uniform_filter1d(above, _LOCAL, mode="nearest"), 0)
    above -= above.mean()
    deviation = above.std()
    return above / deviation if deviation > 1e-6 else np.zeros_like(above)


def _autocorrelation(pieces: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Correlation at each lag in frames [shape=(640,)], at most about 1; 0 beyond the overlap."""
    n = _N_CORRELATE
    n = max(n, *(scipy.fft.next_fast_len(len(piece) + _MAX_LAG) for piece in pieces))
    power = np.zeros(n // 2 + 1)
    for piece in pieces:
        power += np.abs(scipy.fft.rfft(piece, n)) ** 2
    product = scipy.fft.irfft(power, n)[:_MAX_LAG]
    overlap = sum(np.maximum(len(piece) - np.arange(_MAX_LAG), 0) for piece in pieces)
    mean = np.where(overlap > _MIN_OVERLAP, product / np.maximum(overlap, 1), 0)
    correlation: NDArray[np.float64] = mean / mean[0]
    return correlation


def _magnitude(pieces: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Magnitude of the pieces' modulation spectrum, its highest at 1 [shape=(4097,)]."""
    n = _N_SPECTRUM
    power = sum(
        np.abs(scipy.fft.rfft(piece[:n] * np.hanning(len(piece[:n])), n)) ** 2 for piece in pieces
    )
    magnitude: NDArray[np.float64] = np.sqrt(power / max(np.max(power), 1e-12))
    return magnitude


def _refine(period: float, correlation: NDArray[np.float64]) -> float:
    """Period in frames, from the peaks near its doublings: the longer, the more precise."""
    multiple = 1
    while (centre := round(period * multiple)) + 3 < _MAX_LAG:
        reach = max(1, min(3, centre // 16))
        peak = centre - reach + int(correlation[centre - reach : centre + reach + 1].argmax())
        left, top, right = correlation[peak - 1 : peak + 2]
        if top <= max(left, right, 0.05):
            break
        lag = peak + 0.5 * (left - right) / (left - 2 * top + right)
        if abs(lag / (period * multiple) - 1) > _TOLERANCE / 2:
            break
        period = lag / multiple
        multiple *= 2
    return period
