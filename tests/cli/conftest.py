from __future__ import annotations

from pathlib import Path

import pytest

import libraries
from segue.config import EAR_VARIABLE


@pytest.fixture(scope="session")
def demo_library(
    tmp_path_factory: pytest.TempPathFactory, demo_music: Path, ear_folder: Path
) -> Path:
    """Return a library with the demo music, heard by the ear; copy it before changing it."""
    assert ear_folder
    return libraries.demo_library(tmp_path_factory.getbasetemp(), demo_music)


PLAYLIST = """#EXTM3U
#PLAYLIST:Late
#EXTINF:331,Massive Attack - Teardrop
/music/teardrop.mp3
#EXTINF:389,Massive Attack - Angel
/music/angel.mp3
#EXTINF:240,宇多田ヒカル - さくらドロップス
/music/sakura.mp3
"""
TABLE = """track_id,track_name,track_artist,album,duration_ms,valence,tempo,key,mode,genre
67Hna13dNDkZvBpTXRIaOJ,Teardrop,Massive Attack,Mezzanine,330773,0.31,77.5,8,1,trip hop
0000000000000000000001,TEARDROP - Remastered,Massive Attack,Collected,334000,0.3,77.4,8,1,trip hop
7uv632EkfwYhXoqf8rhYrg,Angel,Massive Attack,Mezzanine,379533,0.08,107.2,0,0,trip hop
"""


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """Return a folder with a playlist and a table of features that know two of the same songs."""
    folder = tmp_path / "collection"
    folder.mkdir()
    (folder / "late.m3u8").write_text(PLAYLIST, "utf-8")
    (folder / "features.csv").write_text(TABLE, "utf-8")
    return folder


@pytest.fixture
def no_ear(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let songs be compared by plain descriptors, as before the ear is installed."""
    monkeypatch.setenv(EAR_VARIABLE, str(tmp_path / "no-ear"))
