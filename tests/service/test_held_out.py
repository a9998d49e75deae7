from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import segue
import slices
from segue.catalog.database import Database
from segue.catalog.interactions import load_interactions
from segue.errors import SourceError, UsageError
from segue.service.held_out import HeldOutFile, read_held_out

STRANGER = 999


def uris(songs: Any) -> list[str]:
    return [song["track_uri"] for song in songs["tracks"]]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Return a library with 12 playlists, one of which has artists and albums with URIs."""
    more = {
        "name": "with artists",
        "pid": 12,
        "tracks": [
            slices.track(
                700,
                artist_uri=slices.uri(7, "artist"),
                album_uri=slices.uri(8, "album"),
                album_name="Eight",
            ),
            slices.track(710, artist_name="!!!"),
        ],
    }
    file = slices.write(tmp_path / "mpd.slice.0-999.json", [*slices.playlists(12), more])
    with segue.open(tmp_path / "library") as library:
        library.add(file)
    found = Database(tmp_path / "library" / "segue.db", read_only=True)
    yield found
    found.close()


def read(database: Database, path: Path) -> HeldOutFile:
    return read_held_out(database, path, load_interactions(database, texts=True))


def key_of(database: Database, id_: int) -> str:
    key: str = database.query_one("SELECT key FROM track WHERE id = ?", (id_,))[0]
    return key


def test_tracks_are_known_by_their_uris(database: Database, tmp_path: Path) -> None:
    (wanted,) = slices.playlists(1, first=100)
    wanted["tracks"] += [slices.track(STRANGER), wanted["tracks"][0], slices.track(STRANGER)]
    wanted["description"] = "of the road"
    (one,) = read(database, slices.write(tmp_path / "some.json", [wanted])).playlists
    assert (one.title, one.description) == (wanted["name"], "of the road")
    assert len(one) == 16  # each once
    keys = [key_of(database, id_) for id_ in one.ids[:15].tolist()]
    assert keys == [song.replace("track:", "") for song in uris(wanted)[:15]]
    assert one.ids[15] < 0


def test_what_is_unknown_brings_its_artist(database: Database, tmp_path: Path) -> None:
    artist, album, signs = (
        database.query_one(query)[0]
        for query in (
            "SELECT id FROM artist WHERE key LIKE 'spotify:%'",
            "SELECT id FROM album",
            "SELECT id FROM artist WHERE name = '!!!'",
        )
    )
    strangers = [
        slices.track(901, artist_name="Somebody", artist_uri=slices.uri(7, "artist")),
        slices.track(902, artist_name="ARTIST 70"),
        slices.track(903, artist_name="!!!", album_uri=slices.uri(8, "album"), album_name="Eight"),
        slices.track(904, artist_name="Nobody", artist_uri=slices.uri(6, "artist")),
        slices.track(905, artist_name=""),
        slices.track(902),
    ]
    file = slices.write(tmp_path / "some.json", [{"name": "", "pid": 3, "tracks": strangers}])
    (one,) = read(database, file).playlists
    assert one.ids.tolist() == [-1, -2, -3, -4, -5]
    assert one.artists.tolist() == [artist, artist, signs, 0, 0]
    assert one.albums.tolist() == [0, 0, album, 0, 0]


def test_an_unknown_track_has_one_number_in_all_playlists(
    database: Database, tmp_path: Path
) -> None:
    rows = [
        {"name": "", "pid": 1, "tracks": [slices.track(901), slices.track(902)]},
        {"name": "", "pid": 2, "tracks": [slices.track(902), slices.track(101)]},
    ]
    first, second = read(database, slices.write(tmp_path / "some.json", rows)).playlists
    assert first.ids[1] == second.ids[0] == -2
    assert second.ids[1] > 0


def test_zips_and_folders_of_any_names(database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    slices.write(folder / "a.json", slices.playlists(2, first=100))
    slices.write(folder / "challenge_set.json", slices.playlists(3, first=200))
    packed = tmp_path / "some.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in folder.iterdir():
            archive.write(file, f"data/{file.name}")
    found = [read(database, path) for path in (folder, packed)]
    assert [len(one.playlists) for one in found] == [5, 5]
    for ours, theirs in zip(found[0].playlists, found[1].playlists, strict=True):
        np.testing.assert_array_equal(ours.ids, theirs.ids)


def test_playlists_of_the_library_are_told_of(database: Database, tmp_path: Path) -> None:
    known, others = slices.playlists(6), slices.playlists(6, first=300)
    found = read(database, slices.write(tmp_path / "some.json", known + others))
    assert found.seen == 6
    renumbered = [{**one, "pid": pid} for pid, one in enumerate(others)]
    again = read(database, slices.write(tmp_path / "other.json", renumbered))
    assert again.seen == 0  # the same numbers, but other songs
    told = found.to_json()
    assert (told["held_out"], told["held_out_entries"]) == (12, 180)
    assert told["held_out_seen"] == 6


def test_what_is_bad_is_counted(database: Database, tmp_path: Path) -> None:
    good = slices.playlists(1, first=100)
    bad = [{"name": "no number", "tracks": []}, {"pid": 5}, 7]
    found = read(database, slices.write(tmp_path / "some.json", [*bad, *good]))
    assert len(found.playlists) == 1
    assert found.skipped == {"no list of tracks": 1, "no playlist number": 2}


def test_a_file_that_is_cut_off_gives_what_came_before(database: Database, tmp_path: Path) -> None:
    file = slices.write(tmp_path / "some.json", slices.playlists(3, first=100))
    file.write_bytes(file.read_bytes()[:-400])
    found = read(database, file)
    assert len(found.playlists) == 2
    assert sum(found.skipped.values()) == 1


def test_what_is_no_slice(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "some.json"
    with pytest.raises(UsageError, match="there is no file"):
        read(database, file)
    for content in ("", "[]", "{}", '{"playlists": 3}', "songs", json.dumps({"playlists": []})):
        file.write_text(content)
        with pytest.raises(SourceError, match="slice"):
            read(database, file)
