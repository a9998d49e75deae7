from __future__ import annotations

from pathlib import Path

from incoming import database, ids_of, importer, playlist, song
from segue.catalog.known import (
    KnownTrack,
    known_albums,
    known_artists,
    known_playlists,
    known_tracks,
)

A = song("A", key="spotify:a", artists=("Abba",), artist_keys=("spotify:abba",))
B = song("B", key="spotify:b", album="X", album_key="spotify:x")


def test_what_is_there_by_its_key(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found).write([playlist("x:1", A, B)])
    tracks = known_tracks(found, ["spotify:a", "spotify:b", "spotify:c"])
    a, b = ids_of(found, ["spotify:a", "spotify:b"])
    assert {key: track.id for key, track in tracks.items()} == {"spotify:a": a, "spotify:b": b}
    artists = known_artists(found, ["spotify:abba", "spotify:a"])
    assert artists == {"spotify:abba": tracks["spotify:a"].artist}
    assert known_albums(found, ["spotify:x", ""]) == {"spotify:x": tracks["spotify:b"].album}
    assert tracks["spotify:a"].album == 0
    (row,) = found.query_one("SELECT id FROM playlist")
    assert known_playlists(found, ["x:1", "x:2"]) == {"x:1": row}


def test_a_merged_track_is_the_one_it_is_merged_into(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found).write([playlist("x:1", B)])
    importer(found).write([playlist("x:2", song("B", key="deezer:1"))])
    (b,) = ids_of(found, ["spotify:b"])
    tracks = known_tracks(found, ["spotify:b", "deezer:1"])
    assert tracks["deezer:1"] == tracks["spotify:b"]
    assert tracks["deezer:1"].id == b


def test_more_keys_than_a_statement_takes(tmp_path: Path) -> None:
    found = database(tmp_path)
    songs = [song(f"song {n}", key=f"spotify:{n}") for n in range(1201)]
    importer(found).write([playlist("x:1", *songs)])
    tracks = known_tracks(found, [f"spotify:{n}" for n in range(2000)])
    assert len(tracks) == 1201
    assert isinstance(tracks["spotify:1200"], KnownTrack)
    assert known_tracks(found, []) == {}
