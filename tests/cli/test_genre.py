from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from segue.audio.demo import PIECES
from segue.cli.main import segue


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory, demo_music: Path) -> Path:
    """Return a folder with three songs of two styles each."""
    top = tmp_path_factory.mktemp("labelled")
    for style in list(dict.fromkeys(piece.style for piece in PIECES))[:2]:
        (top / style).mkdir()
        for piece in [piece for piece in PIECES if piece.style == style][:3]:
            (found,) = demo_music.glob(f"{piece.artist}/{piece.album}/*{piece.title}.flac")
            shutil.copyfile(found, top / style / f"{piece.title}.flac")
    return top


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(segue, ["genre", *arguments])
    assert result.exception is None, result.exception
    return int(result.return_value or 0), result.stdout, result.stderr


def test_train_and_predict(labelled: Path, ear_folder: Path, tmp_path: Path) -> None:
    assert ear_folder
    library = ["--library", str(tmp_path / "library")]
    status, out, err = run("train", str(labelled), *library)
    assert status == 0
    assert "probe knows 2 genres from 6 songs" in out
    assert "listening: 6/6" in err
    files = sorted(map(str, labelled.glob("*/*.flac")))
    status, out, _ = run("predict", *files, *library, "--json")
    assert status == 0
    guesses = json.loads(out)
    assert [guess["likeliest"] for guess in guesses] == [Path(file).parent.name for file in files]
    (tmp_path / "no music.txt").write_text("words")
    status, out, err = run("predict", files[0], str(tmp_path / "no music.txt"), *library)
    assert status == 3
    assert "unknown" in out
    assert "no music.txt: " in err


def test_evaluate(labelled: Path, ear_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    assert ear_folder
    rows = ["file,genre,artist"]
    rows += [f"{f},{f.parent.name},artist {f.stem}" for f in sorted(labelled.glob("*/*.flac"))]
    table = labelled.parent / f"{labelled.name}.csv"
    table.write_text("\n".join(rows), "utf-8")
    status, out, err = run("evaluate", str(table), "--folds", "3", "--json")
    assert (status, err) == (0, "")
    found = json.loads(out)
    wanted = {"accuracy", "macro_f1", "vote", "chunk_accuracy", "confusion", "labels", "n"}
    assert wanted | {"seconds"} <= set(found)
    assert found["n"] == 6
    status, out, err = run("evaluate", str(table), "--folds", "3")
    assert status == 0
    assert f"{found['accuracy']:.1%} of 6 songs" in out
    assert "fold 3 of 3" in err


def test_what_is_wrong_is_said(tmp_path: Path, ear_folder: Path) -> None:
    assert ear_folder
    status, _, err = run("evaluate", str(tmp_path / "nothing"))
    assert status == 1
    assert "nothing" in err
    status, _, err = run("train", str(tmp_path), "--library", str(tmp_path / "library"))
    assert status == 1
    assert "genre" in err
