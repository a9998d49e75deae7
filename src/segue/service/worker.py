"""A process of its own for work that may crash or hang, and the side of it that lives here.

The protocol is pickled messages over the child's standard input and output, which both ends
own: first the job (a function of this package and the arguments that make it), then a task and its
result, over and over. The child ends when its input does, so none outlives a killed parent.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from segue.config import single_thread_environment
from segue.errors import SegueError

_CHILD: Final = "from segue.service.worker import main; main()"


@dataclass(frozen=True)
class Failure:
    """Why a task has no result: its process died, ran over the time limit, or raised."""

    kind: str  # "crashed", "timeout" or "error"
    message: str


class Workers:
    """Some processes that do one job, each task within a time limit.

    Parameters
    ----------
    make_job
        A function importable by name that returns the job; it runs in the child, once.
    arguments
        What `make_job` is called with.
    count
        How many processes, at least 1. They start with the first task.
    limit
        Seconds a task may take.
    """

    def __init__(
        self, make_job: Callable[..., Any], arguments: tuple[Any, ...], *, count: int, limit: float
    ) -> None:
        self._start = (make_job, arguments)
        self._count = count
        self._limit = limit
        self._local = threading.local()
        self._children: list[_Child] = []
        self._guard = threading.Lock()

    def map(self, tasks: Iterable[Any]) -> Generator[tuple[Any, Any]]:
        """Yield (task, result) in the order of the tasks; a result may be a `Failure`.

        A few tasks a process are taken in advance, never all of them. Closing the iterator stops
        the processes.

        Raises
        ------
        SegueError
            If the job cannot be made.
        """
        waiting: deque[tuple[Any, Future[Any]]] = deque()
        executor = ThreadPoolExecutor(self._count, thread_name_prefix="segue-worker")
        try:
            for task in tasks:
                waiting.append((task, executor.submit(self._run, task)))
                if len(waiting) >= 4 * self._count:
                    done, future = waiting.popleft()
                    yield done, future.result()
            while waiting:
                done, future = waiting.popleft()
                yield done, future.result()
        finally:
            for _, future in waiting:
                future.cancel()
            with self._guard:
                for child in self._children:
                    child.stop()
            executor.shutdown(wait=True, cancel_futures=True)

    def _run(self, task: Any) -> Any:
        child: _Child | None = getattr(self._local, "child", None)
        if child is None or not child.alive:
            child = _Child(*self._start)
            with self._guard:
                self._children.append(child)
            self._local.child = child
        return child.call(task, self._limit)


class _Child:
    """One process, used by one thread."""

    def __init__(self, make_job: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and words
            [sys.executable, "-c", _CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=single_thread_environment(),
            start_new_session=os.name == "posix",  # Ctrl-C is for the parent, which ends it
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin, self._process.stdout
        self.alive = True
        problem = self._exchange((make_job, arguments))
        if problem is not None:
            self.stop()
            raise SegueError(
                problem.message if isinstance(problem, Failure) else f"worker: {problem}"
            )

    def call(self, task: Any, limit: float) -> Any:
        """Return the job's result for the task, or a `Failure`."""
        late = threading.Event()

        def give_up() -> None:
            late.set()
            self._process.kill()

        timer = threading.Timer(limit, give_up)
        timer.daemon = True
        timer.start()
        try:
            result = self._exchange(task)
        finally:
            timer.cancel()
        if late.is_set() and not self.alive:
            return Failure("timeout", f"reading it took over {limit:.0f} s and was given up")
        return result

    def stop(self) -> None:
        """End the process at once."""
        self.alive = False
        self._process.kill()
        self._process.wait()
        for pipe in (self._in, self._out):
            with contextlib.suppress(OSError):
                pipe.close()

    def _exchange(self, message: Any) -> Any:
        try:
            pickle.dump(message, self._in)
            self._in.flush()
            return pickle.load(self._out)  # noqa: S301 - from our own child
        except (OSError, EOFError, pickle.UnpicklingError, ValueError):
            self.alive = False
            self._process.kill()
            code = self._process.wait()
            return Failure("crashed", f"reading it crashed the decoder ({_cause(code)})")


def _cause(code: int) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"signal {signal.Signals(-code).name}"
    return f"exit status {code}"


def main() -> None:
    """Run the child's side: make the job, then answer tasks until the input ends."""
    with os.fdopen(os.dup(0), "rb") as tasks, os.fdopen(os.dup(1), "wb") as results:
        # A library that prints must not reach the results.
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        _serve(tasks, results)


def _serve(tasks: BinaryIO, results: BinaryIO) -> None:
    def answer(result: Any) -> None:
        pickle.dump(result, results)
        results.flush()

    make_job, arguments = pickle.load(tasks)  # noqa: S301 - from our own parent
    try:
        job = make_job(*arguments)
    except Exception as error:  # whatever it is, the parent must hear of it
        answer(Failure("error", str(error) or repr(error)))
        return
    answer(None)
    while True:
        try:
            task = pickle.load(tasks)  # noqa: S301 - from our own parent
        except EOFError:
            return
        try:
            result = job(task)
        except Exception as error:  # one bad task must not end the process
            result = Failure("error", f"unexpected {type(error).__name__}: {error}")
        answer(result)
