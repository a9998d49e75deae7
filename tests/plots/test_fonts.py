from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.plots.fonts import BASE, fonts_for, plain

MakeFont = Callable[[str, str], Path]


@given(st.text())
def test_plain_text_has_a_shape_and_stays_as_it_is(text: str) -> None:
    once = plain(text)
    assert plain(once) == once
    assert once == once.strip()
    assert not set(once) & set("\t\n\x00\u202e\ufe0f\u200d")


@pytest.mark.usefixtures("no_fonts")
def test_a_plain_name_needs_no_other_font() -> None:
    fonts = fonts_for(["Björk - Jóga", "Мумий Тролль", ""])
    assert fonts.families == (BASE,)
    assert fonts.lacking == frozenset()


@pytest.mark.usefixtures("no_fonts")
def test_what_no_font_has_is_told() -> None:
    fonts = fonts_for(["宇多田ヒカル", "Utada"])
    assert not fonts.readable("宇多田")
    assert fonts.readable("Utada")


def test_fonts_stand_in_for_what_the_first_lacks(make_font: MakeFont) -> None:
    make_font("Zebra Kanji", "宇多田")
    make_font("Noto Sans CJK Test", "宇多")
    fonts = fonts_for(["宇多田ヒ"])
    assert fonts.families == (BASE, "Noto Sans CJK Test", "Zebra Kanji")  # preferred ones first
    assert fonts.lacking == {"ヒ"}


def test_a_file_that_is_no_font_is_passed_over(make_font: MakeFont) -> None:
    make_font("Aaa", "x").write_bytes(b"not a font")
    make_font("Zebra", "宇")
    assert fonts_for(["宇"]).families == (BASE, "Zebra")
