from __future__ import annotations

from pathlib import Path

import numpy as np

from incoming import database, ids_of, importer, playlist, song
from segue.catalog.interactions import load_interactions

A, B, C = (song(name, key=f"spotify:{name.lower()}", album="X") for name in "ABC")


def test_playlists_in_order_as_rows_of_columns(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found).write([playlist("x:1", C, A, C), playlist("x:2"), playlist("x:3", B)])
    read = load_interactions(found)
    a, b, c = ids_of(found, ["spotify:a", "spotify:b", "spotify:c"])
    assert read.indptr.tolist() == [0, 3, 3, 4]
    assert read.track_ids[read.indices].tolist() == [c, a, c, b]
    assert read.row_ids.tolist() == [1, 2, 3]
    assert len(set(read.artist_ids)) == len(set(read.album_ids)) == 1
    matrix = read.matrix()
    assert matrix.dtype == np.float32
    rows = {row: sorted(read.track_ids[matrix[row].indices].tolist()) for row in range(3)}
    assert rows == {0: sorted([a, c]), 1: [], 2: [b]}
    assert matrix.max() == 1.0


def test_merged_tracks_are_one_column_and_tracks_that_are_gone_none(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found).write([playlist("x:1", A, B)])
    importer(found).write([playlist("x:2", C, song("A", key="deezer:1"), B)])
    (c,) = ids_of(found, ["spotify:c"])
    found.connection.execute("DELETE FROM track WHERE id = ?", (c,))
    read = load_interactions(found)
    assert read.track_ids.tolist() == ids_of(found, ["spotify:a", "spotify:b"])
    assert read.indptr.tolist() == [0, 2, 4]
    assert read.indices.tolist() == [0, 1, 0, 1]


def test_playlists_of_the_api_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found).write([playlist("x:1", A)])
    importer(found, "spotify_api").write([playlist("x:2", A, B)])
    assert load_interactions(found).matrix().shape == (1, 1)
    assert load_interactions(found, api_content=True).matrix().shape == (2, 2)


def test_an_empty_library_is_an_empty_matrix(tmp_path: Path) -> None:
    assert load_interactions(database(tmp_path)).matrix().shape == (0, 0)


def test_the_last_track_of_all_may_be_gone(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found).write([playlist("x:1", A, B, C)])
    (last,) = found.query_one("SELECT max(id) FROM track")
    found.connection.execute("DELETE FROM track WHERE id = ?", (last,))
    read = load_interactions(found)
    assert last not in read.track_ids.tolist()
    assert read.indptr.tolist() == [0, 2]
    found.connection.execute("DELETE FROM track")
    assert load_interactions(found).indptr.tolist() == [0, 0]
