from __future__ import annotations

import numpy as np
import pytest

from segue.train import augmentation
from segue.train.augmentation import altered_chunk, mixed


@pytest.mark.parametrize("frames", [128, 129, 150, 1292])
def test_a_chunk_of_any_song(frames: int) -> None:
    rng = np.random.default_rng(0)
    mel = rng.standard_exponential((frames, 128), dtype=np.float32)
    before = mel.copy()
    for _ in range(50):
        chunk = altered_chunk(mel, rng)
        assert chunk.shape == (128, 128)
        assert chunk.dtype == np.float32
        assert np.isfinite(chunk).all()
        assert (chunk >= 0).all()
    np.testing.assert_array_equal(mel, before)


def test_silence_stays_silent() -> None:
    chunk = altered_chunk(np.zeros((300, 128), dtype=np.float32), np.random.default_rng(1))
    assert chunk.max() < 1e-6


def test_the_same_draws_alter_alike() -> None:
    mel = np.random.default_rng(0).random((300, 128), dtype=np.float32)
    first, second, third = (altered_chunk(mel, np.random.default_rng(n)) for n in (5, 5, 6))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, third)


def test_a_band_moves_a_little_and_a_beat_changes_its_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(augmentation, "_BLANKS", 0)
    mel = np.full((1000, 128), 1e-3, dtype=np.float32)
    mel[::20, 60] = 1000.0
    bands, paces = set(), set()
    for seed in range(40):
        chunk = altered_chunk(mel, np.random.default_rng(seed))
        bands.add(int(chunk.sum(axis=0).argmax()))
        beat = chunk[:, 55:66].sum(axis=1)
        places = np.flatnonzero(beat > beat.max() / 4)
        paces.add(int(places[-1] - places[0]) // (int((np.diff(places) > 5).sum()) or 1))
    assert {58, 60, 62} < bands <= set(range(57, 64))
    assert {18, 20, 22} < paces <= set(range(17, 24))


def test_blanks_are_level_stripes() -> None:
    mel = np.random.default_rng(0).standard_exponential((400, 128), dtype=np.float32)
    blank_bands = blank_frames = 0
    for seed in range(40):
        chunk = altered_chunk(mel, np.random.default_rng(seed))
        blank_bands += int((np.ptp(chunk, axis=0) == 0).sum())
        blank_frames += int((np.ptp(chunk, axis=1) == 0).sum())
    assert blank_bands > 100
    assert blank_frames > 100


def test_mixed_sounds_have_mixed_targets() -> None:
    rng = np.random.default_rng(0)
    chunks = np.repeat(np.arange(6, dtype=np.float32), 4).reshape(6, 2, 2)
    sounds, targets = mixed(chunks, np.eye(6, dtype=np.float32), rng)
    assert sounds.dtype == targets.dtype == np.float32
    np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(sounds[:, 0, 0], targets @ np.arange(6), rtol=1e-5)
    assert ((targets > 0).sum(axis=1) == 2).any()
