"""Playlists in XSPF (https://xspf.org/spec), and what they share with their JSON form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from segue.catalog.incoming import PlaylistRecord, Record, Skip, TrackList
from segue.catalog.records import TrackRecord
from segue.errors import SourceError
from segue.sources.guard import (
    clean,
    integer,
    iter_xml,
    number,
    open_bytes,
    text,
    timestamp,
)
from segue.sources.locations import file_key, folder_of, key_of, named_by_path, service_key
from segue.sources.source import FileSource

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LARGEST: Final = 256 << 20
_ROOT: Final = re.compile(rb"<(?:[\w.-]+:)?playlist[\s>]")
_NAMESPACE: Final = b"xspf.org/ns/0"
_MUSICBRAINZ: Final = "musicbrainz"


@dataclass
class Entry:
    """A track as XSPF and JSPF describe it, with values of any type.

    Attributes
    ----------
    links
        Locations, then identifiers: the first file is what it is known by, else the first link to
        a service.
    duration
        Milliseconds.
    """

    links: list[str] = field(default_factory=list)
    title: object = None
    creator: object = None
    album: object = None
    number: object = None
    duration: object = None

    def record(self, folder: str) -> TrackRecord | Skip:
        """Return the track; relative locations start from `folder`."""
        keys = [key for link in self.links if (key := key_of(link, folder))]
        path = next((key for key in keys if key.startswith("path:")), "")
        services = [key for link in self.links if (key := service_key(link))]
        title, artist = text(self.title), text(self.creator)
        guess = TrackRecord("") if title and artist else named_by_path(path)
        if title is None and not path and not services:
            where = next(iter(self.links), "an entry without a word")
            return Skip("no title", clean(where, 100))
        milliseconds = number(self.duration, 1, 1e9)
        recording = next((key for key in services if key.startswith(_MUSICBRAINZ)), "")
        pairs = (("musicbrainz_recording", recording.partition(":")[2]),) if recording else ()
        known = replace(
            guess,
            key=path or next(iter(services), ""),
            duration=milliseconds / 1000 if milliseconds else None,
            outside_ids=pairs,
        )
        if title is None:
            return replace(known, title=clean(guess.title), artist=clean(guess.artist))
        track_number = integer(self.number)
        return replace(
            known,
            title=title,
            artist=artist or clean(guess.artist),
            album=text(self.album) or clean(guess.album),
            track_number=track_number if track_number and 0 < track_number < 10_000 else None,
        )


class XspfFile(FileSource):
    """A playlist file in XSPF.

    Parameters
    ----------
    path
        Absolute; relative locations start from its folder.
    """

    kind = "xspf"

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:
        """Return whether this is an XSPF file, by its root and its namespace or extension."""
        plain = head.replace(b"\0", b"")
        named = path.suffix.lower() == ".xspf" or _NAMESPACE in plain
        return named and _ROOT.search(plain) is not None

    def _read(self) -> Iterator[Record]:
        about: dict[str, str] = {}
        tracks: list[TrackRecord] = []
        problem = None
        try:
            for entry in self._entries(about):
                record = entry.record(folder_of(self._path))
                if isinstance(record, Skip):
                    yield record
                else:
                    tracks.append(record)
        except SourceError as error:
            problem = error  # a playlist is good as far as it goes
        name = clean(about.get("title", "")) or clean(self._path.stem)
        if tracks:
            yield PlaylistRecord(
                file_key(self._path),
                name,
                TrackList.of(tracks),
                description=clean(about.get("annotation", "")),
                modified_at=timestamp(about.get("date")),
            )
        elif problem is None:
            yield Skip("an empty playlist", name, bad=False)
        if problem is not None:
            raise problem

    def _entries(self, about: dict[str, str]) -> Iterator[Entry]:
        """Yield the entries, and note the playlist's own elements in `about`."""
        above: list[Element] = []
        with open_bytes(self._path, LARGEST) as file:
            for event, element in iter_xml(file):
                tag = _plain(element)
                if event == "start":
                    if not above and tag != "playlist":
                        raise SourceError(f"this is no XSPF playlist: its root is <{clean(tag)}>")
                    above.append(element)
                    continue
                above.pop()
                if len(above) == 1:
                    about.setdefault(tag, element.text or "")
                elif len(above) == 2:
                    if tag == "track":
                        yield _entry(element)
                    above[-1].clear()


def _plain(element: Element) -> str:
    """Return an element's name without its namespace, which many writers leave out."""
    return element.tag.rpartition("}")[2]


def _entry(track: Element) -> Entry:
    found: dict[str, list[str]] = {}
    for child in track:
        found.setdefault(_plain(child), []).append(child.text or "")
    first = {tag: values[0] for tag, values in found.items()}
    return Entry(
        links=found.get("location", []) + found.get("identifier", []),
        title=first.get("title"),
        creator=first.get("creator"),
        album=first.get("album"),
        number=first.get("trackNum"),
        duration=first.get("duration"),
    )
