from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from incoming import column, database, ids_of, importer, playlist, song
from segue.catalog.incoming import (
    FeatureRecord,
    ListenRecord,
    PlayCountRecord,
    RatingRecord,
    Record,
    Skip,
    TrackList,
)
from segue.catalog.records import TrackRecord

TEARDROP = song("Teardrop", key="spotify:teardrop")
ANGEL = song("Angel", key="spotify:angel")
EVERYTHING: list[Record] = [
    playlist("million_playlist:0", TEARDROP, ANGEL, TEARDROP, name="late night"),
    ListenRecord(TEARDROP, at=1_700_000_000, seconds=200.0, skipped=False),
    RatingRecord(ANGEL, 1.0),
    PlayCountRecord(ANGEL, plays=7, skips=1),
    FeatureRecord(TEARDROP, valence=0.2, energy=0.4, genres=("trip hop",)),
    Skip("a podcast", bad=False),
    Skip("cut off", "line 7"),
]


def test_all_kinds_of_records_are_written_and_counted(tmp_path: Path) -> None:
    found = database(tmp_path)
    writer = importer(found)
    writer.write(EVERYTHING)
    tally = writer.tally
    assert (tally.tracks, tally.playlists, tally.entries) == (2, 1, 3)
    assert (tally.listens, tally.ratings, tally.play_counts, tally.features) == (1, 1, 1, 1)
    assert (tally.skipped, tally.bad) == ({"a podcast": 1, "cut off": 1}, 1)
    assert tally.records == 7  # the entries and the single records, without what was skipped


def test_writing_twice_changes_nothing(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found).write(EVERYTHING)
    before = list(found.connection.iterdump())
    writer = importer(found)
    writer.write(EVERYTHING)
    assert list(found.connection.iterdump()) == before
    tally = writer.tally
    assert (tally.tracks, tally.playlists, tally.known_playlists) == (0, 0, 1)
    assert (tally.listens, tally.ratings, tally.play_counts, tally.features) == (0, 0, 0, 0)


def test_a_batch_that_fails_leaves_nothing_and_can_be_written_again(tmp_path: Path) -> None:
    found = database(tmp_path)
    writer = importer(found)
    found.connection.execute(
        "CREATE TEMP TRIGGER fails BEFORE INSERT ON listen BEGIN SELECT raise(ABORT, 'no'); END"
    )
    with pytest.raises(sqlite3.IntegrityError):
        writer.write(EVERYTHING)
    assert column(found, "id") == []
    found.connection.execute("DROP TRIGGER fails")
    writer.write(EVERYTHING)
    assert len(ids_of(found, ["spotify:teardrop", "spotify:angel"])) == 2
    assert writer.tally.listens == 1


def test_entries_are_described_once_each(tmp_path: Path) -> None:
    asked = []

    def describe(position: int) -> TrackRecord:
        asked.append(position)
        return (TEARDROP, ANGEL, TEARDROP)[position]

    keys = ["spotify:teardrop", "spotify:angel", "spotify:teardrop"]
    record = playlist("a:1")
    writer = importer(database(tmp_path))
    writer.write([type(record)("a:1", "one", TrackList(keys, describe))])
    writer.write([type(record)("a:2", "two", TrackList(keys, describe))])
    assert asked == [0, 1]


def test_a_record_that_names_nothing_is_no_entry(tmp_path: Path) -> None:
    found = database(tmp_path)
    writer = importer(found)
    writer.write([playlist("a:1", TEARDROP, song("", ""), ANGEL), ListenRecord(song("", ""), 5)])
    assert (writer.tally.entries, writer.tally.listens) == (2, 0)
