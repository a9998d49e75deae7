from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import NoReturn

import pytest

import segue
from segue.service.doctor import Check, examine


def checks(library: Path, ear: Path) -> dict[str, Check]:
    found = examine(library, ear)
    assert len({check.name for check in found}) == len(found)
    return {check.name: check for check in found}


def test_a_sound_installation(demo_library: Path, ear_folder: Path) -> None:
    found = checks(demo_library, ear_folder)
    assert {check.state for check in found.values() if check.name != "free space"} == {"ok"}
    assert found["library"].found.startswith("40 tracks")
    assert "musicnn" in found["ear"].found
    assert "FLAC" in found["decoders"].found


def test_nothing_is_made_on_the_way(tmp_path: Path) -> None:
    found = checks(tmp_path / "a" / "library", tmp_path / "ear")
    assert found["library"].state == "ok"
    assert "none yet" in found["library"].found
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_well_comes_with_advice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "segue.db").write_text("Dear diary " * 100)

    def refuse(**_: object) -> NoReturn:
        raise PermissionError(13, "Permission denied")

    def version(name: str) -> str:
        if name == "voyager":
            raise metadata.PackageNotFoundError(name)
        return "1"

    monkeypatch.setattr("segue.service.doctor.tempfile.TemporaryFile", refuse)
    monkeypatch.setattr("segue.service.doctor.metadata.version", version)
    monkeypatch.setattr("segue.service.doctor._LOW_SPACE", 10**18)
    monkeypatch.setattr("av.codecs_available", {"flac"})
    found = checks(tmp_path, tmp_path / "ear")
    assert {name: check.state for name, check in found.items() if check.state != "ok"} == {
        "voyager": "bad",
        "decoders": "warning",
        "ear": "warning",
        "library": "bad",
        "write access": "bad",
        "free space": "warning",
    }
    assert all(check.advice for check in found.values() if check.state != "ok")
    assert "segue restore" in found["library"].advice
    assert "segue ear install" in found["ear"].advice
    assert "MP3" in found["decoders"].advice


def test_a_broken_ear_is_bad(tmp_path: Path, ear_folder: Path) -> None:
    ear = tmp_path / "ear"
    ear.mkdir()
    (ear / "ear.json").write_bytes((ear_folder / "ear.json").read_bytes())
    (ear / "musicnn.onnx").write_bytes(b"no model")
    found = checks(tmp_path / "library", ear)
    assert (found["ear"].state, found["ear"].advice) == ("bad", "run `segue ear install --force`")


def test_a_library_in_use_is_well(tmp_path: Path) -> None:
    with segue.open(tmp_path):
        assert checks(tmp_path, tmp_path)["library"].state == "ok"
