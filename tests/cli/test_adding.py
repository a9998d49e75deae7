from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import segue as package
from segue.cli.main import segue
from segue.errors import EarError
from segue.service.add import AddReport
from sounds import song


@pytest.fixture
def music(tmp_path: Path, no_ear: None) -> Path:
    assert no_ear is None
    for i in range(2):
        song(tmp_path / "music" / f"{i}.flac", seed=i)
    return tmp_path / "music"


def run(*arguments: str | Path) -> Result:
    done = CliRunner().invoke(segue, [str(a) for a in arguments], standalone_mode=False)
    assert done.exception is None, done.exception
    return done


def test_adding_and_adding_again(music: Path) -> None:
    done = run("add", music, "--workers", "1")
    assert done.return_value == 0
    assert done.stdout.startswith("2 added.\n")
    assert "hours of music" in done.stdout
    assert "Listening" in done.stderr
    assert "2/2 files" in done.stderr
    again = run("add")
    assert again.return_value == 0
    assert again.stdout == "2 unchanged.\n"


def test_failed_files_are_status_3(music: Path) -> None:
    (music / "bad.mp3").write_bytes(b"")
    done = run("add", music, "--workers", "1")
    assert done.return_value == 3
    assert "1 failed" in done.stdout
    assert "segue problems" in done.stdout
    again = run("add")
    assert again.return_value == 0  # nothing failed in this run
    assert "segue problems" in again.stdout
    listed = run("problems")
    assert str(music / "bad.mp3") in listed.stdout
    assert "empty (0 bytes)" in listed.stdout


def test_json_alone_on_standard_output(music: Path) -> None:
    (music / "bad.mp3").write_bytes(b"junk")
    done = run("add", music, "--workers", "1", "--json")
    assert done.return_value == 3
    report = json.loads(done.stdout)
    assert {name: report[name] for name in ("schema", "added", "failed", "embedder")} == {
        "schema": 1, "added": 2, "failed": 1, "embedder": "plain/1",
    }  # fmt: skip
    assert [problem["path"] for problem in report["problems"]] == [str(music / "bad.mp3")]
    assert set(report) >= {
        "updated",
        "unchanged",
        "moved",
        "back",
        "missing",
        "music_seconds",
        "seconds",
    }


def test_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    done = run("add", tmp_path / "none")
    assert (done.return_value, done.stdout) == (0, "Nothing found.\n")


def test_start_adds_and_shows_what_to_do_next(music: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch() -> Path:
        raise EarError("there is no network")

    monkeypatch.setattr("segue.service.library.install_ear", fetch)
    done = run("start", music)
    assert done.return_value == 0
    assert "2 added." in done.stdout
    assert "Sounds like Tester - Song 0" in done.stdout
    assert "segue similar" in done.stdout
    assert "there is no network." in done.stderr
    again = run("start", music)
    assert "2 unchanged." in again.stdout


def test_start_without_music_plays_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_ear: None
) -> None:
    assert no_ear is None
    monkeypatch.setattr("segue.service.library.install_ear", lambda: tmp_path)

    def few(folder: Path) -> list[Path]:
        return [song(folder / "x" / "demo.flac"), song(folder / "x" / "other.flac", seed=1)]

    monkeypatch.setattr("segue.audio.demo.write_library", few)
    done = run("start")
    assert done.return_value == 0
    assert "rendering the demo library" in done.stderr
    assert "2 added." in done.stdout


def test_start_with_an_empty_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_ear: None
) -> None:
    assert no_ear is None
    monkeypatch.setattr("segue.service.library.install_ear", lambda: tmp_path)
    (tmp_path / "none").mkdir()
    done = run("start", tmp_path / "none")
    assert done.return_value == 0
    assert "no music in the folder" in done.stdout


def test_watching_tells_every_round(music: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def once(_: object, *folders: str, on_report: object, on_problem: object) -> None:
        assert callable(on_problem)
        assert folders == (str(music),)
        assert callable(on_report)
        on_report(AddReport(added=2))
        raise KeyboardInterrupt

    monkeypatch.setattr(package.Library, "watch", once)
    done = run("watch", music)
    assert done.return_value == 130
    assert "2 added." in done.stdout
    assert "stop with Ctrl-C" in done.stderr
    assert "What was finished is kept" in done.stderr


def test_the_demo_library_is_written_where_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segue.audio.demo.write_library", lambda folder: [folder] * 40)
    done = run("demo", tmp_path / "here")
    assert f"segue add {tmp_path / 'here'}" in done.stdout
    assert "40 pieces" in done.stdout
