"""Segue: a music recommender that people run themselves.

>>> import segue, tempfile
>>> library = segue.open(tempfile.mkdtemp())
>>> library.search("nothing yet")
[]
>>> library.close()
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from segue.errors import (
    AudioError,
    EarError,
    LibraryError,
    NotFoundError,
    SegueError,
    ServiceError,
    SourceError,
    UsageError,
)

if TYPE_CHECKING:
    from segue.catalog.filters import Filters
    from segue.catalog.records import Problem
    from segue.service.add import AddProgress, AddReport
    from segue.service.genre_detecting import GenreGuess, GenreTraining
    from segue.service.genre_training import GenreEvaluation
    from segue.service.identifying import Identification, Match
    from segue.service.learning import LearnFrom
    from segue.service.library import Library, install_ear
    from segue.service.recognise import KINDS
    from segue.service.recommendation import Recommendation, Wish
    from segue.service.restore import restore
    from segue.types import Answer, Hit, Track

__version__ = "0.1.0"

__all__ = [
    "KINDS",
    "AddProgress",
    "AddReport",
    "Answer",
    "AudioError",
    "EarError",
    "Filters",
    "GenreEvaluation",
    "GenreGuess",
    "GenreTraining",
    "Hit",
    "Identification",
    "LearnFrom",
    "Library",
    "LibraryError",
    "Match",
    "NotFoundError",
    "Problem",
    "Recommendation",
    "SegueError",
    "ServiceError",
    "SourceError",
    "Track",
    "UsageError",
    "Wish",
    "__version__",
    "install_ear",
    "open",
    "restore",
]

# Imported when first used: numpy and the rest cost more than `import segue` should.
_LAZY: Final = {
    "KINDS": "segue.service.recognise",
    "AddProgress": "segue.service.add",
    "AddReport": "segue.service.add",
    "Answer": "segue.types",
    "Filters": "segue.catalog.filters",
    "GenreEvaluation": "segue.service.genre_training",
    "GenreGuess": "segue.service.genre_detecting",
    "GenreTraining": "segue.service.genre_detecting",
    "Hit": "segue.types",
    "Identification": "segue.service.identifying",
    "LearnFrom": "segue.service.learning",
    "Library": "segue.service.library",
    "Match": "segue.service.identifying",
    "Problem": "segue.catalog.records",
    "Recommendation": "segue.service.recommendation",
    "Track": "segue.types",
    "Wish": "segue.service.recommendation",
    "install_ear": "segue.service.library",
    "restore": "segue.service.restore",
}


def open(
    path: str | os.PathLike[str] | None = None,
    *,
    read_only: bool = False,
    on_wait: Callable[[], None] = lambda: None,
) -> Library:
    """Open a library; it is made if it is not there.

    Parameters
    ----------
    path
        Its folder; None means ``SEGUE_HOME``, or the platform's data folder.
    read_only
        Open for asking alone; then the library must exist.
    on_wait
        Called when another process is writing to the library, before waiting for it.

    Raises
    ------
    LibraryError
        If the folder cannot be used.
    """
    from segue.service.library import Library

    return Library(path, read_only=read_only, on_wait=on_wait)


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'segue' has no attribute {name!r}")
