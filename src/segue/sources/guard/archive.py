"""Zip archives of strangers: read as streams, never unpacked to disk."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from segue.catalog.incoming import Skip
from segue.errors import SourceError
from segue.sources.guard.files import open_bytes, shown
from segue.sources.guard.strings import clean

_CHUNK: Final = 1 << 17
MOST_MEMBERS: Final = 5_000
LARGEST_MEMBER: Final = 4 << 30
_LARGEST_LIST: Final = 4 << 20
_SUSPICIOUS_SIZE: Final = 100_000_000
_SUSPICIOUS_RATIO: Final = 200
_ENCRYPTED: Final = 0x1
_ARCHIVES: Final = (".zip", ".7z", ".rar", ".gz", ".tar", ".zst", ".xz")


@dataclass(frozen=True)
class Member:
    """A file in an archive: its name there, its size in bytes, and what changes when it does."""

    name: str
    size: int
    stamp: str


class Archive:
    """A zip that a stranger made: what is in it, read as a stream, never written to disk.

    Parameters
    ----------
    path
        Of the zip. It is opened on each call and closed again.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def members(self) -> tuple[Member, ...]:
        """What can be read, sorted by name; no folders, nor what a Mac adds of its own.

        Raises
        ------
        SourceError
            If it is no zip, holds more than 5,000 files, or is made to burst.
        """
        return self._listing[0]

    @property
    def skipped(self) -> tuple[Skip, ...]:
        """What is left out, and why; raises as `members` does."""
        return self._listing[1]

    @cached_property
    def _listing(self) -> tuple[tuple[Member, ...], tuple[Skip, ...]]:
        with self._opened() as archive:
            infos = archive.infolist()
        if len(infos) > MOST_MEMBERS:
            raise self._error(f"it holds {len(infos):,} files; at most {MOST_MEMBERS:,} are read")
        unpacked = sum(info.file_size for info in infos)
        if _bursts(unpacked, self.path.stat().st_size):
            raise self._error(
                f"it would unpack to {unpacked:,} bytes, more than {_SUSPICIOUS_RATIO} times its "
                "size: this is an attack or damage"
            )
        members: dict[str, Member] = {}
        skipped = []
        for info in infos:
            if info.is_dir() or _is_of_mac(info.filename):
                continue
            reason, bad = _reason(info)
            if not reason and info.filename in members:
                reason, bad = "a second file of one name in the archive", True
            if reason:
                skipped.append(Skip(reason, clean(info.filename, 100), bad))
            else:
                stamp = f"{info.file_size}:{info.CRC:08x}"
                members[info.filename] = Member(info.filename, info.file_size, stamp)
        return tuple(sorted(members.values(), key=lambda member: member.name)), tuple(skipped)

    @contextmanager
    def open(self, member: Member) -> Iterator[BinaryIO]:
        """Open a member for reading from its start to its end.

        Its `read` raises `SourceError` where the data is damaged or more than was declared.
        """
        with self._opened() as archive:
            info = next((each for each in archive.infolist() if each.filename == member.name), None)
            if info is None or info.file_size != member.size:
                raise self._error(f"it changed since it was opened: {clean(member.name, 100)}")
            try:
                file = archive.open(info)
            except (BadZipFile, NotImplementedError, RuntimeError, OSError, struct.error) as error:
                raise self._error(f"{clean(member.name, 100)} is damaged: {error}") from error
            where = f"{shown(self.path)}, {clean(member.name, 100)}"
            with io.BufferedReader(_Measured(file, member.size, where), _CHUNK) as measured:
                yield measured

    @contextmanager
    def _opened(self) -> Iterator[ZipFile]:
        with open_bytes(self.path, 1 << 50) as file:
            try:
                archive = ZipFile(_ShortReads(file))
            except (BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
                raise self._error(f"it is not a zip, or is damaged: {error}") from error
            with archive:
                yield archive

    def _error(self, why: str) -> SourceError:
        return SourceError(f"{shown(self.path)} cannot be read: {why}")


class _ShortReads:
    """A file for `ZipFile`, which reads the list of names in one piece, however long it says."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(min(size, _LARGEST_LIST + 1) if size >= 0 else _LARGEST_LIST + 1)
        if len(data) > _LARGEST_LIST:
            raise BadZipFile("its list of names is longer than any honest one")
        return data


class _Measured(io.RawIOBase):
    """A member's bytes, as many as were declared and no more."""

    def __init__(self, file: IO[bytes], size: int, where: str) -> None:
        self._file = file
        self._left = size
        self._where = where

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._file.read(len(buffer))
        except (BadZipFile, zlib.error, EOFError, OSError) as error:
            raise SourceError(f"{self._where} is damaged: {error or 'cut off'}") from error
        self._left -= len(data)
        if self._left < 0:
            raise SourceError(f"{self._where} holds more than it declares")
        if not data and buffer and self._left:
            raise SourceError(f"{self._where} is cut off: {self._left:,} bytes are missing")
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def archive_names(path: Path) -> frozenset[str]:
    """Return the names of a zip's readable members; none where it is no zip or refused.

    Never raises: for `recognises`.
    """
    try:
        return frozenset(member.name for member in Archive(path).members)
    except SourceError:
        return frozenset()


def _bursts(unpacked: int, packed: int) -> bool:
    return unpacked > _SUSPICIOUS_SIZE and unpacked > _SUSPICIOUS_RATIO * max(packed, 1)


def _is_of_mac(name: str) -> bool:
    path = PurePosixPath(name)
    return path.parts[:1] == ("__MACOSX",) or path.name.startswith("._") or path.name == ".DS_Store"


def _reason(info: ZipInfo) -> tuple[str, bool]:
    """Return why a member is left out and whether that is bad; an empty reason where it is not."""
    parts = info.filename.replace("\\", "/").split("/")
    # Methods other than these two cannot be unpacked bit by bit.
    checks = (
        (".." in parts or not parts[0] or ":" in parts[0], "a name that leads out of the archive"),
        (info.flag_bits & _ENCRYPTED, "encrypted"),
        (info.compress_type not in (ZIP_STORED, ZIP_DEFLATED), "packed by an unusual method"),
        (info.file_size > LARGEST_MEMBER, "larger than 4 GiB"),
        (_bursts(info.file_size, info.compress_size), "made to burst when unpacked"),
    )
    for applies, reason in checks:
        if applies:
            return reason, True
    is_archive = info.filename.lower().endswith(_ARCHIVES)
    return ("an archive inside the archive" if is_archive else ""), False
