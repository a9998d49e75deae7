from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reading import read, storable
from segue.catalog.incoming import ListenRecord, Record, Skip
from segue.catalog.records import TrackRecord
from segue.sources.source import Source
from segue.sources.spotify_account import SpotifyAccount
from segue.sources.spotify_history import CUT_OFF, SpotifyHistory

DATA = Path(__file__).parent / "data"
ID = "67Hna13dNDkZvBpTXRIaOJ"
SECRETS = ("198.51.100.7", "planted-user", "PlantedAgent/1.0", "ZZ", "planted-device")


def row(**changes: Any) -> dict[str, Any]:
    return {
        "ts": "2024-05-09T15:48:14Z",
        "username": "planted-user",
        "platform": "planted-device",
        "ms_played": 200_000,
        "conn_country": "ZZ",
        "ip_addr": "198.51.100.7",
        "ip_addr_decrypted": "198.51.100.7",
        "user_agent_decrypted": "PlantedAgent/1.0",
        "master_metadata_track_name": "Teardrop",
        "master_metadata_album_artist_name": "Massive Attack",
        "master_metadata_album_album_name": "Mezzanine",
        "spotify_track_uri": f"spotify:track:{ID}",
        "episode_name": None,
        "episode_show_name": None,
        "spotify_episode_uri": None,
        "audiobook_title": None,
        "audiobook_uri": None,
        "audiobook_chapter_uri": None,
        "audiobook_chapter_title": None,
        "reason_start": "trackdone",
        "reason_end": "trackdone",
        "shuffle": None,
        "skipped": None,
        "offline": None,
        "offline_timestamp": 1572964071330,
        "incognito_mode": None,
    } | changes


def history(tmp_path: Path, *rows: Any) -> list[Record]:
    path = tmp_path / "Streaming_History_Audio_2024_0.json"
    path.write_text(json.dumps(rows))
    found, error = read(SpotifyHistory(path))
    assert not error
    storable(found)
    return found


def test_the_sample() -> None:
    path = DATA / "my_spotify_data.zip"
    assert isinstance(SpotifyHistory(path), Source)
    found, error = read(SpotifyHistory(path))
    assert not error
    assert found == [
        ListenRecord(
            TrackRecord("Track A", "Artist A", "Album A", key="spotify:0000000000000000000001"),
            at=1715269694,
            seconds=1.298,
            skipped=True,
        ),
        ListenRecord(
            TrackRecord("Track B", "Artist B", "Album B", key="spotify:0000000000000000000002"),
            at=1572964080,
            seconds=208.778,
            skipped=False,
        ),
    ]


def test_parts_keep_their_stamp_while_nothing_changes() -> None:
    first, second = (list(SpotifyHistory(DATA / "my_spotify_data.zip").parts()) for _ in "ab")
    assert [(p.name, p.stamp, p.size) for p in first] == [(p.name, p.stamp, p.size) for p in second]
    assert all(part.stamp for part in first)


def test_what_it_recognises(tmp_path: Path) -> None:
    folder = tmp_path / "downloads" / "Spotify Extended Streaming History"
    folder.mkdir(parents=True)
    assert not SpotifyHistory.recognises(tmp_path, b"")
    old = folder / "endsong_0.json"
    old.write_text("[]")
    head = json.dumps([row()]).encode()
    assert SpotifyHistory.recognises(tmp_path, b"")
    assert SpotifyHistory.recognises(old, b"[]")
    assert SpotifyHistory.recognises(tmp_path / "renamed.json", head)
    assert not SpotifyHistory.recognises(tmp_path / "renamed.json", b'{"playlists": []}')
    assert not SpotifyHistory.recognises(tmp_path / "Streaming_History_Video_2024.json", head)
    assert not SpotifyHistory.recognises(DATA / "my_spotify_account_data.zip", b"PK")
    assert not SpotifyHistory.recognises(tmp_path / "gone", b"")


def test_of_two_exports_in_one_zip_the_extended_one_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "both.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Spotify Account Data/StreamingHistory_music_0.json", "[]")
        archive.writestr("Spotify Account Data/YourLibrary.json", "{}")
        archive.writestr("Spotify Extended Streaming History/Streaming_History_Video_1.json", "[]")
    assert not SpotifyHistory.recognises(path, b"PK")
    assert SpotifyAccount.recognises(path, b"PK")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("Spotify Extended Streaming History/endsong_1.json", "[]")
    assert SpotifyHistory.recognises(path, b"PK")
    assert not SpotifyAccount.recognises(path, b"PK")


@pytest.mark.parametrize(
    ("changes", "skipped"),
    [
        ({"ms_played": 30_000, "reason_end": "fwdbtn", "skipped": True}, False),
        ({"ms_played": 29_999, "reason_end": "fwdbtn"}, True),
        ({"ms_played": 29_999, "reason_end": "fwdbtn", "skipped": False}, True),
        ({"ms_played": 29_999, "skipped": True}, True),
        ({"ms_played": 29_999}, False),  # a short song, to its end
        ({"ms_played": 400_000, "reason_end": "trackerror"}, False),
        ({"ms_played": "1500", "reason_end": "backbtn"}, True),
    ],
)
def test_what_counts_as_a_skip(tmp_path: Path, changes: dict[str, Any], skipped: bool) -> None:
    (found,) = history(tmp_path, row(**changes))
    assert isinstance(found, ListenRecord)
    assert found.skipped is skipped


def test_every_way_to_leave_a_song_is_a_skip(tmp_path: Path) -> None:
    rows = [row(ms_played=n, reason_end=way) for n, way in enumerate(sorted(CUT_OFF), 1)]
    assert [getattr(each, "skipped", None) for each in history(tmp_path, *rows)] == [True] * 8


@pytest.mark.parametrize(
    ("changes", "reason", "bad"),
    [
        ({"spotify_episode_uri": f"spotify:episode:{ID}"}, "a podcast", False),
        ({"audiobook_uri": f"spotify:show:{ID}"}, "an audiobook", False),
        ({"incognito_mode": True}, "played in private", False),
        ({"incognito_mode": "true"}, "played in private", False),
        ({"ms_played": 0}, "a play of no length", False),
        ({"ms_played": -1}, "no playing time, or one that cannot be", True),
        ({"ms_played": 10**30}, "no playing time, or one that cannot be", True),
        ({"ms_played": None}, "no playing time, or one that cannot be", True),
        ({"ts": "1970-01-01T00:00:09Z"}, "no date, or one that cannot be", True),
        ({"ts": "9999-12-31T23:59:59Z"}, "no date, or one that cannot be", True),
        ({"ts": 7}, "no date, or one that cannot be", True),
        ({"master_metadata_track_name": None}, "no title", True),
        ({"master_metadata_track_name": ["Teardrop"]}, "no title", True),
        ({"ms_played": 9, "reason_end": "trackerror"}, "a short play that nobody cut off", False),
        ({"ms_played": 9, "reason_end": None}, "a short play that nobody cut off", False),
        ({"ms_played": 9, "reason_end": {}}, "a short play that nobody cut off", False),
        (
            {"master_metadata_track_name": None, "spotify_track_uri": None},
            "nothing says what was played",
            False,
        ),
    ],
)
def test_what_is_left_out(tmp_path: Path, changes: dict[str, Any], reason: str, bad: bool) -> None:
    (found,) = history(tmp_path, row(**changes))
    assert found == Skip(reason, "Streaming_History_Audio_2024_0.json row 1", bad)


def test_videos_are_counted_and_left_out(tmp_path: Path) -> None:
    (tmp_path / "Streaming_History_Audio_1.json").write_text(json.dumps([row()]))
    videos = [row(), row(spotify_episode_uri="spotify:episode:x")]
    (tmp_path / "Streaming_History_Video_1.json").write_text(json.dumps(videos))
    found, _ = read(SpotifyHistory(tmp_path))
    assert [getattr(each, "reason", "") for each in found] == ["", "a video", "a podcast"]


def test_keys_come_only_from_proper_uris(tmp_path: Path) -> None:
    uris = [f"spotify:track:{ID}", "spotify:track:short", f"spotify:track:{ID}x", 5, None, {}]
    rows = [row(spotify_track_uri=uri, ms_played=40_000 + n) for n, uri in enumerate(uris)]
    keys = [each.track.key for each in history(tmp_path, *rows) if isinstance(each, ListenRecord)]
    assert keys == [f"spotify:{ID}", "", "", "", "", ""]


def test_local_files_have_names_and_no_key(tmp_path: Path) -> None:
    uri = "spotify:local:Massive+Attack:Mezzanine:Tear%3Adrop:330"
    (found,) = history(tmp_path, row(spotify_track_uri=uri, master_metadata_track_name=None))
    assert isinstance(found, ListenRecord)
    assert found.track == TrackRecord("Tear:drop", "Massive Attack", "Mezzanine", duration=330.0)


def test_rows_told_twice_count_once(tmp_path: Path) -> None:
    found = history(tmp_path, row(), row(ms_played=200_001), row())
    assert [type(each) for each in found] == [ListenRecord, ListenRecord, Skip]
    assert getattr(found[2], "reason", "") == "a row that is there twice"


def test_nothing_private_is_kept(tmp_path: Path) -> None:
    rows = [
        row(),
        row(ms_played=1),
        row(ms_played=-1),
        row(incognito_mode=True),
        row(master_metadata_track_name=None),
    ]
    shown = repr(history(tmp_path, *rows))
    assert "Teardrop" in shown
    assert not [secret for secret in SECRETS if secret in shown]


def test_of_a_file_cut_off_the_rows_before_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "endsong_0.json"
    path.write_text(json.dumps([row(), row(ts="2024-05-10T00:00:00Z")])[:-40])
    found, error = read(SpotifyHistory(path))
    assert [type(each) for each in found] == [ListenRecord]
    assert "cut off" in error


def test_hostile_text_is_made_harmless(tmp_path: Path) -> None:
    path = tmp_path / "endsong_0.json"
    text = json.dumps([row(master_metadata_track_name="A\0B\ud800C", ts=" 2024-05-09T15:48:14Z ")])
    path.write_text(text)
    found, error = read(SpotifyHistory(path))
    assert not error
    storable(found)
    assert [getattr(each, "track", None) for each in found] == [
        TrackRecord("ABC", "Massive Attack", "Mezzanine", key=f"spotify:{ID}")
    ]


def test_a_zip_with_names_that_lead_out_of_it(tmp_path: Path) -> None:
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../Streaming_History_Audio_0.json", json.dumps([row()]))
        archive.writestr("Streaming_History_Audio_1.json", json.dumps([row()]))
    found, _ = read(SpotifyHistory(path))
    assert [type(each) for each in found] == [ListenRecord, Skip]


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    st.sampled_from(
        ["2024-05-09T15:48:14Z", f"spotify:track:{ID}", "fwdbtn", "spotify:local:::x:"]
    ),
)


@settings(deadline=None)
@given(st.lists(st.one_of(values, st.dictionaries(st.sampled_from(sorted(row())), values))))
def test_any_row_is_a_listen_or_a_skip(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Any]
) -> None:
    rows = [row(**each) if isinstance(each, dict) else each for each in rows]
    found = history(tmp_path_factory.mktemp("h"), *rows)
    assert len(found) == len(rows)
    for each in found:
        assert isinstance(each, ListenRecord | Skip)
        if isinstance(each, ListenRecord):
            assert each.track.title
            assert each.seconds is not None
            assert each.seconds > 0


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_end_in_records_or_one_clear_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("h") / "endsong_0.json"
    path.write_bytes(data)
    found, _ = read(SpotifyHistory(path))
    storable(found)
