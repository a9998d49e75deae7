"""Spotify's "Account data": a year of plays, the playlists, and what was liked and banned.

Its plays have neither ids nor seconds: only names, the minute in which a play ended, and how long
it took. One of less than `LISTENED` seconds is taken for a skip, for nothing tells how it ended.
Podcasts of before 2023 stand among the songs and cannot be told from them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from segue.catalog.incoming import (
    ListenRecord,
    Part,
    PlaylistRecord,
    RatingRecord,
    Record,
    Skip,
    TrackList,
)
from segue.catalog.records import TrackRecord
from segue.errors import SourceError
from segue.sources.export import Export, ExportFile, export_names
from segue.sources.guard import integer, iter_json_array, load_json, text, timestamp
from segue.sources.spotify_history import EARLIEST, LATEST, LISTENED
from segue.sources.spotify_history import SpotifyHistory as Extended
from segue.sources.spotify_uri import local_track, track_key

PRECISION: Final = 60
"""Seconds within which the time of a play is known."""

_WANTED: Final = re.compile(
    r"(?:^|/)(?:StreamingHistory|Playlist|YourLibrary)(?:_[a-z]+_)?\d*(?: ?\(\d+\))?\.json$", re.I
)
_SURE: Final = re.compile(
    r"(?:^|/)(?:StreamingHistory(?:_music_)?\d|YourLibrary)[^/]*\.json$", re.I
)
_OTHERS: Final = {
    "_podcast_": "a podcast",
    "_audiobook_": "an audiobook",
    "_video_": "a video",
}
_LONGEST: Final = 86_400_000  # milliseconds: a day
_MOST_KEPT: Final = 500_000  # rows that are remembered while a file is read
_NOT_SONGS: Final = {
    "albums": "an album",
    "shows": "a show",
    "episodes": "a podcast",
    "artists": "an artist",
    "bannedArtists": "a banned artist",
    "other": "something else that was saved",
}
_RATINGS: Final = {"tracks": 1.0, "bannedTracks": -1.0}


class SpotifyAccount:
    """The zip "my_spotify_data.zip" of the short export, its folder, or one of its files.

    Playlists have no id here. Their key is the name, and a number that tells those of one name
    apart, in the export's order: ``spotify_account:gym#1``.
    """

    kind = "spotify_account"

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def location(self) -> str:
        """The absolute path."""
        return str(self.path)

    @staticmethod
    def recognises(path: Path, head: bytes) -> bool:
        """Return whether the names are those of this export, and none of the extended history.

        A playlist file by itself is known by what only Spotify writes into it.
        """
        names = export_names(path)
        if any(map(_SURE.search, names)):
            return not Extended.recognises(path, head)
        return any(map(_WANTED.search, names)) and (
            b'"lastModifiedDate"' in head and b'"playlists"' in head
        )

    def parts(self) -> Iterator[Part]:
        """Yield the files of plays and of the library by name, then all playlists as one part.

        Raises
        ------
        SourceError
            As `Source.parts`, and for a single file whose name does not tell what it holds.
        """
        export = Export(self.path, _WANTED)
        playlists = []
        for file in export.files():
            base = file.name.rpartition("/")[2].lower()
            if base.startswith("playlist"):
                playlists.append(file)
            elif base.startswith("streaminghistory"):
                yield Part(file.name, file.stamp, file.size, partial(_plays, file))
            elif base.startswith("yourlibrary"):
                yield Part(file.name, file.stamp, file.size, partial(_library, file))
            else:
                raise SourceError(
                    f"{file.name} is no file of Spotify's account data: expected one named "
                    "StreamingHistory..., Playlist... or YourLibrary"
                )
        if playlists:  # together, since playlists of one name are numbered through all files
            yield Part(
                "playlists",
                " ".join(file.stamp for file in playlists),
                sum(file.size for file in playlists),
                partial(_playlists, playlists),
            )
        yield from export.left_out()


def _plays(file: ExportFile) -> Iterator[Record]:
    base = file.name.rpartition("/")[2].lower()
    other = next((reason for mark, reason in _OTHERS.items() if mark in base), "")
    seen: set[tuple[int, int, str, str]] = set()
    for number, row in enumerate(file.rows(), 1):
        where = f"{file.name[-70:]} row {number}"
        if not isinstance(row, dict):
            yield Skip("not a play", where)
            continue
        if other:
            yield Skip(other, where, bad=False)
            continue
        title, at = text(row.get("trackName")), timestamp(row.get("endTime"))
        milliseconds = integer(row.get("msPlayed"))
        if title is None:
            yield Skip("no title", where)
        elif at is None or not EARLIEST <= at <= LATEST:
            yield Skip("no date, or one that cannot be", where)
        elif milliseconds is None or not 0 <= milliseconds <= _LONGEST:
            yield Skip("no playing time, or one that cannot be", where)
        elif milliseconds == 0:
            yield Skip("a play of no length", where, bad=False)
        else:
            track = TrackRecord(title, text(row.get("artistName")) or "")
            mark = (at, milliseconds, title, track.artist)
            if mark in seen:
                yield Skip("a row that is there twice", where, bad=False)
                continue
            if len(seen) >= _MOST_KEPT:
                seen.clear()
            seen.add(mark)
            seconds = milliseconds / 1000
            yield ListenRecord(track, at, seconds, seconds < LISTENED, precision=PRECISION)


def _library(file: ExportFile) -> Iterator[Record]:
    for section, row in _sections(file.read()):
        name = _name(row)
        if section in _NOT_SONGS:
            yield Skip(_NOT_SONGS[section], name[:100], bad=False)
        elif not isinstance(row, dict):
            yield Skip("not a track", section)
        elif (track := _track(row, "track", "artist", "album", "uri")) is None:
            yield Skip("no title", section)
        else:
            yield RatingRecord(track, _RATINGS[section])


def _sections(data: bytes) -> Iterator[tuple[str, Any]]:
    """Yield (section, row) of a library; of one that is cut off, what comes before the cut."""
    sections = (*_RATINGS, *_NOT_SONGS)
    try:
        document = load_json(data)
    except SourceError:
        for section in sections:
            try:
                for row in iter_json_array(BytesIO(data), f"{section}.item"):
                    yield section, row
            except SourceError:  # that it is cut off is told once, below
                continue
        raise
    if not isinstance(document, dict):
        raise SourceError("a JSON object with a list of tracks was expected")
    for section in sections:
        rows = document.get(section)
        if isinstance(rows, list):
            yield from ((section, row) for row in rows)
        elif rows is not None:
            yield section, None


def _playlists(files: Sequence[ExportFile]) -> Iterator[Record]:
    of_name: Counter[str] = Counter()
    failure: SourceError | None = None
    for file in files:
        try:
            with file.open() as stream:
                for number, item in enumerate(iter_json_array(stream, "playlists.item"), 1):
                    if not isinstance(item, dict):
                        yield Skip("not a playlist", f"{file.name[-70:]} playlist {number}")
                        continue
                    name = text(item.get("name")) or ""
                    folded = " ".join(name.casefold().split())
                    of_name[folded] += 1
                    yield from _playlist(item, f"spotify_account:{folded}#{of_name[folded]}", name)
        except SourceError as error:  # one damaged file does no harm to the others
            failure = failure or error
    if failure is not None:
        raise failure


def _playlist(item: dict[str, Any], key: str, name: str) -> Iterator[Record]:
    """Yield what is left out of a playlist, then the playlist."""
    tracks, added_at = [], []
    entries = item.get("items")
    if not isinstance(entries, list):
        entries = []
        yield Skip("a playlist without a list of tracks", name[:100])
    for number, entry in enumerate(entries, 1):
        found = _entry(entry)
        if isinstance(found, TrackRecord):
            tracks.append(found)
            added_at.append(_moment(entry.get("addedDate")) or 0)
        else:
            yield Skip(found[0], f"{name[:80]} entry {number}", found[1])
    followers = integer(item.get("numberOfFollowers"))
    yield PlaylistRecord(
        key,
        name,
        TrackList.of(tracks),
        description=text(item.get("description")) or "",
        followers=followers if followers is not None and followers >= 0 else None,
        modified_at=_moment(item.get("lastModifiedDate")),
        added_at=added_at if any(added_at) else None,
    )


def _entry(entry: Any) -> TrackRecord | tuple[str, bool]:
    """Return the song of an entry, or the reason why it has none and whether that is bad."""
    if not isinstance(entry, dict):
        return "not an entry", True
    track, local = entry.get("track"), entry.get("localTrack")
    if isinstance(track, dict):
        found = _track(track, "trackName", "artistName", "albumName", "trackUri")
    elif isinstance(local, dict):
        found = _track(local, "trackName", "artistName", "albumName", "uri")
    elif entry.get("episode"):
        return "a podcast", False
    elif entry.get("audiobook"):
        return "an audiobook", False
    else:
        return "a track that is gone", False
    return found or ("no title", True)


def _track(
    row: dict[str, Any], title: str, artist: str, album: str, uri: str
) -> TrackRecord | None:
    """Return a track by the names of its fields; what it lacks may stand in a local file's URI."""
    name, address = text(row.get(title)), row.get(uri)
    if name is None:
        return local_track(address)
    return TrackRecord(
        name,
        artist=text(row.get(artist)) or "",
        album=text(row.get(album)) or "",
        key=track_key(address),
    )


def _moment(value: object) -> int | None:
    at = timestamp(value)
    return at if at is not None and EARLIEST <= at <= LATEST else None


def _name(row: Any) -> str:
    if not isinstance(row, dict):
        return ""
    found = (text(row.get(field)) for field in ("track", "album", "name", "artist"))
    return next((name for name in found if name), "")
