from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.plots.fonts import Fonts
from segue.plots.sheet import sheet, style
from segue.plots.words import fitted, readable, width_of


@given(st.text("iWé", min_size=1, max_size=60), st.floats(0.5, 4))
def test_what_is_cut_has_room_and_is_not_cut_more_than_it_must(text: str, room: float) -> None:
    with style(Fonts()):
        figure = sheet(1, 1)
        shown = fitted(figure, text, 9, room)
        assert width_of(figure, shown, 9) <= room
        if shown == text:
            return
        kept = shown.removesuffix("…")
        assert text.startswith(kept)
        assert width_of(figure, f"{text[: len(kept) + 1]}…", 9) > room


def test_no_space_is_left_before_the_ellipsis() -> None:
    with style(Fonts()):
        figure = sheet(1, 1)
        room = width_of(figure, "Reggae …", 9)
        assert fitted(figure, "Reggae is cut", 9, room) == "Reggae…"


def test_bold_letters_and_large_ones_are_wider() -> None:
    with style(Fonts()):
        figure = sheet(1, 1)
        plain = width_of(figure, "Reggae", 10)
        assert width_of(figure, "Reggae", 20) == pytest.approx(2 * plain, rel=0.05)
        assert width_of(figure, "Reggae", 10, bold=True) > plain


def test_what_stands_for_a_name_that_cannot_be_written() -> None:
    fonts = Fonts(lacking=frozenset("宇"))
    assert readable("宇多田", fonts, "song 1") == "song 1"
    assert readable("\x00", fonts, "song 1") == "song 1"
    assert readable("Utada\n", fonts, "song 1") == "Utada"
