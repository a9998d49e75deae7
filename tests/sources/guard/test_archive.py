from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segue.errors import SourceError
from segue.sources.guard import Archive, Member, archive, archive_names


def packed(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, data in members.items():
            file.writestr(zipfile.ZipInfo(name), data, method)
    return path


def content(path: Path, name: str) -> bytes:
    zipped = Archive(path)
    (member,) = (member for member in zipped.members if member.name == name)
    with zipped.open(member) as file:
        return file.read()


def reasons(path: Path) -> dict[str, str]:
    return {skip.where: skip.reason for skip in Archive(path).skipped}


def test_members_by_name_with_sizes_and_stamps(tmp_path: Path) -> None:
    path = packed(
        tmp_path / "a.zip",
        {"b.json": b"[1]", "a/": b"", "a/c.json": b"x" * 100, "__MACOSX/._b.json": b"?"},
    )
    first = Archive(path).members
    assert [(member.name, member.size) for member in first] == [("a/c.json", 100), ("b.json", 3)]
    assert Archive(path).skipped == ()
    assert content(path, "a/c.json") == b"x" * 100
    assert archive_names(path) == {"a/c.json", "b.json"}
    packed(path, {"b.json": b"[2]", "a/c.json": b"x" * 100})
    second = Archive(path).members
    assert second[0] == first[0]
    assert second[1].stamp != first[1].stamp
    with pytest.raises(SourceError, match="changed"), Archive(path).open(Member("c", 1, "")):
        pass


def test_names_that_lead_out_are_skipped(tmp_path: Path) -> None:
    names = ["../up.json", "/root.json", "a/../../b.json", "..\\w.json", "C:\\w.json"]
    path = packed(tmp_path / "a.zip", {**dict.fromkeys(names, b"1"), "good..json": b"2"})
    assert archive_names(path) == {"good..json"}
    assert reasons(path) == dict.fromkeys(names, "a name that leads out of the archive")
    assert sorted(tmp_path.iterdir()) == [path]


def test_archives_within_are_not_followed(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"my_spotify_data.ZIP": b"PK", "a": b"1"})
    assert reasons(path) == {"my_spotify_data.ZIP": "an archive inside the archive"}


def test_two_of_one_name(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a", b"1")
        with pytest.warns(UserWarning, match="Duplicate"):
            file.writestr("a", b"22")
    assert content(path, "a") == b"1"
    assert reasons(path) == {"a": "a second file of one name in the archive"}


def test_unusual_methods_and_encryption(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"a": b"1"}, zipfile.ZIP_LZMA)
    assert reasons(path) == {"a": "packed by an unusual method"}
    data = bytearray(packed(path, {"a": b"1"}).read_bytes())
    for signature, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(signature) + place] |= 1
    path.write_bytes(data)
    assert reasons(path) == {"a": "encrypted"}


def test_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "_SUSPICIOUS_SIZE", 1_000_000)
    path = packed(tmp_path / "a.zip", {"a": b"\0" * 2_000_000})
    with pytest.raises(SourceError, match="would unpack to 2,000,000 bytes"):
        _ = Archive(path).members
    assert archive_names(path) == frozenset()
    noise = {"b": bytes(range(256)) * 40, "c": b"1"}
    with zipfile.ZipFile(path, "a") as file:  # hidden beside something large
        file.writestr("b", noise["b"] * 10)
    assert reasons(path) == {"a": "made to burst when unpacked"}
    assert archive_names(path) == {"b"}


def test_too_many_or_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed(tmp_path / "a.zip", {"a": b"1", "b": b"123"})
    monkeypatch.setattr(archive, "LARGEST_MEMBER", 2)
    assert reasons(path) == {"b": "larger than 4 GiB"}
    monkeypatch.setattr(archive, "MOST_MEMBERS", 1)
    with pytest.raises(SourceError, match="holds 2 files; at most 1"):
        _ = Archive(path).members
    monkeypatch.setattr(archive, "_LARGEST_LIST", 60)
    with pytest.raises(SourceError, match="list of names"):
        _ = Archive(path).members


@pytest.mark.parametrize("declared", [10, 5000])
def test_a_member_that_lies_about_its_size(tmp_path: Path, declared: int) -> None:
    path = packed(tmp_path / "a.zip", {"a": b"x" * 1000})
    data = bytearray(path.read_bytes())
    place = data.index(b"PK\1\2") + 24
    data[place : place + 4] = struct.pack("<I", declared)
    path.write_bytes(data)
    with pytest.raises(SourceError, match=r"damaged|cut off|more than it declares"):
        content(path, "a")


def test_a_broken_checksum_is_found_at_the_end(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"a": b"x" * 1000}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"xxx", b"xyx", 1))
    with pytest.raises(SourceError, match=r"a\.zip, a is damaged: Bad CRC"):
        content(path, "a")


@pytest.mark.parametrize("data", [b"", b"{}", b"PK\3\4", b"Rar!\x1a\x07"])
def test_what_is_no_zip(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    with pytest.raises(SourceError, match="not a zip"):
        _ = Archive(path).members
    assert archive_names(path) == frozenset()
    assert archive_names(tmp_path) == frozenset()


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_damage(tmp_path: Path, data: st.DataObject) -> None:
    path = packed(tmp_path / "a.zip", {"a.json": b"[1, 2, 3]" * 9, "b/c.json": b"x"})
    whole = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(
        whole[: data.draw(st.integers(0, len(whole)))] if data.draw(st.booleans()) else whole
    )
    zipped = Archive(path)
    try:
        for member in zipped.members:
            with zipped.open(member) as file:
                assert len(io.BytesIO(file.read()).getvalue()) == member.size
    except SourceError:
        pass
