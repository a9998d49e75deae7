from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import mapped
from segue.cli.main import segue

pytest.importorskip("matplotlib")
pytest.importorskip("openTSNE")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    mapped.fill(home)
    monkeypatch.setenv("SEGUE_HOME", str(home))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)
    return home


def run(*arguments: str | Path) -> Result:
    done = CliRunner().invoke(segue, ["plot", "map", *map(str, arguments)], standalone_mode=False)
    assert done.exception is None, done.exception
    return done


def test_a_map_is_drawn_where_one_is(tmp_path: Path) -> None:
    done = run()
    assert (tmp_path / "segue-map.png").read_bytes().startswith(b"\x89PNG")
    assert done.stdout == "24 songs by word2vec, 9 of them coloured by genre: segue-map.png\n"


def test_json_draws_nothing_unless_told(tmp_path: Path) -> None:
    done = run("--json", "-n", "12")
    assert done.stderr == ""
    assert len(json.loads(done.stdout)["songs"]) == 12
    assert not (tmp_path / "segue-map.png").exists()
    done = run("--json", "--color", "mood", "--out", "map.svg")
    assert json.loads(done.stdout)["color"] == "mood"
    assert (tmp_path / "map.svg").exists()


def test_a_listener_is_drawn_and_told(tmp_path: Path) -> None:
    done = run("--like", "abba amber", "--like", "amber can", "--gif", "map.gif")
    lines = done.stdout.splitlines()
    assert lines[0].endswith("coloured by genre: map.gif")
    assert lines[1:3] == ["Likes Abba - Amber", "Likes Can - Amber"]
    assert len([line for line in lines if " 0." in line]) == 10
    assert (tmp_path / "map.gif").read_bytes().startswith(b"GIF89a")
    assert not (tmp_path / "segue-map.png").exists()


def test_names_that_cannot_be_shown_are_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from segue.catalog.database import Database

    monkeypatch.setattr("matplotlib.font_manager.findSystemFonts", lambda *_, **__: [])
    with Database(home / "segue.db").transaction() as connection:
        connection.execute("UPDATE track SET artist = '宇多田ヒカル' WHERE artist = 'Can'")
    done = run()
    assert "No font here has the characters of 宇多田ヒカル: numbers" in done.stderr
    assert "fonts-noto-cjk" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "map.pdf"], "map.pdf does not end in .png or .svg"),
        (["--gif", "map.gif"], "name some with --like"),
        (["--like", "zzzzzz"], "nothing in the library is called 'zzzzzz'"),
        (["--model", "als"], "segue fit als"),
    ],
)
def test_errors_say_what_to_do(arguments: list[str], message: str) -> None:
    done = CliRunner().invoke(segue, ["plot", "map", *arguments], standalone_mode=False)
    assert done.return_value in (1, 2)
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openTSNE", None)
    done = CliRunner().invoke(segue, ["plot", "map"], standalone_mode=False)
    assert done.return_value == 2
    assert 'pip install "segue[plots]"' in done.stderr
