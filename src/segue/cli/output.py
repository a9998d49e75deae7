"""How the command line shows things: tables on standard output, progress on standard error."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import click

from segue.types import display_path

if TYPE_CHECKING:
    from rich.console import Console

    from segue.service.add import AddProgress, AddReport
    from segue.types import Answer, Track

_WIDE: Final = 110  # columns from which on an answer shows albums
_ALBUM: Final = 4  # their place among the columns
_FILE_WIDTH: Final = 160  # columns where no terminal sets a limit
_PLAIN_EVERY: Final = 10.0  # seconds between lines of progress where there is no terminal


def print_json(value: Any) -> None:
    """Print one JSON document, and nothing else, on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def console(*, stderr: bool = False) -> Console:
    """Return a console as wide as the terminal."""
    from rich.console import Console

    shown = Console(stderr=stderr, highlight=False)
    if not shown.is_terminal and "COLUMNS" not in os.environ:
        shown.width = _FILE_WIDTH
    return shown


def table(columns: Sequence[tuple[str, dict[str, Any]]], rows: Sequence[Sequence[str]]) -> None:
    """Print a table that fits the terminal; columns are (heading, options of `rich`)."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    headed = any(heading for heading, _ in columns)
    shown = Table(
        show_header=headed,
        box=box.SIMPLE_HEAD if headed else None,
        pad_edge=False,
        expand=True,  # without, columns that may not wrap are cut at the edge, with no ellipsis
    )
    for heading, options in columns:
        shown.add_column(heading, **{"overflow": "ellipsis", "no_wrap": True, **options})
    for row in rows:
        shown.add_row(*(Text(_printable(cell)) for cell in row))
    console().print(shown)


def print_answer(answer: Answer) -> None:
    """Print what sounds like a song."""
    rows: list[tuple[str, ...]] = [
        (
            str(rank),
            f"{hit.score:.2f}",
            hit.title,
            hit.artist,
            hit.track.album,
            length(hit.track.duration),
            "; ".join(hit.reasons),
        )
        for rank, hit in enumerate(answer, 1)
    ]
    columns: list[tuple[str, dict[str, Any]]] = [
        ("#", {"justify": "right", "min_width": 2}),
        ("alike", {"justify": "right", "min_width": 5}),
        ("title", {"ratio": 3, "min_width": 12}),
        ("artist", {"ratio": 2}),
        ("album", {"ratio": 2}),
        ("length", {"justify": "right", "min_width": 6}),
        ("why", {"ratio": 4, "no_wrap": False, "overflow": "fold"}),
    ]
    shown = [i for i, column in enumerate(zip(*rows, strict=True)) if any(column)]
    if console().width < _WIDE and _ALBUM in shown:
        shown.remove(_ALBUM)
    columns = [columns[i] for i in shown]
    rows = [tuple(row[i] for i in shown) for row in rows]
    click.echo(f"Sounds like {_printable(answer.seed.name)}")
    if rows:
        table(columns, rows)
    else:
        click.echo("Nothing else was found.")
    if answer.others:
        names = "; ".join(f"{_printable(track.name)} ({track.id})" for track in answer.others)
        click.echo(f"You may have meant: {names}", err=True)


def print_tracks(tracks: Sequence[Track]) -> None:
    """Print tracks by number."""
    table(
        [
            ("id", {"justify": "right", "min_width": 3}),
            ("title", {"ratio": 3, "min_width": 12}),
            ("artist", {"ratio": 2}),
            ("album", {"ratio": 2}),
            ("length", {"justify": "right", "min_width": 6}),
        ],
        [(str(t.id), t.title, t.artist, t.album, length(t.duration)) for t in tracks],
    )


def length(seconds: float | None) -> str:
    """Return minutes and seconds, with hours where there are any.

    >>> length(245.4), length(3725.0), length(None)
    ('4:05', '1:02:05', '')
    """
    if seconds is None:
        return ""
    whole = round(seconds)
    minutes = f"{whole // 60 % 60:02}:{whole % 60:02}"
    return f"{whole // 3600}:{minutes}" if whole >= 3600 else f"{whole // 60}:{whole % 60:02}"


def print_report(report: AddReport) -> None:
    """Print what an `add` did."""
    parts = [
        (report.added, "added"),
        (report.updated, "updated"),
        (report.relistened, "heard again with a newer ear"),
        (report.unchanged, "unchanged"),
        (report.moved, "moved"),
        (report.back, "back"),
        (report.missing, "no longer there"),
        (report.failed, "failed"),
    ]
    said = ", ".join(f"{number:,} {word}" for number, word in parts if number) or "nothing found"
    heard = report.added + report.updated + report.relistened
    click.echo(f"{said[0].upper()}{said[1:]}.")
    if heard:
        click.echo(
            f"{report.music_seconds / 3600:.1f} hours of music in {report.seconds:.0f} s "
            f"({heard / max(report.seconds, 1e-9):.1f} files/s)."
        )
    troubled = report.failed + report.still_failing + report.damaged
    if troubled:
        files = "1 file is" if troubled == 1 else f"{troubled:,} files are"
        click.echo(f"{files} not well: `segue problems` tells which and why.")


@contextmanager
def progress(*, quiet: bool) -> Iterator[Callable[[AddProgress], None]]:
    """Show on standard error how far an `add` is; yields what it is to be told with."""
    if quiet:
        yield lambda _: None
    elif sys.stderr.isatty():
        with _bar() as tell:
            yield tell
    else:
        yield _Lines().tell


class _Lines:
    """Progress as a line now and then, for logs."""

    def __init__(self) -> None:
        self._started = self._last = time.monotonic()

    def tell(self, state: AddProgress) -> None:
        now = time.monotonic()
        if state.problem:
            click.echo(f"  {_problem(state)}", err=True)
        if state.phase == "scan" or (state.done == 0 and state.total):
            what = "Looking through the folders" if state.phase == "scan" else "Listening"
            click.echo(f"{what} ...", err=True)
            self._started = self._last = now
        elif state.total and (now - self._last >= _PLAIN_EVERY or state.done == state.total):
            self._last = now
            rate = state.done / max(now - self._started, 1e-9)
            left = (state.total - state.done) / max(rate, 1e-9)
            click.echo(
                f"  {state.done:,}/{state.total:,} files, {rate:.1f} files/s, "
                f"{state.music_seconds / 3600:.1f} h of music, {state.failed:,} failed, "
                f"{length(left)} left",
                err=True,
            )


@contextmanager
def _bar() -> Iterator[Callable[[AddProgress], None]]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Left

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TextColumn("{task.fields[music]}"),
        Left(compact=True, elapsed_when_finished=True),
        TextColumn("{task.fields[failed]}", style="yellow"),
        console=console(stderr=True),
    ) as shown:
        task = shown.add_task("Looking", total=None, rate="", music="", failed="")
        started = time.monotonic()

        def tell(state: AddProgress) -> None:
            if state.phase == "scan":
                return
            rate = state.done / max(time.monotonic() - started, 1e-9)
            if state.problem:
                shown.console.print(_problem(state), style="yellow", markup=False)
            shown.update(
                task,
                description="Listening",
                total=state.total,
                completed=state.done,
                rate=f"{rate:.1f} files/s",
                music=f"{state.music_seconds / 3600:.1f} h",
                failed=f"{state.failed} failed" if state.failed else "",
            )

        yield tell


def _problem(state: AddProgress) -> str:
    return f"{display_path(state.path)}: {state.problem}"


def _printable(text: str) -> str:
    """Return text that any terminal can be sent: no control characters, no lone surrogates."""
    safe = text.encode("utf-8", "replace").decode()
    return "".join(c if c.isprintable() or c == "\n" else "�" for c in safe)
