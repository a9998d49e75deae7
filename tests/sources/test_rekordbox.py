from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reading import read, storable
from segue.catalog.incoming import (
    FeatureRecord,
    PlayCountRecord,
    PlaylistRecord,
    RatingRecord,
    Record,
    Skip,
)
from segue.catalog.records import TrackRecord
from segue.sources import rekordbox
from segue.sources.rekordbox import RekordboxCollection

DATA = Path(__file__).parent / "data"


def collection(path: Path, tracks: str, nodes: str = "") -> list[Record]:
    path.write_text(
        f"<DJ_PLAYLISTS><COLLECTION>{tracks}</COLLECTION><PLAYLISTS>"
        f'<NODE Type="0" Name="ROOT">{nodes}</NODE></PLAYLISTS></DJ_PLAYLISTS>'
    )
    records, error = read(RekordboxCollection(path))
    storable(records)
    assert error == ""
    return records


def reasons(records: list[Record]) -> list[str]:
    return [each.reason for each in records if isinstance(each, Skip)]


def test_the_sample() -> None:
    records, error = read(RekordboxCollection(DATA / "rb.xml"))
    assert error == ""
    track = TrackRecord("Teardrop", artist="Massive Attack", key="path:/music/a b.mp3")
    assert records[:-1] == [track, FeatureRecord(track, tempo=82.0, key=9, mode=0)]
    found = records[-1]
    assert isinstance(found, PlaylistRecord)
    assert (found.key, found.name) == (f"path:{DATA}/rb.xml#Late night", "Late night")
    assert list(found.tracks) == [track]
    assert found.tags == ()


def test_every_attribute_of_a_track(tmp_path: Path) -> None:
    records = collection(
        tmp_path / "a.xml",
        '<TRACK TrackID="7" Name="A" Artist="B" Album="C" Genre="Techno" TotalTime="301" '
        'Year="1999" TrackNumber="2" DiscNumber="1" AverageBpm="0.00" Tonality="8B" Rating="204" '
        'PlayCount="5" Location="file://localhost/C:/a.mp3"><TEMPO Bpm="1"/></TRACK>',
    )
    track = TrackRecord(
        "A",
        artist="B",
        album="C",
        genres=("Techno",),
        duration=301.0,
        year=1999,
        track_number=2,
        disc_number=1,
        key="path:C:/a.mp3",
    )
    assert records == [
        track,
        RatingRecord(track, 0.5),
        PlayCountRecord(track, 5),
        FeatureRecord(track, key=0, mode=1),
    ]


@pytest.mark.parametrize(
    ("rating", "value"),
    [
        ("255", 1.0),
        ("153", 0.0),
        ("51", -1.0),
        ("1", -1.0),
        ("0", None),
        ("999", None),
        ("x", None),
    ],
)
def test_ratings(tmp_path: Path, rating: str, value: float | None) -> None:
    records = collection(tmp_path / "a.xml", f'<TRACK TrackID="1" Name="A" Rating="{rating}"/>')
    ratings = [each.value for each in records if isinstance(each, RatingRecord)]
    assert ratings == ([] if value is None else [value])


def test_folders_and_both_kinds_of_keys(tmp_path: Path) -> None:
    records = collection(
        tmp_path / "a.xml",
        '<TRACK TrackID="1" Name="A" Location="file://localhost/a%20b.mp3"/>'
        '<TRACK TrackID="2" Name="B" Location="file://localhost/b.mp3"/>',
        '<NODE Type="0" Name="Sets"><NODE Type="0" Name="2024">'
        '<NODE Type="1" Name="Mine" KeyType="0"><TRACK Key="2"/><TRACK Key="1"/><TRACK Key="2"/>'
        '<TRACK Key="9"/></NODE></NODE>'
        '<NODE Type="1" Name="Mine" KeyType="1"><TRACK Key="file://localhost/a%20b.mp3"/></NODE>'
        '</NODE><NODE Type="1" Name="Empty" KeyType="0"/>',
    )
    first, second = (each for each in records if isinstance(each, PlaylistRecord))
    assert (first.key, first.tags) == (f"path:{tmp_path}/a.xml#Sets/2024/Mine", ("Sets", "2024"))
    assert [track.title for track in first.tracks] == ["B", "A", "B"]
    assert (second.key, second.tags) == (f"path:{tmp_path}/a.xml#Sets/Mine", ("Sets",))
    assert [track.title for track in second.tracks] == ["A"]
    assert reasons(records) == ["entries without their track", "an empty playlist"]


def test_doubled_and_nameless_things(tmp_path: Path) -> None:
    node = '<NODE Type="1" Name="P" KeyType="0"><TRACK Key="1"/></NODE>'
    records = collection(
        tmp_path / "a.xml",
        '<TRACK TrackID="1" Name="A"/><TRACK TrackID="1" Name="B"/><TRACK/>'
        '<TRACK TrackID="3" Location="file://localhost/m/C.mp3"/>',
        node + node + '<NODE Type="1" Name="Q" KeyType="1"><TRACK/></NODE>',
    )
    titles = [each.title for each in records if isinstance(each, TrackRecord)]
    assert titles == ["A", "C"]
    assert reasons(records) == [
        "a second track of one number",
        "no title",
        "a second playlist of one name or number",
        "entries without their track",
        "an empty playlist",
    ]


def test_cut_in_half_keeps_what_was_good(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text(
        '<DJ_PLAYLISTS><COLLECTION><TRACK TrackID="1" Name="A"/></COLLECTION><PLAYLISTS>'
        '<NODE Type="0" Name="ROOT"><NODE Type="1" Name="P"><TRACK Key="1"/></NODE>'
        '<NODE Type="1" Name="Q"><TRACK Key="1"/><TRA'
    )
    (track, found), error = read(RekordboxCollection(path))
    assert track == TrackRecord("A")
    assert isinstance(found, PlaylistRecord)
    assert found.name == "P"
    assert "line 1" in error


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no element"),
        (b"<html></html>", "root is another"),
        (b'<!DOCTYPE a [<!ENTITY a "b">]><DJ_PLAYLISTS>&a;</DJ_PLAYLISTS>', "declares entities"),
    ],
)
def test_what_is_no_collection(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(content)
    records, error = read(RekordboxCollection(path))
    assert records == []
    assert message in error


def test_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rekordbox, "LARGEST", 200)
    assert "at most 200" in read(RekordboxCollection(DATA / "rb.xml"))[1]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=40), st.integers(0, 650))
def test_any_damage(tmp_path: Path, content: bytes, place: int) -> None:
    path = tmp_path / "a.xml"
    sample = (DATA / "rb.xml").read_bytes()
    for damaged in (content, sample[:place] + content + sample[place + len(content) :]):
        path.write_bytes(damaged)
        records, error = read(RekordboxCollection(path))
        storable(records)
        assert isinstance(error, str)
