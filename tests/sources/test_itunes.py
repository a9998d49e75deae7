from __future__ import annotations

import plistlib
from datetime import datetime
from pathlib import Path
from typing import Any

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
from segue.sources import itunes
from segue.sources.itunes import ItunesLibrary

DATA = Path(__file__).parent / "data"
SAMPLE = DATA / "iTunes Library.xml"


def library(
    path: Path, tracks: list[dict[str, Any]], playlists: list[dict[str, Any]] | None = None
) -> list[Record]:
    """The records of a library in the order of a real one: tracks come first."""
    numbered = {str(n): {"Track ID": n, **track} for n, track in enumerate(tracks, 1)}
    document = {"Library Persistent ID": "AB", "Tracks": numbered, "Playlists": playlists or []}
    path.write_bytes(plistlib.dumps(document, sort_keys=False))
    records, error = read(ItunesLibrary(path))
    storable(records)
    assert error == ""
    return records


def items(*ids: int) -> list[dict[str, int]]:
    return [{"Track ID": id_} for id_ in ids]


def playlists(records: list[Record]) -> dict[str, PlaylistRecord]:
    return {each.name: each for each in records if isinstance(each, PlaylistRecord)}


def test_the_sample_where_playlists_come_first() -> None:
    records, error = read(ItunesLibrary(SAMPLE))
    assert error == ""
    track = TrackRecord(
        "Teardrop",
        artist="Massive Attack",
        album="Mezzanine",
        genres=("Trip-Hop",),
        duration=329.0,
        key="path:/Music/Massive Attack/Teardrop.mp3",
    )
    assert records[:-1] == [
        track,
        RatingRecord(track, 0.5),
        PlayCountRecord(track, 12, skips=1),
        FeatureRecord(track, tempo=77.0),
    ]
    found = records[-1]
    assert isinstance(found, PlaylistRecord)
    assert (found.key, found.name, found.tags) == (f"path:{SAMPLE}#EF", "Late night", ())
    assert list(found.tracks) == [track]


def test_every_field_of_a_track(tmp_path: Path) -> None:
    (track, plays) = library(
        tmp_path / "a.xml",
        [
            {
                "Name": "Jóga",
                "Artist": "Björk",
                "Album Artist": "Björk",
                "Track Number": 2,
                "Disc Number": 1,
                "Year": 1997,
                "Play Count": 3,
                "Play Date UTC": datetime(2024, 5, 6, 18, 43),
                "Location": "file://localhost/C:/Music/Bj%C3%B6rk/J%C3%B3ga.mp3",
            }
        ],
    )
    assert track == TrackRecord(
        "Jóga",
        artist="Björk",
        album_artist="Björk",
        track_number=2,
        disc_number=1,
        year=1997,
        key="path:C:/Music/Björk/Jóga.mp3",
    )
    assert plays == PlayCountRecord(track, 3, last_at=1715020980)


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ({"Rating": 100}, 1.0),
        ({"Rating": 60}, 0.0),
        ({"Rating": 20}, -1.0),
        ({"Rating": 10}, -1.0),
        ({"Rating": 0}, None),
        ({"Rating": 101}, None),
        ({"Rating": "five"}, None),
        ({"Rating": 100, "Rating Computed": True}, None),
        ({"Loved": True, "Rating": 20}, 1.0),
        ({"Favorited": True}, 1.0),
        ({"Disliked": True, "Rating": 80}, -1.0),
        ({"Loved": False}, None),
    ],
)
def test_ratings(tmp_path: Path, fields: dict[str, Any], value: float | None) -> None:
    records = library(tmp_path / "a.xml", [{"Name": "A", **fields}])
    ratings = [each.value for each in records if isinstance(each, RatingRecord)]
    assert ratings == ([] if value is None else [value])


def test_what_is_no_music_is_left_out(tmp_path: Path) -> None:
    flags = ["Podcast", "Music Video", "TV Show", "Movie", "Has Video"]
    records = library(
        tmp_path / "a.xml",
        [
            *({"Name": flag, flag: True} for flag in flags),
            {"Name": "Radio", "Track Type": "URL", "Location": "http://localhost/"},
            {"Artist": "A"},
            {"Name": "Good"},
        ],
        [{"Name": "All", "Playlist Items": items(1, 2, 3, 8)}],
    )
    skips = [each for each in records if isinstance(each, Skip)]
    assert [skip.reason for skip in skips] == [
        "a podcast",
        *["a video"] * 4,
        "a web address",
        "no title",
    ]
    assert [skip.bad for skip in skips] == [False] * 6 + [True]
    assert [track.title for track in playlists(records)["All"].tracks] == ["Good"]


def test_playlists_and_their_folders(tmp_path: Path) -> None:
    records = library(
        tmp_path / "a.xml",
        [{"Name": "A"}, {"Name": "B"}],
        [
            {"Name": "Library", "Master": True, "Playlist Items": items(1, 2)},
            {"Name": "Music", "Distinguished Kind": 4, "Playlist Items": items(1, 2)},
            {"Name": "Outer", "Folder": True, "Playlist Persistent ID": "F1"},
            {
                "Name": "Inner",
                "Folder": True,
                "Playlist Persistent ID": "F2",
                "Parent Persistent ID": "F1",
                "Playlist Items": items(1),
            },
            {"Name": "Smart", "Smart Info": b"x", "Playlist ID": 7, "Playlist Items": items(2)},
            {
                "Name": "Mine",
                "Playlist Persistent ID": "P1",
                "Parent Persistent ID": "F2",
                "Playlist Items": items(2, 1, 2, 99),
            },
            {"Name": "Again", "Playlist Persistent ID": "P1", "Playlist Items": items(1)},
            {"Name": "Empty", "Playlist Persistent ID": "P2"},
        ],
    )
    found = playlists(records)
    assert sorted(found) == ["Mine", "Smart"]
    assert found["Mine"].tags == ("Outer", "Inner")
    assert [track.title for track in found["Mine"].tracks] == ["B", "A", "B"]
    assert found["Smart"].key == f"path:{tmp_path}/a.xml#7"
    assert [each for each in records if isinstance(each, Skip)] == [
        Skip("entries without their track", "Mine: 1"),
        Skip("a second playlist of one name or number", "Again"),
        Skip("an empty playlist", "Empty", bad=False),
    ]


def test_folders_in_a_circle_and_doubled_tracks(tmp_path: Path) -> None:
    records = library(
        tmp_path / "a.xml",
        [{"Name": "A"}, {"Name": "B", "Track ID": 1}, {"Name": "C", "Track ID": "x"}],
        [
            {
                "Name": "F",
                "Folder": True,
                "Playlist Persistent ID": "1",
                "Parent Persistent ID": "2",
            },
            {
                "Name": "G",
                "Folder": True,
                "Playlist Persistent ID": "2",
                "Parent Persistent ID": "1",
            },
            {"Name": "P", "Parent Persistent ID": "1", "Playlist Items": items(1)},
        ],
    )
    assert playlists(records)["P"].tags == ("G", "F")
    assert [each.reason for each in records if isinstance(each, Skip)] == [
        "a second track of one number",
        "a track without a number",
    ]


def test_wrong_types_everywhere(tmp_path: Path) -> None:
    names = "Artist|Album|Total Time|Year|BPM|Play Count|Location|Genre".split("|")
    odd: dict[str, Any] = {name: [1, {}] for name in names}
    records = library(
        tmp_path / "a.xml",
        [{"Name": "A", **odd}],
        [{"Name": 7, "Playlist Items": {"a": 1}}, {"Name": "P", "Playlist Items": [7, {}, [1]]}],
    )
    assert records[0] == TrackRecord("A")
    assert [each.reason for each in records[1:] if isinstance(each, Skip)] == [
        "an empty playlist",
        "an empty playlist",
    ]


def test_control_characters_and_cuts(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    library(path, [{"Name": "AxxB"}, {"Name": "C"}, {"Name": "D"}])
    whole = path.read_bytes().replace(b"AxxB", b"A\0\x01B")
    path.write_bytes(whole[: whole.index(b"<string>D")])
    records, error = read(ItunesLibrary(path))
    assert [each.title for each in records if isinstance(each, TrackRecord)] == ["AB", "C"]
    assert "line" in error


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no element"),
        (b"<html></html>", "no property list"),
        (b'<!DOCTYPE plist [<!ENTITY a "b">]><plist>&a;</plist>', "declares entities"),
        (b"bplist00\xd1\x01\x02", "line 1"),
    ],
)
def test_what_is_no_library(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(content)
    records, error = read(ItunesLibrary(path))
    assert records == []
    assert message in error


def test_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(itunes, "LARGEST", 200)
    assert "at most 200" in read(ItunesLibrary(SAMPLE))[1]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=40), st.integers(0, 2200))
def test_any_damage(tmp_path: Path, content: bytes, place: int) -> None:
    path = tmp_path / "a.xml"
    sample = SAMPLE.read_bytes()
    for damaged in (content, sample[:place] + content + sample[place + len(content) :]):
        path.write_bytes(damaged)
        records, error = read(ItunesLibrary(path))
        storable(records)
        assert records or error
