"""Playlists of NetEase Cloud Music, saved as its web service answered when it was still open."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from segue.catalog.incoming import Part, PlaylistRecord, Record, Skip, TrackList
from segue.catalog.records import TrackRecord
from segue.errors import SourceError
from segue.sources.export import Export, ExportFile, export_names
from segue.sources.guard import integer, load_json, number, text
from segue.sources.walk import is_audio_name

_JSON: Final = re.compile(r"\.json$", re.IGNORECASE)
_OUTER: Final = (b'"playlist"', b'"result"')
_INNER: Final = tuple(
    f'"{name}"'.encode()
    for name in (
        "trackIds subscribedCount commentThreadId trackUpdateTime playCount createTime ar al dt"
    ).split()
)
_HEAD: Final = 1 << 16
_LOOKED_AT: Final = 5  # files of a folder that tell whether it is one of these


class NetEase:
    """A JSON file with one playlist, or a folder or zip of such files.

    Both forms are read: ``{"playlist": {...}}`` with ``ar``, ``al`` and ``dt`` for artists, album
    and milliseconds, and the older ``{"result": {...}}`` with the full words. Where the answer
    names more tracks in ``trackIds`` than it describes in ``tracks``, the others have a key alone.

    Parameters
    ----------
    path
        Absolute.
    """

    kind = "netease"

    def __init__(self, path: Path) -> None:
        self._path = path

    @staticmethod
    def recognises(path: Path, head: bytes) -> bool:
        """Return whether it is such a file, or the first few JSON files in it are."""
        if head and not head.startswith(b"PK"):
            return _is_answer(head)
        names = export_names(path)
        if not any(map(_JSON.search, names)) or any(is_audio_name(os.fsencode(n)) for n in names):
            return False  # music with such a file among it is added for the music
        try:
            for file in Export(path, _JSON).files()[:_LOOKED_AT]:
                with file.open() as stream:
                    if not _is_answer(stream.read(_HEAD)):
                        return False
        except SourceError:
            return False
        return True

    @property
    def location(self) -> str:
        """The absolute path."""
        return str(self._path)

    def parts(self) -> Iterator[Part]:
        """Yield a part for each file, by name; see `Source.parts`."""
        export = Export(self._path, _JSON)
        for file in export.files():
            yield Part(file.name, file.stamp, file.size, partial(_read, file))
        yield from export.left_out()


def _is_answer(head: bytes) -> bool:
    return (
        head.lstrip()[:1] == b"{"
        and any(name in head for name in _OUTER)
        and sum(name in head for name in _INNER) >= 2
    )


def _read(file: ExportFile) -> Iterator[Record]:
    document = load_json(file.read())
    playlist = None
    if isinstance(document, dict):
        playlist = document.get("playlist", document.get("result"))
    if not isinstance(playlist, dict):
        code = document.get("code") if isinstance(document, dict) else None
        told = f" (its code is {code})" if isinstance(code, int) else ""
        raise SourceError(
            f'{file.name[-100:]} holds no playlist{told}: "playlist" or "result" was expected'
        )
    number_ = _id(playlist)
    if number_ is None:
        raise SourceError(f"{file.name[-100:]} holds a playlist without its number")
    known: dict[str, TrackRecord] = {}
    entries: list[tuple[str, int]] = []
    for where, entry in _members(playlist, "tracks"):
        id_ = _id(entry)
        if id_ is None:
            yield Skip("no track number", f"{file.name[-60:]} {where}")
            continue
        track = _track(entry, f"netease:{id_}")
        known[track.key] = track
        entries.append((track.key, 0))
    ids = list(_members(playlist, "trackIds"))
    if len(ids) >= len(entries) > 0 or not entries:
        entries = []
        for where, entry in ids:
            id_ = _id(entry)
            if id_ is None:
                yield Skip("no track number", f"{file.name[-60:]} {where}")
            else:
                entries.append((f"netease:{id_}", _seconds(entry.get("at")) or 0))
    keys = [key for key, _ in entries]
    added = [at for _, at in entries]
    yield PlaylistRecord(
        f"netease:{number_}",
        text(playlist.get("name")) or "",
        TrackList(keys, lambda place: known.get(keys[place]) or TrackRecord("", key=keys[place])),
        text(playlist.get("description")) or "",
        tuple(tag for each in _list(playlist.get("tags")) if (tag := text(each))),
        followers=_count(playlist.get("subscribedCount")),
        plays=_count(playlist.get("playCount")),
        comments=_count(playlist.get("commentCount")),
        modified_at=_seconds(playlist.get("updateTime")) or _seconds(playlist.get("createTime")),
        added_at=added if any(added) else None,
    )


def _members(playlist: dict[str, Any], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each member of a list with its place; one that is no object as an empty one."""
    for place, entry in enumerate(_list(playlist.get(name))):
        yield f"{name} {place}", entry if isinstance(entry, dict) else {}


def _track(entry: dict[str, Any], key: str) -> TrackRecord:
    album = entry.get("al", entry.get("album"))
    duration = number(entry.get("dt", entry.get("duration")), 1, 1e9)
    artists = {
        name: _id(artist)
        for artist in _list(entry.get("ar", entry.get("artists")))
        if isinstance(artist, dict) and (name := text(artist.get("name")))
    }
    keys = tuple(f"netease:{id_}" for id_ in artists.values() if id_)
    album_id = _id(album) if isinstance(album, dict) else None
    return TrackRecord(
        text(entry.get("name")) or "",
        ", ".join(artists),
        (text(album.get("name")) or "") if isinstance(album, dict) else "",
        duration=None if duration is None else duration / 1000,
        key=key,
        artists=tuple(artists),
        artist_keys=keys if len(keys) == len(artists) else (),
        album_key=f"netease:{album_id}" if album_id else "",
    )


def _id(entry: dict[str, Any]) -> int | None:
    id_ = integer(entry.get("id"))
    return id_ if id_ is not None and id_ > 0 else None


def _count(value: Any) -> int | None:
    count = integer(value)
    return count if count is not None and count >= 0 else None


def _seconds(value: Any) -> int | None:
    """Return seconds since the epoch of a time in milliseconds; None for 0 and the like."""
    time = integer(value)
    return time // 1000 if time is not None and 0 < time < 1e14 else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
