"""What a library can do with genres: draw their songs, and how well they are told apart."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from segue.catalog.catalog import Catalog
from segue.service.lock import write_lock

if TYPE_CHECKING:
    from segue.service.confusion_picture import ConfusionPicture, GenreResult
    from segue.service.genre_detecting import GenreGuess, GenreLabelling, GenreTraining
    from segue.service.genre_listening import OnFile
    from segue.service.genre_pictures import GenrePicture, SongPicture
    from segue.service.genre_training import GenreProgress

PathLike = str | os.PathLike[str]


class ByGenre:
    """The part of `segue.Library` that is about genres."""

    path: Path
    _catalog: Catalog
    ear_folder: Path
    _on_wait: Callable[[], None]
    _check_writable: Callable[[], None]

    def train_genres(
        self,
        source: PathLike,
        *,
        network: str = "probe",
        seed: int = 0,
        epochs: int | None = None,
        on_progress: Callable[[GenreProgress], None] = lambda _: None,
    ) -> GenreTraining:
        """Teach a genre detector on labelled music, and keep it in the library.

        Parameters
        ----------
        source
            A folder with a folder for each genre, or a CSV with the columns ``file`` and ``genre``.
        network
            ``probe``, which takes Segue's own ear and some seconds; ``cookbook``, ``murecom`` or
            ``segue``, which learn to hear and need the extra ``train``.
        epochs
            Of a network; None takes its own number. A run that was cut off goes on.

        Raises
        ------
        SourceError
            If the source cannot be read, or fewer than two genres have songs.
        EarError
            If `probe` is asked for and the ear is not installed.
        UsageError
            If there is no such network, or PyTorch is not installed.
        LibraryError
            If the library cannot be written.
        """
        import time

        from segue.service.genre_detecting import GenreTraining, save_detector
        from segue.service.genre_training import named_pairs, read_training_set, teach

        self._check_writable()
        began = time.monotonic()
        songs = read_training_set(_path(source), network, self.ear_folder, on_progress)
        self._detectors.mkdir(parents=True, exist_ok=True)
        state = f"{songs.fingerprint[:16]}-{seed}-{epochs or 0}"
        checkpoint = self._detectors / f"{network}-{state}.checkpoint"
        detector, arrays = teach(
            network,
            songs,
            np.arange(len(songs.files)),
            seed=seed,
            epochs=epochs,
            checkpoint=checkpoint,
            on_progress=on_progress,
        )
        size = save_detector(self._detectors, network, detector, arrays, songs)
        for old in self._detectors.glob("*.checkpoint"):
            old.unlink(missing_ok=True)
        return GenreTraining(
            network,
            songs.genres,
            len(songs.files),
            time.monotonic() - began,
            size,
            named_pairs(songs),
            songs.problems,
        )

    def predict_genres(
        self, files: Sequence[PathLike], *, on_progress: OnFile = lambda *_: None
    ) -> list[GenreGuess]:
        """Return which genre each file is of, by the library's detector.

        Raises
        ------
        NotFoundError
            If no detector is trained.
        """
        from segue.service.genre_detecting import predict_files

        paths = [os.path.abspath(os.fsencode(os.path.expanduser(file))) for file in files]
        return predict_files(self._detectors, self.ear_folder, paths, on_progress=on_progress)

    def label_genres(self, *, on_progress: OnFile = lambda *_: None) -> GenreLabelling:
        """Name the genre of every song with a file, by the library's detector.

        Songs that it was asked of are left out; an interrupted run is gone on with. Tags stay as
        they are: what was heard is kept beside them, and filters by genre use both.

        Raises
        ------
        NotFoundError
            If no detector is trained.
        LibraryError
            If the library cannot be written.
        """
        from segue.service.genre_detecting import label_library

        self._check_writable()
        with write_lock(self.path, self._on_wait):
            return label_library(
                self._catalog, self._detectors, self.ear_folder, on_progress=on_progress
            )

    @property
    def _detectors(self) -> Path:
        return self.path / "detectors"

    def plot_spectrogram(self, file: PathLike, out: PathLike) -> SongPicture:
        """Draw the mel spectrogram of a file, in the library or not, of ten minutes at most.

        Parameters
        ----------
        out
            The picture to write: ``.png`` or ``.svg``.

        Raises
        ------
        AudioError
            If the file cannot be decoded.
        UsageError
            If the extra ``plots`` is not installed.
        LibraryError
            If the picture cannot be written.
        """
        from segue.service.genre_pictures import plot_spectrogram

        return plot_spectrogram(_path(file), _path(out))

    def plot_genre(
        self,
        genre: str,
        out: PathLike,
        *,
        source: PathLike | None = None,
        seed: int = 0,
        on_progress: Callable[[int, int], None] = lambda *_: None,
    ) -> GenrePicture:
        """Draw up to 25 songs of a genre side by side, and their mean.

        Parameters
        ----------
        out
            The picture to write: ``.png`` or ``.svg``.
        source
            A folder of labelled music, or its CSV; None for the library's files, by their tags.
        seed
            Of the draw.

        Raises
        ------
        NotFoundError
            If there is no such genre, or none of its files can be decoded.
        SourceError
            If the source cannot be read.
        UsageError
            If the extra ``plots`` is not installed.
        LibraryError
            If the picture cannot be written.
        """
        from segue.service.genre_pictures import labelled_songs, library_songs, plot_genre

        if source is None:
            name, songs = library_songs(self._catalog, genre)
        else:
            name, songs = labelled_songs(_path(source), genre)
        return plot_genre(songs, name, _path(out), seed=seed, on_progress=on_progress)

    def plot_confusion(
        self, result: GenreResult | Mapping[str, Any], out: PathLike, title: str | None = None
    ) -> ConfusionPicture:
        """Draw which genres were taken for which.

        Parameters
        ----------
        result
            Of an evaluation: as it was read, or the JSON that `segue genre evaluate` prints.
        out
            The picture to write: ``.png`` or ``.svg``.
        title
            Above it, before the accuracy.

        Raises
        ------
        SourceError
            If the JSON is not such a result.
        UsageError
            If the extra ``plots`` is not installed, or there are too many genres.
        LibraryError
            If the picture cannot be written.
        """
        from segue.service.confusion_picture import TITLE, GenreResult, plot_confusion

        if isinstance(result, Mapping):
            result = GenreResult.from_json(result)
        return plot_confusion(result, _path(out), title or TITLE)


def _path(file: PathLike) -> Path:
    return Path(os.path.expanduser(file))
