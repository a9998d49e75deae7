"""Tables of text, rows of cells: CSV and its relatives, whatever separates and encodes them."""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

from segue.catalog.incoming import Skip
from segue.errors import SourceError
from segue.sources.export import Export, ExportFile, export_names
from segue.sources.guard import text_lines
from segue.sources.walk import is_audio_name

_SEPARATORS: Final = ",;\t"
_GZIP: Final = b"\x1f\x8b"
_HEAD: Final = 1 << 16
_SUSPICIOUS: Final = 100_000_000  # bytes; any gzip file may unpack to so many ...
_RATIO: Final = 200  # ... or to so many times its size; tables have 2 to 10


class Row(NamedTuple):
    """A row's cells, as many as the header has, and the number of the line it ends on."""

    line: int
    cells: list[str]


@contextmanager
def open_table(file: ExportFile) -> Iterator[BinaryIO]:
    """Open a file, unpacked where it is gzip's.

    Raises
    ------
    SourceError
        If it cannot be opened, or, from its `read`, is damaged or made to burst.
    """
    with file.open() as stream:
        is_packed = stream.read(2) == _GZIP
    with file.open() as stream:
        if not is_packed:
            yield stream
            return
        limit = max(_SUSPICIOUS, file.size * _RATIO)
        with io.BufferedReader(_Unpacked(stream, limit)) as unpacked:
            yield unpacked


class _Unpacked(io.RawIOBase):
    """What a gzip file holds, up to a limit in bytes."""

    def __init__(self, file: BinaryIO, limit: int) -> None:
        self._file = gzip.GzipFile(fileobj=file)
        self._left = limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._file.read1(len(buffer))  # `read` would lose what came before damage
        except (OSError, EOFError, zlib.error) as error:
            raise SourceError(f"the gzip file is damaged: {error}") from error
        self._left -= len(data)
        if self._left < 0:
            raise SourceError(
                f"the gzip file unpacks to more than {_RATIO} times its size: it is an attack, or "
                "damaged"
            )
        buffer[: len(data)] = data
        return len(data)


def header_of(head: bytes) -> tuple[str, ...]:
    r"""Return the header of the table that begins so, packed by gzip or not; never raises.

    >>> header_of(gzip.compress(b"artist,song\nMono,Life in Mono"))
    ('artist', 'song')
    """
    try:
        if head.startswith(_GZIP):
            head = zlib.decompressobj(wbits=31).decompress(head, _HEAD)
        return read_table(io.BytesIO(head[:_HEAD]))[0]
    except (zlib.error, SourceError):
        return ()


def first_header(path: Path, head: bytes, wanted: re.Pattern[str]) -> tuple[str, ...]:
    """Return the header of a table, or of the first one by name in a folder or zip.

    Empty where there is none, also where music lies beside it: that is added for the music.

    Parameters
    ----------
    head
        What the file begins with, empty for a folder.
    wanted
        Matches the names of tables, by `re.Pattern.search`.
    """
    if head and not head.startswith(b"PK"):
        return header_of(head)
    names = export_names(path)
    if not any(map(wanted.search, names)) or any(is_audio_name(os.fsencode(n)) for n in names):
        return ()
    try:
        with Export(path, wanted).files()[0].open() as file:
            return header_of(file.read(_HEAD))
    except (SourceError, IndexError):
        return ()


def read_table(stream: BinaryIO) -> tuple[tuple[str, ...], Iterator[Row | Skip]]:
    r"""Return a table's header, and its rows as they are read from a binary stream.

    Cells are parted by commas, semicolons or tabs, whichever makes most of the header, and may be
    quoted as RFC 4180 says, line breaks and all. The header is the first line that is not blank;
    other blank lines are left out, too.

    Returns
    -------
    The header's cells, none where the stream is empty; and the rows that have as many cells, with
    a `Skip` for each that has not.

    Raises
    ------
    SourceError
        From the rows or at once, where the stream cannot be read on: see `text_lines`.

    Examples
    --------
    >>> stream = io.BytesIO(b'Artist;Song\nMono;"Life;\nin Mono"\nAir\n')
    >>> header, rows = read_table(stream)
    >>> header, next(rows), next(rows).where
    (('Artist', 'Song'), Row(line=3, cells=['Mono', 'Life;\nin Mono']), 'line 4')
    """
    lines = _Counted(text_lines(stream))
    first = next((line for line in lines if line.strip()), "")
    separator = max(_SEPARATORS, key=lambda each: len(_cells(first, each)))
    header = tuple(_cells(first, separator))
    return header, _rows(lines, csv.reader(lines, delimiter=separator), len(header))


class _Counted:
    """Lines, and how many of them were read."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.read = 0
        self._lines = lines

    def __iter__(self) -> _Counted:
        return self

    def __next__(self) -> str:
        try:
            line = next(self._lines)
        except OSError as error:
            raise SourceError(f"it cannot be read on after line {self.read}: {error}") from error
        self.read += 1
        return line


def _rows(lines: _Counted, reader: Iterator[list[str]], width: int) -> Iterator[Row | Skip]:
    while True:
        try:
            cells = next(reader, None)
        except csv.Error:  # a quote that is never closed, or a monstrous cell
            yield Skip("a quote without its end", f"line {lines.read}")
            continue
        if cells is None:
            return
        if len(cells) == width:
            yield Row(lines.read, cells)
        elif any(cells):
            yield Skip("wrong number of cells", f"line {lines.read}")


def _cells(line: str, separator: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=separator), [])]
    except csv.Error:
        return []
