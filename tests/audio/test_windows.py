from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.audio.windows import N_WINDOWS, WINDOW_SECONDS, Window, place_windows

WHOLE = N_WINDOWS * WINDOW_SECONDS


@given(st.floats(0.01, 1e6), st.integers(1, 9), st.floats(0.5, 30))
def test_windows_lie_inside_in_order_and_apart(duration: float, count: int, seconds: float) -> None:
    spans = place_windows(duration, count, seconds)
    assert 1 <= len(spans) <= count
    end = 0.0
    for start, length in spans:
        assert start >= end - 1e-6
        assert 0 < length <= seconds + 1e-9
        end = start + length
    assert end <= duration * (1 + 1e-9)


@given(st.floats(0.01, WHOLE))
def test_a_short_recording_is_taken_whole(duration: float) -> None:
    spans = place_windows(duration)
    assert sum(length for _, length in spans) == pytest.approx(duration)
    assert spans[0][0] == 0


@given(st.floats(WHOLE, 1e5, exclude_min=True))
def test_a_long_one_gives_full_windows_evenly_spread(duration: float) -> None:
    spans = place_windows(duration)
    assert [length for _, length in spans] == [WINDOW_SECONDS] * N_WINDOWS
    gaps = np.diff([start for start, _ in spans])
    np.testing.assert_allclose(gaps, duration / N_WINDOWS)
    assert spans[0][0] == pytest.approx(duration - spans[-1][0] - WINDOW_SECONDS)


def test_no_duration_gives_one_window_to_try() -> None:
    assert place_windows(0.0) == [(0.0, 0.0)]


def test_mono_is_the_mean_of_the_channels() -> None:
    window = Window(0.0, np.array([[1, 0, -1], [0, 0, 0.5]], dtype=np.float32))
    assert window.mono.tolist() == [0.5, 0, -0.25]
    assert window.mono.dtype == np.float32
