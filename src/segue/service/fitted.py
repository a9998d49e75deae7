"""The fitted models of a library: listed, loaded, removed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from segue.errors import LibraryError, NotFoundError, UsageError
from segue.models.artifact import Artifact, delete_artifact, list_artifacts, load_artifact
from segue.models.recommender import Arrays, Recommender
from segue.models.registry import MODELS, model_class
from segue.recommend.blend import PARTS
from segue.types import Ranking, Reason, Seed

BLEND: Final = "blend"

_TABLES: Final = {  # what of `material_state` tells of changes of each
    "playlists": ("playlists", "playlist"),
    "sessions": ("listen",),
    "histories": ("listen", "play_count"),
}


class Served(Protocol):
    """What answers: any fitted recommender, and the blend of them."""

    def recommend(self, seed: Seed, k: int) -> Ranking:
        """Return `k` songs that go with the seed, best first."""

    def explain(self, seed: Seed, ids: NDArray[np.int64]) -> list[Reason]:
        """Return why each is in the answer."""

    def score(self, seed: Seed, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return how much the model is for each."""


@dataclass(frozen=True, eq=False)
class FittedModel:
    """A model that answers, and what its fit took.

    Attributes
    ----------
    fit_seconds
        Wall time; of a blend with the models it is of.
    peak_rss_mb
        The most memory that the process had while it was fitted, in MiB; the interactions
        included.
    track_ids
        The tracks it knows, rising (int64), or None where it does not say.
    meta
        What is stored with it; empty for one in memory.
    """

    name: str
    model: Served
    fit_seconds: float
    peak_rss_mb: float
    track_ids: NDArray[np.int64] | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class StoredModel:
    """What is known of a model on disk.

    Attributes
    ----------
    rows, tracks, entries
        Of what it learned from.
    source
        ``playlists``, ``sessions`` or ``histories``.
    size
        Bytes of its files.
    fitted_at
        Seconds since the epoch.
    reused
        Whether a fit found it as it should be, and left it.
    changed
        Whether the library has changed since; None where that was not asked.
    """

    name: str
    rows: int
    tracks: int
    entries: int
    source: str
    size: int
    fitted_at: float
    fit_seconds: float
    peak_rss_mb: float
    options: dict[str, Any]
    reused: bool = False
    changed: bool | None = None

    @classmethod
    def of(cls, artifact: Artifact) -> StoredModel:
        """Return what an artefact says of itself."""
        meta = artifact.meta
        return cls(
            name=artifact.name,
            rows=int(meta.get("rows") or 0),
            tracks=int(meta.get("tracks") or 0),
            entries=int(meta.get("entries") or 0),
            source=str(meta.get("from") or ""),
            size=artifact.size,
            fitted_at=float(meta.get("fitted_at") or 0),
            fit_seconds=float(meta.get("fit_seconds") or 0),
            peak_rss_mb=float(meta.get("peak_rss_mb") or 0),
            options=dict(meta.get("options") or {}),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return {
            "name": self.name,
            "rows": self.rows,
            "tracks": self.tracks,
            "entries": self.entries,
            "from": self.source,
            "bytes": self.size,
            "fitted_at": self.fitted_at,
            "fit_seconds": round(self.fit_seconds, 3),
            "peak_rss_mb": round(self.peak_rss_mb, 1),
            "options": self.options,
            "reused": self.reused,
            "changed": self.changed,
        }


def check_name(name: str) -> None:
    """Raise UsageError if there is no model of that name, fitted or not."""
    if name not in (*MODELS, BLEND):
        raise UsageError(f"there is no model {name!r}; there are {', '.join((*MODELS, BLEND))}")


def load_model(models: Path, name: str) -> FittedModel:
    """Return a stored model; its arrays are mapped from their files.

    Raises
    ------
    UsageError
        If there is no model of that name.
    NotFoundError
        If it, or one that the blend is of, is not fitted, or those did not learn from the same.
    LibraryError
        If it is damaged, or of another version.
    """
    check_name(name)
    if name == BLEND:
        return _load_blend(models)
    artifact, arrays = _read(models, name)
    model = _made(model_class(name).from_arrays, artifact, arrays)
    return FittedModel(name, model, *_costs(artifact), arrays.get("track_ids"), artifact.meta)


def _read(models: Path, name: str) -> tuple[Artifact, Arrays]:
    try:
        artifact = load_artifact(models, name)
        return artifact, artifact.arrays()
    except LibraryError:  # a fit may have put another in its place meanwhile
        artifact = load_artifact(models, name)
        return artifact, artifact.arrays()


def _made(
    from_arrays: Callable[[dict[str, Any], Arrays], Any],
    artifact: Artifact,
    arrays: Arrays,
) -> Any:
    try:
        return from_arrays(dict(artifact.meta.get("options") or {}), arrays)
    except (KeyError, TypeError, ValueError) as error:
        raise LibraryError(
            f"the model {artifact.name} was made by another version of Segue or is damaged "
            f"({error!r}); fit it again with `segue fit {artifact.name}`"
        ) from error


def stored_models(models: Path, state: Mapping[str, int]) -> list[StoredModel]:
    """Return all models that are fitted, by name.

    Parameters
    ----------
    state
        What `material_state` says now: a model of another state is marked as changed.

    Raises
    ------
    LibraryError
        If one is damaged or of another version.
    """
    artifacts = [load_artifact(models, name) for name in list_artifacts(models)]
    return [
        replace(StoredModel.of(artifact), changed=_changed(artifact, state))
        for artifact in artifacts
    ]


def _changed(artifact: Artifact, state: Mapping[str, int]) -> bool:
    """Return whether what the model is of has changed: new listens do not concern playlists."""
    before = artifact.meta.get("state") or {}
    tables = _TABLES.get(str(artifact.meta.get("from")), tuple(state))
    return any(before.get(name) != state.get(name) for name in ("mark", "merge", *tables))


def restamp(models: Path, artifact: Artifact, state: Mapping[str, int] | None) -> None:
    """Note with a model of which state of the library it is, since it is of the newest, too."""
    if state is None or artifact.meta.get("state") == state:
        return
    meta = {**artifact.meta, "state": dict(state)}
    with saving(models):
        aside = artifact.folder / "model.json.part"
        aside.write_text(json.dumps(meta, ensure_ascii=False, indent=1), encoding="utf-8")
        aside.replace(artifact.folder / "model.json")


def remove_model(models: Path, name: str) -> None:
    """Delete a model.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    if name not in list_artifacts(models):
        raise NotFoundError(f"there is no fitted model {name!r}; `segue models` lists them")
    with saving(models):
        delete_artifact(models, name)


def current_fits(models: Path, names: Sequence[str]) -> dict[str, str]:
    """Return by name which fit counts now; it differs after each new one."""
    found = {}
    for name in names:
        with suppress(NotFoundError, LibraryError):
            found[name] = load_artifact(models, name).folder.name
    return found


@contextmanager
def saving(models: Path) -> Iterator[None]:
    """Keep others from writing a model at the same time: each clears away what is not its own."""
    import filelock

    try:
        models.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(models / "write.lock"):
            yield
    except OSError as error:
        raise LibraryError(f"{models} cannot be written: {error.strerror or error}") from error


def _load_blend(models: Path) -> FittedModel:
    from segue.recommend.blend import Blend, Ranker

    artifact, arrays = _read(models, BLEND)
    ranker = _made(Ranker.from_arrays, artifact, arrays)
    parts = {}
    for name in PARTS:
        try:
            parts[name] = load_model(models, name)
        except NotFoundError as error:
            raise NotFoundError(
                f"the blend needs the model {name}, which is not fitted; fit it with `segue fit`"
            ) from error
    if not _of_the_same(artifact.meta, {name: part.meta for name, part in parts.items()}):
        raise NotFoundError(
            "the models that the blend is of did not learn from the same, or have other options "
            "than it was fitted with; fit them again with `segue fit`"
        )
    seconds, peak = _costs(artifact)
    return FittedModel(
        BLEND,
        Blend({name: cast(Recommender, part.model) for name, part in parts.items()}, ranker),
        seconds + sum(part.fit_seconds for part in parts.values()),
        max(peak, *(part.peak_rss_mb for part in parts.values())),
        parts["playlist_knn"].track_ids,  # the songs that the blend answers
        artifact.meta,
    )


def can_blend(models: Path) -> bool:
    """Return whether all that the blend needs is fitted, and learned from the same."""
    with suppress(NotFoundError, LibraryError):
        metas = {name: load_artifact(models, name).meta for name in PARTS}
        return _of_the_same(load_artifact(models, BLEND).meta, metas)
    return False


def _of_the_same(blend: Mapping[str, Any], metas: Mapping[str, Mapping[str, Any]]) -> bool:
    """Return whether the parts learned from the same rows, with the options the blend knows."""
    options = {name: meta.get("options") for name, meta in metas.items()}
    marks = {meta.get("fingerprint") for meta in metas.values()}
    return len(marks) == 1 and options == blend.get("parts")


def _costs(artifact: Artifact) -> tuple[float, float]:
    meta = artifact.meta
    return float(meta.get("fit_seconds") or 0), float(meta.get("peak_rss_mb") or 0)
