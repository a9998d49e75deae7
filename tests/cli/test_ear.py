from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from segue.cli.main import segue
from segue.config import EAR_VARIABLE


def run(*arguments: str | Path) -> Result:
    done = CliRunner().invoke(segue, ["ear", *map(str, arguments)], standalone_mode=False)
    assert done.exception is None, done.exception
    return done


def test_an_ear_that_is_there(ear_folder: Path) -> None:
    assert f"is installed at {ear_folder}" in run("status").stdout
    done = run("install")
    assert str(ear_folder) in done.stdout
    assert "ISC" in done.stdout
    assert "CC BY-NC-SA" in done.stdout


def test_an_ear_that_is_missing(tmp_path: Path, no_ear: None) -> None:
    assert no_ear is None
    assert "segue ear install" in run("status").stdout
    done = run("install", "--from", tmp_path / "absent.whl")
    assert done.return_value == 1
    assert done.stderr.startswith("segue: ")


def test_without_network(no_ear: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert no_ear is None
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    done = run("install")
    assert done.return_value == 1
    assert "segue ear install --from FILE" in done.stderr


def test_a_file_that_is_not_the_published_one(
    tmp_path: Path, ear_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ear_folder
    monkeypatch.setenv(EAR_VARIABLE, str(tmp_path / "ear"))
    (tmp_path / "musicnn.whl").write_bytes(b"something else")
    done = run("install", "--from", tmp_path / "musicnn.whl")
    assert done.return_value == 1
    assert "checksum" in done.stderr
