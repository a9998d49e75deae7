"""Tags in the header objects of ASF files (WMA).

Microsoft, "Advanced Systems Format Specification" 01.20.06. Read here rather than by tinytag, which
loads the cover picture with the object that holds it.
"""

from __future__ import annotations

import uuid
from typing import BinaryIO, Final

from segue.sources.tagformats.fields import MAX_VALUE_BYTES, Fields

MAGIC: Final = uuid.UUID("75B22630-668E-11CF-A6D9-00AA0062CE6C").bytes_le
_CONTENT: Final = uuid.UUID("75B22633-668E-11CF-A6D9-00AA0062CE6C").bytes_le
_EXTENDED_CONTENT: Final = uuid.UUID("D2D0A440-E307-11D2-97F0-00A0C95EA850").bytes_le
_EXTENSION: Final = uuid.UUID("5FBF03B5-A92E-11CF-8EE3-00C00C205365").bytes_le
_METADATA: Final = uuid.UUID("C5F8CBEA-5BAF-4877-8467-AA8C44FA4CCA").bytes_le
_METADATA_LIBRARY: Final = uuid.UUID("44231C94-9498-49D1-A141-1D134E457054").bytes_le
_CONTENT_NAMES: Final = ("title", "artist", "copyright", "comment")
_NAMES: Final = {
    "Author": "artist",
    "Description": "comment",
    "WM/AlbumTitle": "album",
    "WM/PartOfSet": "disc",
    "WM/BeatsPerMinute": "bpm",
    "WM/SharedUserRating": "",
}
_MAX_OBJECTS: Final = 1_000
_MAX_DESCRIPTORS: Final = 2_000
_TEXT, _BOOL = 0, 2


def read_asf(file: BinaryIO, size: int, fields: Fields) -> None:
    """Read the tags of a file that begins with the ASF header object."""
    file.seek(30)
    _read_objects(file, size, fields, nested=False)


def _read_objects(file: BinaryIO, end: int, fields: Fields, *, nested: bool) -> None:
    for _ in range(_MAX_OBJECTS):
        start = file.tell()
        header = file.read(24)
        length = int.from_bytes(header[16:], "little")
        if len(header) < 24 or length < 24 or start + length > end:
            return
        kind = header[:16]
        if kind == _CONTENT:
            lengths = [_number(file, 2) for _ in range(5)]
            for name, count in zip(_CONTENT_NAMES, lengths, strict=False):
                fields.add(name, _utf16(file.read(count)))
        elif kind == _EXTENDED_CONTENT:
            for _ in range(min(_number(file, 2), _MAX_DESCRIPTORS)):
                name = _utf16(file.read(_number(file, 2)))
                value_kind = _number(file, 2)
                _read_value(file, name, value_kind, _number(file, 2), fields)
        elif kind in (_METADATA, _METADATA_LIBRARY):
            for _ in range(min(_number(file, 2), _MAX_DESCRIPTORS)):
                file.seek(4, 1)  # language and stream
                name_length, value_kind = _number(file, 2), _number(file, 2)
                value_length = _number(file, 4)
                name = _utf16(file.read(name_length))
                _read_value(file, name, value_kind, value_length, fields)
        elif kind == _EXTENSION and not nested:
            file.seek(22, 1)
            _read_objects(file, start + length, fields, nested=True)
        file.seek(start + length)


def _read_value(file: BinaryIO, name: str, kind: int, length: int, fields: Fields) -> None:
    end = file.tell() + length
    if name == "WM/Picture":
        fields.has_cover = True
    elif kind == _TEXT:
        value = _utf16(file.read(min(length, MAX_VALUE_BYTES)))
        fields.add(_NAMES.get(name, name.removeprefix("WM/")), value)
    elif _BOOL < kind < 6 and length <= 8:
        fields.add(_NAMES.get(name, name.removeprefix("WM/")), str(_number(file, length)))
    file.seek(end)


def _number(file: BinaryIO, size: int) -> int:
    return int.from_bytes(file.read(size), "little")


def _utf16(data: bytes) -> str:
    return data.decode("utf-16-le", "replace").rstrip("\0")
