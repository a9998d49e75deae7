from __future__ import annotations

import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.errors import SourceError
from segue.sources.guard import byte_lines, clean, decode_text, text_lines


@pytest.mark.parametrize("name", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_with_and_without_a_mark(name: str) -> None:
    text = "Björk - Jóga\r\nMassive Attack - Teardrop\r\n"
    assert decode_text(text.encode(name)) == text


def test_older_encodings() -> None:
    assert decode_text("Sigur Rós – Ágætis".encode("cp1252")) == "Sigur Rós – Ágætis"
    russian = "Кино - Группа крови\nЗемфира - Хочешь\n"
    assert decode_text(russian.encode("cp1251")) == russian


@pytest.mark.parametrize("name", ["ISO-8859-2", "windows-1250", "latin2"])
def test_declared(name: str) -> None:
    text = f"#EXTM3U\n#EXTENC: {name}\n#EXTINF:1,Dvořák - Čert\n"
    assert decode_text(text.encode("iso8859-2" if name != "windows-1250" else "cp1250")) == text


@pytest.mark.parametrize("name", ["rot13", "hex", "nonsense", "punycode", "idna", "undefined"])
def test_declared_nonsense_is_not_believed(name: str) -> None:
    text = f"#EXTENC:{name}\nJóga\n"
    assert decode_text(text.encode("latin-1")) == text


def test_mixed_encodings_and_nuls() -> None:
    data = "Jóga\nÁgætis byrjun\n".encode() + "Rós\n".encode("cp1252") + b"Tear\0drop\n"
    assert decode_text(data) == "Jóga\nÁgætis byrjun\nRós\nTeardrop\n"


@given(st.binary(max_size=300))
def test_any_bytes_are_some_text(data: bytes) -> None:
    assert isinstance(decode_text(data), str)
    assert isinstance(decode_text(b"#EXTENC:big5\n" + data), str)


def test_lines_each_in_its_own_encoding() -> None:
    data = "title,artist\nJóga,Björk\n".encode() + "Rós,x".encode("cp1252")
    assert list(text_lines(io.BytesIO(data))) == ["title,artist\n", "Jóga,Björk\n", "Rós,x"]
    wide = "title\r\nJóga\r\n"
    assert list(text_lines(io.BytesIO(wide.encode("utf-16")))) == ["title\r\n", "Jóga\r\n"]


def test_a_line_without_end_is_refused_and_those_before_are_given() -> None:
    lines = byte_lines(io.BytesIO(b"good\n" + b"x" * 101), 100)
    assert next(lines) == b"good\n"
    with pytest.raises(SourceError, match="line 2 is longer than 100 bytes"):
        next(lines)
    assert list(byte_lines(io.BytesIO(b"x" * 100), 100)) == [b"x" * 100]


def test_clean() -> None:
    assert clean("  Tear\0drop\x1b[31m\r\n(live)\x85") == "Teardrop[31m (live)"
    assert clean("a\ud800b\udfff") == "ab"
    assert clean("\u202egnos\u2069") == "gnos"
    assert clean("x" * 5000) == "x" * 1000
    assert clean("x" * 5000, 10) == "x" * 10
    assert clean("家族\u200dの歌") == "家族\u200dの歌"  # joiners are part of some scripts


@given(st.text(st.characters(codec=None), max_size=50))
def test_cleaned_text_can_be_stored(text: str) -> None:
    result = clean(text)
    result.encode()
    assert "\0" not in result
    assert result == clean(result) == unicodedata.normalize("NFC", result)
