"""What every source of records has in common."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, runtime_checkable

from segue.catalog.incoming import Part


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


class FileSourceType(Protocol):
    """A kind of source that lies in a file or a folder: a class with this much on it."""

    kind: str

    def __call__(self, path: Path) -> Source:
        """Return the source at an absolute path."""

    def recognises(self, path: Path, head: bytes) -> bool:
        """Return whether the file or folder is one of these, from its name and first bytes.

        `head` is what a file begins with (up to 64 KiB), empty for a folder. Archives are looked
        into by their list of names. Must be cheap, never raise, and never say yes to another's.
        """
