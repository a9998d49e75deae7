from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reading import read, storable
from segue.catalog.incoming import PlaylistRecord, Skip
from segue.catalog.records import TrackRecord
from segue.sources import jspf
from segue.sources.jspf import JspfFile

DATA = Path(__file__).parent / "data"
UUID = "9f24c0f7-a644-4074-8fbd-a1dba03de129"
TRACK = "https://musicbrainz.org/doc/jspf#track"
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


def written(path: Path, **about: Any) -> tuple[list[Any], str]:
    path.write_text(json.dumps({"playlist": about}))
    records, error = read(JspfFile(path))
    storable(records)
    return records, error


def test_the_sample_of_listenbrainz() -> None:
    (found,), error = read(JspfFile(DATA / "lb.jspf"))
    assert error == ""
    assert isinstance(found, PlaylistRecord)
    assert found.key == "listenbrainz:00000000-0000-4000-8000-000000000001"
    assert (found.name, found.owner, found.modified_at) == ("Late night", "", 1795478400)
    assert found.added_at == [1795478400]
    recording = "98255a8c-017a-4bc7-8dd6-1fa36124572b"
    artist, album = "db92a151-1ac2-438b-bc43-b82e149ddd50", "bf9e91ea-8029-4a04-a26a-224e00a83266"
    assert list(found.tracks) == [
        TrackRecord(
            "Track A",
            artist="Artist A",
            album="Album A",
            duration=222.0,
            outside_ids=(
                ("musicbrainz_recording", recording),
                ("musicbrainz_album", album),
                ("musicbrainz_artist", artist),
            ),
            key=f"musicbrainz:{recording}",
            artists=("Artist A",),
            artist_keys=(f"musicbrainz:{artist}",),
            album_key=f"musicbrainz:{album}",
        )
    ]


@pytest.mark.parametrize("as_list", [True, False])
def test_both_dialects(tmp_path: Path, as_list: bool) -> None:
    about = {"artist_identifiers": [f"https://musicbrainz.org/artist/{UUID}", "x", 7]}
    identifier = f"https://musicbrainz.org/recording/{UUID}"
    track = {
        "title": "A",
        "creator": "B",
        "location": ["file:///m/a.mp3"] if as_list else "file:///m/a.mp3",
        "identifier": [identifier] if as_list else identifier,
        "extension": {TRACK: [about] if as_list else about},
        "trackNum": 3 if as_list else "3",
    }
    (found,), _ = written(tmp_path / "a.jspf", title="T", annotation="words", track=[track])
    assert (found.key, found.description) == (f"path:{tmp_path}/a.jspf", "words")
    assert found.added_at is None
    assert found.tracks[0] == TrackRecord(
        "A",
        artist="B",
        track_number=3,
        key="path:/m/a.mp3",
        outside_ids=(("musicbrainz_recording", UUID), ("musicbrainz_artist", UUID)),
        artists=("B",),
        artist_keys=(f"musicbrainz:{UUID}",),
    )


def test_wrong_types_are_skipped_or_left_out(tmp_path: Path) -> None:
    records, error = written(
        tmp_path / "a.jspf",
        title=7,
        date=["x"],
        extension=[],
        identifier={},
        track=[
            None,
            "x",
            {},
            {"title": ["A"]},
            {"title": "A", "creator": 1, "album": {}, "duration": True, "trackNum": "x"},
            {"title": "B", "extension": {TRACK: 7}, "identifier": [None, 7], "location": 7},
        ],
    )
    assert error == ""
    *skips, found = records
    reasons = [skip.reason for skip in skips]
    assert reasons == ["not an object", "not an object", "no title", "no title"]
    assert found.name == "a"
    assert list(found.tracks) == [TrackRecord("A"), TrackRecord("B")]


@pytest.mark.parametrize("content", ["[]", "{}", '{"playlist": 7}', "null"])
def test_what_is_no_jspf(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.jspf"
    path.write_text(content)
    assert "no object under the key 'playlist'" in read(JspfFile(path))[1]


@pytest.mark.parametrize("tracks", [[], {}, None, "x"])
def test_nothing_in_it(tmp_path: Path, tracks: Any) -> None:
    records, error = written(tmp_path / "a.jspf", title="T", track=tracks)
    assert (records, error) == ([Skip("an empty playlist", "T", bad=False)], "")


def test_cut_in_half_keeps_what_was_good(tmp_path: Path) -> None:
    path = tmp_path / "a.jspf"
    path.write_text('{"playlist": {"title": "T", "track": [{"title": "A"}, {"title": "B"}, {"ti')
    (found,), error = read(JspfFile(path))
    assert isinstance(found, PlaylistRecord)
    assert [each.title for each in found.tracks] == ["A", "B"]
    assert "cut off" in error
    path.write_text('{"playlist": {"title": "T", "tra')
    assert read(JspfFile(path))[0] == []


def test_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jspf"
    path.write_text('{"playlist": {"title": "' + "x" * 3000)
    monkeypatch.setattr(jspf, "LARGEST", 2000)
    assert "at most 2,000" in read(JspfFile(path))[1]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_types(tmp_path: Path, data: st.DataObject) -> None:
    document = json.loads((DATA / "lb.jspf").read_text())
    track = document["playlist"]["track"][0]
    about = track["extension"][TRACK]
    for holder in (document["playlist"], track, about):
        key = data.draw(st.sampled_from(sorted(holder)))
        holder[key] = data.draw(VALUES)
    path = tmp_path / "a.jspf"
    path.write_text(json.dumps(document))
    records, error = read(JspfFile(path))
    storable(records)
    assert records
    assert error == ""


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=80), st.integers(0, 1000))
def test_any_damage(tmp_path: Path, content: bytes, place: int) -> None:
    path = tmp_path / "a.jspf"
    sample = (DATA / "lb.jspf").read_bytes()
    for damaged in (content, sample[:place] + content + sample[place + len(content) :]):
        path.write_bytes(damaged)
        records, error = read(JspfFile(path))
        storable(records)
        assert records or error
