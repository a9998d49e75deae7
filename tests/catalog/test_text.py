from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.catalog.text import fold, fold_all


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Beyoncé", "beyonce"),
        ("MOTÖRHEAD", "motorhead"),
        ("Straße", "strasse"),
        ("AC/DC", "ac dc"),
        ("  P!nk\t--\nTry ", "p nk try"),
        ("ＡＢＢＡ", "abba"),
        ("ﬁre", "fire"),
        ("ガラス", "ガラス"),  # a voiced kana is another syllable
        ("ｶﾞﾗｽ", "ガラス"),
        ("ЁЛКА", "елка"),
        ("مُحَمَّد", "مُحَمَّد"),
        ("", ""),
        ("!!!", ""),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text(st.characters(exclude_categories=())))
def test_folding_is_done_once_and_leaves_words_and_spaces(text: str) -> None:
    once = fold(text)
    assert fold(once) == once
    assert once == " ".join(once.split())
    once.encode("utf-8")  # so that SQLite takes it


@pytest.mark.parametrize(("one", "other"), [("é", "e\u0301"), ("Å", "\u212b"), ("İ", "i")])
def test_spellings_of_one_letter_are_one(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@given(st.lists(st.text(st.characters(exclude_categories=())) | st.text("é \n\u0301か\u3099-\x85")))
def test_folding_many_at_once_is_the_same(texts: list[str]) -> None:
    assert fold_all(texts) == [fold(text) for text in texts]
