"""Playlists in M3U and M3U8, which no paper defines: as players and programs write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from segue.catalog.incoming import PlaylistRecord, Record, Skip, TrackList
from segue.catalog.records import TrackRecord
from segue.errors import SourceError
from segue.sources.guard import clean, decode_text, number, read_bytes, shown
from segue.sources.locations import file_key, folder_of, key_of, named_by_path
from segue.sources.source import FileSource

LARGEST: Final = 32 << 20
"""Bytes of a playlist that are read: some 300,000 entries."""
_EXTINF: Final = re.compile(
    r"#EXTINF:\s*([-+]?[\d.]*)((?:\s*[\w-]+=(?:\"[^\"]*\"|[^\s,\"]*))*)\s*,?(.*)", re.IGNORECASE
)
_DIRECTIVE: Final = re.compile(r"#(PLAYLIST|EXTALB|EXTART|EXTGENRE):(.*)", re.IGNORECASE)
_SEGMENTS: Final = re.compile(r"^#EXT-X-(?:TARGETDURATION|STREAM-INF)\b", re.MULTILINE)
_DASH: Final = re.compile(r"\s+[-–—]\s+")
_MARK: Final = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*#\0?E\0?X\0?T\0?M\0?3\0?U", re.I)


@dataclass
class _Said:
    """What the lines before an entry say of it."""

    label: str = ""
    seconds: float | None = None
    album: str = ""
    artist: str = ""
    genre: str = ""


class M3uFile(FileSource):
    """A playlist file: M3U or M3U8.

    Entries are told by their paths and by ``#EXTINF:seconds,Artist - Title``; what that leaves open
    is guessed from the path. Web radio and other addresses are left out, links to a service's
    track are not. ``#EXTALB``, ``#EXTART`` and ``#EXTGENRE`` belong to the entry that follows, and
    to every one where they stand once, before the first.

    Parameters
    ----------
    path
        Absolute; relative entries start from its folder.
    """

    kind = "m3u"

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:
        """Return whether this is an M3U file, by its extension or its first line."""
        named = path.suffix.lower() in (".m3u", ".m3u8")
        return bool(head) and (named or _MARK.match(head) is not None)

    def _read(self) -> Iterator[Record]:
        text = decode_text(read_bytes(self._path, LARGEST))
        if _SEGMENTS.search(text):
            raise SourceError(
                f"{shown(self._path)} lists the pieces of one stream, not songs; add a playlist"
            )
        name, tracks = clean(self._path.stem), []
        folder = folder_of(self._path)
        for record in _entries(text, folder):
            if isinstance(record, str):
                name = record or name
            elif isinstance(record, Skip):
                yield record
            else:
                tracks.append(record)
        if tracks:
            yield PlaylistRecord(file_key(self._path), name, TrackList.of(tracks))
        else:
            yield Skip("an empty playlist", name, bad=False)


def _entries(text: str, folder: str) -> Iterator[TrackRecord | Skip | str]:
    """Yield each entry, and the playlist's name as plain text."""
    # Lines end in LF, CRLF or CR; `splitlines` would also break them at characters of titles.
    lines = [line.strip() for line in re.split(r"[\r\n]+", text)]
    every = _said_of_all(lines)
    said = replace(every)
    for line in lines:
        if match := _EXTINF.match(line):
            said.seconds = number(match[1], 0.001, 1e6)
            said.label = clean(match[3])
        elif match := _DIRECTIVE.match(line):
            value = clean(match[2])
            match match[1].upper():
                case "PLAYLIST":
                    yield value
                case "EXTALB":
                    said.album = value
                case "EXTART":
                    said.artist = value
                case _:
                    said.genre = value
        elif line and not line.startswith("#"):
            key = key_of(line, folder)
            yield _track(key, said) if key else Skip("a web address", clean(line, 100), bad=False)
            said = replace(every)


def _said_of_all(lines: list[str]) -> _Said:
    """Return what is said once, before the first entry, and so of every entry."""
    found: dict[str, list[tuple[str, bool]]] = {}
    before = True
    for line in lines:
        if match := _DIRECTIVE.match(line):
            found.setdefault(match[1].upper(), []).append((clean(match[2]), before))
        elif line and (not line.startswith("#") or _EXTINF.match(line)):
            before = False

    def once(name: str) -> str:
        values = found.get(name, [])
        return values[0][0] if len(values) == 1 and values[0][1] else ""

    return _Said(album=once("EXTALB"), artist=once("EXTART"), genre=once("EXTGENRE"))


def _track(key: str, said: _Said) -> TrackRecord:
    guess = named_by_path(key)
    artist, title = _split(said.label, guess, key, said.artist)
    return replace(
        guess,
        title=title or clean(guess.title),  # empty for a service's link without a word on it
        artist=artist or said.artist or clean(guess.artist),
        album=said.album or clean(guess.album),
        genres=(said.genre,) if said.genre else (),
        duration=said.seconds,
    )


def _split(label: str, guess: TrackRecord, key: str, artist: str) -> tuple[str, str]:
    """Return artist and title of "Artist - Title", where either may hold a dash itself.

    The dash meant is the one that agrees with what is known otherwise: the artist's name, a folder
    of that name, the file's name. Else it is the first.
    """
    dashes = list(_DASH.finditer(label[:500]))
    if not dashes:
        return "", label
    *folders, file = (part.casefold() for part in key.split("/"))
    known = {name.casefold() for name in (artist, guess.artist, *folders) if name}
    for dash in dashes:
        left, right = label[: dash.start()], label[dash.end() :]
        if left.casefold() in known:
            return left, right
    if artist:
        return artist, label
    stem = file.rpartition(".")[0]
    for dash in dashes:
        left, right = label[: dash.start()], label[dash.end() :]
        if right and stem.endswith(right.casefold()):
            return left, right
    return label[: dashes[0].start()], label[dashes[0].end() :]
