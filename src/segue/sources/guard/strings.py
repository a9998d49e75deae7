"""Text of strangers: decoded whatever its encoding, and made fit to store and to show."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator
from typing import BinaryIO, Final

from segue.errors import SourceError
from segue.sources.encoding import decode, repair

LONGEST_TEXT: Final = 1_000
"""Characters of a title, a name or a description that are kept."""
_LONGEST_LINE: Final = 1 << 20
_LARGEST_WIDE: Final = 1 << 28  # bytes of UTF-16 lines, which are not read one by one
_DECLARED: Final = re.compile(rb"^#EXTENC:[ \t]*([\w.-]{1,40})", re.MULTILINE)
_PLAIN_CODEC: Final = re.compile(
    r"utf-(8|16|32)|iso8859|cp\d|koi8|gb|big5|euc|shift_jis|mac|tis|ascii"
)
_UNWANTED: Final = re.compile(  # controls, lone surrogates, marks that turn the writing direction
    "[\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]+"
)


def decode_text(data: bytes) -> str:
    r"""Return a file's text: by its byte order mark, as UTF-8, by what it declares, or by guess.

    A playlist declares its encoding by a line ``#EXTENC:name``. Where most lines are UTF-8, the
    others are guessed by themselves. NUL bytes of 8-bit text are dropped. Never raises.

    >>> decode_text("Björk".encode("utf-16")), decode_text(b"Bj\xf6rk, or Bj\0ork")
    ('Björk', 'Björk, or Bjork')
    """
    if data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return decode(data)
    zeros = data.count(0)
    if zeros * 10 > len(data):  # UTF-16 without a mark: every other byte of ASCII is a NUL
        return decode(data)
    if zeros:
        data = data.replace(b"\0", b"")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return _declared(data) or _legacy(data)


def _declared(data: bytes) -> str | None:
    match = _DECLARED.search(data[:4096])
    if match is None:
        return None
    try:
        name = codecs.lookup(match[1].decode("ascii")).name
        # Strangers choose the codec: some are no encodings, some take forever on long text.
        return data.decode(name) if _PLAIN_CODEC.match(name) else None
    except (LookupError, ValueError):
        return None


def _legacy(data: bytes) -> str:
    lines: list[str | bytes] = []
    for line in data.splitlines(keepends=True):
        try:
            lines.append(line.decode())
        except UnicodeDecodeError:
            lines.append(line)
    unknown = [line for line in lines if isinstance(line, bytes)]
    known = sum(isinstance(line, str) and not line.isascii() for line in lines)
    if known < len(unknown):  # text of one older encoding may be UTF-8 here and there by chance
        lines = list(data.splitlines(keepends=True))
        unknown = [line for line in lines if isinstance(line, bytes) and not line.isascii()]
    repaired = iter(repair([line.decode("latin-1") for line in unknown]))
    return "".join(
        line if isinstance(line, str) else line.decode() if line.isascii() else next(repaired)
        for line in lines
    )


def text_lines(file: BinaryIO, longest: int = _LONGEST_LINE) -> Iterator[str]:
    """Yield the lines of a large text file with their ends, as `csv.reader` takes them.

    Each line is decoded by itself, so that one in another encoding harms no other.

    Raises
    ------
    SourceError
        At a line of more than `longest` bytes; the lines before it have been given.
    """
    for number, line in enumerate(byte_lines(file, longest), 1):
        if number == 1 and line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            rest = line + file.read(_LARGEST_WIDE)
            yield from decode(rest).splitlines(keepends=True)
            return
        yield decode_text(line)


def byte_lines(file: BinaryIO, longest: int = _LONGEST_LINE) -> Iterator[bytes]:
    """Yield the lines of a file as bytes with their ends; for the errors see `text_lines`."""
    number = 0
    while line := file.readline(longest + 1):
        number += 1
        if len(line) > longest:
            raise SourceError(
                f"line {number} is longer than {longest:,} bytes; this is not the text it should be"
            )
        yield line


def clean(text: str, longest: int = LONGEST_TEXT) -> str:
    r"""Return text fit to store and to show: NFC, without control characters and lone surrogates.

    Runs of control characters become a space (NULs and surrogates vanish), space around is
    stripped, and what goes beyond `longest` characters is cut off.

    >>> clean(" Bjo\u0308rk\0\ud800\t\n(live) ")
    'Björk (live)'
    """
    if not text.isprintable():
        text = _UNWANTED.sub(_space, text[: longest * 4])
    if not text.isascii():
        text = unicodedata.normalize("NFC", text[: longest * 4])
    return text[:longest].strip()


def _space(match: re.Match[str]) -> str:
    return " " if any(char.isspace() for char in match[0]) else ""
