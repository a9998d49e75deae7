from __future__ import annotations

from pathlib import Path

import pytest

from incoming import column, database, ids_of, importer, song
from segue.catalog.incoming import ListenRecord
from segue.catalog.records import TrackRecord

MBID = "9f24c0f7-a644-4074-8fbd-a1dba03de129"


def write(folder: Path, *records: TrackRecord) -> list[tuple[int, int, int]]:
    """Write tracks one after the other; return (id, song, root) of each, by key."""
    found = database(folder)
    writer = importer(found)
    for record in records:
        writer.write([record])
    return found.query("SELECT id, song_id, coalesce(merged_into, id) FROM track ORDER BY id")


def test_one_key_is_one_track_whatever_it_is_called(tmp_path: Path) -> None:
    rows = write(tmp_path, song("Teardrop", key="spotify:t"), song("TEARDROP!", key="spotify:t"))
    assert len(rows) == 1


def test_two_ids_of_one_service_stay_two_tracks_of_one_song(tmp_path: Path) -> None:
    (a, song_a, root_a), (b, song_b, root_b) = write(
        tmp_path,
        song("Teardrop", key="spotify:one"),
        song("Teardrop - Remastered 2019", key="spotify:two"),
    )
    assert song_a == song_b
    assert (root_a, root_b) == (a, b)


def test_other_recordings_are_other_songs(tmp_path: Path) -> None:
    rows = write(
        tmp_path,
        song("Teardrop", key="spotify:one"),
        song("Teardrop - Live", key="spotify:two"),
        song("Teardrop - Mazaruni Dub", key="spotify:three"),
        song("Teardrop", "Newton Faulkner", key="spotify:four"),
    )
    assert len({song_id for _, song_id, _ in rows}) == 4


def test_lengths_far_apart_are_two_songs(tmp_path: Path) -> None:
    rows = write(
        tmp_path,
        song("Echoes", key="spotify:one", duration=1411.0),
        song("Echoes", key="spotify:two", duration=290.0),
        song("Echoes", key="spotify:three", duration=293.0),
        song("Echoes", key="spotify:four"),
    )
    long, short, also_short, unknown = [song_id for _, song_id, _ in rows]
    assert long != short == also_short
    assert unknown in (long, short)


def test_without_an_artist_a_title_matches_nothing(tmp_path: Path) -> None:
    rows = write(
        tmp_path,
        song("Intro", "", key="spotify:one"),
        song("Intro", "", key="spotify:two"),
        song("Intro", "", key="deezer:3"),
    )
    assert len({song_id for _, song_id, _ in rows}) == 3
    assert all(root == id_ for id_, _, root in rows)


@pytest.mark.parametrize(
    ("kind", "value"), [("isrc", "GBBBM9802029"), ("musicbrainz_recording", MBID)]
)
def test_an_outside_id_joins_what_names_do_not(tmp_path: Path, kind: str, value: str) -> None:
    (a, song_a, _), (_, song_b, root_b) = write(
        tmp_path,
        song("Teardrop", key="spotify:one", outside_ids=((kind, value),)),
        song(
            "Tear Drop (feat. E. Fraser)", "M. Attack", key="deezer:2", outside_ids=((kind, value),)
        ),
    )
    assert song_a == song_b
    assert root_b == a


def test_a_musicbrainz_key_is_an_outside_id_too(tmp_path: Path) -> None:
    (a, *_), (*_, root) = write(
        tmp_path,
        song("Teardrop", key=f"musicbrainz:{MBID}"),
        song("Drop", key="deezer:2", outside_ids=(("musicbrainz_recording", MBID),)),
    )
    assert root == a


def test_outside_ids_meet_within_one_batch(tmp_path: Path) -> None:
    found = database(tmp_path)
    pair = (("isrc", "GBBBM9802029"),)
    importer(found).write(
        [
            song("Teardrop", key="spotify:one", outside_ids=pair),
            song("Drop", "Other", key="spotify:two", outside_ids=pair),
        ]
    )
    assert len(set(column(found, "song_id"))) == 1


def test_names_alone_are_one_track_for_each_spelling(tmp_path: Path) -> None:
    rows = write(tmp_path, song("Teardrop"), song("teardrop"), song("Teardrop!"))
    assert len(rows) == 2
    assert len({song_id for _, song_id, _ in rows}) == 1


def test_a_track_known_by_its_id_alone_gets_its_names_later(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found).write([song("", "", key="spotify:one")])
    assert column(found, "song_id") == [None]
    importer(found).write([song("Teardrop", key="spotify:one", duration=330.0, album="Mezzanine")])
    importer(found).write([song("Teardrop", key="spotify:two")])
    assert column(found, "title") == ["Teardrop", "Teardrop"]
    assert column(found, "album") == ["", "Mezzanine"]
    assert len(set(column(found, "song_id"))) == 1


def test_what_is_known_is_kept(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found).write([song("Teardrop", key="spotify:one", duration=330.0)])
    importer(found).write([song("Other", key="spotify:one", duration=100.0, album="Mezzanine")])
    assert found.query("SELECT title, duration, album FROM track") == [
        ("Teardrop", 330.0, "Mezzanine")
    ]


def test_artists_and_albums_are_rows_of_their_own(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found).write(
        [
            song(
                "Under Pressure",
                "Queen, David Bowie",
                key="spotify:one",
                album="Hot Space",
                artists=("Queen", "David Bowie"),
                artist_keys=("spotify:queen", "spotify:bowie"),
                album_key="spotify:space",
            ),
            song(
                "Heroes",
                "David Bowie",
                key="spotify:two",
                artists=("David Bowie",),
                artist_keys=("spotify:bowie",),
            ),
            song("Changes", "David Bowie", key="deezer:3", album="Hunky Dory"),
            song("Kooks", "DAVID BOWIE", key="deezer:4", album="Hunky Dory"),
        ]
    )
    assert column(found, "name", "artist") == ["David Bowie", "David Bowie", "Queen"]
    assert column(found, "title", "album") == ["Hot Space", "Hunky Dory"]
    rows = found.query(
        "SELECT track.title, name FROM track JOIN track_artist ON track_id = track.id "
        "JOIN artist ON artist.id = track_artist.artist_id"
    )
    assert rows == [("Under Pressure", "David Bowie")]


def test_a_listen_by_names_is_heard_as_the_track_of_the_service(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found).write([song("Teardrop", key="spotify:one", duration=330.0)])
    importer(found, "spotify_account").write([ListenRecord(song("teardrop"), 1_700_000_000)])
    (track,) = ids_of(found, ["spotify:one"])
    heard = found.query_one(
        "SELECT coalesce(merged_into, id) FROM track WHERE id = (SELECT track_id FROM listen)"
    )
    assert heard == (track,)


def test_the_order_of_a_batch_decides_ids_not_its_size(tmp_path: Path) -> None:
    records = [song(f"Song {n % 7}", f"Artist {n % 3}", key=f"spotify:{n}") for n in range(40)]
    one = write(tmp_path / "one", *records)
    found = database(tmp_path / "all")
    importer(found).write(records)
    rows = found.query("SELECT id, song_id, coalesce(merged_into, id) FROM track ORDER BY id")
    assert rows == one


def test_an_outside_id_that_becomes_known_later_joins_all_the_same(tmp_path: Path) -> None:
    pair = (("isrc", "GBBBM9802029"),)
    write(
        tmp_path,
        song("Teardrop", key="spotify:1"),
        song("Drop", "Other", key="deezer:2", outside_ids=pair),
    )
    rows = write(tmp_path, song("Teardrop", key="spotify:1", outside_ids=pair))
    (_, song_a, root_a), (_, song_b, root_b) = rows
    assert song_a == song_b
    assert root_a == root_b


def test_a_track_that_gets_its_names_later_gets_all_of_them(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found).write([song("", "", key="spotify:1")])
    record = song(
        "Under Pressure",
        "Queen, David Bowie",
        key="spotify:1",
        artists=("Queen", "David Bowie"),
        year=1981,
        track_number=11,
        genres=("rock",),
    )
    importer(found).write([record])
    assert found.query("SELECT year, track_number, genres FROM track") == [(1981, 11, '["rock"]')]
    assert column(found, "position", "track_artist") == [1]


def test_titles_without_an_artist_are_apart_by_source(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found, "xspf", "/a").write([song("Intro", ""), song("Intro", "")])
    importer(found, "xspf", "/b").write([song("Intro", "")])
    assert column(found, "title") == ["Intro", "Intro"]


def test_artists_called_by_signs_alone_are_artists(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found).write(
        [song("Pardon", "!!!", key="spotify:1"), song("X", "???", key="spotify:2")]
    )
    assert column(found, "name", "artist") == ["!!!", "???"]
