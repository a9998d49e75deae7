from __future__ import annotations

import os
from pathlib import Path

import pytest

from segue.errors import SourceError
from segue.sources.guard import file_stamp, open_bytes, read_bytes, read_text, shown


def test_reads_a_file_up_to_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    assert read_bytes(path, 5) == b"12345"
    with open_bytes(path, 5) as file:
        assert file.read() == b"12345"
    with pytest.raises(SourceError, match=r"has 5 bytes; at most 4 "):
        read_bytes(path, 4)


def test_text_in_any_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes("Jóga".encode("utf-16"))
    assert read_text(path, 100) == "Jóga"


@pytest.mark.parametrize("name", ["missing", "folder", "pipe", "nul\0"])
def test_what_is_no_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match="cannot be read"):
        read_bytes(tmp_path / name, 100)


def test_stamp_changes_with_time_and_size(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    os.utime(path, ns=(0, 7))
    assert file_stamp(path) == ("5:7", 5)
    os.utime(path, ns=(0, 8))
    assert file_stamp(path) == ("5:8", 5)
    with pytest.raises(SourceError, match="cannot be read"):
        file_stamp(tmp_path / "missing")


def test_names_that_are_no_text_can_be_shown() -> None:
    assert shown(Path(os.fsdecode(b"/a/\xff"))) == "/a/\ufffd"
