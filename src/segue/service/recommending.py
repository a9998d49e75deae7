"""Recommending by company: a start, a model, filters, and the answer one song at a time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from segue.catalog.catalog import Catalog
from segue.catalog.filters import matching, sifted
from segue.errors import NotFoundError, UsageError
from segue.models.artifact import list_artifacts
from segue.recommend.blend import PARTS
from segue.service.choice import Choice
from segue.service.fitted import BLEND, FittedModel, can_blend, current_fits, load_model
from segue.service.learning import ROW_NAMES
from segue.service.recommendation import Recommendation, Wish
from segue.service.start import Start, start_of
from segue.types import Hit, Reason, Seed

# What answers where nothing is named: the first that is fitted.
_BEST: Final = (BLEND, "playlist_knn", "item_knn", "als", "word2vec", "titles", "popularity")
_BEST_BY_TITLE: Final = (BLEND, "titles", "popularity")
_SPARE: Final = 20  # songs more than asked for, since some are pressings of others
_POOL: Final = 1_000  # songs of which a filter may let enough through
_MORE: Final = 4  # times as many, where that was too few


class Models:
    """The fitted models of a library, each loaded once and again after a new fit."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._loaded: dict[str, tuple[dict[str, str], FittedModel]] = {}

    def get(self, name: str) -> FittedModel:
        """Return a model; see `load_model` for what it raises."""
        current = current_fits(self.folder, (*PARTS, BLEND) if name == BLEND else (name,))
        if name not in self._loaded or self._loaded[name][0] != current:
            self._loaded[name] = current, load_model(self.folder, name)
        return self._loaded[name][1]

    def names(self) -> list[str]:
        """Return the models that can answer, in order; the blend where all it needs is there."""
        fitted = list_artifacts(self.folder)
        return [name for name in fitted if name != BLEND or can_blend(self.folder)]

    def best(self, *, by_title: bool = False) -> FittedModel:
        """Return the best that is fitted; `by_title` where there is a title alone to go by.

        Raises
        ------
        NotFoundError
            If none is.
        """
        fitted = self.names()
        for name in _BEST_BY_TITLE if by_title else _BEST:
            if name in fitted:
                return self.get(name)
        raise NotFoundError(
            "no recommender is fitted yet; let them learn from the library first: `segue fit`"
        )


def recommend(catalog: Catalog, models: Models, wish: Wish) -> Recommendation:
    """Return songs that go with a start; see `segue.Library.recommend`."""
    if wish.k < 1:
        raise UsageError(f"k is {wish.k}, expected at least 1")
    start = start_of(catalog, wish)
    model = models.best(by_title=not start.likes) if wish.model is None else models.get(wish.model)
    choice = Choice(catalog, (*start.likes, *start.dislikes), versions=wish.versions)
    seed = start.seed(catalog, model.track_ids)
    ids: list[int] = []
    if wish.filters:  # most let enough through that nothing but the best songs need be looked at
        ranking = model.model.recommend(seed, max(_POOL, wish.k + _SPARE))
        passed = sifted(catalog.database, wish.filters, ranking.ids.tolist())
        ids = choice.of(passed, wish.k)
        if len(ids) < wish.k:
            seed = replace(seed, allowed=matching(catalog.database, wish.filters))
    wanted = wish.k + _SPARE
    while len(ids) < wish.k:
        ranking = model.model.recommend(seed, wanted)
        ids = choice.of(ranking.ids.tolist(), wish.k)
        if len(ranking) < wanted:
            break
        wanted *= _MORE
    reasons = model.model.explain(seed, np.array(ids, dtype=np.int64)) if ids else []
    words = _Words(catalog, model, start, seed)
    said = [(words.of(reason),) for reason in reasons]
    scores = dict(zip(ranking.ids.tolist(), ranking.scores.tolist(), strict=True))
    if seed.allowed is not None and len(ids) < wish.k and model.track_ids is not None:
        rest = seed.allowed[~np.isin(seed.allowed, model.track_ids)]
        unknown = choice.of([*ids, *rest.tolist()], wish.k)[len(ids) :]
        said += [(f"no {words.row} it learned from has it",)] * len(unknown)
        ids += unknown
    shown = choice.shown(ids, owned=wish.filters.owned)
    about = catalog.tracks.get([*start.likes, *start.dislikes])
    likes = [(id_, weight) for id_, weight in zip(start.likes, start.weights, strict=True)]
    return Recommendation(
        likes=tuple(about[id_] for id_, _ in likes if id_ in about),
        weights=tuple(weight for id_, weight in likes if id_ in about),
        hits=tuple(
            Hit(shown[id_], scores.get(id_, 0.0), why)
            for id_, why in zip(ids, said, strict=True)
            if id_ in shown
        ),
        model=model.name,
        dislikes=tuple(about[id_] for id_ in start.dislikes if id_ in about),
        others=start.others,
        playlist=start.playlist,
        title=start.title,
    )


class _Words:
    """Says reasons in words a person reads."""

    def __init__(self, catalog: Catalog, model: FittedModel, start: Start, seed: Seed) -> None:
        self.row, self._rows = ROW_NAMES.get(str(model.meta.get("from")), ROW_NAMES["playlists"])
        # Songs may be near without one row that has both: it is enough that others are beside both.
        self._near = model.name in ("word2vec", "als")
        self._roots = dict(zip(seed.likes.tolist(), start.likes, strict=True))
        self._catalog = catalog
        self._titles: dict[int, str] = {}

    def of(self, reason: Reason) -> str:
        """Return one reason."""
        title = self._title(reason.track)
        many = f"{reason.count:,} {self.row if reason.count == 1 else self._rows}"
        has = "has" if reason.count == 1 else "have"
        match reason.kind:
            case "song" if self._near:
                return f"near {title}, by the company both keep"
            case "song":
                return f"in {many if reason.count else self._rows} together with {title}"
            case "playlists":
                alike = f"{reason.count:,} alike " if reason.count else "alike "
                row = self.row if reason.count == 1 else self._rows
                return f"{alike}{row} {has} it" + (f", for {title}" if title else "")
            case "title":
                held = f"{many} with such a title {has} it"
                return held if reason.count else "the title names it or its artist"
            case "artist" | "album":
                return (
                    f"in {self._rows} with others of its {reason.kind}: {title or 'a song'} itself "
                    "is too rare"
                )
            case _:
                return f"in {many}" if reason.count else "liked by many"

    def _title(self, track: int) -> str:
        if track not in self._roots:
            return ""
        if track not in self._titles:
            root = self._roots[track]
            found = self._catalog.tracks.get([root]).get(root)
            self._titles[track] = found.title if found else ""
        return self._titles[track]
