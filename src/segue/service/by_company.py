"""What a library can do with the company that songs keep: learn from it, recommend, measure."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from segue.catalog.catalog import Catalog
from segue.errors import LibraryError, UsageError
from segue.service.resolve import Song

if TYPE_CHECKING:
    from segue.evaluate.report import Evaluation, NextSongEvaluation
    from segue.models.recommender import OnProgress
    from segue.service.analogy import Analogy
    from segue.service.comparing import Comparison
    from segue.service.evaluating import EvaluateOptions
    from segue.service.exporting import Exported
    from segue.service.fitted import StoredModel
    from segue.service.fitting import FitReport, FitState
    from segue.service.learning import LearnFrom
    from segue.service.map_report import MapReport
    from segue.service.recommendation import Recommendation, Wish
    from segue.service.recommending import Models

PathLike = str | os.PathLike[str]


class ByCompany:
    """The part of `segue.Library` that rests on playlists and listening.

    Attributes
    ----------
    path
        The library's folder; the fitted models are below it.
    read_only
        Whether nothing can be fitted.
    """

    path: Path
    read_only: bool
    _catalog: Catalog

    def fit(
        self,
        *models: str,
        learn_from: LearnFrom | None = None,
        compact: bool = False,
        options: Mapping[str, str] | None = None,
        force: bool = False,
        on_state: Callable[[FitState], None] = lambda _: None,
    ) -> FitReport:
        """Let recommenders learn from the playlists or the listening in the library.

        One that already learned the same is left as it is; others may go on writing meanwhile.

        Parameters
        ----------
        models
            Names of recommenders; without any, all of them and the blend, as far as there is
            enough to learn from.
        learn_from
            What they learn from; None for playlists, or sessions where there are no playlists.
        compact
            Make them small, for machines with little memory.
        options
            Options of the one model that is named, as text: ``{"window": "3"}``.
        force
            Fit those as well that are as they should be.
        on_state
            Called as the fits go on.

        Raises
        ------
        UsageError
            If there is no recommender of a name, an option makes no sense, or there is nothing to
            learn from.
        LibraryError
            If a model cannot be written.
        """
        from segue.service.fitting import FitState, fit_and_store, read_options, with_parts
        from segue.service.learning import LearnFrom, read_interactions

        self._check_writable()
        with_parts(models)
        if options and (len(models) != 1 or models[0] == "blend"):
            raise UsageError("options are those of one model; name it, and no other beside it")
        chosen = read_options(models[0], options) if options else {}
        on_state(FitState())
        interactions, about = read_interactions(self._catalog, learn_from or LearnFrom())
        return fit_and_store(
            self._models_folder,
            interactions,
            models,
            about,
            compact=compact,
            options=chosen,
            force=force,
            on_state=on_state,
        )

    def models(self) -> list[StoredModel]:
        """Return the recommenders that are fitted, by name."""
        from segue.catalog.material import material_state
        from segue.service.fitted import stored_models

        return stored_models(self._models_folder, material_state(self._catalog.database))

    def remove_model(self, name: str) -> None:
        """Delete a fitted recommender; raises NotFoundError if there is none of that name."""
        from segue.service.fitted import remove_model

        self._check_writable()
        remove_model(self._models_folder, name)

    def recommend(self, wish: Wish | Song | Sequence[Song], k: int | None = None) -> Recommendation:
        """Return songs that go with others, with a playlist, a title or a listener, best first.

        Parameters
        ----------
        wish
            A `segue.Wish`, which has all that can be asked for; or one song or several, named as
            for `find`.
        k
            How many, at least 1; None for as many as the wish says, which is 10.

        Raises
        ------
        NotFoundError
            If a song, playlist, listener or artist is not in the library, or nothing is fitted.
        UsageError
            If there is nothing to start from, no model of that name, or `k` is below 1.
        """
        from segue.service.recommendation import Wish
        from segue.service.recommending import recommend

        return recommend(self._catalog, self._models, Wish.of(wish, k))

    def analogy(
        self, song: Song, *, minus: Sequence[str] = (), plus: Sequence[str] = (), k: int = 10
    ) -> Analogy:
        """Return the `k` songs nearest to ``song - minus + plus`` in the space of word2vec.

        `minus` and `plus` are names of artists, or words of songs where no artist is called so.

        Raises
        ------
        NotFoundError
            If a name is not in the library, or in too few playlists, or word2vec is not fitted.
        UsageError
            If there is nothing to take off or to add, or `k` is below 1.
        """
        from segue.service.analogy import MODEL, analogy

        return analogy(self._catalog, self._models.get(MODEL), song, minus, plus, k)

    def compare(self, one: Song, other: Song) -> Comparison:
        """Return how alike two songs are: by every fitted model, by sound, and in playlists.

        Raises
        ------
        NotFoundError
            If one is not in the library.
        UsageError
            If both are the same.
        """
        from segue.service.comparing import compare

        return compare(self._catalog, self._models, one, other)

    def export_vectors(
        self, file: PathLike, *, model: str = "word2vec", form: str = "npy"
    ) -> Exported:
        """Write the vectors of songs and listeners, with their ids, to a file.

        Parameters
        ----------
        model
            ``word2vec`` or ``als``.
        form
            ``npy``: records of kind, id and vector. ``parquet``: those, with names; needs pyarrow.
            ``word2vec``: its text format.

        Raises
        ------
        NotFoundError
            If the model is not fitted.
        UsageError
            If it has no vectors, or the format is another or needs what is not installed.
        LibraryError
            If the file cannot be written.
        """
        from segue.service.exporting import export_vectors

        path = Path(os.path.expanduser(file))
        return export_vectors(self._catalog, self._models.get(model), path, form)

    def evaluate(
        self, wanted: EvaluateOptions, on_progress: OnProgress | None = None
    ) -> Evaluation:
        """Measure how well recommenders go on with playlists that they have not seen.

        Raises
        ------
        UsageError
            If there is nothing to learn from or to ask, or an option makes no sense.
        SourceError
            If the file of held-out playlists cannot be read.
        """
        from segue.models.recommender import silent
        from segue.service.evaluating import evaluate

        return evaluate(self._catalog, self._models_folder, wanted, on_progress or silent)

    def evaluate_next_song(
        self, wanted: EvaluateOptions, on_progress: OnProgress | None = None
    ) -> NextSongEvaluation:
        """Measure how well recommenders tell the next song of a session of listening.

        Raises
        ------
        UsageError
            If there are too few sessions.
        """
        from segue.models.recommender import silent
        from segue.service.evaluating import evaluate_next_song

        return evaluate_next_song(self._catalog, wanted, on_progress or silent)

    def plot_map(
        self,
        out: PathLike | None = None,
        *,
        model: str = "word2vec",
        color: str = "genre",
        n: int = 20_000,
        like: Sequence[Song] = (),
        gif: PathLike | None = None,
        on_progress: Callable[[int, int], None] = lambda *_: None,
    ) -> MapReport:
        """Lay the songs out in two dimensions and draw them, alike ones side by side.

        Parameters
        ----------
        out, gif
            Pictures to write: ``.png`` or ``.svg``; and step by step, with `like`.
        model
            Whose vectors are laid out: ``word2vec``, ``als`` or ``sound``.
        color
            What the colours tell: ``genre``, ``artist`` or ``mood``.
        n
            How many songs, those most played first.
        like
            Songs of a listener, shown with their mean and its neighbours.

        Raises
        ------
        UsageError
            If an option makes no sense, or the extra ``plots`` is not installed.
        NotFoundError
            If the model is not fitted, or a song is not in the library.
        LibraryError
            If a picture cannot be written.
        """
        from segue.service.mapping import SongMapper

        cache = None if self.read_only else self.path / "cache"
        pictures = [None if file is None else Path(os.path.expanduser(file)) for file in (out, gif)]
        return SongMapper(self._catalog, self._models_folder, cache).plot(
            pictures[0],
            model=model,
            color=color,
            n=n,
            like=like,
            gif=pictures[1],
            on_progress=on_progress,
        )

    @property
    def _models_folder(self) -> Path:
        return self.path / "models"

    @cached_property
    def _models(self) -> Models:
        from segue.service.recommending import Models

        return Models(self._models_folder)

    def _check_writable(self) -> None:
        if self.read_only:
            raise LibraryError(
                f"the library at {self.path} cannot be written; check who owns it and its disk"
            )
