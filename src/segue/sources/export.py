"""The files of somebody's data export, in its zip, in a folder it was unpacked to, or alone."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

from segue.catalog.incoming import Part, Skip
from segue.errors import SourceError
from segue.sources.guard import (
    Archive,
    archive_names,
    file_stamp,
    iter_json_array,
    load_json,
    open_bytes,
    shown,
)
from segue.types import display_path

_ANY_SIZE: Final = 1 << 50  # what is read as a stream may be as large as it likes
_WHOLE: Final = 64 << 20  # the most of a file that is read whole
_AT_ONCE: Final = 16 << 20  # larger lists of JSON are parsed piece by piece: slower, little memory
_GLANCE: Final = 20_000  # files of a folder that are looked at to recognise it


class _Opens(Protocol):
    def __call__(self) -> AbstractContextManager[BinaryIO]: ...


@dataclass(frozen=True)
class ExportFile:
    """One file of an export.

    Attributes
    ----------
    name
        Its path within the export, parted by ``/``, fit to be shown.
    stamp, size
        As in `Part`: of the zip's own checksum, or of size and time.
    open
        Opens it for reading from its start to its end; raises `SourceError`, as reading does.
    """

    name: str
    stamp: str
    size: int
    open: _Opens

    def read(self) -> bytes:
        """Return its content.

        Raises
        ------
        SourceError
            If it is larger than 64 MiB, which a file that is read whole never is.
        """
        if self.size > _WHOLE:
            raise SourceError(f"it has {self.size:,} bytes; at most {_WHOLE:,} are read")
        with self.open() as file:
            return file.read()

    def rows(self) -> Iterator[Any]:
        """Yield the items of a file that is one JSON array.

        Raises
        ------
        SourceError
            Where it is no JSON, no array, or cut off; what came before has been given.
        """
        if self.size > _AT_ONCE:
            with self.open() as file:
                yield from iter_json_array(file)
            return
        data = self.read()
        try:
            rows = load_json(data)
        except SourceError:
            yield from iter_json_array(BytesIO(data))  # gives what is good before the damage
            return
        if not isinstance(rows, list):
            raise SourceError(f"a JSON array was expected, but this is {_kind(rows)}")
        yield from rows


class Export:
    """An export: a zip, a folder with any folders below it, or a file of one.

    Parameters
    ----------
    path
        Where it is.
    wanted
        Matches, by `re.Pattern.search`, the paths within it of the files that are read. A file
        given by itself is always taken.
    """

    def __init__(self, path: Path, wanted: re.Pattern[str]) -> None:
        self.path = path
        self.wanted = wanted
        self._left_out: list[Skip] = []

    def files(self) -> list[ExportFile]:
        """Return the files that are wanted, by name.

        Raises
        ------
        SourceError
            If the path is not there, the zip is none, or nothing in it is wanted.
        """
        if self.path.is_dir():
            found = self._in_folder()
        elif _is_zip(self.path):
            found = self._in_zip()
        else:
            return [_on_disk(self.path.name, self.path)]
        if not found and not self._left_out:
            raise SourceError(
                f"{shown(self.path)} holds no file with a name like {self.wanted.pattern}; give "
                "the export as it was downloaded, or the folder it was unpacked to"
            )
        return sorted(found, key=lambda file: file.name)

    def left_out(self) -> Iterator[Part]:
        """Yield one part that tells what `files` could not take, if there is anything."""
        if self._left_out:
            yield Part("files left out", "", 0, partial(_told, tuple(self._left_out)))

    def _in_zip(self) -> list[ExportFile]:
        archive = Archive(self.path)
        self._left_out = [skip for skip in archive.skipped if self.wanted.search(skip.where)]
        return [
            ExportFile(
                display_path(member.name.encode("utf-8", "replace")),
                member.stamp,
                member.size,
                partial(archive.open, member),
            )
            for member in archive.members
            if self.wanted.search(member.name)
        ]

    def _in_folder(self) -> list[ExportFile]:
        self._left_out = []
        found = []
        for name in _names_below(self.path, self._left_out):
            if not self.wanted.search(name):
                continue
            try:
                found.append(_on_disk(name, self.path / name))
            except SourceError:
                self._left_out.append(
                    Skip("a file that cannot be read", display_path(os.fsencode(name))[:100])
                )
        return found


def _told(skips: Iterable[Skip]) -> Iterator[Skip]:
    yield from skips  # a generator, as the reading of every part is: it can be closed


def export_names(path: Path) -> Iterable[str]:
    """Return the paths of the files in a zip or folder, or a file's own name. Never raises.

    Of a folder no more than 20,000 are given, those nearest to its top.
    """
    try:
        if path.is_dir():
            return list(islice(_names_below(path, []), _GLANCE))
        return archive_names(path) if _is_zip(path) else (path.name,)
    except SourceError:
        return (path.name,)
    except (OSError, ValueError):
        return ()


def _is_zip(path: Path) -> bool:
    """Return whether it begins as one does; raises `SourceError` where it cannot be opened."""
    with open_bytes(path, _ANY_SIZE) as file:
        return file.read(2) == b"PK"


def _names_below(folder: Path, problems: list[Skip]) -> Iterator[str]:
    """Yield the paths of all files below a folder, the nearest first; links are not followed."""
    waiting = deque([""])
    while waiting:
        base = waiting.popleft()
        try:
            with os.scandir(folder / base) as listing:
                entries = sorted(
                    (entry.name, entry.is_dir(follow_symlinks=False)) for entry in listing
                )
        except OSError:
            where = display_path(os.fsencode(base or folder))[:100]
            problems.append(Skip("a folder that cannot be listed", where))
            continue
        for name, is_folder in entries:
            if name.startswith(".") or name == "__MACOSX":
                continue
            if is_folder:
                waiting.append(f"{base}{name}/")
            else:
                yield base + name


def _on_disk(name: str, path: Path) -> ExportFile:
    stamp, size = file_stamp(path)
    return ExportFile(
        display_path(os.fsencode(name)), stamp, size, partial(open_bytes, path, _ANY_SIZE)
    )


def _kind(value: object) -> str:
    names = {dict: "an object", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
