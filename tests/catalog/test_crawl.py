from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.catalog.catalog import Catalog
from segue.catalog.crawl import Crawl, CrawlWord, _fields, _track
from segue.catalog.crawl_picture import CrawlPicture, crawl_states
from segue.catalog.database import Database
from segue.catalog.incoming import FeatureRecord, PlaylistRecord, TrackList
from segue.catalog.interactions import load_interactions
from segue.catalog.records import TrackRecord


@dataclass(frozen=True)
class Item:
    id: str
    name: str = "A title"
    description: str = ""
    owner: str = ""


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path)
    yield catalog
    catalog.close()


@pytest.fixture
def crawl(catalog: Catalog) -> Crawl:
    return crawl_of(catalog)


def crawl_of(catalog: Catalog, location: str = "https://one.example.org") -> Crawl:
    importer = catalog.importer("spotify_api", location)
    return Crawl(catalog.database, importer.source_id, importer.write_within)


def begun(crawl: Crawl, seed: str = "a") -> CrawlWord:
    crawl.plant(seed)
    word = crawl.next_word("frequent-words")
    assert word is not None
    return word


def song(title: str) -> TrackRecord:
    return TrackRecord(title, "Somebody", key=f"spotify:{title}", duration=100.0)


def playlist(name: str, *titles: str) -> PlaylistRecord:
    return PlaylistRecord(f"spotify:{name}", name, TrackList.of(map(song, titles)))


def test_the_first_word_is_the_seed_and_only_once(crawl: Crawl) -> None:
    assert crawl.next_word("frequent-words") is None
    crawl.plant(None)
    assert crawl.next_word("frequent-words") == CrawlWord("a", 0, 0)
    word = begun(crawl)
    crawl.write_results(word, [], 0, None)
    crawl.plant(None)
    crawl.plant("a")
    assert crawl.next_word("frequent-words") is None
    crawl.plant("love")
    assert crawl.next_word("uniform-words") == CrawlWord("love", 0, 0)


def test_most_titles_come_first_then_the_alphabet(crawl: Crawl) -> None:
    found = [
        (Item("1"), ["rock", "pop"]), (Item("2"), ["rock", "jazz"]), (Item("3"), ["zen", "pop"]),
    ]  # fmt: skip
    crawl.write_results(begun(crawl), found, 3, None)
    order = []
    while word := crawl.next_word("frequent-words"):
        order.append(word.word)
        crawl.write_results(word, [], 0, None)
    assert order == ["pop", "rock", "jazz", "zen"]


def test_the_uniform_draw_is_blind_to_counts(catalog: Catalog) -> None:
    orders = []
    for number, often in enumerate(("w1", "w9")):
        crawl = crawl_of(catalog, f"https://{number}.example.org")
        words = [f"w{i}" for i in range(20)]
        found = [(Item(f"{i}"), [often]) for i in range(5)]
        crawl.write_results(begun(crawl), [(Item("all"), words), *found], 6, None)
        order = []
        while word := crawl.next_word("uniform-words"):
            order.append(word.word)
            crawl.write_results(word, [], 0, None)
        orders.append(order)
    assert orders[0] == orders[1]
    assert sorted(orders[0]) == sorted(words)
    assert orders[0] != words


def test_uniform_words_takes_a_page_of_each_word_before_a_second_one(crawl: Crawl) -> None:
    crawl.write_results(begun(crawl), [(Item("1"), ["rock", "pop", "jazz"])], 50, 50)
    order = []
    while word := crawl.next_word("uniform-words"):
        order.append((word.word, word.next_offset))
        following = word.next_offset + 50
        crawl.write_results(word, [], 50, following if following < 150 else None)
    assert sorted(order[:3]) == [("jazz", 0), ("pop", 0), ("rock", 0)]
    first_round = [word for word, _ in order[:3]]
    assert [word for word, offset in order[3:7] if word != "a"] == first_round
    assert {offset for _, offset in order[3:7]} == {50}
    assert len(order) == 3 * 3 + 2


def test_a_part_of_a_page_comes_again_before_all_others(crawl: Crawl) -> None:
    for strategy in ("frequent-words", "uniform-words"):
        crawl.plant(strategy)
        word = crawl.next_word(strategy)
        assert word == CrawlWord(strategy, 0, 0)
        crawl.write_results(word, [(Item(strategy), ["new"])], 50, 0)
        assert crawl.next_word(strategy) == word
        crawl.write_results(word, [], 50, None)


def test_a_word_that_was_begun_goes_on(crawl: Crawl) -> None:
    word = begun(crawl)
    crawl.write_results(word, [(Item("1"), ["rock", "rock"][:1])], 50, 50)
    assert crawl.next_word("frequent-words") == CrawlWord("a", 50, 50)
    # The same place again: only a part of the page was taken.
    crawl.write_results(CrawlWord("a", 50, 50), [(Item("2"), [])], 50, 50)
    assert crawl.next_word("frequent-words") == CrawlWord("a", 50, 50)
    crawl.write_results(CrawlWord("a", 50, 50), [(Item("3"), [])], 50, None)
    assert crawl.next_word("frequent-words") == CrawlWord("rock", 0, 0)


def test_playlists_are_told_from_unknown_ones(crawl: Crawl) -> None:
    crawl.write_results(begun(crawl), [(Item(f"{i}"), []) for i in range(1_200)], 1_200, None)
    asked = [f"{i}" for i in range(0, 2_400, 2)]
    assert crawl.unknown(asked) == {f"{i}" for i in range(1_200, 2_400, 2)}
    assert crawl.unknown([]) == set()
    assert [p.id for p in crawl.waiting(0, 3)] == [1, 2, 3]
    assert [p.id for p in crawl.waiting(1_198, 30)] == [1_199, 1_200]


def test_pages_are_kept_until_the_playlist_is_written(catalog: Catalog, crawl: Crawl) -> None:
    crawl.write_results(begun(crawl), [(Item("p"), [])], 1, None)
    crawl.keep_page(1, [song("a"), song("b")], [5, 0], 50)
    (waiting,) = crawl.waiting(0, 9)
    assert waiting.next_offset == 50
    crawl.keep_page(1, [song("c")], [7], None)
    tracks, added_at = crawl.pages(1)
    assert tracks == [song("a"), song("b"), song("c")]
    assert added_at == [5, 0, 7]
    crawl.finish(1, playlist("p", "a", "b", "c"), last_page=None)
    assert crawl.waiting(0, 9) == []
    assert crawl.pages(1) == ([], [])
    assert catalog.playlists.counts() == (1, 3)
    row = "SELECT state, pages, entries, next_offset FROM crawl_playlist"
    assert catalog.database.query(row) == [("done", 2, 3, None)]


def test_a_write_that_fails_changes_nothing(catalog: Catalog, crawl: Crawl) -> None:
    def broken(connection: sqlite3.Connection, records: Sequence[Any]) -> None:
        connection.execute("DELETE FROM crawl_word")
        assert records
        raise RuntimeError("the disk went away")

    crawl.write_results(begun(crawl), [(Item("p"), ["rock"])], 1, None)
    crawl.keep_page(1, [song("a")], [0], 50)
    failing = Crawl(catalog.database, 1, broken)
    with pytest.raises(RuntimeError):
        failing.finish(1, playlist("p", "a", "b"), last_page=1)
    assert crawl.pages(1)[0] == [song("a")]
    assert crawl.states()["playlist"] == {"started": 1}
    assert crawl.next_word("frequent-words") == CrawlWord("rock", 0, 0)


def test_what_failed_waits_again_after_begin(crawl: Crawl) -> None:
    found = [(Item(name), ["rock"]) for name in ("a", "b", "c", "d")]
    crawl.write_results(begun(crawl), found, 4, None)
    crawl.keep_page(2, [song("x")], [0], 50)
    for id_, state in ((1, "failed"), (2, "failed"), (3, "gone"), (4, "no access")):
        crawl.give_up(id_, state, "so it is")  # type: ignore[arg-type]
    crawl.give_up_word("rock", "it broke", ended=False)
    crawl.add_genres(["g"])
    crawl.give_up_genre("g", "it broke")
    assert crawl.waiting(0, 9) == []
    assert crawl.next_word("frequent-words") is None
    assert crawl.waiting_genres() == []
    crawl.begin()
    assert [(p.id, p.next_offset) for p in crawl.waiting(0, 9)] == [(1, 0), (2, 50)]
    assert crawl.next_word("frequent-words") == CrawlWord("rock", 0, 0)
    assert crawl.waiting_genres() == ["g"]
    crawl.reopen([4])
    assert crawl.states()["playlist"] == {"gone": 1, "new": 2, "started": 1}


def test_genres_are_remembered(catalog: Catalog, crawl: Crawl, tmp_path: Path) -> None:
    assert tmp_path
    crawl.add_genres(["jazz", "acid; house"])
    crawl.add_genres(["jazz", "new"])
    assert crawl.waiting_genres() == ["jazz", "acid; house", "new"]
    rows = [
        FeatureRecord(song("x"), valence=0.5, key=3, genres=("jazz", "new")),
        FeatureRecord(
            TrackRecord(
                "y", "A, B", key="spotify:y", artists=("A", "B"), outside_ids=(("isrc", "I"),)
            ),
            genres=("new",),
        ),
    ]
    crawl.finish_genre("jazz", rows[:1])
    crawl.finish_genre("new", rows)
    assert crawl.waiting_genres() == ["acid; house"]
    assert crawl.genres_of(["spotify:x", "spotify:y", "spotify:z"]) == {
        "spotify:x": ("jazz", "new"), "spotify:y": ("new",),
    }  # fmt: skip
    told = [
        (row["genre"], row["spotify_id"], row["artists"], row["isrc"], row["valence"], row["key"])
        for row in CrawlPicture(catalog.database, 1).genre_rows()
    ]
    assert told == [
        ("jazz", "x", ["Somebody"], None, 0.5, 3),
        ("new", "x", ["Somebody"], None, 0.5, 3),
        ("new", "y", ["A", "B"], "I", None, None),
    ]


def test_crawls_of_two_services_do_not_meet(catalog: Catalog, crawl: Crawl) -> None:
    other = crawl_of(catalog, "https://two.example.org")
    crawl.write_results(begun(crawl), [(Item("p"), ["rock"])], 1, None)
    assert other.unknown(["p"]) == {"p"}
    assert other.next_word("frequent-words") is None
    assert other.waiting(0, 9) == []
    other.begin()
    assert crawl_states(catalog.database, 2) == {"word": {}, "playlist": {}, "genre": {}}


def test_the_picture_of_a_crawl(catalog: Catalog, crawl: Crawl) -> None:
    crawl.write_results(begun(crawl), [(Item("p"), ["rock"]), (Item("q"), [])], 3, None)
    rock = crawl.next_word("frequent-words")
    assert rock is not None
    crawl.write_results(rock, [(Item("r"), [])], 2, 50)
    crawl.finish(1, playlist("p", "a", "b", "a"), last_page=3)
    crawl.finish(2, playlist("q", "a"), last_page=1)
    picture = CrawlPicture(catalog.database, 1)
    words = [(w.word, w.titles, w.pages, w.results, w.found) for w in picture.words()]
    assert words == [("a", 0, 1, 3, 2), ("rock", 1, 1, 2, 1)]
    (day,) = picture.days()
    assert day[1:] == (3, 2, 4)
    tracks, artists = picture.entry_counts()
    assert tracks.tolist() == [3, 1]
    assert artists.tolist() == [4]


def test_playlists_of_a_service_can_be_left_out(catalog: Catalog, crawl: Crawl) -> None:
    catalog.importer("m3u", "/a.m3u").write([playlist("mine", "a")])
    crawl.write_results(begun(crawl), [(Item("p"), [])], 1, None)
    crawl.finish(1, playlist("p", "a"), last_page=1)
    mine = load_interactions(catalog.database).row_ids.tolist()
    assert [catalog.playlists.get(mine)[id_].name for id_ in mine] == ["mine"]


def test_a_crawl_that_brought_nothing_has_a_picture(database_path: Path) -> None:
    database = Database(database_path)
    picture = CrawlPicture(database, 1)
    assert (picture.words(), picture.days(), list(picture.genre_rows())) == ([], [], [])
    assert [counts.tolist() for counts in picture.entry_counts()] == [[], []]
    database.close()


@pytest.fixture
def database_path(tmp_path: Path) -> Path:
    return tmp_path / "segue.db"


text = st.text(max_size=8)
texts = st.lists(text, max_size=3).map(tuple)


@given(
    st.builds(
        TrackRecord,
        title=text,
        artist=text,
        year=st.none() | st.integers(0, 9_999),
        genres=texts,
        duration=st.none() | st.floats(0, 1e6),
        outside_ids=st.lists(st.tuples(text, text), max_size=3).map(tuple),
        key=text,
        artists=texts,
        artist_keys=texts,
    )
)
def test_records_survive_being_kept(record: TrackRecord) -> None:
    import json

    assert _track(json.loads(json.dumps(_fields(record)))) == record
