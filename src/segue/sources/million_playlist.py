"""The Million Playlist Dataset, and the challenge set that was published with it.

Ching-Wei Chen, Paul Lamere, Markus Schedl and Hamed Zamani, "RecSys Challenge 2018: Automatic
music playlist continuation", RecSys 2018: 1,000,000 playlists in 1,000 files ("slices").
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from msgspec import DecodeError, Struct
from msgspec.json import Decoder

from segue.catalog.incoming import Part, PlaylistRecord, Record, Skip, TrackList
from segue.catalog.records import TrackRecord
from segue.errors import SourceError
from segue.sources.export import Export, ExportFile, export_names
from segue.sources.guard import integer, iter_json_array, load_json, number, text
from segue.sources.spotify_uri import track_key

_SLICE: Final = re.compile(r"(?:^|/)mpd\.slice\.(\d{1,12})-\d{1,12}\.json$")
_CHALLENGE: Final = re.compile(r"(?:^|/)challenge_set[^/]*\.json$")
_IN_MEMORY: Final = 64 << 20  # bytes; a slice has 11 to 35 million, the challenge set 130
_URI: Final = "spotify:track:"
_ALNUM: Final = (string.ascii_letters + string.digits).encode()
_OTHER_URI: Final = re.compile(r"spotify:(artist|album):([0-9A-Za-z]{22})")


class MillionPlaylist:
    """The data set's zip, a folder with slices at any depth, or one slice.

    A slice is a part, in the order of its numbers; one is in memory at a time. Copies that lack
    keys are read, too: all that a track needs is its URI.

    Parameters
    ----------
    path
        Absolute.
    """

    kind = "million_playlist"
    _files = _SLICE

    def __init__(self, path: Path) -> None:
        self._path = path

    @staticmethod
    def recognises(path: Path, head: bytes) -> bool:
        """Return whether it is or holds a slice, by names; a renamed one by its first bytes."""
        if any(map(_SLICE.search, export_names(path))):
            return True
        return _has_playlists(head) and b'"num_holdouts"' not in head

    @property
    def location(self) -> str:
        """The absolute path."""
        return str(self._path)

    def parts(self) -> Iterator[Part]:
        """Yield a part for each file; see `Source.parts`."""
        export = Export(self._path, self._files)
        for file in sorted(export.files(), key=_first_playlist):
            yield Part(file.name, file.stamp, file.size, partial(_read, file))
        yield from export.left_out()


class ChallengeSet(MillionPlaylist):
    """The 10,000 unfinished playlists of the challenge, of which some have no name.

    Their keys are ``million_playlist:<pid>``, too; the data set's own numbers end below theirs.
    """

    kind = "challenge_set"
    _files = _CHALLENGE

    @staticmethod
    def recognises(path: Path, head: bytes) -> bool:
        """Return whether it is or holds the set, by names; a renamed one by its first bytes."""
        if any(map(_CHALLENGE.search, export_names(path))):
            return True
        return _has_playlists(head) and b'"num_holdouts"' in head


def _has_playlists(head: bytes) -> bool:
    return head.lstrip()[:1] == b"{" and b'"playlists"' in head and b'"pid"' in head


def _first_playlist(file: ExportFile) -> tuple[int, str]:
    match = _SLICE.search(file.name)
    return int(match[1]) if match else 0, file.name


class _Track(Struct, gc=False):
    """An entry as a slice has it: of everything, or of what is left of it."""

    track_uri: Any = None
    track_name: Any = None
    artist_name: Any = None
    artist_uri: Any = None
    album_name: Any = None
    album_uri: Any = None
    duration_ms: Any = None
    pos: Any = None


class _Playlist(Struct, gc=False):
    pid: Any = None
    name: Any = None
    description: Any = None
    num_followers: Any = None
    modified_at: Any = None
    tracks: list[_Track] | None = None


class _Slice(Struct, gc=False):
    playlists: list[_Playlist]


_SLICES: Final = Decoder(_Slice)


def _read(file: ExportFile) -> Iterator[Record]:
    seen: set[str] = set()
    for index, playlist in enumerate(_playlists(file)):
        pid, tracks = integer(playlist.pid), playlist.tracks
        where = f"{file.name[-60:]} playlist {index if pid is None else pid}"
        if pid is None or tracks is None:
            yield Skip("no playlist number" if pid is None else "no list of tracks", where)
            continue
        key = f"million_playlist:{pid}"
        if key in seen:
            yield Skip("a second playlist of one number", where)
            continue
        seen.add(key)
        keys = _keys(tracks)
        if keys is None:
            kept = [track for track in tracks if track_key(track.track_uri)]
            for position, track in enumerate(tracks):
                if not track_key(track.track_uri):
                    yield Skip("no track URI", f"{where} entry {position}")
            tracks, keys = kept, [track_key(track.track_uri) for track in kept]
        followers = integer(playlist.num_followers)
        modified_at = integer(playlist.modified_at)
        yield PlaylistRecord(
            key,
            text(playlist.name) or "",
            _in_order(tracks, keys),
            text(playlist.description) or "",
            followers=followers if followers is not None and followers >= 0 else None,
            modified_at=modified_at if modified_at is not None and modified_at >= 0 else None,
        )


def _playlists(file: ExportFile) -> Iterator[_Playlist]:
    """Yield the playlists of a file, of a damaged one those before the damage."""
    if file.size > _IN_MEMORY:
        with file.open() as stream:
            yield from map(_tolerant, iter_json_array(stream, "playlists.item"))
        return
    data = file.read()
    try:
        # Twice as fast as making dictionaries of 66 million entries.
        yield from _SLICES.decode(data).playlists
    except (DecodeError, UnicodeDecodeError, RecursionError):
        pass
    else:
        return
    try:
        document = load_json(data)
    except SourceError:
        yield from map(_tolerant, iter_json_array(BytesIO(data), "playlists.item"))
        return
    del data
    playlists = document.get("playlists") if isinstance(document, dict) else None
    if not isinstance(playlists, list):
        raise SourceError(f"{file.name} has no list of playlists: it is no slice of the data set")
    yield from map(_tolerant, playlists)


def _tolerant(playlist: Any) -> _Playlist:
    """Return a playlist of which anything may be of a wrong type."""
    if not isinstance(playlist, dict):
        return _Playlist()
    tracks = playlist.get("tracks")
    known = {name: playlist.get(name) for name in _Playlist.__struct_fields__}
    if isinstance(tracks, list):
        known["tracks"] = [
            _Track(*(track.get(name) for name in _Track.__struct_fields__))
            if isinstance(track, dict)
            else _Track()
            for track in tracks
        ]
    else:
        known["tracks"] = None
    return _Playlist(**known)


def _keys(tracks: list[_Track]) -> list[str] | None:
    """Return all tracks' keys, or None where at least one of them has no proper URI.

    The data set has 66 million: they are checked a playlist at a time.
    """
    uris = [track.track_uri for track in tracks]
    try:
        keys = ["spotify:" + uri[14:] for uri in uris]
        proper = (
            set(map(len, uris)) <= {36}
            and "".join(uris).count(_URI) == len(uris)
            and "".join(keys).encode("ascii").translate(None, _ALNUM) == b":" * len(uris)
        )
    except (TypeError, UnicodeEncodeError):
        return None
    return keys if proper else None


def _in_order(tracks: list[_Track], keys: list[str]) -> TrackList:
    """Return the tracks as their positions say, where they all have one."""
    if tracks and tracks[0].pos is not None:
        places = [track.pos for track in tracks]
        if places != list(range(len(places))) and all(type(place) is int for place in places):
            order = sorted(range(len(places)), key=places.__getitem__)
            tracks = [tracks[place] for place in order]
            keys = [keys[place] for place in order]
    return TrackList(keys, lambda place: _track(tracks[place], keys[place]))


def _track(track: _Track, key: str) -> TrackRecord:
    artist = text(track.artist_name) or ""
    artist_key = _other_key(track.artist_uri, "artist") if artist else ""
    duration = number(track.duration_ms, 1, 1e9)
    return TrackRecord(
        text(track.track_name) or "",
        artist,
        text(track.album_name) or "",
        duration=None if duration is None else duration / 1000,
        key=key,
        artists=(artist,) if artist_key else (),
        artist_keys=(artist_key,) if artist_key else (),
        album_key=_other_key(track.album_uri, "album"),
    )


def _other_key(uri: Any, kind: str) -> str:
    match = _OTHER_URI.fullmatch(uri) if isinstance(uri, str) else None
    return f"spotify:{match[2]}" if match and match[1] == kind else ""
