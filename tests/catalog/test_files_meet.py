"""Files of the library, and what other sources say of the same music."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from incoming import playlist, song
from records import analysis
from segue.catalog.catalog import Catalog
from segue.catalog.incoming import Record

PATH = "/music/Massive Attack/03 teardrop.flac"


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    made = Catalog(tmp_path)
    yield made
    made.close()


def bring(catalog: Catalog, kind: str, *records: Record) -> None:
    catalog.importer(kind, f"/{kind}").write(records)


def add_file(catalog: Catalog, title: str = "Teardrop", path: str = PATH) -> int:
    ((id_, _),) = filter(
        None, catalog.write([analysis(path.encode(), title, "Massive Attack", duration=330.0)])
    )
    return id_


def read_as(catalog: Catalog) -> dict[str | None, int]:
    return dict(catalog.database.query("SELECT key, coalesce(merged_into, id) FROM track"))


@pytest.mark.parametrize("file_first", [True, False])
def test_a_file_is_what_a_service_s_track_is_read_as(catalog: Catalog, file_first: bool) -> None:
    record = song("Teardrop", key="spotify:1", duration=331.0)
    if not file_first:
        bring(catalog, "spotify_history", record)
    id_ = add_file(catalog)
    if file_first:
        bring(catalog, "spotify_history", record)
    assert read_as(catalog) == {None: id_, "spotify:1": id_}


@pytest.mark.parametrize("file_first", [True, False])
def test_an_entry_of_a_playlist_meets_the_file_at_its_path(
    catalog: Catalog, file_first: bool
) -> None:
    guessed = song("03 teardrop", "", key=f"path:{PATH}")
    if file_first:
        add_file(catalog)
    bring(catalog, "m3u", playlist("path:/a.m3u", guessed))
    if not file_first:
        add_file(catalog)
    bring(catalog, "spotify_history", song("Teardrop", key="spotify:1", duration=330.0))
    (id_,) = catalog.tracks.present()
    assert read_as(catalog) == {None: id_, f"path:{PATH}": id_, "spotify:1": id_}


def test_a_file_that_goes_leaves_what_others_said(catalog: Catalog) -> None:
    id_ = add_file(catalog)
    bring(catalog, "spotify_history", song("Teardrop", key="spotify:1", duration=330.0))
    bring(catalog, "spotify_account", song("teardrop"))
    known = catalog.files.of_track(id_)
    catalog.forget([file.id for file in known])
    catalog.refresh()
    (spotify,) = {root for key, root in read_as(catalog).items() if key == "spotify:1"}
    assert set(read_as(catalog)) == {"spotify:1", "name:massive attack\x1fteardrop"}
    assert [track for track, _ in catalog.search("teardrop", 5)] == [spotify]


def test_a_file_whose_tags_are_edited_is_no_longer_the_old_song(catalog: Catalog) -> None:
    id_ = add_file(catalog)
    bring(catalog, "spotify_history", song("Teardrop", key="spotify:1", duration=330.0))
    assert read_as(catalog)["spotify:1"] == id_
    stamp = analysis(PATH.encode(), "Angel", "Massive Attack", duration=330.0, content=b"edited")
    catalog.write([stamp])
    assert read_as(catalog)["spotify:1"] != id_
    bring(catalog, "spotify_account", song("Angel"))
    assert read_as(catalog)["name:massive attack\x1fangel"] == id_


def test_searching_finds_all_that_is_known_or_only_what_is_present(catalog: Catalog) -> None:
    id_ = add_file(catalog)
    bring(catalog, "spotify_history", song("Teardrop - Live", key="spotify:2"))
    catalog.refresh()
    assert len(catalog.search("teardrop", 5)) == 2
    assert [track for track, _ in catalog.search("teardrop", 5, present=True)] == [id_]
    assert catalog.versions([id_]) == {id_: [id_]}


def test_a_source_that_is_removed_leaves_the_files(catalog: Catalog) -> None:
    id_ = add_file(catalog)
    bring(catalog, "m3u", playlist("path:/a.m3u", song("Teardrop"), song("Angel")))
    bring(catalog, "spotify_history", song("Angel", key="spotify:2"))
    catalog.remove_source(1)
    assert read_as(catalog) == {None: id_, "spotify:2": read_as(catalog)["spotify:2"]}
    assert catalog.playlists.counts() == (0, 0)
    assert [track.title for track in catalog.tracks.get([id_]).values()] == ["Teardrop"]


def test_an_entry_that_was_taken_for_another_song_is_the_file_at_its_path(
    catalog: Catalog,
) -> None:
    bring(catalog, "spotify_history", song("Running Up That Hill", "Kate Bush", key="spotify:1"))
    wrong = song("Running Up That Hill", "Kate Bush", key=f"path:{PATH}")
    bring(catalog, "m3u", playlist("path:/a.m3u", wrong))
    catalog.refresh()
    spotify = read_as(catalog)["spotify:1"]
    assert read_as(catalog)[f"path:{PATH}"] == spotify
    id_ = add_file(catalog)
    catalog.refresh()
    assert read_as(catalog)[f"path:{PATH}"] == id_
    assert read_as(catalog)["spotify:1"] == spotify
    counts = dict(
        catalog.database.query(
            "SELECT track.id, song.playlists FROM track JOIN song ON song.id = song_id "
            "WHERE merged_into IS NULL"
        )
    )
    assert counts == {id_: 1, spotify: 0}


def test_what_was_merged_into_a_file_meets_again_when_it_goes(catalog: Catalog) -> None:
    id_ = add_file(catalog)
    bring(catalog, "one", song("Teardrop", key="spotify:1", duration=330.0))
    bring(catalog, "two", song("Teardrop", key="deezer:2", duration=330.0))
    catalog.forget([file.id for file in catalog.files.of_track(id_)])
    assert len(set(read_as(catalog).values())) == 1
