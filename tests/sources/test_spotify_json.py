from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.catalog.incoming import FeatureRecord
from segue.catalog.records import TrackRecord
from segue.sources.spotify_json import (
    entries,
    features,
    is_page,
    next_offset,
    popularity,
    spotify_id,
    text,
    track_record,
    whole,
)

NAMES = (
    "id name type uri is_local duration_ms track_number disc_number external_ids isrc artists "
    "album release_date item track added_at tempo key mode valence loudness next total items "
    "popularity"
).split()
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=8)
    | st.sampled_from(
        ["67Hna13dNDkZvBpTXRIaOJ", "2020-02-31", "\0", "\ud800", "https://x/?offset=9"]
    ),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=8)
    ),
    max_leaves=30,
)
BLANK = FeatureRecord(TrackRecord("x"))


def sound(value: str) -> bool:
    return "\0" not in value and value == value.encode("utf-8", "ignore").decode()


@given(ANYTHING)
def test_nothing_that_a_server_says_is_taken_unchecked(data: Any) -> None:
    record = track_record(data)
    if record is not None:
        assert record.title
        assert all(map(sound, (record.title, record.artist, record.album, *record.artists)))
        assert record.key == "" or spotify_id(record.key.removeprefix("spotify:"))
        assert record.artist_keys == () or len(record.artist_keys) == len(record.artists)
        assert record.duration is None or record.duration > 0
        assert record.year is None or 1000 <= record.year <= 2999
    if isinstance(data, dict):
        row = features(BLANK, data)
        assert row.valence is None or 0 <= row.valence <= 1
        assert row.tempo is None or row.tempo > 0
        assert row.key is None or 0 <= row.key <= 11
        assert row.mode in {None, 0, 1}
        assert 0 <= (popularity(data) or 0) <= 100
        following = next_offset(data, 10, 50)
        assert following is None or following > 10
    if is_page(data):
        items = data["items"] or []
        tracks, added_at, skipped = entries(items, "spotify:x", 0)
        assert len(tracks) == len(added_at)
        assert len(tracks) + len(skipped) == len(items)
        assert all(moment >= 0 for moment in added_at)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a\0b", "ab"),
        ("\ud83d\ude00", "😀"),  # a pair of halves is a character
        ("x\ud83dy", "xy"),
        (" 夏 ", "夏"),
        (None, ""),
        (b"x", ""),
    ],
)
def test_text_is_made_fit_for_the_catalogue(value: Any, expected: str) -> None:
    assert text(value) == expected


@pytest.mark.parametrize("value", [True, -1, 1.0, "1", None, 1 << 60])
def test_what_is_no_count(value: Any) -> None:
    assert whole(value) is None


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ({"next": "https://other.host/steal?offset=100", "items": [1]}, 100),
        ({"next": "?offset=50", "items": [1]}, 100),  # not forward: by the limit then
        ({"next": "?offset=x", "items": [1]}, 100),
        ({"next": "no address", "items": [1]}, 100),
        ({"next": None, "items": [1], "total": 900}, None),
        ({"next": 7, "items": [1]}, None),
        ({"next": "?offset=100", "items": []}, None),
        ({"next": "?offset=100", "items": None, "total": 100}, None),
        ({"next": "?offset=100", "items": None, "total": 101}, 100),
        ({"items": [1]}, None),
    ],
)
def test_where_the_next_page_begins(page: dict[str, Any], expected: int | None) -> None:
    assert next_offset(page, 50, 50) == expected


def test_artists_without_ids_have_names_only() -> None:
    record = track_record({"name": "a", "artists": [{"name": "b"}, {"name": "c", "id": "x1"}, 7]})
    assert record is not None
    assert (record.artist, record.artists, record.artist_keys) == ("b, c", ("b", "c"), ())


@pytest.mark.parametrize(
    ("given_isrc", "kept"),
    [("QZ-AAA-20-00001", "QZAAA2000001"), ("qzaaa2000001", "QZAAA2000001"), ("QZ1", None)],
)
def test_only_a_whole_isrc_is_kept(given_isrc: str, kept: str | None) -> None:
    record = track_record({"name": "a", "external_ids": {"isrc": given_isrc}})
    assert record is not None
    assert dict(record.outside_ids).get("isrc") == kept


def test_the_first_of_item_and_track_that_is_there_is_taken() -> None:
    track = {"name": "a", "id": "x1"}
    for entry in (
        {"item": track},
        {"track": track},
        {"item": None, "track": track},
        {"item": track, "track": True},  # before the change, `track` told tracks from episodes
    ):
        tracks, _, skipped = entries([entry], "spotify:p", 0)
        assert [record.key for record in tracks] == ["spotify:x1"]
        assert skipped == []


def test_skips_say_which_entry_it_was() -> None:
    _, _, skipped = entries([None, {"track": {"id": "x"}}], "spotify:p", 100)
    assert [(skip.reason, skip.where, skip.bad) for skip in skipped] == [
        ("an entry that is empty", "spotify:p entry 100", True),
        ("a track without a name", "spotify:p entry 101", True),
    ]


def test_features_out_of_range_are_unknown() -> None:
    row = features(BLANK, {"valence": 1.5, "energy": True, "tempo": 0, "key": -1, "mode": 2})
    assert row == BLANK
    row = features(BLANK, {"valence": 1, "loudness": -7.5, "tempo": 120, "key": 0, "mode": 0})
    assert (row.valence, row.loudness, row.tempo, row.key, row.mode) == (1.0, -7.5, 120.0, 0, 0)
