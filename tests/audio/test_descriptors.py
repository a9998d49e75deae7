from __future__ import annotations

import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from segue.audio.descriptors import Descriptors, describe
from segue.audio.windows import Window

SAMPLE_RATE = 16_000
RANGES = {
    "tempo": (39, 235),
    "tempo_certainty": (0, 1),
    "key": (0, 11),
    "mode": (0, 1),
    "key_certainty": (0, 1),
    "loudness": (-70, 60),
    "brightness": (0, 8000),
    "onset_rate": (0, 63),
    "silence": (0, 1),
}


def song(bpm: float = 120.0, seed: int = 0, seconds: float = 9.0) -> NDArray[np.float32]:
    """An A minor chord struck every beat with a noise burst, wider in the right channel."""
    rng = np.random.default_rng(seed)
    n = int(seconds * SAMPLE_RATE)
    since_beat = (np.arange(n) / SAMPLE_RATE) % (60 / bpm)
    chord = sum(np.sin(2 * np.pi * hz * since_beat) for hz in (110.0, 220.0, 261.63, 329.63))
    noise = rng.standard_normal(n) * np.exp(-since_beat * 50)
    left = 0.1 * chord * np.exp(-since_beat * 4) + 0.1 * noise
    return np.stack([left, left + 0.02 * rng.standard_normal(n)]).astype(np.float32)


def windows(*pieces: NDArray[np.float32]) -> list[Window]:
    return [Window(float(9 * i), piece) for i, piece in enumerate(pieces)]


def assert_in_range(descriptors: Descriptors) -> None:
    for name, value in asdict(descriptors).items():
        low, high = RANGES[name]
        assert value is None or (math.isfinite(value) and low <= value <= high), (name, value)


def test_a_song() -> None:
    found = describe(windows(song(seed=0), song(seed=1), song(seed=2)))
    assert_in_range(found)
    assert found.tempo == pytest.approx(120, rel=0.005)
    assert (found.key, found.mode) == (9, 0)
    assert found.onset_rate == pytest.approx(2, abs=0.3)
    assert found.silence == 0


def test_all_are_plain_python_numbers() -> None:
    for name, value in asdict(describe(windows(song()))).items():
        assert type(value) is (int if name in {"key", "mode"} else float), name


def test_nothing() -> None:
    assert describe([]) == Descriptors()
    assert describe(windows(np.zeros((2, 0), np.float32))) == Descriptors()


@pytest.mark.parametrize("n", [1, 100, 8000, 9 * SAMPLE_RATE])
def test_silence(n: int) -> None:
    assert describe(windows(np.zeros((2, n), np.float32))) == Descriptors(silence=1.0)


def test_half_a_second() -> None:
    found = describe(windows(song(seconds=0.5)))
    assert_in_range(found)
    assert found.tempo is None
    assert found.key is None
    assert found.loudness is not None
    assert found.brightness is not None


def test_one_sample() -> None:
    found = describe(windows(np.full((1, 1), 0.5, np.float32)))
    assert_in_range(found)
    assert found.tempo is found.key is found.loudness is None


def test_half_silent() -> None:
    half = song()
    half[:, half.shape[1] // 2 :] = 0
    found, whole = describe(windows(half)), describe(windows(song()))
    assert found.silence == pytest.approx(0.5, abs=0.01)
    assert found.brightness == pytest.approx(whole.brightness, rel=0.05)


@pytest.mark.parametrize("hz", [440.0, 1000.0, 4000.0])
def test_brightness_of_a_sine(hz: float) -> None:
    t = np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE
    sine = (0.5 * np.sin(2 * np.pi * hz * t)).astype(np.float32)[None]
    assert describe(windows(sine)).brightness == pytest.approx(hz, rel=0.05)


def test_silence_begins_below_60_db() -> None:
    for amplitude, silence in ((0.0011, 0.0), (0.0009, 1.0)):
        square = np.full((1, SAMPLE_RATE), amplitude, np.float32)
        square[:, ::2] *= -1
        assert describe(windows(square)).silence == pytest.approx(silence, abs=0.04)


def test_out_of_phase_channels_are_heard_by_loudness_alone() -> None:
    left = song()[:1]
    found = describe(windows(np.concatenate([left, -left])))
    assert found.silence == 1
    assert found.tempo is None
    assert found.loudness is not None


def test_other_calls_change_nothing() -> None:
    first = describe(windows(song(100, seed=3)))
    describe(windows(np.zeros((1, 5), np.float32)))
    describe(windows(song(140), song(90, seconds=4.0)))
    assert describe(windows(song(100, seed=3))) == first


def test_samples_are_left_alone() -> None:
    piece = song() * np.float32(100)
    before = piece.copy()
    describe(windows(piece))
    np.testing.assert_array_equal(piece, before)


FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)


@st.composite
def pieces(draw: st.DrawFn) -> NDArray[np.float32]:
    """A short arbitrary pattern, repeated to any length up to four seconds."""
    pattern = draw(
        st.integers(1, 2).flatmap(
            lambda channels: arrays(
                np.float32,
                st.tuples(st.just(channels), st.integers(1, 40)),
                elements=FLOATS,
            )
        )
    )
    n = draw(st.integers(0, 4 * SAMPLE_RATE))
    return np.resize(pattern.T, (n, len(pattern))).T.copy()


@settings(deadline=None, max_examples=60)
@given(st.lists(pieces(), max_size=3))
def test_any_finite_samples(arbitrary: list[NDArray[np.float32]]) -> None:
    assert_in_range(describe(windows(*arbitrary)))
