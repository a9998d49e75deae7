from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.errors import SourceError
from segue.sources.guard import iter_xml, xml_stream

LAUGHS = b"""<!DOCTYPE a [<!ENTITY l "ha"><!ENTITY m "&l;&l;&l;&l;&l;&l;&l;&l;">]><a>&m;</a>"""
OUTSIDE = b"""<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>"""


def texts(data: bytes) -> tuple[list[tuple[str, str | None]], str]:
    """Tag and text of each element that ended, and the error, if any."""
    found = []
    try:
        for event, element in iter_xml(io.BytesIO(data)):
            if event == "end":
                found.append((element.tag, element.text))
    except SourceError as error:
        return found, str(error)
    return found, ""


def test_elements_come_as_they_end() -> None:
    assert texts(b"<a><b>1</b><c/></a>") == ([("b", "1"), ("c", None), ("a", None)], "")
    encoded = '<?xml version="1.0" encoding="utf-16"?><a>ó</a>'.encode("utf-16")
    assert texts(encoded) == ([("a", "ó")], "")


def test_a_document_type_alone_is_no_harm() -> None:
    data = b'<!DOCTYPE plist PUBLIC "-//Apple//DTD" "http://localhost:1/x.dtd"><a>1</a>'
    assert texts(data) == ([("a", "1")], "")


def test_control_characters_are_dropped() -> None:
    assert texts(b"<a>\0x\x01y\x1f\n</a>") == ([("a", "xy\n")], "")


@pytest.mark.parametrize("data", [LAUGHS, OUTSIDE])
def test_entities_are_refused(data: bytes) -> None:
    found, error = texts(data)
    assert found == []
    assert "declares entities" in error


def test_what_was_good_before_a_cut_is_given() -> None:
    found, error = texts(b"<a>\n<b>1</b>\n<b>2</b>\n<b>3")
    assert found == [("b", "1"), ("b", "2")]
    assert "line 4" in error


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no element found"),
        (b"#EXTM3U\n", "line 1"),
        (b"<a>" * 101, "more than 100 levels"),
        (b'<?xml version="1.0" encoding="nonsense"?><a/>', "cannot be read"),
        (b'<?xml version="1.0" encoding="shift_jis"?><a>\x83\x5c</a>', "cannot be read"),
        (b"<a>\xff</a>", "line 1"),
    ],
)
def test_what_is_no_xml(data: bytes, message: str) -> None:
    assert message in texts(data)[1]


@given(st.binary(max_size=100))
def test_any_bytes(data: bytes) -> None:
    for whole in (data, b"<a>" + data, b'<?xml version="1.0" encoding="' + data):
        found, error = texts(whole)
        assert found or error


def test_children_and_text_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_stream, "_MOST_CHILDREN", 30_000)
    monkeypatch.setattr(xml_stream, "_LONGEST", 200_000)
    many = b"<a>" + b"<b>x</b>" * 100_000 + b"</a>"
    with pytest.raises(SourceError, match="side by side"):
        list(iter_xml(io.BytesIO(many)))
    above = []
    for event, element in iter_xml(io.BytesIO(many)):  # cleared by its caller, it may be long
        if event == "start":
            above.append(element)
        elif above.pop().tag == "b":
            above[-1].clear()
    assert not above
    with pytest.raises(SourceError, match="a text of more than"):
        list(iter_xml(io.BytesIO(b"<a>" + b"x" * 400_000 + b"</a>")))
