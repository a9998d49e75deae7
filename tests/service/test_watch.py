from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

import segue
from segue.errors import LibraryError, SegueError, UsageError
from segue.service import watch as module
from segue.service.add import AddReport
from segue.service.watch import watch
from sounds import song


def test_a_library_follows_its_folder(
    tmp_path: Path, no_ear: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert no_ear is None
    monkeypatch.setattr(module, "_SETTLE_MS", 200)
    music = tmp_path / "music"
    song(music / "a.flac", seed=1)

    def bring() -> None:
        song(music / "in" / "b.flac", seed=2)

    def rename() -> None:
        (music / "a.flac").rename(music / "c.flac")

    steps = iter([bring, rename, (music / "c.flac").unlink])
    seen: list[tuple[int, int, int]] = []
    done = threading.Event()

    def follow(report: AddReport) -> None:
        happened = (report.added, report.moved, report.missing)
        if happened != (0, 0, 0):  # a change may be told in more than one piece
            seen.append(happened)
            act = next(steps, None)
            if act is None:
                done.set()
            else:
                # Only what happens after this round has ended is the next one's.
                threading.Timer(0.5, act).start()

    with segue.open(tmp_path / "library") as library:
        library.watch(music, on_report=follow, stop=done.is_set)
        assert [track.title for track in library.tracks()] == ["Song b"]
    assert seen == [(1, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]


def batches(monkeypatch: pytest.MonkeyPatch, *given: set[tuple[int, str]]) -> list[Any]:
    """Let the system tell these changes; return where the options will be found."""
    options: list[Any] = []

    def watched(*folders: str, **named: Any) -> Iterator[set[tuple[int, str]]]:
        options.append((folders, named))
        yield from given

    monkeypatch.setattr("watchfiles.watch", watched)
    return options


def test_every_batch_of_changes_is_one_round(monkeypatch: pytest.MonkeyPatch) -> None:
    change = {(1, "/m/a.mp3")}
    batches(monkeypatch, set(), change, set(), change)
    rounds: list[AddReport] = []
    problems: list[SegueError] = []
    watch(AddReport, ["/m"], rounds.append, problems.append, lambda: False)
    assert len(rounds) == 3  # at once, and for each
    assert problems == []


def test_a_round_that_fails_is_told_and_the_next_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batches(monkeypatch, set(), {(1, "/m/a.mp3")})
    outcomes: Iterator[AddReport | SegueError] = iter(
        [UsageError("/m does not exist"), AddReport(added=1)]
    )
    told: list[object] = []

    def add() -> AddReport:
        outcome = next(outcomes)
        if isinstance(outcome, SegueError):
            raise outcome
        return outcome

    watch(add, ["/m"], told.append, told.append, lambda: False)
    assert [type(item) for item in told] == [UsageError, AddReport]


def test_it_stops_when_told(monkeypatch: pytest.MonkeyPatch) -> None:
    batches(monkeypatch, set(), {(1, "/m/a.mp3")})
    rounds: list[AddReport] = []
    watch(AddReport, ["/m"], rounds.append, lambda _: None, lambda: True)
    assert len(rounds) == 1


@pytest.mark.parametrize(
    ("path", "matters"),
    [
        ("/m/a.mp3", True),
        ("/m/A.FLAC", True),
        ("/m/a folder", True),
        ("/m/.a.mp3.part", False),
        ("/m/a folder that is gone.txt", True),
        (__file__, False),
        (os.fsdecode(b"/m/\xff.ogg"), True),
        ("/m/Mr. Bungle", True),
    ],
)
def test_only_what_may_be_music_matters(
    monkeypatch: pytest.MonkeyPatch, path: str, matters: bool
) -> None:
    options = batches(monkeypatch)
    watch(AddReport, ["/m"], lambda _: None, lambda _: None, lambda: False)
    ((folders, named),) = options
    assert folders == ("/m",)
    assert named["watch_filter"](1, path) is matters


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("limit")])
def test_a_system_that_cannot_watch(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise error

    monkeypatch.setattr("watchfiles.watch", refuse)
    with pytest.raises(LibraryError, match="cannot be watched"):
        watch(AddReport, ["/m"], lambda _: None, lambda _: None, lambda: False)
