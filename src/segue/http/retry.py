"""Trying again: what may have been bad luck, with growing and random delays."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from segue.http.limiter import RateLimiter
from segue.http.message import Answer, LostError, Request, Sender

_FURTHEST: Final = 366 * 86_400.0  # seconds; no service means more
_ASK_AGAIN: Final = frozenset({408, 425, 429})


@dataclass(frozen=True)
class Backoff:
    """How often and after how long: exponential with full jitter, ``U(0, min(cap, base * 2^n))``.

    Full jitter spreads the threads that failed together better than half of it (M. Brooker,
    "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).

    Attributes
    ----------
    tries
        How often a request is sent at most.
    base, cap
        Seconds.
    draw
        Draws a number from 0 to 1.
    sleep
        For tests; and one that raises ends a wait, where the work is to be stopped.

    Examples
    --------
    >>> [Backoff(draw=lambda: 1.0).delay(attempt) for attempt in range(8)]
    [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    """

    tries: int = 8
    base: float = 0.5
    cap: float = 30.0
    draw: Callable[[], float] = random.random
    sleep: Callable[[float], object] = time.sleep

    def delay(self, attempt: int) -> float:
        """Return how many seconds to wait after the failure number `attempt`, from 0."""
        return self.draw() * min(self.cap, self.base * 2.0**attempt)


class Retrying:
    """A sender that sends again after 408, 425, 429, 5xx, silence, and broken answers.

    After a 429, and a 503 that says for how long, no thread sends anything before that time; see
    `RateLimiter` for pauses that are too long to wait for. Every other answer is passed on.
    """

    def __init__(self, sender: Sender, limiter: RateLimiter, backoff: Backoff) -> None:
        self._sender = sender
        self._limiter = limiter
        self._backoff = backoff

    def send(self, request: Request) -> Answer:
        """Return the first answer that is not to be asked again, or the last one.

        Raises
        ------
        LostError
            If the last try brought none.
        ServiceError
            If the service wants a pause that is not waited for.
        """
        for attempt in range(self._backoff.tries):
            last = attempt == self._backoff.tries - 1
            try:
                answer = self._sender.send(request)
            except LostError:
                if last:
                    raise
                self._backoff.sleep(self._backoff.delay(attempt))
                continue
            if answer.status < 500 and answer.status not in _ASK_AGAIN:
                break
            pause = retry_after(answer.headers)
            delay = self._backoff.delay(attempt)
            if answer.status == 429 or (answer.status == 503 and pause is not None):
                self._limiter.pause(max(pause or 0.0, delay))
            elif not last:
                self._backoff.sleep(delay)
        return answer


def retry_after(
    headers: Mapping[str, str], *, now: Callable[[], float] = time.time
) -> float | None:
    """Return the seconds that a ``Retry-After`` header asks for (RFC 9110, 10.2.3), or None.

    A date is measured from the answer's own ``Date``, so that a clock that is wrong does no harm.

    >>> retry_after({"retry-after": "7"})
    7.0
    >>> retry_after({"retry-after": "Fri, 31 Dec 1999 23:59:59 GMT",
    ...              "date": "Fri, 31 Dec 1999 23:59:29 GMT"})
    30.0
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.replace(".", "", 1).isdigit():
        return min(float(value), _FURTHEST)
    then = _moment(value)
    if then is None:
        return None
    since = _moment(headers.get("date", "")) or datetime.fromtimestamp(now(), UTC)
    return min(max(0.0, (then - since).total_seconds()), _FURTHEST)


def _moment(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
