from __future__ import annotations

from pathlib import Path

import pytest

from segue.errors import LibraryError
from segue.players.m3u import write_m3u
from segue.types import Track


def test_a_playlist(tmp_path: Path) -> None:
    tracks = [
        Track(1, "Jóga", "Björk", duration=305.4, path="/m/jóga.flac".encode()),
        Track(2, "Two\nlines\t", duration=None, path=b"/m/\xff.mp3"),
        Track(3, "No file"),
        Track(4, "A path that no playlist can hold", path=b"/m/a\nb.mp3"),
        Track(5, "\udcff", path=b"/m/5.mp3"),
    ]
    assert write_m3u(tmp_path / "a.m3u8", tracks) == 3
    assert (tmp_path / "a.m3u8").read_bytes() == (
        "#EXTM3U\n#EXTINF:305,Björk - Jóga\n/m/jóga.flac\n#EXTINF:-1,Two lines\n".encode()
        + b"/m/\xff.mp3\n#EXTINF:-1,?\n/m/5.mp3\n"
    )


def test_nothing_to_write(tmp_path: Path) -> None:
    assert write_m3u(tmp_path / "a.m3u8", []) == 0
    assert (tmp_path / "a.m3u8").read_bytes() == b"#EXTM3U\n"


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="cannot be written"):
        write_m3u(tmp_path / "no" / "a.m3u8", [])


def test_what_is_no_playlist_is_never_overwritten(tmp_path: Path) -> None:
    song = tmp_path / "a.ogg"
    song.write_bytes(b"OggS music")
    with pytest.raises(LibraryError, match="no playlist"):
        write_m3u(song, [])
    assert song.read_bytes() == b"OggS music"
