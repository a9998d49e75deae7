"""How many requests a while: one limit for all threads, and one pause for all of them."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable

from segue.errors import ServiceError
from segue.http.message import Answer, Request, Sender


class RateLimiter:
    """Lets at most so many requests start in any window of time, whichever thread makes them.

    Parameters
    ----------
    requests
        How many in a window; None: no limit of our own, only pauses.
    window
        Seconds.
    longest
        The longest pause, in seconds, that is waited for.
    clock, sleep
        For tests; and a `sleep` that raises ends a wait, where the work is to be stopped.

    Examples
    --------
    >>> now, slept = [0.0], []
    >>> def sleep(seconds):
    ...     slept.append(seconds)
    ...     now[0] += seconds
    >>> limiter = RateLimiter(2, 30.0, clock=lambda: now[0], sleep=sleep)
    >>> for _ in range(3):
    ...     limiter.acquire()
    >>> slept
    [30.0]
    """

    def __init__(
        self,
        requests: int | None = None,
        window: float = 30.0,
        *,
        longest: float = 120.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._window = window
        self._longest = longest
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._requests = requests
        self._started: deque[float] = deque(maxlen=requests or 1)  # the oldest first
        self._paused_until = -math.inf

    def acquire(self) -> None:
        """Return when a request may start, which counts from then.

        Raises
        ------
        ServiceError
            At once, with status 429 and `retry_after`, if a pause lasts longer than is waited for.
        """
        while True:
            with self._lock:
                now = self._clock()
                pause = self._paused_until - now
                if pause > self._longest:
                    raise ServiceError(
                        f"the service wants to be left alone for {_spoken(pause)}; "
                        f"go on after that (at most {_spoken(self._longest)} are waited for)",
                        status=429,
                        retry_after=pause,
                    )
                full = self._requests is not None and len(self._started) == self._requests
                wait = max(pause, self._started[0] + self._window - now if full else 0.0)
                if wait <= 0:
                    self._started.append(now)
                    return
            self._sleep(wait)

    def pause(self, seconds: float) -> None:
        """Let no request start for so long; of several pauses the one that ends last counts."""
        with self._lock:
            self._paused_until = max(self._paused_until, self._clock() + seconds)


class Limited:
    """A sender whose requests each wait for a limiter."""

    def __init__(self, sender: Sender, limiter: RateLimiter) -> None:
        self._sender = sender
        self._limiter = limiter

    def send(self, request: Request) -> Answer:
        """Wait for the limiter, then send; raises what either raises."""
        self._limiter.acquire()
        return self._sender.send(request)


def _spoken(seconds: float) -> str:
    """Return a length of time in the unit that suits it.

    >>> _spoken(90), _spoken(86_400)
    ('90 seconds', '24.0 hours')
    """
    if seconds < 600:
        return f"{math.ceil(seconds)} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"
