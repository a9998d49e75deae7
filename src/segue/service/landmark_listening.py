"""Listening to whole songs for their landmarks, in processes of their own."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from segue.audio.decode import decode
from segue.audio.landmarks import FRAME_SECONDS, SAMPLE_RATE, Peaks, find_peaks, later
from segue.catalog.catalog import Catalog
from segue.catalog.landmarks import Landmarks
from segue.catalog.records import FileStamp
from segue.config import cores
from segue.errors import AudioError, UsageError
from segue.service.add import AddProgress, OnProgress
from segue.service.worker import Failure, Workers
from segue.types import display_path

_LIMIT: Final = 900.0  # seconds for one file
_PART_FRAMES: Final = 18_750  # ten minutes: so much of a song is in memory at once
_PART_SECONDS: Final = _PART_FRAMES * FRAME_SECONDS
_MOST_PARTS: Final = 400  # 66 hours
_PASSING: Final = ("missing", "unreadable", "changed")  # kinds of problems that may be gone soon


@dataclass(frozen=True)
class Heard:
    """The peaks of a song, and its length in seconds."""

    peaks: Peaks
    seconds: float


@dataclass
class ListenReport:
    """What came of listening: songs heard, and (path, message) of those that could not be."""

    heard: int = 0
    problems: list[tuple[str, str]] = field(default_factory=list)


def hear_song(path: bytes) -> Heard:
    """Return the peaks of a whole song; of one that is damaged further on, of what comes before.

    Raises
    ------
    AudioError
        As `segue.audio.decode.decode` does.
    """
    found: list[Peaks] = []
    duration = 0.0
    for part in range(_MOST_PARTS):
        begin = part * _PART_SECONDS
        try:
            recording = decode(path, _stretch(begin), SAMPLE_RATE)
        except AudioError:
            if not found:
                raise
            break
        found.append(later(find_peaks(recording.windows[0].mono), part * _PART_FRAMES))
        duration = recording.duration
        if duration <= begin + _PART_SECONDS + 1.0:
            break
    return Heard(np.concatenate(found), duration)


def _stretch(begin: float) -> Callable[[float], list[tuple[float, float]]]:
    return lambda duration: [(begin, min(_PART_SECONDS, duration - begin))]


def listen(
    catalog: Catalog,
    landmarks: Landmarks,
    *,
    workers: int | None = None,
    on_progress: OnProgress = lambda _: None,
) -> ListenReport:
    """Listen to the songs that have no landmarks yet; the caller holds the library's write lock.

    Each song is written as it is done, so that an interrupted run is gone on with. A file that
    cannot be heard is put on record and not tried again until it changes.

    Raises
    ------
    UsageError
        If `workers` is below 1.
    LibraryError
        If the catalogue cannot be written; what was written stays.
    """
    count = cores() if workers is None else workers
    if count < 1:
        raise UsageError(f"workers is {count}, expected at least 1")
    report = ListenReport()
    songs = present(landmarks)
    if not songs:
        return report
    on_progress(AddProgress("listen", 0, len(songs)))
    pool = Workers(_make_listener, (), count=min(count, len(songs)), limit=_LIMIT)
    seconds = 0.0
    with closing(pool.map(songs)) as results:
        for done, ((track_id, stamp), result) in enumerate(results, 1):
            problem = ""
            if isinstance(result, Heard):
                report.heard += 1
                seconds += result.seconds
            else:
                kind, problem = _why(result)
                report.problems.append((display_path(stamp.path), problem))
            if isinstance(result, Heard) or kind not in _PASSING:
                found = result.peaks if isinstance(result, Heard) else problem
                with catalog.database.transaction() as connection:
                    landmarks.write(connection, track_id, stamp, found)
            failed = len(report.problems)
            on_progress(
                AddProgress("listen", done, len(songs), failed, seconds, stamp.path, problem)
            )
    return report


def present(landmarks: Landmarks) -> Sequence[tuple[int, FileStamp]]:
    """Return the songs to be listened to, without those of a disk that is not there now."""
    return [song for song in landmarks.lacking() if os.path.lexists(song[1].path)]


def _why(result: Failure | tuple[str, str]) -> tuple[str, str]:
    return (result.kind, result.message) if isinstance(result, Failure) else result


def _make_listener() -> Callable[[tuple[int, FileStamp]], Any]:
    def listener(song: tuple[int, FileStamp]) -> Heard | tuple[str, str]:
        try:
            return hear_song(song[1].path)
        except AudioError as error:
            return error.kind, str(error)

    return listener
