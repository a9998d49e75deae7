"""Requests under way, each in a thread of its own; their answers are taken by one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar

from segue.errors import ServiceError
from segue.service.crawl_report import CrawlReport, local_time
from segue.sources.spotify_api import AccessError

_What = TypeVar("_What")

TRIES: Final = 3
"""How often the same thing is asked for, each time with all of the client's own tries."""
_PATIENCE: Final = 10  # failures in a row that mean that the service does not answer at all


class Requests(Generic[_What]):
    """Up to `threads` requests at once.

    On an exception it does not wait for those under way: what they bring is fetched again by the
    next run.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, "crawl")
        self._running: dict[Future[Any], _What] = {}

    @property
    def room(self) -> int:
        """How many more may be started."""
        return self._threads - len(self._running)

    def start(self, what: _What, call: Callable[..., Any], *arguments: Any) -> None:
        """Call something in a thread, to be told apart as `what`."""
        self._running[self._pool.submit(call, *arguments)] = what

    def take(self) -> tuple[_What, Future[Any]]:
        """Wait for a request to end, and return it: of several the one that was started first."""
        done, _ = wait(self._running, return_when=FIRST_COMPLETED)
        first = next(future for future in self._running if future in done)
        return self._running.pop(first), first

    def __bool__(self) -> bool:
        return bool(self._running)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=error is None, cancel_futures=True)


class Waits:
    """Sleeps between tries and under a rate limit, which all end at once when the crawl does."""

    def __init__(self) -> None:
        self._ended = threading.Event()

    def sleep(self, seconds: float) -> None:
        """Sleep; raises `ServiceError` when `end` is called, or was before."""
        if self._ended.wait(seconds):
            raise ServiceError("the crawl was interrupted")

    def end(self) -> None:
        """Let nobody wait any longer."""
        self._ended.set()


class Setbacks:
    """Decides what failures mean: to try again, to give one thing up, or to stop the crawl.

    Attributes
    ----------
    stopped
        Whether nothing more is to be asked for.
    """

    def __init__(self, report: CrawlReport) -> None:
        self.stopped = False
        self._report = report
        self._in_a_row = 0

    def success(self) -> None:
        """Note that the service answers."""
        self._in_a_row = 0

    def again(self, error: ServiceError, tries: int) -> bool:
        """Return whether to try again what failed so often; may stop the crawl instead.

        Raises
        ------
        ServiceError
            The error itself, if the app has no access or its credentials are refused.
        """
        if isinstance(error, AccessError) or error.status == 401:
            raise error
        if error.status == 429:
            self._stop("rate limit", error)
            if error.retry_after is not None:
                self._report.resume_at = time.time() + error.retry_after
            return True
        if 400 <= error.status < 500 and error.status not in {408, 425}:
            return False
        self._in_a_row += 1
        if self._in_a_row >= _PATIENCE:
            self._stop("no answer", error)
            return True
        return tries < TRIES

    def _stop(self, why: str, error: ServiceError) -> None:
        if not self.stopped:
            self.stopped = True
            self._report.stopped = why
            self._report.cause = str(error)


def say_stopped(report: CrawlReport) -> None:
    """Add to a report what its `stopped` means to the user."""
    if report.stopped == "rate limit":
        when = (
            f"after {local_time(report.resume_at)}"
            if report.resume_at is not None
            else "in a while"
        )
        report.notes.append(
            f"Spotify wants to be left alone for now; run the command again {when}, and it goes "
            "on from here."
        )
    elif report.stopped == "no answer":
        report.notes.append(
            f"Spotify does not answer as it should ({report.cause}); run the command again later, "
            "and it goes on from here."
        )
    elif report.stopped == "no words":
        report.notes.append(
            "All words that were seen have been searched for; begin with another one: "
            "`segue crawl spotify --seed WORD`."
        )
