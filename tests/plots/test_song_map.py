from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest

from segue.errors import LibraryError, UsageError
from segue.plots.coloring import Coloring, by_group, by_mood
from segue.plots.labels import Label
from segue.plots.song_map import SongMap, draw_map

MakeFont = Callable[[str, str], Path]
SVG = "{http://www.w3.org/2000/svg}"


def song_map(coloring: Coloring | None = None, *labels: Label) -> SongMap:
    points = np.random.default_rng(0).uniform(-1, 1, (50, 2)).astype(np.float32)
    coloring = coloring or by_group("genre", [["pop"], ["rock"]] * 25)
    return SongMap(points, coloring, labels, "Songs", "50 songs")


def label(text: str, x: float = 0.0, y: float = 0.0, instead: str = "#7") -> Label:
    return Label(text, x, y, 1, None, instead)


def texts(path: Path) -> list[str]:
    root = ElementTree.parse(path).getroot()
    return ["".join(node.itertext()) for node in root.iter(f"{SVG}text")]


def test_a_png_is_written_the_same_each_time(tmp_path: Path) -> None:
    for name in ("a.png", "b.PNG"):
        draw_map(song_map(None, label("A Name")), tmp_path / name)
    first = (tmp_path / "a.png").read_bytes()
    assert first.startswith(b"\x89PNG")
    assert first == (tmp_path / "b.PNG").read_bytes()
    assert len(list(tmp_path.iterdir())) == 2


def test_in_an_svg_points_are_an_image_and_text_is_text(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    draw_map(song_map(None, label("A$AP Ke$ha <&>"), label("Björk", 0.5, 0.5)), path)
    assert {"Songs", "50 songs", "pop  25", "A$AP Ke$ha <&>", "Björk"} <= set(texts(path))
    root = ElementTree.parse(path).getroot()
    assert len(list(root.iter(f"{SVG}image"))) >= 1
    assert path.stat().st_size < 2_000_000
    again = tmp_path / "b.svg"
    draw_map(song_map(None, label("A$AP Ke$ha <&>"), label("Björk", 0.5, 0.5)), again)
    assert again.read_bytes() == path.read_bytes()


def test_moods_have_a_plane_for_a_legend(tmp_path: Path) -> None:
    plane = np.linspace(0, 1, 50)
    draw_map(song_map(by_mood(plane, plane)), tmp_path / "a.svg")
    assert {"happy", "angry", "sad", "relaxed"} <= set(texts(tmp_path / "a.svg"))


@pytest.mark.usefixtures("no_fonts")
def test_no_box_stands_for_what_no_font_has(tmp_path: Path) -> None:
    coloring = by_group("artist", [["宇多田ヒカル"]] * 50)
    path = tmp_path / "a.svg"
    # A missing glyph would be a warning, and so an error.
    fonts = draw_map(song_map(coloring, label("宇多田ヒカル"), label("Abba", 0.5)), path)
    assert not fonts.readable("宇多田ヒカル")
    assert {"#7", "Abba", "artist 1  50"} <= set(texts(path))


def test_another_font_is_drawn_with(tmp_path: Path, make_font: MakeFont) -> None:
    make_font("Zebra", "宇多田")
    path = tmp_path / "a.svg"
    draw_map(song_map(None, label("宇多田 Abba")), path)
    assert "宇多田 Abba" in texts(path)
    assert "Zebra" in path.read_text("utf-8")
    draw_map(song_map(None, label("宇多田 Abba")), tmp_path / "a.png")


def test_emoji_and_invisible_characters_draw(tmp_path: Path) -> None:
    draw_map(song_map(None, label("☀️ a\x00b\u202e")), tmp_path / "a.svg")
    assert "☀ ab" in texts(tmp_path / "a.svg")


def test_the_settings_of_the_user_are_left_alone(tmp_path: Path) -> None:
    with matplotlib.rc_context({"font.size": 3, "text.usetex": True}):
        draw_map(song_map(None, label("Name")), tmp_path / "a.png")
        assert matplotlib.rcParams["font.size"] == 3
    draw_map(song_map(None, label("Name")), tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"map\.pdf does not end in \.png or \.svg"):
        draw_map(song_map(), tmp_path / "map.pdf")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match=r"gone/map\.png cannot be written: No such file"):
        draw_map(song_map(), tmp_path / "gone" / "map.png")


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UsageError, match=r'matplotlib.*pip install "segue\[plots\]"'):
        draw_map(song_map(), tmp_path / "map.png")
