from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segue.catalog.incoming import PlaylistRecord, Record, Skip
from segue.errors import SourceError
from segue.sources.cookbook import Cookbook
from segue.sources.source import Source

A, B = "a" * 22, "b" * 22


def write(folder: Path, playlists: str, songs: str) -> None:
    (folder / "playlists.ndjson").write_text(playlists, encoding="utf-8")
    (folder / "songs_ids.txt").write_text(songs, encoding="utf-8")


def line(id_: str, **more: object) -> str:
    return json.dumps({"owner": "spotify", "name": "All Out 80s", "id": id_, **more}) + "\n"


def read(path: Path) -> list[Record]:
    (part,) = Cookbook(path).parts()
    return list(part.read())


def test_the_folder_or_either_file(tmp_path: Path) -> None:
    kind: Any = Cookbook
    write(tmp_path, line("p" * 22) + line("q" * 22, name="\u97d3\0\ud800"), f"{A} {B} {A}\n\n")
    for path in (tmp_path, tmp_path / "playlists.ndjson", tmp_path / "songs_ids.txt"):
        source = kind(path)
        assert isinstance(source, Source)
        assert kind.recognises(path, b"")
        assert source.location == str(tmp_path)
        one, two = read(path)
        assert isinstance(one, PlaylistRecord)
        assert isinstance(two, PlaylistRecord)
        assert (one.key, one.name, one.owner) == (f"spotify:{'p' * 22}", "All Out 80s", "spotify")
        assert one.tracks.keys == [f"spotify:{A}", f"spotify:{B}", f"spotify:{A}"]
        assert (one.tracks[1].key, one.tracks[1].title) == (f"spotify:{B}", "")
        assert (two.name, len(two.tracks)) == ("韓", 0)


def test_more_lines_in_one_file_than_in_the_other(tmp_path: Path) -> None:
    write(tmp_path, line("p" * 22) + line("q" * 22), f"{A}\n")
    found, skip = read(tmp_path)
    assert isinstance(found, PlaylistRecord)
    assert skip == Skip("no such line in songs_ids.txt", "line 2")
    write(tmp_path, line("p" * 22), f"{A}\n{B}\n{B}\n")
    assert read(tmp_path)[1:] == [
        Skip("no such line in playlists.ndjson", "line 2"),
        Skip("no such line in playlists.ndjson", "line 3"),
    ]


def test_a_bad_line_shifts_no_other(tmp_path: Path) -> None:
    write(
        tmp_path,
        '{"id": "cut\n[]\n{"id": 5}\n' + line("p" * 22) + line("p" * 22) + line("mine"),
        f"{B}\n{B}\n{B}\n{A} short {A}\n{B}\n{B}\n",
    )
    found = read(tmp_path)
    assert [record for record in found if isinstance(record, Skip)] == [
        Skip("not a playlist", "playlists.ndjson line 1"),
        Skip("not a playlist", "playlists.ndjson line 2"),
        Skip("not a playlist", "playlists.ndjson line 3"),
        Skip("not a track's id", "songs_ids.txt line 4"),
        Skip("the same playlist again", "line 5", bad=False),
    ]
    one, two = (record for record in found if isinstance(record, PlaylistRecord))
    assert one.tracks.keys == [f"spotify:{A}", f"spotify:{A}"]
    assert two.key == f"path:{tmp_path}#mine"


def test_empty_files(tmp_path: Path) -> None:
    write(tmp_path, "", "")
    assert read(tmp_path) == []
    write(tmp_path, "\n\n", "\n\n")
    assert read(tmp_path) == []


def test_one_of_them_missing(tmp_path: Path) -> None:
    (tmp_path / "playlists.ndjson").write_text("")
    assert not Cookbook.recognises(tmp_path, b"")
    with pytest.raises(SourceError):
        read(tmp_path)


def test_all_on_one_line(tmp_path: Path) -> None:
    write(tmp_path, line("p" * 22) + line("q" * 22), f"{A}\n" + f"{A} " * 100_000)
    (part,) = Cookbook(tmp_path).parts()
    reading = part.read()
    assert isinstance(next(reading), PlaylistRecord)
    with pytest.raises(SourceError, match="longer than"):
        next(reading)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_bytes(tmp_path: Path, playlists: bytes, songs: bytes) -> None:
    (tmp_path / "playlists.ndjson").write_bytes(playlists)
    (tmp_path / "songs_ids.txt").write_bytes(songs)
    for record in read(tmp_path):
        assert isinstance(record, Skip | PlaylistRecord)


def test_real_crawl(shared: Path) -> None:
    found = read(shared / "data" / "seed_playlists")
    playlists = [record for record in found if isinstance(record, PlaylistRecord)]
    assert len(playlists) == len(found) == 901
    assert sum(len(record.tracks) for record in playlists) == 129_425
