from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planted import plant, plant_file
from records import analysis
from segue.catalog.catalog import Catalog
from segue.catalog.database import Database
from segue.catalog.search import search, versions

SONGS = [
    ("Jóga", "Björk", "Homogenic"),
    ("Bachelorette", "Björk", "Homogenic"),
    ("Enjoy the Silence", "Depeche Mode", "Violator"),
    ("The Sound of Silence", "Simon & Garfunkel", "Wednesday Morning, 3 A.M."),
    ("Silence", "Delerium", "Karma"),
    ("光", "宇多田ヒカル", "DEEP RIVER"),
    ("さくら", "森山直太朗", "乾いた唄は魚の餌にちょうどいい"),
    ("夜に駆ける", "YOASOBI", "THE BOOK"),
    ("강남스타일", "싸이", "싸이6甲"),
    ("نور العين", "عمرو دياب", "نور العين"),
    ("Группа крови", "Кино", "Группа крови"),
    ("AND OR NOT", "NEAR", "Operators"),
    ('"Heroes"', "David Bowie", '"Heroes"'),
    ("100%", "Sonic Youth", "Dirty"),
    ("1979", "The Smashing Pumpkins", "Mellon Collie and the Infinite Sadness"),
    ("99 Luftballons", "Nena", ""),
    ("Let It Be", "The Beatles", "Let It Be"),
    ("Ænima", "Tool", "Ænima"),
]


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path_factory.mktemp("catalog"))
    catalog.write([analysis(f"/{i}".encode(), *song) for i, song in enumerate(SONGS)])
    catalog.write([analysis(b"/gone", "Vanished", "Nobody")])
    gone = catalog.files.get(b"/gone")
    assert gone is not None
    catalog.mark([gone.id], "missing")
    catalog.refresh()
    yield catalog
    catalog.close()


def titles(catalog: Catalog, words: str, limit: int = 10) -> list[str]:
    ids = [id_ for id_, _ in search(catalog.database, words, limit, present=True)]
    tracks = catalog.tracks.get(ids)
    return [tracks[id_].title for id_ in ids]


@pytest.mark.parametrize(
    ("words", "best"),
    [
        ("Jóga", "Jóga"),
        ("joga", "Jóga"),
        ("JOGA BJORK", "Jóga"),
        ("björk bachelorette", "Bachelorette"),
        ("bjork bachlorette", "Bachelorette"),  # a letter short
        ("enyoj the silense", "Enjoy the Silence"),  # two wrong
        ("depeche mode silence", "Enjoy the Silence"),
        ("silence", "Silence"),
        ("the sound of silence simon and garfunkel", "The Sound of Silence"),
        ("simon garfunkle", "The Sound of Silence"),
        ("光", "光"),
        ("宇多田", "光"),
        ("ヒカル", "光"),
        ("夜に", "夜に駆ける"),
        ("駆け", "夜に駆ける"),
        ("さくら", "さくら"),
        ("싸이", "강남스타일"),
        ("강남 스타일", "강남스타일"),
        ("نور", "نور العين"),
        ("عمرو دياب", "نور العين"),
        ("группа КРОВИ кино", "Группа крови"),
        ("Grupa", None),
        ("heroes", '"Heroes"'),
        ('"heroes" bowie', '"Heroes"'),
        ("100%", "100%"),
        ("1979", "1979"),
        ("99", "99 Luftballons"),
        ("let it be", "Let It Be"),
        ("be", "Let It Be"),
        ("ænima", "Ænima"),
        ("and or not", "AND OR NOT"),
        ("NEAR", "AND OR NOT"),
        ("vanished", None),
        ("zzzz qqqq", None),
        ("", None),
        ("!!!", None),
    ],
)
def test_the_song_that_was_meant_comes_first(
    catalog: Catalog, words: str, best: str | None
) -> None:
    found = titles(catalog, words)
    assert (found[0] if found else None) == best


@pytest.mark.parametrize(
    "words",
    [
        "silence AND", "OR", "NOT silence", "NEAR(silence bjork)", "silence*", "^silence",
        "-silence",
        "text:silence", '"silence', "sil'ence", "(silence", "silence)", "{a b}", "a + b", "%", "_",
        "__", "\\", ";--", "\0", "silence\0", "a" * 5_000, "a " * 2_000, "abc " * 800, "\ud800",
        "🎵", "\u0301",
    ],
)  # fmt: skip
def test_no_query_means_anything_to_the_database(catalog: Catalog, words: str) -> None:
    for _, score in catalog.search(words, 10):
        assert 0 <= score <= 100


@pytest.mark.parametrize("words", ["a 光", "be さく", "u2 宇多", "é 光", "光 be", "光 夜 a"])
def test_short_words_of_two_scripts_do_not_crash_the_database(tmp_path: Path, words: str) -> None:
    """FTS5's trigram index of SQLite 3.40 takes LIKE to itself and crashes the process on these."""
    code = (
        "import sys; from pathlib import Path; from segue.catalog.catalog import Catalog\n"
        "Catalog(Path(sys.argv[1])).search(sys.argv[2], 5)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path), words], check=False)
    assert done.returncode == 0


@given(
    st.text(st.characters(exclude_categories=[]), max_size=60)
    | st.text("ab silence\"'*:^-()%_ \0", max_size=40)
)
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_text_can_be_searched_for(catalog: Catalog, words: str) -> None:
    found = catalog.search(words, 10)
    assert len({id_ for id_, _ in found}) == len(found) <= 10
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True)


def test_a_wildcard_is_a_character_like_any_other(catalog: Catalog) -> None:
    assert titles(catalog, "%%") == []
    assert titles(catalog, "_o") == titles(catalog, "o")


def test_no_more_than_asked_for(catalog: Catalog) -> None:
    assert len(titles(catalog, "silence")) == 3
    assert titles(catalog, "silence", 1) == ["Silence"]


def test_equal_matches_come_by_id(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    catalog.write([analysis(f"/{i}".encode(), "Same", "Artist") for i in range(5)])
    assert [id_ for id_, _ in catalog.search("same artist", 5)] == [1, 2, 3, 4, 5]
    catalog.close()


def test_a_common_word_does_not_hide_the_best_match(tmp_path: Path) -> None:
    """There are more candidates than are scored one by one."""
    catalog = Catalog(tmp_path)
    catalog.write(
        [analysis(f"/{i}".encode(), f"Be number {i} of a long name", "Go") for i in range(600)]
    )
    catalog.write([analysis(b"/last", "Be", "Go")])
    assert titles(catalog, "go be", 1) == ["Be"]
    assert titles(catalog, "be number 599", 1) == ["Be number 599 of a long name"]
    catalog.close()


@pytest.mark.parametrize(
    ("words", "title", "artist"),
    [
        ("love", "All You Need Is Love (Remastered 2009)", "The Beatles"),
        ("satie", "Gymnopédie No. 1 - Lent et douloureux", "Erik Satie"),
        ("moon", "What a Little Moonlight Can Do, Take Two, from the Columbia Years", "Billie H."),
    ],
)
def test_a_short_word_finds_a_long_title(
    tmp_path: Path, words: str, title: str, artist: str
) -> None:
    catalog = Catalog(tmp_path)
    catalog.write([analysis(b"/a", title, artist=artist), analysis(b"/b", "Unlike", artist="It")])
    assert [id_ for id_, _ in catalog.search(words, 5)] == [1]
    catalog.close()


def test_what_has_no_file_now_is_found_unless_told_otherwise(catalog: Catalog) -> None:
    assert len(search(catalog.database, "vanished", 5)) == 1
    assert search(catalog.database, "vanished", 5, present=True) == []


PLANTED = [
    # song, title, artist, album, playlists
    (1, "Eye of the Tiger", "Survivor", "Eye of the Tiger", 37),
    (1, "Eye of the Tiger - From Rocky III", "Survivor", "Rocky III", 20),
    (2, "Eye of the Tiger", "Cover Band", "Rock Hits", 39),
    (3, "Love", "Lana", "Lust", 90),
    (4, "Love", "John", "Plastic", 900),
    (5, "Love Story", "Taylor", "Fearless", 9_000),
    (6, "Lovely", "Billie", "", 8_000),
    (7, "Don't Stop Believin'", "Journey", "Escape", 700),
    (8, "The Boxer", "Simon & Garfunkel", "Bridge", 80),
    (9, "Heroes - 2017 Remaster", "David Bowie", "Heroes", 60),
    (10, "Heroes", "A Tribute", "", 2),
    (11, "Moonlight Sonata", "Beethoven", "", 50),
    (12, "Smells Like Teen Spirit", "Nirvana", "Nevermind", 5_000),
    (13, "Bohemian Rhapsody", "Queen", "A Night at the Opera", 6_000),
    (14, "Killer Queen", "Queen", "Sheer Heart Attack", 3_000),
    (15, "Queen", "Somebody", "", 3),
    (16, "강남스타일", "싸이", "", 40),
    (17, "光年之外", "鄧紫棋", "", 30),
    (18, "Группа крови", "Кино", "", 20),
    (19, "愛の賛歌", "美輪明宏", "", 4),
    (20, "Beyoncé", "Déjà Vu", "", 4),
    (21, "1979", "The Smashing Pumpkins", "", 4),
    (23, "Patience", "Guns N' Roses", "Lies", 9),
    (22, "Rehab", "Amy Winehouse", "Back to Black", 400),
]


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = Database(tmp_path_factory.mktemp("planted") / "segue.db")
    plant(database, PLANTED)
    yield database
    database.close()


def songs(database: Database, words: str, limit: int = 10) -> list[int]:
    """Return the songs found, by their numbers in `PLANTED`."""
    return [PLANTED[track - 1][0] for track, _ in search(database, words, limit)]


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("eye of the tiger", [1, 2]),
        ("survivor eye of the tiger", [1]),
        ("eye of the tiger cover band", [2]),
        ("tiger rocky", [1]),
        ("love", [4, 3, 5]),
        ("lov", [5, 6, 4, 3]),
        ("dont stop believin", [7]),
        ("don't stop", [7]),
        ("DONT STOP believing", [7]),
        ("simon and garfunkel", [8]),
        ("boxer simon and garfunkel", [8]),
        ("boxer simon & garfunkel", [8]),
        ("heroes", [9, 10]),
        ("moonli", [11]),
        ("light", [11]),
        ("onligh", [11]),
        ("smels like teen spirit", [12]),
        ("smells liek teen spirit", [12]),
        ("smellslike teenspirit", [12]),
        ("spirit teen nirvana", [12]),
        ("bohemain rapsody", [13]),
        ("qeen bohemian", [13]),
        ("queen", [13, 14, 15]),
        ("queen killer queen", [14]),
        ("강남 스타일", [16]),
        ("스타", [16]),
        ("싸이", [16]),
        ("光年", [17]),
        ("年", [17]),
        ("外", [17]),
        ("之外 鄧紫棋", [17]),
        ("愛", [19]),
        ("賛歌", [19]),
        ("Група крови", [18]),
        ("кино групп", [18]),
        ("deja vu beyonce", [20]),
        ("back to black", [22]),
        ("rehab back to black", [22]),
        ("winehose amy", [22]),
        ("guns and roses", [23]),
        ("guns n roses patience", [23]),
    ],
)
def test_planted_songs_come_in_the_order_expected(
    planted: Database, words: str, first: list[int]
) -> None:
    assert songs(planted, words)[: len(first)] == first


@pytest.mark.parametrize("words", ["1980", "xylophone", "grxxppa", "光光", "꽃", "zz"])
def test_what_is_not_there_is_not_found(planted: Database, words: str) -> None:
    assert songs(planted, words) == []


def test_the_song_so_called_is_not_hidden_by_an_artist_so_called(tmp_path: Path) -> None:
    database = Database(tmp_path / "segue.db")
    tracks = [(i, f"Number {i}", "Queen", "", 5_000) for i in range(1, 60)]
    plant(database, [*tracks, (60, "Queen", "Nobody", "", 0)])
    found = [track for track, _ in search(database, "queen", 10)]
    assert found[-1] == 60
    assert len(found) == 10
    assert search(database, "queen", 1)[0][0] == 60
    database.close()


def test_a_whole_title_is_not_lost_behind_songs_that_hold_it(tmp_path: Path) -> None:
    database = Database(tmp_path / "segue.db")
    tracks = [(i, f"Home number {i}", "Love", "", 5_000) for i in range(1, 500)]
    plant(database, [*tracks, (500, "Home", "Nobody", "", 0), (501, "Home", "Love", "", 1)])
    assert [track for track, _ in search(database, "home", 3)] == [501, 500, 1]
    assert search(database, "love home", 3)[0][0] == 501
    assert search(database, "nobody home", 3)[0][0] == 500
    assert search(database, "home 499", 3)[0][0] == 499
    database.close()


def test_one_track_stands_for_a_song(tmp_path: Path) -> None:
    database = Database(tmp_path / "segue.db")
    plant(
        database,
        [
            (1, "Song", "A", "", 5),
            (1, "Song", "A", "", 9),
            (1, "Song", "A", "", 9),
            (1, "Song", "A", "", 0),
        ],
    )

    def found() -> list[int]:
        return [track for track, _ in search(database, "song", 5)]

    assert found() == [2]
    assert versions(database, [3, 99]) == {3: [2, 3, 1, 4]}
    plant_file(database, 4)
    assert found() == [4]
    assert versions(database, [1, 2]) == {1: [4, 2, 3, 1], 2: [4, 2, 3, 1]}
    with database.transaction() as connection:
        connection.execute("UPDATE track SET merged_into = 1 WHERE id = 4")
    assert found() == [1]
    assert versions(database, [4]) == {4: [1, 2, 3]}
    assert versions(database, []) == {}
    database.close()


@given(
    st.text(st.characters(exclude_categories=[]), max_size=60)
    | st.text("eyoftigrlv 光年之강남гру\"'*:^-()%_&\0", max_size=40)
    | st.lists(
        st.sampled_from(sorted({w for _, *names, _ in PLANTED for n in names for w in n.split()})),
        max_size=14,
    ).map(" ".join),
    st.integers(1, 12),
    st.booleans(),
)
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_text_gives_songs_in_order(
    planted: Database, words: str, limit: int, present: bool
) -> None:
    found = search(planted, words, limit, present=present)
    assert found == search(planted, words, limit, present=present)
    assert len({track for track, _ in found}) == len(found) <= (0 if present else limit)
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 100 for score in scores)


@given(st.sampled_from(PLANTED), st.booleans())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_song_is_found_by_its_whole_name(
    planted: Database, song: tuple[int, str, str, str, int], artist_first: bool
) -> None:
    _, title, artist, *_ = song
    words = f"{artist} {title}" if artist_first else f"{title} {artist}"
    assert songs(planted, words)[0] == song[0]
