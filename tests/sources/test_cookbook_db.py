from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from segue.catalog.incoming import PlaylistRecord, Record, Skip
from segue.catalog.records import TrackRecord
from segue.errors import SourceError
from segue.sources.cookbook_db import CookbookDatabase
from segue.sources.source import Source

A, B, C, P, Q = (letter * 22 for letter in "abcpq")
CRAWL = """
CREATE TABLE artists (name text, id text, uri text, PRIMARY KEY (id));
CREATE TABLE tracks (disc_number integer, duration integer, explicit numeric, endpoint text,
    id text, name text, preview_url text, track_number integer, uri text, type text,
    image_url text, PRIMARY KEY (id));
CREATE TABLE track_artists (track_id text, artist_id text, PRIMARY KEY (track_id, artist_id));
CREATE TABLE playlists (collaborative numeric, endpoint text, id text, name text,
    is_public numeric, snapshot_id text, uri text, PRIMARY KEY (id));
CREATE TABLE playlist_tracks (playlist_id text, track_id text,
    PRIMARY KEY (playlist_id, track_id));
"""


def make(path: Path, script: str, **rows: list[tuple[Any, ...]]) -> Path:
    with closing(sqlite3.connect(path)) as database:
        database.executescript(script)
        for table, values in rows.items():
            marks = ",".join("?" * len(values[0]))
            database.executemany(f"INSERT INTO {table} VALUES ({marks})", values)
        database.commit()
    return path


def read(path: Path) -> list[Record]:
    (part,) = CookbookDatabase(path).parts()
    return list(part.read())


def recognised(path: Path) -> bool:
    return CookbookDatabase.recognises(path, path.read_bytes()[:65536])


def crawl(path: Path) -> Path:
    return make(
        path,
        CRAWL,
        artists=[("Adele", P, ""), ("Zoe", Q, "")],
        tracks=[
            (1, 224694, 0, "", B, "Easy On Me", "", 2, "", "track", ""),
            (1, "x", 0, "", A, "Solo\0", "", None, "", "track", ""),
            (1, 1000, 0, "", "local", None, "", None, "", "track", ""),
        ],
        track_artists=[(B, Q), (B, P), (A, "gone")],
        playlists=[(0, "", Q, "Second", 1, "", ""), (0, "", P, None, 1, "", "")],
        playlist_tracks=[(P, C), (Q, B), (Q, A), (P, A), (P, "7"), (P, 8)],
    )


def test_songs(tmp_path: Path) -> None:
    script = "CREATE TABLE songs (id text, name text, artist text)"
    path = make(
        tmp_path / "a ?#%.db", script, songs=[(A, "One", "X"), (7, None, 5), (B, b"x", "Y")]
    )
    kind: Any = CookbookDatabase
    assert isinstance(kind(path), Source)
    assert recognised(path)
    assert read(path) == [
        TrackRecord("One", "X", key=f"spotify:{A}"),
        Skip("no id and no title", "7"),
        TrackRecord("", "Y", key=f"spotify:{B}"),
    ]


def test_a_crawl(tmp_path: Path) -> None:
    path = crawl(tmp_path / "playlists.db")
    assert recognised(path)
    one, two, bad, *rest = read(path)
    assert one == TrackRecord(
        "Easy On Me",
        "Zoe, Adele",
        track_number=2,
        disc_number=1,
        duration=224.694,
        key=f"spotify:{B}",
        artists=("Zoe", "Adele"),
        artist_keys=(f"spotify:{Q}", f"spotify:{P}"),
    )
    assert two == TrackRecord("Solo", disc_number=1, key=f"spotify:{A}")
    assert bad == Skip("no id and no title", "local")
    second, *skips, first = rest
    assert [skip.reason for skip in skips if isinstance(skip, Skip)] == ["not a track's id"] * 2
    assert isinstance(first, PlaylistRecord)
    assert isinstance(second, PlaylistRecord)
    assert (second.key, second.name) == (f"spotify:{Q}", "Second")
    assert second.tracks.keys == [f"spotify:{B}", f"spotify:{A}"]
    assert (first.name, first.tracks.keys) == ("", [f"spotify:{C}", f"spotify:{A}"])
    assert first.tracks[0] == TrackRecord("", key=f"spotify:{C}")


def test_an_empty_playlist_is_kept(tmp_path: Path) -> None:
    path = make(tmp_path / "x.db", CRAWL, playlists=[(0, "", "mine", "Empty", 1, "", "")])
    (found,) = read(path)
    assert isinstance(found, PlaylistRecord)
    assert (found.key, len(found.tracks)) == (f"path:{path}#mine", 0)


@pytest.mark.parametrize(
    "script",
    [
        "CREATE TABLE songs (id, title, artist)",
        "CREATE TABLE tracks (id, name); CREATE TABLE playlists (id, name)",
        "CREATE TABLE t (a); CREATE VIEW songs AS SELECT 1 AS id, 2 AS name, 3 AS artist",
    ],
)
def test_a_foreign_database(tmp_path: Path, script: str) -> None:
    path = make(tmp_path / "x.db", script)
    assert not recognised(path)
    with pytest.raises(SourceError, match="neither a table songs"):
        read(path)


def test_a_damaged_database(tmp_path: Path) -> None:
    script = "CREATE TABLE songs (id text, name text, artist text)"
    path = make(tmp_path / "x.db", script, songs=[(A, f"Song {n}", "X" * 99) for n in range(5_000)])
    data = bytearray(path.read_bytes())
    data[len(data) // 2 :] = b"\xff" * (len(data) - len(data) // 2)
    path.write_bytes(data)
    (part,) = CookbookDatabase(path).parts()
    reading = part.read()
    assert next(reading) == TrackRecord("Song 0", "X" * 99, key=f"spotify:{A}")
    with pytest.raises(SourceError, match="cannot be read on"):
        list(reading)


@pytest.mark.parametrize("size", [0, 16, 100, 5_000])
def test_a_database_cut_off(tmp_path: Path, size: int) -> None:
    path = crawl(tmp_path / "x.db")
    path.write_bytes(path.read_bytes()[:size])
    assert not recognised(path)
    with pytest.raises(SourceError):
        read(path)


def test_nothing_is_written_beside_it(tmp_path: Path) -> None:
    path = crawl(tmp_path / "x.db")
    before = path.read_bytes()
    path.chmod(0o400)
    read(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.db"]
    assert path.read_bytes() == before


def test_no_such_file(tmp_path: Path) -> None:
    assert not CookbookDatabase.recognises(tmp_path / "no.db", b"SQLite format 3\0")
    with pytest.raises(SourceError):
        read(tmp_path / "no.db")
