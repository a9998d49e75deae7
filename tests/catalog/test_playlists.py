from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from incoming import column, database, ids_of, importer, playlist, song
from segue.catalog.importing import Importer
from segue.catalog.playlists import Playlists
from segue.catalog.provenance import Provenance
from segue.catalog.records import TrackRecord
from segue.catalog.search_index import refresh

A, B, C = (song(name, key=f"spotify:{name.lower()}") for name in "ABC")


def test_a_playlist_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    found = database(tmp_path)
    record = playlist(
        "netease:1",
        B,
        A,
        B,
        name="夜に聴く",
        description="for the night",
        tags=("华语", "夜晚"),
        owner="somebody",
        followers=12,
        plays=3_000_000_000,
        comments=4,
        modified_at=1_700_000_000,
        added_at=[5, 0, 7],
    )
    importer(found).write([record])
    playlists = Playlists(found)
    (id_,) = playlists.ids("夜に聴く")
    read = playlists.get([id_, 99])[id_]
    a, b = ids_of(found, ["spotify:a", "spotify:b"])
    assert read.tracks.tolist() == [b, a, b]
    for name in ("key", "name", "description", "tags", "owner", "followers", "plays", "comments"):
        assert getattr(read, name) == getattr(record, name)
    (times,) = found.query_one("SELECT added_at FROM playlist")
    assert np.frombuffer(times, "<u4").tolist() == [5, 0, 7]


def test_a_playlist_that_changed_takes_over_the_new_entries(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found).write([playlist("a:1", A, B, name="mix"), playlist("a:2", C)])
    writer = importer(found)
    writer.write([playlist("a:1", B, C, name="mix"), playlist("a:2", C)])
    assert (writer.tally.changed_playlists, writer.tally.known_playlists) == (1, 1)
    playlists = Playlists(found)
    assert playlists.counts() == (2, 3)
    playlists.recount()
    assert found.query("SELECT key, playlists FROM track ORDER BY key") == [
        ("spotify:a", 0),
        ("spotify:b", 1),
        ("spotify:c", 2),
    ]


def test_counts_are_summed_over_the_pressings_of_a_song(tmp_path: Path) -> None:
    found = database(tmp_path)
    other = song("A - 2011 Remaster", key="spotify:a2")
    lists = [playlist(f"x:{n}", A, B) for n in range(5)]
    importer(found).write([*lists, playlist("x:9", other, other, C)])
    playlists = Playlists(found)
    playlists.recount()
    sums = dict(
        found.query("SELECT track.key, song.playlists FROM track JOIN song ON song.id = song_id")
    )
    assert sums == {"spotify:a": 7, "spotify:a2": 7, "spotify:b": 5, "spotify:c": 1}


def test_a_recount_marks_only_songs_whose_rank_moved_for_the_index(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found).write([playlist(f"x:{n}", A, B) for n in range(100)])
    playlists = Playlists(found)
    playlists.recount()
    with found.transaction() as connection:
        refresh(connection)
    assert column(found, "stale", "song") == [0, 0]
    importer(found).write([playlist("x:100", A)])
    playlists.recount()
    assert column(found, "playlists", "song") == [100, 101]
    assert column(found, "stale", "song") == [0, 0]  # one more of a hundred
    importer(found).write([playlist(f"y:{n}", A) for n in range(100)])
    playlists.recount()
    assert column(found, "stale", "song") == [0, 1]


def test_nothing_is_counted_where_no_entry_changed(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found).write([playlist("a:1", A)])
    playlists = Playlists(found)
    playlists.recount()
    found.connection.execute("UPDATE track SET playlists = 50")
    playlists.recount()
    assert column(found, "playlists") == [50]
    importer(found).write([playlist("a:2", name="empty")])
    playlists.recount()
    assert column(found, "playlists") == [50]
    importer(found).write([playlist("a:3", B)])
    playlists.recount()
    assert column(found, "playlists") == [1, 1]


def test_playlists_come_in_the_order_of_their_ids(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found).write([playlist(f"x:{n}", *[A] * n) for n in range(4)])
    assert [len(tracks) for _, tracks in Playlists(found).entries()] == [0, 1, 2, 3]


@given(
    st.lists(
        st.tuples(st.sampled_from("123"), st.lists(st.sampled_from([A, B, C]), max_size=4)),
        max_size=8,
    ),
    st.integers(1, 3),
)
def test_what_changed_is_counted_as_all_is(
    writes: list[tuple[str, list[TrackRecord]]], every: int
) -> None:
    with TemporaryDirectory() as folder:
        found = database(Path(folder))
        own = Playlists(found)
        source = Provenance(found).id_of("a", "/a")
        for number, (key, tracks) in enumerate(writes):
            Importer(found, source, own).write([playlist(f"x:{key}", *tracks)])
            if number % every == 0:
                own.recount()
        own.recount()
        counts = "SELECT id, playlists FROM track ORDER BY id"
        sums = "SELECT id, playlists FROM song ORDER BY id"
        few = found.query(counts), found.query(sums)
        found.connection.execute("UPDATE change SET count = -1 WHERE name = 'counted'")
        Playlists(found).recount()
        assert (found.query(counts), found.query(sums)) == few
        found.close()


def test_a_playlist_is_marked_with_the_source_that_it_was_last_taken_from(
    tmp_path: Path,
) -> None:
    found = database(tmp_path)
    importer(found, "cookbook").write([playlist("spotify:1", A, name="mix")])
    importer(found, "spotify_api").write([playlist("spotify:1", A, B, name="mix")])
    assert found.query("SELECT kind FROM source JOIN playlist ON source.id = source_id") == [
        ("spotify_api",)
    ]
