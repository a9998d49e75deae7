"""Vorbis comments, as Ogg (Vorbis, Opus, Speex, FLAC) and FLAC files carry them.

Read here rather than by tinytag because Ogg keeps the cover picture inside the comments, base64
encoded: this walks past it. https://xiph.org/vorbis/doc/v-comment.html,
https://www.rfc-editor.org/rfc/rfc3533 (Ogg), https://www.rfc-editor.org/rfc/rfc9639 (FLAC).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from segue.sources.tagformats.fields import MAX_VALUE_BYTES, Fields, FileStream, Stream

_PICTURES: Final = ("METADATA_BLOCK_PICTURE=", "COVERART=")
_MAX_COMMENTS: Final = 5_000
_MAX_PAGES: Final = 2_000  # of at most 65,025 bytes: 130 MB of comments
_MAX_BLOCKS: Final = 500
_CODECS: Final = {  # first bytes of a stream -> length of what precedes its comments
    b"\x01vorbis": 7,
    b"OpusHead": 8,
    b"\x7fFLAC": 4,
    b"Speex   ": 0,
}
_FLAC_COMMENT, _FLAC_PICTURE = 4, 6


def read_ogg(file: BinaryIO, fields: Fields) -> None:
    """Read the comments of the first audio stream, which are its second packet."""
    serial, prefix = None, 0
    for _ in range(_MAX_PAGES):
        page = _page(file)
        if page is None:
            return
        page_serial, sizes = page
        start = file.tell()
        if serial is None:
            head = file.read(min(8, sum(sizes)))
            for magic, length in _CODECS.items():
                if head.startswith(magic):
                    serial, prefix = page_serial, length
        elif page_serial == serial:
            packet = _Packet(file, serial, sizes)
            packet.skip(prefix)
            read_comments(packet, fields)
            return
        file.seek(start + sum(sizes))


def read_flac(file: BinaryIO, fields: Fields) -> None:
    """Read the comment block of a file that stands at its `fLaC` mark, and look for a picture."""
    file.seek(4, 1)
    for _ in range(_MAX_BLOCKS):
        header = file.read(4)
        if len(header) < 4:
            return
        kind, end = header[0] & 0x7F, file.tell() + int.from_bytes(header[1:], "big")
        if kind == _FLAC_COMMENT:
            read_comments(FileStream(file), fields)
        elif kind == _FLAC_PICTURE:
            fields.has_cover = True
        if header[0] & 0x80:
            return
        file.seek(end)


def read_comments(stream: Stream, fields: Fields) -> None:
    """Read a comment header: vendor, count, then `NAME=value` of stated lengths."""
    stream.skip(_number(stream))
    for _ in range(min(_number(stream), _MAX_COMMENTS)):
        size = _number(stream)
        if size == 0:
            continue
        taken = stream.read(min(size, 64))
        if not taken:
            return
        if taken[:32].decode("latin-1").upper().startswith(_PICTURES):
            fields.has_cover = True
        else:
            taken += stream.read(min(size, MAX_VALUE_BYTES) - len(taken))
            name, separator, value = taken.partition(b"=")
            if separator:
                fields.add(name.decode("latin-1"), value)
        stream.skip(size - len(taken))


def _number(stream: Stream) -> int:
    return int.from_bytes(stream.read(4), "little")


def _page(file: BinaryIO) -> tuple[int, bytes] | None:
    """Read a page header; return the stream's serial number and the segment sizes."""
    header = file.read(27)
    if len(header) < 27 or not header.startswith(b"OggS\0"):
        return None
    return int.from_bytes(header[14:18], "little"), file.read(header[26])


class _Packet:
    """One packet as a stream, from the page that it begins on, over as many pages as it takes."""

    def __init__(self, file: BinaryIO, serial: int, sizes: bytes) -> None:
        self._file = file
        self._pieces = self._lengths(serial, sizes)
        self._left = 0  # bytes of the packet that remain on this page

    def read(self, size: int) -> bytes:
        data = b""
        while len(data) < size and self._available():
            piece = self._file.read(min(size - len(data), self._left))
            if not piece:
                break
            self._left -= len(piece)
            data += piece
        return data

    def skip(self, size: int) -> None:
        while size > 0 and self._available():
            step = min(size, self._left)
            self._file.seek(step, 1)
            self._left -= step
            size -= step

    def _available(self) -> bool:
        if not self._left:
            self._left = next(self._pieces, 0)
        return self._left > 0

    def _lengths(self, serial: int, sizes: bytes) -> Iterator[int]:
        for _ in range(_MAX_PAGES):
            length = 0
            for size in sizes:
                length += size
                if size < 255:  # a short segment ends the packet
                    if length:
                        yield length
                    return
            if length:
                yield length
            while True:
                page = _page(self._file)
                if page is None:
                    return
                page_serial, sizes = page
                if page_serial == serial:
                    break
                self._file.seek(sum(sizes), 1)
