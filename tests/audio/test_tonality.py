from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from segue.audio.tonality import estimate_key, pitch_classes

SAMPLE_RATE = 16_000
MAJOR, MINOR = (0, 4, 7), (0, 3, 7)
CADENCES = {  # chords as (degree in semitones, shape)
    1: ((0, MAJOR), (5, MAJOR), (7, MAJOR), (0, MAJOR)),
    0: ((0, MINOR), (5, MINOR), (7, MAJOR), (0, MINOR)),
}


def tone(pitch: float, seconds: float) -> NDArray[np.float32]:
    """A MIDI pitch with six overtones, each 6 dB below the one before."""
    t = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    hz = 440 * 2 ** ((pitch - 69) / 12)
    wave = sum(0.5**k * np.sin(2 * np.pi * hz * (k + 1) * t) for k in range(6))
    return (0.05 * np.asarray(wave) * np.exp(-t)).astype(np.float32)


def cadence(tonic: int, mode: int, cents: float = 0.0) -> NDArray[np.float32]:
    chords = []
    for degree, shape in CADENCES[mode]:
        root = (tonic + degree) % 12
        pitches = [36 + root, *(48 + root + step for step in shape)]
        chords.append(sum(tone(pitch + cents / 100, 1.0) for pitch in pitches))
    return np.concatenate(chords * 2).astype(np.float32)


@pytest.mark.parametrize("mode", [1, 0])
@pytest.mark.parametrize("tonic", range(12))
def test_cadences(tonic: int, mode: int) -> None:
    key = estimate_key([cadence(tonic, mode)])
    assert key is not None
    assert (key.tonic, key.mode) == (tonic, mode)
    assert 0.5 < key.certainty <= 1


@pytest.mark.parametrize("cents", [-40, -25, 30, 40])
def test_tuning_is_taken_out(cents: float) -> None:
    key = estimate_key([cadence(2, 1, cents)])
    assert key is not None
    assert (key.tonic, key.mode) == (2, 1)


def test_pitch_classes_of_one_tone() -> None:
    classes = pitch_classes([tone(57, 2.0)])
    assert classes.argmax() == 9
    assert classes.sum() == pytest.approx(1)
    assert classes[9] > 0.5


def test_pieces_are_pooled() -> None:
    parts = np.array_split(cadence(7, 1), 4)
    key = estimate_key(parts)
    assert key is not None
    assert (key.tonic, key.mode) == (7, 1)


def test_level_does_not_matter() -> None:
    loud, quiet = (estimate_key([cadence(5, 0) * np.float32(gain)]) for gain in (1.0, 0.01))
    assert loud is not None
    assert quiet is not None
    assert (loud.tonic, loud.mode) == (quiet.tonic, quiet.mode) == (5, 0)


def test_noise_is_less_certain_than_a_cadence() -> None:
    noise = np.random.default_rng(1).standard_normal(9 * SAMPLE_RATE).astype(np.float32)
    unsure, sure = estimate_key([noise * np.float32(0.1)]), estimate_key([cadence(0, 1)])
    assert unsure is not None
    assert sure is not None
    assert unsure.certainty < sure.certainty


def test_none_where_there_is_no_pitch() -> None:
    assert estimate_key([]) is None
    assert estimate_key([np.zeros(2 * SAMPLE_RATE, np.float32)]) is None
    assert estimate_key([cadence(0, 1)[: SAMPLE_RATE // 2]]) is None
    assert pitch_classes([]).tolist() == [0] * 12
