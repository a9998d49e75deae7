from __future__ import annotations

import json
from pathlib import Path

import pytest

import segue
from segue.service.status import KEYS
from sounds import melody, write


def test_status_of_a_library(demo_library: Path, demo_music: Path) -> None:
    with segue.open(demo_library, read_only=True) as library:
        status = library.status()
    assert json.loads(json.dumps(status)) == status
    assert (status["tracks"], status["files"], status["vectors"]) == (40, 40, 40)
    assert (status["failed"], status["missing"], status["problems"], status["playlists"]) == (
        0, 0, 0, 0,
    )  # fmt: skip
    assert status["hours"] == pytest.approx(40 * 24 / 3600, rel=0.1)
    assert status["embedders"] == [{"name": "musicnn", "version": "1", "tracks": 40}]
    assert status["ear"] == "installed"
    assert status["folders"] == [str(demo_music)]
    assert status["library"] == str(demo_library)
    assert status["bytes"] >= (demo_library / "segue.db").stat().st_size
    assert status["words"]["electronic"] > 5


def test_status_of_an_empty_library(tmp_path: Path, no_ear: None) -> None:
    assert no_ear is None
    with segue.open(tmp_path / "library") as library:
        status = library.status()
    for name in ("tracks", "files", "vectors", "playlists", "hours", "problems"):
        assert status[name] == 0
    assert status["ear"] == "missing"
    assert status["folders"] == status["embedders"] == []


def test_everything_known_of_a_song(demo_library: Path, demo_music: Path) -> None:
    with segue.open(demo_library, read_only=True) as library:
        known = library.show("hedgerow")
    assert json.loads(json.dumps(known)) == known
    assert (known["title"], known["artist"], known["album"]) == (
        "Hedgerow",
        "Ines Alder",
        known["path"].split("/")[-2],
    )
    assert known["genres"]
    (file,) = known["files"]
    assert file["path"] == known["path"]
    assert file["path"].startswith(str(demo_music))
    assert (file["state"], file["codec"], file["channels"], file["has_cover"]) == (
        "ok", "flac", 2, False,
    )  # fmt: skip
    assert known["descriptors"]["key_name"].split()[0] in KEYS
    assert known["descriptors"]["key_name"].split()[1] in ("major", "minor")
    assert known["descriptors"]["loudness"] < 0
    strengths = list(known["words"].values())
    assert strengths == sorted(strengths, reverse=True)


def test_tags_reach_the_catalogue(tmp_path: Path, no_ear: None) -> None:
    assert no_ear is None
    path = tmp_path / "music" / "x.flac"
    write(path, melody(1), 16_000, "FLAC", "PCM_16",
          title="Jóga", artist="Björk", album="Homogenic",
          date="1997", tracknumber="2", genre="Rock")  # fmt: skip
    (tmp_path / "music" / "x.txt").write_text("All these accidents\nthat happen", "utf-8")
    with segue.open(tmp_path / "library") as library:
        library.add(path, workers=1)
        known = library.show(1)
    assert known["title"] == "Jóga"
    assert (known["year"], known["track_number"], known["genres"]) == (1997, 2, ["Rock"])
    assert known["lyrics"].startswith("All these accidents")
    assert known["words"] == {}
