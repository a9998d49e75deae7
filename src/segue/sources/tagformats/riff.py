"""Tags in the chunks of WAV (RIFF, RF64) and AIFF files.

https://www.robotplanet.dk/audio/wav_meta_data/, EBU Tech 3306 (RF64), Apple's "Audio Interchange
File Format" (1989). An ID3v2 tag may stand in a chunk of its own; where, is returned.
"""

from __future__ import annotations

import os
from typing import BinaryIO, Final

from segue.sources.tagformats.fields import Fields

_MAX_CHUNKS: Final = 1_000
_MAX_LISTS: Final = 8
_MAX_LIST_BYTES: Final = 64 * 1024
_UNKNOWN_SIZE: Final = 0xFFFFFFFF
_INFO: Final = {
    b"INAM": "title",
    b"TITL": "title",
    b"IART": "artist",
    b"IPRD": "album",
    b"IGNR": "genre",
    b"ICRD": "date",
    b"YEAR": "date",
    b"ICMT": "comment",
    b"IPRT": "track",
    b"ITRK": "track",
    b"TRCK": "track",
    b"IBPM": "bpm",
    b"ISRC": "isrc",
}
_AIFF: Final = {b"NAME": "title", b"AUTH": "artist", b"ANNO": "comment"}


def read_riff(file: BinaryIO, fields: Fields) -> tuple[int, int] | None:
    """Read the text chunks; return (offset, size) of an ID3v2 chunk, if there is one."""
    file.seek(0)
    form = file.read(12)
    aiff = form.startswith(b"FORM")
    order = "big" if aiff else "little"
    id3, lists = None, 0
    large = 0  # RF64 keeps the length of the audio apart, for it may pass 4 GiB
    for _ in range(_MAX_CHUNKS):
        header = file.read(8)
        if len(header) < 8:
            break
        name, size = header[:4], int.from_bytes(header[4:], "big" if aiff else "little")
        start = file.tell()
        if name == b"ds64":
            large = int.from_bytes(file.read(16)[8:16], order)  # type: ignore[arg-type]
        elif name == b"data" and size == _UNKNOWN_SIZE:
            size = large
        elif name == b"LIST" and lists < _MAX_LISTS:
            lists += 1
            _read_info(file.read(min(size, _MAX_LIST_BYTES)), fields)
        elif name in (b"id3 ", b"ID3 "):
            id3 = (start, size)
        elif aiff and name in _AIFF:
            fields.add(_AIFF[name], file.read(min(size, _MAX_LIST_BYTES)))
        file.seek(start + size + size % 2, os.SEEK_SET)
    return id3


def _read_info(chunk: bytes, fields: Fields) -> None:
    if not chunk.startswith(b"INFO"):
        return
    position = 4
    for _ in range(_MAX_CHUNKS):
        name = chunk[position : position + 4]
        size = int.from_bytes(chunk[position + 4 : position + 8], "little")
        if len(name) < 4:
            return
        if name in _INFO:
            fields.add(_INFO[name], chunk[position + 8 : position + 8 + size])
        position += 8 + size + size % 2
