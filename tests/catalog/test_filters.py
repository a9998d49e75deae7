from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from incoming import database, ids_of, importer, playlist, song
from planted import plant_file
from segue.catalog.database import Database
from segue.catalog.filters import Filters, artists_named, matching, sifted
from segue.catalog.incoming import FeatureRecord
from segue.catalog.playlists import Playlists
from segue.catalog.search_index import refresh
from segue.errors import NotFoundError

SONGS = (
    song("Joga", "Björk", key="spotify:joga", year=1997, genres=("Art Pop",)),
    song("Joga", "Björk", key="spotify:again", year=2009, duration=300.0),
    song("光", "宇多田ヒカル", key="spotify:hikari", year=2002, genres=("J-Pop", "R&B")),
    song("Mehr", "!!!", key="spotify:signs"),
    song("Duet", "Björk", key="spotify:duet", artists=("Björk", "Rosalía")),
    song("Alone", "Rosalía", key="spotify:alone"),
    song("Rosalia", "Someone", key="spotify:title"),
)


@pytest.fixture
def found(tmp_path: Path) -> Database:
    found = database(tmp_path)
    importer(found).write([*SONGS, FeatureRecord(SONGS[5], genres=("flamenco",))])
    with found.transaction() as connection:
        refresh(connection)
    return found


def names(found: Database, filters: Filters) -> list[str]:
    ids = matching(found, filters)
    assert ids.dtype == np.int64
    assert (np.diff(ids) > 0).all()
    keys = dict(found.query("SELECT id, key FROM track"))
    every = list(keys)
    assert sorted(sifted(found, filters, every[::-1])) == ids.tolist()
    assert sifted(found, filters, every[::-1]) == [i for i in every[::-1] if i in set(ids.tolist())]
    return sorted(keys[id_].removeprefix("spotify:") for id_ in ids.tolist())


def test_artists_in_any_spelling_and_those_who_take_part(found: Database) -> None:
    for name in ("Björk", "bjork", "BJÖRK "):
        assert names(found, Filters(artists=[name])) == ["again", "duet", "joga"]
    assert names(found, Filters(artists=["rosalia"])) == ["alone", "duet"]
    assert names(found, Filters(artists=["宇多田ヒカル"])) == ["hikari"]
    assert names(found, Filters(artists=["!!!"])) == ["signs"]
    assert names(found, Filters(artists=["Bjork", "!!!"])) == ["again", "duet", "joga", "signs"]


def test_without_artists(found: Database) -> None:
    left = ["alone", "hikari", "signs", "title"]
    assert names(found, Filters(not_artists=["Björk"])) == left
    both = Filters(artists=["Björk"], not_artists=["Rosalía"])
    assert names(found, both) == ["again", "joga"]


def test_genres_by_their_words(found: Database) -> None:
    assert names(found, Filters(genres=["pop"])) == ["again", "hikari", "joga"]
    assert names(found, Filters(genres=["art pop"])) == ["again", "joga"]
    assert names(found, Filters(genres=["po"])) == []
    assert names(found, Filters(genres=["Flamenco", "r&b"])) == ["alone", "hikari"]


def test_years_hold_of_all_pressings(found: Database) -> None:
    assert names(found, Filters(years=(1990, 1999))) == ["again", "joga"]
    assert names(found, Filters(years=(2002, 2002))) == ["hikari"]
    assert names(found, Filters(years=(1990, 1999), genres=["j pop"])) == []


def test_files_that_are_there(found: Database) -> None:
    assert names(found, Filters(owned=True)) == []
    plant_file(found, ids_of(found, ["spotify:again"])[0])
    plant_file(found, ids_of(found, ["spotify:alone"])[0], "missing")
    assert names(found, Filters(owned=True)) == ["again", "joga"]


def test_many_songs_are_read_through(found: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segue.catalog.filters._FEW", 0)
    test_without_artists(found)
    test_genres_by_their_words(found)
    test_years_hold_of_all_pressings(found)


@pytest.mark.parametrize("name", ["Bjork Gudmundsdottir", "", "???"])
def test_an_artist_that_is_not_there(found: Database, name: str) -> None:
    for look in (matching, lambda d, f: sifted(d, f, [1, 2])):
        for filters in (Filters(artists=[name]), Filters(not_artists=[name])):
            with pytest.raises(NotFoundError, match="no artist in the library is called"):
                look(found, filters)


def test_filters_are_true_where_they_ask_for_something() -> None:
    assert not Filters()
    for filters in (
        Filters(artists=["x"]),
        Filters(not_artists=["x"]),
        Filters(genres=["x"]),
        Filters(years=(0, 1)),
        Filters(owned=True),
    ):
        assert filters


def test_artists_of_files_and_services_have_one_name(found: Database) -> None:
    other = song("Hunter", "Bjork", key="tidal:1", artists=("Bjork",), artist_keys=("tidal:9",))
    importer(found, "table").write([other])
    assert len(artists_named(found, "björk")) == 2
    assert artists_named(found, "nobody") == []


def test_playlists_by_name(found: Database) -> None:
    write = importer(found).write
    write([playlist("x:1", SONGS[0], name="Late")])
    write([playlist("x:2", SONGS[0], SONGS[2], name="Late")])
    write([playlist("x:3", SONGS[0], SONGS[2], SONGS[3], name="LATE")])
    playlists = Playlists(found)
    assert playlists.named("Late") == [2, 1]
    assert playlists.named("late") == [3, 2, 1]
    assert playlists.named("lat") == []


def test_playlists_that_have_two_songs_together(tmp_path: Path) -> None:
    found = database(tmp_path)
    many = [song(f"S{i}", key=f"spotify:{i}") for i in range(600)]
    write = importer(found).write
    write([playlist("x:all", *many)])
    write([playlist("x:1", many[0], many[255], many[1])])  # the bytes of 1, of 256, of 2
    write([playlist("x:2", many[4], many[1])])
    together = Playlists(found).together
    assert together([1], [2]) == 2
    assert together([1], [256, 5]) == 2
    assert together([1], [65_536]) == 0  # its bytes stand across two entries
    assert together([5], [2]) == 2
    assert together([], [2]) == 0
