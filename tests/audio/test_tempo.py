from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from segue.audio.mel import log_mel, power_spectrogram
from segue.audio.tempo import estimate_tempo, onset_rate, onset_strength

SAMPLE_RATE = 16_000


def drums(bpm: float, seconds: float, seed: int = 0) -> NDArray[np.float32]:
    """A kick on one and three, a snare on two and four, a closed hat on every half beat."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(0.15 * SAMPLE_RATE)) / SAMPLE_RATE
    kick = np.sin(2 * np.pi * 55 * t + 8 * np.exp(-t * 40)) * np.exp(-t * 25)
    snare = rng.standard_normal(len(t)) * np.exp(-t * 30) * 0.5
    hat = np.diff(rng.standard_normal(len(t) + 1)) * np.exp(-t * 90) * 0.1
    audio = np.zeros(int(seconds * SAMPLE_RATE) + len(t))
    for half_beat in range(int(seconds * bpm / 60 * 2)):
        start = round(half_beat * 30 / bpm * SAMPLE_RATE)
        audio[start : start + len(t)] += hat
        if half_beat % 2 == 0:
            audio[start : start + len(t)] += kick if half_beat % 4 == 0 else snare
    return (0.5 * audio[: int(seconds * SAMPLE_RATE)]).astype(np.float32)


def clicks(bpm: float, seconds: float) -> NDArray[np.float32]:
    """A click a beat, every fourth one louder and higher."""
    t = np.arange(int(0.03 * SAMPLE_RATE)) / SAMPLE_RATE
    audio = np.zeros(int(seconds * SAMPLE_RATE) + len(t))
    for beat in range(int(seconds * bpm / 60)):
        start = round(beat * 60 / bpm * SAMPLE_RATE)
        hz, gain = (1500, 0.8) if beat % 4 == 0 else (1000, 0.4)
        audio[start : start + len(t)] += gain * np.sin(2 * np.pi * hz * t) * np.exp(-t * 100)
    return audio[: int(seconds * SAMPLE_RATE)].astype(np.float32)


def mels(*pieces: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    return [log_mel(power_spectrogram(piece)) for piece in pieces]


@pytest.mark.parametrize("bpm", [70, 84.5, 97, 110, 120, 128, 140, 155])
def test_drums(bpm: float) -> None:
    tempo = estimate_tempo(mels(drums(bpm, 9), drums(bpm, 9, seed=1)))
    assert tempo is not None
    assert tempo.bpm == pytest.approx(bpm, rel=0.005)
    assert tempo.certainty > 0.5


@pytest.mark.parametrize("bpm", [60, 75, 90, 120, 150, 180])
def test_clicks_to_a_factor_of_two(bpm: float) -> None:
    # Of bare clicks nothing says which level is the beat; but a level it must be.
    tempo = estimate_tempo(mels(clicks(bpm, 9)))
    assert tempo is not None
    assert min(abs(tempo.bpm / bpm - level) / level for level in (0.5, 1, 2)) < 0.005


@pytest.mark.parametrize("bpm", [90, 110, 130])
def test_clicks_at_walking_pace(bpm: float) -> None:
    tempo = estimate_tempo(mels(clicks(bpm, 9)))
    assert tempo is not None
    assert tempo.bpm == pytest.approx(bpm, rel=0.005)


def test_pieces_are_pooled() -> None:
    noise = np.random.default_rng(0).standard_normal(9 * SAMPLE_RATE).astype(np.float32)
    tempo = estimate_tempo(mels(drums(126, 9), noise * np.float32(0.1), drums(126, 9)))
    assert tempo is not None
    assert tempo.bpm == pytest.approx(126, rel=0.005)


def test_noise_is_less_certain_than_a_beat() -> None:
    noise = np.random.default_rng(0).standard_normal(9 * SAMPLE_RATE).astype(np.float32)
    unsure, sure = (
        estimate_tempo(mels(noise * np.float32(0.1))),
        estimate_tempo(mels(drums(126, 9))),
    )
    assert unsure is not None
    assert sure is not None
    assert unsure.certainty < 0.6 < sure.certainty


def test_level_does_not_matter_much() -> None:
    quiet = drums(100, 9) * np.float32(0.05)
    tempo = estimate_tempo(mels(quiet))
    assert tempo is not None
    assert tempo.bpm == pytest.approx(100, rel=0.005)


def test_a_long_piece_is_taken_whole() -> None:
    tempo = estimate_tempo(mels(drums(112, 60)))
    assert tempo is not None
    assert tempo.bpm == pytest.approx(112, rel=0.005)


def test_none_where_there_is_no_beat() -> None:
    assert estimate_tempo([]) is None
    assert estimate_tempo(mels(drums(120, 2.5))) is None
    assert estimate_tempo(mels(np.zeros(9 * SAMPLE_RATE, np.float32))) is None


@pytest.mark.parametrize("bpm", [60, 120, 240])
def test_onset_rate_of_clicks(bpm: float) -> None:
    rate = onset_rate([onset_strength(mel) for mel in mels(clicks(bpm, 9), clicks(bpm, 6))])
    assert rate == pytest.approx(bpm / 60, abs=0.2)


def test_onset_rate_of_nothing() -> None:
    assert onset_rate([]) is None
    assert onset_rate([np.zeros(0, np.float32)]) is None
    assert onset_rate([np.zeros(100, np.float32)]) == 0


def test_onset_strength_counts_what_rises() -> None:
    mel = np.zeros((4, 96), np.float32)
    mel[1:3, :48] = 2.0
    mel[3] = 0.5
    np.testing.assert_allclose(onset_strength(mel), [1.0, 0.0, 0.25])
    np.testing.assert_allclose(onset_strength(mel, bands=48), [2.0, 0.0, 0.0])
