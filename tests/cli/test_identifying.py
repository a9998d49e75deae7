from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import segue as package
from segue.audio.demo import PIECES, render
from segue.cli.main import segue
from segue.config import EAR_VARIABLE
from sounds import write

RATE = 22_050


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a library of three songs and two clips."""
    base = tmp_path_factory.mktemp("identify")
    for piece in PIECES[:3]:
        path = base / "music" / f"{piece.title}.flac"
        write(path, render(piece, RATE), RATE, "FLAC", "PCM_16", title=piece.title)
    for name, piece in (("known", PIECES[1]), ("stranger", PIECES[9])):
        samples = render(piece, RATE)[:, 5 * RATE : 10 * RATE]
        write(base / f"{name}.flac", samples, RATE, "FLAC", "PCM_16")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(EAR_VARIABLE, str(base / "no-ear"))
        with package.open(base / "library") as library:
            library.add(base / "music", workers=1)
    return base


def run(base: Path, name: str, *options: str) -> tuple[int, str, str]:
    arguments = ["identify", str(base / name), "--library", str(base / "library"), *options]
    result = CliRunner().invoke(segue, arguments)
    assert result.exception is None, result.exception
    return int(result.return_value or 0), result.stdout, result.stderr


def test_a_clip_of_a_song(base: Path) -> None:
    status, out, _ = run(base, "known.flac")
    assert status == 0
    assert PIECES[1].title in out
    assert "0:0" in out
    assert " of " in out
    status, out, err = run(base, "known.flac")  # now that all have been listened to
    assert (status, err) == (0, "")


def test_a_clip_of_a_stranger(base: Path) -> None:
    status, out, _ = run(base, "stranger.flac")
    assert status == 1
    assert out == "Not in this library: none of its 3 songs has this clip.\n"


def test_json_alone_on_standard_output(base: Path) -> None:
    status, out, err = run(base, "known.flac", "--json", "-k", "1")
    assert (status, err) == (0, "")
    (match,) = json.loads(out)["matches"]
    assert match["title"] == PIECES[1].title
    assert match["at"] == pytest.approx(5, abs=0.1)
    status, out, _ = run(base, "stranger.flac", "--json")
    assert (status, json.loads(out)["matches"]) == (1, [])


def test_what_cannot_be_played(base: Path) -> None:
    (base / "text.flac").write_text("no music")
    for name in ("nothing.flac", "text.flac"):
        status, out, err = run(base, name)
        assert (status, out) == (1, "")
        assert err.startswith("segue: ")
