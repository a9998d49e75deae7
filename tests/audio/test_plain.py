from __future__ import annotations

import numpy as np
import pytest

from contracts.embedder import EmbedderContract
from segue.audio.embedder import Embedder, Tagger
from segue.audio.plain import PlainEmbedder, measure
from sounds import melody, tone


class TestPlainEmbedder(EmbedderContract):
    @pytest.fixture
    def embedder(self) -> Embedder:
        return PlainEmbedder()


def test_it_says_no_words() -> None:
    assert not isinstance(PlainEmbedder(), Tagger)


def test_measures_as_many_numbers_as_it_gives() -> None:
    assert measure(melody(1, 5)).shape == (PlainEmbedder.dimensions,)


def test_a_beat_shows_in_the_rhythm_at_its_own_rate() -> None:
    def pulses(per_second: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        sound = np.random.default_rng(1).standard_normal(128_000).astype(np.float32)
        return np.where(np.arange(128_000) * per_second / 16_000 % 1 < 0.1, sound, 0)

    # Twelve bands from 0.5 to 12 Hz, evenly in the logarithm.
    for rate, band in ((1.0, 2), (2.0, 5), (6.0, 9)):
        assert measure(pulses(rate))[-12:].argmax() == band


def test_harmony_tells_a_tone_from_noise_and_ignores_its_key() -> None:
    noise = np.random.default_rng(1).standard_normal(80_000).astype(np.float32)
    one, other = (measure(tone(hertz, 5, 16_000))[-24:-12] for hertz in (440, 523.25))
    assert one[0] > 0.7
    np.testing.assert_allclose(one, other, atol=0.1)
    assert measure(noise)[-24:-12].max() < 0.2
