"""Playlists in JSPF, the JSON form of XSPF (https://xspf.org/jspf), ListenBrainz' dialect too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from segue.catalog.incoming import PlaylistRecord, Record, Skip, TrackList
from segue.catalog.records import TrackRecord
from segue.errors import SourceError
from segue.sources.guard import (
    clean,
    iter_json_array,
    load_json,
    open_bytes,
    read_bytes,
    text,
    timestamp,
)
from segue.sources.locations import file_key, folder_of
from segue.sources.source import FileSource
from segue.sources.xspf import Entry

LARGEST: Final = 64 << 20  # read whole; 20 times as much in memory, at the worst
_PLAYLIST: Final = re.compile(rb'\s*(?:\xef\xbb\xbf)?\s*\{\s*"playlist"\s*:\s*\{')
_ABOUT_PLAYLIST: Final = "https://musicbrainz.org/doc/jspf#playlist"
_ABOUT_TRACK: Final = "https://musicbrainz.org/doc/jspf#track"
_UUID: Final = r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_KNOWN_PLAYLIST: Final = re.compile(
    rf"https?://(?:www\.)?listenbrainz\.org/playlist/{_UUID}/?", re.IGNORECASE
)


class JspfFile(FileSource):
    """A playlist file in JSPF: with lists as the specification has them, or as ListenBrainz does.

    A playlist of ListenBrainz is known by its number there, whatever the file's name.

    Parameters
    ----------
    path
        Absolute; relative locations start from its folder.
    """

    kind = "jspf"

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:
        """Return whether this is a JSPF file, by its extension or its first key."""
        if path.suffix.lower() == ".jspf":
            return bool(head)
        return _PLAYLIST.match(head) is not None and b'"track"' in head

    def _read(self) -> Iterator[Record]:
        problem = None
        try:
            document = load_json(read_bytes(self._path, LARGEST))
        except SourceError as error:
            problem = error
            document = {"playlist": {"track": self._before_the_cut()}}
        playlist = document.get("playlist") if isinstance(document, dict) else None
        if not isinstance(playlist, dict):
            raise SourceError("this is no JSPF playlist: it has no object under the key 'playlist'")
        entries = playlist.get("track")
        tracks: list[TrackRecord] = []
        added: list[int] = []
        for item in entries if isinstance(entries, list) else []:
            record = _track(item, folder_of(self._path))
            if isinstance(record, Skip):
                yield record
                continue
            tracks.append(record)
            added.append(timestamp(_extension(item, _ABOUT_TRACK).get("added_at")) or 0)
        name = text(playlist.get("title")) or clean(self._path.stem)
        if tracks:
            changed = _extension(playlist, _ABOUT_PLAYLIST).get("last_modified_at")
            yield PlaylistRecord(
                _key(playlist) or file_key(self._path),
                name,
                TrackList.of(tracks),
                description=text(playlist.get("annotation")) or "",
                modified_at=timestamp(changed) or timestamp(playlist.get("date")),
                added_at=added if any(added) else None,
            )
        elif problem is None:
            yield Skip("an empty playlist", name, bad=False)
        if problem is not None:
            raise problem

    def _before_the_cut(self) -> list[Any]:
        """Return the tracks of a file that is damaged, as far as they can be read."""
        found = []
        try:
            with open_bytes(self._path, LARGEST) as file:
                for item in iter_json_array(file, "playlist.track.item"):
                    found.append(item)  # noqa: PERF402  # those before an error count
        except SourceError:
            pass  # the caller tells
        return found


def _track(item: object, folder: str) -> TrackRecord | Skip:
    if not isinstance(item, dict):
        return Skip("not an object", clean(str(item)[:100]))
    entry = Entry(
        links=[*_texts(item.get("location")), *_texts(item.get("identifier"))],
        title=item.get("title"),
        creator=item.get("creator"),
        album=item.get("album"),
        number=item.get("trackNum"),
        duration=item.get("duration"),
    )
    record = entry.record(folder)
    about = _extension(item, _ABOUT_TRACK)
    if isinstance(record, Skip) or not about:
        return record
    pairs = list(record.outside_ids)
    albums = _ids(about.get("release_identifier"), "release")
    artists = _ids(about.get("artist_identifiers"), "artist")
    pairs += [("musicbrainz_album", id_) for id_ in albums[:1]]
    pairs += [("musicbrainz_artist", id_) for id_ in artists]
    record = replace(record, outside_ids=tuple(pairs))
    if albums:
        record = replace(record, album_key=f"musicbrainz:{albums[0]}")
    if len(artists) == 1 and record.artist:  # several names stand in one text, joined somehow
        keys = (f"musicbrainz:{artists[0]}",)
        record = replace(record, artists=(record.artist,), artist_keys=keys)
    return record


def _key(playlist: dict[str, Any]) -> str:
    for identifier in _texts(playlist.get("identifier")):
        if match := _KNOWN_PLAYLIST.fullmatch(identifier.strip()):
            return f"listenbrainz:{match[1].lower()}"
    return ""


def _extension(holder: dict[str, Any], name: str) -> dict[str, Any]:
    """Return what an extension says: an object, or the first object of a list."""
    extensions = holder.get("extension")
    found = extensions.get(name) if isinstance(extensions, dict) else None
    if isinstance(found, list):
        found = next(iter(found), None)
    return found if isinstance(found, dict) else {}


def _texts(value: object) -> list[str]:
    """Return the texts of a list, or the one that stands in its place."""
    values = value if isinstance(value, list) else [value]
    return [each for each in values if isinstance(each, str)]


def _ids(value: object, noun: str) -> list[str]:
    """Return the MusicBrainz ids of links to a noun, each once."""
    pattern = re.compile(rf"(?:https?://musicbrainz\.org/{noun}/)?{_UUID}/?", re.IGNORECASE)
    matches = (pattern.fullmatch(each.strip()) for each in _texts(value))
    return list(dict.fromkeys(match[1].lower() for match in matches if match))
