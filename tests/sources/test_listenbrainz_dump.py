from __future__ import annotations

import io
import json
import struct
import sys
import tarfile
import zlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from reading import read, storable
from segue.catalog.incoming import ListenRecord, Skip
from segue.catalog.records import TrackRecord
from segue.sources.listenbrainz import ListenBrainzExport
from segue.sources.listenbrainz_dump import ListenBrainzDump
from segue.sources.source import Source

DATA = Path(__file__).parent / "data"
SAMPLE = DATA / "lb_dump_2026_1.listens"
TAR = "listenbrainz-listens-dump-1-20260101-000003-full.tar"


def line(user: Any = 7, title: Any = "Teardrop") -> bytes:
    row = {
        "user_id": user,
        "user_name": "planted-user",
        "timestamp": 1767225600,
        "track_metadata": {"track_name": title, "artist_name": "Massive Attack"},
    }
    return json.dumps(row).encode() + b"\n"


def archive(path: Path, **members: bytes) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(f"dump/listens/2026/{name}.listens")
            info.size, info.mtime = len(content), 1.5  # a fraction needs an extended header
            tar.addfile(info, io.BytesIO(content))
        tar.addfile(tarfile.TarInfo("dump/COPYING"))
    return path


@pytest.fixture
def zlib_as_zstandard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for the library, which need not be installed, with its manner and another format."""

    class BrokenError(Exception):
        pass

    class Reader(io.RawIOBase):
        def __init__(self, file: io.BufferedIOBase) -> None:
            self._file = file
            self._inner = zlib.decompressobj()

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            try:
                data = b""
                while not data and (packed := self._inner.unconsumed_tail or self._file.read(99)):
                    data = self._inner.decompress(packed, len(buffer))
            except zlib.error as error:
                raise BrokenError(str(error)) from error
            buffer[: len(data)] = data
            return len(data)

    class Decompressor:
        def stream_reader(self, file: Any, *, read_across_frames: bool, closefd: bool) -> Reader:
            assert read_across_frames
            assert not closefd
            return Reader(file)

    module = ModuleType("zstandard")
    vars(module).update(ZstdDecompressor=Decompressor, ZstdError=BrokenError)
    monkeypatch.setitem(sys.modules, "zstandard", module)


def test_the_sample() -> None:
    source = ListenBrainzDump(SAMPLE)
    assert isinstance(source, Source)
    assert source.recognises(SAMPLE, SAMPLE.read_bytes())
    found, error = read(source)
    assert not error
    recording = "98255a8c-017a-4bc7-8dd6-1fa36124572b"
    track = TrackRecord(
        "Track A",
        "Artist A",
        "Album A",
        duration=222.0,
        outside_ids=(("musicbrainz_recording", recording),),
        key=f"musicbrainz:{recording}",
    )
    assert found == [ListenRecord(track, 1767225600, listener="listenbrainz:1")]


def test_what_it_recognises(tmp_path: Path) -> None:
    assert ListenBrainzDump.recognises(tmp_path / "renamed.jsonl", line() + b"{")
    assert ListenBrainzDump.recognises(tmp_path / "1.listens.zst", b"\x28\xb5\x2f\xfd")
    assert ListenBrainzDump.recognises(tmp_path / TAR, b"")
    assert not ListenBrainzDump.recognises(tmp_path / "music.tar", b"")
    assert not ListenBrainzDump.recognises(tmp_path / "a.jsonl", b'{"listened_at": 1}')
    (tmp_path / "listens" / "2026").mkdir(parents=True)
    assert not ListenBrainzDump.recognises(tmp_path, b"")
    (tmp_path / "listens" / "2026" / "1.listens").write_bytes(line())
    assert ListenBrainzDump.recognises(tmp_path, b"")
    assert not ListenBrainzExport.recognises(tmp_path, b"")


def test_listeners_are_numbers_and_never_names(tmp_path: Path) -> None:
    path = tmp_path / "1.listens"
    users = [7, "8", None, "planted-user", -1, 1.5]
    path.write_bytes(b"".join(map(line, users)) + line(title=None) + line()[:40])
    found, error = read(ListenBrainzDump(path))
    assert not error
    storable(found)
    assert [each.listener for each in found if isinstance(each, ListenRecord)] == [
        "listenbrainz:7",
        "listenbrainz:8",
    ]
    assert [each.reason for each in found if isinstance(each, Skip)] == [
        *["no listener"] * 4,
        "no title",
        "a line that is no JSON",
    ]
    assert "planted-user" not in repr(found)


def test_a_folder_gives_a_part_a_month(tmp_path: Path) -> None:
    for name in ("2025/12", "2026/1"):
        path = tmp_path / "listens" / f"{name}.listens"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(line())
    parts = list(ListenBrainzDump(tmp_path).parts())
    assert [part.name for part in parts] == ["listens/2025/12.listens", "listens/2026/1.listens"]
    assert all(part.stamp for part in parts)


def test_an_archive_is_read_as_a_stream(tmp_path: Path) -> None:
    path = archive(tmp_path / TAR, a=line(1) + line(2), b=line(3))
    found, error = read(ListenBrainzDump(path))
    assert not error
    assert [getattr(each, "listener", "") for each in found] == [
        "listenbrainz:1",
        "listenbrainz:2",
        "listenbrainz:3",
    ]


@pytest.mark.parametrize("keep", [0, 100, 2_000, 2_600])
def test_an_archive_cut_off_gives_what_it_has(tmp_path: Path, keep: int) -> None:
    path = archive(tmp_path / TAR, a=line(1), b=line(2) * 20)
    path.write_bytes(path.read_bytes()[:keep])
    found, error = read(ListenBrainzDump(path))
    assert len(found) < 21
    assert "damaged or cut off" in error


def test_an_archive_with_a_huge_header_is_refused(tmp_path: Path) -> None:
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 5 << 30
    path = tmp_path / TAR
    path.write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(10_240))
    assert "headers that no dump" in read(ListenBrainzDump(path))[1]
    info = tarfile.TarInfo("a.listens")
    info.type = tarfile.GNUTYPE_SPARSE
    path.write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(10_240))
    assert "headers that no dump" in read(ListenBrainzDump(path))[1]


@pytest.mark.usefixtures("zlib_as_zstandard")
def test_what_is_packed_is_unpacked_on_the_way(tmp_path: Path) -> None:
    one = tmp_path / "1.listens.zst"
    one.write_bytes(zlib.compress(line(1) * 500))
    found, error = read(ListenBrainzDump(one))
    assert (len(found), error) == (500, "")
    whole = tmp_path / f"{TAR}.zst"
    whole.write_bytes(zlib.compress(archive(tmp_path / TAR, a=line(1), b=line(2)).read_bytes()))
    found, error = read(ListenBrainzDump(whole))
    assert (len(found), error) == (2, "")
    one.write_bytes(struct.pack("<I", 0xFD2FB528) * 9)
    assert "is damaged" in read(ListenBrainzDump(one))[1]


def test_without_the_library_it_says_to_unpack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    path = tmp_path / "1.listens.zst"
    path.write_bytes(b"x")
    found, error = read(ListenBrainzDump(path))
    assert not found
    assert "unpack it first" in error
