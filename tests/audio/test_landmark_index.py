from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from segue.audio.demo import PIECES, render
from segue.audio.landmark_index import LandmarkIndex
from segue.audio.landmarks import (
    FRAME_SECONDS,
    HOP,
    SAMPLE_RATE,
    clip_landmarks,
    find_peaks,
    landmarks,
)

Peaks = NDArray[np.uint32]
CHOSEN = PIECES[::4]


@pytest.fixture(scope="module")
def songs() -> list[NDArray[np.float32]]:
    return [render(piece, SAMPLE_RATE).mean(axis=0) for piece in CHOSEN]


@pytest.fixture(scope="module")
def index(songs: list[NDArray[np.float32]]) -> LandmarkIndex:
    found = [find_peaks(song) for song in songs]
    return LandmarkIndex.build(lambda: found)


@pytest.mark.parametrize("number", range(len(CHOSEN)))
@pytest.mark.parametrize("ratio", [None, 10])
def test_five_seconds_are_found_where_they_were_cut(
    songs: list[NDArray[np.float32]], index: LandmarkIndex, number: int, ratio: int | None
) -> None:
    begin = 12_345 + 5_000 * number % 70_000
    clip = songs[number][begin : begin + 5 * SAMPLE_RATE].copy()
    if ratio is not None:
        noise = np.random.default_rng(number).standard_normal(len(clip)).astype(np.float32)
        clip += noise * np.sqrt(np.mean(clip**2) / 10 ** (ratio / 10))
    first, *others = index.find(*clip_landmarks(clip))
    assert first.song == number
    assert first.seconds == pytest.approx(begin / SAMPLE_RATE, abs=2 * FRAME_SECONDS)
    assert all(first.matched > 2 * other.matched for other in others)


def test_a_clip_that_begins_before_the_song_does(
    songs: list[NDArray[np.float32]], index: LandmarkIndex
) -> None:
    clip = np.concatenate([np.zeros(50 * HOP, np.float32), songs[1][: 4 * SAMPLE_RATE]])
    best = index.find(*clip_landmarks(clip))[0]
    assert best.song == 1
    assert best.frame == pytest.approx(-50, abs=1)


def test_the_same_recording_twice_is_found_twice(songs: list[NDArray[np.float32]]) -> None:
    peaks = [find_peaks(songs[i]) for i in (0, 1, 0)]
    index = LandmarkIndex.build(lambda: peaks)
    clip = clip_landmarks(songs[0][40_000:80_000])
    found = index.find(*clip)
    assert [alignment.song for alignment in found[:2]] == [0, 2]
    assert found[0].matched == found[1].matched
    assert len(index.find(*clip, most=1)) == 1


def test_nothing_among_nothing(index: LandmarkIndex) -> None:
    none = clip_landmarks(np.zeros(5 * SAMPLE_RATE, np.float32))
    assert index.find(*none) == []
    empty = LandmarkIndex.build(list)
    assert len(empty) == 0
    assert empty.find(*landmarks(np.arange(100, dtype=np.uint32) * 513)) == []
    silent = np.zeros(0, np.uint32)
    among_silent = LandmarkIndex.build(lambda: [silent, silent])
    assert len(among_silent) == 2
    assert among_silent.find(*landmarks(np.arange(100, dtype=np.uint32) * 513)) == []


PEAKS = st.lists(st.integers(0, 2**18), max_size=60, unique=True).map(
    lambda some: np.array(sorted(some), np.uint32)
)


@given(st.lists(PEAKS, max_size=6), PEAKS)
def test_the_index_counts_what_comparing_all_pairs_counts(songs: list[Peaks], clip: Peaks) -> None:
    index = LandmarkIndex.build(lambda: songs)
    hashes, frames = landmarks(clip)
    found = {alignment.song: alignment for alignment in index.find(hashes, frames)}
    for number, song in enumerate(songs):
        there = list(zip(*(part.tolist() for part in landmarks(song)), strict=True))
        asked = list(zip(hashes.tolist(), frames.tolist(), strict=True))
        begins = {f - g for h, f in there for i, g in asked if h == i}
        assert (number in found) == bool(begins)
        if begins:
            at = {
                begin: sum((h, f - begin) in asked or (h, f - begin - 1) in asked for h, f in there)
                for begin in begins
            }
            assert found[number].matched == max(at.values())
            assert at[found[number].frame] == max(at.values())


def test_it_is_the_same_again_from_its_arrays(
    songs: list[NDArray[np.float32]], index: LandmarkIndex
) -> None:
    again = LandmarkIndex(index.arrays())
    clip = clip_landmarks(songs[2][40_000:80_000])
    assert again.find(*clip) == index.find(*clip)
    assert len(again) == len(index) == len(CHOSEN)


@pytest.mark.parametrize(
    "changed",
    [
        {"bounds": np.zeros(3, np.int64)},
        {"places": np.zeros(3, np.uint32)},
        {"starts": np.zeros(3, np.float64)},
    ],
)
def test_arrays_that_do_not_belong_together_are_refused(
    index: LandmarkIndex, changed: dict[str, NDArray[Any]]
) -> None:
    with pytest.raises(ValueError, match="not those of an index"):
        LandmarkIndex({**index.arrays(), **changed})
