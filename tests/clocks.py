"""A clock that only sleeping moves."""

from __future__ import annotations

import threading


class Clock:
    """Time that passes when somebody sleeps, and not otherwise; threads may share it."""

    def __init__(self, now: float = 1_000.0) -> None:
        self.now = now
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self.now += seconds
