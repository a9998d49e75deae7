"""The contract of what listens: audio in, unit vectors out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@runtime_checkable
class Embedder(Protocol):
    """Turns windows of audio into vectors whose inner product says how alike they sound.

    Attributes
    ----------
    name, version
        Stored with every vector. The version changes when the same audio would give another one.
    dimensions
        Length of a vector.
    """

    name: str
    version: str
    dimensions: int

    def embed(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return one unit vector a window.

        Parameters
        ----------
        audio
            Mono windows at 16 kHz [shape=(n, samples)], finite, any length from 0.1 s.

        Returns
        -------
        float32 [shape=(n, dimensions)]. A row depends on its own window alone.
        """
        ...


@runtime_checkable
class Tagger(Protocol):
    """An embedder that also names what it hears."""

    def listen(self, audio: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the vectors of `Embedder.embed`, and tag probabilities [shape=(n, tags)]."""
        ...

    def words(self, tags: NDArray[np.float32]) -> list[tuple[str, float]]:
        """Return what the mean tag probabilities [shape=(tags,)] say in words.

        Each word comes with a strength, 1 where it begins to count; the strongest first.
        """
        ...


@dataclass(frozen=True)
class Heard:
    """What an embedder heard of one recording.

    Attributes
    ----------
    track
        Unit vector of the whole [shape=(d,)].
    windows
        Unit vectors of the windows [shape=(n, d)].
    words
        (word, strength), the strongest first; empty where the embedder is no `Tagger`.
    """

    track: NDArray[np.float32]
    windows: NDArray[np.float32]
    words: tuple[tuple[str, float], ...] = ()


def hear(embedder: Embedder, windows: list[NDArray[np.float32]]) -> Heard:
    """Listen to the windows of a recording; the whole is their mean, brought to unit length.

    Parameters
    ----------
    windows
        Mono audio at 16 kHz, at least one, of any lengths.
    """
    vectors, tags = [], []
    for window in windows:
        audio = window[np.newaxis]
        if isinstance(embedder, Tagger):
            vector, tag = embedder.listen(audio)
            tags.append(tag[0])
        else:
            vector = embedder.embed(audio)
        vectors.append(vector[0])
    stacked = np.stack(vectors)
    words = tuple(embedder.words(np.mean(tags, axis=0))) if isinstance(embedder, Tagger) else ()
    return Heard(unit(stacked.mean(axis=0)), stacked, words)


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale vectors [shape=(..., d)] to length 1; a zero vector stays zero."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: NDArray[np.float32] = (vectors / np.maximum(norms, 1e-12)).astype(np.float32)
    return scaled
