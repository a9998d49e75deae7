"""What every embedder must do. A test class derives from this and says how to make one."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from segue.audio.embedder import Embedder
from sounds import melody, tone

Floats = NDArray[np.float32]

EXTREMES = {
    "silence": np.zeros(80_000, np.float32),
    "full scale": np.sign(tone(300, 5, 16_000)),
    "clipped": 16 * tone(300, 5, 16_000),
    "a click": np.eye(1, 80_000, 40_000, dtype=np.float32)[0],
    "constant": np.full(80_000, 0.5, np.float32),
    "faint": 1e-7 * melody(1, 5),
}


class EmbedderContract:
    """The tests; `make` gives the embedder under test."""

    @pytest.fixture
    def embedder(self) -> Embedder:
        raise AssertionError("the class that derives from this makes one")

    def test_says_who_it_is(self, embedder: Embedder) -> None:
        assert isinstance(embedder, Embedder)
        assert embedder.name
        assert embedder.version
        assert embedder.dimensions > 0

    @pytest.mark.parametrize("seconds", [0.1, 0.5, 1.0, 2.99, 5.0, 9.0, 30.0])
    def test_unit_vectors_for_any_length(self, embedder: Embedder, seconds: float) -> None:
        audio = np.stack([melody(1, seconds), melody(2, seconds)])
        vectors = embedder.embed(audio)
        assert vectors.shape == (2, embedder.dimensions)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
        assert abs(float(vectors[0] @ vectors[1])) < 0.999

    @pytest.mark.parametrize("name", EXTREMES)
    @pytest.mark.parametrize("seconds", [0.1, 5.0])
    def test_extremes_stay_finite(self, embedder: Embedder, name: str, seconds: float) -> None:
        vectors = embedder.embed(EXTREMES[name][np.newaxis, : round(seconds * 16_000)])
        assert np.isfinite(vectors).all()
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)

    def test_a_row_depends_on_its_own_window_alone(self, embedder: Embedder) -> None:
        audio = np.stack([melody(seed, 5) for seed in range(4)])
        together = embedder.embed(audio)
        for number, window in enumerate(audio):
            np.testing.assert_array_equal(embedder.embed(window[np.newaxis])[0], together[number])
        np.testing.assert_array_equal(embedder.embed(audio[::-1])[::-1], together)

    def test_the_audio_is_left_as_it_was(self, embedder: Embedder) -> None:
        audio = melody(1, 2)[np.newaxis]
        before = audio.copy()
        embedder.embed(audio)
        np.testing.assert_array_equal(audio, before)

    def test_like_is_closer_than_unlike(self, embedder: Embedder) -> None:
        rng = np.random.default_rng(1)
        noise = [0.3 * rng.standard_normal(80_000).astype(np.float32) for _ in range(2)]
        tones = [tone(hertz, 5, 16_000) for hertz in (220, 233)]
        vectors = embedder.embed(np.stack([*noise, *tones]))
        alike = vectors @ vectors.T
        assert min(alike[0, 1], alike[2, 3]) > alike[:2, 2:].max()
