"""Libraries of iTunes and Apple's Music as they export them: "Library.xml"."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from segue.catalog.incoming import (
    FeatureRecord,
    PlayCountRecord,
    PlaylistRecord,
    RatingRecord,
    Record,
    Skip,
    TrackList,
)
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
from segue.sources.locations import file_key, folder_of, key_of, named_by_path
from segue.sources.source import FileSource

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LARGEST: Final = 4 << 30
_NOT_MUSIC: Final = (  # a track's fields that are true where it is no music, and why
    ("Podcast", "a podcast"),
    ("iTunesU", "a lecture"),
    ("Audiobook", "an audiobook"),
    ("TV Show", "a video"),
    ("Movie", "a video"),
    ("Music Video", "a video"),
    ("Has Video", "a video"),
)
_ITEM_DEPTH: Final = 3  # elements above a track or a playlist: plist, dict, dict or array
_ROOT: Final = "plist"
_FLAGS: Final = {"true": True, "false": False}


@dataclass(frozen=True)
class _List:
    """A playlist or a folder as the file has it."""

    id: str
    parent: str
    name: str
    is_folder: bool
    is_own: bool  # of the program's own making: the library, "Downloaded", "Podcasts"
    items: tuple[int, ...]


class ItunesLibrary(FileSource):
    """An iTunes or Apple Music library: tracks, ratings, play counts, tempi and playlists.

    Stars are ratings, and so are "loved" (1) and "disliked" (-1), which go before stars; stars
    that the program worked out from the album's are none. Podcasts, videos and audiobooks are left
    out. Folders of playlists become tags. Playlists come last, so that a file that is cut off
    still gives its tracks, and the playlists that were whole.

    Parameters
    ----------
    path
        Absolute.
    """

    kind = "itunes"

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:  # noqa: ARG003  # known by its content
        """Return whether this is such a library, by what its first keys are."""
        return b"<plist" in head and b"<key>Library Persistent ID</key>" in head

    def _read(self) -> Iterator[Record]:
        tracks: dict[int, TrackRecord | None] = {}
        lists: list[_List] = []
        problem = None
        try:
            for section, fields in self._items():
                if section == "Tracks":
                    yield from self._track(fields, tracks)
                else:
                    lists.append(_list(fields))
        except SourceError as error:
            problem = error
        yield from self._playlists(lists, tracks)
        if problem is not None:
            raise problem

    def _items(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield each track and each playlist with the section it stands in."""
        above: list[Element] = []
        section = ""
        with open_bytes(self._path, LARGEST) as file:
            for event, element in iter_xml(file):
                if event == "start":
                    if not above and element.tag != _ROOT:
                        raise SourceError("this is no library of iTunes: it is no property list")
                    above.append(element)
                    continue
                above.pop()
                if len(above) == _ITEM_DEPTH - 1 and element.tag == "key":
                    section = element.text or ""
                elif len(above) == _ITEM_DEPTH:
                    if element.tag == "dict" and section in ("Tracks", "Playlists"):
                        yield section, _value(element)
                    above[-1].clear()

    def _track(
        self, fields: dict[str, Any], tracks: dict[int, TrackRecord | None]
    ) -> Iterator[Record]:
        """Yield a track with what is said of it, and note it (None where it is left out)."""
        id_ = integer(fields.get("Track ID"))
        if id_ is None:
            yield Skip("a track without a number", text(fields.get("Name")) or "")
            return
        if id_ in tracks:
            yield Skip("a second track of one number", str(id_))
            return
        record = tracks[id_] = _record(fields, folder_of(self._path))
        if record is None:
            yield _why_not(fields)
            return
        yield record
        if (rating := _rating(fields)) is not None:
            yield RatingRecord(record, rating)
        plays, skips = integer(fields.get("Play Count")) or 0, integer(fields.get("Skip Count"))
        skips = skips if skips and skips > 0 else None
        if plays > 0 or skips:
            last = timestamp(fields.get("Play Date UTC"))
            yield PlayCountRecord(record, max(plays, 0), skips=skips, last_at=last)
        if tempo := number(fields.get("BPM"), 20, 400):
            yield FeatureRecord(record, tempo=tempo)

    def _playlists(
        self, lists: list[_List], tracks: dict[int, TrackRecord | None]
    ) -> Iterator[Record]:
        folders = {each.id: each for each in lists if each.is_folder and each.id}
        seen = set()
        for each in lists:
            if each.is_own or each.is_folder:
                continue
            key = f"{file_key(self._path)}#{each.id or each.name}"
            if key in seen:
                yield Skip("a second playlist of one name or number", each.name)
                continue
            seen.add(key)
            unknown = sum(id_ not in tracks for id_ in each.items)
            found = [record for id_ in each.items if (record := tracks.get(id_)) is not None]
            if unknown:
                yield Skip("entries without their track", f"{each.name}: {unknown}")
            if not found:
                yield Skip("an empty playlist", each.name, bad=False)
                continue
            tags = _tags(each, folders)
            yield PlaylistRecord(key, each.name, TrackList.of(found), tags=tags)


def _value(element: Element) -> Any:
    """Return a property list's element as a value; None for what is of no use here."""
    tag, content = element.tag, element.text or ""
    if tag == "dict":
        found = {}
        key = None
        for child in element:
            if child.tag == "key":
                key = child.text or ""
            elif key is not None:
                found[key] = _value(child)
                key = None
        return found
    if tag == "array":
        return [_value(child) for child in element]
    if tag in ("string", "date"):
        return content
    if tag == "integer":
        return integer(content)
    return number(content) if tag == "real" else _FLAGS.get(tag)


def _record(fields: dict[str, Any], folder: str) -> TrackRecord | None:
    """Return a track, or None where it is no music or nobody knows what."""
    if any(fields.get(name) is True for name, _ in _NOT_MUSIC):
        return None
    place = fields.get("Location")
    key = key_of(place, folder) if isinstance(place, str) else ""
    if fields.get("Track Type") == "URL" and not key.startswith("path:"):
        return None
    title = text(fields.get("Name")) or clean(named_by_path(key).title)
    if not title:
        return None
    genre = text(fields.get("Genre"))
    milliseconds = number(fields.get("Total Time"), 1, 1e9)
    return TrackRecord(
        title,
        artist=text(fields.get("Artist")) or "",
        album=text(fields.get("Album")) or "",
        album_artist=text(fields.get("Album Artist")) or "",
        track_number=_within(fields.get("Track Number"), 9_999),
        disc_number=_within(fields.get("Disc Number"), 999),
        year=_within(fields.get("Year"), 9_999),
        genres=(genre,) if genre else (),
        duration=milliseconds / 1000 if milliseconds else None,
        key=key,
    )


def _why_not(fields: dict[str, Any]) -> Skip:
    where = clean(text(fields.get("Name")) or text(fields.get("Location")) or "", 100)
    for name, reason in _NOT_MUSIC:
        if fields.get(name) is True:
            return Skip(reason, where, bad=False)
    if fields.get("Track Type") == "URL":
        return Skip("a web address", where, bad=False)
    return Skip("no title", where or str(fields.get("Track ID")))


def _rating(fields: dict[str, Any]) -> float | None:
    if fields.get("Loved") is True or fields.get("Favorited") is True:
        return 1.0
    if fields.get("Disliked") is True:
        return -1.0
    stars = number(fields.get("Rating"), 1, 100)
    if stars is None or fields.get("Rating Computed") is True:
        return None
    return max((stars / 20 - 3) / 2, -1.0)


def _within(value: object, high: int) -> int | None:
    found = integer(value)
    return found if found is not None and 0 < found <= high else None


def _list(fields: dict[str, Any]) -> _List:
    items = fields.get("Playlist Items")
    ids = [
        integer(item.get("Track ID"))
        for item in (items if isinstance(items, list) else [])
        if isinstance(item, dict)
    ]
    number_ = integer(fields.get("Playlist ID"))
    return _List(
        id=text(fields.get("Playlist Persistent ID")) or str(number_ or ""),
        parent=text(fields.get("Parent Persistent ID")) or "",
        name=text(fields.get("Name")) or "Playlist",
        is_folder=fields.get("Folder") is True,
        is_own=fields.get("Master") is True or "Distinguished Kind" in fields,
        items=tuple(id_ for id_ in ids if id_ is not None),
    )


def _tags(playlist: _List, folders: dict[str, _List]) -> tuple[str, ...]:
    """Return the names of the folders that a playlist lies in, the outermost first."""
    names: list[str] = []
    passed = set()
    above = folders.get(playlist.parent)
    while above is not None and above.id not in passed:  # a damaged file may hold a circle
        passed.add(above.id)
        names.insert(0, above.name)
        above = folders.get(above.parent)
    return tuple(names)
