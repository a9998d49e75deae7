from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planted import plant, plant_file
from segue.catalog.database import Database
from segue.catalog.search_index import (
    ABSENT,
    doublings,
    popularity_bucket,
    refresh,
    row_of,
    song_of,
    tokens,
)
from segue.catalog.text import fold


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "segue.db")
    yield database
    database.close()


def rows(database: Database) -> dict[int, tuple[int, str, str, str]]:
    """Return what is indexed of each song: its row, title, artist and album."""
    found = database.query("SELECT rowid, title, artist, album FROM song_text ORDER BY rowid")
    return {song_of(row): (row, *texts) for row, *texts in found}


def words(database: Database) -> dict[str, int]:
    return dict(database.query("SELECT word, uses FROM song_word WHERE uses > 0"))


def check(database: Database) -> None:
    """Check the index against the tracks, and against itself."""
    database.query("INSERT INTO song_text (song_text) VALUES ('integrity-check')")
    indexed = dict(database.query("SELECT id, indexed FROM song"))
    found = rows(database)
    assert {song: row[0] for song, row in found.items()} == indexed
    assert set(found) == {song for (song,) in database.query("SELECT DISTINCT song_id FROM track")}
    counts = Counter(w for _, *texts in found.values() for text in texts for w in text.split())
    assert words(database) == {w: n for w, n in counts.items() if tokens(w) == [w] and w.isascii()}
    with database.transaction() as connection:
        assert refresh(connection) == 0


def test_a_row_tells_its_song_presence_and_popularity() -> None:
    buckets = popularity_bucket(np.array([0, 1, 10, 45_000, 2**40])).tolist()
    for song in (1, 5_000_000, 2**40 - 1):
        present = [row_of(song, bucket, True) for bucket in buckets]
        absent = [row_of(song, bucket, False) for bucket in buckets]
        order = [*reversed(present), *reversed(absent)]
        assert order == sorted(order)
        assert {song_of(row) for row in order} == {song}
        assert max(present) < ABSENT <= min(absent)
        assert max(absent) < 2**63
        assert [doublings(row) for row in absent] == [bucket / 2 for bucket in buckets]


@given(st.lists(st.integers(0, 2**40), min_size=1))
def test_buckets_never_put_a_more_popular_song_behind(playlists: list[int]) -> None:
    ordered = np.sort(np.array(playlists))
    buckets = popularity_bucket(ordered)
    assert np.all(np.diff(buckets) >= 0)
    assert buckets.min() >= 0
    assert buckets.max() < 255


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Don't Stop", "don t stop"),
        ("夜に駆ける", "夜に に駆 駆け ける"),
        ("光", "光"),
        ("Ｘ JAPAN 紅2", "x japan 紅 2"),
        ("강남 Style", "강남 style"),
        ("สวัสดี", " ".join("สวัสดี"[i : i + 2] for i in range(5))),
        ("Группа крови", "группа крови"),
    ],
)
def test_names_become_tokens(name: str, expected: str) -> None:
    assert tokens(fold(name)) == expected.split()


def test_the_pressings_of_a_song_share_a_row(database: Database) -> None:
    plant(
        database,
        [
            (1, "Heroes", "David Bowie", "Heroes", 3),
            (1, "Heroes - 2017 Remaster", "David Bowie", "Best of Bowie", 4),
            (2, "Heroes", "Peter Gabriel", "Scratch My Back", 1),
        ],
    )
    found = rows(database)
    assert found[1][1:] == ("heroes\nheroes 2017 remaster", "david bowie", "best of bowie")
    assert found[2][1:] == ("heroes", "peter gabriel", "scratch my back")
    assert found[1][0] < found[2][0]
    assert words(database)["heroes"] == 3
    check(database)


def test_other_artists_of_a_song_are_found_too(database: Database) -> None:
    plant(database, [(1, "Under Pressure", "Queen", "", 0)], index=False)
    with database.transaction() as connection:
        connection.execute("INSERT INTO artist VALUES (1, 'name:david bowie', 'David Bowie')")
        connection.execute("INSERT INTO track_artist VALUES (1, 1, 1)")
        refresh(connection)
    assert rows(database)[1][2] == "queen\ndavid bowie"


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("Don't Stop", "don t stop\ndont stop"),
        ("Rock & Roll", "rock roll\nrock and roll"),
        ("Rock’n’Roll", "rock n roll\nrocknroll"),
        ("Guns N' Roses", "guns n roses\nguns and roses"),
        ("Rock 'n' Roll n Soul", "rock n roll n soul\nrock and roll and soul"),
    ],
)
def test_what_many_write_otherwise_stands_there_twice(
    database: Database, name: str, lines: str
) -> None:
    plant(database, [(1, name, "", "", 0)])
    found = rows(database)[1][1].split("\n")
    assert found == lines.split("\n")


def test_songs_move_with_their_files_and_playlists(database: Database) -> None:
    plant(database, [(1, "One", "A", "", 5), (2, "Two", "B", "", 5)])
    absent = rows(database)[1][0]
    plant_file(database, 1)
    assert rows(database)[1][0] == absent - ABSENT
    with database.transaction() as connection:
        connection.execute("UPDATE file SET state = 'missing'")
        refresh(connection)
    assert rows(database)[1][0] == absent
    with database.transaction() as connection:
        connection.execute("UPDATE song SET playlists = 5000, stale = 1 WHERE id = 2")
        assert refresh(connection) == 1
    assert list(rows(database)) == [2, 1]
    check(database)


def test_a_song_without_tracks_is_deleted(database: Database) -> None:
    plant(database, [(1, "One", "A", "Alone", 5), (2, "Two", "B", "", 5)])
    with database.transaction() as connection:
        connection.execute("DELETE FROM track WHERE song_id = 1")
        assert refresh(connection) == 1
    assert list(rows(database)) == [2]
    assert database.query("SELECT id FROM song") == [(2,)]
    assert words(database) == {"two": 1, "b": 1}
    check(database)


def test_no_more_than_the_limit_is_done_at_once(database: Database) -> None:
    plant(database, [(i, f"Song {i}", "A", "", 0) for i in range(1, 8)], index=False)
    done = []
    for _ in range(4):
        with database.transaction() as connection:
            done.append(refresh(connection, limit=3))
    assert done == [3, 3, 1, 0]
    check(database)


def test_a_batch_equals_single_songs(tmp_path: Path) -> None:
    songs = [
        (i, f"Title {i % 7} - Live & Alive", f"Artist's {i % 3}", f"Album {i % 5}\n光の{i}", i)
        for i in range(1, 60)
    ]
    contents = []
    for limit in (None, 1):
        database = Database(tmp_path / str(limit) / "segue.db")
        plant(database, songs, index=False)
        done = 1
        while done:
            with database.transaction() as connection:
                done = refresh(connection, limit=limit)
        contents.append((database.query("SELECT * FROM song_text"), words(database)))
        database.close()
    assert contents[0] == contents[1]


def test_any_change_leaves_the_index_right(database: Database) -> None:
    rng = random.Random(5)
    names = ["Love", "Love Me", "Don't", "A & B", "Heroes (Live)", "Moon", "Rock 'n' Roll"]
    plant(
        database,
        [
            (rng.randrange(1, 20), rng.choice(names), rng.choice(names), rng.choice(names), i % 9)
            for i in range(40)
        ],
    )
    check(database)
    for _ in range(60):
        track = rng.randrange(1, 41)
        statement, values = rng.choice(
            [
                ("UPDATE track SET title = ? WHERE id = ?", (rng.choice(names), track)),
                ("UPDATE track SET artist = ? WHERE id = ?", (rng.choice(names), track)),
                ("UPDATE track SET song_id = ? WHERE id = ?", (rng.randrange(1, 9), track)),
                ("DELETE FROM track WHERE id = ?", (track,)),
            ]
        )
        with database.transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO song (id) SELECT value FROM json_each(?)",
                (str(list(range(1, 9))),),
            )
            connection.execute(statement, values)
            refresh(connection, limit=rng.choice([1, None]))
        with database.transaction() as connection:
            refresh(connection)
        check(database)


_ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.text(
    "ab '’&-([\n\0光のสแ가e\u0301", max_size=500
)


@given(st.lists(st.tuples(_ANY, _ANY, _ANY), min_size=1, max_size=5))
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_name_can_be_indexed(database: Database, names: list[tuple[str, str, str]]) -> None:
    with database.transaction() as connection:
        connection.execute("DELETE FROM track")
    plant(database, [(i // 2 + 1, *name, 0) for i, name in enumerate(names)])
    assert len(rows(database)) == (len(names) + 1) // 2
    for row, title, artist, album in rows(database).values():
        assert row >= ABSENT
        every = f"{title} {artist} {album}"
        assert all(tokens(w) == [w] for w in every.split())
    with database.transaction() as connection:
        connection.execute("DELETE FROM track")
        refresh(connection)
    assert rows(database) == {}
    assert words(database) == {}
