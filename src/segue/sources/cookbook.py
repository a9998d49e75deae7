"""The two files of playlists that Segue's first model made.

Douwe Osinga, "Deep Learning Cookbook" (O'Reilly, 2018), chapter 15, wrote ``playlists.ndjson``, a
JSON object with name, owner and id a line, and ``songs_ids.txt``, the ids of a playlist's tracks a
line; the nth line of one belongs to the nth of the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import BinaryIO, Final

from segue.catalog.incoming import Part, PlaylistRecord, Record, Skip, TrackList
from segue.catalog.records import TrackRecord
from segue.errors import SourceError
from segue.sources.feature_columns import spotify_key
from segue.sources.guard import byte_lines, file_stamp, load_json, open_bytes, text
from segue.sources.locations import file_key

_PLAYLISTS: Final = "playlists.ndjson"
_SONGS: Final = "songs_ids.txt"
_LARGEST: Final = 64 << 30


class Cookbook:
    """The folder of ``playlists.ndjson`` and ``songs_ids.txt``, or either file beside the other.

    Tracks have an id alone; their names come with other sources. Where one file has more lines
    than the other, the rest is left out.

    Parameters
    ----------
    path
        Absolute.
    """

    kind = "cookbook"

    def __init__(self, path: Path) -> None:
        self._folder = path.parent if path.name in (_PLAYLISTS, _SONGS) else path

    @staticmethod
    def recognises(path: Path, head: bytes) -> bool:  # noqa: ARG004
        """Return whether both files are there, under their names."""
        folder = Cookbook(path)._folder
        try:
            return (folder / _PLAYLISTS).is_file() and (folder / _SONGS).is_file()
        except (OSError, ValueError):
            return False

    @property
    def location(self) -> str:
        """The absolute path of the folder."""
        return str(self._folder)

    def parts(self) -> Iterator[Part]:
        """Yield both files as one part; see `Source.parts`."""
        stamp, size = file_stamp(self._folder / _PLAYLISTS)
        stamp_of_songs, size_of_songs = file_stamp(self._folder / _SONGS)
        name = f"{_PLAYLISTS} and {_SONGS}"
        yield Part(name, f"{stamp} {stamp_of_songs}", size + size_of_songs, self._read)

    def _read(self) -> Iterator[Record]:
        seen: set[str] = set()
        with (
            open_bytes(self._folder / _PLAYLISTS, _LARGEST) as names,
            open_bytes(self._folder / _SONGS, _LARGEST) as songs,
        ):
            lines = zip_longest(_lines(names), _lines(songs))
            for number, (line, ids) in enumerate(lines, 1):
                if line is None or ids is None:
                    missing = _PLAYLISTS if line is None else _SONGS
                    yield Skip(f"no such line in {missing}", f"line {number}")
                    continue
                if not line.strip() and not ids.strip():
                    continue
                keys = []
                for word in ids.decode(errors="replace").split():
                    if key := spotify_key(word):
                        keys.append(key)
                    else:
                        yield Skip("not a track's id", f"{_SONGS} line {number}")
                playlist = self._playlist(line, keys)
                if playlist is None:
                    yield Skip("not a playlist", f"{_PLAYLISTS} line {number}")
                elif playlist.key in seen:
                    yield Skip("the same playlist again", f"line {number}", bad=False)
                else:
                    seen.add(playlist.key)
                    yield playlist

    def _playlist(self, line: bytes, keys: list[str]) -> PlaylistRecord | None:
        try:
            row = load_json(line)
        except SourceError:
            return None
        id_ = text(row.get("id")) if isinstance(row, dict) else None
        if id_ is None:
            return None
        return PlaylistRecord(
            spotify_key(id_, "playlist") or f"{file_key(self._folder)}#{id_}",
            text(row.get("name")) or "",
            TrackList(keys, lambda place: TrackRecord("", key=keys[place])),
            owner=text(row.get("owner")) or "",
        )


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file; a playlist has at most some 10,000 tracks of 23 bytes."""
    try:
        yield from byte_lines(file)
    except OSError as error:
        raise SourceError(f"it cannot be read on: {error}") from error
