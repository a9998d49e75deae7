from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.sources.guard import integer, number, text, timestamp

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(ANYTHING)
def test_any_value_is_of_the_type_or_none(value: Any) -> None:
    found = integer(value)
    assert found is None or (type(found) is int and -(2**63) <= found < 2**63)
    measured = number(value)
    assert measured is None or (type(measured) is float and math.isfinite(measured))
    assert isinstance(text(value), str | None)
    assert isinstance(timestamp(value), int | None)


@pytest.mark.parametrize(
    "value", [True, None, "", "x", "1_0", "0x1", "٣", [], {}, b"1", "9" * 5000]
)
def test_what_is_no_number(value: Any) -> None:
    assert integer(value) is None
    assert number(value) is None


def test_numbers() -> None:
    assert integer(" -7 ") == -7
    assert integer("7.0") == 7
    assert integer(2**63) is None
    assert integer(1e30) is None
    assert number("1e3") == 1000.0
    assert number(-5.5, -60, 0) == -5.5
    assert number(5.5, -60, 0) is None
    assert number(math.inf) is None
    assert number(10**400) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2024-05-06T18:43:00.999999Z", 1715020980),
        ("2024-05-06T18:43:00.123456789+00:00", 1715020980),
        ("20240506T184300Z", 1715020980),
        ("2024-05-06 18:43", 1715020980),
        ("2024-05-06 18:43:00 UTC", 1715020980),
        ("1969-12-31T23:59:59Z", None),
        ("9999-12-31T23:59:59-23:59", 253402387139),
        ("2024-02-30", None),
        ("", None),
        (1715020980, None),
        ("9" * 100, None),
    ],
)
def test_timestamps(value: Any, expected: int | None) -> None:
    assert timestamp(value) == expected
