"""JSON of strangers: tolerant of what programs get wrong, and of any size."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import Any, BinaryIO, Final, NoReturn

from segue.errors import SourceError
from segue.sources.guard.strings import decode_text

_CHUNK: Final = 1 << 20
_LONGEST_VALUE: Final = 64 << 20  # characters of one item


def _whole(digits: str) -> int | None:
    return int(digits) if len(digits) < 400 else None


_FAST: Final = json.JSONDecoder(strict=False)
_CAREFUL: Final = json.JSONDecoder(strict=False, parse_int=_whole)  # slower: calls back


def load_json(data: bytes) -> Any:
    """Return the value of a JSON document.

    Taken, too, are NaN and Infinity, numbers of any length, lone surrogates, control characters in
    strings, UTF-16 and a byte order mark. Of two equal keys the last counts.

    Raises
    ------
    SourceError
        If it is no JSON, or nested too deeply; the message says where.
    """
    import msgspec

    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        document = decode_text(data)
        return json.loads(document, cls=None, strict=False, parse_int=_whole)
    except RecursionError as error:
        raise SourceError("this JSON is nested too deeply") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        if error.msg.startswith("Unterminated") or not document[error.pos :].strip():
            raise SourceError(f"this JSON is cut off at its end ({where})") from error
        raise SourceError(f"this is no valid JSON: {error.msg} at {where}") from error


class _JsonText:
    """The text of a JSON document, of which only a window is held."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        data = file.read(_CHUNK)
        name = "utf-8"
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            name = "utf-16"
        elif data.startswith(codecs.BOM_UTF8):
            name = "utf-8-sig"
        self._decoder = codecs.getincrementaldecoder(name)("replace")
        self._text = self._decoder.decode(data, final=not data)
        self._at = 0
        self._passed = 0
        self._ended = not data

    def peek(self) -> str:
        """Return the next character that is no white space; empty at the end."""
        while True:
            while self._at < len(self._text):
                char = self._text[self._at]
                if char not in " \t\n\r":
                    return char
                self._at += 1
            if not self._more():
                return ""

    def take(self, expected: str) -> None:
        """Pass by the next character, which must be this one."""
        found = self.peek()
        if found != expected:
            self._fail(f"expected {expected!r}, found {found!r}" if found else "")
        self._at += 1

    def value(self) -> Any:
        """Return the next value and pass it by."""
        self.peek()
        decoder = _FAST
        while True:
            try:
                value, end = decoder.raw_decode(self._text, self._at)
            except RecursionError as error:
                raise SourceError("this JSON is nested too deeply") from error
            except json.JSONDecodeError as error:
                if not self._more():
                    at_end = error.msg.startswith("Unterminated") or not self._text[error.pos :]
                    self._at = min(error.pos, len(self._text))
                    self._fail("" if at_end else error.msg)
                continue
            except ValueError:  # a number of thousands of digits
                decoder = _CAREFUL
                continue
            # A number may go on, by "e+7" at the most before it is seen to.
            at_edge = len(self._text) - end < 3 and not isinstance(value, dict | list | str)
            if at_edge and self._more():
                continue
            self._at = end
            return value

    def _more(self) -> bool:
        """Read on, and let go of what was passed; False at the end."""
        if self._ended:
            return False
        held = len(self._text) - self._at
        if held > _LONGEST_VALUE:
            self._fail(f"a single value has more than {_LONGEST_VALUE:,} characters")
        data = self._file.read(max(_CHUNK, held))
        self._ended = not data
        self._passed += self._at
        self._text = self._text[self._at :] + self._decoder.decode(data, final=not data)
        self._at = 0
        return True

    def _fail(self, why: str) -> NoReturn:
        place = f"character {self._passed + self._at + 1:,}"
        if why:
            raise SourceError(f"this is no valid JSON: {why} at {place}")
        raise SourceError(f"this JSON is cut off at {place}")


def iter_json_array(file: BinaryIO, prefix: str = "item") -> Iterator[Any]:
    """Yield the items of an array in a JSON document of any size, one after the other.

    As tolerant as `load_json`. What follows the array is not read.

    Parameters
    ----------
    prefix
        Which array: ``item`` where the document is one, ``playlists.item`` for that under a key.

    Raises
    ------
    SourceError
        Where it is no JSON, has no such array, or is cut off; the items before have been given.

    Examples
    --------
    >>> from io import BytesIO
    >>> list(iter_json_array(BytesIO(b'{"info": {}, "songs": [1, [2], NaN]}'), "songs.item"))
    [1, [2], nan]
    """
    *keys, last = prefix.split(".")
    assert last == "item"
    source = _JsonText(file)
    for key in keys:
        source.take("{")
        while (name := source.value()) != key or not isinstance(name, str):
            source.take(":")
            source.value()
            if source.peek() == "}":
                raise SourceError(f"this JSON has no key {key!r} where it was expected")
            source.take(",")
        source.take(":")
    source.take("[")
    if source.peek() == "]":
        return
    while True:
        yield source.value()
        if source.peek() == "]":
            return
        source.take(",")
