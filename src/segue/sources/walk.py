"""Find audio files below a folder, by extension, without opening one."""

from __future__ import annotations

import errno
import os
import stat
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

OnProblem = Callable[[bytes, str, str], None]

UNREADABLE_FOLDER: Final = "unreadable_folder"
"""A folder (or the root) could not be listed in full: what lies below it is unknown, not gone."""
UNREADABLE_FILE: Final = "unreadable_file"
"""One audio file is there but cannot be examined: unknown, not gone."""
NOT_AUDIO: Final = "not_audio"
"""The root is neither a folder nor an audio file."""
NO_MEDIA: Final = "no_media"
"""The root itself holds `.nomedia`, so that nothing below it is looked at."""

AUDIO_EXTENSIONS: Final = frozenset(
    b".mp3 .mp2 .flac .ogg .oga .opus .m4a .m4b .mp4 .aac .wav .wave .aif .aiff .aifc .au .snd "
    b".wma .ape .wv .mpc .tta .caf .w64 .mka".split()
)
"""Extensions taken, lower case. Trackers and MIDI (.mod, .xm, .it, .s3m, .mid) are not audio."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """One audio file: absolute path as bytes, size in bytes, modification time in nanoseconds."""

    path: bytes
    size: int
    mtime_ns: int


def is_audio_name(name: bytes) -> bool:
    """Tell whether a file name ends in one of `AUDIO_EXTENSIONS`, in any case.

    >>> is_audio_name(b"01 - Intro.FLAC"), is_audio_name(b"theme.xm"), is_audio_name(b".mp3")
    (True, False, False)
    """
    return extension(name) in AUDIO_EXTENSIONS


def extension(path: bytes) -> bytes:
    """Return a path's extension in lower case with its dot; empty if it has none.

    >>> extension(b"a.b/Song.Mp3"), extension(b"a.b/.mp3")
    (b'.mp3', b'')
    """
    stem, dot, last = path.rpartition(b"/")[2].rpartition(b".")
    return dot + last.lower() if stem.strip(b".") else b""


def walk(root: bytes | Path, *, on_problem: OnProblem) -> Iterator[FoundFile]:
    """Yield every audio file at or below `root`, each real folder looked at once.

    Names that start with a dot are left out, and so is a folder that holds `.nomedia`, with all
    below it. Only regular files count. Links to files are followed; links to folders too, but after
    every real folder, so that a file keeps the same path when a link comes or goes.

    Parameters
    ----------
    root
        A folder, or one audio file. The root itself may be hidden or a link.
    on_problem
        Called with (absolute path, kind, message) for what could not be looked at. After
        `UNREADABLE_FOLDER` or `UNREADABLE_FILE` nothing is known of that path: files on record
        at or below it must not be taken for gone.

    Yields
    ------
    Files in a fixed order: depth first, entries of one folder sorted by the bytes of their names.
    """
    top = os.path.abspath(os.fsencode(root))
    try:
        status = os.stat(top)
    except (OSError, ValueError) as error:
        on_problem(top, UNREADABLE_FOLDER, f"{_shown(top)} cannot be reached: {error}")
        return
    if stat.S_ISDIR(status.st_mode):
        yield from _walk_folders(top, on_problem)
    elif stat.S_ISREG(status.st_mode) and is_audio_name(top):
        yield FoundFile(top, status.st_size, status.st_mtime_ns)
    else:
        on_problem(
            top, NOT_AUDIO, f"{_shown(top)} is neither a folder nor a file with an audio extension"
        )


def _walk_folders(top: bytes, on_problem: OnProblem) -> Iterator[FoundFile]:
    seen: set[tuple[int, int]] = set()
    linked = deque([top])  # roots of trees still to be walked: the top, then links to folders
    while linked:
        # Entries still to be handled, the next one last; a list, for trees may be thousands deep.
        waiting: list[bytes | os.DirEntry[bytes]] = [linked.popleft()]
        while waiting:
            item = waiting.pop()
            if isinstance(item, bytes):
                entries = _listing(item, seen, on_problem, is_top=item == top)
                waiting.extend(reversed(entries))
                continue
            try:
                if item.is_dir(follow_symlinks=False):
                    waiting.append(item.path)
                elif item.is_symlink() and item.is_dir():
                    linked.append(item.path)
                elif is_audio_name(item.name):
                    status = item.stat()
                    if stat.S_ISREG(status.st_mode):
                        yield FoundFile(item.path, status.st_size, status.st_mtime_ns)
            except FileNotFoundError:
                continue  # a dangling link, or removed since it was listed
            except OSError as error:
                if error.errno != errno.ELOOP:  # a link to itself dangles, too
                    message = f"{_shown(item.path)} cannot be examined: {error}"
                    on_problem(item.path, UNREADABLE_FILE, message)


def _listing(
    folder: bytes, seen: set[tuple[int, int]], on_problem: OnProblem, *, is_top: bool
) -> list[os.DirEntry[bytes]]:
    """Return a folder's visible entries by name; none where it was seen, barred or unreadable."""
    entries = []
    try:
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in seen:
            return []
        seen.add((status.st_dev, status.st_ino))
        with os.scandir(folder) as listing:
            for entry in listing:
                if not entry.name.startswith(b"."):
                    entries.append(entry)
                elif entry.name == b".nomedia":
                    if is_top:
                        message = f"{_shown(folder)} holds .nomedia, so nothing in it is read"
                        on_problem(folder, NO_MEDIA, message)
                    return []
    except FileNotFoundError as error:
        if is_top:
            on_problem(folder, UNREADABLE_FOLDER, f"{_shown(folder)} is gone: {error}")
        return []
    except OSError as error:
        message = f"{_shown(folder)} cannot be listed: {error}"
        on_problem(folder, UNREADABLE_FOLDER, message)
    # Files sort among the sub folders by name alone; what was listed before an error counts.
    entries.sort(key=lambda entry: entry.name)
    return entries


def _shown(path: bytes) -> str:
    return path.decode(errors="replace")
