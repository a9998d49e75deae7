"""APE tags (version 1 and 2) at a file's end: Monkey's Audio, WavPack, Musepack, TTA, and MP3.

https://wiki.hydrogenaud.io/index.php?title=APEv2_specification
"""

from __future__ import annotations

from typing import BinaryIO, Final

from segue.sources.tagformats.fields import MAX_VALUE_BYTES, Fields

_FOOTER_BYTES: Final = 32
_ID3V1_BYTES: Final = 128
_MAX_ITEMS: Final = 1_000
_MAX_KEY: Final = 255


def read_ape(file: BinaryIO, size: int, fields: Fields) -> None:
    """Read the tag that ends the file or stands before an ID3v1 tag, if there is one."""
    for end in (size, size - _ID3V1_BYTES):
        if end < _FOOTER_BYTES:
            return
        file.seek(end - _FOOTER_BYTES)
        footer = file.read(_FOOTER_BYTES)
        if footer.startswith(b"APETAGEX"):
            length = int.from_bytes(footer[12:16], "little")  # of items and footer
            count = int.from_bytes(footer[16:20], "little")
            if _FOOTER_BYTES <= length <= end:
                _read_items(file, end - length, end - _FOOTER_BYTES, count, fields)
            return


def _read_items(file: BinaryIO, position: int, end: int, count: int, fields: Fields) -> None:
    for _ in range(min(count, _MAX_ITEMS)):
        file.seek(position)
        head = file.read(min(8 + _MAX_KEY + 1, end - position))
        key, terminator, _ = head[8:].partition(b"\0")
        if not key or not terminator:
            return
        length = int.from_bytes(head[:4], "little")
        start = position + 8 + len(key) + 1
        if start + length > end:
            return
        name, kind = key.decode("latin-1"), head[4] >> 1 & 3
        if kind == 0:
            file.seek(start)
            for value in file.read(min(length, MAX_VALUE_BYTES)).split(b"\0", 32)[:32]:
                fields.add(name, value)
        elif name.lower().startswith("cover art"):
            fields.has_cover = True
        position = start + length
