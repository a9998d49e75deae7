"""Forty short pieces in eight styles, played by a small synthesiser: music with known answers.

They serve whoever has no music at hand, and tests that need the true tempo, key, mode and style.
Tones are additive: the harmonics of a `_Voice` are laid into one period of a wave, read at the
note's frequency, first bright, then dull. Drums are noise and a falling sine. Everything random
comes from the piece's seed, what is played and what it sounds like from generators of their own,
so that a piece is the same composition at every sample rate.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from segue.errors import LibraryError, UsageError

COMMENT: Final = "Rendered by Segue"
PEAK: Final = 0.89  # of full scale: -1 dB

_Samples = NDArray[np.float32]
_FILE_RATE: Final = 24_000  # of the files: tones end at 12 kHz, and what is above costs most
_TABLE: Final = 16_384  # samples in one period of a tone
_TOP_HZ: Final = 12_000.0
_KEYS: Final = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_SCALES: Final = ((0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 5, 7, 9, 11))  # natural minor, major
# Degrees of the scale, 0 the tonic; the diminished chords and those that hint at another key
# (I-V-vi-IV is as much its relative minor) are left out.
_PROGRESSIONS: Final = (
    ((0, 5, 3, 4), (0, 3, 4, 0), (0, 3, 0, 4), (0, 0, 5, 4)),
    ((0, 3, 4, 0), (0, 5, 3, 4), (0, 3, 0, 4), (0, 1, 3, 0)),
)


@dataclass(frozen=True)
class Piece:
    """One piece of the demo library, and the truth about it.

    Attributes
    ----------
    tempo
        Beats a minute, constant throughout.
    key
        Pitch class of the tonic, 0 (C) to 11 (B).
    mode
        1 for major, 0 for natural minor.
    seed
        Of every random choice in it.
    seconds
        Its duration.
    """

    title: str
    artist: str
    album: str
    style: str
    tempo: float
    key: int
    mode: int
    seed: int
    seconds: float


@dataclass(frozen=True)
class _Voice:
    """An instrument: the spectrum of its tones and how they rise and fall."""

    rolloff: float = 1.0  # harmonic k has the amplitude k ** -rolloff ...
    cutoff: float = 6000.0  # ... times exp(-frequency / cutoff)
    pulse: float = 0.0  # width of a pulse, or where a string is plucked; 0 for neither
    odd: bool = False
    formants: tuple[tuple[float, float], ...] = ()  # Hz, gain
    attack: float = 0.005  # seconds
    decay: float = 1e6  # time constant at middle C; lower notes ring longer
    release: float = 0.05
    dull: float = 1e6  # time constant of the way from `cutoff` to a fifth of it
    unison: int = 1  # players of the same note ...
    detune: float = 0.0  # ... this many cents apart
    vibrato: float = 0.0  # cents

    def wave(self, hz: float, cutoff: float, nyquist: float) -> _Samples:
        """Return one period of the tone [shape=(_TABLE,)], of unit energy."""
        k = np.arange(1, max(2, int(min(_TOP_HZ, 0.9 * nyquist) / hz)))
        amplitudes = k**-self.rolloff * np.exp(-k * hz / cutoff)
        if self.pulse:
            amplitudes *= np.sin(np.pi * k * self.pulse)
        if self.odd:
            amplitudes[1::2] = 0
        if self.formants:
            amplitudes *= 0.02 + sum(
                gain * np.exp(-(((k * hz - centre) / (60 + 0.09 * centre)) ** 2))
                for centre, gain in self.formants
            )
        spectrum = np.zeros(_TABLE // 2 + 1, dtype=complex)
        spectrum[1 : len(k) + 1] = -1j * amplitudes / np.sqrt((amplitudes**2).sum())
        return np.asarray(scipy.fft.irfft(spectrum) * (_TABLE / 2), dtype=np.float32)


_PIANO: Final = _Voice(
    1.3, 2600, attack=0.003, decay=0.9, release=0.12, dull=0.25, unison=2, detune=2
)
_STEEL: Final = _Voice(0.9, 4500, 0.17, attack=0.002, decay=0.8, release=0.1, dull=0.18)
_OVERDRIVEN: Final = _Voice(0.9, 5000, attack=0.004, release=0.03, unison=4, detune=14)
_BASS_GUITAR: Final = _Voice(1.2, 900, 0.2, decay=0.7, dull=0.2)
_ORGAN: Final = _Voice(1.6, 3000, release=0.08)
_ACID: Final = _Voice(0.9, 2800, decay=0.25, release=0.02, dull=0.05)
_SYNTH_BASS: Final = _Voice(1.0, 700, decay=0.3, release=0.02, dull=0.1)
_STAB: Final = _Voice(1.0, 3000, decay=0.25, dull=0.15, unison=3, detune=12)
_PAD: Final = _Voice(1.3, 1200, attack=0.9, release=1.6, unison=4, detune=9)
_DRONE: Final = _Voice(2.0, 500, attack=0.3, release=2, unison=2, detune=4)
_BELL: Final = _Voice(2.0, 4000, odd=True, attack=0.01, decay=1.2, release=1, dull=0.6)
_REESE: Final = _Voice(1.0, 1100, attack=0.01, unison=3, detune=22)
_LEAD: Final = _Voice(0.9, 20_000, 0.25, decay=0.5, release=0.01)
_SQUARE: Final = _Voice(0.9, 20_000, 0.5, release=0.005)
_TRIANGLE: Final = _Voice(2.0, 20_000, odd=True, release=0.01)
_CHOIR: Final = _Voice(
    0.6, 5000, formants=((650, 1), (1080, 0.5), (2700, 0.12), (3300, 0.08)),
    attack=0.12, release=0.35, unison=4, detune=11, vibrato=22,
)  # fmt: skip


class _Song:
    """A piece being played: named parts of mono audio, and the means to add notes and to mix."""

    def __init__(self, piece: Piece, rate: int, meter: int) -> None:
        self.piece, self.rate, self.meter = piece, rate, meter
        self.rng = np.random.default_rng(piece.seed)
        self.noise = np.random.default_rng([piece.seed, 1])
        self.beat = 60 / piece.tempo
        self.n = round(piece.seconds * rate)
        # The last bar line, where the tonic sounds, leaves two seconds to ring at the least.
        self.bars = int((piece.seconds - 2) / (self.beat * meter))
        self.end = self.bars * meter
        self.progression = self.rng.choice(_PROGRESSIONS[piece.mode])
        self.parts: dict[str, _Samples] = {}
        self.tones: dict[tuple[_Voice, int, float], _Samples] = {}
        self.mixed = np.zeros((2, self.n), dtype=np.float32)

    def root(self, bar: int, each: int = 1) -> int:
        """Return the degree a bar's chord stands on, chords lasting `each` bars; 0 in the last."""
        return 0 if bar >= self.bars - 1 else int(self.progression[bar // each % 4])

    def pitch(self, degree: int, octave: int) -> int:
        """Return the MIDI number of a degree of the scale; 7 is the tonic an octave up."""
        scale = _SCALES[self.piece.mode]
        return 12 * (octave + 1 + degree // 7) + self.piece.key + scale[degree % 7]

    def add(self, part: str, sound: _Samples, beat: float, gain: float = 1.0) -> None:
        """Add a sound to a part at a beat of the piece."""
        buffer = self.parts.setdefault(part, np.zeros(self.n, dtype=np.float32))
        start = round(beat * self.beat * self.rate)
        stop = min(self.n, start + len(sound))
        buffer[start:stop] += np.float32(gain) * sound[: stop - start]

    def play(
        self, part: str, voice: _Voice, midi: int, beat: float, beats: float, gain: float = 1.0
    ) -> None:
        """Add a note."""
        tone = self.tones.get((voice, midi, beats))
        if tone is None:
            tone = self.tones[voice, midi, beats] = self._tone(voice, midi, beats * self.beat)
        self.add(part, tone, beat, gain)

    def chord(
        self, part: str, voice: _Voice, root: int, octave: int, beat: float, beats: float
    ) -> None:
        """Add a triad, turned so that it stays near the tonic of its octave."""
        for degree in (root, root + 2, root + 4):
            self.play(part, voice, self.pitch((degree + 2) % 7 - 2, octave), beat, beats)

    def melody(
        self, bar: int, rhythm: Iterable[float], each: int = 1
    ) -> list[tuple[float, float, int]]:
        """Return (beat, beats, degree) of a bar's tune: chord tones on the beat, steps between."""
        beat, notes, root = float(bar * self.meter), [], self.root(bar, each)
        degree = root + 2 * int(self.rng.integers(3))
        for i, beats in enumerate(rhythm):
            if i and beat % 1:
                degree += int(self.rng.choice((-1, 1)))
            elif i:
                degree = root + 2 * int(self.rng.integers(4))
            notes.append((beat, beats, degree))
            beat += beats
        return notes

    def drum(
        self, seconds: float, tau: float, *, edge: int = 0, hz: float = 0, sweep: float = 0
    ) -> _Samples:
        """Return a decaying sine falling to `hz`, or noise differenced `edge` times."""
        t = np.arange(int(seconds * self.rate)) / self.rate
        if hz:
            sound = np.sin(2 * np.pi * (hz * t - sweep * 0.025 * np.expm1(-t / 0.025)))
        else:
            sound = self.noise.standard_normal(len(t) + edge)
            sound = np.diff(sound, n=edge) / 2**edge
        return np.asarray(sound * np.exp(-t / tau), dtype=np.float32)

    def kick(self, tau: float = 0.11) -> _Samples:
        """Return a bass drum tuned to the tonic."""
        return self.drum(0.4, tau, hz=440 * 2 ** ((self.pitch(0, 1) - 69) / 12), sweep=220)

    def snare(self, tau: float = 0.07) -> _Samples:
        """Return a snare drum: a rattle and a skin."""
        return self.drum(0.3, tau, edge=1) + self.drum(0.3, 0.04, hz=185, sweep=120)

    def amplify(self, part: str) -> None:
        """Overdrive a part and pass it through a loudspeaker, which dulls it above 5 kHz."""
        sound = self.parts[part]
        sound = np.tanh(sound * np.float32(4 / np.sqrt(np.mean(sound**2) + 1e-12)))
        hiss = self.noise.standard_normal(self.n, dtype=np.float32)
        sound += np.float32(0.4) * hiss * np.abs(sound)
        hz = np.fft.rfftfreq(self.n, 1 / self.rate).astype(np.float32)
        response = hz / (hz + 120) / (1 + (hz / 5000) ** 4)
        dulled = scipy.fft.irfft(scipy.fft.rfft(sound) * response, self.n)
        self.parts[part] = dulled.astype(np.float32)

    def mix(
        self, part: str, level: float, pan: float = 0.0, wet: float = 0.0, tail: float = 0.5
    ) -> None:
        """Add a part to the mix at a root-mean-square level, with a share of reverberation."""
        dry = self.parts[part]
        dry = dry * np.float32(level / np.sqrt(np.mean(dry**2) + 1e-12))
        sides = np.sqrt(np.array([[1 - pan], [1 + pan]], dtype=np.float32) / 2)
        self.mixed += sides * dry * np.float32(1 - wet)
        if wet:
            length = int(3 * tail * self.rate)
            room = self.noise.standard_normal((2, length), dtype=np.float32)
            room[1] += 2 * room[0]  # the sides differ, but not much: files stay small
            room *= np.exp(-np.arange(length, dtype=np.float32) / np.float32(tail * self.rate))
            room[:, 1:] += room[:, :-1]
            room /= np.sqrt((room**2).sum(axis=1, keepdims=True))
            size = scipy.fft.next_fast_len(self.n + length, real=True)
            spectrum = scipy.fft.rfft(dry, size) * scipy.fft.rfft(room, size)
            self.mixed += np.float32(wet) * scipy.fft.irfft(spectrum, size)[:, : self.n]

    def _tone(self, voice: _Voice, midi: int, seconds: float) -> _Samples:
        rate, hz = self.rate, 440 * 2 ** ((midi - 69) / 12)
        t = np.arange(int((seconds + 4 * voice.release) * rate), dtype=np.float32) / rate
        bright = voice.wave(hz, voice.cutoff, rate / 2)
        dark = voice.wave(hz, voice.cutoff / 5, rate / 2) if voice.dull < 10 else bright
        fresh = np.exp(-t / np.float32(voice.dull))
        envelope = np.minimum(1, (t + np.float32(1e-3)) / np.float32(voice.attack))
        envelope *= np.exp(-t / np.float32(voice.decay * 2 ** ((60 - midi) / 30)))
        envelope *= np.exp(-np.maximum(0, t - np.float32(seconds)) / np.float32(voice.release))
        envelope *= np.minimum(1, (t[-1] - t) / np.float32(0.01))  # never a click at the end
        tone = np.zeros(len(t), dtype=np.float32)
        for i in range(voice.unison):
            cents = voice.detune * (i - (voice.unison - 1) / 2)
            # Double precision, as float32 drifts off pitch after seconds; positive for the mask.
            phase = np.arange(len(t)) * (hz * 2 ** (cents / 1200) / rate) + self.noise.random()
            if voice.vibrato:
                speed = 4.8 + self.noise.random()
                depth = hz * (2 ** (voice.vibrato / 1200) - 1) / (2 * np.pi * speed)
                phase += depth * (1 + np.sin(2 * np.pi * (speed * t + self.noise.random())))
            at = (phase * _TABLE).astype(np.int64) & (_TABLE - 1)
            tone += bright[at] if dark is bright else dark[at] + fresh * (bright[at] - dark[at])
        return tone * envelope


def _techno(song: _Song) -> None:
    kick, clap, hat = song.kick(0.14), song.drum(0.25, 0.06, edge=1), song.drum(0.06, 0.02, edge=3)
    open_hat = song.drum(0.2, 0.07, edge=3)
    riff = song.rng.choice((0, 0, 2, 4, 7), 16)
    accents = song.rng.random(16) < 0.7
    for beat in range(song.end):
        bar = beat // 4
        root = song.root(bar, 2)
        song.add("kick", kick, beat)
        song.add("hats", open_hat, beat + 0.5)
        if beat % 2:
            song.add("clap", clap, beat)
        for sixteenth in range(4):
            at = beat + sixteenth / 4
            song.add("hats", hat, at, (0.5, 0.3, 0.6, 0.3)[sixteenth])
            if sixteenth:
                song.play("bass", _SYNTH_BASS, song.pitch(root, 2), at, 0.2)
            if accents[step := 4 * (beat % 4) + sixteenth]:
                song.play("acid", _ACID, song.pitch(root + int(riff[step]), 3), at, 0.2)
        if beat % 4 == 0:
            for at in (0.75, 2.5):
                song.chord("stab", _STAB, root, 4, beat + at, 0.4)
    song.add("kick", kick, song.end)
    song.chord("stab", _STAB, 0, 4, song.end, 4)
    song.play("bass", _SYNTH_BASS, song.pitch(0, 2), song.end, 2)
    song.mix("kick", 1.0)
    song.mix("clap", 0.22, wet=0.25)
    song.mix("hats", 0.2)
    song.mix("bass", 0.5)
    song.mix("acid", 0.3, 0.1, wet=0.2)
    song.mix("stab", 0.28, -0.1, wet=0.4)


def _ambient(song: _Song) -> None:
    song.play("drone", _DRONE, song.pitch(0, 2), 0, song.end + 2)
    song.play("drone", _DRONE, song.pitch(0, 3), 0, song.end + 2, 0.6)
    for bar in range(song.bars):
        root = song.root(bar)
        song.chord("pad", _PAD, root, 4, bar * 4, 4)
        song.play("pad", _PAD, song.pitch(root % 7 - 7, 4), bar * 4, 4)
        for beat, _, degree in song.melody(bar, (1.5, 2, 0.5)):
            if song.rng.random() < 0.6:
                song.play("bells", _BELL, song.pitch(degree, 5), beat, 2)
    song.chord("pad", _PAD, 0, 4, song.end, 2)
    song.mix("drone", 0.6)
    song.mix("pad", 1.0, wet=0.6, tail=1.5)
    song.mix("bells", 0.25, 0.1, wet=0.7, tail=1.5)


def _waltz(song: _Song) -> None:
    rhythms = ((2, 1), (1, 1, 1), (1.5, 0.5, 1), (1, 0.5, 0.5, 1), (3,))
    for bar in range(song.bars):
        root = song.root(bar)
        song.play("piano", _PIANO, song.pitch(root, 2), bar * 3, 1, 1.2)
        for after in (1, 2):
            song.chord("piano", _PIANO, root, 4, bar * 3 + after, 0.6)
        for beat, beats, degree in song.melody(bar, rhythms[song.rng.integers(5)]):
            song.play("piano", _PIANO, song.pitch(degree, 5), beat, beats, 1.6)
    for degree, octave in ((0, 2), (0, 3), (2, 4), (4, 4), (0, 5)):
        song.play("piano", _PIANO, song.pitch(degree, octave), song.end, 4, 1.2)
    song.mix("piano", 1.0, wet=0.2, tail=0.35)


def _rock(song: _Song) -> None:
    crash = song.drum(2.0, 0.6, edge=1)
    hits = [(song.kick(0.07), song.snare(0.1), song.drum(0.2, 0.07, edge=1)) for _ in range(4)]
    for bar in range(song.bars):
        root, first = song.root(bar), bar * 4
        for at in (0, 2, 2.5) if bar % 2 else (0, 1.5, 2):
            song.add("drums", hits[bar % 4][0], first + at, 1.5)
        for backbeat in (1, 3):
            song.add("drums", hits[(bar + backbeat) % 4][1], first + backbeat, 1.3)
        if bar % 4 == 0:
            song.add("drums", crash, first, 0.7)
        for eighth in range(8):
            at, accent = first + eighth / 2, (1.0, 0.6)[eighth % 2]
            song.add("drums", hits[song.rng.integers(4)][2], at, 0.5 * accent)
            song.play("bass", _BASS_GUITAR, song.pitch(root, 2), at, 0.5, accent)
        song.chord("organ", _ORGAN, root, 4, first, 4)  # the guitar leaves out the thirds
        for at, beats in ((0, 1.5), (1.5, 0.5), (2, 2)):
            for degree in (0, 4, 7):
                song.play("rhythm", _OVERDRIVEN, song.pitch(root + degree, 2), first + at, beats)
        for beat, beats, degree in song.melody(bar, (1, 0.5, 0.5, 1.5, 0.5)):
            song.play("lead", _OVERDRIVEN, song.pitch(degree, 4), beat, beats)
    song.add("drums", crash + song.drum(2.0, 0.2, hz=50, sweep=200), song.end)
    song.play("bass", _BASS_GUITAR, song.pitch(0, 2), song.end, 4)
    for degree in (0, 4, 7):
        song.play("rhythm", _OVERDRIVEN, song.pitch(degree, 2), song.end, 8)
    for part in ("rhythm", "lead"):
        song.amplify(part)
    song.chord("organ", _ORGAN, 0, 4, song.end, 8)
    song.mix("drums", 0.5, wet=0.25, tail=0.25)
    song.mix("organ", 0.55)
    song.mix("bass", 0.3)
    song.mix("rhythm", 1.3, -0.1, wet=0.1, tail=0.2)
    song.mix("lead", 0.4, 0.1, wet=0.2)


def _folk(song: _Song) -> None:
    for bar in range(song.bars):
        root = song.root(bar)
        for i, degree in enumerate((0, 4, 0, 2)):  # the thumb, with two fingers between
            at, finger = bar * 4 + i, root + (2, 4, 2, 7)[(i + bar) % 4]
            song.play("guitar", _STEEL, song.pitch((root + degree) % 7, 2), at, 1.5, 1.3)
            song.play("guitar", _STEEL, song.pitch(finger, 3), at + 0.5, 1, 0.7)
        rhythm = ((1, 1, 2), (1.5, 0.5, 1, 1), (2, 1, 1))[song.rng.integers(3)]
        for beat, beats, degree in song.melody(bar, rhythm):
            song.play("guitar", _STEEL, song.pitch(degree, 4), beat, beats + 0.5)
    for i, degree in enumerate((0, 4, 7, 9, 11, 14)):  # a strum
        song.play("guitar", _STEEL, song.pitch(degree, 2), song.end + 0.04 * i, 6)
    song.mix("guitar", 1.0, wet=0.12, tail=0.25)


def _chiptune(song: _Song) -> None:
    tick = song.drum(0.05, 0.015) * np.float32(0.4)
    snare = np.repeat(song.drum(0.05, 0.02), 3)  # a shift register clocked slowly
    drums = (2 * song.kick(0.05), tick, snare, tick)
    for bar in range(song.bars):
        root = song.root(bar)
        for eighth in range(8):
            at = bar * 4 + eighth / 2
            song.play("bass", _TRIANGLE, song.pitch(root + 7 * (eighth % 2), 2), at, 0.45)
            song.add("noise", drums[eighth % 4], at)
            for i, degree in enumerate((0, 2, 4, 7)):  # a chord, one channel, very fast
                song.play("arpeggio", _SQUARE, song.pitch(root + degree, 4), at + i / 8, 0.12)
        for beat, beats, degree in song.melody(bar, (1, 0.5, 0.5, 0.5, 0.5, 1)):
            song.play("lead", _LEAD, song.pitch(degree, 5), beat, beats * 0.9)
    song.play("bass", _TRIANGLE, song.pitch(0, 2), song.end, 3)
    song.chord("arpeggio", _SQUARE, 0, 4, song.end, 3)
    song.play("lead", _LEAD, song.pitch(0, 5), song.end, 3)
    song.mix("noise", 0.4)
    song.mix("bass", 0.6)
    song.mix("arpeggio", 0.3, -0.1)
    song.mix("lead", 0.5, 0.1)


def _drum_and_bass(song: _Song) -> None:
    kick, snare, hat = song.kick(0.08), song.snare(0.06), song.drum(0.06, 0.02, edge=3)
    for bar in range(song.bars):
        root, first = song.root(bar, 2), bar * 4
        for beat in (0, 2.5):
            song.add("drums", kick, first + beat, 1.6)
        for beat, gain in ((1, 1), (1.75, 0.25), (2.25, 0.3), (3, 1), (3.75, 0.3)):
            song.add("drums", snare, first + beat, gain)
        for sixteenth in range(16):
            song.add("drums", hat, first + sixteenth / 4, (0.8, 0.2, 0.5, 0.2)[sixteenth % 4])
        for beat, beats in ((0, 1.5), (1.5, 1), (2.5, 1.5)):
            song.play("bass", _REESE, song.pitch(root, 1), first + beat, beats * 0.9)
            song.play("bass", _SYNTH_BASS, song.pitch(root, 2), first + beat, beats * 0.9)
        if bar % 2 == 0:
            song.chord("pad", _PAD, root, 4, first, min(8, song.end - first))
        for beat, beats, degree in song.melody(bar, (1.5, 1.5, 1), 2):
            song.play("keys", _STAB, song.pitch(degree, 4), beat, beats * 0.5)
    song.add("drums", kick, song.end, 1.6)
    song.play("bass", _REESE, song.pitch(0, 1), song.end, 3)
    song.chord("pad", _PAD, 0, 4, song.end, 2)
    song.mix("drums", 1.0, wet=0.05, tail=0.15)
    song.mix("bass", 0.6)
    song.mix("pad", 0.35, -0.1, wet=0.4)
    song.mix("keys", 0.22, 0.1, wet=0.4)


def _choir(song: _Song) -> None:
    for bar in range(song.bars + 1):
        root, last = song.root(bar), bar == song.bars
        beats = 3 if last else 4
        song.play("low", _CHOIR, song.pitch(root % 7 - (7 if root > 3 else 0), 3), bar * 4, beats)
        for degree in (root + 2, root + 4):
            song.play("low", _CHOIR, song.pitch((degree + 2) % 7 - 2, 4), bar * 4, beats, 0.8)
        tune = [(4.0 * bar, 3.0, 7)] if last else song.melody(bar, ((2, 2), (2, 1, 1))[bar % 2])
        for beat, length, degree in tune:
            song.play("high", _CHOIR, song.pitch(degree, 4), beat, length)
    song.mix("low", 1.0, -0.1, wet=0.5, tail=0.9)
    song.mix("high", 0.6, 0.1, wet=0.5, tail=0.9)


# How each style is played, and the beats in its bars.
_PLAYERS: Final[dict[str, tuple[Callable[[_Song], None], int]]] = {
    "techno": (_techno, 4),
    "ambient": (_ambient, 4),
    "waltz": (_waltz, 3),
    "rock": (_rock, 4),
    "folk": (_folk, 4),
    "chiptune": (_chiptune, 4),
    "drum and bass": (_drum_and_bass, 4),
    "choir": (_choir, 4),
}
STYLES: Final = tuple(_PLAYERS)

_Titles = tuple[tuple[str, float, str], ...]  # title, tempo, key
_ALBUMS: Final[tuple[tuple[str, str, str, _Titles], ...]] = (
    ("techno", "Vera Kolb", "Concrete Hours", (
        ("Night Shift", 128, "Am"), ("Turbine", 132, "Fm"), ("Fluorescent", 124, "Dm"))),
    ("techno", "Halogen Twins", "Relay", (
        ("Relay One", 136, "Cm"), ("Späti", 140, "Gm"))),
    ("ambient", "Low Tide Atlas", "Salt Maps", (
        ("Estuary", 66, "D"), ("Slack Water", 60, "Em"), ("Far Buoys", 72, "A"))),
    ("ambient", "林雾", "山间", (
        ("晨雾", 64, "G"), ("远山", 78, "Bm"))),
    ("waltz", "Odile Marchetti", "Six Small Rooms", (
        ("The Yellow Room", 132, "G"), ("Parquet", 148, "C"), ("Rain at Four", 120, "Am"))),
    ("waltz", "Odile Marchetti", "Valses oubliées", (
        ("À contre-jour", 160, "Eb"), ("L'horloge", 138, "Dm"))),
    ("rock", "The Gravel Choir", "Load Bearing", (
        ("Load Bearing", 122, "A"), ("Scaffold", 138, "Em"), ("Wrecking Yard", 116, "D"))),
    ("rock", "Tin Parade", "Loud Hats", (
        ("Marching Order", 146, "G"), ("Loud Hats", 130, "Am"))),
    ("folk", "Ines Alder", "Hedgerow", (
        ("Hedgerow", 96, "C"), ("Wren and Thorn", 108, "D"), ("Old Mill Lane", 88, "Am"))),
    ("folk", "سالم الوادي", "أغاني الطريق", (
        ("طريق القمر", 102, "Em"), ("نهر صغير", 92, "G"))),
    ("chiptune", "Pixel Heron", "Continue", (
        ("Level Select", 150, "C"), ("Boss Corridor", 164, "Am"), ("Credits", 140, "F"))),
    ("chiptune", "八ビット堂", "ドット絵の夏", (
        ("夏の電池", 156, "G"), ("ゲームオーバー", 144, "Em"))),
    ("drum and bass", "Kestrel Unit", "Undertow", (
        ("Undertow", 172, "Fm"), ("Sodium Lamps", 168, "Am"), ("Crosswind", 174, "Dm"))),
    ("drum and bass", "Night Bus Theory", "N29", (
        ("Top Deck", 176, "Gm"), ("Last Stop", 160, "C"))),
    ("choir", "Saint Orrin Singers", "Stone and Air", (
        ("Kyrie for Winter", 72, "Dm"), ("Stone and Air", 66, "F"), ("Lux parva", 80, "G"))),
    ("choir", "Хор «Северный свет»", "Тихая вода", (
        ("Тихая вода", 70, "Am"), ("Колыбельная", 76, "C"))),
)  # fmt: skip


def _pieces() -> Iterable[Piece]:
    seed = 0
    for style, artist, album, titles in _ALBUMS:
        for title, tempo, key in titles:
            tonic, mode = key.removesuffix("m"), int(not key.endswith("m"))
            seconds = 22.0 + 3 * seed % 5
            yield Piece(title, artist, album, style, tempo, _KEYS.index(tonic), mode, seed, seconds)
            seed += 1


PIECES: Final = tuple(_pieces())


def render(piece: Piece, sample_rate: int = 44_100) -> NDArray[np.float32]:
    """Return the piece played [shape=(2, n)], full scale at 1, its peak at `PEAK`.

    The first beat falls on the first sample and the last bar line is the tonic's; that rings out.

    Raises
    ------
    UsageError
        If the style is none of `STYLES`, the sample rate is below 8 kHz, or the piece is too short
        for four bars and two seconds to ring.
    """
    if piece.style not in _PLAYERS:
        raise UsageError(f"no style {piece.style!r}; the demo library knows {', '.join(STYLES)}")
    if sample_rate < 8000:
        raise UsageError(f"the sample rate is {sample_rate} Hz, expected 8000 Hz or more")
    play, meter = _PLAYERS[piece.style]
    song = _Song(piece, sample_rate, meter)
    if song.bars < 4:
        raise UsageError(f"{piece.seconds} s are too short for four bars at {piece.tempo} BPM")
    play(song)
    fade = np.minimum(1, np.arange(song.n, 0, -1, dtype=np.float32) / (1.5 * sample_rate))
    mixed = song.mixed * fade
    return np.asarray(mixed * (PEAK / np.abs(mixed).max()), dtype=np.float32)


def write_library(folder: Path) -> list[Path]:
    """Write every piece as a tagged FLAC file, ``Artist/Album/NN Title.flac``; return the paths.

    Files that are there already are left alone: each is written aside and renamed when complete.

    Raises
    ------
    LibraryError
        If a file cannot be written.
    """
    tracks: dict[tuple[str, str], int] = {}
    paths = []
    for piece in PIECES:
        number = tracks[piece.artist, piece.album] = tracks.get((piece.artist, piece.album), 0) + 1
        path = folder / piece.artist / piece.album / f"{number:02} {piece.title}.flac"
        if not path.exists():
            _write(piece, number, path)
        paths.append(path)
    return paths


def _write(piece: Piece, number: int, path: Path) -> None:
    import soundfile

    aside = path.with_name(f".{path.stem}.{os.getpid()}.part")
    options = {"samplerate": _FILE_RATE, "channels": 2, "format": "FLAC", "subtype": "PCM_16"}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with aside.open("wb") as raw, soundfile.SoundFile(raw, "w", **options) as file:
                file.title, file.artist, file.album = piece.title, piece.artist, piece.album
                file.genre, file.tracknumber, file.comment = piece.style, str(number), COMMENT
                file.write(render(piece, _FILE_RATE).T)
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
    except (OSError, soundfile.SoundFileError) as error:
        raise LibraryError(f"cannot write {path}: {error}; is the folder writable?") from error
