from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reading import read, storable
from segue.catalog.incoming import ListenRecord, PlaylistRecord, RatingRecord, Record, Skip
from segue.catalog.records import TrackRecord
from segue.sources.source import Source
from segue.sources.spotify_account import SpotifyAccount

DATA = Path(__file__).parent / "data"
ID = "67Hna13dNDkZvBpTXRIaOJ"
TEARDROP = TrackRecord("Teardrop", "Massive Attack", "Mezzanine", key=f"spotify:{ID}")


def play(**changes: Any) -> dict[str, Any]:
    return {
        "endTime": "2024-05-06 18:43",
        "artistName": "Massive Attack",
        "trackName": "Teardrop",
        "msPlayed": 216_783,
    } | changes


def entry(**changes: Any) -> dict[str, Any]:
    track = {
        "trackName": "Teardrop",
        "artistName": "Massive Attack",
        "albumName": "Mezzanine",
        "trackUri": f"spotify:track:{ID}",
    }
    return {
        "track": track,
        "episode": None,
        "localTrack": None,
        "addedDate": "2026-01-01",
    } | changes


def playlist(name: Any = "Gym", *entries: Any, **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "lastModifiedDate": "2026-01-02",
        "collaborators": ["planted-user"],
        "description": None,
        "numberOfFollowers": 3,
        "items": list(entries),
    } | changes


def account(tmp_path: Path, **files: Any) -> tuple[list[Record], str]:
    folder = tmp_path / "Spotify Account Data"
    folder.mkdir()
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / f"{name}.json").write_text(text)
    found, error = read(SpotifyAccount(tmp_path))
    storable(found)
    return found, error


def skips(records: list[Record]) -> list[str]:
    return [each.reason for each in records if isinstance(each, Skip)]


def playlists(records: list[Record]) -> list[PlaylistRecord]:
    return [each for each in records if isinstance(each, PlaylistRecord)]


def test_the_sample() -> None:
    source = SpotifyAccount(DATA / "my_spotify_account_data.zip")
    assert isinstance(source, Source)
    assert source.recognises(source.path, b"PK")
    found, error = read(source)
    assert not error
    listen, rating, skip, gym = found
    assert listen == ListenRecord(
        TrackRecord("Track A", "Artist A"), 1715020980, 216.783, skipped=False, precision=60
    )
    track = TrackRecord("Track A", "Artist A", "Album A", key="spotify:0000000000000000000001")
    assert rating == RatingRecord(track, 1.0)
    assert skip == Skip("a podcast", "Gym entry 2", bad=False)
    assert isinstance(gym, PlaylistRecord)
    assert (gym.key, gym.name, gym.followers) == ("spotify_account:gym#1", "Gym", 0)
    assert list(gym.tracks) == [track]
    assert (gym.modified_at, gym.added_at) == (1767312000, [1767225600])


def test_what_it_recognises(tmp_path: Path) -> None:
    head = json.dumps({"playlists": [playlist()]}).encode()
    assert SpotifyAccount.recognises(tmp_path / "StreamingHistory0.json", b"[")
    assert SpotifyAccount.recognises(tmp_path / "YourLibrary.json", b"{")
    assert SpotifyAccount.recognises(tmp_path / "Playlist1.json", head)
    assert not SpotifyAccount.recognises(tmp_path / "Playlist1.json", b'{"playlists": []}')
    assert not SpotifyAccount.recognises(tmp_path / "mine.json", head)
    assert not SpotifyAccount.recognises(DATA / "my_spotify_data.zip", b"PK")
    assert not SpotifyAccount.recognises(tmp_path, b"")


def test_a_file_of_another_name_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "Payments.json"
    path.write_text("{}")
    assert "expected one named" in read(SpotifyAccount(path))[1]


@pytest.mark.parametrize(
    ("changes", "skipped"),
    [({}, False), ({"msPlayed": 29_999}, True), ({"msPlayed": 30_000}, False)],
)
def test_short_plays_are_skips(tmp_path: Path, changes: dict[str, Any], skipped: bool) -> None:
    (found,), _ = account(tmp_path, StreamingHistory0=[play(**changes)])
    assert isinstance(found, ListenRecord)
    assert (found.skipped, found.precision) == (skipped, 60)


def test_plays_that_are_left_out(tmp_path: Path) -> None:
    rows = [
        play(),
        play(),
        play(trackName=None),
        play(endTime="yesterday"),
        play(msPlayed="x"),
        play(msPlayed=0),
        None,
    ]
    found, error = account(
        tmp_path, StreamingHistory_music_0=rows, StreamingHistory_podcast_0=[{"podcastName": "x"}]
    )
    assert not error
    assert skips(found) == [
        "a row that is there twice",
        "no title",
        "no date, or one that cannot be",
        "no playing time, or one that cannot be",
        "a play of no length",
        "not a play",
        "a podcast",
    ]


def test_banned_tracks_are_dislikes_and_the_rest_is_counted(tmp_path: Path) -> None:
    row = {
        "artist": "Massive Attack",
        "album": "Mezzanine",
        "track": "Teardrop",
        "uri": f"spotify:track:{ID}",
    }
    found, error = account(
        tmp_path,
        YourLibrary={
            "tracks": [row, {"track": None}, 7],
            "bannedTracks": [row],
            "albums": [{"artist": "A", "album": "B"}],
            "shows": [{"name": "S"}],
            "episodes": [{"name": "E"}],
            "artists": [{"name": "A"}],
            "bannedArtists": [{"name": "A"}],
            "other": ["x"],
            "unknown": [{}],
        },
    )
    assert not error
    assert [each for each in found if isinstance(each, RatingRecord)] == [
        RatingRecord(TEARDROP, 1.0),
        RatingRecord(TEARDROP, -1.0),
    ]
    assert [(each.reason, each.bad) for each in found if isinstance(each, Skip)] == [
        ("no title", True),
        ("not a track", True),
        ("an album", False),
        ("a show", False),
        ("a podcast", False),
        ("an artist", False),
        ("a banned artist", False),
        ("something else that was saved", False),
    ]


def test_a_library_cut_off_gives_what_it_has(tmp_path: Path) -> None:
    text = json.dumps(
        {"tracks": [{"track": "A"}], "bannedTracks": [{"track": "B"}, {"track": "C"}]}
    )
    found, error = account(tmp_path, YourLibrary=text[:-5])
    assert [each.value for each in found if isinstance(each, RatingRecord)] == [1.0, -1.0]
    assert "cut off" in error


def test_entries_that_are_no_songs(tmp_path: Path) -> None:
    local = {"uri": "spotify:local:Me::Demo:61"}
    gym = playlist(
        "Gym",
        entry(),
        entry(track=None),
        entry(track=None, episode={"episodeName": "x"}),
        entry(track=None, audiobook={"audiobookName": "x"}),
        entry(track=None, localTrack=local, addedDate=None),
        entry(track={"trackName": None, "trackUri": 5}),
        None,
    )
    found, error = account(tmp_path, Playlist1={"playlists": [gym]})
    assert not error
    assert skips(found) == [
        "a track that is gone",
        "a podcast",
        "an audiobook",
        "no title",
        "not an entry",
    ]
    (kept,) = playlists(found)
    assert list(kept.tracks) == [TEARDROP, TrackRecord("Demo", "Me", duration=61.0)]
    assert kept.added_at == [1767225600, 0]


def test_keys_tell_playlists_of_one_name_apart_through_all_files(tmp_path: Path) -> None:
    found, _ = account(
        tmp_path,
        Playlist1={"playlists": [playlist("Gym"), playlist(" GYM"), playlist(None)]},
        Playlist2={"playlists": [playlist("gym"), playlist("Sleep", items=None), 5]},
    )
    assert [each.key.removeprefix("spotify_account:") for each in playlists(found)] == [
        "gym#1",
        "gym#2",
        "#1",
        "gym#3",
        "sleep#1",
    ]
    assert skips(found) == ["a playlist without a list of tracks", "not a playlist"]
    assert "planted-user" not in repr(found)


def test_a_damaged_playlist_file_does_no_harm_to_the_next(tmp_path: Path) -> None:
    found, error = account(
        tmp_path,
        Playlist1=json.dumps({"playlists": [playlist("A"), playlist("B")]})[:-9],
        Playlist2={"playlists": [playlist("C")]},
    )
    assert [each.name for each in playlists(found)] == ["A", "C"]
    assert "cut off" in error


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    st.sampled_from(["2024-05-06 18:43", f"spotify:track:{ID}", "spotify:local:::x:"]),
)


@settings(deadline=None)
@given(
    st.lists(st.dictionaries(st.sampled_from(sorted(play())), values)),
    st.lists(st.dictionaries(st.sampled_from(sorted(entry())), values)),
    st.dictionaries(st.sampled_from(sorted(playlist())), values),
    st.dictionaries(st.sampled_from(["tracks", "bannedTracks", "albums"]), values),
)
def test_wrong_types_are_skips(
    tmp_path_factory: pytest.TempPathFactory,
    plays: list[dict[str, Any]],
    entries: list[dict[str, Any]],
    changes: dict[str, Any],
    library: dict[str, Any],
) -> None:
    items = [entry(**each) for each in entries]
    found, error = account(
        tmp_path_factory.mktemp("a"),
        StreamingHistory0=[play(**each) for each in plays],
        Playlist1={"playlists": [playlist("Gym", *items) | changes]},
        YourLibrary=library,
    )
    assert not error
    assert len(playlists(found)) == 1
    for each in playlists(found):
        assert each.added_at is None or len(each.added_at) == len(each.tracks)
