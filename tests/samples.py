"""A small file of each kind that a library takes, made for the tests of sources and services."""

from __future__ import annotations

import gzip
import json
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).parent / "sources" / "data"


def spotify_id(number: int) -> str:
    """Return an id as Spotify's are."""
    return f"{number:022}"


def million_track(number: int, place: int = 0) -> dict[str, Any]:
    """Return an entry of the Million Playlist Dataset."""
    return {
        "pos": place,
        "track_uri": f"spotify:track:{spotify_id(number)}",
        "track_name": f"Song {number}",
        "artist_name": f"Artist {number % 50}",
        "artist_uri": f"spotify:artist:{spotify_id(number % 50)}",
        "album_name": f"Album {number % 90}",
        "album_uri": f"spotify:album:{spotify_id(number % 90)}",
        "duration_ms": 180_000 + number,
    }


def million_playlist(pid: int, *numbers: int, **more: Any) -> dict[str, Any]:
    """Return a playlist of the data set."""
    tracks = [million_track(number, place) for place, number in enumerate(numbers)]
    return {"name": f"List {pid}", "pid": pid, "num_followers": 1, "tracks": tracks, **more}


def write_slice(folder: Path, first: int, *playlists: dict[str, Any]) -> Path:
    """Write a slice of the data set."""
    path = folder / f"mpd.slice.{first}-{first + 999}.json"
    path.write_text(json.dumps({"info": {"slice": path.name}, "playlists": list(playlists)}))
    return path


def write_slices(folder: Path, playlists: int, per_slice: int = 100, length: int = 20) -> Path:
    """Write a folder of slices, whose songs are drawn with a few very popular ones."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(7)
    for first in range(0, playlists, per_slice):
        numbers = rng.zipf(1.3, (per_slice, length)) % 5_000
        lists = [million_playlist(first + i, *row.tolist()) for i, row in enumerate(numbers)]
        write_slice(folder, first, *lists)
    return folder


def netease(number: int, *songs: int, named: int | None = None) -> dict[str, Any]:
    """Return a playlist of NetEase that describes the first `named` of its songs."""
    tracks = [
        {
            "id": song,
            "name": f"歌 {song}",
            "ar": [{"id": song % 5 + 1, "name": f"歌手 {song % 5}"}],
            "al": {"id": song % 3 + 1, "name": f"专辑 {song % 3}"},
            "dt": 200_000 + song,
        }
        for song in songs[:named]
    ]
    return {
        "code": 200,
        "playlist": {
            "id": number,
            "name": f"歌单 {number}",
            "tags": ["夜晚"],
            "playCount": 12,
            "subscribedCount": 3,
            "createTime": 1_600_000_000_000,
            "trackIds": [{"id": song, "at": 1_600_000_000_000} for song in songs],
            "tracks": tracks,
        },
    }


EXPORTIFY = (
    "Track URI,Track Name,Artist URI(s),Artist Name(s),Album Name,Track Duration (ms),Added At,"
    "Energy,Valence\n"
    f"spotify:track:{spotify_id(1)},Song 1,spotify:artist:{spotify_id(1)},Artist 1,Album 1,180001,"
    "2024-05-06T18:43:00Z,0.5,0.25\n"
    f"spotify:track:{spotify_id(2)},Song 2,spotify:artist:{spotify_id(2)},Artist 2,Album 2,180002,"
    "2024-05-06T18:43:01Z,0.5,0.75\n"
)
TABLE = (
    "track_id,track_name,track_artist,energy,valence,tempo\n"
    f"{spotify_id(1)},Song 1,Artist 1,0.5,0.25,120.5\n"
    f"{spotify_id(3)},Song 3,Artist 3,0.25,0.5,90\n"
)


def _cookbook(folder: Path) -> Path:
    path = folder / "cookbook"
    path.mkdir()
    rows = [{"name": "one", "owner": "o", "id": spotify_id(7)}, {"name": "two", "id": "x"}]
    (path / "playlists.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows))
    ids = f"{spotify_id(1)} {spotify_id(2)}\n{spotify_id(3)}\n"
    (path / "songs_ids.txt").write_text(ids)
    return path


def _cookbook_db(folder: Path) -> Path:
    path = folder / "songs.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE songs (id TEXT, name TEXT, artist TEXT)")
        rows = [(spotify_id(number), f"Song {number}", "Artist") for number in range(4)]
        database.executemany("INSERT INTO songs VALUES (?, ?, ?)", rows)
    return path


def _text(name: str, content: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_text(content, "utf-8")
        return folder / name

    return write


def _copy(name: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        return Path(shutil.copyfile(DATA / name, folder / name))

    return write


def _challenge(folder: Path) -> Path:
    lists = [million_playlist(1_000_000 + i, i, i + 1, num_holdouts=5) for i in range(3)]
    return _text("challenge_set.json", json.dumps({"playlists": lists}))(folder)


MAKERS: dict[str, Callable[[Path], Path]] = {
    "million_playlist": lambda folder: write_slice(
        folder, 0, million_playlist(0, 1, 2, 1), million_playlist(1)
    ),
    "challenge_set": _challenge,
    "spotify_history": _copy("my_spotify_data.zip"),
    "spotify_account": _copy("my_spotify_account_data.zip"),
    "listenbrainz": _copy("listenbrainz_u_1767225600.zip"),
    "listenbrainz_dump": _copy("lb_dump_2026_1.listens"),
    "cookbook": _cookbook,
    "cookbook_db": _cookbook_db,
    "exportify": _text("gym.csv", EXPORTIFY),
    "feature_table": _text("features.csv", TABLE),
    "itunes": _copy("iTunes Library.xml"),
    "rekordbox": _copy("rb.xml"),
    "xspf": _copy("a.xspf"),
    "jspf": _copy("lb.jspf"),
    "netease": _text("163.json", json.dumps(netease(11, 1, 2, 3, named=2), ensure_ascii=False)),
    "m3u": _copy("a.m3u8"),
}
"""By kind: writes a sample into a folder and returns where it is."""


def write_sample(kind: str, folder: Path) -> Path:
    """Write the sample of a kind into a folder, which is made, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    return MAKERS[kind](folder)


def write_zip(path: Path, *files: Path) -> Path:
    """Pack files by their names."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, file.name)
    return path


def write_gzip(path: Path, content: bytes) -> Path:
    """Write a gzip file that is the same each time."""
    path.write_bytes(gzip.compress(content, mtime=0))
    return path
