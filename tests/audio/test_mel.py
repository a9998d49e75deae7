from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.audio.mel import FRAME_RATE, HOP_LENGTH, log_mel, mel_filterbank, power_spectrogram

# Made with librosa 0.11, whose front end the networks were trained on: np.savez_compressed of
# `np.log10(10000 * librosa.feature.melspectrogram(y=signal(), sr=16000, n_fft=512, hop_length=256,
# n_mels=96, pad_mode="constant") + 1).T` as "log_mel".
GOLDEN = Path(__file__).parent / "data" / "librosa_log_mel.npz"


def signal() -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Return 1.5 s at 16 kHz: a sweep, noise, clicks, a stretch of silence, a loud end."""
    rng = np.random.default_rng(7)
    time = np.arange(24_000) / 16_000
    sound = 0.4 * np.sin(2 * np.pi * (50 * time + 2400 * time**2))
    sound += 0.05 * rng.standard_normal(len(time))
    sound[::3000] = 1
    sound[8_000:11_000] = 0
    sound[20_000:] *= 2
    return sound.astype(np.float32)


def test_log_mel_is_librosas() -> None:
    with np.load(GOLDEN) as golden:
        expected = golden["log_mel"]
    found = log_mel(power_spectrogram(signal()))
    assert found.dtype == np.float32
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_power_is_that_of_the_plain_transform() -> None:
    samples = signal()[:2_000]
    padded = np.pad(samples.astype(np.float64), 256)
    window = np.sin(np.pi * np.arange(512) / 512) ** 2
    basis = np.exp(-2j * np.pi * np.outer(np.arange(512), np.arange(257)) / 512)
    for frame in range(3):
        expected = np.abs((padded[frame * 256 :][:512] * window) @ basis) ** 2
        np.testing.assert_allclose(
            power_spectrogram(samples)[frame], expected, rtol=1e-4, atol=1e-4
        )


@given(st.integers(0, 3_000))
def test_frames_for_any_length(length: int) -> None:
    power = power_spectrogram(np.ones(length, dtype=np.float32))
    assert power.shape == (1 + length // HOP_LENGTH, 257)
    assert np.isfinite(log_mel(power)).all()


def test_silence_is_zero() -> None:
    assert not log_mel(power_spectrogram(np.zeros(4_000, dtype=np.float32))).any()


def test_filters_rise_in_frequency_and_have_unit_area() -> None:
    filters = mel_filterbank()
    hertz = np.linspace(0, 8_000, 257)
    centres = (filters * hertz[:, None]).sum(axis=0) / filters.sum(axis=0)
    assert (np.diff(centres) > 0).all()
    assert (filters >= 0).all()
    wide = filters[:, 60:]  # those that span enough bins for the sum to near the integral
    np.testing.assert_allclose(wide.sum(axis=0) * hertz[1], 1, rtol=0.05)


@pytest.mark.parametrize("hertz", [200.0, 1000.0, 5000.0])
def test_a_tone_is_loudest_in_its_own_band(hertz: float) -> None:
    samples = np.sin(2 * np.pi * hertz * np.arange(16_000) / 16_000).astype(np.float32)
    band = int(log_mel(power_spectrogram(samples))[30].argmax())
    response = mel_filterbank()[:, band]
    bins = np.flatnonzero(response) * 31.25
    assert bins.min() - 31.25 <= hertz <= bins.max() + 31.25


def test_frame_rate() -> None:
    assert FRAME_RATE == 62.5
