from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import segue
from segue.cli.main import segue as command
from sounds import song

pytest.importorskip("matplotlib")

RESULT: dict[str, Any] = {
    "accuracy": 0.75,
    "confusion": [[2, 1], [0, 1]],
    "labels": ["rock", "country"],
    "mistakes": [
        {"file": f"/music/{i}\u202e.mp3", "genre": "rock", "predicted": "country", "certainty": 0.9}
        for i in range(21)
    ],
}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEGUE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def music(here: Path) -> Path:
    for name in ("rock/a", "rock/b", "jazz/a"):
        song(here / "music" / f"{name}.flac", seconds=0.5)
    (here / "music" / "rock" / "c.flac").write_bytes(b"not audio")
    return here / "music"


def call(*arguments: str | Path, text: str | None = None) -> Result:
    done = CliRunner().invoke(
        command, ["plot", *map(str, arguments)], input=text, standalone_mode=False
    )
    assert done.exception is None, done.exception
    assert "Traceback" not in done.stderr
    return done


def test_a_song_needs_no_library(here: Path, music: Path) -> None:
    done = call("spectrogram", music / "rock" / "a.flac")
    assert done.stdout == "Tester - Song a, 0:00: segue-spectrogram.png\n"
    assert (here / "segue-spectrogram.png").read_bytes().startswith(b"\x89PNG")
    assert not (here / "home").exists()


def test_a_song_as_json(here: Path, music: Path) -> None:
    done = call("spectrogram", music / "rock" / "a.flac", "--out", "a.svg", "--json")
    found = json.loads(done.stdout)
    assert (found["title"], found["picture"]) == ("Tester - Song a", "a.svg")
    assert found["seconds"] == pytest.approx(0.5, abs=0.01)
    assert b"<svg" in (here / "a.svg").read_bytes()


def test_a_genre_of_a_folder(here: Path, music: Path) -> None:
    done = call("spectrogram", "--genre", "ROCK", "--from", music, "--out", "rock.png")
    assert done.stdout == "2 of 3 songs of rock: rock.png\n"
    assert f"! {music / 'rock' / 'c.flac'}: this is not audio" in done.stderr
    assert (here / "rock.png").read_bytes().startswith(b"\x89PNG")
    found = json.loads(call("spectrogram", "--genre", "rock", "--from", music, "--json").stdout)
    assert [one["title"] for one in found["songs"]] == ["Tester - Song a", "Tester - Song b"]
    assert len(found["passed_over"]) == 1


def test_a_genre_of_the_library(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGUE_EAR", str(here / "no-ear"))
    song(here / "tagged" / "a.flac", seconds=1.0, genre="Folk")
    with segue.open(here / "home") as library:
        library.add(here / "tagged")
    done = call("spectrogram", "--genre", "folk")
    assert done.stdout == "1 of 1 song of Folk: segue-spectrogram.png\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give a FILE, or a --genre"),
        (["a.flac", "--genre", "rock"], "give a FILE, or a --genre"),
        (["a.flac", "--from", "music"], "give a FILE, or a --genre"),
        (["gone.flac"], "the file is gone"),
        (["--genre", "rock"], "there is no library"),
        (["--genre", "rock", "--from", "nowhere"], "nowhere cannot be reached"),
        (["--genre", "pop", "--from", "music"], "no genre 'pop' in music; expected one of jazz"),
        (["music/rock/a.flac", "--out", "a.jpg"], "a.jpg does not end in .png or .svg"),
    ],
)
def test_errors_say_what_to_do(music: Path, arguments: list[str], message: str) -> None:
    assert music.is_dir()
    done = call("spectrogram", *arguments)
    assert done.return_value in (1, 2)
    assert message in done.stderr
    assert done.stdout == ""


def test_names_that_cannot_be_shown_are_told(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matplotlib.font_manager.findSystemFonts", lambda *_, **__: [])
    song(here / "a.flac", seconds=0.5, title="宇多田")
    done = call("spectrogram", "a.flac")
    assert "No font here has the characters of Tester - 宇多田: it is called a song" in done.stderr
    found = {"confusion": [[1, 0], [0, 1]], "labels": ["演歌", "rock"]}
    done = call("confusion", "-", text=json.dumps(found))
    assert "characters of 演歌: numbers of genres stand for them" in done.stderr


def test_a_confusion_is_drawn_and_its_mistakes_listed(here: Path) -> None:
    (here / "result.json").write_text(json.dumps(RESULT))
    done = call("confusion", "result.json", "--out", "a.svg")
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    assert lines[0] == "4 songs of 2 genres, 75.0% of them told rightly: a.svg"
    assert lines[1].split() == ["genre", "taken", "for", "certainty", "file"]
    assert lines[3].split() == ["rock", "country", "0.90", "/music/0�.mp3"]
    assert sum("0.90" in line for line in lines) == 20
    assert lines[-1] == "... and 1 more in the result."
    assert ": 75.0 % right" in (here / "a.svg").read_text("utf-8")


def test_a_result_comes_through_a_pipe(here: Path) -> None:
    done = call("confusion", "-", text=json.dumps({**RESULT, "mistakes": []}))
    assert done.stdout == "4 songs of 2 genres, 75.0% of them told rightly: segue-confusion.png\n"
    assert (here / "segue-confusion.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the result is not JSON"),
        ("{", "the result is not JSON"),
        ("[1]", "the result is no JSON object; expected what `segue genre evaluate --json` prints"),
        ('{"labels": ["a"], "confusion": [[1, 2]]}', "no matrix of 1 x 1 counts"),
        ('{"labels": ["a"], "confusion": [[0]]}', "all counts are 0"),
    ],
)
def test_a_wrong_result_is_told_in_one_line(here: Path, text: str, message: str) -> None:
    done = call("confusion", "-", text=text)
    assert done.return_value in (1, 2)
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(here.iterdir()) == []


def test_a_result_that_is_not_there() -> None:
    done = call("confusion", "gone.json")
    assert done.return_value == 2
    assert "gone.json" in done.stderr


def test_without_the_extra_it_says_what_to_install(
    music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = call("spectrogram", music / "rock" / "a.flac")
    assert done.return_value == 2
    assert 'pip install "segue[plots]"' in done.stderr
