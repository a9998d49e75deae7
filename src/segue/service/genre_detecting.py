"""The detector that a library keeps: stored, read again, and asked of files."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from segue.catalog.catalog import Catalog
from segue.catalog.genre_guesses import GenreGuessed
from segue.errors import LibraryError, NotFoundError
from segue.models.artifact import load_artifact, save_artifact
from segue.models.genre_network import GenreNetwork
from segue.models.probe import Probe
from segue.service.genre_listening import HeardFile, OnFile, listen
from segue.service.genre_training import (
    PROBE,
    Detector,
    GenreEvaluation,
    NetworkDetector,
    ProbeDetector,
    TrainingSet,
    kind_of,
)
from segue.service.worker import Failure
from segue.types import SCHEMA_VERSION, display_path

UNKNOWN: Final = "unknown"
CERTAIN: Final = 0.5  # below, a song's genre is unknown
_NAME: Final = "genre"
_PART: Final = 200  # songs between two writes


@dataclass(frozen=True)
class GenreGuess:
    """What a detector says of a file.

    Attributes
    ----------
    genre
        ``unknown`` where no genre has at least an even chance.
    certainty
        Of the likeliest genre, 0..1.
    likeliest
        That genre, certain or not; empty where the file could not be heard.
    problem
        Why it could not; else None.
    """

    file: str
    genre: str
    certainty: float
    likeliest: str = ""
    problem: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return {
            "file": self.file,
            "genre": self.genre,
            "certainty": round(self.certainty, 6),
            "likeliest": self.likeliest,
            "problem": self.problem,
        }


@dataclass(frozen=True, eq=False)
class GenreTraining:
    """What came of training a detector.

    Attributes
    ----------
    evaluation
        By folds, of the same network and songs; None where it was not asked for.
    """

    network: str
    genres: tuple[str, ...]
    songs: int
    seconds: float
    size: int
    duplicates: tuple[tuple[str, str], ...]
    problems: tuple[tuple[str, str], ...]
    evaluation: GenreEvaluation | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return {
            "schema": SCHEMA_VERSION,
            "network": self.network,
            "labels": list(self.genres),
            "songs": self.songs,
            "seconds": round(self.seconds, 3),
            "bytes": self.size,
            "duplicates": [list(pair) for pair in self.duplicates],
            "left_out": [{"file": path, "cause": cause} for path, cause in self.problems],
        }


def save_detector(
    models: Path, network: str, detector: Detector, arrays: dict[str, Any], songs: TrainingSet
) -> int:
    """Write a detector in place of the one before it, and return its size in bytes.

    Raises
    ------
    LibraryError
        If it cannot be written; the old one then stays.
    """
    meta = {
        "network": network,
        "labels": list(detector.labels),
        "options": detector.probe.options if isinstance(detector, ProbeDetector) else {},
        "fingerprint": songs.fingerprint,
        "songs": len(songs.files),
        "fitted_at": time.time(),
    }
    return save_artifact(models, _NAME, arrays, meta).size


def load_detector(models: Path) -> tuple[str, Detector]:
    """Return the library's detector with the name of its network.

    Raises
    ------
    NotFoundError
        If there is none.
    LibraryError
        If it is damaged or of another version.
    """
    try:
        stored = load_artifact(models, _NAME)
    except NotFoundError as error:
        raise NotFoundError(
            "no genre detector is trained yet; train one with `segue genre train FOLDER`"
        ) from error
    arrays, meta = stored.arrays(), stored.meta
    try:
        network, labels = str(meta["network"]), tuple(map(str, meta["labels"]))
        if network == PROBE:
            probe = Probe.from_arrays(meta["options"], arrays)
            if probe.coefficients_.shape[:1] != (len(labels),):
                raise ValueError("it names other genres than it knows")
            return network, ProbeDetector(probe, labels)
        return network, NetworkDetector(GenreNetwork(bytes(np.asarray(arrays["network"]))))
    except (KeyError, TypeError, ValueError) as error:
        raise LibraryError(
            f"the genre detector in {stored.folder} is damaged ({error}); train it again with "
            "`segue genre train FOLDER`"
        ) from error


def predict_files(
    models: Path,
    ear_folder: Path,
    paths: Sequence[bytes],
    *,
    on_progress: OnFile = lambda *_: None,
) -> list[GenreGuess]:
    """Return what the library's detector says of files, in their order.

    Raises
    ------
    NotFoundError
        If no detector is trained.
    EarError
        If it needs the ear, which is not installed.
    """
    network, detector = load_detector(models)
    results = listen(paths, kind_of(network), ear_folder, on_progress=on_progress)
    guesses = []
    for path, result in zip(paths, results, strict=True):
        guesses.append(_guess(detector, display_path(path), result))
    return guesses


def _guess(detector: Detector, name: str, result: HeardFile | Failure) -> GenreGuess:
    if not isinstance(result, HeardFile):
        return GenreGuess(name, UNKNOWN, 0.0, problem=result.message)
    chances = detector.of_song(result)
    best = int(chances.argmax())
    certainty, likeliest = float(chances[best]), detector.labels[best]
    return GenreGuess(name, likeliest if certainty >= CERTAIN else UNKNOWN, certainty, likeliest)


@dataclass
class GenreLabelling:
    """What came of asking the detector of all songs.

    Attributes
    ----------
    genres
        How many songs were given each genre, ``unknown`` among them.
    problems
        (path, message) of songs that could not be heard.
    """

    genres: dict[str, int] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        problems = [{"file": path, "cause": cause} for path, cause in self.problems]
        return {"schema": SCHEMA_VERSION, "genres": self.genres, "problems": problems}


def label_library(
    catalog: Catalog,
    models: Path,
    ear_folder: Path,
    *,
    on_progress: OnFile = lambda *_: None,
) -> GenreLabelling:
    """Ask the detector of every song with a file that it was not asked of; the caller has the lock.

    Each part is written as it is done, so that an interrupted run is gone on with. A file that
    could not be heard counts as asked of.

    Raises
    ------
    NotFoundError
        If no detector is trained.
    EarError
        If it needs the ear, which is not installed.
    LibraryError
        If the catalogue cannot be written; what was written stays.
    """
    network, detector = load_detector(models)
    stamp = load_artifact(models, _NAME).folder.name
    report = GenreLabelling()
    songs = catalog.genre_guesses.lacking(stamp)
    for start in range(0, len(songs), _PART):
        part = songs[start : start + _PART]

        def told(done: int, _: int, before: int = start) -> None:
            on_progress(before + done, len(songs))

        results = listen([path for _, path in part], kind_of(network), ear_folder, on_progress=told)
        with catalog.database.transaction() as connection:
            for (track_id, path), result in zip(part, results, strict=True):
                guess = _guess(detector, display_path(path), result)
                genre = None if guess.genre == UNKNOWN else guess.genre
                guessed = GenreGuessed(genre, guess.certainty)
                catalog.genre_guesses.write(connection, stamp, track_id, guessed)
                report.genres[guess.genre] = report.genres.get(guess.genre, 0) + 1
                if guess.problem is not None:
                    report.problems.append((guess.file, guess.problem))
    return report
