from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from incoming import database, importer, song
from segue.catalog.database import Database
from segue.catalog.history import History
from segue.catalog.incoming import ListenRecord, PlayCountRecord, RatingRecord
from segue.catalog.records import TrackRecord

A = song("Teardrop", key="spotify:a")
BY_NAME = song("Teardrop")
OTHER = song("Angel")
MINUTE = 1_700_000_040 // 60 * 60


def listens(found: Database) -> list[tuple[int, int, float | None]]:
    return found.query("SELECT at, precision, seconds FROM listen ORDER BY at")


def test_a_listen_is_kept_with_who_when_how_long_and_whether_it_was_skipped(
    tmp_path: Path,
) -> None:
    found = database(tmp_path)
    record = ListenRecord(A, 1_700_000_000, 12.5, skipped=True, listener="listenbrainz:7")
    importer(found).write([record])
    row = found.query_one(
        "SELECT listener.key, at, seconds, skipped, source_id FROM listen "
        "JOIN listener ON listener.id = listener_id"
    )
    assert row == ("listenbrainz:7", 1_700_000_000, 12.5, 1, 1)


def test_exports_that_overlap_do_not_count_a_listen_twice(tmp_path: Path) -> None:
    exact = ListenRecord(A, MINUTE + 17, 200.0)
    coarse = ListenRecord(BY_NAME, MINUTE, 200.1, precision=60)
    apart = ListenRecord(OTHER, MINUTE, 100.0, precision=60)
    for number, order in enumerate(([exact, coarse, apart], [coarse, apart, exact])):
        found = database(tmp_path / str(number))
        for record in order:
            importer(found).write([record])
        assert listens(found) == [(MINUTE, 60, 100.0), (MINUTE + 17, 1, 200.0)]


def test_two_listeners_may_hear_a_song_at_once(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found).write([ListenRecord(A, 5, listener=f"listenbrainz:{n}") for n in (1, 2)])
    assert History(found).counts() == {
        "listens": 2,
        "ratings": 0,
        "play_counts": 0,
        "listeners": 2,
    }


def test_a_rating_is_replaced_and_taken_back(tmp_path: Path) -> None:
    found = database(tmp_path)
    for value in (1.0, -1.0, -1.0):
        importer(found).write([RatingRecord(A, value, at=5)])
    assert found.query("SELECT value, at FROM rating") == [(-1.0, 5)]
    importer(found, "subsonic").write([RatingRecord(A, 0.5)])
    importer(found).write([RatingRecord(A, 0.0)])
    assert found.query("SELECT value, source_id FROM rating") == [(0.5, 2)]


def test_play_counts_grow(tmp_path: Path) -> None:
    found = database(tmp_path)
    for plays in (3, 5):
        writer = importer(found, "itunes")
        writer.write([PlayCountRecord(A, plays, skips=1, last_at=9)])
        assert writer.tally.play_counts == 1
    assert found.query("SELECT plays, skips, last_at FROM play_count") == [(5, 1, 9)]


def test_what_is_known_of_tracks_together(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found).write(
        [
            ListenRecord(A, 100),
            ListenRecord(BY_NAME, 300, skipped=True),
            RatingRecord(A, 1.0),
            PlayCountRecord(BY_NAME, 4),
        ]
    )
    ids = [id_ for (id_,) in found.query("SELECT id FROM track")]
    assert History(found).of_tracks(ids) == {
        "listens": 2,
        "skips": 1,
        "first_listen": 100,
        "last_listen": 300,
        "ratings": [1.0],
        "play_count": 4,
    }


@given(
    st.lists(st.tuples(st.integers(0, 300), st.sampled_from([A, BY_NAME, OTHER])), max_size=12),
    st.integers(1, 5),
)
def test_adding_any_history_again_changes_nothing(
    plays: list[tuple[int, TrackRecord]], size: int
) -> None:
    records = [ListenRecord(track, at) for at, track in plays]
    records += [ListenRecord(r.track, r.at // 60 * 60, precision=60) for r in records[::2]]
    with TemporaryDirectory() as folder:
        found = database(Path(folder))
        for _ in range(2):
            for first in range(0, len(records), size):
                importer(found).write(records[first : first + size])
        before = listens(found)
        importer(found).write(records)
        assert listens(found) == before
        found.close()


def test_a_listen_under_another_id_of_the_song_is_the_same(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found).write([ListenRecord(BY_NAME, MINUTE + 17)])
    mapped = song("Teardrop", key="musicbrainz:9f24c0f7-a644-4074-8fbd-a1dba03de129")
    importer(found).write([ListenRecord(mapped, MINUTE + 17), ListenRecord(OTHER, MINUTE + 17)])
    assert len(listens(found)) == 2


def test_the_last_rating_of_a_batch_counts(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found).write([RatingRecord(A, 0.0), RatingRecord(A, 1.0)])
    assert found.query("SELECT value FROM rating") == [(1.0,)]
