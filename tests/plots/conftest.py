from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("matplotlib")
pytest.importorskip("openTSNE")

MakeFont = Callable[[str, str], Path]


@pytest.fixture
def clusters() -> NDArray[np.float32]:
    """Return 90 vectors in three clusters of 30, one after the other."""
    rng = np.random.default_rng(0)
    middles = np.eye(3, 12, dtype=np.float32).repeat(30, axis=0)
    noise = rng.standard_normal(middles.shape).astype(np.float32) * 0.05
    return middles + noise


@pytest.fixture
def no_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the machine have no font but matplotlib's own."""
    monkeypatch.setattr("matplotlib.font_manager.findSystemFonts", lambda *_, **__: [])


@pytest.fixture
def make_font(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeFont:
    """Return what makes a font of squares for some characters, the machine's only ones."""
    made: list[str] = []
    monkeypatch.setattr("matplotlib.font_manager.findSystemFonts", lambda *_, **__: list(made))
    from matplotlib import font_manager

    monkeypatch.setattr(font_manager.fontManager, "ttflist", list(font_manager.fontManager.ttflist))

    def make(name: str, characters: str) -> Path:
        builders: Any = pytest.importorskip("fontTools.fontBuilder")
        pens: Any = pytest.importorskip("fontTools.pens.ttGlyphPen")
        names = [".notdef", *(f"glyph{i}" for i in range(len(characters)))]
        builder = builders.FontBuilder(1000, isTTF=True)
        builder.setupGlyphOrder(names)
        builder.setupCharacterMap({ord(c): f"glyph{i}" for i, c in enumerate(characters)})
        pen = pens.TTGlyphPen(None)
        for move, point in (("moveTo", (0, 0)), ("lineTo", (0, 700)), ("lineTo", (700, 700))):
            getattr(pen, move)(point)
        pen.closePath()
        glyph = pen.glyph()
        builder.setupGlyf(dict.fromkeys(names, glyph))
        builder.setupHorizontalMetrics(dict.fromkeys(names, (800, 0)))
        builder.setupHorizontalHeader(ascent=800, descent=-200)
        builder.setupNameTable({"familyName": name, "styleName": "Regular"})
        builder.setupOS2()
        builder.setupPost()
        path = tmp_path / f"{name}.ttf"
        builder.save(path)
        made.append(str(path))
        return path

    return make
