from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planted import plant
from segue.catalog.database import Database
from segue.catalog.spelling import Spelling

TITLES = ["Love", "Love Love Love", "Live", "Moonlight Sonata", "Lovely", "Moon", "Группа", "光年"]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = Database(tmp_path_factory.mktemp("spelling") / "segue.db")
    plant(database, [(i, title, "", "", 0) for i, title in enumerate(TITLES, 1)])
    yield database
    database.close()


@pytest.fixture
def spelling(database: Database) -> Spelling:
    return Spelling(database)


def test_the_last_word_is_completed_by_the_commonest_first(spelling: Spelling) -> None:
    assert spelling.completed(["moon", "lo"]) == [["moon"], ["lo", "love", "lovely"]]
    assert spelling.completed(["moon"]) == [["moon", "moonlight"]]
    assert spelling.completed(["moonlight"]) is None
    assert spelling.completed(["光"]) is None


def test_words_nobody_uses_are_mended_first(spelling: Spelling) -> None:
    assert spelling.mended(["lvoe", "moon"]) == [["lvoe", "love"], ["moon"]]
    assert spelling.mended(["mon", "grупа"]) == [["mon", "moon"], ["grупа"]]
    assert spelling.mended(["групп", "moon"]) == [["групп", "группа"], ["moon"]]
    assert spelling.mended(["xy", "光光", "123"]) is None


def test_a_word_in_use_is_mended_only_to_a_far_commoner_one(spelling: Spelling) -> None:
    assert spelling.mended(["love"]) is None
    assert spelling.mended(["live"]) is None  # love stands there four times, five are needed
    assert spelling.mended_throughout(["live", "mon"]) == [["live"], ["mon", "moon"]]


def test_two_errors_are_mended_behind_the_first_letters(spelling: Spelling) -> None:
    assert spelling.mended_more(["monligth"]) is None
    assert spelling.mended_more(["moonlihgd"]) == [["moonlihgd", "moonlight"]]
    assert spelling.mended_more(["lvoe"]) is None  # too short for two


def test_pieces_of_words(spelling: Spelling) -> None:
    assert spelling.within_common(["onl"]) == [["onl", "moonlight"]]
    assert spelling.within_common(["ove", "moo"]) == [
        ["ove", "love", "lovely"],
        ["moo", "moon", "moonlight"],
    ]
    assert spelling.within(["onl"]) == [["onl", "moonlight"]]
    assert spelling.within(["onl", "sonata"]) is None


def test_words_are_left_out_in_turn(spelling: Spelling) -> None:
    assert list(spelling.relaxed(["qqq", "love", "moonlight"])) == [
        [[["moonlight"], ["love"]]],
        [[["moonlight"]]],
    ]
    without_one, rare = spelling.relaxed(["love", "moon", "sonata"])
    assert without_one == [
        [["sonata"], ["love"]],
        [["moon"], ["love"]],
        [["moon"], ["sonata"]],
    ]
    assert rare == [[["moon"]]]
    assert list(spelling.relaxed(["qqq"])) == []


@given(st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1), min_size=1, max_size=5))
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_choice_is_of_all_words(database: Database, words: list[str]) -> None:
    spelling = Spelling(database)
    for forms in (
        spelling.completed,
        spelling.mended,
        spelling.mended_more,
        spelling.mended_throughout,
        spelling.within_common,
        spelling.within,
    ):
        choices = forms(words)
        if choices is not None:
            assert [lists[0] for lists in choices] == words
            assert any(len(lists) > 1 for lists in choices)
            assert all(len(set(lists)) == len(lists) for lists in choices)
