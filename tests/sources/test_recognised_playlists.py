"""Each kind of playlist file knows its own and no other's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from segue.sources.itunes import ItunesLibrary
from segue.sources.jspf import JspfFile
from segue.sources.m3u import M3uFile
from segue.sources.rekordbox import RekordboxCollection
from segue.sources.source import Source
from segue.sources.xspf import XspfFile

DATA = Path(__file__).parent / "data"
KINDS: tuple[Any, ...] = (
    M3uFile,
    XspfFile,
    JspfFile,
    ItunesLibrary,
    RekordboxCollection,
)
SAMPLES = {
    "a.m3u8": "m3u",
    "a.xspf": "xspf",
    "lb.jspf": "jspf",
    "iTunes Library.xml": "itunes",
    "rb.xml": "rekordbox",
}


def kinds(path: Path, head: bytes) -> list[str]:
    return [kind.kind for kind in KINDS if kind.recognises(path, head)]


@pytest.mark.parametrize(("name", "kind"), SAMPLES.items())
def test_by_name_and_content(name: str, kind: str) -> None:
    head = (DATA / name).read_bytes()[: 1 << 16]
    assert kinds(DATA / name, head) == [kind]
    renamed = Path("/x/renamed.txt")
    assert kinds(renamed, b"\xef\xbb\xbf" + head) == [kind]


@pytest.mark.parametrize("name", ["a.m3u", "a.jspf", "a.xspf", "a.xml", "a"])
def test_folders_and_other_files_are_none(name: str) -> None:
    assert kinds(Path("/x") / name, b"") == []
    if name in ("a.xml", "a"):
        other = b'<?xml version="1.0"?><plist><dict><key>CFBundleName</key></dict></plist>'
        assert kinds(Path("/x") / name, other) == []
        assert kinds(Path("/x") / name, b'{"playlists": []}') == []
        assert kinds(Path("/x") / name, bytes(range(256))) == []


@pytest.mark.parametrize(("name", "kind"), SAMPLES.items())
def test_is_a_source_with_one_part(name: str, kind: str) -> None:
    (made,) = (each for each in KINDS if each.kind == kind)
    source = made(DATA / name)
    assert isinstance(source, Source)
    assert (source.kind, source.location) == (kind, str(DATA / name))
    (part,) = source.parts()
    (again,) = source.parts()
    assert (part.name, part.size) == (name, (DATA / name).stat().st_size)
    assert part.stamp == again.stamp
    assert len(list(part.read())) == len(list(again.read())) > 0
