"""Collections of Rekordbox as it exports them to XML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

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
from segue.sources.guard import clean, integer, iter_xml, number, open_bytes, text
from segue.sources.locations import file_key, folder_of, key_of, named_by_path
from segue.sources.source import FileSource
from segue.sources.tonality import parse_key

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LARGEST: Final = 4 << 30
_ROOT: Final = "DJ_PLAYLISTS"
_STAR: Final = 51  # of 255
_BY_LOCATION: Final = "1"


@dataclass
class _Node:
    """A playlist as the file has it: its folders' names, its own, and its entries' keys."""

    folders: tuple[str, ...]
    name: str
    by_location: bool
    keys: list[str] = field(default_factory=list)


class RekordboxCollection(FileSource):
    """A Rekordbox collection: tracks, ratings, play counts, tempi, keys and playlists.

    Folders of playlists become tags, and are part of what a playlist is known by. Playlists come
    last, so that a file that is cut off still gives its tracks, and the playlists that were whole.

    Parameters
    ----------
    path
        Absolute.
    """

    kind = "rekordbox"

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:  # noqa: ARG003  # known by its content
        """Return whether this is such a collection, by its root element."""
        return b"<DJ_PLAYLISTS" in head

    def _read(self) -> Iterator[Record]:
        by_id: dict[str, TrackRecord] = {}
        by_location: dict[str, TrackRecord] = {}
        nodes: list[_Node] = []
        problem = None
        try:
            for found in self._items():
                if isinstance(found, _Node):
                    nodes.append(found)
                    continue
                record = _record(found, folder_of(self._path))
                id_ = found.get("TrackID", "").strip()
                if isinstance(record, Skip):
                    yield record
                elif id_ and id_ in by_id:
                    yield Skip("a second track of one number", clean(id_, 100))
                else:
                    if id_:
                        by_id[id_] = record
                    if record.key:
                        by_location[record.key] = record
                    yield record
                    yield from _said(found, record)
        except SourceError as error:
            problem = error
        yield from self._playlists(nodes, by_id, by_location)
        if problem is not None:
            raise problem

    def _items(self) -> Iterator[dict[str, str] | _Node]:
        """Yield each track's attributes, and each playlist that is whole."""
        above: list[Element] = []
        nodes: list[_Node] = []  # the folders and the playlist that the reader is in
        with open_bytes(self._path, LARGEST) as file:
            for event, element in iter_xml(file):
                if event == "start":
                    if not above and element.tag != _ROOT:
                        raise SourceError("this is no collection of Rekordbox: its root is another")
                    above.append(element)
                    if element.tag == "NODE":
                        nodes.append(_node(element, nodes))
                    continue
                above.pop()
                if element.tag == "NODE":
                    node = nodes.pop()
                    if element.get("Type") == "1":
                        yield node
                elif element.tag == "TRACK" and above and above[-1].tag == "COLLECTION":
                    yield dict(element.attrib)
                elif element.tag == "TRACK" and nodes:
                    nodes[-1].keys.append(element.get("Key", ""))
                if above:
                    del above[-1][:]  # the attributes stay

    def _playlists(
        self,
        nodes: list[_Node],
        by_id: dict[str, TrackRecord],
        by_location: dict[str, TrackRecord],
    ) -> Iterator[Record]:
        seen = set()
        for node in nodes:
            key = f"{file_key(self._path)}#{'/'.join((*node.folders, node.name))}"
            if key in seen:
                yield Skip("a second playlist of one name or number", clean(node.name, 100))
                continue
            seen.add(key)
            if node.by_location:
                folder = folder_of(self._path)
                entries = [by_location.get(key_of(each, folder)) for each in node.keys]
            else:
                entries = [by_id.get(each.strip()) for each in node.keys]
            tracks = [record for record in entries if record is not None]
            if len(tracks) < len(entries):
                missing = len(entries) - len(tracks)
                yield Skip("entries without their track", f"{clean(node.name, 80)}: {missing}")
            if not tracks:
                yield Skip("an empty playlist", clean(node.name, 100), bad=False)
                continue
            yield PlaylistRecord(key, node.name, TrackList.of(tracks), tags=node.folders)


def _node(element: Element, above: list[_Node]) -> _Node:
    # The outermost folder is the program's own, "ROOT".
    folders = (*above[-1].folders, above[-1].name) if len(above) > 1 else ()
    name = clean(element.get("Name", "")) or "Playlist"
    return _Node(folders, name, element.get("KeyType") == _BY_LOCATION)


def _record(fields: dict[str, str], folder: str) -> TrackRecord | Skip:
    key = key_of(fields.get("Location", ""), folder)
    title = text(fields.get("Name")) or clean(named_by_path(key).title)
    if not title:
        return Skip("no title", clean(fields.get("Location") or fields.get("TrackID", ""), 100))
    genre = text(fields.get("Genre"))
    return TrackRecord(
        title,
        artist=text(fields.get("Artist")) or "",
        album=text(fields.get("Album")) or "",
        track_number=_within(fields.get("TrackNumber"), 9_999),
        disc_number=_within(fields.get("DiscNumber"), 999),
        year=_within(fields.get("Year"), 9_999),
        genres=(genre,) if genre else (),
        duration=number(fields.get("TotalTime"), 0.001, 1e6),
        key=key,
    )


def _said(fields: dict[str, str], record: TrackRecord) -> Iterator[Record]:
    """Yield what the collection says of a track."""
    if stars := number(fields.get("Rating"), 1, 255):
        yield RatingRecord(record, max((stars / _STAR - 3) / 2, -1.0))
    plays = integer(fields.get("PlayCount"))
    if plays is not None and plays > 0:
        yield PlayCountRecord(record, plays)
    tempo = number(fields.get("AverageBpm"), 20, 400)
    tonality = parse_key(fields.get("Tonality", ""))
    if tempo or tonality:
        key, mode = tonality or (None, None)
        yield FeatureRecord(record, tempo=tempo, key=key, mode=mode)


def _within(value: object, high: int) -> int | None:
    found = integer(value)
    return found if found is not None and 0 < found <= high else None
