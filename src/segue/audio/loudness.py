"""Integrated loudness after EBU R 128.

ITU-R BS.1770-4, "Algorithms to measure audio programme loudness and true-peak audio level" (2015),
with the gates of EBU Tech 3341. Samples are K-weighted, their power is averaged over blocks of
400 ms that start every 100 ms, and the blocks that pass an absolute gate at -70 LUFS and a relative
one 10 LU below the mean of those are averaged.

At 16 kHz nothing above 8 kHz is heard, so bright recordings measure lower here than at their own
rate. Nothing is added to make up for it: how much is missing, the samples do not tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from segue.audio.mel import SAMPLE_RATE

_STEP: Final = SAMPLE_RATE // 10  # blocks of 400 ms that overlap by 75 % begin every 100 ms
_STEPS_PER_BLOCK: Final = 4
_OFFSET: Final = -0.691  # LUFS of unit K-weighted power, BS.1770-4 equation 2
_ABSOLUTE_GATE: Final = -70.0
_RELATIVE_GATE: Final = -10.0


def integrated_loudness(pieces: Sequence[NDArray[np.float32]]) -> float | None:
    """Return the gated loudness in LUFS of a recording of which `pieces` were cut.

    Parameters
    ----------
    pieces
        Audio at 16 kHz [shape=(channels, n) each], one or two channels. Powers of channels add, so
        one signal in both channels is 3 LU louder than alone in one, as the standard has it.

    Returns
    -------
    LUFS, above -70; None if no block of 400 ms lies above -70 LUFS.

    >>> t = np.arange(32_000) / 16_000
    >>> sine = (10 ** (-23 / 20) * np.sin(2 * np.pi * 1000 * t)).astype(np.float32)
    >>> round(integrated_loudness([np.stack([sine, sine])]), 1)
    -23.0
    """
    power = np.concatenate([np.empty(0), *map(_block_power, pieces)])
    loud = power[power > _power_at(_ABSOLUTE_GATE)]
    if loud.size == 0:
        return None
    # The quietest block that may count is 10 LU below the mean, so at least the loudest one does.
    gate = loud.mean() * 10 ** (_RELATIVE_GATE / 10)
    return float(_OFFSET + 10 * np.log10(loud[loud > gate].mean()))


def _block_power(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean K-weighted power of each whole block, summed over channels."""
    steps = samples.shape[1] // _STEP
    if steps < _STEPS_PER_BLOCK:
        return np.empty(0)
    weighted = scipy.signal.sosfilt(_k_weighting(), samples[:, : steps * _STEP], axis=1)
    parts = weighted.reshape(len(samples), steps, _STEP)
    power = np.einsum("csn,csn->s", parts, parts, dtype=np.float64) / _STEP
    blocks = np.lib.stride_tricks.sliding_window_view(power, _STEPS_PER_BLOCK)
    return np.asarray(blocks.mean(axis=1), np.float64)


def _power_at(lufs: float) -> float:
    return float(10 ** ((lufs - _OFFSET) / 10))


@cache
def _k_weighting() -> NDArray[np.float32]:
    """Return the shelf and the high-pass of BS.1770-4 as second-order sections for 16 kHz.

    The standard tabulates coefficients for 48 kHz only; the analogue filters behind them (their
    frequencies, gain and qualities) are those that libebur128 derives from that table.
    """
    gain = 10 ** (3.999843853973347 / 20)
    middle = gain**0.4996667741545416
    k, q = np.tan(np.pi * 1681.974450955533 / SAMPLE_RATE), 0.7071752369554196
    shelf = [
        gain + middle * k / q + k * k,
        2 * (k * k - gain),
        gain - middle * k / q + k * k,
        1 + k / q + k * k,
        2 * (k * k - 1),
        1 - k / q + k * k,
    ]
    k, q = np.tan(np.pi * 38.13547087602444 / SAMPLE_RATE), 0.5003270373238773
    below = 1 + k / q + k * k
    high_pass = [below, -2 * below, below, below, 2 * (k * k - 1), 1 - k / q + k * k]
    sections = np.array([shelf, high_pass])
    return np.asarray(sections / sections[:, 3:4], dtype=np.float32)
