"""ListenBrainz's public dumps: everybody's listens, a line of JSON each.

A listener is ``listenbrainz:<number>``; the name that stands beside the number is never read.
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import IO, BinaryIO, Final, NoReturn, cast

from segue.catalog.incoming import ListenRecord, Part, Skip
from segue.errors import SourceError
from segue.sources.export import Export, ExportFile, export_names
from segue.sources.guard import integer
from segue.sources.listenbrainz_json import json_lines, listen_record

_LISTENS: Final = re.compile(r"\.listens(?:\.zst)?$")
_TAR: Final = re.compile(r"listenbrainz-[^/]*dump[^/]*\.tar(?:\.zst)?$")
_WANTED: Final = re.compile(f"{_LISTENS.pattern}|{_TAR.pattern}")
_LONGEST_HEADER: Final = 1 << 20


class ListenBrainzDump:
    """A file ``*.listens``, a folder of them, or the archive they come in, packed or not.

    What is packed (``.zst``, ``.tar.zst``) is read only where the library ``zstandard`` is
    installed. Nothing is unpacked to disk.
    """

    kind = "listenbrainz_dump"

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def location(self) -> str:
        """The absolute path."""
        return str(self.path)

    @staticmethod
    def recognises(path: Path, head: bytes) -> bool:
        """Return whether the names are a dump's, or the first line is a listen of one."""
        if head[:2] == b"PK":
            return False
        first = head.partition(b"\n")[0]
        return any(map(_WANTED.search, export_names(path))) or (
            first.startswith(b"{")
            and all(key in first for key in (b'"timestamp"', b'"track_metadata"', b'"user_id"'))
        )

    def parts(self) -> Iterator[Part]:
        """Yield a part for each file of listens, or for each archive of them.

        Raises
        ------
        SourceError
            As `Source.parts`.
        """
        export = Export(self.path, _WANTED)
        for file in export.files():
            yield Part(file.name, file.stamp, file.size, partial(_read, file))
        yield from export.left_out()


def _read(file: ExportFile) -> Iterator[ListenRecord | Skip]:
    with file.open() as packed, _unpacked(packed, file.name) as stream:
        if not file.name.endswith((".tar", ".tar.zst")):
            yield from _listens(stream)
            return
        try:
            with tarfile.open(fileobj=stream, mode="r|", tarinfo=_Header) as archive:
                for member in archive:
                    content = archive.extractfile(member) if member.isreg() else None
                    if content is not None and _LISTENS.search(member.name):
                        with cast(BinaryIO, content), _unpacked(content, member.name) as lines:
                            yield from _listens(lines)
        except (tarfile.TarError, EOFError) as error:
            raise SourceError(f"this archive is damaged or cut off: {error}") from error


def _listens(stream: IO[bytes]) -> Iterator[ListenRecord | Skip]:
    for number, row in enumerate(json_lines(cast(BinaryIO, stream)), 1):
        if isinstance(row, Skip):
            yield row
            continue
        user = integer(row.get("user_id"))
        if user is None or user < 0:
            yield Skip("no listener", f"line {number}")
        else:
            yield listen_record(row, f"listenbrainz:{user}")


class _Header(tarfile.TarInfo):
    """A header of an archive, without what would let a small one fill the memory."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        if not self.isreg() and self.size > _LONGEST_HEADER:
            self._refuse()
        return cast(tarfile.TarInfo, super()._proc_member(archive))  # type: ignore[misc]

    def _refuse(self, *_: object) -> NoReturn:
        raise SourceError("this archive has headers that no dump of ListenBrainz has")

    _proc_sparse = _proc_gnusparse_00 = _proc_gnusparse_01 = _proc_gnusparse_10 = _refuse


@contextmanager
def _unpacked(stream: IO[bytes], name: str) -> Iterator[IO[bytes]]:
    if not name.endswith(".zst"):
        yield stream
        return
    try:
        zstandard = import_module("zstandard")
    except ImportError as error:
        raise SourceError(
            f"{name} is packed with Zstandard: unpack it first (zstd -d), or install the Python "
            "package zstandard"
        ) from error
    try:
        reader = zstandard.ZstdDecompressor().stream_reader(
            stream, read_across_frames=True, closefd=False
        )
        yield io.BufferedReader(reader, 1 << 17)
    except zstandard.ZstdError as error:
        raise SourceError(f"{name} is damaged: {error}") from error
