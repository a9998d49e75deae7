"""What every source of records has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, runtime_checkable

from segue.catalog.incoming import Part, Record
from segue.sources.guard import file_stamp


@runtime_checkable
class Source(Protocol):
    """Somewhere that records come from: an export, a playlist file, a table, a service.

    Nothing is opened before `parts` is iterated over.
    """

    @property
    def kind(self) -> str:
        """What it is, as `--as` names it: ``million_playlist``, ``spotify_history`` ..."""

    @property
    def location(self) -> str:
        """Where it is: an absolute path, or a service's address without any secret."""

    def parts(self) -> Iterator[Part]:
        """Yield the pieces, in an order that is always the same.

        Raises
        ------
        SourceError
            If it cannot be read, or is not of this kind at all.
        """


class FileSource(ABC):
    """A source that is one file, read in one part.

    Parameters
    ----------
    path
        Absolute.
    """

    kind: str

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def location(self) -> str:
        """The absolute path."""
        return str(self._path)

    def parts(self) -> Iterator[Part]:
        """Yield the file as one part; see `Source.parts`."""
        stamp, size = file_stamp(self._path)
        yield Part(self._path.name, stamp, size, self._read)

    @classmethod
    @abstractmethod
    def recognises(cls, path: Path, head: bytes) -> bool:
        """Return whether a file or folder is of this kind, from its name and first bytes.

        Every kind of source that lies in a file or a folder has this. `head` is what a file begins
        with (up to 64 KiB), empty for a folder. Archives are looked into by their list of names.
        Must be cheap, never raise, and never say yes to another's.
        """

    @abstractmethod
    def _read(self) -> Iterator[Record]:
        """Yield the records; see `Part.read`."""
