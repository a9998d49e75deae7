from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from segue.audio.decode import decode
from segue.audio.mel import mel_filterbank
from segue.audio.power_mel import SAMPLE_RATE, chunks, half_minute, power_mel
from sounds import clock, time_of, write


def signal(seconds: float = 3.0) -> NDArray[np.float32]:
    """Return a sweep with noise, clicks, silence and a loud end."""
    rng = np.random.default_rng(7)
    count = int(seconds * SAMPLE_RATE)
    time = np.arange(count) / SAMPLE_RATE
    sound = 0.4 * np.sin(2 * np.pi * (50 * time + 1500 * time**2))
    sound += 0.05 * rng.standard_normal(count)
    sound[::3000] = 1
    sound[count // 3 : count // 2] = 0
    sound[-count // 6 :] *= 2
    return sound.astype(np.float32)


def test_the_spectrogram_is_librosas() -> None:
    librosa: Any = pytest.importorskip("librosa", reason="librosa is not installed (extra 'dev')")
    samples = signal()
    expected = librosa.feature.melspectrogram(y=samples, sr=SAMPLE_RATE).T
    found = power_mel(samples)
    assert found.dtype == np.float32
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("rate", "n_fft", "n_mels"), [(16_000, 512, 96), (22_050, 2048, 128), (44_100, 4096, 40)]
)
def test_the_filters_are_librosas(rate: int, n_fft: int, n_mels: int) -> None:
    librosa: Any = pytest.importorskip("librosa", reason="librosa is not installed (extra 'dev')")
    expected = librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=n_mels).T
    np.testing.assert_allclose(mel_filterbank(rate, n_fft, n_mels), expected, rtol=1e-4, atol=1e-8)


def test_power_grows_with_the_square() -> None:
    samples = signal(1.0)
    np.testing.assert_allclose(power_mel(samples * 4), power_mel(samples) * 16, rtol=1e-4)


@pytest.mark.parametrize("hertz", [300.0, 1000.0, 6000.0])
def test_a_tone_is_loudest_in_its_own_band(hertz: float) -> None:
    samples = np.sin(2 * np.pi * hertz * np.arange(SAMPLE_RATE) / SAMPLE_RATE).astype(np.float32)
    band = int(power_mel(samples)[20].argmax())
    step = SAMPLE_RATE / 2048
    heard = np.flatnonzero(mel_filterbank(SAMPLE_RATE, 2048, 128)[:, band]) * step
    assert heard.min() - step <= hertz <= heard.max() + step


@given(st.integers(0, 5_000))
def test_frames_for_any_length(length: int) -> None:
    mel = power_mel(np.ones(length, dtype=np.float32))
    assert mel.shape == (1 + length // 512, 128)
    assert np.isfinite(mel).all()
    assert (mel >= 0).all()


def frames(count: int) -> NDArray[np.float32]:
    """Return a spectrogram whose every frame holds its own number."""
    return np.repeat(np.arange(count, dtype=np.float32)[:, None], 128, axis=1)


def test_half_a_minute_is_cut_as_the_original_does() -> None:
    mel = frames(len(power_mel(np.zeros(30 * SAMPLE_RATE, dtype=np.float32))))
    assert len(mel) == 1292
    np.testing.assert_array_equal(chunks(mel), np.stack(np.split(mel[:1280], 10)))


@given(st.integers(128, 1500))
def test_chunks_go_from_the_first_frame_evenly_to_the_last(count: int) -> None:
    cut = chunks(frames(count))
    assert cut.shape == (10, 128, 128)
    starts = cut[:, 0, 0]
    assert starts[0] == 0
    assert cut[-1, -1, 0] == min(count, 1280) - 1
    assert np.ptp(np.diff(starts)) <= 1
    assert (np.diff(cut[:, :, 0], axis=1) == 1).all()


@pytest.mark.parametrize("count", [1, 50, 127])
def test_what_is_shorter_than_a_chunk_is_repeated(count: int) -> None:
    cut = chunks(frames(count))
    assert cut.shape == (10, 128, 128)
    assert (cut[:, :, 0] == np.arange(128) % count).all()


def test_chunks_are_a_copy() -> None:
    mel = frames(200)
    chunks(mel)[:] = 0
    assert mel[5, 0] == 5


@pytest.mark.parametrize(
    ("duration", "start", "length"), [(300, 30, 30), (60, 30, 30), (50, 20, 30), (29, 0, 29)]
)
def test_which_half_minute(duration: float, start: float, length: float) -> None:
    assert half_minute(duration) == [(start, length)]


def test_the_half_minute_of_a_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", clock(50, 44_100), 44_100, "FLAC", "PCM_16")
    (window,) = decode(os.fsencode(path), half_minute, SAMPLE_RATE).windows
    assert window.start == 20
    assert window.samples.shape == (1, 30 * SAMPLE_RATE)
    piece = window.mono[5 * SAMPLE_RATE :][:SAMPLE_RATE]
    assert time_of(piece, SAMPLE_RATE) == pytest.approx(25.5, abs=0.05)
