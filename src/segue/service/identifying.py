"""Which song of the library a recorded clip is of."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from segue.catalog.catalog import Catalog
from segue.errors import LibraryError, NotFoundError, UsageError
from segue.service.lock import write_lock
from segue.types import SCHEMA_VERSION, Track

if TYPE_CHECKING:
    from segue.catalog.landmarks import Landmarks
    from segue.service.add import AddProgress
    from segue.service.landmark_search import LandmarkSearch

PathLike = str | os.PathLike[str]

_CLIP_SECONDS: Final = 60.0  # of a longer clip the beginning is taken


@dataclass(frozen=True)
class Match:
    """A song that a clip is of.

    Attributes
    ----------
    at
        Seconds into the song at which the clip begins; below 0 where the clip begins before it.
    matched, of
        How sure: landmarks of the song that the clip has at the same place, of all that the song
        has in that stretch.
    """

    track: Track
    at: float
    matched: int
    of: int

    def to_json(self) -> dict[str, Any]:
        """Return the match as JSON values: the track's fields, `at`, `matched` and `of`."""
        at = round(self.at, 2)
        return {**self.track.to_json(), "at": at, "matched": self.matched, "of": self.of}


@dataclass(frozen=True)
class Identification:
    """What a clip is of.

    Attributes
    ----------
    matches
        The songs, the surest first; several where the library has a recording several times. None
        means that the clip is of no song in the library.
    seconds
        Of the clip that were listened to.
    songs
        How many songs the clip was compared with.
    unheard
        (path, message) of songs that were to be listened to now and could not be.
    """

    matches: tuple[Match, ...]
    seconds: float
    songs: int
    unheard: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values; `unheard` as objects of path and message."""
        return {
            "schema": SCHEMA_VERSION,
            "matches": [match.to_json() for match in self.matches],
            "seconds": round(self.seconds, 2),
            "songs": self.songs,
            "unheard": [{"path": path, "message": message} for path, message in self.unheard],
        }


class Identifying:
    """The part of `segue.Library` that tells which song a clip is of."""

    path: Path
    read_only: bool
    _catalog: Catalog
    _on_wait: Callable[[], None]

    def identify(
        self,
        clip: PathLike,
        k: int = 5,
        *,
        workers: int | None = None,
        on_progress: Callable[[AddProgress], None] = lambda _: None,
    ) -> Identification:
        """Tell which song of the library some recorded seconds are of, and where in it they are.

        Songs that have not been heard for this are listened to first, whole, unless the library
        is read-only; an interrupted run is gone on with by the next.

        Parameters
        ----------
        clip
            A file of music, of which up to a minute is taken; noise and other coding do no harm,
            another speed or pitch does.
        k
            How many songs to return at most, where the library has the recording several times.
        workers
            Processes that listen; None takes as many as there are cores.
        on_progress
            Called after each song that is listened to.

        Raises
        ------
        UsageError
            If `k` or `workers` is below 1, or `clip` is no path.
        AudioError
            If the clip cannot be decoded.
        NotFoundError
            If the library has no songs with a file.
        LibraryError
            If songs must be listened to and the library cannot be written.
        """
        from segue.audio.decode import decode
        from segue.audio.landmarks import SAMPLE_RATE

        if k < 1:
            raise UsageError(f"k is {k}, expected at least 1")
        path = _absolute(clip)
        recording = decode(path, lambda seconds: [(0.0, min(seconds, _CLIP_SECONDS))], SAMPLE_RATE)
        samples = recording.windows[0].mono
        unheard = self._listen(workers, on_progress)
        songs = len(self._landmarks.stamps())
        found = self._landmark_search.find(samples, k)
        tracks = self._catalog.tracks.get(song.track_id for song in found)
        matches = tuple(
            Match(tracks[song.track_id], song.at, song.matched, song.of)
            for song in found
            if song.track_id in tracks  # others write meanwhile
        )
        return Identification(matches, len(samples) / SAMPLE_RATE, songs, unheard)

    def _listen(
        self, workers: int | None, on_progress: Callable[[AddProgress], None]
    ) -> tuple[tuple[str, str], ...]:
        from segue.service.landmark_listening import listen, present

        heard = bool(self._landmarks.stamps())
        if not heard and not self._landmarks.lacking():
            raise NotFoundError("the library is empty; add a folder of music with `segue add`")
        if not present(self._landmarks):
            return ()
        if self.read_only:
            if heard:
                return ()
            raise LibraryError(
                f"no song of the library at {self.path} has been listened to for this, and it "
                "cannot be written; check who owns it and its disk"
            )
        with write_lock(self.path, self._on_wait):
            report = listen(
                self._catalog, self._landmarks, workers=workers, on_progress=on_progress
            )
        return tuple(report.problems)

    @cached_property
    def _landmarks(self) -> Landmarks:
        from segue.audio.landmarks import VERSION
        from segue.catalog.landmarks import Landmarks

        return Landmarks(self._catalog.database, VERSION)

    @cached_property
    def _landmark_search(self) -> LandmarkSearch:
        from segue.service.landmark_search import LandmarkSearch

        cache = None if self.read_only else self.path / "cache"
        return LandmarkSearch(self._landmarks, cache)


def _absolute(clip: PathLike) -> bytes:
    try:
        path = os.path.abspath(os.fsencode(os.path.expanduser(clip)))
    except (UnicodeEncodeError, FileNotFoundError) as error:  # the latter: no current folder
        raise UsageError(f"{os.fspath(clip)!r} is no path") from error
    if b"\0" in path:
        raise UsageError(f"{os.fspath(clip)!r} is no path")
    return path
