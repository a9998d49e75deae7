"""Fitting the recommenders that learn from playlists and listening, in memory and on disk."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any, Final, cast, get_type_hints

import numpy as np

from segue.errors import LibraryError, NotFoundError, UsageError
from segue.models.artifact import Artifact, load_artifact, save_artifact
from segue.models.recommender import FitProgress, OnProgress, Recommender, silent
from segue.models.registry import MODELS, model_class
from segue.recommend.blend import PARTS
from segue.service.fitted import (
    BLEND,
    FittedModel,
    StoredModel,
    check_name,
    load_model,
    restamp,
    saving,
)
from segue.service.memory import peak_mb, reset_peak
from segue.types import SCHEMA_VERSION, Interactions

NAMES: Final = (*(name for name in MODELS if name != "knn_baseline"), BLEND)
"""What is fitted when nothing is named; `knn_baseline` is there for comparison alone."""

_LIBRARIES: Final = ("numpy", "scipy", "gensim", "implicit", "sparse_dot_topn", "lightgbm")
# Songs that stand in few playlists make up most of a large library and of a model's size.
_COMPACT: Final[Mapping[str, Mapping[str, Any]]] = {
    "word2vec": {"vector_size": 48, "min_count": 5},
    "item_knn": {"n_neighbors": 60, "min_count": 3},
    "playlist_knn": {"max_postings": 500, "min_count": 3},
    "als": {"factors": 32, "min_count": 2},
    "titles": {"max_postings": 500, "max_tracks": 200, "min_count": 3},
}


@dataclass(frozen=True)
class FitState:
    """How far a fit of several models is.

    Attributes
    ----------
    model
        Which is being fitted; empty while the catalogue is read.
    number, models
        The how many-th it is, from 1, and how many there are.
    progress
        How far this one is.
    peak_rss_mb
        The most memory so far, in MiB.
    finished
        The model, once it is stored.
    problem
        Why it could not be fitted.
    """

    model: str = ""
    number: int = 0
    models: int = 0
    progress: FitProgress = field(default_factory=lambda: FitProgress(""))
    peak_rss_mb: float = 0.0
    finished: StoredModel | None = None
    problem: str = ""


@dataclass
class FitReport:
    """What a fit did.

    Attributes
    ----------
    models
        Those that are in place now, in the order of their fit.
    problems
        By name, why a model that was asked for could not learn from this.
    left_out
        By name, why one that was not asked for is not there: that is no failure.
    """

    source: str
    rows: int
    tracks: int
    entries: int
    models: list[StoredModel] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "schema": SCHEMA_VERSION,
            "from": self.source,
            "rows": self.rows,
            "tracks": self.tracks,
            "entries": self.entries,
            "models": [model.to_json() for model in self.models],
            "problems": self.problems,
            "left_out": self.left_out,
            "seconds": round(self.seconds, 3),
        }


def compact_options(name: str) -> dict[str, Any]:
    """Return the options that make a model small, for machines with little memory."""
    return dict(_COMPACT.get(name, {}))


def fingerprint(interactions: Interactions) -> str:
    """Return a text that is the same for the same interactions, and for no others."""
    digest = hashlib.blake2b(digest_size=16)
    for array in (
        interactions.row_ids,
        interactions.track_ids,
        interactions.artist_ids,
        interactions.album_ids,
        interactions.indptr,
        interactions.indices,
        interactions.weights,
        interactions.times,
    ):
        digest.update(b"-" if array is None else f"{array.dtype.str}{array.shape}".encode())
        if array is not None:
            digest.update(np.ascontiguousarray(array).data)
    names = interactions.artist_names
    artists = [names.get(id_, "") for id_ in np.unique(interactions.artist_ids).tolist()]
    for texts in (
        interactions.titles,
        interactions.descriptions,
        artists if names else (),
        interactions.track_titles,
    ):
        digest.update(f"{len(texts)}\0".encode())
        for first in range(0, len(texts), 10_000):
            part = "\0".join(texts[first : first + 10_000])
            digest.update(part.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def with_parts(names: Sequence[str]) -> list[str]:
    """Return the names in the order of fitting, each once, those that the blend is of before it.

    Raises
    ------
    UsageError
        If there is no model of a name.
    """
    for name in names:
        check_name(name)
    wanted = {*names, *(PARTS if BLEND in names else ())}
    return [name for name in (*MODELS, BLEND) if name in wanted]


def fit_models(
    interactions: Interactions,
    names: Sequence[str],
    on_progress: OnProgress = silent,
    *,
    compact: bool = False,
) -> dict[str, FittedModel]:
    """Fit models in memory, with those that the blend is of where it is named.

    `on_progress` is told the name of the model before the step.

    Raises
    ------
    UsageError
        If there is no model of a name, or one has nothing to learn from.
    """
    fitted: dict[str, FittedModel] = {}
    for name in with_parts(names):

        def tell(state: FitProgress, name: str = name) -> None:
            on_progress(replace(state, step=f"{name}: {state.step}"))

        options = _options(name, compact=compact)
        learned, seconds, peak = _fit(name, interactions, options, tell)
        if name == BLEND:
            from segue.recommend.blend import Blend

            parts = {part: fitted[part] for part in PARTS}
            fitted[name] = FittedModel(
                name,
                Blend({part: cast(Recommender, parts[part].model) for part in parts}, learned),
                seconds + sum(part.fit_seconds for part in parts.values()),
                max(peak, *(part.peak_rss_mb for part in parts.values())),
                parts["playlist_knn"].track_ids,
            )
        else:
            known = learned.arrays().get("track_ids")
            fitted[name] = FittedModel(name, learned, seconds, peak, known)
    return {name: model for name, model in fitted.items() if name in names}


def fit_and_store(
    models: Path,
    interactions: Interactions,
    names: Sequence[str],
    about: Mapping[str, Any],
    *,
    compact: bool = False,
    options: Mapping[str, Any] | None = None,
    force: bool = False,
    on_state: Callable[[FitState], None] = lambda _: None,
) -> FitReport:
    """Fit models one after the other, each stored as soon as it is there.

    One that is there already, of the same interactions and options, is used again unless `force`.
    A model that finds too little to learn from is told of and left out.

    Parameters
    ----------
    models
        The folder of all models.
    names
        Those that are asked for; where there are none, `NAMES` are fitted as far as they can be.
    about
        JSON values that are stored with each: ``from`` and what else tells where the interactions
        are from.
    options
        Of the one model that is named.

    Raises
    ------
    UsageError
        If there is no model of a name, or none of them could learn.
    LibraryError
        If a model cannot be written; those before it are in place.
    """
    started = time.perf_counter()
    ordered = with_parts(names or NAMES)
    data = {
        "rows": len(interactions),
        "tracks": len(interactions.track_ids),
        "entries": len(interactions.indices),
    }
    report = FitReport(str(about.get("from", "")), data["rows"], data["tracks"], data["entries"])
    mark = fingerprint(interactions)
    full = {**about, **data, "fingerprint": mark}
    for number, name in enumerate(ordered, 1):
        state = FitState(name, number, len(ordered))

        def tell(progress: FitProgress, state: FitState = state) -> None:
            on_state(replace(state, progress=progress, peak_rss_mb=peak_mb()))

        tell(FitProgress("starting"))
        made = _options(name, compact=compact) | dict(options or {})
        artifact = None if force else _matching(models, name, mark, made)
        reused = artifact is not None
        if artifact is None:
            without = report.problems if name in names else report.left_out
            try:
                _check_parts(name, {**report.problems, **report.left_out})
                artifact = _fit_stored(models, name, interactions, made, full, tell)
            except UsageError as error:
                without[name] = str(error)
                on_state(replace(state, problem=str(error)))
                continue
        if reused:
            restamp(models, artifact, about.get("state"))
        stored = replace(StoredModel.of(artifact), reused=reused)
        report.models.append(stored)
        on_state(replace(state, finished=stored, peak_rss_mb=peak_mb()))
    if not report.models:
        raise UsageError(next(iter({**report.problems, **report.left_out}.values())))
    report.seconds = time.perf_counter() - started
    return report


def _options(name: str, *, compact: bool) -> dict[str, Any]:
    """Return what a model is made with; for the blend, by name, what its models are made with."""
    if not compact:
        return {}
    if name == BLEND:
        return {part: compact_options(part) for part in PARTS}
    return compact_options(name)


def _of_parts(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return all options of the models that the blend is of, those of their own included."""
    made = {part: model_class(part)(**options.get(part, {})).options for part in PARTS}
    plain: dict[str, Any] = json.loads(json.dumps(made))
    return plain


def read_options(name: str, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return options of a model, written as text, as its constructor takes them.

    Raises
    ------
    UsageError
        If the model has no option of a name, or a value is none that it takes.
    """
    import msgspec

    kinds = get_type_hints(model_class(name))
    known = model_class(name)().options
    found = {}
    for option, text in texts.items():
        if option not in known:
            raise UsageError(f"{name} has no option {option!r}; there are {', '.join(known)}")
        try:
            found[option] = msgspec.convert(text, kinds[option], strict=False)
        except msgspec.ValidationError as error:
            raise UsageError(
                f"{option} is {text!r}, expected something like {known[option]!r}"
            ) from error
    return found


def _check_parts(name: str, missing: Mapping[str, str]) -> None:
    """Raise UsageError if the blend has to do without a model that it needs."""
    for part in PARTS if name == BLEND else ():
        if part in missing:
            raise UsageError(f"blend needs {part}, and {missing[part]}")


def _fit(
    name: str, interactions: Interactions, options: Mapping[str, Any], tell: OnProgress
) -> tuple[Any, float, float]:
    """Return the fitted recommender or ranker, the seconds and the most memory it took."""
    reset_peak()
    started = time.perf_counter()
    with _libraries(name):
        if name == BLEND:
            from segue.recommend.growing import fit_ranker

            learned: Any = fit_ranker(interactions, on_progress=tell, options=options)
        else:
            learned = model_class(name)(**options).fit(interactions, on_progress=tell)
    return learned, time.perf_counter() - started, peak_mb()


@contextmanager
def _libraries(name: str) -> Iterator[None]:
    """Tell of a library that cannot be loaded, most likely for want of libgomp."""
    try:
        yield
    except (ImportError, OSError) as error:
        if isinstance(error, OSError) and ".so" not in str(error):
            raise
        raise UsageError(
            f"{name} cannot be fitted, since a library it needs does not load ({error}); where "
            "that is libgomp, install your system's package of it (libgomp1 on Debian)"
        ) from error


def _fit_stored(
    models: Path,
    name: str,
    interactions: Interactions,
    options: Mapping[str, Any],
    about: Mapping[str, Any],
    tell: OnProgress,
) -> Artifact:
    metrics: dict[str, float] = {}

    def note(progress: FitProgress) -> None:
        if progress.loss is not None and name != BLEND:
            metrics["loss"] = progress.loss
        tell(progress)

    learned, seconds, peak = _fit(name, interactions, options, note)
    tell(FitProgress("writing"))
    meta = {
        "options": learned.options,
        **({"parts": _of_parts(options)} if name == BLEND else {}),
        "metrics": metrics,
        "versions": _versions(),
        "fitted_at": time.time(),
        "fit_seconds": seconds,
        "peak_rss_mb": peak,
        **about,
    }
    with saving(models):
        return save_artifact(models, name, learned.arrays(), meta)


def _matching(models: Path, name: str, mark: str, options: Mapping[str, Any]) -> Artifact | None:
    """Return the stored model if it is what a fit would bring."""
    try:
        artifact = load_artifact(models, name)
    except (NotFoundError, LibraryError):
        return None
    meta = artifact.meta
    same = meta.get("fingerprint") == mark and meta.get("versions", {}).get("segue") == _version()
    if name == BLEND:  # a ranker's options are its own
        same = same and meta.get("parts") == _of_parts(options)
    else:
        wanted = json.loads(json.dumps(model_class(name)(**options).options))
        same = same and meta.get("options") == wanted
    if same:
        try:
            load_model(models, name)
        except LibraryError:
            return None
        except NotFoundError:  # a part of the blend could not learn, or was removed
            pass
    return artifact if same else None


def _versions() -> dict[str, str]:
    loaded = [name for name in _LIBRARIES if name in sys.modules]
    return {"segue": _version(), **{name: metadata.version(name) for name in loaded}}


def _version() -> str:
    return metadata.version("segue")
