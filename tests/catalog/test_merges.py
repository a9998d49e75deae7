from __future__ import annotations

import random
from pathlib import Path

import pytest

from incoming import database, ids_of, importer, song
from segue.catalog.database import Database
from segue.catalog.merges import Merges
from segue.catalog.records import TrackRecord


def library(folder: Path, *records: TrackRecord) -> Database:
    found = database(folder)
    for record in records:
        importer(found).write([record])
    return found


def roots(found: Database, *keys: str) -> dict[str, str]:
    """Return, by key, the key of the track that each is read as."""
    rows = dict(
        found.query(
            "SELECT track.key, root.key FROM track JOIN track AS root "
            "ON root.id = coalesce(track.merged_into, track.id)"
        )
    )
    return {key: rows[key] for key in keys or rows}


def test_one_recording_of_two_services_is_merged_into_the_older(tmp_path: Path) -> None:
    found = library(
        tmp_path,
        song("Teardrop", key="spotify:1", duration=330.0),
        song("Teardrop", key="deezer:2", duration=331.5),
    )
    assert roots(found) == {"spotify:1": "spotify:1", "deezer:2": "spotify:1"}
    ((merge),) = Merges(found).listed("merged", 10)
    assert (merge.track_id, merge.into_id) == tuple(ids_of(found, ["deezer:2", "spotify:1"]))
    assert merge.certainty == 1.0


def test_names_are_merged_into_services_also_when_they_came_first(tmp_path: Path) -> None:
    found = library(
        tmp_path, song("Teardrop"), song("Teardrop", key="spotify:1"), song("TEARDROP!")
    )
    assert set(roots(found).values()) == {"spotify:1"}


def test_two_ids_of_one_service_are_never_one_recording(tmp_path: Path) -> None:
    found = library(
        tmp_path,
        song("Teardrop", key="spotify:1", duration=330.0),
        song("Teardrop", key="deezer:2", duration=330.0),
        song("Teardrop", key="spotify:3", duration=330.0),
        song("Teardrop", key="deezer:4", duration=330.0),
    )
    assert roots(found) == {
        "spotify:1": "spotify:1",
        "deezer:2": "spotify:1",
        "spotify:3": "spotify:3",
        "deezer:4": "spotify:3",
    }


def test_the_pressing_of_the_nearest_length_is_taken(tmp_path: Path) -> None:
    found = library(
        tmp_path,
        song("Teardrop", key="spotify:1", duration=326.0),
        song("Teardrop", key="spotify:2", duration=331.0),
        song("Teardrop", key="deezer:3", duration=330.5),
    )
    assert roots(found, "deezer:3") == {"deezer:3": "spotify:2"}


@pytest.mark.parametrize(("seconds", "state"), [(330.0, "merged"), (340.0, "doubtful")])
def test_lengths_that_differ_make_a_merge_doubtful(
    tmp_path: Path, seconds: float, state: str
) -> None:
    found = library(
        tmp_path,
        song("Teardrop", key="spotify:1", duration=330.0),
        song("Teardrop", key="deezer:2", duration=seconds),
    )
    assert Merges(found).counts() == {state: 1}
    assert (roots(found)["deezer:2"] == "spotify:1") == (state == "merged")


def test_undoing_parts_them_and_they_stay_parted(tmp_path: Path) -> None:
    found = library(
        tmp_path,
        song("Teardrop", key="spotify:1", duration=330.0),
        song("Teardrop", key="deezer:2", duration=330.0),
        song("Teardrop"),
    )
    (deezer,) = ids_of(found, ["deezer:2"])
    merges = Merges(found)
    undone = merges.undo(deezer)
    assert [merge.state for merge in undone] == ["undone"]
    assert roots(found, "deezer:2") == {"deezer:2": "deezer:2"}
    assert merges.counts() == {"merged": 1, "undone": 1}
    importer(found).write([song("Teardrop", key="deezer:2", album="Mezzanine")])
    assert roots(found, "deezer:2") == {"deezer:2": "deezer:2"}


def test_all_are_undone_at_once_and_one_is_accepted_again(tmp_path: Path) -> None:
    found = library(
        tmp_path,
        song("Teardrop"),
        song("Teardrop", key="spotify:1", duration=330.0),
        song("Teardrop", key="deezer:2", duration=330.0),
    )
    merges = Merges(found)
    assert len(merges.undo()) == 2
    assert all(key == root for key, root in roots(found).items())
    deezer, spotify = ids_of(found, ["deezer:2", "spotify:1"])
    assert merges.accept(spotify, deezer) == []
    assert len(merges.accept(deezer, spotify)) == 1
    assert roots(found, "deezer:2") == {"deezer:2": "spotify:1"}


def test_a_chain_of_merges_has_one_root_and_falls_apart_where_it_is_cut(tmp_path: Path) -> None:
    found = library(
        tmp_path,
        song("Teardrop"),  # merged into the service's below, ...
        song("Teardrop", key="spotify:1", duration=330.0),
    )
    found.connection.execute(
        "INSERT INTO track (title, artist, duration) VALUES ('Teardrop', 'Massive Attack', 330.0)"
    )
    (file,) = found.query_one("SELECT id FROM track WHERE key IS NULL")
    from segue.catalog.identity import Identity

    with found.transaction() as connection:  # ... which is merged into the file's
        Identity().place_file(connection, file, song("Teardrop", duration=330.0))
    assert dict(found.query("SELECT id, merged_into FROM track")) == {1: file, 2: file, file: None}
    Merges(found).undo(file)
    assert dict(found.query("SELECT id, merged_into FROM track")) == {1: 2, 2: None, file: None}


def test_in_any_order_of_arrival_no_recording_has_two_ids_of_a_service(tmp_path: Path) -> None:
    draw = random.Random(7)
    records = [
        song(
            "Teardrop",
            key=f"{service}:{n}" if service != "name" else "",
            duration=draw.choice([None, 329.0, 330.0, 331.0]),
        )
        for n, service in enumerate(("spotify", "spotify", "deezer", "deezer", "netease", "name"))
    ]
    for attempt in range(20):
        draw.shuffle(records)
        found = library(tmp_path / str(attempt), *records)
        of_root: dict[str, list[str]] = {}
        for key, root in roots(found).items():
            of_root.setdefault(root, []).append(key.partition(":")[0])
        assert all(len(set(services)) == len(services) for services in of_root.values())
        flat = found.query(
            "SELECT 1 FROM track JOIN track AS parent ON parent.id = track.merged_into "
            "WHERE parent.merged_into IS NOT NULL"
        )
        assert flat == []


def test_a_length_that_becomes_known_may_part_what_was_merged(tmp_path: Path) -> None:
    found = library(tmp_path, song("Teardrop", key="spotify:1"), song("Teardrop", key="deezer:2"))
    assert roots(found, "deezer:2") == {"deezer:2": "spotify:1"}
    importer(found).write([song("Teardrop", key="spotify:1", duration=330.0)])
    assert roots(found, "deezer:2") == {"deezer:2": "spotify:1"}
    importer(found).write([song("Teardrop", key="deezer:2", duration=500.0)])
    assert roots(found, "deezer:2") == {"deezer:2": "deezer:2"}
    assert Merges(found).counts() == {}


def test_a_track_is_read_as_one_other_whatever_is_accepted(tmp_path: Path) -> None:
    found = library(
        tmp_path,
        song("Teardrop", key="spotify:1", duration=330.0),
        song("Teardrop", key="spotify:2", duration=342.0),
        song("Teardrop", key="deezer:3", duration=330.0),
    )
    one, two, deezer = ids_of(found, ["spotify:1", "spotify:2", "deezer:3"])
    found.connection.execute(
        "INSERT INTO merge VALUES (?, ?, 'lengths differ', 0.5, 'doubtful', 0)", (deezer, two)
    )
    merges = Merges(found)
    assert roots(found, "deezer:3") == {"deezer:3": "spotify:1"}
    assert len(merges.accept(deezer, two)) == 1
    assert roots(found, "deezer:3") == {"deezer:3": "spotify:2"}
    assert merges.counts() == {"merged": 1, "undone": 1}
    assert one != two


def test_what_was_parted_does_not_meet_through_a_third(tmp_path: Path) -> None:
    found = library(
        tmp_path,
        song("Teardrop", key="spotify:1", duration=330.0),
        song("Teardrop", key="deezer:2", duration=330.0),
    )
    Merges(found).undo()
    importer(found).write([song("Teardrop", key="netease:3", duration=330.0)])
    assert sorted(roots(found).values()) == ["deezer:2", "spotify:1", "spotify:1"]


def test_what_was_accepted_stays_when_a_length_becomes_known(tmp_path: Path) -> None:
    found = library(tmp_path, song("Teardrop", key="spotify:1"), song("Teardrop", key="deezer:2"))
    spotify, deezer = ids_of(found, ["spotify:1", "deezer:2"])
    merges = Merges(found)
    merges.undo()
    merges.accept(deezer, spotify)
    importer(found).write([song("Teardrop", key="spotify:1", duration=330.0)])
    importer(found).write([song("Teardrop", key="deezer:2", duration=339.0)])
    assert roots(found, "deezer:2") == {"deezer:2": "spotify:1"}
