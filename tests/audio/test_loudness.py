from __future__ import annotations

import numpy as np
import pytest
import scipy.signal
from numpy.typing import NDArray

from segue.audio.loudness import integrated_loudness

SAMPLE_RATE = 16_000


def sine(seconds: float, dbfs: float, hz: float = 1000.0, channels: int = 2) -> NDArray[np.float32]:
    t = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    wave = 10 ** (dbfs / 20) * np.sin(2 * np.pi * hz * t)
    return np.tile(wave.astype(np.float32), (channels, 1))


def joined(*parts: tuple[float, float]) -> NDArray[np.float32]:
    return np.concatenate([sine(seconds, dbfs) for seconds, dbfs in parts], axis=1)


# EBU Tech 3341 (2016), table 1: the cases of integrated loudness in two channels, +-0.1 LU each.
@pytest.mark.parametrize(
    ("case", "signal", "lufs"),
    [
        (1, joined((20, -23)), -23),
        (2, joined((20, -33)), -33),
        (3, joined((10, -36), (60, -23), (10, -36)), -23),
        (4, joined((10, -72), (10, -36), (60, -23), (10, -36), (10, -72)), -23),
        (5, joined((20, -26), (20.1, -20), (20, -26)), -23),
    ],
)
def test_ebu_tech_3341(case: int, signal: NDArray[np.float32], lufs: float) -> None:
    assert integrated_loudness([signal]) == pytest.approx(lufs, abs=0.1), case


def test_one_channel_is_3_lu_quieter_than_the_same_in_two() -> None:
    # BS.1770-4: a full-scale sine of 997 Hz in one channel reads -3.01 LKFS.
    assert integrated_loudness([sine(5, 0, hz=997, channels=1)]) == pytest.approx(-3.01, abs=0.05)
    one, two = sine(5, -20, channels=1), sine(5, -20)
    difference = (integrated_loudness([two]) or 0) - (integrated_loudness([one]) or 0)
    assert difference == pytest.approx(3.01, abs=0.01)


def test_channels_of_opposite_phase_do_not_cancel() -> None:
    signal = sine(5, -23)
    signal[1] *= -1
    assert integrated_loudness([signal]) == pytest.approx(-23, abs=0.1)


# BS.1770-4, tables 1 and 2: the coefficients for 48 kHz.
SHELF = (
    1.53512485958697,
    -2.69169618940638,
    1.19839281085285,
    1,
    -1.69065929318241,
    0.73248077421585,
)
HIGH_PASS = (1, -2, 1, 1, -1.99004745483398, 0.99007225036621)


@pytest.mark.parametrize("hz", [30, 40, 60, 100, 200, 500, 1500, 2000, 3000, 4000, 6000, 7500])
def test_k_weighting_is_that_of_the_table_for_48_khz(hz: float) -> None:
    _, response = scipy.signal.sosfreqz(np.array([SHELF, HIGH_PASS]), [hz, 1000], fs=48_000)
    expected = -23 + 20 * np.log10(abs(response[0] / response[1]))
    assert integrated_loudness([sine(10, -23, hz=hz)]) == pytest.approx(expected, abs=0.2)


def test_pieces_are_gated_together() -> None:
    assert integrated_loudness([sine(5, -23), sine(5, -40)]) == pytest.approx(-23, abs=0.1)
    together = integrated_loudness([sine(5, -20), sine(5, -26)])
    power_mean = 10 * np.log10((10**-2.0 + 10**-2.6) / 2)
    assert together == pytest.approx(power_mean, abs=0.1)


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [np.zeros((2, 0), np.float32)],
        [np.zeros((2, SAMPLE_RATE), np.float32)],
        [sine(0.39, -10)],
        [sine(5, -71)],
    ],
    ids=["nothing", "no samples", "silence", "under 400 ms", "below the absolute gate"],
)
def test_none_where_no_block_counts(pieces: list[NDArray[np.float32]]) -> None:
    assert integrated_loudness(pieces) is None
