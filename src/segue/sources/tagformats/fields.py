"""What every tag reader fills: values by field name, and whether a cover picture was passed by."""

from __future__ import annotations

from typing import BinaryIO, Final, Protocol

MAX_VALUE_BYTES: Final = 200_000  # lyrics are the longest text there is
_MAX_NAMES: Final = 500
_MAX_VALUES: Final = 32
_MAX_TOTAL: Final = 2_000_000  # characters


class Stream(Protocol):
    """Bytes that are read in order and passed over without being read."""

    def read(self, size: int, /) -> bytes:
        """Return the next `size` bytes, fewer at the end."""

    def skip(self, size: int, /) -> None:
        """Pass over `size` bytes."""


class FileStream:
    """A seekable file from its current position on."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer at the end."""
        return self._file.read(size)

    def skip(self, size: int) -> None:
        """Pass over `size` bytes, beyond the end, too."""
        self._file.seek(size, 1)


class Fields:
    """Tag values by name; names are compared by their letters and digits alone, without case.

    >>> fields = Fields()
    >>> fields.add("MusicBrainz Album Id", "x")
    >>> fields.get("MUSICBRAINZ_ALBUMID")
    ['x']
    """

    def __init__(self) -> None:
        self.values: dict[str, list[str]] = {}
        self.has_cover = False
        self._room = _MAX_TOTAL

    def add(self, name: str, value: str | bytes) -> None:
        """Note one value; past 500 names, 32 values of one, or 2 million characters, none is."""
        if isinstance(value, bytes):
            value = text(value)
        key = _key(name)
        if not key or (key not in self.values and len(self.values) >= _MAX_NAMES):
            return
        values = self.values.setdefault(key, [])
        fits = len(values) < _MAX_VALUES and len(value) <= self._room
        if value and fits and value not in values:
            values.append(value)
            self._room -= len(value)

    def get(self, *names: str) -> list[str]:
        """Return the values of the first of `names` that has any."""
        for name in names:
            if values := self.values.get(_key(name)):
                return values
        return []

    def update_missing(self, other: Fields) -> None:
        """Take over the names that this lacks."""
        for key, values in other.values.items():
            if not self.values.get(key):
                self.values[key] = values
        self.has_cover |= other.has_cover


def text(data: bytes) -> str:
    """Decode what ought to be UTF-8; other bytes come out as Latin-1, for `repair` to judge."""
    data = data.rstrip(b"\0")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _key(name: str) -> str:
    return "".join(char for char in name[:100].lower() if char.isalnum())
