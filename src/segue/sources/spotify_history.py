"""Spotify's "Extended streaming history": every play since an account was made.

Which plays count
-----------------
A row of the export is one play. A play of at least `LISTENED` seconds is a listen, also where the
listener then went on to another song: that is where Spotify itself begins to count. A shorter one
is judged by how it ended: ``skipped`` set, or an ending in `CUT_OFF`, is a listen with
``skipped=True``; an ending in `TO_THE_END` is a listen to a short song. Every other short play
(a lost connection, a crash, an ending nobody noted) says nothing about the song and is left out,
as are plays of no length, private sessions, podcasts, audiobooks and videos. ``skipped`` is null in
much of the older data; nothing rests on its being there.

Of a row only the names, the track's URI, the time, and what tells the rules above are read: never
the address, the country, the device or the user's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from segue.catalog.incoming import ListenRecord, Part, Record, Skip
from segue.catalog.records import TrackRecord
from segue.sources.export import Export, ExportFile, export_names
from segue.sources.guard import integer, text, timestamp
from segue.sources.spotify_uri import local_track, track_key

LISTENED: Final = 30.0
"""Seconds from which on a play counts as a listen, however it ended."""
CUT_OFF: Final = frozenset("fwdbtn backbtn clickrow clickside endplay playbtn remote popup".split())
"""Endings (`reason_end`) by which a listener leaves a song."""
TO_THE_END: Final = frozenset({"trackdone"})
"""Endings of a song that played to its end."""

EARLIEST: Final = 1_136_073_600
"""The year 2006, when Spotify was made: a play before it has a wrong date."""
LATEST: Final = 2**32 - 1
_LONGEST: Final = 86_400_000  # milliseconds: a day
_MOST_KEPT: Final = 500_000  # tracks, and rows, that are remembered while a file is read

_AUDIO: Final = re.compile(r"(?:^|/)(?:Streaming_History_Audio|endsong)[^/]*\.json$", re.I)
_ANY: Final = re.compile(
    r"(?:^|/)(?:Streaming_History_(?:Audio|Video)|endsong|endvideo)[^/]*\.json$", re.I
)
_VIDEO: Final = re.compile(r"(?:^|/)(?:Streaming_History_Video|endvideo)[^/]*$", re.I)
_Names = tuple[Any, Any, Any, Any]


class SpotifyHistory:
    """The zip "my_spotify_data.zip", the folder it unpacks to, or one of its files.

    Video files are read only to count what is left out.
    """

    kind = "spotify_history"

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def location(self) -> str:
        """The absolute path."""
        return str(self.path)

    @staticmethod
    def recognises(path: Path, head: bytes) -> bool:
        """Return whether there is a file of plays, by names; a renamed one by its first row."""
        if any(map(_AUDIO.search, export_names(path))):
            return True
        return (
            head.lstrip()[:1] == b"["
            and b'"ms_played"' in head
            and b'"master_metadata_track_name"' in head
            and not _VIDEO.search(path.name)
        )

    def parts(self) -> Iterator[Part]:
        """Yield a part for each file, by name; see `Source.parts`."""
        export = Export(self.path, _ANY)
        for file in export.files():
            yield Part(file.name, file.stamp, file.size, partial(_read, file))
        yield from export.left_out()


def _read(file: ExportFile) -> Iterator[Record]:
    plays = _Plays(is_video=bool(_VIDEO.search(file.name)))
    for number, row in enumerate(file.rows(), 1):
        try:
            yield plays.listen(row)
        except _LeftOut as left:
            yield Skip(left.reason, f"{file.name[-70:]} row {number}", left.bad)


class _LeftOut(Exception):  # noqa: N818 - nothing need be wrong
    """A row that is no listen, and why."""

    def __init__(self, reason: str, *, bad: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.bad = bad


class _Plays:
    """The rows of one file, judged one after the other."""

    def __init__(self, *, is_video: bool) -> None:
        self._is_video = is_video
        self._tracks: dict[_Names, TrackRecord] = {}
        self._seen: set[tuple[int, int, str, str]] = set()

    def listen(self, row: Any) -> ListenRecord:
        """Return the listen that a row tells of; raises `_LeftOut` where it is none."""
        if not isinstance(row, dict):
            raise _LeftOut("not a play", bad=True)
        self._check_kind(row)
        track = self._track(row)
        at, milliseconds = _when(row)
        mark = (at, milliseconds, track.key, track.title)
        if mark in self._seen:  # plays without a network are told of twice
            raise _LeftOut("a row that is there twice", bad=False)
        if len(self._seen) >= _MOST_KEPT:
            self._seen.clear()
        self._seen.add(mark)
        seconds = milliseconds / 1000
        return ListenRecord(track, at, seconds, seconds < LISTENED and _cut_off(row))

    def _check_kind(self, row: Mapping[str, Any]) -> None:
        get = row.get
        if get("audiobook_uri") or get("audiobook_chapter_uri") or get("audiobook_title"):
            raise _LeftOut("an audiobook", bad=False)
        if get("spotify_episode_uri") or get("episode_name"):
            raise _LeftOut("a podcast", bad=False)
        if self._is_video:
            raise _LeftOut("a video", bad=False)
        if get("incognito_mode") not in (None, False):
            raise _LeftOut("played in private", bad=False)

    def _track(self, row: Mapping[str, Any]) -> TrackRecord:
        """Return what was played; the same object for the same song, which saves time."""
        get = row.get
        names = (
            get("spotify_track_uri"),
            get("master_metadata_track_name"),
            get("master_metadata_album_artist_name"),
            get("master_metadata_album_album_name"),
        )
        try:
            return self._tracks[names]
        except (KeyError, TypeError):  # TypeError: a list or an object where text should be
            pass
        uri, title, artist, album = names
        name = text(title)
        if name is not None:
            track = TrackRecord(name, text(artist) or "", text(album) or "", key=track_key(uri))
        elif (local := local_track(uri)) is not None:
            track = local
        elif uri is None:
            raise _LeftOut("nothing says what was played", bad=False)
        else:
            raise _LeftOut("no title", bad=True)
        if all(value is None or isinstance(value, str) for value in names):
            if len(self._tracks) >= _MOST_KEPT:
                self._tracks.clear()
            self._tracks[names] = track
        return track


def _when(row: Mapping[str, Any]) -> tuple[int, int]:
    """Return when a play ended, in seconds since the epoch, and how many milliseconds it took."""
    at = timestamp(row.get("ts"))
    if at is None or not EARLIEST <= at <= LATEST:
        raise _LeftOut("no date, or one that cannot be", bad=True)
    milliseconds = integer(row.get("ms_played"))
    if milliseconds is None or not 0 <= milliseconds <= _LONGEST:
        raise _LeftOut("no playing time, or one that cannot be", bad=True)
    if milliseconds == 0:
        raise _LeftOut("a play of no length", bad=False)
    return at, milliseconds


def _cut_off(row: Mapping[str, Any]) -> bool:
    """Return whether a short play was ended by the listener, by the rule above."""
    ending = row.get("reason_end")
    ending = ending if isinstance(ending, str) else ""
    if row.get("skipped") is True or ending in CUT_OFF:
        return True
    if ending in TO_THE_END:
        return False
    raise _LeftOut("a short play that nobody cut off", bad=False)
