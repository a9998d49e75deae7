from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reading import read, storable
from segue.catalog.incoming import PlaylistRecord, Skip
from segue.catalog.records import TrackRecord
from segue.sources import xspf
from segue.sources.xspf import XspfFile

DATA = Path(__file__).parent / "data"
UUID = "9f24c0f7-a644-4074-8fbd-a1dba03de129"
HEAD = '<playlist version="1" xmlns="http://xspf.org/ns/0/"><title>Mine</title><trackList>'
TAIL = "</trackList></playlist>"


def entries(path: Path, tracks: str) -> list[TrackRecord]:
    path.write_text(HEAD + tracks + TAIL)
    records, error = read(XspfFile(path))
    assert error == ""
    storable(records)
    return [each for found in records if isinstance(found, PlaylistRecord) for each in found.tracks]


def test_the_sample() -> None:
    (found,), error = read(XspfFile(DATA / "a.xspf"))
    assert error == ""
    assert isinstance(found, PlaylistRecord)
    assert (found.key, found.name) == (f"path:{DATA}/a.xspf", "Late night")
    assert (found.owner, found.modified_at) == ("", 1795478400)
    assert list(found.tracks) == [
        TrackRecord(
            "Teardrop",
            artist="Massive Attack",
            album="Mezzanine",
            track_number=3,
            duration=329.0,
            key="path:/music/Massive Attack/Teardrop.flac",
            outside_ids=(("musicbrainz_recording", UUID),),
        )
    ]


def test_keys_by_file_then_by_service_then_none(tmp_path: Path) -> None:
    mbid = f"<identifier>https://musicbrainz.org/recording/{UUID.upper()}</identifier>"
    web = "<location>http://localhost/a.mp3</location>"
    found = entries(
        tmp_path / "a.xspf",
        f"<track><title>A</title>{web}<location>b.mp3</location>{mbid}</track>"
        f"<track><title>B</title>{web}{mbid}</track>"
        f"<track><title>C</title><creator>D</creator>{web}</track>"
        f"<track>{mbid}</track>"
        "<track><location>E/F/01 - G.mp3</location></track>",
    )
    assert [(each.key, each.title) for each in found] == [
        (f"path:{tmp_path}/b.mp3", "A"),
        (f"musicbrainz:{UUID}", "B"),
        ("", "C"),
        (f"musicbrainz:{UUID}", ""),
        (f"path:{tmp_path}/E/F/01 - G.mp3", "G"),
    ]
    assert [bool(each.outside_ids) for each in found] == [True, True, False, True, False]


def test_entries_without_anything_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "a.xspf"
    path.write_text(HEAD + "<track/><track><location>http://localhost/</location></track>" + TAIL)
    records, _ = read(XspfFile(path))
    assert [each.reason for each in records if isinstance(each, Skip)] == [
        "no title",
        "no title",
        "an empty playlist",
    ]


def test_wrong_values_are_left_out(tmp_path: Path) -> None:
    (found,) = entries(
        tmp_path / "a.xspf",
        "<track><title>A</title><duration>long</duration><trackNum>-3</trackNum></track>",
    )
    assert (found.duration, found.track_number) == (None, None)


def test_without_a_namespace_and_with_a_prefix(tmp_path: Path) -> None:
    path = tmp_path / "a.xspf"
    for prefix in ("", "x:"):
        track = f"<{prefix}track><{prefix}title>A</{prefix}title></{prefix}track>"
        name = ' xmlns:x="http://xspf.org/ns/0/"' if prefix else ""
        path.write_text(
            f"<{prefix}playlist{name}><{prefix}trackList>{track}</{prefix}trackList></{prefix}playlist>"
        )
        (found,), _ = read(XspfFile(path))
        assert isinstance(found, PlaylistRecord)
        assert (found.name, found.tracks[0].title) == ("a", "A")


def test_cut_in_half_keeps_what_was_good(tmp_path: Path) -> None:
    path = tmp_path / "a.xspf"
    path.write_text(HEAD + "<track><title>A</title></track><track><title>B</ti")
    (found,), error = read(XspfFile(path))
    assert isinstance(found, PlaylistRecord)
    assert [each.title for each in found.tracks] == ["A"]
    assert "line 1" in error


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no element found"),
        ("<html/>", "root is <html>"),
        ('<!DOCTYPE p [<!ENTITY a "b">]><playlist>&a;</playlist>', "declares entities"),
    ],
)
def test_what_is_no_xspf(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "a.xspf"
    path.write_text(content)
    records, error = read(XspfFile(path))
    assert records == []
    assert message in error


def test_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.xspf"
    path.write_text(HEAD + "x" * 3000)
    monkeypatch.setattr(xspf, "LARGEST", 2000)
    assert "at most 2,000" in read(XspfFile(path))[1]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=80), st.integers(0, 700))
def test_any_damage(tmp_path: Path, content: bytes, place: int) -> None:
    path = tmp_path / "a.xspf"
    sample = (DATA / "a.xspf").read_bytes()
    for data in (content, sample[:place] + content + sample[place + len(content) :]):
        path.write_bytes(data)
        records, error = read(XspfFile(path))
        storable(records)
        assert records or error
