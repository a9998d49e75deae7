from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.models.title_words import (
    MOST_LETTERS,
    MOST_WORDS,
    artist_key,
    features_of,
    names_in,
    places,
    title_of,
    words_of,
)

ANY = st.text(st.characters(), max_size=80)  # lone surrogates and NUL included


@given(ANY, ANY)
def test_any_text_is_read_always_the_same(title: str, description: str) -> None:
    words = title_of(title, description)
    assert words == title_of(title, description)
    features = features_of(*words)
    assert features == features_of(*words)
    assert all(0 <= key < 2**32 and weight > 0 for key, weight in features.items())
    assert all(0 <= key < 2**32 for key in names_in(words[0]))


@given(ANY)
def test_words_are_not_empty_and_case_does_not_count(text: str) -> None:
    words = words_of(text)
    assert all(words)
    assert all(not word.isspace() for word in words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("  --- !!! ", []),
        ("R&B r n b RNB", ["rnb", "rnb", "rnb"]),
        ("1980s 80's 80s", ["80s", "80s", "80s"]),
        ("ＦＵＬＬ width", ["full", "width"]),
        ("soooo good", ["soo", "good"]),
        ("<3 ♥ 💙", ["❤", "❤", "❤"]),
        ("don't Don’t", ["dont", "dont"]),
        ("Straße", ["strasse"]),
    ],
)
def test_what_is_the_same_word(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_long_texts_are_cut() -> None:
    words, description = title_of("a b " * MOST_LETTERS, "c " * MOST_LETTERS)
    assert len(words) == len(description) == MOST_WORDS


def test_an_artist_is_found_in_a_title() -> None:
    names = names_in(words_of("the best of AC DC live"))
    assert artist_key(words_of("ACDC")) in names
    assert artist_key(words_of("Metallica")) not in names


def test_more_of_a_title_than_of_a_description() -> None:
    title, described = features_of(["rain"], []), features_of([], ["rain"])
    assert set(described) < set(title)
    assert all(described[key] < title[key] for key in described)


def test_places_among_nothing() -> None:
    at, known = places(np.zeros(0, np.uint32), np.array([7], np.uint32))
    assert (at.tolist(), known.tolist()) == ([], [False])
