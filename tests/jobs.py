"""Jobs for worker processes, in a module of their own that a child can import."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any


def make_job(greeting: str = "done") -> Callable[[str], Any]:
    def job(task: str) -> Any:
        if task == "exit":
            os._exit(3)
        if task == "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        if task == "hang":
            time.sleep(600)
        if task == "raise":
            raise ValueError("no such thing")
        if task == "print":
            os.write(1, b"a library that prints\n" * 10_000)
        if task == "pid":
            return os.getpid()
        if task == "threads":
            return os.environ["OMP_NUM_THREADS"]
        return f"{greeting} {task}"

    return job


def make_nothing() -> None:
    raise RuntimeError("it cannot be made here")
