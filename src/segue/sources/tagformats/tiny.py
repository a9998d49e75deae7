"""ID3 and MP4 tags, by tinytag, kept from reading pictures and from being led on by false sizes."""

from __future__ import annotations

import io
import os
from typing import BinaryIO, Final

from segue.sources.tagformats.fields import MAX_VALUE_BYTES, Fields

_MAX_READS: Final = 4_000
_HEAD_BYTES: Final = 10
_MAX_PIECES: Final = 500
_NUMBERS: Final = ("track", "disc")


def read_id3(file: BinaryIO, fields: Fields, start: int = 0, size: int | None = None) -> None:
    """Read ID3v2 at `start` and, where that is the file's own start, ID3v1 at its end."""
    _read(_Watched(file, start, size, b"APIC", b"PIC"), fields, "x.mp3")


def read_mp4(file: BinaryIO, fields: Fields) -> None:
    """Read the item list of an MP4 file (M4A, M4B, ALAC)."""
    _read(_Watched(file, 0, None, b"covr"), fields, "x.m4a")


def _read(watched: _Watched, fields: Fields, kind: str) -> None:
    from tinytag import TinyTag, TinyTagException

    try:
        tag = TinyTag.get(filename=kind, file_obj=watched, tags=True, duration=False, image=False)  # type: ignore[arg-type]
    except TinyTagException:
        return  # what the file holds is no tag
    finally:
        fields.has_cover |= watched.saw_picture
    for name in ("title", "artist", "albumartist", "album", "genre", "year", "comment", *_NUMBERS):
        value = getattr(tag, name)
        if value is not None:
            fields.add(name, str(value))
    for name, values in tag.other.items():
        for value in values[:_MAX_PIECES]:
            fields.add(name, value)


class _Watched(io.RawIOBase):
    """A part of a file that turns to zeros rather than be read for ever, and notes pictures.

    tinytag reads the head of each ID3 frame and MP4 atom before it skips a picture's body; the name
    of a picture frame at the start (ID3) or end (MP4) of so short a read is taken for one.
    """

    def __init__(self, file: BinaryIO, start: int, size: int | None, *picture_names: bytes) -> None:
        super().__init__()
        self._file = file
        self._start = start
        file.seek(0, os.SEEK_END)
        available = max(0, file.tell() - start)
        self._size = available if size is None else min(size, available)
        self._at = 0
        self._reads = 0
        self._pieces_left = 10 * _MAX_PIECES
        self._picture_names = picture_names
        self.saw_picture = False

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise OSError("seek before the start")
        self._at = base + offset
        return self._at

    def read(self, size: int = -1) -> bytes:
        self._reads += 1
        if size <= 0 or self._at >= self._size:
            return b""
        if self._reads > _MAX_READS:
            # Zeros end the list of frames or atoms in good order, keeping what was read so far.
            return bytes(min(size, MAX_VALUE_BYTES))
        self._file.seek(self._start + self._at)
        wanted = min(size, self._size - self._at)
        data = self._file.read(min(wanted, MAX_VALUE_BYTES))
        self._at += wanted  # the part of a huge value that is left out is passed over
        if size <= _HEAD_BYTES:
            head = data[4:8] if size == 8 else data
            self.saw_picture |= head.startswith(self._picture_names)
            return data
        return self._few_pieces(data)

    def _few_pieces(self, data: bytes) -> bytes:
        """Cut a frame or atom of very many values, whose handling takes time by their square."""
        for separator in (b"\0\0" if data[0] in (1, 2) else b"\0", b"data"):
            most = max(2, min(_MAX_PIECES, self._pieces_left))
            count = data.count(separator)
            if count > most:
                data = separator.join(data.split(separator, most + 1)[: most + 1])
            self._pieces_left -= min(count, most)
        return data
