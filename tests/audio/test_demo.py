"""The demo library: its pieces sound as their records say, and its files can be read."""

from __future__ import annotations

import dataclasses
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import scipy.fft
from numpy.typing import NDArray
from scipy.ndimage import median_filter
from tinytag import TinyTag

from segue.audio import demo
from segue.audio.demo import PEAK, PIECES, STYLES, Piece, render, write_library
from segue.errors import LibraryError, UsageError

RATE = 16_000
RHYTHMIC = ("techno", "waltz", "rock", "folk", "chiptune", "drum and bass")
SCALES = {1: (0, 2, 4, 5, 7, 9, 11), 0: (0, 2, 3, 5, 7, 8, 10)}
BY_TITLE = pytest.mark.parametrize("piece", PIECES, ids=lambda piece: piece.title)


@cache
def rendered(piece: Piece) -> NDArray[np.float32]:
    return render(piece, RATE)


def spectrogram(samples: NDArray[np.float32], n_fft: int, hop: int) -> NDArray[np.float32]:
    frames = np.lib.stride_tricks.sliding_window_view(samples, n_fft)[::hop]
    magnitude: NDArray[np.float32] = np.abs(
        scipy.fft.rfft(frames * np.hanning(n_fft).astype(np.float32))
    )
    return magnitude


def tempo_of(samples: NDArray[np.float32], about: float) -> float:
    """Return the strongest beat of the onset autocorrelation within 30% of a tempo."""
    hop = 80  # 5 ms
    onsets = np.maximum(0, np.diff(np.log1p(spectrogram(samples, 512, hop)), axis=0)).sum(axis=1)
    onsets -= onsets.mean()
    power = np.abs(np.fft.rfft(onsets, 2 * len(onsets))) ** 2
    correlation = np.fft.irfft(power)[: len(onsets)] / np.arange(len(onsets), 0, -1)
    # Two and four beats later the onsets must coincide as well: a finer answer than from one.
    tempos = np.linspace(about * 0.7, about * 1.3, 1201)
    lags = np.arange(len(correlation))
    comb = sum(np.interp(k * 60 * RATE / hop / tempos, lags, correlation) for k in (1, 2, 4))
    return float(tempos[np.argmax(comb)])


def chroma_of(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the share of each pitch class, C first, in the spectral peaks from 100 Hz to 2 kHz.

    What does not stand three times above the median of its neighbourhood is drums, not pitch.
    """
    n_fft = 8192
    magnitude = spectrogram(samples, n_fft, n_fft // 2)[:, : n_fft // 7]
    floor: NDArray[np.float32] = median_filter(magnitude, (1, 41))
    peaks = np.maximum(0, magnitude - 3 * floor).sum(axis=0, dtype=np.float64)
    hz = np.arange(len(peaks)) * RATE / n_fft
    audible = (hz > 100) & (hz < 2000)
    classes = np.round(12 * np.log2(hz[audible] / 440) + 69).astype(int) % 12
    chroma = np.bincount(classes, peaks[audible] / peaks[audible].sum(), 12)
    return chroma.astype(np.float64)


def test_eight_styles_of_five_pieces_in_albums_of_two_and_three() -> None:
    assert Counter(piece.style for piece in PIECES) == dict.fromkeys(STYLES, 5)
    assert len(STYLES) == 8
    albums = Counter((piece.artist, piece.album) for piece in PIECES)
    assert set(albums.values()) == {2, 3}
    assert len({(piece.album, piece.style) for piece in PIECES}) == len(albums)


def test_records_are_plausible_and_seeds_distinct() -> None:
    assert len({piece.seed for piece in PIECES}) == 40
    assert {piece.mode for piece in PIECES} == {0, 1}
    assert all(0 <= piece.key < 12 and 20 <= piece.seconds <= 30 for piece in PIECES)
    for style in STYLES:
        assert len({piece.tempo for piece in PIECES if piece.style == style}) == 5


def test_names_hold_several_scripts_and_nothing_a_file_system_refuses() -> None:
    names = [name for p in PIECES for name in (p.title, p.artist, p.album)]
    text = "".join(names)
    for first, last in (("a", "z"), ("一", "龥"), ("ァ", "ヿ"), ("ء", "ي"), ("А", "я")):
        assert any(first <= letter <= last for letter in text)
    assert not set(text) & set('/\\:*?"<>|')
    assert all(name == name.strip(" .") for name in names)


@BY_TITLE
def test_audio_is_stereo_finite_and_below_full_scale(piece: Piece) -> None:
    audio = rendered(piece)
    assert audio.dtype == np.float32
    assert audio.shape == (2, round(piece.seconds * RATE))
    assert np.isfinite(audio).all()
    assert np.abs(audio).max() == pytest.approx(PEAK, abs=1e-4)
    assert np.mean(np.abs(audio) > 0.99 * PEAK) < 1e-3  # nothing is clipped
    assert abs(audio.mean()) < 0.01


@BY_TITLE
def test_music_begins_at_once_and_lasts_till_the_fade(piece: Piece) -> None:
    power = np.mean(rendered(piece) ** 2, axis=0)
    overall = power.mean()
    seconds = power[: len(power) // RATE * RATE].reshape(-1, RATE).mean(axis=1)
    assert (seconds[:-3] > 0.02 * overall).all()
    assert np.sqrt(power[-80:].mean()) < 0.01


@pytest.mark.parametrize("style", STYLES)
def test_same_piece_gives_the_same_bytes(style: str) -> None:
    piece = next(piece for piece in PIECES if piece.style == style)
    assert render(piece, RATE).tobytes() == rendered(piece).tobytes()


def test_seed_changes_the_music() -> None:
    piece = PIECES[0]
    other = render(dataclasses.replace(piece, seed=piece.seed + 1000), RATE)
    assert np.abs(other - rendered(piece)).max() > 0.1


def test_sample_rate_changes_neither_duration_nor_notes() -> None:
    piece = next(piece for piece in PIECES if piece.style == "waltz")
    audio = render(piece)
    assert audio.shape == (2, round(piece.seconds * 44_100))
    thinned = scipy.fft.irfft(scipy.fft.rfft(audio.mean(axis=0)), audio.shape[1])
    spectrum = np.abs(scipy.fft.rfft(thinned))[: int(2000 * piece.seconds)]
    expected = np.abs(scipy.fft.rfft(rendered(piece).mean(axis=0)))[: int(2000 * piece.seconds)]
    assert np.corrcoef(spectrum, expected)[0, 1] > 0.8


@pytest.mark.parametrize(
    "piece", [p for p in PIECES if p.style in RHYTHMIC], ids=lambda piece: piece.title
)
def test_onsets_repeat_at_the_stated_tempo(piece: Piece) -> None:
    # Searched within 30%, found within 1%: half and double tempo are another question.
    assert tempo_of(rendered(piece).mean(axis=0), piece.tempo) == pytest.approx(
        piece.tempo, rel=0.01
    )


@BY_TITLE
def test_pitches_lie_in_the_stated_scale(piece: Piece) -> None:
    chroma = chroma_of(rendered(piece).mean(axis=0))
    within = [(piece.key + step) % 12 for step in SCALES[piece.mode]]
    assert chroma[within].sum() > 0.88  # 7 / 12 for notes taken at random
    # No other key of the same mode holds as much.
    shares = [chroma[[(key + step) % 12 for step in SCALES[piece.mode]]].sum() for key in range(12)]
    assert int(np.argmax(shares)) == piece.key


@BY_TITLE
def test_tonic_sounds_at_the_end(piece: Piece) -> None:
    beats = 3 if piece.style == "waltz" else 4
    bar = beats * 60 / piece.tempo
    last = int((piece.seconds - 2) / bar) * bar
    ending = rendered(piece).mean(axis=0)[int((last + 0.4) * RATE) :]
    triad = [(piece.key + step) % 12 for step in (0, 4 if piece.mode else 3, 7)]
    assert chroma_of(ending)[triad].sum() > 0.6


def test_unknown_style_is_refused() -> None:
    with pytest.raises(UsageError, match="polka"):
        render(dataclasses.replace(PIECES[0], style="polka"))


def test_too_low_a_sample_rate_is_refused() -> None:
    with pytest.raises(UsageError, match="4000"):
        render(PIECES[0], 4000)


def test_too_short_a_piece_is_refused() -> None:
    with pytest.raises(UsageError, match="too short"):
        render(dataclasses.replace(PIECES[0], seconds=5.0))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[Piece]:
    """Stand in for rendering, which the other tests pay for; return the pieces asked for."""
    asked: list[Piece] = []

    def silent(piece: Piece, sample_rate: int) -> NDArray[np.float32]:
        asked.append(piece)
        return np.full((2, sample_rate // 10), 0.1, dtype=np.float32)

    monkeypatch.setattr(demo, "render", silent)
    return asked


def test_library_is_laid_out_and_tagged(tmp_path: Path, quick: list[Piece]) -> None:
    paths = write_library(tmp_path)
    assert quick == list(PIECES)
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted(paths)
    for piece, path in zip(PIECES, paths, strict=True):
        tags = TinyTag.get(path)
        assert path.parent == tmp_path / piece.artist / piece.album
        assert path.name == f"{int(tags.track or 0):02} {piece.title}.flac"
        assert (tags.title, tags.artist, tags.album) == (piece.title, piece.artist, piece.album)
        assert (tags.genre, tags.comment) == (piece.style, demo.COMMENT)


def test_tracks_of_an_album_are_numbered_from_one(tmp_path: Path, quick: list[Piece]) -> None:
    assert quick == []
    numbers: dict[Path, list[str]] = {}
    for path in write_library(tmp_path):
        numbers.setdefault(path.parent, []).append(path.name[:2])
    assert {tuple(order) for order in numbers.values()} == {("01", "02"), ("01", "02", "03")}


def test_only_missing_files_are_written_again(tmp_path: Path, quick: list[Piece]) -> None:
    paths = write_library(tmp_path)
    paths[7].unlink()
    before = {path: path.stat().st_mtime_ns for path in paths if path.exists()}
    quick.clear()
    assert write_library(tmp_path) == paths
    assert quick == [PIECES[7]]
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_interrupted_file_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> NDArray[np.float32]:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "render", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_library(tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LibraryError, match="cannot write"):
        write_library(tmp_path / "file")


def test_file_holds_the_rendered_audio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import soundfile

    monkeypatch.setattr(demo, "PIECES", PIECES[:1])
    (path,) = write_library(tmp_path)
    audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    assert np.abs(audio.T - render(PIECES[0], rate)).max() < 2**-14
