from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from segue.audio.demo import PIECES, render
from segue.audio.landmarks import (
    FRAME_SECONDS,
    HASH_BITS,
    HOP,
    SAMPLE_RATE,
    clip_landmarks,
    find_peaks,
    frame_count,
    landmarks,
    later,
    within,
)
from sounds import melody, tone

PEAKS = st.lists(st.integers(0, 2**20), max_size=300, unique=True).map(
    lambda some: np.array(sorted(some), np.uint32)
)


def pairs(samples: NDArray[np.float32]) -> set[tuple[int, int]]:
    hashes, frames = landmarks(find_peaks(samples))
    return set(zip(hashes.tolist(), frames.tolist(), strict=True))


@pytest.fixture(scope="module")
def song() -> NDArray[np.float32]:
    left: NDArray[np.float32] = render(PIECES[0], SAMPLE_RATE)[0]
    return left


def test_peaks_are_where_the_tones_are() -> None:
    silence = np.zeros(SAMPLE_RATE, np.float32)
    samples = np.concatenate([silence, tone(1000, 0.2, SAMPLE_RATE), silence])
    peaks = find_peaks(samples)
    places = {(int(peak) >> 9, int(peak) & 511) for peak in peaks}
    bins = [bin_ for _, bin_ in places]
    assert 1000 * 1024 // SAMPLE_RATE in bins
    frames = [frame for frame, bin_ in places if bin_ == 128]
    assert all(0.9 <= frame * FRAME_SECONDS <= 1.2 for frame in frames)


def test_a_song_has_a_moderate_number_of_landmarks(song: NDArray[np.float32]) -> None:
    peaks = find_peaks(song)
    seconds = len(song) / SAMPLE_RATE
    assert 4 < len(peaks) / seconds < 20
    assert len(landmarks(peaks)[0]) <= 4 * len(peaks)
    assert (peaks[1:] > peaks[:-1]).all()


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(100), np.zeros(5000), np.ones(1)])
def test_what_has_no_sound_has_no_landmarks(samples: NDArray[np.float64]) -> None:
    clip = samples.astype(np.float32)
    assert len(find_peaks(clip)) == 0
    assert frame_count(find_peaks(clip)) == 0
    assert [len(part) for part in clip_landmarks(clip)] == [0, 0]


def test_loudness_changes_nothing(song: NDArray[np.float32]) -> None:
    body = song[: -4 * SAMPLE_RATE]  # at its end it fades into silence
    np.testing.assert_array_equal(find_peaks(body), find_peaks(body * np.float32(0.25)))


def test_a_cut_between_frames_has_most_landmarks_of_the_song(song: NDArray[np.float32]) -> None:
    begin = 100 * HOP + 100  # no whole frame, and no quarter of one
    hashes, frames = clip_landmarks(song[begin : begin + 5 * SAMPLE_RATE])
    clip = {
        (h, f + 100 + late)
        for h, f in zip(hashes.tolist(), frames.tolist(), strict=True)
        for late in (0, 1)
    }
    end = 100 + 5 * SAMPLE_RATE // HOP - 4
    inside = {(h, f) for h, f in pairs(song) if f > 100 and f + (h & 63) < end}
    assert len(inside) == within(find_peaks(song), 101, end) > 50
    assert len(inside & clip) > 0.8 * len(inside)


def test_two_songs_share_next_to_nothing() -> None:
    one, other = (pairs(melody(seed, 10, SAMPLE_RATE)) for seed in (1, 2))
    assert len(one & other) < 0.05 * min(len(one), len(other))


@given(
    arrays(
        np.float32,
        st.integers(0, 6000),
        elements=st.floats(-16, 16, width=32),
        fill=st.floats(-1, 1, width=32),
    )
)
def test_any_sound_gives_hashes_in_range(samples: NDArray[np.float32]) -> None:
    for hashes, frames in (landmarks(find_peaks(samples)), clip_landmarks(samples)):
        assert hashes.shape == frames.shape
        assert (hashes < 1 << HASH_BITS).all()
        assert ((frames >= 0) & (frames < max(1, len(samples) // HOP))).all()


@given(PEAKS, st.integers(0, 10_000))
def test_a_hash_does_not_depend_on_when(peaks: NDArray[np.uint32], frames: int) -> None:
    hashes, times = landmarks(peaks)
    moved_hashes, moved_times = landmarks(later(peaks, frames))
    np.testing.assert_array_equal(moved_hashes, hashes)
    np.testing.assert_array_equal(moved_times, times + frames)


@given(PEAKS)
def test_a_hash_tells_both_peaks(peaks: NDArray[np.uint32]) -> None:
    there = {(int(peak) >> 9, int(peak) & 511) for peak in peaks}
    hashes, frames = landmarks(peaks)
    begun: dict[tuple[int, int], int] = {}
    for hash_, frame in zip(hashes.tolist(), frames.tolist(), strict=True):
        first = hash_ >> 13
        second = first + (hash_ >> 6 & 127) - 63
        assert (frame, first) in there
        assert (frame + (hash_ & 63), second) in there
        assert hash_ & 63 > 0
        begun[frame, first] = begun.get((frame, first), 0) + 1
    assert max(begun.values(), default=0) <= 4
    assert len(set(zip(hashes.tolist(), frames.tolist(), strict=True))) == len(hashes)


@given(PEAKS, st.integers(-100, 2500), st.integers(-100, 2500))
def test_landmarks_within_a_stretch_are_counted(
    peaks: NDArray[np.uint32], begin: int, end: int
) -> None:
    found = zip(*(part.tolist() for part in landmarks(peaks)), strict=True)
    expected = sum(begin <= frame and frame + (hash_ & 63) < end for hash_, frame in found)
    assert within(peaks, begin, end) == expected
