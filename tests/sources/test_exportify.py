from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segue.catalog.incoming import FeatureRecord, PlaylistRecord, Record, Skip
from segue.errors import SourceError
from segue.sources.exportify import Exportify
from segue.sources.source import Source

ONE, TWO, WHO, BOTH = "a" * 22, "b" * 22, "c" * 22, "d" * 22
WATSONBOX = (
    '"Track URI","Track Name","Artist URI(s)","Artist Name(s)","Album URI","Album Name",'
    '"Album Artist URI(s)","Album Artist Name(s)","Album Release Date","Album Image URL",'
    '"Disc Number","Track Number","Track Duration (ms)","Track Preview URL","Explicit",'
    '"Popularity","ISRC","Added By","Added At"\n'
)
FIRST = (
    f'"spotify:track:{ONE}","Song, ""One""","spotify:artist:{WHO}, spotify:artist:{BOTH}",'
    f'"Tyler\\, The Creator, Kali","spotify:album:{TWO}","Album","","","2019-05-17","",'
    '"1","7","180386","","true","60","US-QX9-19-01110","spotify:user:me","2020-01-02T03:04:05Z"\n'
)
PAVELKOMAROV = (
    "Spotify ID,Artist IDs,Track Name,Album Name,Artist Name(s),Release Date,Duration (ms),"
    "Popularity,Added By,Added At,Genres,Danceability,Energy,Key,Loudness,Mode,Speechiness,"
    "Acousticness,Instrumentalness,Liveness,Valence,Tempo,Time Signature\n"
)
FILLED = "0.7,0.5,1,-7.1,0,0.04,0.1,0,0.09,0.25,120.5,4\n"


def read(path: Path) -> list[Record]:
    return [record for part in Exportify(path).parts() for record in part.read()]


def write(folder: Path, text: str, name: str = "my_list.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8-sig")
    return path


def playlist(records: list[Record]) -> PlaylistRecord:
    (found,) = (record for record in records if isinstance(record, PlaylistRecord))
    return found


def test_it_is_a_source(tmp_path: Path) -> None:
    kind: Any = Exportify
    assert kind.kind == "exportify"
    assert isinstance(Exportify(tmp_path), Source)


def test_watsonbox(tmp_path: Path) -> None:
    local = '"spotify:local:x::y:9","y","","x","","","","","","","","","","","","","","",""\n'
    path = write(tmp_path, WATSONBOX + FIRST + local)
    (found,) = read(path)
    assert isinstance(found, PlaylistRecord)
    assert (found.key, found.name, found.owner) == (f"path:{path}", "my list", "")
    assert found.added_at == [1577934245, 0]
    assert found.tracks.keys == [f"spotify:{ONE}", ""]
    song = found.tracks[0]
    assert (song.title, song.album, song.album_key) == ('Song, "One"', "Album", f"spotify:{TWO}")
    assert song.artists == ("Tyler, The Creator", "Kali")
    assert song.artist_keys == (f"spotify:{WHO}", f"spotify:{BOTH}")
    assert (song.duration, song.year, song.track_number) == (180.386, 2019, 7)
    assert song.outside_ids == (("isrc", "USQX91901110"),)
    assert (found.tracks[1].title, found.tracks[1].artist) == ("y", "x")


def test_pavelkomarov_with_features_and_without(tmp_path: Path) -> None:
    row = '{},"{}","{}","Album","{}",2001,200000,5,spotify:user:me,2024-05-06T18:43:00Z,"{}",'
    records = read(
        write(
            tmp_path,
            PAVELKOMAROV
            + row.format(ONE, WHO, "One", "Earth, Wind & Fire", "funk,soul")
            + FILLED
            + row.format(TWO, f"{WHO},{BOTH}", "Two", "A,B", "")
            + ",,,,,,,,,,,\n"
            + row.format(ONE, WHO, "One", "Earth, Wind & Fire", "funk,soul")
            + FILLED,
        )
    )
    found, *features = records
    assert isinstance(found, PlaylistRecord)
    assert found.tracks.keys == [f"spotify:{ONE}", f"spotify:{TWO}", f"spotify:{ONE}"]
    assert [song.artist for song in found.tracks][:2] == ["Earth, Wind & Fire", "A, B"]
    assert found.tracks[1].artists == ("A", "B")
    (only,) = features
    assert isinstance(only, FeatureRecord)
    assert (only.track.key, only.genres) == (f"spotify:{ONE}", ("funk", "soul"))
    assert (only.valence, only.tempo, only.key, only.popularity) == (0.25, 120.5, 1, 5)


def test_what_is_left_out(tmp_path: Path) -> None:
    episode = FIRST.replace("spotify:track", "spotify:episode")
    nameless = FIRST.replace(f"spotify:track:{ONE}", "").replace('Song, ""One""', "")
    found = read(write(tmp_path, WATSONBOX + episode + nameless + "x\n" + FIRST))
    assert [record for record in found if isinstance(record, Skip)] == [
        Skip("a podcast", "line 2", bad=False),
        Skip("no title", "line 3"),
        Skip("wrong number of cells", "line 4"),
    ]
    assert playlist(found).tracks.keys == [f"spotify:{ONE}"]


def test_header_only(tmp_path: Path) -> None:
    (found,) = read(write(tmp_path, PAVELKOMAROV))
    assert isinstance(found, PlaylistRecord)
    assert (len(found.tracks), found.added_at) == (0, None)


def test_the_zip_and_the_folder_of_all_playlists(tmp_path: Path) -> None:
    path = tmp_path / "spotify_playlists.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("b_side.csv", WATSONBOX + FIRST)
        file.writestr("a.csv", WATSONBOX)
    assert Exportify.recognises(path, path.read_bytes())
    found = [record for record in read(path) if isinstance(record, PlaylistRecord)]
    assert [record.key for record in found] == [f"path:{path}#a.csv", f"path:{path}#b_side.csv"]
    assert [record.name for record in found] == ["a", "b side"]

    folder = tmp_path / "all"
    folder.mkdir()
    alone = write(folder, WATSONBOX + FIRST)
    assert Exportify.recognises(folder, b"")
    (folder / "song.flac").write_bytes(b"")
    assert not Exportify.recognises(folder, b"")
    assert playlist(read(folder)).key == playlist(read(alone)).key == f"path:{alone}"


def test_a_zip_that_holds_something_else(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.csv", "title,artist,valence\n")
    assert not Exportify.recognises(path, path.read_bytes())
    with pytest.raises(SourceError, match="no playlist of Exportify"):
        read(path)
    path.write_bytes(b"PK\3\4 and nothing more")
    assert not Exportify.recognises(path, path.read_bytes())
    with pytest.raises(SourceError):
        read(path)


def test_recognised_by_the_first_line() -> None:
    path = Path("/x.csv")
    assert Exportify.recognises(path, WATSONBOX.encode())
    assert Exportify.recognises(path, b"\xef\xbb\xbf" + PAVELKOMAROV.encode())
    assert not Exportify.recognises(path, b"track_id,track_name,added_by,energy\n")


def test_a_damaged_member_keeps_what_came_before(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as file:
        file.writestr("a.csv", WATSONBOX + FIRST * 2_000)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    (part,) = Exportify(path).parts()
    found: list[Record] = []
    with pytest.raises(SourceError, match="damaged"):
        found.extend(part.read())
    reading = part.read()
    record = next(reading)
    while isinstance(record, Skip):
        record = next(reading)
    assert isinstance(record, PlaylistRecord)
    assert len(record.tracks) > 100


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(max_size=8), min_size=19, max_size=19))
def test_any_cells(tmp_path: Path, cells: list[str]) -> None:
    line = ",".join('"' + cell.replace('"', '""') + '"' for cell in cells) + "\n"
    (tmp_path / "a.csv").write_bytes((WATSONBOX + line).encode(errors="replace"))
    found = playlist(read(tmp_path / "a.csv"))
    assert all("\0" not in song.title + song.artist + song.album for song in found.tracks)
