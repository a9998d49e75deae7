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
    from segue.catalog.records import Problem
    from segue.service.add import AddProgress, AddReport
    from segue.service.library import Library, install_ear
    from segue.service.recognise import KINDS
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
    "Hit",
    "Library",
    "LibraryError",
    "NotFoundError",
    "Problem",
    "SegueError",
    "ServiceError",
    "SourceError",
    "Track",
    "UsageError",
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
    "Hit": "segue.types",
    "Library": "segue.service.library",
    "Problem": "segue.catalog.records",
    "Track": "segue.types",
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
