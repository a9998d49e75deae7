"""Playlist files for players: extended M3U in UTF-8."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from segue.errors import LibraryError
from segue.types import Track


def write_m3u(file: Path, tracks: Iterable[Track]) -> int:
    """Write the tracks that have a file to an M3U playlist; return how many those are.

    Paths are absolute and written byte for byte. M3U has no specification; the form is the one
    that players share: ``#EXTM3U``, then ``#EXTINF:seconds,artist - title`` before each path.

    Raises
    ------
    LibraryError
        If the file cannot be written, or is there and is something else than a playlist.
    """
    if file.exists() and not _is_playlist(file):
        raise LibraryError(f"{os.fspath(file)} is there and is no playlist; name another file")
    lines, count = [b"#EXTM3U"], 0
    for track in tracks:
        if track.path is None or b"\n" in track.path or b"\r" in track.path:
            continue  # the format has no way to write such a path
        seconds = round(track.duration) if track.duration else -1
        name = " ".join(track.name.split())
        lines += [f"#EXTINF:{seconds},{name}".encode("utf-8", "replace"), track.path]
        count += 1
    try:
        file.write_bytes(b"\n".join(lines) + b"\n")
    except OSError as error:
        raise LibraryError(
            f"{os.fspath(file)} cannot be written: {error.strerror or error}"
        ) from error
    return count


def _is_playlist(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            head = opened.read(7)
    except OSError:
        return False
    return head in (b"", b"#EXTM3U")
