"""The index of a library's vectors, kept on disk and made again when the catalogue changes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Final

from segue.catalog.catalog import Catalog
from segue.catalog.vectors import EmbedderState
from segue.errors import LibraryError
from segue.models.sound import Sound
from segue.vectors.exact import ExactIndex
from segue.vectors.hnsw import HnswIndex
from segue.vectors.index import VectorIndex, choose_index

_CACHED_FROM: Final = 2_000  # tracks; fewer are read from the catalogue as quickly
_MADE_FROM: Final = "made_from.json"  # beside the index: the state of the catalogue it shows


class SoundIndex:
    """Holds the fitted model of one library.

    Parameters
    ----------
    cache
        The folder for derived files; None keeps the index in memory alone.
    """

    def __init__(self, catalog: Catalog, cache: Path | None) -> None:
        self._catalog = catalog
        self._folder = cache / "sound" if cache is not None else None
        self._fitted: tuple[tuple[int, int], Sound] | None = None

    def model(self, embedder: EmbedderState) -> Sound:
        """Return the model of this embedder's vectors as they are in the catalogue now."""
        key = (embedder.id, self._catalog.vectors.changes())
        if self._fitted is None or self._fitted[0] != key:
            self._fitted = (key, Sound().fit(self._load_or_build(embedder, key)))
        return self._fitted[1]

    def _load_or_build(self, embedder: EmbedderState, key: tuple[int, int]) -> VectorIndex:
        kind = choose_index(embedder.tracks)
        if self._folder is None or embedder.tracks < _CACHED_FROM:
            return self._build(embedder, kind)
        state = {"embedder": key[0], "changes": key[1], "kind": kind.__name__}
        try:
            if json.loads((self._folder / _MADE_FROM).read_text("utf-8")) == state:
                return kind.load(self._folder / "index")
        except (OSError, ValueError, LibraryError):
            pass  # none yet, or not to be read: it is derived, and made again
        index = self._build(embedder, kind)
        try:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder.mkdir(parents=True)
            index.save(self._folder / "index")
            (self._folder / _MADE_FROM).write_text(json.dumps(state), "utf-8")
        except (OSError, LibraryError):
            pass  # a full or read-only disk costs speed, not answers
        return index

    def _build(
        self, embedder: EmbedderState, kind: type[ExactIndex] | type[HnswIndex]
    ) -> VectorIndex:
        ids, vectors = self._catalog.vectors.matrix(embedder)
        index = kind(embedder.dimensions)
        index.add(ids, vectors)
        return index
