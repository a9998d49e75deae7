from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import segue as package
from segue.cli.main import segue
from segue.service.doctor import Check


@pytest.fixture
def library(demo_library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a library that may be changed; commands use it without being told."""
    shutil.copytree(demo_library, tmp_path / "library")
    monkeypatch.setenv("SEGUE_HOME", str(tmp_path / "library"))
    return tmp_path / "library"


def run(*arguments: str | Path) -> Result:
    done = CliRunner().invoke(segue, [str(a) for a in arguments], standalone_mode=False)
    assert done.exception is None, done.exception
    return done


def read(*arguments: str | Path) -> Any:
    done = run(*arguments, "--json")
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_status(library: Path, demo_music: Path) -> None:
    status = read("status")
    assert (status["tracks"], status["files"], status["playlists"], status["vectors"]) == (
        40,
        40,
        0,
        40,
    )
    assert status["schema"] == 1
    shown = run("status").stdout
    for text in ("40 present, 0 missing", "musicnn 1: 40", "electronic"):
        assert text in shown
    assert str(library) in shown.replace("\n", "")
    assert str(demo_music) in shown.replace("\n", "")


def test_status_of_what_was_only_heard_of(collection: Path) -> None:
    run("add", collection / "late.m3u8")
    run("add", collection / "features.csv")
    status = read("status")
    counts = {
        name: status[name]
        for name in "tracks known_tracks songs artists playlists entries features listens".split()
    }
    assert counts == {
        "tracks": 0, "known_tracks": 6, "songs": 3, "artists": 2, "playlists": 1, "entries": 3,
        "features": 3, "listens": 0,
    }  # fmt: skip
    assert status["merges"] == {"merged": 1, "doubtful": 1}
    shown = run("status").stdout
    assert "3 songs by 2 artists, as 6 tracks (1 merged)" in shown
    assert "1 (3 entries)" in shown
    assert "listening" not in shown


def test_the_library_can_be_named(library: Path, tmp_path: Path) -> None:
    package.open(tmp_path / "other").close()
    assert read("status", "--library", tmp_path / "other")["tracks"] == 0
    assert read("status", "--library", library)["tracks"] == 40


def test_no_problems(library: Path) -> None:
    assert library.exists()
    assert run("problems").stdout == "No problems.\n"
    assert read("problems") == {"schema": 1, "problems": []}


def test_problems_as_json(library: Path, tmp_path: Path) -> None:
    assert library.exists()
    bad = tmp_path / "music" / "bad.mp3"
    bad.parent.mkdir()
    bad.write_bytes(b"")
    assert run("add", bad, "--workers", "1").return_value == 3
    (problem,) = read("problems")["problems"]
    assert (problem["path"], problem["kind"], problem["state"]) == (str(bad), "empty", "failed")
    assert problem["message"]


def test_doctor(library: Path) -> None:
    assert library.exists()
    done = run("doctor")
    assert done.return_value == 0
    assert "40 tracks" in done.stdout
    checks = read("doctor")["checks"]
    assert {"name", "state", "found", "advice"} == set(checks[0])


def test_doctor_finds_something_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = [Check("ear", "bad", "it is broken", "mend it")]
    monkeypatch.setattr("segue.service.doctor.examine", lambda *_: bad)
    done = run("doctor")
    assert done.return_value == 1
    assert "BAD" in done.stdout
    assert "mend it" in done.stdout


def test_moving(library: Path, demo_music: Path) -> None:
    assert library.exists()
    done = run("move", demo_music, "/new disk")
    assert done.stdout.startswith("40 files")
    assert "/new disk" in done.stdout
    assert read("status")["folders"] == ["/new disk"]
    assert run("move", demo_music, "/elsewhere").return_value == 1


def test_forgetting(library: Path) -> None:
    assert library.exists()
    done = run("forget", "ines", "alder", "hedgerow")
    assert done.return_value in (0, None)
    assert done.stdout.startswith("1 file")
    assert "Hedgerow" in done.stdout
    assert read("status")["tracks"] == 39
    assert run("forget", "qqqq", "zzzz").return_value == 1


def test_backup_and_restore(library: Path, tmp_path: Path) -> None:
    assert library.exists()
    done = run("backup", tmp_path / "backup.db")
    assert str(tmp_path / "backup.db") in done.stdout
    run("forget", "1")
    assert "40 tracks" in run("restore", tmp_path / "backup.db").stdout
    assert run("restore", tmp_path / "absent.db").return_value == 1
    assert run("backup", tmp_path / "no" / "such").return_value == 1
