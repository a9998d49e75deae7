"""Lyrics as plain text: from a tag's value, or from a file beside the track."""

from __future__ import annotations

import re
from typing import BinaryIO, Final

from segue.paths import open_regular
from segue.sources.encoding import decode
from segue.sources.walk import extension

MAX_LENGTH: Final = 100_000
_MAX_FILE_BYTES: Final = 256 * 1024
_TIME_STAMP: Final = re.compile(r"[\[<]\d{1,3}:\d{1,2}(?:[.:]\d{1,3})?[\]>][ \t]?")
_ID_TAG: Final = re.compile(
    r"^\[(?:ar|al|ti|au|by|la|re|ve|id|length|offset|tool|t_time|lr|#)[ \t]*:[^\]\n]*\][ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_BLANK_LINES: Final = re.compile(r"\n{3,}")


def plain_lyrics(text: str) -> str | None:
    r"""Return lyrics without LRC time stamps and id tags, at most 100,000 long; None if empty.

    >>> plain_lyrics("[ti:Song]\n[00:12.00]First line\n[00:15.30][00:45.10]Second line")
    'First line\nSecond line'
    """
    text = text[: 4 * MAX_LENGTH].replace("\r\n", "\n").replace("\r", "\n")
    text = _TIME_STAMP.sub("", _ID_TAG.sub("", text))
    text = _CONTROL.sub(" ", text).encode("utf-8", "replace").decode("utf-8")
    lines = "\n".join(line.strip() for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n", lines).strip()[:MAX_LENGTH].rstrip() or None


def lyrics_beside(path: bytes) -> str | None:
    """Return the lyrics in the `.lrc` or `.txt` file of the same stem; None if there is none.

    At most the first 256 KiB are read. Never raises.
    """
    stem = path[: len(path) - len(extension(path))]
    for suffix in (b".lrc", b".txt"):
        file = open_if_regular(stem + suffix)
        if file is not None:
            with file:
                try:
                    data = file.read(_MAX_FILE_BYTES)
                except OSError:
                    continue
            if lyrics := plain_lyrics(decode(data)):
                return lyrics
    return None


def open_if_regular(path: bytes) -> BinaryIO | None:
    """Open a regular file for reading; None for anything else, and where it cannot be opened."""
    try:
        return open_regular(path)
    except (OSError, ValueError):
        return None
