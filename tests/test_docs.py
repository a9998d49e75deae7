"""The documentation against the program: help, examples, links, versions."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import soundfile

import segue
from segue.audio.demo import PIECES, render
from segue.audio.embedder import Embedder, hear
from segue.audio.tagwords import FACETS, WORDS
from segue.audio.windows import N_WINDOWS, WINDOW_SECONDS
from segue.service.recognise import KINDS, NAMES

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
RATE = 24_000
ALBUM = ("Turbine", "Night Shift", "Estuary", "À contre-jour", "Scaffold", "Boss Corridor")
OUTSIDE = "Credits"
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


@pytest.fixture(scope="session")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home folder with six pieces in ~/Music and another one in ~/Downloads."""
    home = tmp_path / "home"
    for piece in PIECES:
        if piece.title in ALBUM:
            path = home / "Music" / piece.artist / piece.album / f"{piece.title}.flac"
        elif piece.title == OUTSIDE:
            path = home / "Downloads" / "new.flac"
        else:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        with soundfile.SoundFile(path, "w", samplerate=RATE, channels=2) as file:
            file.title, file.artist, file.album = piece.title, piece.artist, piece.album
            file.write(render(piece, RATE).T)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.chdir(home)
    return home


def blocks(page: str) -> Iterator[tuple[str, str | None, int]]:
    """Yield each example, the output that a ``text`` block right after it states, and its line."""
    text = (ROOT / page).read_text("utf-8")
    found = list(_FENCE.finditer(text))
    for i, block in enumerate(found):
        if block[1] == "python":
            output = None
            if i + 1 < len(found) and found[i + 1][1] == "text":
                between = text[block.end() : found[i + 1].start()]
                output = found[i + 1][2] if not between.strip() else None
            yield block[2], output, text[: block.start(2)].count("\n")


def run_examples(page: str) -> dict[str, Any]:
    """Run a page's examples in one namespace, comparing what they print; return the namespace."""
    names: dict[str, Any] = {"__name__": "example"}
    count = 0
    for code, output, line in blocks(page):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile("\n" * line + code, page, "exec"), names)
        if output is not None:
            assert printed.getvalue() == output, f"{page}, line {line + 1}"
        count += 1
    assert count, f"{page} has no example"
    return names


def test_commands_page_is_up_to_date(generator: ModuleType) -> None:
    assert generator.is_current(generator.PAGE.read_text("utf-8")), "run `make docs`"


def test_an_outdated_commands_page_is_noticed(generator: ModuleType) -> None:
    page = generator.PAGE.read_text("utf-8")
    assert not generator.is_current(page.replace("Show how much", "Show how little"))
    assert generator.is_current(generator.generated(page.replace("Show how much", "Hide")))
    with pytest.raises(ValueError, match="segue demo"):
        generator.generated(page.replace("<!-- help: segue demo -->", ""))


def test_readme_names_every_command(generator: ModuleType) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    groups = {
        "segue", "segue ear", "segue crawl", "segue spotify", "segue export", "segue plot",
    }  # fmt: skip
    missing = [n for n, _ in generator.commands() if n not in groups and f"`{n}" not in readme]
    assert not missing


def test_every_kind_of_source_is_told_of(generator: ModuleType) -> None:
    page = (ROOT / "docs" / "sources.md").read_text("utf-8")
    assert [kind for kind in KINDS if f"`{kind}`" not in page] == []
    told = dict(generator.commands())["segue add"].split("KIND is one of:")[1].split(".")[0]
    assert sorted(word.strip() for word in told.split(",")) == sorted(KINDS)
    assert set(KINDS) - {"music"} <= set(NAMES)


def test_settings_that_are_named_are_settings() -> None:
    source = "".join(path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py"))
    named = set()
    for page in PAGES:
        named |= set(re.findall(r"SEGUE_[A-Z_]+", page.read_text("utf-8")))
    assert [name for name in sorted(named) if f'"{name}"' not in source] == []


@pytest.mark.usefixtures("home")
def test_readme_examples_run() -> None:
    run_examples("README.md")


@pytest.mark.usefixtures("home")
def test_library_examples_run() -> None:
    run_examples("docs/library.md")


def test_embedder_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write_model(tmp_path / "model.onnx")
    monkeypatch.chdir(tmp_path)
    names = run_examples("docs/ear.md")
    embedder = names["embedder"]
    assert isinstance(embedder, Embedder)
    heard = hear(embedder, [np.full(1600, 0.5, dtype=np.float32), np.ones(800, dtype=np.float32)])
    assert heard.windows.shape == (2, embedder.dimensions)
    np.testing.assert_allclose(np.linalg.norm(heard.windows, axis=1), 1, rtol=1e-6)


def _write_model(path: Path) -> None:
    """Write a network of the shape that the example expects: (n, samples) to (n, 2)."""
    from onnx import TensorProto, helper

    axes = helper.make_tensor("axes", TensorProto.INT64, [1], [1])
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMax", ["audio"], ["max"], axes=[1], keepdims=1),
            helper.make_node("ReduceSum", ["audio", "axes"], ["sum"], keepdims=1),
            helper.make_node("Concat", ["max", "sum"], ["embedding"], axis=1),
        ],
        "model",
        [helper.make_tensor_value_info("audio", TensorProto.FLOAT, ["n", "samples"])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", 2])],
        [axes],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())


def test_ear_page_states_the_numbers_in_use() -> None:
    page = " ".join((ROOT / "docs" / "ear.md").read_text("utf-8").split())
    assert N_WINDOWS == 5
    assert f"Five windows of {WINDOW_SECONDS:g} seconds" in page
    assert f"A song of {N_WINDOWS * WINDOW_SECONDS:g} seconds or less" in page
    assert len(FACETS) == 7
    assert f"{len(WORDS)} words in seven facets" in page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in _LINK.findall(_FENCE.sub("", page.read_text("utf-8"))):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        file = page.parent / name if name else page
        assert file.exists(), f"{page.name} links to {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", file.read_text("utf-8"), re.MULTILINE)
            assert anchor in {_anchor(heading) for heading in headings}, target


def _anchor(heading: str) -> str:
    """Return the anchor that a heading gets where the pages are shown."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_versions_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    released = re.search(r"^## \[?(\d[^\]\s]*)", changelog, re.MULTILINE)
    assert released is not None
    assert project["version"] == segue.__version__ == released[1]


def test_the_picture_is_small_and_loads_nothing() -> None:
    picture = (ROOT / "docs" / "session.svg").read_text("utf-8")
    assert len(picture) < 60_000
    assert "url(http" not in picture
    assert "@import" not in picture
