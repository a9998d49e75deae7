from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.plots import confusion as module
from segue.plots.confusion import draw_confusion
from segue.plots.palette import INK, rgb

MakeFont = Callable[[str, str], Path]
SVG = "{http://www.w3.org/2000/svg}"
COUNTS = np.array([[97, 2, 0], [100, 300, 1], [0, 0, 0]], dtype=np.int64)
LABELS = ("rock", "country", "jazz")


def texts(path: Path) -> list[str]:
    root = ElementTree.parse(path).getroot()
    return ["".join(node.itertext()) for node in root.iter(f"{SVG}text")]


def some(count: int, seed: int = 0) -> NDArray[np.int64]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 4, (count, count)) + 40 * np.eye(count, dtype=np.int64)


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Collect the sheets that are written."""
    found: list[Any] = []
    monkeypatch.setattr(module, "save", lambda figure, _: found.append(figure))
    return found


def test_cells_have_counts_and_shares_of_the_row(figures: list[Any]) -> None:
    draw_confusion(COUNTS, LABELS, Path("a.png"), "Genres")
    axes = figures[0].axes[0]
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    assert cells[0, 0] == "97\n98%"
    assert cells[1, 0] == "2\n2%"
    assert cells[0, 1] == "100\n25%"
    assert cells[2, 1] == "1\n<1%"
    assert not {(2, 0), (0, 2), (1, 2), (2, 2)} & set(cells)  # zeros
    picture = np.asarray(axes.images[0].get_array())
    np.testing.assert_allclose(picture[1], np.array([100, 300, 1]) / 4.01)
    assert picture[2].tolist() == [0, 0, 0]
    assert axes.images[0].get_clim() == (0, 100)


def test_rows_are_true_and_columns_predicted(figures: list[Any]) -> None:
    draw_confusion(COUNTS, LABELS, Path("a.png"), "Genres")
    axes = figures[0].axes[0]
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("true genre", "predicted genre")
    assert [text.get_text() for text in axes.get_yticklabels()] == list(LABELS)
    assert [text.get_text() for text in axes.get_xticklabels()] == list(LABELS)
    bottom, top = axes.get_ylim()
    assert bottom > top  # the first genre is above


def test_sums_recall_precision_and_accuracy(tmp_path: Path) -> None:
    draw_confusion(COUNTS, LABELS, tmp_path / "a.svg", "A$AP & <Ke$ha>")
    found = texts(tmp_path / "a.svg")
    assert "A$AP & <Ke$ha>: 79.4 % right" in found
    assert "500 songs · colour and % are of the row" in found
    for text in ("songs", "recall", "predicted", "precision", "% of the row"):
        assert text in found
    rows = ["99", "98%", "401", "75%", "0", "–"]  # songs and recall of each
    columns = ["197", "49%", "302", "99%", "1", "0%"]
    assert set(rows + columns) <= set(found)


@pytest.mark.parametrize("count", [1, 2, 10, 30])
def test_nothing_leaves_the_sheet_or_overlaps(figures: list[Any], count: int) -> None:
    names = [f"{i} genre with quite a long name indeed" for i in range(count)]
    draw_confusion(some(count), names, Path("a.png"), "A title that is long " * 8)
    (figure,) = figures
    canvas = figure.canvas
    canvas.draw()
    renderer = canvas.get_renderer()
    width, height = canvas.get_width_height()
    axes = figure.axes[0]
    shown = [*axes.texts, *axes.get_xticklabels(), *axes.get_yticklabels(), *figure.texts]
    shown += [axes.xaxis.label, axes.yaxis.label]
    for text in shown:
        box = text.get_window_extent(renderer)
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= width, text
        assert box.y1 <= height, text
    cell = axes.get_window_extent(renderer).width / count
    for text in axes.texts:
        x, y = text.get_position()
        if x == int(x) and y == int(y) and "\n" in text.get_text():
            assert text.get_window_extent(renderer).width < cell
            assert text.get_size() >= 7
    assert all(text.get_text().endswith("…") for text in axes.get_yticklabels())
    assert figure.texts[0].get_text().endswith("% right")
    left = max(text.get_window_extent(renderer).x1 for text in axes.get_yticklabels())
    assert left <= axes.get_window_extent(renderer).x0


def test_words_can_be_read_on_the_darkest_cell(figures: list[Any]) -> None:
    draw_confusion(COUNTS, LABELS, Path("a.png"), "Genres")
    (image,) = figures[0].axes[0].images

    def light(color: tuple[float, ...]) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color[:3]]
        return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))

    shades = [light(image.cmap(share)) for share in np.linspace(0, 1, 50)]
    assert (light(image.cmap(1.0)) + 0.05) / (light(rgb(INK)) + 0.05) > 4.5  # WCAG 2, level AA
    assert (np.diff(shades) <= 0).all()  # darker as it grows, whatever the eye


def test_a_png_is_the_same_each_time(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        draw_confusion(COUNTS, LABELS, tmp_path / name, "Genres")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.usefixtures("no_fonts")
def test_a_number_stands_for_what_no_font_has(tmp_path: Path) -> None:
    fonts = draw_confusion(COUNTS, ("rock", "演歌", ""), tmp_path / "a.svg", "歌")
    assert not fonts.readable("演歌")
    assert {"genre 2", "genre 3", "Genres: 79.4 % right"} <= set(texts(tmp_path / "a.svg"))


def test_another_font_is_drawn_with(tmp_path: Path, make_font: MakeFont) -> None:
    make_font("Zebra", "演歌")
    draw_confusion(COUNTS, ("rock", "演歌", "jazz"), tmp_path / "a.svg", "Genres")
    draw_confusion(COUNTS, ("rock", "演歌", "jazz"), tmp_path / "a.png", "Genres")
    assert texts(tmp_path / "a.svg").count("演歌") == 2


def test_large_counts_have_room(figures: list[Any]) -> None:
    draw_confusion(COUNTS * 100_000, LABELS, Path("a.png"), "Genres")
    cells = [text.get_text() for text in figures[0].axes[0].texts]
    assert "9.7M\n98%" in cells
    assert "200k\n2%" in cells


@pytest.mark.parametrize(
    ("counts", "labels", "message"),
    [
        (COUNTS, ("a", "b"), "the matrix is 3 x 3 for 2 genres"),
        (COUNTS[:2], LABELS, "the matrix is 2 x 3 for 3 genres"),
        (-COUNTS, LABELS, "a count below 0"),
        (COUNTS * 0, LABELS, "all counts are 0"),
        (np.zeros((0, 0), dtype=np.int64), (), "0 genres cannot be drawn; expected 1 to 100"),
        (some(101), [str(i) for i in range(101)], "101 genres cannot be drawn"),
    ],
)
def test_what_cannot_be_drawn(
    tmp_path: Path, counts: NDArray[np.int64], labels: tuple[str, ...], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        draw_confusion(counts, labels, tmp_path / "a.png", "Genres")
    assert list(tmp_path.iterdir()) == []
