"""Bringing a backup back, also where the library is too damaged to be opened."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from segue.catalog.catalog import Catalog
from segue.catalog.database import Database
from segue.config import FILE_NAME, library_path
from segue.errors import LibraryError
from segue.service.lock import write_lock


def restore(
    file: str | os.PathLike[str],
    library: str | os.PathLike[str] | None = None,
    *,
    on_wait: Callable[[], None] = lambda: None,
) -> None:
    """Make a library what a backup says; it is made if it is not there.

    A catalogue that cannot be opened is kept beside the new one, as ``segue.db.damaged-...``.

    Parameters
    ----------
    library
        The library's folder; None means ``SEGUE_HOME``, or the platform's data folder.
    on_wait
        Called when another process is writing to the library, before waiting for it.

    Raises
    ------
    LibraryError
        If the file is not a whole backup, or the library cannot be written; then nothing changed.
    """
    source = checked_backup(file)
    folder = library_path(library)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LibraryError(f"{folder} cannot be made: {error.strerror or error}") from error
    with write_lock(folder, on_wait):
        try:
            catalog = Catalog(folder)
        except LibraryError:
            _replace_damaged(folder / FILE_NAME, source)
        else:
            try:
                catalog.replace_with(source)
            finally:
                catalog.close()


def checked_backup(file: str | os.PathLike[str]) -> Path:
    """Return the path of a backup that is whole.

    Raises
    ------
    LibraryError
        If it is not there, not a backup, damaged, or from a newer Segue.
    """
    path = Path(os.path.expanduser(file))
    if not path.is_file():
        raise LibraryError(f"there is no backup at {path}")
    try:
        database = Database(path, read_only=True, any_format=True)
        try:
            (found,) = database.query_one("PRAGMA quick_check")
        finally:
            database.close()
    except LibraryError as error:
        raise LibraryError(
            f"{path} is not a whole backup of a library, and nothing was changed: {error}"
        ) from error
    if found != "ok":
        raise LibraryError(f"{path} is damaged, and nothing was changed; use another backup")
    return path


def is_sqlite(file: Path) -> bool:
    """Return whether a file begins as SQLite's do, or is empty."""
    try:
        with file.open("rb") as opened:
            return opened.read(16) in (b"", b"SQLite format 3\0")
    except OSError:
        return False


def _replace_damaged(target: Path, source: Path) -> None:
    aside = target.with_name(f".{target.name}.{os.getpid()}.part")
    kept = f"{target.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}"
    try:
        shutil.copyfile(source, aside)
        for suffix in ("-wal", "-shm", ""):
            part = target.with_name(target.name + suffix)
            if part.exists():
                part.rename(target.with_name(kept + suffix))
        aside.rename(target)
        shutil.rmtree(target.parent / "cache", ignore_errors=True)  # made from what was damaged
    except OSError as error:
        raise LibraryError(f"{target} cannot be replaced: {error.strerror or error}") from error
    finally:
        aside.unlink(missing_ok=True)
