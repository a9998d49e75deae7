"""Spectrograms of files and of genres: what is decoded, which songs are chosen, what was drawn."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from segue.audio.power_mel import HOP_LENGTH, SAMPLE_RATE, half_minute, power_mel
from segue.errors import AudioError, NotFoundError
from segue.plots.fonts import Fonts, plain
from segue.plots.sheet import check_format
from segue.plots.spectrogram import PANELS, SongMel, draw_genre, draw_song
from segue.types import SCHEMA_VERSION, display_path

if TYPE_CHECKING:
    from segue.catalog.catalog import Catalog

_MOST_SECONDS: Final = 600.0
# A long song takes much memory at its own rate, or as spectra, unless it is taken in pieces.
_PIECE: Final = 30.0  # seconds decoded at a time
_BLOCK: Final = 2_048 * HOP_LENGTH  # samples analysed at a time
_EDGE: Final = 4 * HOP_LENGTH  # samples on each side that their frames look at, and more
_SHOWN: Final = 12  # genres named where one is not found

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class GenreSong:
    """A file that may stand for its genre."""

    path: bytes
    title: str = ""


@dataclass(frozen=True)
class SongPicture:
    """The spectrogram of a song.

    Attributes
    ----------
    file, out
        What was drawn, and where.
    title
        Above the picture.
    duration, seconds
        Of the whole file, and of what is shown of it: at most ten minutes.
    problem
        What was wrong though the file could be used; else None.
    unreadable
        Names that no font of this machine can show.
    """

    file: bytes
    out: Path
    title: str
    duration: float
    seconds: float
    problem: str | None = None
    unreadable: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return {
            "schema": SCHEMA_VERSION,
            "file": display_path(self.file),
            "picture": display_path(os.fsencode(self.out)),
            "title": self.title,
            "duration": round(self.duration, 3),
            "seconds": round(self.seconds, 3),
            "problem": self.problem,
            "unreadable": list(self.unreadable),
        }


@dataclass(frozen=True)
class GenrePicture:
    """The picture of a genre.

    Attributes
    ----------
    genre, out
        What was drawn, and where.
    songs
        Those in the picture, in its order.
    available
        How many files of the genre there were to choose from.
    passed_over
        Files that could not be decoded, with the reason; others were drawn instead.
    unreadable
        Names that no font of this machine can show.
    """

    genre: str
    out: Path
    songs: tuple[GenreSong, ...]
    available: int
    passed_over: tuple[tuple[bytes, str], ...] = ()
    unreadable: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return {
            "schema": SCHEMA_VERSION,
            "genre": self.genre,
            "picture": display_path(os.fsencode(self.out)),
            "songs": [
                {"file": display_path(song.path), "title": song.title} for song in self.songs
            ],
            "available": self.available,
            "passed_over": [
                {"file": display_path(path), "reason": reason} for path, reason in self.passed_over
            ],
            "unreadable": list(self.unreadable),
        }


def plot_spectrogram(target: str | Path, out: Path) -> SongPicture:
    """Draw the mel spectrogram of a file, of its first ten minutes where it is longer.

    Raises
    ------
    AudioError
        If it cannot be decoded.
    UsageError, LibraryError
        As for `segue.plots.spectrogram.draw_song`.
    """
    check_format(out)
    path = os.fsencode(target)
    samples, duration, problem = _decoded(path, _from_the_start)
    title = _named(path)
    fonts = draw_song(_power_mel(samples), SAMPLE_RATE, HOP_LENGTH, title, out)
    seconds = len(samples) / SAMPLE_RATE
    return SongPicture(path, out, title, duration, seconds, problem, _lacking([title], fonts))


def plot_genre(
    songs: Sequence[GenreSong],
    genre: str,
    out: Path,
    *,
    seed: int = 0,
    on_progress: OnProgress = lambda *_: None,
) -> GenrePicture:
    """Draw up to 25 songs of a genre and their mean: 30 s of each, see `half_minute`.

    Files that cannot be decoded are passed over.

    Parameters
    ----------
    songs
        Of the genre, see `labelled_songs` and `library_songs`.
    seed
        Of the draw; the same seed and songs give the same picture.
    on_progress
        Called with the songs decoded and their number.

    Raises
    ------
    NotFoundError
        If none can be decoded.
    UsageError, LibraryError
        As for `segue.plots.spectrogram.draw_genre`.
    """
    check_format(out)
    wanted = min(PANELS, len(songs))
    chosen: dict[int, SongMel] = {}
    passed_over = []
    for place in np.random.default_rng(seed).permutation(len(songs)).tolist():
        if len(chosen) == wanted:
            break
        song = songs[place]
        try:
            samples, _, _ = _decoded(song.path, half_minute)
        except AudioError as error:
            passed_over.append((song.path, str(error)))
            continue
        chosen[place] = SongMel(song.title or _named(song.path), power_mel(samples))
        on_progress(len(chosen), wanted)
    if not chosen:
        path, reason = passed_over[0] if passed_over else (b"", "there are no files")
        raise NotFoundError(
            f"none of the {len(songs):,} files of {genre!r} could be decoded; "
            f"the first, {display_path(path)}: {reason}"
        )
    shown = [chosen[place] for place in sorted(chosen)]
    fonts = draw_genre(shown, genre, SAMPLE_RATE, HOP_LENGTH, out)
    drawn = tuple(
        GenreSong(songs[place].path, mel.title)
        for place, mel in zip(sorted(chosen), shown, strict=True)
    )
    names = [genre, *(mel.title for mel in shown)]
    return GenrePicture(genre, out, drawn, len(songs), tuple(passed_over), _lacking(names, fonts))


def labelled_songs(source: Path, genre: str) -> tuple[str, list[GenreSong]]:
    """Return a genre of labelled music, spelt as there, and its songs in the order of their paths.

    Parameters
    ----------
    source
        A folder of folders or a CSV file; see `segue.sources.labelled.read_labelled`.

    Raises
    ------
    NotFoundError
        If nothing there has that genre; upper and lower case are the same.
    SourceError
        If it cannot be read.
    """
    from segue.sources.labelled import read_labelled

    files = read_labelled(source).files
    found = [file for file in files if file.genre.casefold() == genre.casefold()]
    if not found:
        raise _no_such(genre, sorted({file.genre for file in files}), f"in {source}")
    songs = [
        GenreSong(file.path, " - ".join(name for name in (file.artist, file.title) if name))
        for file in found
    ]
    return found[0].genre, songs


def library_songs(catalog: Catalog, genre: str) -> tuple[str, list[GenreSong]]:
    """Return a genre of the library's files, by their tags, and its songs.

    Raises
    ------
    NotFoundError
        If no file that is there has that genre; upper and lower case are the same.
    """
    tracks = catalog.tracks.get(catalog.tracks.present())
    found = [
        (name, track)
        for _, track in sorted(tracks.items())
        for name in track.genres
        if name.casefold() == genre.casefold() and track.path is not None
    ]
    if not found:
        genres = sorted({name for track in tracks.values() for name in track.genres})
        raise _no_such(genre, genres, "in the tags of the library's files")
    songs = {track.path: GenreSong(track.path, track.name) for _, track in found if track.path}
    return found[0][0], list(songs.values())


def _no_such(genre: str, genres: Sequence[str], where: str) -> NotFoundError:
    known = ", ".join(genres[:_SHOWN]) + (", ..." if len(genres) > _SHOWN else "")
    return NotFoundError(
        f"there is no genre {genre!r} {where}; "
        + (f"expected one of {known}" if genres else "nothing there has a genre")
    )


def _decoded(
    path: bytes, place: Callable[[float], list[tuple[float, float]]]
) -> tuple[NDArray[np.float32], float, str | None]:
    """Return mono samples at 22,050 Hz, the file's duration, and what was wrong.

    Parts that cannot be decoded are silent; what follows them keeps its time.
    """
    from segue.audio.decode import decode

    recording = decode(path, place, sample_rate=SAMPLE_RATE)
    begin = place(recording.duration)[0][0]
    parts = [
        (round((window.start - begin) * SAMPLE_RATE), window.mono) for window in recording.windows
    ]
    samples = np.zeros(max(start + len(part) for start, part in parts), dtype=np.float32)
    for start, part in parts:
        samples[start : start + len(part)] = part
    return samples, recording.duration, recording.problem


def _power_mel(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return `power_mel` of samples of any length, by and by."""
    parts = []
    for first in range(0, len(samples) + 1, _BLOCK):
        begin = max(0, first - _EDGE)
        skipped = (first - begin) // HOP_LENGTH
        part = power_mel(samples[begin : first + _BLOCK + _EDGE])
        parts.append(part[skipped : skipped + _BLOCK // HOP_LENGTH])
    return np.concatenate(parts)


def _from_the_start(duration: float) -> list[tuple[float, float]]:
    """Return the pieces of the first ten minutes; the last one takes a rest of under a second.

    >>> _from_the_start(60.5)
    [(0.0, 30.0), (30.0, 30.5)]
    """
    end = min(duration, _MOST_SECONDS)
    starts = [i * _PIECE for i in range(max(1, int((end - 1) // _PIECE) + 1))]
    return [
        (start, (after if after is not None else max(end, 0.1)) - start)
        for start, after in zip(starts, [*starts[1:], None], strict=True)
    ]


def _named(path: bytes) -> str:
    from segue.sources.tags import describe_file

    tags = describe_file(path)
    return " - ".join(name for name in (tags.artist, tags.title) if name)


def _lacking(names: Sequence[str], fonts: Fonts) -> tuple[str, ...]:
    return tuple(name for name in dict.fromkeys(names) if not fonts.readable(plain(name)))
