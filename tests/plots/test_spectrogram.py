from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from segue.audio.power_mel import power_mel
from segue.errors import LibraryError, UsageError
from segue.plots import spectrogram
from segue.plots.spectrogram import SongMel, band_of, decibels, draw_genre, draw_song, mean_decibels
from sounds import tone

MakeFont = Callable[[str, str], Path]
RATE, HOP, BANDS = 22_050, 512, 128
SVG = "{http://www.w3.org/2000/svg}"


def noise(seconds: float, seed: int = 0) -> NDArray[np.float32]:
    frames = 1 + int(seconds * RATE) // HOP
    rng = np.random.default_rng(seed)
    return rng.uniform(0.001, 1, (frames, BANDS)).astype(np.float32)


def texts(path: Path) -> list[str]:
    root = ElementTree.parse(path).getroot()
    return ["".join(node.itertext()) for node in root.iter(f"{SVG}text")]


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Collect the sheets that are written."""
    found: list[Any] = []
    monkeypatch.setattr(spectrogram, "save", lambda figure, _: found.append(figure))
    return found


def test_a_song_is_a_png_that_is_the_same_each_time(tmp_path: Path) -> None:
    for name in ("a.png", "b.PNG"):
        draw_song(noise(2), RATE, HOP, "A Song", tmp_path / name)
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.PNG").read_bytes()


def test_the_axes_are_seconds_and_hertz_and_the_bar_decibels(tmp_path: Path) -> None:
    draw_song(noise(60), RATE, HOP, "A$AP Ke$ha <&>", tmp_path / "a.svg")
    found = texts(tmp_path / "a.svg")
    for name in ("A$AP Ke$ha <&>", "seconds", "hertz", "dB relative to the song's maximum"):
        assert name in found
    assert {"125", "250", "500", "1k", "2k", "4k", "8k"} <= set(found)
    assert {"0", "-20", "-40", "-60", "-80"} <= set(found)
    assert {"0", "5", "10", "55", "60"} <= set(found)
    assert "mel spectrogram · 1:00 · 128 bands up to 11.0 kHz" in found


def test_beyond_two_minutes_times_are_minutes(tmp_path: Path) -> None:
    draw_song(noise(150), RATE, HOP, "A Song", tmp_path / "a.svg")
    found = texts(tmp_path / "a.svg")
    assert {"0:00", "0:15", "1:30", "2:30", "minutes:seconds"} <= set(found)
    assert "seconds" not in found


@pytest.mark.parametrize(("hertz", "name"), [(1_000, "1k"), (4_000, "4k"), (500, "500")])
def test_a_tone_lies_at_its_frequency(figures: list[Any], hertz: int, name: str) -> None:
    draw_song(power_mel(tone(hertz, 3, RATE)), RATE, HOP, "A tone", Path("a.png"))
    axes = figures[0].axes[0]
    picture = np.asarray(axes.images[0].get_array())
    assert picture.shape == (BANDS, 1 + 3 * RATE // HOP)
    loudest = picture[:, 60].argmax()
    ticks = dict(
        zip([t.get_text() for t in axes.get_yticklabels()], axes.get_yticks(), strict=True)
    )
    assert ticks[name] == pytest.approx(loudest, abs=1)
    assert axes.images[0].get_clim() == (-80, 0)


def test_a_time_lies_where_its_sound_is(figures: list[Any]) -> None:
    power = np.full((431, BANDS), 1e-9, dtype=np.float32)
    power[200] = 1
    draw_song(power, RATE, HOP, "A click", Path("a.png"))
    (image,) = figures[0].axes[0].images
    left, right, _, _ = image.get_extent()
    picture = np.asarray(image.get_array())
    column = picture[5].argmax()
    middle = left + (column + 0.5) * (right - left) / picture.shape[1]
    assert middle == pytest.approx(200 * HOP / RATE)


def test_a_low_rate_has_fewer_frequencies(tmp_path: Path) -> None:
    draw_song(noise(3)[:, :64], 8_000, 256, "Old", tmp_path / "a.svg")
    found = set(texts(tmp_path / "a.svg"))
    assert "2k" in found
    assert not {"4k", "8k"} & found


def test_a_long_title_is_cut(tmp_path: Path) -> None:
    draw_song(noise(1), RATE, HOP, "Long " * 60, tmp_path / "a.svg")
    title = texts(tmp_path / "a.svg")
    assert any(text.startswith("Long Long") and text.endswith("…") for text in title)


@pytest.mark.usefixtures("no_fonts")
def test_no_box_stands_for_what_no_font_has(tmp_path: Path) -> None:
    # A missing glyph would be a warning, and so an error.
    fonts = draw_song(noise(1), RATE, HOP, "宇多田ヒカル", tmp_path / "a.svg")
    assert not fonts.readable("宇多田")
    assert "A song" in texts(tmp_path / "a.svg")
    draw_genre([SongMel("宇多田", noise(1))], "歌", RATE, HOP, tmp_path / "b.svg")
    assert {"A genre", "song 1"} <= set(texts(tmp_path / "b.svg"))


def test_another_font_is_drawn_with(tmp_path: Path, make_font: MakeFont) -> None:
    make_font("Zebra", "宇多田")
    draw_song(noise(1), RATE, HOP, "宇多田", tmp_path / "a.svg")
    draw_song(noise(1), RATE, HOP, "宇多田", tmp_path / "a.png")
    assert "宇多田" in texts(tmp_path / "a.svg")


def test_a_genre_has_a_panel_for_each_song_and_their_mean(figures: list[Any]) -> None:
    songs = [SongMel(f"Song {i}", noise(4 + i % 3, i)) for i in range(25)]
    draw_genre(songs, "Country", RATE, HOP, Path("a.png"))
    axes = figures[0].axes
    panels, mean = axes[:25], axes[25]
    assert [panel.get_title(loc="left") for panel in panels] == [f"Song {i}" for i in range(25)]
    assert mean.get_title(loc="left") == "Mean of the 25 songs, in dB"
    for song, panel in zip(songs, panels, strict=True):
        shown = np.asarray(panel.images[0].get_array())
        np.testing.assert_array_equal(shown, decibels(song.power).T)
    assert len({panel.get_xlim() for panel in panels}) == 1
    assert len({panel.get_ylim() for panel in axes[:26]}) == 1
    levels = [decibels(song.power) for song in songs]
    shown = np.asarray(mean.images[0].get_array())
    np.testing.assert_array_equal(shown, mean_decibels(levels).T)
    assert all(panel.images[0].get_clim() == (-80, 0) for panel in axes[:26])
    assert len({round(panel.get_position().x0, 6) for panel in panels}) == 5
    assert len({round(panel.get_position().y0, 6) for panel in panels}) == 5
    assert axes[26].get_ylabel() == "dB relative to each song's maximum"
    assert len(axes) == 27


@pytest.mark.parametrize(("count", "panels"), [(1, 1), (3, 3), (7, 7), (26, 25)])
def test_genres_of_few_and_of_many_songs(figures: list[Any], count: int, panels: int) -> None:
    songs = [SongMel(f"Song {i}", noise(1, i)) for i in range(count)]
    draw_genre(songs, "Country", RATE, HOP, Path("a.png"))
    assert len(figures[0].axes) == panels + 2
    named = [axes for axes in figures[0].axes[:panels] if axes.get_xlabel()]
    assert len(named) == min(panels, 5)  # the lowest of each column


def test_a_genre_is_written(tmp_path: Path) -> None:
    songs = [SongMel("Long title of a song " * 4, noise(2)), SongMel("Short", noise(1))]
    draw_genre(songs, "Country", RATE, HOP, tmp_path / "a.svg")
    found = texts(tmp_path / "a.svg")
    assert {"Country", "Short", "Mean of the 2 songs, in dB", "hertz", "seconds"} <= set(found)
    assert "mel spectrograms of 2 songs · 128 bands up to 11.0 kHz" in found
    draw_genre(songs, "Country", RATE, HOP, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_the_mean_ends_where_fewer_than_half_go_on() -> None:
    levels = [np.full((n, 2), -float(n), dtype=np.float32) for n in (10, 20, 30, 40)]
    mean = mean_decibels(levels)
    assert mean.shape == (30, 2)
    assert mean[[0, 9, 10, 19, 20, 29], 0].tolist() == [-25, -25, -30, -30, -35, -35]
    assert len(mean_decibels(levels[:3])) == 20
    assert len(mean_decibels(levels[:1])) == 10


@given(st.integers(0, 60), st.integers(1, 20))
def test_decibels_are_in_their_range(scale: int, frames: int) -> None:
    power = np.random.default_rng(scale).exponential(10.0 ** (scale - 30), (frames, 4))
    found = decibels(power.astype(np.float32))
    assert found.max() == 0
    assert found.min() >= -80


def test_silence_is_dark(tmp_path: Path) -> None:
    silence = np.zeros((50, BANDS), dtype=np.float32)
    assert (decibels(silence) == -80).all()
    draw_song(silence, RATE, HOP, "Silence", tmp_path / "a.png")


@given(st.floats(20, 8_000), st.floats(20, 8_000))
def test_higher_is_above(one: float, other: float) -> None:
    places = [band_of(hertz, RATE, BANDS) for hertz in sorted((one, other))]
    assert -1 < places[0] <= places[1] < BANDS


def test_errors_leave_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a\.jpg does not end in \.png or \.svg"):
        draw_song(noise(1), RATE, HOP, "A Song", tmp_path / "a.jpg")
    with pytest.raises(UsageError, match="no sound"):
        draw_song(noise(1)[:0], RATE, HOP, "A Song", tmp_path / "a.png")
    with pytest.raises(UsageError, match="no sound"):
        draw_genre([], "Country", RATE, HOP, tmp_path / "a.png")
    with pytest.raises(LibraryError, match="cannot be written"):
        draw_song(noise(1), RATE, HOP, "A Song", tmp_path / "no" / "a.png")
    assert list(tmp_path.iterdir()) == []
