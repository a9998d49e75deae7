from __future__ import annotations

from pathlib import Path

import pytest

from incoming import database, ids_of, importer, song
from segue.catalog.database import Database
from segue.catalog.incoming import ListenRecord, PlayCountRecord
from segue.catalog.sessions import load_histories, load_sessions
from segue.errors import UsageError
from segue.types import Interactions

A, B, C = (song(name, key=f"spotify:{name.lower()}") for name in "ABC")
T = 1_700_000_000
YOU = "spotify:7"


def titled(found: Database, read: Interactions) -> list[str]:
    titles = dict(found.query("SELECT id, title FROM track"))
    return [
        "".join(titles[read.track_ids[i]] for i in read.indices[first:last])
        for first, last in zip(read.indptr, read.indptr[1:], strict=False)
    ]


def test_silence_and_another_listener_end_a_session(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found).write(
        [
            ListenRecord(A, T),
            ListenRecord(C, T + 1800),
            ListenRecord(A, T + 1800 + 60),
            ListenRecord(B, T + 1800 + 60 + 1801),
            ListenRecord(C, T + 30, listener=YOU),
        ]
    )
    read = load_sessions(found)
    assert titled(found, read) == ["ACA", "B", "C"]
    assert read.row_ids.tolist() == [1, 2, 3]
    assert read.times.tolist() == [T + 1860, T + 3661, T + 30]
    assert read.weights is None
    assert titled(found, load_sessions(found, gap=4000)) == ["ACAB", "C"]
    assert titled(found, load_sessions(found, gap=100)) == ["A", "CA", "B", "C"]


def test_the_time_a_listen_played_is_no_silence(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found).write([ListenRecord(A, T), ListenRecord(B, T + 3000, seconds=1200.0)])
    assert titled(found, load_sessions(found)) == ["AB"]
    assert titled(found, load_sessions(found, gap=1799)) == ["A", "B"]


def test_skipped_listens_are_left_out_and_may_end_a_session(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found).write(
        [
            ListenRecord(A, T, skipped=False),
            ListenRecord(B, T + 1000, skipped=True),
            ListenRecord(C, T + 2000),
            ListenRecord(B, T + 90_000, skipped=True),
        ]
    )
    assert titled(found, load_sessions(found)) == ["AC"]
    assert titled(found, load_sessions(found, keep_skipped=True)) == ["ABC", "B"]
    assert titled(found, load_sessions(found, end_at_skips=True)) == ["A", "C"]
    read = load_sessions(found, end_at_skips=True, keep_skipped=True)
    assert titled(found, read) == ["AB", "C", "B"]
    assert read.row_ids.tolist() == [1, 2, 3]


def test_listens_of_the_api_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found).write([ListenRecord(A, T)])
    importer(found, "spotify_api").write([ListenRecord(B, T + 9), PlayCountRecord(C, 4)])
    assert titled(found, load_sessions(found)) == ["A"]
    assert titled(found, load_sessions(found, api_content=True)) == ["AB"]
    assert titled(found, load_histories(found)) == ["A"]
    assert titled(found, load_histories(found, api_content=True)) == ["CAB"]


def test_names_come_where_asked_for(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found).write([ListenRecord(A, T), ListenRecord(B, T + 9)])
    for load in (load_sessions, load_histories):
        assert load(found).track_titles == ()
        read = load(found, texts=True)
        assert list(read.track_titles) == ["A", "B"]
        assert list(read.artist_names.values()) == ["Massive Attack"]


def test_a_history_counts_plays_and_has_the_last_played_last(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found).write(
        [
            ListenRecord(A, T),
            ListenRecord(B, T + 10),
            ListenRecord(A, T + 20),
            ListenRecord(B, T + 30, skipped=True),
            ListenRecord(C, T + 5, listener=YOU),
            PlayCountRecord(B, 5, last_at=T + 15),
            PlayCountRecord(C, 7),
            PlayCountRecord(A, 0, skips=3, listener=YOU),
        ]
    )
    read = load_histories(found)
    listeners = dict(found.query("SELECT id, key FROM listener"))
    assert [listeners[id_] for id_ in read.row_ids.tolist()] == ["me", YOU]
    assert titled(found, read) == ["CBA", "C"]
    assert read.weights is not None
    assert read.weights.tolist() == [7, 6, 2, 1]
    assert read.times.tolist() == [T + 20, T + 5]


def test_merged_tracks_are_one_song_of_a_history(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found).write([ListenRecord(A, T), ListenRecord(B, T + 10), ListenRecord(C, T + 20)])
    a, b = ids_of(found, ["spotify:a", "spotify:b"])
    found.connection.execute("UPDATE track SET merged_into = ? WHERE id = ?", (a, b))
    read = load_histories(found)
    assert titled(found, read) == ["AC"]
    assert read.weights is not None
    assert read.weights.tolist() == [2, 1]
    assert titled(found, load_sessions(found)) == ["AAC"]


def test_an_empty_library(tmp_path: Path) -> None:
    found = database(tmp_path)
    for read in (load_sessions(found), load_histories(found)):
        assert read.matrix().shape == (0, 0)
        assert read.times.tolist() == []


@pytest.mark.parametrize("gap", [-1, float("nan")])
def test_a_gap_that_makes_no_sense(tmp_path: Path, gap: float) -> None:
    with pytest.raises(UsageError, match="give 0 or more"):
        load_sessions(database(tmp_path), gap)
