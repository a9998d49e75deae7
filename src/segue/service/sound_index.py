"""The index of a library's vectors, kept on disk and made again when the catalogue changes."""

from __future__ import annotations

import contextlib
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


class SoundIndex:
    """Holds the fitted model of one library.

    On disk, the folder's name says which state of the catalogue its index shows, so that an index
    can never be taken for that of another state.

    Parameters
    ----------
    cache
        The folder for derived files; None keeps the index in memory alone.
    """

    def __init__(self, catalog: Catalog, cache: Path | None) -> None:
        self._catalog = catalog
        self._folder = cache / "sound" if cache is not None else None
        self._fitted: tuple[str, Sound] | None = None

    def model(self, embedder: EmbedderState) -> Sound:
        """Return the model of this embedder's vectors as they are in the catalogue now."""
        mark, changes = self._catalog.vectors.changes()
        state = f"{mark:x}-{changes}-{embedder.id}"
        if self._fitted is None or self._fitted[0] != state:
            self._fitted = (state, Sound().fit(self._load_or_build(embedder, state)))
        return self._fitted[1]

    def _load_or_build(self, embedder: EmbedderState, state: str) -> VectorIndex:
        kind = choose_index(embedder.tracks)
        if self._folder is None or embedder.tracks < _CACHED_FROM:
            return self._build(embedder, kind)
        folder = self._folder / f"{kind.__name__.lower()}-{state}"
        with contextlib.suppress(LibraryError):  # none yet, or not to be read: it is made again
            return kind.load(folder)
        index = self._build(embedder, kind)
        with contextlib.suppress(OSError, LibraryError):  # a full disk costs speed, not answers
            self._folder.mkdir(parents=True, exist_ok=True)
            index.save(folder)
            for other in self._folder.iterdir():
                if other != folder:
                    shutil.rmtree(other, ignore_errors=True)
        return index

    def _build(
        self, embedder: EmbedderState, kind: type[ExactIndex] | type[HnswIndex]
    ) -> VectorIndex:
        ids, vectors = self._catalog.vectors.matrix(embedder)
        index = kind(embedder.dimensions)
        index.add(ids, vectors)
        return index
