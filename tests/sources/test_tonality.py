from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.sources.tonality import parse_key

WHEEL = "8B C 9B G 10B D 11B A 12B E 1B B 2B F# 3B Db 4B Ab 5B Eb 6B Bb 7B F".split()
MINOR = "8A Am 9A Em 10A Bm 11A F#m 12A C#m 1A G#m 2A Ebm 3A Bbm 4A Fm 5A Cm 6A Gm 7A Dm".split()


@pytest.mark.parametrize(("hour", "name"), list(zip(WHEEL[::2], WHEEL[1::2], strict=True)))
def test_major_keys_of_the_wheel(hour: str, name: str) -> None:
    found = parse_key(hour)
    assert found is not None
    assert found == parse_key(name)
    assert found[1] == 1


@pytest.mark.parametrize(("hour", "name"), list(zip(MINOR[::2], MINOR[1::2], strict=True)))
def test_minor_keys_of_the_wheel(hour: str, name: str) -> None:
    found = parse_key(hour)
    assert found is not None
    assert found == parse_key(name)
    assert found[1] == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C", (0, 1)),
        ("Cb", (11, 1)),
        ("B#", (0, 1)),
        ("A♭ major", (8, 1)),
        ("f#min", (6, 0)),
        ("04A", (5, 0)),
        ("1m", (9, 0)),
        ("2d", (7, 1)),
        ("12m", (2, 0)),
        ("", None),
        ("13A", None),
        ("H", None),
        ("None", None),
        ("A" * 5000, None),
    ],
)
def test_other_forms(text: str, expected: tuple[int, int] | None) -> None:
    assert parse_key(text) == expected


@given(st.text(max_size=30))
def test_any_text(text: str) -> None:
    found = parse_key(text)
    assert found is None or (0 <= found[0] < 12 and found[1] in (0, 1))
