from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from records import analysis
from segue.catalog.catalog import Catalog

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
    yield catalog
    catalog.close()


def titles(catalog: Catalog, words: str, limit: int = 10) -> list[str]:
    ids = [id_ for id_, _ in catalog.search(words, limit)]
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
    st.text(st.characters(exclude_categories=()), max_size=60)
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
