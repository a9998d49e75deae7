"""Keeping a library up to date while its folders change."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from segue.errors import LibraryError, SegueError
from segue.service.add import AddReport
from segue.sources.walk import is_audio_name

_SETTLE_MS: Final = 2_000  # changes are gathered until nothing happens for so long ...
_GATHER_MS: Final = 30_000  # ... or at most for so long
_TICK_MS: Final = 1_000  # how often `stop` is asked


def watch(
    add: Callable[[], AddReport],
    folders: Sequence[str],
    on_report: Callable[[AddReport], None],
    on_problem: Callable[[SegueError], None],
    stop: Callable[[], bool],
) -> None:
    """Call `add` now and whenever something in the folders has changed and come to rest.

    A round that fails (a folder is gone for a while, the disk is full) is told to `on_problem`, and
    the next change is waited for.

    Raises
    ------
    LibraryError
        If the system cannot watch the folders (its limit of watches, for one).
    """
    changes = _changes(folders)
    batch = next(changes, None)  # watching begins before the first round, which may take hours
    pending = True
    while batch is not None:
        if pending:
            try:
                on_report(add())
            except SegueError as error:
                on_problem(error)
        if stop():
            return
        batch = next(changes, None)
        pending = bool(batch)


def _changes(folders: Sequence[str]) -> Iterator[object]:
    """Yield what changed about every second, mostly nothing."""
    import watchfiles

    try:
        yield from watchfiles.watch(
            *folders,
            watch_filter=lambda _, path: _matters(path),
            debounce=_GATHER_MS,
            step=_SETTLE_MS,
            rust_timeout=_TICK_MS,
            yield_on_timeout=True,
            raise_interrupt=True,
        )
    except (OSError, RuntimeError) as error:
        raise LibraryError(
            f"the folders cannot be watched ({error}); on Linux raise "
            "fs.inotify.max_user_watches, or run `segue add` from a timer instead"
        ) from error


def _matters(path: str) -> bool:
    """Return whether a change may concern music: an audio file, a folder, or what is gone."""
    if os.path.basename(path).startswith("."):
        return False  # not looked at, whatever it is
    return is_audio_name(os.fsencode(path)) or not os.path.isfile(path)
