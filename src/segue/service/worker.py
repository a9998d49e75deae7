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
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from segue.config import worker_environment
from segue.errors import SegueError

_CHILD: Final = "from segue.service.worker import main; main()"
_AHEAD: Final = 4  # tasks a process that are taken in advance
_START_SECONDS: Final = 120.0  # for a process to import and load what its job needs
_IDLE_SECONDS: Final = 1.0


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
        self._stopping = False

    def map(
        self, tasks: Iterable[Any], *, on_idle: Callable[[], None] = lambda: None
    ) -> Generator[tuple[Any, Any]]:
        """Yield (task, result) in the order of the tasks; a result may be a `Failure`.

        A few tasks a process are taken in advance, never all of them. `on_idle` is called about
        every second while the next result is waited for. Closing the iterator stops the processes.

        Raises
        ------
        SegueError
            If a process does not start, or the job cannot be made.
        """
        waiting: deque[tuple[Any, Future[Any]]] = deque()
        executor = ThreadPoolExecutor(self._count, thread_name_prefix="segue-worker")
        try:
            for task in tasks:
                waiting.append((task, executor.submit(self._run, task)))
                if len(waiting) >= _AHEAD * self._count:
                    done, future = waiting.popleft()
                    yield done, _result(future, on_idle)
            while waiting:
                done, future = waiting.popleft()
                yield done, _result(future, on_idle)
        finally:
            with self._guard:
                self._stopping = True
                for child in self._children:
                    child.kill()
            executor.shutdown(wait=True, cancel_futures=True)
            for child in self._children:
                child.close()

    def _run(self, task: Any) -> Any:
        child: _Child | None = getattr(self._local, "child", None)
        if child is None or not child.alive:
            with self._guard:
                if self._stopping:
                    return Failure("crashed", "the run was stopped")
                if child is not None:  # it died of its last task
                    child.close()
                    self._children.remove(child)
                try:
                    child = _Child()
                except OSError as error:
                    raise SegueError(
                        f"no worker process could be started ({error.strerror}); close other "
                        "programs and run it again"
                    ) from error
                self._children.append(child)
            problem = child.call(self._start, _START_SECONDS)
            if problem is not None:
                raise SegueError(f"a worker process did not start: {problem.message}")
            self._local.child = child
        return child.call(task, self._limit)


def _result(future: Future[Any], on_idle: Callable[[], None]) -> Any:
    while not wait([future], timeout=_IDLE_SECONDS).done:
        on_idle()
    return future.result()


class _Child:
    """One process, used by one thread."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and words
            [sys.executable, "-c", _CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=worker_environment(),
            start_new_session=os.name == "posix",  # Ctrl-C is for the parent, which ends it
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin, self._process.stdout
        self.alive = True

    def call(self, message: Any, limit: float) -> Any:
        """Return the answer to a message, or a `Failure` if there is none within `limit` s."""
        late = threading.Event()

        def give_up() -> None:
            late.set()
            self.kill()

        timer = threading.Timer(limit, give_up)
        timer.daemon = True
        timer.start()
        try:
            pickle.dump(message, self._in)
            self._in.flush()
            return pickle.load(self._out)  # noqa: S301 - from our own child
        except (OSError, EOFError, pickle.UnpicklingError, ValueError):
            self.kill()
            code = self._process.wait()
            if late.is_set():
                return Failure("timeout", f"it took over {limit:.0f} s and was given up")
            return Failure(
                "crashed", f"the decoder crashed on it ({_cause(code)}); the file may be damaged"
            )
        finally:
            timer.cancel()

    def kill(self) -> None:
        """End the process at once; its thread sees the end of its answers."""
        self.alive = False
        self._process.kill()

    def close(self) -> None:
        """Take back what the process held; no thread may be using it."""
        self._process.wait()
        for pipe in (self._in, self._out):
            with contextlib.suppress(OSError):
                pipe.close()


def _cause(code: int) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"signal {signal.Signals(-code).name}"
    return f"exit status {code}"


def main() -> None:
    """Run the child's side: make the job, then answer tasks until the input ends."""
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    with os.fdopen(os.dup(0), "rb") as tasks, os.fdopen(os.dup(1), "wb") as results:
        # A library that prints must not reach the results.
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        _serve(tasks, results)


def _end_with(parent: int) -> None:
    """End this process, whatever it is at, soon after its parent is gone."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


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
