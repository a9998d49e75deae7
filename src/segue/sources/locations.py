"""Where a playlist's entry lies: a path of any machine, a file URL, a service's link."""

from __future__ import annotations

import os
import re
from pathlib import Path
from posixpath import join, normpath
from typing import Final
from urllib.parse import unquote_to_bytes

from segue.catalog.records import TrackRecord
from segue.sources.names import guess_from_path
from segue.sources.spotify_uri import track_key

_UUID: Final = r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_SITE: Final = r"(?:https?://)?(?:[\w-]+\.)?"
_SERVICES: Final = (
    ("musicbrainz", re.compile(rf"{_SITE}musicbrainz\.org/recording/{_UUID}\b", re.A | re.I)),
    ("deezer", re.compile(rf"{_SITE}deezer\.com/(?:[a-z-]{{2,8}}/)?track/(\d{{1,18}})\b", re.A)),
    ("netease", re.compile(rf"{_SITE}music\.163\.com/(?:#/)?song\?id=(\d{{1,18}})\b", re.A)),
)
_ADDRESS: Final = re.compile(r"[a-z][a-z0-9+.-]+://|(?:spotify|mms|magnet|cdda):", re.IGNORECASE)
_FILE_URL: Final = re.compile(r"file:(?://([^/\\]*))?(?=[/\\])", re.IGNORECASE)
_DRIVE: Final = re.compile(r"/?([A-Za-z])[:|](?=[/\\]|$)")
_UNWANTED: Final = re.compile("[\0-\x1f\x7f\ud800-\udfff]")
_LONGEST: Final = 8_000


def key_of(location: str, folder: str) -> str:
    r"""Return the key of what a location names; empty for a web address or where there is nothing.

    Files give ``path:<absolute path>``: with forward slashes, ``.`` and ``..`` resolved by name,
    Windows' drives as ``C:/`` and its network shares as ``//server/share``. Nothing is looked up.

    Parameters
    ----------
    folder
        What relative paths start from, absolute.

    Examples
    --------
    >>> key_of("../Music/a.flac", "/home/lists"), key_of("file:///Music/a%20b.mp3", "/")
    ('path:/home/Music/a.flac', 'path:/Music/a b.mp3')
    >>> key_of(r"c:\Music\a.mp3", "/"), key_of(r"..\a.mp3", "/home/lists")
    ('path:C:/Music/a.mp3', 'path:/home/a.mp3')
    >>> key_of("https://www.deezer.com/track/3135556", "/"), key_of("http://localhost/radio", "/")
    ('deezer:3135556', '')
    """
    location = _UNWANTED.sub("", location).strip()[:_LONGEST]
    if not location:
        return ""
    if service := service_key(location):
        return service
    if match := _FILE_URL.match(location):
        host, path = (match[1] or "").lower(), location[match.end() :]
        path = unquote_to_bytes(path).decode("utf-8", "replace").replace("\0", "")
        # More than one slash at the front is a mistake of Rekordbox and others.
        path = "/" + path.lstrip("/\\")
        if _DRIVE.match(host):  # file://C:/Music, with a slash too few
            path = host + path
        elif host not in ("", "localhost", "127.0.0.1"):
            path = f"//{host}{path}"
    elif _ADDRESS.match(location):
        return ""
    else:
        path = location
    return f"path:{_absolute(path, folder)}"


def _absolute(path: str, folder: str) -> str:
    if match := _DRIVE.match(path):
        below = path[match.end() :].replace("\\", "/").lstrip("/")
        return f"{match[1].upper()}:{normpath('/' + below)}"
    if "/" not in path or path.startswith("\\"):  # where a name may hold a backslash, none has one
        path = path.replace("\\", "/")
    return normpath(join(folder, path))


def service_key(location: str) -> str:
    """Return the key of a service's link or URI to a recording; empty for anything else.

    >>> service_key("https://musicbrainz.org/recording/9F24C0F7-a644-4074-8fbd-a1dba03de129")
    'musicbrainz:9f24c0f7-a644-4074-8fbd-a1dba03de129'
    """
    if key := track_key(location):
        return key
    for service, pattern in _SERVICES:
        if match := pattern.match(location):
            return f"{service}:{match[1].lower()}"
    return ""


def folder_of(path: Path) -> str:
    """Return the folder that a playlist file's relative paths start from."""
    return os.fsencode(path.parent).decode("utf-8", "replace")


def file_key(path: Path) -> str:
    """Return the key of a playlist that is a file; bytes that are not UTF-8 become escapes."""
    return f"path:{os.fsencode(path).decode('utf-8', 'backslashreplace')}"


def named_by_path(key: str) -> TrackRecord:
    """Return what a file's path alone tells; its title is empty where the key is no path."""
    kind, _, path = key.partition(":")
    if kind != "path":
        return TrackRecord("", key=key)
    guess = guess_from_path(path.encode("utf-8", "replace"))
    return TrackRecord(
        guess.title,
        artist=guess.artist or "",
        album=guess.album or "",
        track_number=guess.track,
        disc_number=guess.disc,
        year=guess.year,
        key=key,
    )
