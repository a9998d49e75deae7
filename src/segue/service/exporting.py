"""The vectors of songs and listeners as files that other programs read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from segue.catalog.catalog import Catalog
from segue.catalog.listeners import listeners
from segue.catalog.sessions import load_histories
from segue.errors import LibraryError, UsageError
from segue.service.fitted import FittedModel
from segue.types import SCHEMA_VERSION

FORMATS: Final = ("npy", "parquet", "word2vec")
SONG: Final = "song"
LISTENER: Final = "listener"
_AT_ONCE: Final = 10_000


@runtime_checkable
class HasVectors(Protocol):
    """A model in which every song has a vector."""

    def vectors(self, ids: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the songs' vectors [shape=(n, d)] and which of them are known."""


@dataclass(frozen=True)
class Exported:
    """What was written."""

    file: Path
    songs: int
    listeners: int
    dimensions: int

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return {
            "schema": SCHEMA_VERSION,
            "file": str(self.file),
            "songs": self.songs,
            "listeners": self.listeners,
            "dimensions": self.dimensions,
        }


@dataclass(frozen=True, eq=False)
class _Vectors:
    """n vectors of d numbers, songs by id and then listeners by id."""

    kinds: list[str]
    ids: NDArray[np.int64]
    names: list[str]
    vectors: NDArray[np.float32]


def export_vectors(catalog: Catalog, fitted: FittedModel, file: Path, form: str) -> Exported:
    """Write vectors in place of a file; see `segue.Library.export_vectors`."""
    if form not in FORMATS:
        raise UsageError(f"the format is {form!r}, expected one of {', '.join(FORMATS)}")
    if not isinstance(fitted.model, HasVectors) or fitted.track_ids is None:
        raise UsageError(f"{fitted.name} has no vectors; word2vec and als have")
    if form == "parquet":
        _check_parquet()
    found = _collected(catalog, fitted.model, np.asarray(fitted.track_ids))
    aside = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        {"npy": _write_npy, "parquet": _write_parquet, "word2vec": _write_word2vec}[form](
            aside, found
        )
        aside.replace(file)
    except OSError as error:
        raise LibraryError(f"{file} cannot be written: {error.strerror or error}") from error
    finally:
        aside.unlink(missing_ok=True)
    songs = found.kinds.count(SONG)
    return Exported(file, songs, len(found.kinds) - songs, found.vectors.shape[1])


def _collected(catalog: Catalog, model: HasVectors, ids: NDArray[np.int64]) -> _Vectors:
    """Return the vectors of all songs, and of listeners as the mean of what they played.

    A song counts as often as it was played; a listener none of whose songs is known has none.
    """
    names: dict[int, str] = {}
    for first in range(0, len(ids), _AT_ONCE):
        tracks = catalog.tracks.get(ids[first : first + _AT_ONCE].tolist())
        names |= {id_: track.name for id_, track in tracks.items()}
    ids = ids[np.isin(ids, np.fromiter(names, dtype=np.int64))]  # some went after the fit
    songs = model.vectors(ids)[0]
    history = load_histories(catalog.database, api_content=True)
    keys = listeners(catalog.database)
    heard: dict[int, NDArray[np.float32]] = {}
    for row, listener in enumerate(history.row_ids.tolist()):
        part = slice(int(history.indptr[row]), int(history.indptr[row + 1]))
        vectors, known = model.vectors(history.track_ids[history.indices[part]])
        weights = (
            np.ones(len(known), np.float32) if history.weights is None else history.weights[part]
        )
        if known.any():
            heard[listener] = np.average(vectors[known], axis=0, weights=weights[known])
    means = np.array(list(heard.values()), dtype=np.float32).reshape(len(heard), songs.shape[1])
    return _Vectors(
        [SONG] * len(ids) + [LISTENER] * len(heard),
        np.concatenate([ids, np.fromiter(heard, dtype=np.int64)]),
        [names[id_] for id_ in ids.tolist()] + [keys.get(id_, "") for id_ in heard],
        np.concatenate([songs, means]),
    )


def _write_npy(file: Path, found: _Vectors) -> None:
    """Write one array of records: kind, id and vector."""
    width = found.vectors.shape[1]
    record = np.dtype([("kind", "U8"), ("id", "<i8"), ("vector", "<f4", (width,))])
    rows = np.empty(len(found.ids), dtype=record)
    rows["kind"], rows["id"], rows["vector"] = found.kinds, found.ids, found.vectors
    with file.open("wb") as opened:
        np.save(opened, rows, allow_pickle=False)


def _write_parquet(file: Path, found: _Vectors) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    values = pa.array(found.vectors.ravel())
    columns = {
        "kind": found.kinds,
        "id": found.ids,
        "name": found.names,
        "vector": pa.FixedSizeListArray.from_arrays(values, found.vectors.shape[1]),
    }
    pq.write_table(pa.table(columns), file)


def _write_word2vec(file: Path, found: _Vectors) -> None:
    """Write the text format of word2vec: a word a line, a song's id, or ``listener:`` and an id.

    Names would hold spaces, which part the fields there.
    """
    with file.open("w", encoding="utf-8", newline="\n") as opened:
        opened.write(f"{len(found.ids)} {found.vectors.shape[1]}\n")
        for word, vector in zip(_words(found), found.vectors, strict=True):
            # Row by row: as Python's numbers, all of them would take eight times the memory.
            opened.write(f"{word} {' '.join(f'{value:.6g}' for value in vector.tolist())}\n")


def _words(found: _Vectors) -> Iterator[str]:
    for kind, id_ in zip(found.kinds, found.ids.tolist(), strict=True):
        yield str(id_) if kind == SONG else f"{kind}:{id_}"


def _check_parquet() -> None:
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise UsageError(
            "Parquet needs the library pyarrow; install it with `pip install 'segue[parquet]'`"
        ) from error
