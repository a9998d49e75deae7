"""The house: which room may import which, and what must not be loaded too early."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import segue

PACKAGE = Path(segue.__file__).parent
FLOORS = (  # from the ground up; rooms on one floor do not import each other
    ("types", "config", "extras", "errors", "paths"),
    ("catalog", "audio", "vectors", "http"),
    ("models", "sources", "players"),
    ("recommend",),
    ("train", "spark", "evaluate", "plots"),
    ("service",),
    ("cli", "web"),
    ("__main__",),
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
FRONT_ENDS = ("cli", "web")
MODULES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}


def imports(source: str) -> Iterator[str]:
    """Yield the full name of every module or member imported, wherever it stands."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def inner(module: str) -> set[str]:
    """Return the modules of the package that a module imports."""
    found = set()
    for name in imports(MODULES[module].read_text("utf-8")):
        if name in MODULES:
            found.add(name)
        elif name.rpartition(".")[0] in MODULES:
            found.add(name.rpartition(".")[0])
    return found


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def test_imports_inside_functions_and_blocks_are_seen() -> None:
    source = "def f():\n  if x:\n    from segue.audio.mel import log_mel\n    import av.stream"
    assert list(imports(source)) == ["segue.audio.mel.log_mel", "av.stream"]


def test_every_room_has_a_floor() -> None:
    assert {room(module) for module in MODULES} - {""} <= set(FLOOR)


@pytest.mark.parametrize("module", [name for name in MODULES if name != "segue"])
def test_rooms_import_only_downwards(module: str) -> None:
    own = room(module)
    for other in inner(module):
        there = room(other)
        if there == "":
            assert own in FRONT_ENDS, f"{module} imports the public face"
        elif there != own:
            allowed = FLOOR[there] < FLOOR[own] or FLOOR[own] == 0  # the ground floor is one room
            assert allowed, f"{module} imports {other}"


def test_no_imports_in_circles() -> None:
    graph = {name: inner(name) for name in MODULES if name != "segue"}
    order = list(TopologicalSorter(graph).static_order())  # raises CycleError, naming the circle
    assert len(order) >= len(graph)


@pytest.mark.parametrize("module", MODULES)
def test_nothing_that_serves_imports_torch(module: str) -> None:
    if room(module) != "train":
        found = {name.split(".")[0] for name in imports(MODULES[module].read_text("utf-8"))}
        assert not found & {"torch", "torchaudio", "tensorflow"}


@pytest.mark.parametrize(
    "statement",
    [
        "import segue",
        "import segue.errors, segue.config",
        (
            "from click.testing import CliRunner; from segue.cli.main import segue; "
            "assert CliRunner().invoke(segue, ['--version']).output.startswith('segue')"
        ),
    ],
)
def test_light_imports_load_nothing_heavy(statement: str) -> None:
    code = f"{statement}\nimport sys, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    heavy = {"numpy", "scipy", "av", "onnx", "onnxruntime", "rich", "soundfile", "sqlite3"}
    assert not loaded & heavy


def test_importing_prints_and_configures_nothing() -> None:
    code = (
        "import os; before = dict(os.environ); import pkgutil, importlib, segue\n"
        "for m in pkgutil.walk_packages(segue.__path__, 'segue.'):\n"
        "    if m.name != 'segue.__main__': importlib.import_module(m.name)\n"
        "assert dict(os.environ) == before"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_public_face_has_all_it_names() -> None:
    for name in segue.__all__:
        assert getattr(segue, name) is not None
    with pytest.raises(AttributeError, match="nothing_here"):
        _ = segue.nothing_here
