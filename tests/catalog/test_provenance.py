from __future__ import annotations

from pathlib import Path

from incoming import column, database, importer, playlist, song
from segue.catalog.incoming import FeatureRecord, ListenRecord, RatingRecord
from segue.catalog.provenance import Provenance

A, B, C = (song(name, key=f"spotify:{name.lower()}") for name in "ABC")


def test_a_source_is_on_record_once(tmp_path: Path) -> None:
    provenance = Provenance(database(tmp_path))
    assert provenance.id_of("m3u", "/a") == provenance.id_of("m3u", "/a") == 1
    assert provenance.id_of("m3u", "/b") == 2
    assert [(s.kind, s.location) for s in provenance.listed()] == [("m3u", "/a"), ("m3u", "/b")]


def test_parts_are_read_again_when_their_stamp_changes(tmp_path: Path) -> None:
    provenance = Provenance(database(tmp_path))
    source = provenance.id_of("m3u", "/a")
    assert not provenance.is_read(source, "one", "s1")
    provenance.mark_read(source, "one", "s1")
    assert provenance.is_read(source, "one", "s1")
    assert not provenance.is_read(source, "one", "s2")
    provenance.mark_read(source, "two", "")
    assert not provenance.is_read(source, "two", "")


def test_what_each_source_brought_is_counted(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found).write([playlist("a:1", A, B), ListenRecord(A, 5)])
    importer(found, "feature_table").write([FeatureRecord(A, valence=0.1), FeatureRecord(C)])
    one, two = Provenance(found).listed()
    assert (one.tracks, one.playlists, one.listens, one.features) == (2, 1, 1, 0)
    assert (two.tracks, two.playlists, two.listens, two.features) == (1, 0, 0, 2)


def test_a_source_goes_with_all_that_it_alone_brought(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found).write(
        [playlist("a:1", A, B, C), ListenRecord(A, 5), RatingRecord(B, 1.0), FeatureRecord(C)]
    )
    importer(found, "other").write([playlist("b:1", A), ListenRecord(B, 9)])
    provenance = Provenance(found)
    provenance.remove(1)
    used = {1}  # A stands in the other playlist
    provenance.remove_tracks(1, used)
    assert column(found, "key") == ["spotify:a", "spotify:b"]
    assert column(found, "key", "playlist") == ["b:1"]
    assert column(found, "at", "listen") == [9]
    assert column(found, "value", "rating") == column(found, "seen_at", "feature") == []
    assert [source.kind for source in provenance.listed()] == ["other"]


def test_what_was_merged_into_a_track_that_goes_meets_again(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found).write([song("Teardrop", key="spotify:1")])
    importer(found, "other").write(
        [song("Teardrop", key="deezer:2"), song("Teardrop", key="netease:3")]
    )
    provenance = Provenance(found)
    provenance.remove(1)
    provenance.remove_tracks(1, set())
    assert found.query("SELECT key, merged_into FROM track") == [
        ("deezer:2", None),
        ("netease:3", 2),
    ]


def test_many_tracks_go_at_once(tmp_path: Path) -> None:
    """Each was looked for in whole tables once: thousands took minutes, and this one for ever."""
    found = database(tmp_path)
    stay = [song(f"Song {n}", f"Artist {n}", key=f"deezer:{n}", album="X") for n in range(4_000)]
    importer(found, "other").write([playlist("b:1", *stay)])
    gone = [song(f"Gone {n}", f"Other {n}", key=f"spotify:{n}", album="Y") for n in range(4_000)]
    importer(found).write([playlist("a:1", *gone)])
    provenance = Provenance(found)
    found.connection.execute("PRAGMA foreign_keys = ON")
    provenance.remove(2)
    provenance.remove_tracks(2, set(range(1, 4_001)))
    assert found.query_one("SELECT count(*) FROM track") == (4_000,)
    assert found.query_one("SELECT count(*), count(DISTINCT name) FROM artist") == (4_000, 4_000)
    assert found.query_one("PRAGMA foreign_keys") == (1,)
    assert found.query("PRAGMA foreign_key_check") == []
