from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import segue as package
from libraries import command
from segue.cli.main import segue

COMMANDS = (
    "start add watch similar search show identify fit models recommend analogy compare export "
    "evaluate genre plot "
    "status problems crawl spotify sources merges doctor move "
    "forget backup restore ear demo"
).split()


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run `segue` in a process of its own."""
    process = command(*arguments)
    out, err = process.communicate()
    return subprocess.CompletedProcess([], process.returncode, out, err)


def test_help_names_every_command() -> None:
    shown = CliRunner().invoke(segue, ["--help"]).output
    assert list(segue.list_commands(None)) == COMMANDS  # type: ignore[arg-type]
    for name in COMMANDS:
        assert f"\n  {name} " in shown


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_command_explains_itself(name: str, option: str) -> None:
    done = CliRunner().invoke(segue, [name, option])
    assert done.exit_code == 0
    assert done.output.startswith("Usage: ")
    described = segue.get_command(None, name)  # type: ignore[arg-type]
    assert described is not None
    assert described.help
    for parameter in described.params:
        if getattr(parameter, "help", None) is None and parameter.param_type_name == "option":
            assert parameter.name in ("limit",), f"{name} {parameter.opts} says nothing"


def test_version() -> None:
    assert (
        CliRunner().invoke(segue, ["--version"]).output == f"segue, version {package.__version__}\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["--nonsense"],
        ["similar"],
        ["similar", "x", "-k", "0"],
        ["similar", "x", "-k", "many"],
        ["search"],
        ["move", "one"],
        ["add", "--workers", "0", "."],
        ["add", "/there/is/no/such/folder"],
        ["add", "--as", "nonsense", "."],
        ["merges", "--undo", "1", "--undo-all"],
        ["merges", "--state", "perhaps"],
        ["sources", "--remove", "first"],
        ["crawl", "spotify", "--csv", "x.csv"],
        ["add"],
    ],
)
def test_wrong_use_is_status_2_and_one_message(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["similar", "anything"], "segue search"),
        (["show", "99"], "segue search"),
        (["restore", "absent.db"], "no backup"),
        (["move", "/a", "/b"], "no file at or below"),
        (["forget", "anything"], "segue search"),
        (["similar", "~é"], "segue search"),  # like another user's home, in no known letters
        (["show", "\0"], "segue search"),
        (["sources", "--remove", "99"], "segue sources"),
        (["merges", "--undo", "99"], "segue merges"),
        (["merges", "--accept", "1", "2"], "no doubtful merge"),
        (["crawl", "report"], "segue crawl spotify"),
    ],
)
def test_what_cannot_be_done_is_status_1_and_one_line(arguments: list[str], message: str) -> None:
    package.open().close()
    done = CliRunner().invoke(segue, arguments, standalone_mode=False)
    assert done.exception is None
    assert done.return_value == 1
    assert done.stdout == ""
    assert done.stderr.startswith("segue: ")
    assert len(done.stderr.splitlines()) == 1
    assert message in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [["similar", "x"], ["search", "x"], ["status"], ["sources"], ["merges"], ["move", "/a", "/b"]],
)
def test_asking_makes_no_library(tmp_path: Path, arguments: list[str]) -> None:
    done = CliRunner().invoke(
        segue, [*arguments, "--library", str(tmp_path / "misspelt")], standalone_mode=False
    )
    assert done.return_value == 1
    assert "there is no library" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_broken_library_is_told_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "segue.db").write_text("Dear diary " * 100)
    done = run("status", "--library", tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("segue: ")
    assert "segue restore" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments", [["similar", "1", "-k", "39"], ["status", "--json"], ["search", "a"]]
)
def test_a_reader_that_leaves_early_is_no_error_to_shout_about(
    demo_library: Path, arguments: list[str]
) -> None:
    process = command(*arguments, "--library", demo_library)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait() in (0, 1)
    assert said == ""


def test_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "segue", "--version"], capture_output=True, text=True, check=True
    )
    assert package.__version__ in done.stdout
