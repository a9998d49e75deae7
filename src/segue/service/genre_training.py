"""Teaching genre detectors, and judging them on songs they were not taught on."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from segue.audio.decode import decode
from segue.audio.duplicates import (
    RATE,
    beginning,
    find_duplicates,
    same_audio,
    windows_in_order,
)
from segue.audio.power_mel import chunks
from segue.errors import AudioError, SourceError, UsageError
from segue.evaluate.genre_metrics import VOTES, GenreScores, score_genres, vote
from segue.evaluate.genre_split import folds, groups
from segue.models.genre_network import GenreNetwork
from segue.models.probe import Probe, song_vectors
from segue.service.genre_listening import HeardFile, Kind, listen
from segue.sources.labelled import Labelled, LabelledFile, read_labelled, read_split
from segue.types import SCHEMA_VERSION, display_path

PROBE: Final = "probe"
NETWORKS: Final = (PROBE, "cookbook", "murecom", "segue")
_WORST: Final = 50  # mistakes that are told


@dataclass(frozen=True)
class GenreProgress:
    """How far the work is.

    Attributes
    ----------
    step
        ``listening``, or what is being taught.
    done, total
        Files, or epochs.
    loss, accuracy
        Of the last epoch, on what is being learned; None while there is none.
    """

    step: str
    done: int
    total: int
    loss: float | None = None
    accuracy: float | None = None


OnProgress = Callable[[GenreProgress], None]


def _silent(_: GenreProgress) -> None:
    pass


class Detector(Protocol):
    """Tells genres: what is fitted and stored."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of its genres."""
        ...

    def of_song(self, heard: HeardFile) -> NDArray[np.float32]:
        """Return the probability of each genre [shape=(g,)]."""
        ...

    def of_chunks(self, heard: HeardFile) -> NDArray[np.float32]:
        """Return the probabilities for each chunk [shape=(c, g)]."""
        ...


@dataclass(frozen=True)
class ProbeDetector:
    """A probe and the names of its genres."""

    probe: Probe
    labels: tuple[str, ...]

    def of_song(self, heard: HeardFile) -> NDArray[np.float32]:
        """Return what the probe says of the mean of the song's vectors."""
        song: NDArray[np.float32] = self.probe.probabilities(song_vectors([heard.features]))[0]
        return song

    def of_chunks(self, heard: HeardFile) -> NDArray[np.float32]:
        """Return what the probe says of each piece of 3 s."""
        return self.probe.probabilities(heard.features)


@dataclass(frozen=True)
class NetworkDetector:
    """A trained network."""

    network: GenreNetwork

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of its genres."""
        return self.network.labels

    def of_song(self, heard: HeardFile) -> NDArray[np.float32]:
        """Return the mean over the song's chunks."""
        return vote(self.of_chunks(heard), "mean")

    def of_chunks(self, heard: HeardFile) -> NDArray[np.float32]:
        """Return what the network says of each of ten chunks."""
        return self.network.probabilities(chunks(heard.features))


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Labelled songs that could be heard. n songs, g genres.

    Attributes
    ----------
    kind
        What `features` are; see `HeardFile`.
    files, heard
        Of each song.
    genres
        Names, in order.
    labels
        The genre of each song [shape=(n,)].
    duplicates
        (first, copy) positions of copies: exact ones, and with the ear near ones.
    problems
        (path, message) of files that were left out.
    """

    kind: Kind
    files: tuple[LabelledFile, ...]
    heard: tuple[HeardFile, ...]
    genres: tuple[str, ...]
    labels: NDArray[np.int64]
    duplicates: tuple[tuple[int, int], ...] = ()
    problems: tuple[tuple[str, str], ...] = ()

    @property
    def groups(self) -> NDArray[np.int64]:
        """Songs that must stay on one side of a split: of one artist, or copies."""
        return groups([file.artist for file in self.files], self.duplicates)

    @property
    def fingerprint(self) -> str:
        """A digest of the audio and its genres."""
        digest = hashlib.sha256()
        for file, heard in zip(self.files, self.heard, strict=True):
            digest.update(f"{heard.digest}\0{file.genre}\n".encode())
        return digest.hexdigest()


def kind_of(network: str) -> Kind:
    """Return what a network hears.

    Raises
    ------
    UsageError
        If there is no such network.
    """
    if network not in NETWORKS:
        raise UsageError(f"there is no network {network!r}; choose one of {', '.join(NETWORKS)}")
    return "ear" if network == PROBE else "mel"


def read_training_set(
    source: Path, network: str, ear_folder: Path, on_progress: OnProgress = _silent
) -> TrainingSet:
    """Return the labelled songs of a folder of genre folders or a CSV; broken ones are left out.

    Raises
    ------
    SourceError
        If it cannot be read, or fewer than two genres have a song that can be heard.
    UsageError
        If there is no such network.
    EarError
        If the network is `probe` and the ear is not installed.
    """
    kind = kind_of(network)
    labelled: Labelled = read_labelled(source)
    problems = [(skip.where, skip.reason) for skip in labelled.skipped]

    def told(done: int, total: int) -> None:
        on_progress(GenreProgress("listening", done, total))

    results = listen([file.path for file in labelled.files], kind, ear_folder, on_progress=told)
    files, heard = [], []
    for file, result in zip(labelled.files, results, strict=True):
        if isinstance(result, HeardFile):
            files.append(file)
            heard.append(result)
        else:
            problems.append((display_path(file.path), result.message))
    genres = sorted({file.genre for file in files})
    if len(genres) < 2:
        raise SourceError(
            f"{source} has songs that can be heard of {len(genres)} genres, expected two or more; "
            f"{len(problems)} files were left out"
        )
    number = {genre: i for i, genre in enumerate(genres)}
    return TrainingSet(
        kind,
        tuple(files),
        tuple(heard),
        tuple(genres),
        np.array([number[file.genre] for file in files], dtype=np.int64),
        _duplicates(kind, files, heard),
        tuple(problems),
    )


def _duplicates(
    kind: Kind, files: Sequence[LabelledFile], heard: Sequence[HeardFile]
) -> tuple[tuple[int, int], ...]:
    """Return exact copies, and where the ear listened also those of other codecs and levels."""
    found = set(same_audio([each.digest for each in heard]))
    if kind == "ear":

        def samples(place: int) -> NDArray[np.float32]:
            with suppress(AudioError):
                return np.asarray(decode(files[place].path, beginning, RATE).windows[0].mono)
            return np.zeros(1, dtype=np.float32)  # it was there a moment ago; now it is no copy

        vectors = np.stack([windows_in_order(each.features[::2]) for each in heard])
        found |= set(find_duplicates(vectors, np.array([each.seconds for each in heard]), samples))
    return tuple(sorted(found))


def teach(
    network: str,
    songs: TrainingSet,
    chosen: NDArray[np.int64],
    *,
    seed: int = 0,
    epochs: int | None = None,
    checkpoint: Path | None = None,
    step: str = "",
    on_progress: OnProgress = _silent,
) -> tuple[Detector, dict[str, Any]]:
    """Return a detector fitted on the chosen songs, and what is stored of it: arrays by name.

    Raises
    ------
    UsageError
        If the network needs PyTorch, which is not there.
    """
    labels = songs.labels[chosen]
    if network == PROBE:
        on_progress(GenreProgress(step or network, 0, 1))
        probe = Probe().fit(song_vectors([songs.heard[i].features for i in chosen]), labels)
        on_progress(GenreProgress(step or network, 1, 1))
        return ProbeDetector(probe, songs.genres), probe.arrays()
    from segue.train.training import Epoch, train_network

    def told(epoch: Epoch) -> None:
        on_progress(
            GenreProgress(step or network, epoch.epoch, epoch.epochs, epoch.loss, epoch.accuracy)
        )

    model = train_network(
        network,
        [songs.heard[i].features for i in chosen],
        labels,
        songs.genres,
        seed=seed,
        epochs=epochs,
        checkpoint=checkpoint,
        on_progress=told,
    )
    return NetworkDetector(GenreNetwork(model)), {"network": np.frombuffer(model, dtype=np.uint8)}


@dataclass(frozen=True, eq=False)
class GenreEvaluation:
    """How well a network tells genres, by songs it was not taught on.

    Attributes
    ----------
    scores
        Of the songs; for `probe` of the mean of a song's vectors, else of the mean of its chunks.
    votes
        The accuracy of the three ways from chunks to a song.
    chunk_accuracy
        The share of chunks whose likeliest genre is their song's.
    mistakes
        (file, genre, predicted, certainty), the most certain first.
    """

    network: str
    scores: GenreScores
    votes: Mapping[str, float]
    chunk_accuracy: float
    n_folds: int
    seconds: float
    mistakes: tuple[tuple[str, str, str, float], ...] = ()
    duplicates: tuple[tuple[str, str], ...] = ()
    problems: tuple[tuple[str, str], ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """Return the evaluation as JSON values."""
        return {
            "schema": SCHEMA_VERSION,
            "network": self.network,
            **self.scores.to_json(),
            "vote": {name: round(value, 6) for name, value in self.votes.items()},
            "chunk_accuracy": round(self.chunk_accuracy, 6),
            "folds": self.n_folds,
            "seconds": round(self.seconds, 3),
            "mistakes": [
                {"file": a, "genre": b, "predicted": c, "certainty": round(d, 6)}
                for a, b, c, d in self.mistakes
            ],
            "duplicates": [list(pair) for pair in self.duplicates],
            "left_out": [{"file": path, "cause": cause} for path, cause in self.problems],
        }


def evaluate_genres(
    source: Path,
    network: str,
    ear_folder: Path,
    *,
    n_folds: int = 5,
    split: Path | None = None,
    seed: int = 0,
    epochs: int | None = None,
    on_progress: OnProgress = _silent,
) -> GenreEvaluation:
    """Judge a network by folds: taught on most songs, asked of the others, each song once.

    Folds have the genres in equal shares; songs of one artist, and copies, are in one fold. With
    `split`, a folder of lists that `read_split` reads, what is in the lists to train and to
    validate is learned from, and the list to test is asked of, once.

    Raises
    ------
    UsageError
        If there are fewer than two folds, or a genre has fewer artists than there are folds.
    SourceError
        As `read_training_set` does.
    """
    began = time.monotonic()
    if n_folds < 2:
        raise UsageError(f"asked for {n_folds} folds, expected at least 2")
    songs = read_training_set(source, network, ear_folder, on_progress)
    together = songs.groups
    found = np.zeros((len(songs.files), len(songs.genres)), dtype=np.float32)
    of_chunks: list[NDArray[np.float32]] = [np.zeros((0, 0), dtype=np.float32)] * len(songs.files)
    problems = songs.problems
    if split is None:
        parts = list(folds(songs.labels, together, n_folds, seed, names=songs.genres))
    else:
        lists = read_split(split, Labelled(songs.files, ()))
        parts = [_checked(songs, np.concatenate([lists.train, lists.valid]), lists.test)]
        problems += tuple((skip.where, skip.reason) for skip in lists.skipped)
    for number, (taught, asked) in enumerate(parts, 1):
        step = f"{network}, fold {number} of {len(parts)}"
        detector, _ = teach(
            network, songs, taught, seed=seed, epochs=epochs, step=step, on_progress=on_progress
        )
        for i in asked.tolist():
            found[i] = detector.of_song(songs.heard[i])
            of_chunks[i] = detector.of_chunks(songs.heard[i])
    every = np.sort(np.concatenate([asked for _, asked in parts]))
    labels = songs.labels[every]
    heard = [of_chunks[i] for i in every.tolist()]
    votes: dict[str, float] = {
        how: float(np.mean([vote(of, how).argmax() for of in heard] == labels)) for how in VOTES
    }
    right = np.concatenate(
        [of.argmax(axis=1) == label for of, label in zip(heard, labels, strict=True)]
    )
    return GenreEvaluation(
        network,
        score_genres(found[every], labels, together[every], songs.genres, seed=seed),
        votes,
        float(right.mean()),
        len(parts),
        time.monotonic() - began,
        _mistakes(songs, found, every),
        named_pairs(songs),
        problems,
    )


def _checked(
    songs: TrainingSet, taught: NDArray[np.int64], asked: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return both sides of a split, if every genre can be learned."""
    missing = np.setdiff1d(np.arange(len(songs.genres)), songs.labels[taught])
    if len(missing):
        raise UsageError(
            f"the lists have no song of {songs.genres[missing[0]]} to learn from; "
            "leave that genre out of the folder"
        )
    return np.sort(taught), asked


def _mistakes(
    songs: TrainingSet, found: NDArray[np.float32], asked: NDArray[np.int64]
) -> tuple[tuple[str, str, str, float], ...]:
    """Return the answers that were wrong, the most certain first."""
    answers = found.argmax(axis=1)
    wrong = asked[answers[asked] != songs.labels[asked]]
    order = wrong[np.argsort(-found[wrong, answers[wrong]], kind="stable")]
    return tuple(
        (
            display_path(songs.files[i].path),
            songs.files[i].genre,
            songs.genres[answers[i]],
            float(found[i, answers[i]]),
        )
        for i in order[:_WORST].tolist()
    )


def named_pairs(songs: TrainingSet) -> tuple[tuple[str, str], ...]:
    """Return the files of copies, each with the first of its kind."""
    names = [display_path(file.path) for file in songs.files]
    return tuple((names[i], names[j]) for i, j in songs.duplicates)
