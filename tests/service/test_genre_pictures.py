from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import segue
from segue.audio.power_mel import power_mel
from segue.catalog.catalog import Catalog
from segue.errors import AudioError, NotFoundError, UsageError
from segue.plots.fonts import Fonts
from segue.plots.spectrogram import SongMel
from segue.service import genre_pictures
from segue.service.by_genre import ByGenre
from segue.service.genre_pictures import (
    GenreSong,
    labelled_songs,
    library_songs,
    plot_genre,
    plot_spectrogram,
)
from sounds import clock, song, tone, write

pytest.importorskip("matplotlib")

RATE, HOP = 22_050, 512


class Drawn:
    """What the room of pictures was given."""

    def __init__(self) -> None:
        self.power: NDArray[np.float32]
        self.title = ""
        self.songs: Sequence[SongMel] = ()

    def song(self, power: NDArray[np.float32], rate: int, hop: int, title: str, _: Path) -> Fonts:
        assert (rate, hop) == (RATE, HOP)
        self.power, self.title = power, title
        return Fonts()

    def genre(self, songs: Sequence[SongMel], name: str, rate: int, hop: int, _: Path) -> Fonts:
        assert (rate, hop) == (RATE, HOP)
        self.songs, self.title = songs, name
        return Fonts()


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    """Draw nothing, and tell what would be."""
    found = Drawn()
    monkeypatch.setattr(genre_pictures, "draw_song", found.song)
    monkeypatch.setattr(genre_pictures, "draw_genre", found.genre)
    return found


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """Return a folder with 30 songs of rock, three of jazz, and a file that is none."""
    for i in range(30):
        song(tmp_path / "music" / "Rock" / f"{i:02}.flac", i, 0.5)
    for i in range(3):
        song(tmp_path / "music" / "jazz" / f"{i}.flac", i, 0.5)
    (tmp_path / "music" / "jazz" / "1.flac").write_bytes(b"not audio" * 100)
    return tmp_path / "music"


@pytest.fixture
def catalog(tmp_path: Path, no_ear: None) -> Iterator[Catalog]:
    """Return the catalogue of two songs with a genre and one without."""
    assert no_ear is None
    music = tmp_path / "tagged"
    song(music / "a.flac", 0, 1.0, genre="Folk")
    song(music / "b.flac", 1, 1.0, genre="folk")
    song(music / "c.flac", 2, 1.0)
    with segue.open(tmp_path / "home") as library:
        library.add(music)
    catalog = Catalog(tmp_path / "home")
    yield catalog
    catalog.close()


def loudest(power: NDArray[np.float32]) -> list[int]:
    return [int(band) for band in power.argmax(axis=1)]


def test_a_song_is_drawn_whole_though_it_is_decoded_in_pieces(tmp_path: Path, drawn: Drawn) -> None:
    samples = clock(70.4, RATE)  # its frequency tells the time
    file = write(tmp_path / "a.flac", samples, RATE, "FLAC", "PCM_16", title="A", artist="B")
    report = plot_spectrogram(file, tmp_path / "a.png")
    expected = power_mel(samples)
    assert drawn.power.shape == expected.shape
    np.testing.assert_allclose(drawn.power, expected, rtol=0, atol=1e-4 * expected.max())
    assert drawn.title == report.title == "B - A"
    assert report.duration == pytest.approx(70.4)
    assert report.seconds == pytest.approx(70.4, abs=0.001)
    assert report.problem is None


def test_of_a_long_song_ten_minutes_are_drawn(tmp_path: Path, drawn: Drawn) -> None:
    file = write(tmp_path / "a.flac", tone(440, 605, 8_000), 8_000, "FLAC", "PCM_16")
    report = plot_spectrogram(str(file), tmp_path / "a.png")
    assert len(drawn.power) == 1 + 600 * RATE // HOP
    assert report.duration == pytest.approx(605)
    assert report.seconds == 600
    assert drawn.title == "a"


def test_a_very_short_song_is_drawn(tmp_path: Path, drawn: Drawn) -> None:
    file = write(tmp_path / "a.wav", tone(440, 0.2, 8_000), 8_000, "WAV", "PCM_16")
    assert plot_spectrogram(file, tmp_path / "a.png").seconds == pytest.approx(0.2, abs=0.01)
    assert len(drawn.power) == 1 + round(0.2 * RATE) // HOP


def test_what_is_no_song(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_bytes(b"no audio" * 50)
    with pytest.raises(AudioError, match="not audio"):
        plot_spectrogram(tmp_path / "a.mp3", tmp_path / "a.png")
    with pytest.raises(AudioError, match="gone"):
        plot_spectrogram(tmp_path / "b.mp3", tmp_path / "a.png")
    with pytest.raises(UsageError, match=r"does not end in \.png or \.svg"):
        plot_spectrogram(tmp_path / "a.mp3", tmp_path / "a.jpg")


def test_a_song_of_a_genre_is_heard_from_half_a_minute_on(tmp_path: Path, drawn: Drawn) -> None:
    samples = clock(70, 8_000)
    file = write(tmp_path / "a.flac", samples, 8_000, "FLAC", "PCM_16")
    plot_genre([GenreSong(os.fsencode(file), "A")], "clocks", tmp_path / "a.png")
    (mel,) = drawn.songs
    assert mel.title == "A"
    assert len(mel.power) == 1 + 30 * RATE // HOP
    whole = power_mel(clock(70, RATE))
    frames = 30 * RATE // HOP
    middle = slice(100, 1_100)
    expected = np.array(loudest(whole[frames:])[middle])
    assert np.abs(np.array(loudest(mel.power)[middle]) - expected).max() <= 1


def test_twenty_five_are_drawn_of_many(labelled: Path, tmp_path: Path, drawn: Drawn) -> None:
    name, songs = labelled_songs(labelled, "rock")
    assert name == "Rock"
    assert len(songs) == 30
    told: list[tuple[int, int]] = []
    report = plot_genre(songs, name, tmp_path / "a.png", on_progress=lambda *now: told.append(now))
    assert len(drawn.songs) == len(report.songs) == 25
    assert [mel.title for mel in drawn.songs] == [one.title for one in report.songs]
    assert report.songs[0].title.startswith("Tester - Song ")
    paths = [one.path for one in report.songs]
    assert paths == sorted(set(paths))
    assert set(paths) < {one.path for one in songs}
    assert report.available == 30
    assert report.passed_over == ()
    assert told == [(i, 25) for i in range(1, 26)]
    assert plot_genre(songs, name, tmp_path / "a.png") == report
    assert plot_genre(songs, name, tmp_path / "a.png", seed=1).songs != report.songs


def test_broken_files_are_passed_over_and_told(
    labelled: Path, tmp_path: Path, drawn: Drawn
) -> None:
    name, songs = labelled_songs(labelled, "JAZZ")
    report = plot_genre(songs, name, tmp_path / "a.png")
    assert len(drawn.songs) == 2
    ((path, reason),) = report.passed_over
    assert path.endswith(b"1.flac")
    assert "not audio" in reason
    found = report.to_json()
    assert found["genre"] == "jazz"
    assert found["passed_over"][0]["file"].endswith("1.flac")
    with pytest.raises(NotFoundError, match="none of the 1 files of 'jazz' could be decoded"):
        plot_genre([GenreSong(path)], "jazz", tmp_path / "a.png")
    with pytest.raises(NotFoundError, match="none of the 0 files"):
        plot_genre([], "jazz", tmp_path / "a.png")


def test_others_stand_in_for_broken_files(labelled: Path, tmp_path: Path, drawn: Drawn) -> None:
    _, songs = labelled_songs(labelled, "rock")
    broken = GenreSong(os.fsencode(tmp_path / "gone.flac"))
    report = plot_genre([broken, *songs], "rock", tmp_path / "a.png", seed=3)
    assert len(drawn.songs) == 25
    assert {path for path, _ in report.passed_over} <= {broken.path}


def test_a_table_names_its_songs(labelled: Path, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    rows = ("music/Rock/01.flac,Ska,Madness,One", "music/Rock/02.flac,Dub,,", "x.mp3,Dub,,")
    table.write_text("file,genre,artist,title\n" + "\n".join(rows) + "\n")
    assert labelled.is_dir()
    name, songs = labelled_songs(table, "ska")
    assert (name, [one.title for one in songs]) == ("Ska", ["Madness - One"])
    with pytest.raises(
        NotFoundError, match=r"no genre 'pop' in .*t\.csv; expected one of Dub, Ska"
    ):
        labelled_songs(table, "pop")


def test_the_library_knows_genres_by_tags(catalog: Catalog) -> None:
    name, songs = library_songs(catalog, "FOLK")
    assert name == "Folk"
    assert [one.title for one in songs] == ["Tester - Song a", "Tester - Song b"]
    assert songs[0].path.endswith(b"a.flac")
    with pytest.raises(NotFoundError, match=r"no genre 'jazz' in the tags .*; expected one of"):
        library_songs(catalog, "jazz")


def test_no_genre_is_known(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "home")
    try:
        with pytest.raises(NotFoundError, match="nothing there has a genre"):
            library_songs(catalog, "jazz")
    finally:
        catalog.close()


class Genres(ByGenre):
    """As much of a library as the part needs."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog


def test_a_library_draws(catalog: Catalog, tmp_path: Path) -> None:
    library = Genres(catalog)
    (track, *_) = library_songs(catalog, "folk")[1]
    assert library.plot_spectrogram(os.fsdecode(track.path), tmp_path / "a.png").title
    assert len(library.plot_genre("folk", tmp_path / "b.svg").songs) == 2
    result: dict[str, Any] = {"confusion": [[2, 1], [0, 3]], "labels": ["a", "b"], "mistakes": []}
    picture = library.plot_confusion(result, tmp_path / "c.png", "Seen")
    assert picture.result.accuracy == pytest.approx(5 / 6)
    library.plot_confusion(picture.result, tmp_path / "d.png", "Seen")
    assert (tmp_path / "c.png").read_bytes() == (tmp_path / "d.png").read_bytes()
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in (tmp_path / "b.svg").read_bytes()


def test_a_library_draws_labelled_music(
    catalog: Catalog, labelled: Path, tmp_path: Path, drawn: Drawn
) -> None:
    report = Genres(catalog).plot_genre("rock", tmp_path / "b.png", source=labelled)
    assert drawn.title == report.genre == "Rock"
