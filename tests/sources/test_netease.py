from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segue.catalog.incoming import PlaylistRecord, Record, Skip
from segue.errors import SourceError
from segue.sources.netease import NetEase
from segue.sources.source import Source

NEW = {
    "code": 200,
    "relatedVideos": None,
    "playlist": {
        "id": 19723756,
        "name": "飙升榜\0",
        "description": "d",
        "tags": ["华语", 5, "流行"],
        "playCount": 9_999_999_999,
        "commentCount": 7,
        "subscribedCount": 3,
        "createTime": 1404115136883,
        "updateTime": 1655257423000,
        "creator": {"nickname": "somebody"},
        "tracks": [
            {
                "id": 1,
                "name": "晴天",
                "ar": [{"id": 6452, "name": "周杰伦"}, {"id": 0, "name": "B"}],
                "al": {"id": 18905, "name": "叶惠美"},
                "dt": 269000,
            }
        ],
        "trackIds": [{"id": 2, "at": 1655257423000}, {"id": 1, "v": 3}],
    },
}
OLD = {
    "result": {
        "id": 5,
        "name": "old",
        "subscribedCount": -1,
        "playCount": 1,
        "createTime": 0,
        "tracks": [
            {
                "id": 4,
                "name": "T",
                "artists": [{"id": 9, "name": "A"}],
                "album": {"id": 8, "name": "L"},
                "duration": 1000,
            }
        ],
    },
    "code": 200,
}


def write(folder: Path, document: Any, name: str = "a.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(document))
    return path


def read(path: Path) -> list[Record]:
    return [record for part in NetEase(path).parts() for record in part.read()]


def one(path: Path) -> PlaylistRecord:
    (found,) = (record for record in read(path) if isinstance(record, PlaylistRecord))
    return found


def test_the_newer_form(tmp_path: Path) -> None:
    kind: Any = NetEase
    path = write(tmp_path, NEW)
    assert isinstance(kind(path), Source)
    found = one(path)
    assert (found.key, found.name, found.description) == ("netease:19723756", "飙升榜", "d")
    assert (found.tags, found.owner) == (("华语", "流行"), "")
    assert (found.followers, found.plays, found.comments) == (3, 9_999_999_999, 7)
    assert (found.modified_at, found.added_at) == (1655257423, [1655257423, 0])
    assert found.tracks.keys == ["netease:2", "netease:1"]
    unknown, song = found.tracks
    assert (unknown.key, unknown.title) == ("netease:2", "")
    assert (song.title, song.artist, song.album) == ("晴天", "周杰伦, B", "叶惠美")
    assert (song.artists, song.artist_keys) == (("周杰伦", "B"), ())
    assert (song.duration, song.album_key) == (269, "netease:18905")


def test_the_older_form(tmp_path: Path) -> None:
    found = one(write(tmp_path, OLD))
    assert (found.key, found.followers, found.modified_at) == ("netease:5", None, None)
    (song,) = found.tracks
    assert (song.key, song.title, song.artist) == ("netease:4", "T", "A")
    assert (song.album, song.duration, song.artist_keys) == ("L", 1, ("netease:9",))


def test_a_folder_of_files_of_which_one_is_damaged(tmp_path: Path) -> None:
    write(tmp_path, NEW, "b.json")
    write(tmp_path, OLD, "a.json")
    assert NetEase.recognises(tmp_path, b"")
    assert [record.key for record in read(tmp_path) if isinstance(record, PlaylistRecord)] == [
        "netease:5",
        "netease:19723756",
    ]
    write(tmp_path, {"playlists": []}, "0.json")
    assert not NetEase.recognises(tmp_path, b"")


def test_recognised_by_what_it_begins_with() -> None:
    path = Path("/x.json")
    assert NetEase.recognises(path, json.dumps(NEW).encode())
    assert NetEase.recognises(path, json.dumps(OLD).encode())
    for other in (
        {"playlist": {"title": "JSPF", "creator": "x", "track": [{"title": "t", "album": "a"}]}},
        {"info": {}, "playlists": [{"pid": 1, "tracks": []}]},
        {"playlists": [{"name": "x", "lastModifiedDate": "2020-01-01", "items": []}]},
        [NEW],
    ):
        assert not NetEase.recognises(path, json.dumps(other).encode())


def test_entries_without_a_number_are_left_out(tmp_path: Path) -> None:
    playlist = {"id": "7", "tracks": [5, {"id": 0}, {"id": "x"}, {"id": 3, "name": "c"}]}
    *skips, found = read(write(tmp_path, {"playlist": playlist}))
    assert skips == [Skip("no track number", f"a.json tracks {n}") for n in range(3)]
    assert isinstance(found, PlaylistRecord)
    assert (found.key, found.tracks.keys) == ("netease:7", ["netease:3"])


@pytest.mark.parametrize(
    "document",
    [5, [], {}, {"code": 404}, {"playlist": 5}, {"playlist": {"name": "x"}}, {"result": None}],
)
def test_no_playlist(tmp_path: Path, document: Any) -> None:
    with pytest.raises(SourceError, match="playlist"):
        read(write(tmp_path, document))


def test_cut_off(tmp_path: Path) -> None:
    path = write(tmp_path, NEW)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(SourceError, match="cut off"):
        read(path)


_NAMES = "id name ar al dt tracks trackIds at tags playCount updateTime artists".split()
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=6)
    ),
    max_leaves=20,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(_NAMES), _JSON))
def test_any_playlist(tmp_path: Path, playlist: dict[str, Any]) -> None:
    found = one(write(tmp_path, {"playlist": {**playlist, "id": 1}}))
    assert [song.key for song in found.tracks] == found.tracks.keys
