from __future__ import annotations

import numpy as np

from genre_songs import songs
from segue.train.batches import Batch, Songs

MELS, LABELS = songs(7, 3, frames=1300)
SONGS = Songs(MELS, LABELS, 3)
CHOSEN = np.array([1, 4, 6])


def joined(batches: list[Batch]) -> Batch:
    return np.concatenate([b[0] for b in batches]), np.concatenate([b[1] for b in batches])


def test_every_chunk_in_order() -> None:
    batches = list(SONGS.in_order(CHOSEN, 8))
    assert [len(chunks) for chunks, _ in batches] == [8, 8, 8, 6]
    chunks, targets = joined(batches)
    for place, song in enumerate(CHOSEN):
        expected = MELS[song][:1280].reshape(10, 128, 128)
        np.testing.assert_array_equal(chunks[place * 10 :][:10], expected)
        assert (targets[place * 10 :][:10].argmax(axis=1) == LABELS[song]).all()


def test_shuffled_chunks_are_the_same_in_another_order() -> None:
    ordered, _ = joined(list(SONGS.in_order(CHOSEN, 8)))
    chunks, targets = joined(list(SONGS.shuffled(CHOSEN, 8, np.random.default_rng(0))))
    places = [chunk.tobytes() for chunk in ordered]
    order = [places.index(chunk.tobytes()) for chunk in chunks]
    assert sorted(order) == list(range(30))
    assert order != sorted(order)
    assert targets.argmax(axis=1).tolist() == [LABELS[CHOSEN[place // 10]] for place in order]


def test_altered_chunks_come_from_the_chosen_alone() -> None:
    batches = list(SONGS.altered(CHOSEN, 5, 4, np.random.default_rng(0)))
    assert [len(chunks) for chunks, _ in batches] == [5, 5, 2]
    chunks, targets = joined(batches)
    assert chunks.shape == (12, 128, 128)
    assert chunks.dtype == targets.dtype == np.float32
    assert (targets.sum(axis=0) > 0).tolist() == [True, True, False]


def test_songs_are_not_copied() -> None:
    assert all(np.shares_memory(kept, mel) for kept, mel in zip(SONGS.mels, MELS, strict=True))
