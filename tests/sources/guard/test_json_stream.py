from __future__ import annotations

import contextlib
import io
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.errors import SourceError
from segue.sources.guard import iter_json_array, json_stream, load_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


def items(data: bytes, prefix: str = "item") -> tuple[list[Any], str]:
    """What came, and the error that ended it, if any."""
    found = []
    try:
        for item in iter_json_array(io.BytesIO(data), prefix):
            found.append(item)  # noqa: PERF402  # what came before an error counts
    except SourceError as error:
        return found, str(error)
    return found, ""


def test_load() -> None:
    assert load_json(b'{"a": [1, 2.5, null]}') == {"a": [1, 2.5, None]}
    assert load_json('\ufeff{"a": "ó"}'.encode()) == {"a": "ó"}
    assert load_json('{"a": "ó"}'.encode("utf-16")) == {"a": "ó"}
    assert load_json(b'{"a": 1, "a": 2}') == {"a": 2}
    assert load_json(rb'"\ud800"') == "\ud800"
    assert load_json(b'"a\tb"') == "a\tb"
    assert math.isnan(load_json(b"[NaN]")[0])
    assert load_json(b"[NaN, " + b"9" * 5000 + b"]")[1] is None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"a": [1, 2', "cut off"),
        (b'{"a": tru}', "line 1, column 7"),
        (b"", "cut off"),
        (b'{"a": "lo', "cut off"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_load_says_where_it_went_wrong(data: bytes, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        load_json(data)


def test_an_array_under_keys() -> None:
    data = b' {"info": {"item": [9]}, "p": {"x": [], "q": [1, {"a": 2}, []]}, "rest'
    assert items(data, "p.q.item") == ([1, {"a": 2}, []], "")
    assert items(b"[]") == ([], "")
    assert "no key 'q'" in items(b'{"p": 1}', "q.item")[1]
    assert "expected '[', found '{'" in items(b"{}")[1]
    assert items(b"")[1]


def test_odd_values() -> None:
    data = b'[NaN, -Infinity, {"a": 1, "a": 2}, ' + b"9" * 5000 + b', "a\0b", 12345678901234567890]'
    found, error = items(data)
    assert math.isnan(found[0])
    assert found[1:] == [-math.inf, {"a": 2}, None, "a\0b", 12345678901234567890]
    assert error == ""


@pytest.mark.parametrize("mark", ["utf-8-sig", "utf-16"])
def test_byte_order_marks(mark: str) -> None:
    assert items('["ó"]'.encode(mark)) == (["ó"], "")


@given(st.lists(VALUES, max_size=6), st.integers(1, 40), st.sampled_from([None, 1]))
def test_the_same_as_in_one_piece_wherever_the_reads_end(
    values: list[Any], chunk: int, indent: int | None
) -> None:
    data = json.dumps(values, indent=indent, ensure_ascii=False).encode("utf-8", "surrogatepass")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "_CHUNK", chunk)
        assert items(data) == (values, "")


@given(st.lists(VALUES, min_size=1, max_size=6), st.data())
def test_cut_anywhere_keeps_what_was_good(values: list[Any], data: st.DataObject) -> None:
    whole = json.dumps(values).encode()
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "_CHUNK", 10)
        found, error = items(whole[:cut])
    assert "cut off" in error or "no valid JSON" in error
    # A number that is cut is a number still: only the last value can differ.
    assert found[:-1] == values[: max(len(found) - 1, 0)]


def test_cut_in_half_says_so() -> None:
    found, error = items(b'[{"a": 1}, {"a": 2}, {"a": "lo')
    assert found == [{"a": 1}, {"a": 2}]
    assert "cut off at character 28" in error


def test_a_wrong_item_ends_it() -> None:
    assert items(b'[{"a": 1}, {a: 2}]')[0] == [{"a": 1}]
    assert items(b'[{"a": 1} {"a": 2}]')[0] == [{"a": 1}]
    assert "nested too deeply" in items(b"[1," + b"[" * 100_000)[1]


def test_one_endless_value_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "_CHUNK", 100)
    monkeypatch.setattr(json_stream, "_LONGEST_VALUE", 1000)
    file = io.BytesIO(b'[1, "' + b"x" * 100_000 + b'"]')
    found = iter_json_array(file)
    assert next(found) == 1
    with pytest.raises(SourceError, match="more than 1,000 characters"):
        next(found)
    assert file.tell() < 10_000


@given(st.binary(max_size=100))
def test_any_bytes(data: bytes) -> None:
    items(data)
    items(b"[" + data)
    items(b'{"a":' + data, "a.item")
    with contextlib.suppress(SourceError):
        load_json(data)
