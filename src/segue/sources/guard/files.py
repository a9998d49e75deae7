"""Opening files of strangers, up to a size."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO, Final
from weakref import WeakSet

from segue.errors import SourceError
from segue.paths import open_regular
from segue.sources.guard.strings import decode_text

_OPEN: Final[WeakSet[BinaryIO]] = WeakSet()  # what was opened here and may be open


def open_bytes(path: Path, limit: int) -> BinaryIO:
    """Open a file of at most `limit` bytes for reading.

    Raises
    ------
    SourceError
        If it cannot be opened, is a pipe, a device or a folder, or is larger.
    """
    try:
        file = open_regular(os.fsencode(path))
        size = os.fstat(file.fileno()).st_size
    except (OSError, ValueError) as error:
        raise SourceError(f"{shown(path)} cannot be read: {error}") from error
    if size > limit:
        file.close()
        raise SourceError(
            f"{shown(path)} has {size:,} bytes; at most {limit:,} are read of such a file"
        )
    _OPEN.add(file)
    return file


def position(size: int) -> int:
    """Return how far the file of this size that is being read is, in bytes.

    For the progress alone: 0 where no such file is open.
    """
    for file in list(_OPEN):
        try:
            if os.fstat(file.fileno()).st_size == size:
                return file.tell()
        except (OSError, ValueError):  # it is closed, or no longer there
            continue
    return 0


def read_bytes(path: Path, limit: int) -> bytes:
    """Return the content of a file of at most `limit` bytes; see `open_bytes` for the errors."""
    with open_bytes(path, limit) as file:
        try:
            return file.read(limit)
        except OSError as error:
            raise SourceError(f"{shown(path)} cannot be read: {error}") from error


def read_text(path: Path, limit: int) -> str:
    """Return the text of a file of at most `limit` bytes, whatever its encoding."""
    return decode_text(read_bytes(path, limit))


def file_stamp(path: Path) -> tuple[str, int]:
    """Return what changes when a file does, and its size in bytes, for a `Part`.

    Raises
    ------
    SourceError
        If the file cannot be examined.
    """
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise SourceError(f"{shown(path)} cannot be read: {error}") from error
    return f"{status.st_size}:{status.st_mtime_ns}", status.st_size


def shown(path: Path) -> str:
    """Return a path as it may be printed, also where its name is no proper text."""
    return os.fsencode(path).decode(errors="replace")
