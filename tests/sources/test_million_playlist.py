from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segue.catalog.incoming import Part, PlaylistRecord, Record, Skip
from segue.errors import SourceError
from segue.sources.million_playlist import ChallengeSet, MillionPlaylist
from segue.sources.source import Source


def uri(number: int, kind: str = "track") -> str:
    return f"spotify:{kind}:{number:022}"


def key(number: int) -> str:
    return f"spotify:{number:022}"


def playlist(pid: Any, *tracks: Any, **more: Any) -> dict[str, Any]:
    return {"name": "n", "pid": pid, "tracks": list(tracks), **more}


def write(folder: Path, *playlists: Any, first: int = 0) -> Path:
    path = folder / f"mpd.slice.{first}-{first + 999}.json"
    path.write_text(json.dumps({"info": {"slice": "0-999"}, "playlists": list(playlists)}))
    return path


def read(path: Path) -> list[Record]:
    return [record for part in MillionPlaylist(path).parts() for record in part.read()]


def playlists(path: Path) -> list[PlaylistRecord]:
    return [record for record in read(path) if isinstance(record, PlaylistRecord)]


def test_both_are_sources(tmp_path: Path) -> None:
    kinds: list[Any] = [MillionPlaylist, ChallengeSet]
    assert [kind.kind for kind in kinds] == ["million_playlist", "challenge_set"]
    assert all(isinstance(kind(tmp_path), Source) for kind in kinds)


def test_a_full_slice(tmp_path: Path) -> None:
    track = {
        "pos": 0,
        "artist_name": "Missy Elliott",
        "track_uri": uri(1),
        "artist_uri": uri(2, "artist"),
        "track_name": "Lose Control",
        "album_uri": uri(3, "album"),
        "duration_ms": 226863,
        "album_name": "The Cookbook",
    }
    path = write(
        tmp_path,
        playlist(
            7, track, name=" Throwbacks\0", description="d", num_followers=3, modified_at=1493424000
        ),
    )
    (found,) = playlists(path)
    assert (found.key, found.name, found.description) == ("million_playlist:7", "Throwbacks", "d")
    assert (found.followers, found.modified_at, found.owner) == (3, 1493424000, "")
    assert found.tracks.keys == [key(1)]
    song = found.tracks[0]
    assert (song.key, song.title, song.artist) == (key(1), "Lose Control", "Missy Elliott")
    assert (song.album, song.duration) == ("The Cookbook", 226.863)
    assert (song.artists, song.artist_keys, song.album_key) == (
        ("Missy Elliott",),
        (key(2),),
        key(3),
    )


def test_a_track_needs_only_its_uri(tmp_path: Path) -> None:
    (found,) = playlists(write(tmp_path, {"pid": 1, "tracks": [{"track_uri": uri(5)}]}))
    assert (found.name, found.followers, found.modified_at) == ("", None, None)
    assert (found.tracks[0].title, found.tracks[0].key) == ("", key(5))


def test_positions_give_the_order(tmp_path: Path) -> None:
    def at(*places: Any) -> list[str]:
        tracks = [
            {"pos": place, "track_uri": uri(n), "track_name": str(n)}
            for n, place in enumerate(places)
        ]
        (found,) = playlists(write(tmp_path, playlist(1, *tracks)))
        assert [song.key for song in found.tracks] == found.tracks.keys
        return [song.title for song in found.tracks]

    assert at(0, 1, 2) == ["0", "1", "2"]
    assert at(20, 5, 9) == ["1", "2", "0"]
    assert at(0, 0, 0) == ["0", "1", "2"]
    assert at(2, "1", 0) == at(2, None, 0) == at(True, False, 0) == ["0", "1", "2"]


@pytest.mark.parametrize(
    "bad",
    [
        None,
        7,
        "x",
        [],
        {},
        {"track_uri": None},
        {"track_uri": 5},
        {"track_uri": ["a"] * 36},
        {"track_uri": uri(1, "album")},
        {"track_uri": uri(1)[:-1]},
        {"track_uri": uri(1) + "1"},
        {"track_uri": uri(1)[:-1] + "\n"},
        {"track_uri": uri(1)[:-1] + "\0"},
        {"track_uri": uri(1)[:-1] + "é"},
        {"track_uri": "spotify:episod:" + "1" * 21},
        {"track_uri": uri(1)[14:] + "spotify:track:"},
        {"track_uri": "spotify:local:a:b:c:" + "1" * 16},
    ],
)
def test_a_bad_entry_is_left_out_alone(tmp_path: Path, bad: Any) -> None:
    good = {"track_uri": uri(1), "track_name": "a"}
    other = {"track_uri": uri(2), "track_name": "b"}
    skip, found = read(write(tmp_path, playlist(4, good, bad, other)))
    assert skip == Skip("no track URI", "mpd.slice.0-999.json playlist 4 entry 1")
    assert isinstance(found, PlaylistRecord)
    assert found.tracks.keys == [key(1), key(2)]
    assert [song.title for song in found.tracks] == ["a", "b"]


def test_bad_playlists_are_left_out_alone(tmp_path: Path) -> None:
    found = read(
        write(
            tmp_path,
            5,
            {"tracks": []},
            {"pid": 1},
            {"pid": 2, "tracks": "x"},
            {"pid": True, "tracks": []},
            playlist(3, num_followers=-1, modified_at="x", name=9),
            playlist(3),
        )
    )
    assert [skip.reason for skip in found if isinstance(skip, Skip)] == [
        "no playlist number",
        "no playlist number",
        "no list of tracks",
        "no list of tracks",
        "no playlist number",
        "a second playlist of one number",
    ]
    (kept,) = (record for record in found if isinstance(record, PlaylistRecord))
    assert (kept.key, kept.name, kept.followers, len(kept.tracks)) == (
        "million_playlist:3",
        "",
        None,
        0,
    )


def test_slices_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    for first in (10_000, 2_000, 0):
        write(folder, playlist(first), first=first)
    (folder / "stats.json").write_text("{}")
    archive = tmp_path / "mpd.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in folder.iterdir():
            file.write(path, f"data/{path.name}")
        file.writestr("README.md", "x")
    for path in (tmp_path, folder, archive):
        assert MillionPlaylist.recognises(path, b"PK" if path == archive else b"")
        assert not ChallengeSet.recognises(path, b"PK" if path == archive else b"")
        assert [record.key for record in playlists(path)] == [
            "million_playlist:0",
            "million_playlist:2000",
            "million_playlist:10000",
        ]
    parts: list[Part] = list(MillionPlaylist(archive).parts())
    assert [part.name for part in parts][1] == "data/mpd.slice.2000-2999.json"
    assert all(part.stamp and part.size for part in parts)


def test_a_slice_cut_in_half_gives_the_playlists_before_the_cut(tmp_path: Path) -> None:
    path = write(tmp_path, *(playlist(n, {"track_uri": uri(n)}) for n in range(10)))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    (part,) = MillionPlaylist(path).parts()
    reading = part.read()
    for n in range(4):
        record = next(reading)
        assert isinstance(record, PlaylistRecord)
        assert record.tracks.keys == [key(n)]
    with pytest.raises(SourceError, match="cut off"):
        list(reading)


@pytest.mark.parametrize("text", ["", "[]", "5", "{}", '{"playlists": {}}', "\0\0", "[" * 99_999])
def test_no_slice_at_all(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mpd.slice.0-999.json"
    path.write_text(text)
    with pytest.raises(SourceError):
        read(path)


def test_a_file_too_large_for_memory_is_read_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, playlist(1, {"track_uri": uri(1)}), playlist(2))
    as_one = [(record.key, record.tracks.keys) for record in playlists(path)]
    monkeypatch.setattr("segue.sources.million_playlist._IN_MEMORY", 10)
    assert [(record.key, record.tracks.keys) for record in playlists(path)] == as_one
    assert len(as_one) == 2


def test_lone_surrogates_and_nuls_do_not_survive(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        playlist(1, {"track_uri": uri(1), "track_name": "a\ud800\0b"}, name="\ud800x"),
    )
    (found,) = playlists(path)
    assert (found.name, found.tracks[0].title) == ("x", "ab")


def test_the_challenge_set(tmp_path: Path) -> None:
    path = tmp_path / "challenge_set.json"
    document = {
        "date": "2018-01-16",
        "version": "v1",
        "playlists": [
            {"pid": 1_000_000, "name": "title only", "num_holdouts": 9, "tracks": []},
            {"pid": 1_000_001, "num_holdouts": 5, "tracks": [{"pos": 0, "track_uri": uri(1)}]},
        ],
    }
    path.write_text(json.dumps(document))
    assert ChallengeSet.recognises(path, path.read_bytes())
    assert not MillionPlaylist.recognises(path, path.read_bytes())
    (part,) = ChallengeSet(path).parts()
    found = [record for record in part.read() if isinstance(record, PlaylistRecord)]
    assert [(record.key, record.name, record.tracks.keys) for record in found] == [
        ("million_playlist:1000000", "title only", []),
        ("million_playlist:1000001", "", [key(1)]),
    ]


def test_a_renamed_slice_is_recognised_by_its_first_bytes() -> None:
    path = Path("/x/slice.json")
    assert MillionPlaylist.recognises(path, b'{"info": {}, "playlists": [{"name": "n", "pid": 0')
    assert not MillionPlaylist.recognises(path, b'{"playlists": [{"name": "n", "items": []}]}')
    assert not ChallengeSet.recognises(path, b'{"info": {}, "playlists": [{"name": "n", "pid": 0')


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.just(uri(1)),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["pid", "tracks", "track_uri", "pos", "name", "track_name"]),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_JSON, max_size=3), st.lists(_JSON, max_size=4))
def test_any_json(tmp_path: Path, items: list[Any], tracks: list[Any]) -> None:
    for record in read(write(tmp_path, *items, playlist(1, *tracks))):
        if isinstance(record, PlaylistRecord):
            assert [song.key for song in record.tracks] == record.tracks.keys
            assert all(len(each) == 30 for each in record.tracks.keys)


def test_real_sample(shared: Path) -> None:
    entries = 0
    keys: set[str] = set()
    parts = list(MillionPlaylist(shared / "data" / "million_playlist_sample.zip").parts())
    assert len(parts) == 6
    found = [record for part in parts for record in part.read()]
    assert len(found) == 6_000
    for record in found:
        assert isinstance(record, PlaylistRecord)
        entries += len(record.tracks)
        keys.update(record.tracks.keys)
    assert (entries, len(keys)) == (590_808, 180_340)
    last = found[-1]
    assert isinstance(last, PlaylistRecord)
    assert all(song.title and song.artist for song in last.tracks)
