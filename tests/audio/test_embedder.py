from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from segue.audio.embedder import Embedder, Tagger, hear, unit

Floats = NDArray[np.float32]


class Lengths:
    """The ten-line example: says how long a window is and how loud."""

    name, version, dimensions = "lengths", "1", 2

    def embed(self, audio: Floats) -> Floats:
        loud = np.abs(audio).mean(axis=1)
        return unit(np.stack([np.full(len(audio), audio.shape[1] / 1000), loud], axis=1))


class Talking(Lengths):
    def listen(self, audio: Floats) -> tuple[Floats, Floats]:
        return self.embed(audio), audio[:, :2]

    def words(self, tags: Floats) -> list[tuple[str, float]]:
        return [(f"first {tags[0]:.1f}", float(tags[1]))]


WINDOWS = [np.full(1000, 1.0, np.float32), np.full(2000, 0.5, np.float32)]


def test_what_fits_the_protocol_is_an_embedder() -> None:
    assert isinstance(Lengths(), Embedder)
    assert not isinstance(Lengths(), Tagger)
    assert isinstance(Talking(), Tagger)


def test_the_whole_is_the_mean_of_its_windows() -> None:
    heard = hear(Lengths(), WINDOWS)
    assert heard.windows.shape == (2, 2)
    np.testing.assert_allclose(heard.windows[0], [2**-0.5, 2**-0.5], atol=1e-6)
    mean = heard.windows.mean(axis=0)
    np.testing.assert_allclose(heard.track, mean / np.linalg.norm(mean), atol=1e-6)
    assert heard.words == ()


def test_words_are_said_of_the_mean_of_the_tags() -> None:
    heard = hear(Talking(), WINDOWS)
    assert heard.words == (("first 0.8", 0.75),)
    np.testing.assert_array_equal(heard.track, hear(Lengths(), WINDOWS).track)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 2, 3)])
def test_unit(shape: tuple[int, ...]) -> None:
    vectors = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    np.testing.assert_allclose(np.linalg.norm(unit(vectors), axis=-1), 1, atol=1e-6)
    assert not unit(np.zeros(shape, np.float32)).any()
