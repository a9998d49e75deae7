"""Tags of the rarer containers (AU, CAF, Matroska, W64, ADTS), by FFmpeg."""

from __future__ import annotations

from typing import Any, BinaryIO, Final

from segue.sources.tagformats.fields import Fields

# First bytes -> FFmpeg's name. Never left to FFmpeg to find out, which also follows playlists.
FORMATS: Final = {
    b".snd": "au",
    b"caff": "caf",
    b"\x1a\x45\xdf\xa3": "matroska",
    b"riff": "w64",
}
_PROBE: Final = {"probesize": "32768", "analyzeduration": "0"}
_ATTACHED_PICTURE: Final = 0x400  # AV_DISPOSITION_ATTACHED_PIC
_MAX_BYTES: Final = 8 * 1024 * 1024


def read_container(file: BinaryIO, kind: str, fields: Fields) -> None:
    """Read what FFmpeg finds in the container and its first audio stream, of one known format."""
    import av

    file.seek(0)
    with av.open(_Bounded(file), format=kind, metadata_errors="replace", options=_PROBE) as opened:
        for stream in opened.streams:
            fields.has_cover |= stream.type in ("video", "attachment") and _is_picture(stream)
        metadata = dict(opened.metadata)
        for audio in opened.streams.audio[:1]:
            metadata = {**audio.metadata, **metadata}
        for name, value in metadata.items():
            fields.add(name, value)


def _is_picture(stream: Any) -> bool:
    if stream.type == "attachment":
        return str(stream.metadata.get("mimetype", "")).startswith("image/")
    disposition = getattr(stream, "disposition", 0)
    return bool(getattr(disposition, "value", disposition) & _ATTACHED_PICTURE)


class _Bounded:
    """A file that ends after `_MAX_BYTES` have been read of it, wherever they were."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = _MAX_BYTES
        self.seek = file.seek
        self.tell = file.tell

    def read(self, size: int) -> bytes:
        data = self._file.read(min(size, self._left))
        self._left -= len(data)
        return data
