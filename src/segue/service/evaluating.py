"""Measuring recommenders on held-out playlists, and on the next songs of sessions."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from segue.catalog.catalog import Catalog
from segue.catalog.sessions import load_sessions
from segue.errors import LibraryError, NotFoundError, UsageError
from segue.evaluate.background import Background
from segue.evaluate.peers import PEERS, Peer
from segue.evaluate.report import Evaluation, ModelResult, NextSongEvaluation
from segue.evaluate.runner import SEEDS, Order, checked_seeds, run
from segue.evaluate.sessions import (
    NextSong,
    as_histories,
    listener_of_each,
    next_song,
    split_by_time,
)
from segue.evaluate.split import sample, split
from segue.models.artifact import load_artifact
from segue.models.recommender import FitProgress, OnProgress, silent
from segue.service.fitted import FittedModel, load_model
from segue.service.fitting import NAMES, FitState, fingerprint, fit_and_store, with_parts
from segue.service.held_out import read_held_out
from segue.service.learning import LearnFrom, read_interactions
from segue.service.memory import peak_mb, reset_peak
from segue.types import SCHEMA_VERSION, Interactions

HELD_OUT: Final = 1 / 6


@dataclass(frozen=True)
class EvaluateOptions:
    """What is measured.

    Attributes
    ----------
    held_out
        A file of playlists in the slice format; None holds out a part of the library's own.
    models
        Names of models or of `PEERS`; none for all models.
    seeds
        Numbers of seeds, each at least 0.
    order
        Which songs of a playlist are the seeds: ``first`` or ``random``.
    peers
        Whether other people's recommenders are measured as well.
    sample
        At most so many held-out playlists or sessions, drawn at random; None for all.
    share
        Of the library's playlists, or sessions, that are held out.
    seed
        Of the split, the sample and the random order.
    """

    held_out: Path | None = None
    models: Sequence[str] = ()
    seeds: Sequence[int] = SEEDS
    order: Order = "first"
    peers: bool = False
    sample: int | None = None
    share: float = HELD_OUT
    seed: int = 0


def evaluate(
    catalog: Catalog,
    models: Path,
    options: EvaluateOptions,
    on_progress: OnProgress = silent,
) -> Evaluation:
    """Fit recommenders and ask them to go on with playlists that they have not seen.

    With a file, they are fitted on all playlists of the library, and those in `models` that were
    fitted on just these are used as they are. Without, they are fitted on a part of the
    playlists; nothing is kept.

    Raises
    ------
    UsageError
        If there is nothing to learn from or to ask, or an option makes no sense.
    SourceError
        If the file cannot be read or is in another format.
    """
    checked_seeds(options.seeds)
    names = _names(options)
    on_progress(FitProgress("reading the library"))
    interactions, _ = read_interactions(catalog, LearnFrom("playlists"))
    data: dict[str, Any]
    if options.held_out is None:
        fitting_part, held_out = split(interactions, options.share, seed=options.seed)
        unknown = sum(int((one.ids < 0).sum()) for one in held_out)
        data = {
            "held_out": len(held_out),
            "held_out_entries": sum(map(len, held_out)),
            "held_out_unknown": unknown,
        }
        stored = None
    else:
        on_progress(FitProgress(f"reading {options.held_out.name}"))
        read = read_held_out(catalog.database, options.held_out, interactions)
        fitting_part, held_out, data = interactions, read.playlists, read.to_json()
        stored = models
    asked = sample(held_out, options.sample, seed=options.seed)
    background = Background.of(fitting_part)
    left_out: dict[str, str] = {}
    results = {}
    for name, made in _each_fitted(fitting_part, names, stored, left_out, on_progress):
        found = run(
            made.model.recommend,
            asked,
            background,
            seeds=options.seeds,
            order=options.order,
            seed=options.seed,
            name=name,
            on_progress=on_progress,
        )
        results[name] = ModelResult(found, made.fit_seconds, made.peak_rss_mb)
    _check_some(results, left_out)
    about = {
        "schema": SCHEMA_VERSION,
        "playlists": len(fitting_part),
        "tracks": len(fitting_part.track_ids),
        "entries": len(fitting_part.indices),
        "fingerprint": fingerprint(fitting_part),
        "file": None if options.held_out is None else str(options.held_out),
        **data,
        "asked": len(asked),
        "order": options.order,
        "seed": options.seed,
        "left_out": left_out,
    }
    return Evaluation(results, about)


def evaluate_next_song(
    catalog: Catalog, options: EvaluateOptions, on_progress: OnProgress = silent
) -> NextSongEvaluation:
    """Fit recommenders on sessions of listening and on whole histories, and ask for next songs.

    The last sessions of all are held out; both are fitted on the listens before them, so that they
    differ in one thing: whether what one person played years apart counts as company.

    Raises
    ------
    UsageError
        If there are fewer than two sessions of two songs.
    """
    names = _names(options)
    on_progress(FitProgress("reading the library"))
    sessions, _ = read_interactions(catalog, LearnFrom("sessions"))
    whole = load_sessions(catalog.database, math.inf)  # one session a listener
    if len(whole.indices) != len(sessions.indices):
        raise LibraryError("listens came in while they were read; run it again")
    before, held_out = split_by_time(sessions, options.share)
    listeners = listener_of_each(before, sessions, whole)
    asked = sample(held_out, options.sample, seed=options.seed)
    found: dict[str, dict[str, NextSong]] = {}
    left_out: dict[str, str] = {}
    for rows, part in (("sessions", before), ("histories", as_histories(before, listeners))):
        for name, made in _each_fitted(part, names, None, left_out, on_progress):
            answers = next_song(
                made.model.recommend, asked, name=f"{name} of {rows}", on_progress=on_progress
            )
            found.setdefault(name, {})[rows] = answers
    _check_some(found, left_out)
    about = {
        "schema": SCHEMA_VERSION,
        "sessions": len(before),
        "listeners": len(np.unique(listeners)),
        "tracks": len(before.track_ids),
        "held_out": len(held_out),
        "asked": len(asked),
        "seed": options.seed,
        "left_out": left_out,
    }
    return NextSongEvaluation(found, about)


@dataclass(frozen=True, eq=False)
class _FittedPeer:
    model: Peer
    fit_seconds: float
    peak_rss_mb: float


def _names(options: EvaluateOptions) -> list[str]:
    """Return what is measured, in the order of the tables."""
    ours = [name for name in options.models if name not in PEERS]
    theirs = [name for name in PEERS if options.peers or name in options.models]
    if not options.models:
        ours = list(NAMES)
    ordered = [name for name in with_parts(ours) if name in ours]
    return ordered + theirs


def _each_fitted(
    interactions: Interactions,
    names: Sequence[str],
    stored: Path | None,
    left_out: dict[str, str],
    on_progress: OnProgress,
) -> Iterator[tuple[str, FittedModel | _FittedPeer]]:
    """Yield recommenders fitted on the interactions; notes in `left_out` why one is not there.

    Those in the folder `stored` that are of just these interactions are not fitted again.
    """
    mark = fingerprint(interactions)
    ours = [name for name in names if name not in PEERS]
    kept = [name for name in ours if stored is not None and _is_of(stored, name, mark)]
    with tempfile.TemporaryDirectory(prefix="segue-evaluate-") as folder:
        missing = [name for name in ours if name not in kept]
        if missing:
            problems = _fit(Path(folder), interactions, missing, on_progress)
            left_out.update({name: why for name, why in problems.items() if name in names})
        for name in names:
            if name in left_out:
                continue
            try:
                if name in PEERS:
                    yield name, _fit_peer(name, interactions, on_progress)
                else:
                    at = stored if stored is not None and name in kept else Path(folder)
                    yield name, load_model(at, name)
            except ImportError as error:
                left_out[name] = f"{error.name or error} is not installed"
            except NotFoundError as error:  # a blend of a model that found nothing to learn from
                left_out[name] = str(error)


def _is_of(models: Path, name: str, mark: str) -> bool:
    """Return whether a model is there, with all that it is made of, of just this."""
    try:
        parts = [load_artifact(models, part) for part in with_parts([name])]
        load_model(models, name)
    except (NotFoundError, LibraryError):  # of another version, or damaged: it is fitted anew
        return False
    return all(part.meta.get("fingerprint") == mark for part in parts)


def _fit(
    folder: Path, interactions: Interactions, names: Sequence[str], on_progress: OnProgress
) -> dict[str, str]:
    """Fit models into a folder; return those that found nothing to learn from, with why."""

    def tell(state: FitState) -> None:
        if state.progress.step:
            on_progress(
                replace(state.progress, step=f"fitting {state.model}: {state.progress.step}")
            )

    try:
        return fit_and_store(folder, interactions, names, {}, on_state=tell).problems
    except UsageError as error:
        return dict.fromkeys(names, str(error))


def _fit_peer(name: str, interactions: Interactions, on_progress: OnProgress) -> _FittedPeer:
    on_progress(FitProgress(f"fitting {name}"))
    reset_peak()
    started = time.perf_counter()
    peer = PEERS[name]().fit(interactions)
    return _FittedPeer(peer, time.perf_counter() - started, peak_mb())


def _check_some(results: Mapping[str, object], left_out: Mapping[str, str]) -> None:
    if not results:
        raise UsageError(
            "nothing could be measured: "
            + "; ".join(f"{name}: {why}" for name, why in left_out.items())
        )
