from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from jobs import make_job, make_nothing
from segue.errors import SegueError
from segue.service.worker import Failure, Workers


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let child processes import the jobs."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))


def results(tasks: list[str], count: int = 2, limit: float = 60.0) -> list[tuple[str, Any]]:
    return list(Workers(make_job, ("did",), count=count, limit=limit).map(tasks))


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split(") ")[-1][0] != "Z"


def eventually(condition: Callable[[], bool]) -> bool:
    """Wait for what must come, as long as a slow machine may need."""
    for _ in range(300):
        if condition():
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("count", [1, 3])
def test_results_come_in_the_order_of_the_tasks(count: int) -> None:
    tasks = [f"task {i}" for i in range(40)]
    assert results(tasks, count) == [(task, f"did {task}") for task in tasks]


def test_no_tasks_no_processes() -> None:
    assert results([]) == []


@pytest.mark.parametrize(
    ("task", "cause"), [("exit", "exit status 3"), ("segfault", "signal SIGSEGV")]
)
def test_a_crash_is_recorded_and_the_run_goes_on(task: str, cause: str) -> None:
    found = results(["a", task, "b", task, "c"], count=1)
    assert [given for given, _ in found] == ["a", task, "b", task, "c"]
    assert [result for _, result in found[::2]] == ["did a", "did b", "did c"]
    for _, failure in found[1::2]:
        assert isinstance(failure, Failure)
        assert failure.kind == "crashed"
        assert cause in failure.message


def test_a_hang_ends_at_the_limit_and_the_run_goes_on() -> None:
    # The limit is of one task: it leaves a slow machine time for the others.
    found = dict(results(["a", "hang", "b"], count=1, limit=5.0))
    assert found["a"] == "did a"
    assert found["b"] == "did b"
    failure = found["hang"]
    assert isinstance(failure, Failure)
    assert failure.kind == "timeout"
    assert "over 5 s" in failure.message


def test_an_unforeseen_error_is_a_failure_of_its_task_alone() -> None:
    found = dict(results(["raise", "b"], count=1))
    assert found["raise"] == Failure("error", "unexpected ValueError: no such thing")
    assert found["b"] == "did b"


def test_what_a_library_prints_does_not_disturb() -> None:
    assert dict(results(["print", "b"], count=1)) == {"print": "did print", "b": "did b"}


def test_one_process_serves_many_tasks_and_keeps_to_one_thread() -> None:
    found = [result for _, result in results(["pid", "pid", "threads", "pid"], count=1)]
    assert found[0] == found[1] == found[3]
    assert found[0] != os.getpid()
    assert found[2] == "1"


def test_a_job_that_cannot_be_made_is_told() -> None:
    with pytest.raises(SegueError, match="cannot be made here"):
        list(Workers(make_nothing, (), count=2, limit=60).map(["a", "b"]))


def test_few_tasks_are_taken_in_advance() -> None:
    taken = 0

    def tasks() -> Iterator[str]:
        nonlocal taken
        for number in count():
            taken += 1
            yield f"task {number}"

    running = Workers(make_job, (), count=2, limit=60).map(tasks())
    assert next(running) == ("task 0", "done task 0")
    running.close()
    assert taken <= 8


def test_closing_ends_the_processes_even_those_at_work() -> None:
    running = Workers(make_job, (), count=2, limit=600).map(["pid", "pid", *["hang"] * 6])
    pids = {next(running)[1], next(running)[1]}
    running.close()
    assert eventually(lambda: not any(map(alive, pids)))


PARENT = """
from jobs import make_job
from segue.service.worker import Workers
for _, pid in Workers(make_job, (), count=1, limit=600).map(["pid", "pid", "pid", "pid", "pid"]):
    print(pid, flush=True)
    input()
"""


def test_no_process_outlives_a_killed_parent() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert alive(pid)
    parent.kill()
    parent.communicate()
    assert eventually(lambda: not alive(pid))
