"""One bulk writer at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from segue.errors import LibraryError


@contextmanager
def write_lock(library: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of a library; `on_wait` is called before another process is waited for.

    The system gives it back when a process ends, however it ends.

    Raises
    ------
    LibraryError
        If the folder does not allow it.
    """
    import filelock

    lock = filelock.FileLock(library / "write.lock")
    try:
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            on_wait()
            lock.acquire()
    except (OSError, NotImplementedError) as error:
        reason = getattr(error, "strerror", None) or error
        raise LibraryError(f"{library} cannot be locked: {reason}") from error
    try:
        yield
    finally:
        lock.release()
