"""How the command line shows things: tables on standard output, progress on standard error."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import click

from segue.types import display_path

if TYPE_CHECKING:
    from rich.console import Console

    from segue.service.add import AddProgress, AddReport
    from segue.service.importing import SourceReport
    from segue.service.recommendation import Recommendation
    from segue.types import Answer, Hit, Track

_WIDE: Final = 110  # columns from which on an answer shows albums
_ALBUM: Final = 4  # their place among the columns
_FILE_WIDTH: Final = 160  # columns where no terminal sets a limit
_REASONS_SHOWN: Final = 8
_NAMED: Final = 5  # songs that an answer started from
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
        shown.add_row(*(Text(printable(cell)) for cell in row))
    console().print(shown)


def counted(counts: Sequence[tuple[int, str]]) -> str:
    """Return numbers with what they count, without those that are 0; words are plurals.

    >>> counted([(1, "playlists"), (2_000, "entries"), (0, "tracks"), (1, "play counts")])
    '1 playlist, 2,000 entries, 1 play count'
    """
    return ", ".join(f"{number:,} {_of(number, word)}" for number, word in counts if number)


def _of(number: int, word: str) -> str:
    if abs(number) != 1 or not word.endswith("s"):
        return word
    return f"{word[:-3]}y" if word.endswith("ies") else word[:-1]


def print_answer(answer: Answer) -> None:
    """Print what sounds like a song."""
    click.echo(f"Sounds like {printable(answer.seed.name)}")
    print_hits(answer.hits, scored="alike")
    print_others(answer.others)


def print_recommendation(answer: Recommendation) -> None:
    """Print what goes with songs, a playlist, a title or a listener."""
    click.echo(f"Goes with {printable(_started_from(answer))}  [{answer.model}]")
    if answer.dislikes:
        click.echo(f"Away from {printable(_names(answer.dislikes))}")
    print_hits(answer.hits)
    print_others(answer.others)


def print_hits(hits: Sequence[Hit], *, scored: str = "") -> None:
    """Print the songs of an answer, with their scores under a heading where it is given."""
    rows: list[tuple[str, ...]] = [
        (
            str(rank),
            f"{hit.score:.2f}" if scored else "",
            hit.title,
            hit.artist,
            hit.track.album,
            length(hit.track.duration),
            "; ".join(hit.reasons),
        )
        for rank, hit in enumerate(hits, 1)
    ]
    columns: list[tuple[str, dict[str, Any]]] = [
        ("#", {"justify": "right", "min_width": 2}),
        (scored, {"justify": "right", "min_width": 5}),
        ("title", {"ratio": 3, "min_width": 12}),
        ("artist", {"ratio": 2}),
        ("album", {"ratio": 2}),
        ("length", {"justify": "right", "min_width": 6}),
        ("why", {"ratio": 4, "no_wrap": False, "overflow": "fold"}),
    ]
    shown = [i for i, column in enumerate(zip(*rows, strict=True)) if any(column)]
    if console().width < _WIDE and _ALBUM in shown:
        shown.remove(_ALBUM)
    if rows:
        table([columns[i] for i in shown], [tuple(row[i] for i in shown) for row in rows])
    else:
        click.echo("Nothing else was found.")


def print_others(tracks: Sequence[Track]) -> None:
    """Print on standard error which other songs may have been meant."""
    if tracks:
        names = "; ".join(f"{printable(track.name)} ({track.id})" for track in tracks)
        click.echo(f"You may have meant: {names}", err=True)


def _started_from(answer: Recommendation) -> str:
    playlist = answer.playlist
    if playlist is not None:
        alike = f", the largest of {playlist.alike:,} of that name" if playlist.alike > 1 else ""
        return (
            f"the playlist {playlist.name!r} "
            f"({counted([(playlist.size, 'songs')]) or 'empty'}{alike})"
        )
    named = _names(answer.likes)
    if not answer.title:
        return named
    return f"{named}, in a playlist {answer.title!r}" if named else f"the title {answer.title!r}"


def _names(tracks: Sequence[Track]) -> str:
    """Return the names of tracks; of many, the last ones, which count most."""
    names = "; ".join(track.name for track in tracks[-_NAMED:])
    more = len(tracks) - _NAMED
    return f"{names} and {more:,} more" if more > 0 else names


def print_tracks(
    tracks: Sequence[Track], versions: Mapping[int, Sequence[Track]] | None = None
) -> None:
    """Print tracks by number, with the pressings of each where they are given.

    A narrow terminal leaves out the album, by which pressings differ, or where the track is from.
    """
    rows = []
    for track in tracks:
        rows.append(_track_row(track, ""))
        others = [t for t in (versions or {}).get(track.id, ()) if t.id != track.id]
        rows += [_track_row(other, "  ") for other in others]
    columns: list[tuple[str, dict[str, Any]]] = [
        ("id", {"justify": "right", "min_width": 3}),
        ("title", {"ratio": 3, "min_width": 12}),
        ("artist", {"ratio": 2}),
        ("album", {"ratio": 2}),
        ("length", {"justify": "right", "min_width": 6}),
        ("playlists", {"justify": "right", "min_width": 9}),
        ("from", {"min_width": 7}),
    ]
    shown = [i for i, column in enumerate(zip(*rows, strict=True)) if any(column)]
    if console().width < _WIDE:
        spared = "from" if versions else "album"
        shown = [i for i in shown if columns[i][0] != spared]
    table([columns[i] for i in shown], [tuple(row[i] for i in shown) for row in rows])


def _track_row(track: Track, indent: str) -> tuple[str, ...]:
    return (
        str(track.id),
        indent + track.title,
        track.artist,
        track.album,
        length(track.duration),
        f"{track.playlists:,}" if track.playlists else "",
        origin(track),
    )


def origin(track: Track) -> str:
    """Return where a track is from: ``file`` where there is one, a service, ``path``, ``name``."""
    if track.path is not None or not track.key:
        return "file"
    return track.key.partition(":")[0]


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
    for source in report.sources:
        _print_source(source)
    if report.sources and not report.embedder:
        return  # no music was asked for
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


def _print_source(source: SourceReport) -> None:
    """Print what came of adding a source: what is new, known, merged and left out."""
    from segue.service.recognise import NAMES

    click.echo(f"{NAMES[source.kind]}: {printable(source.location)}")
    new = [
        (source.playlists, "playlists"),
        (source.entries, "entries"),
        (source.tracks, "tracks"),
        (source.listens, "listens"),
        (source.ratings, "ratings"),
        (source.play_counts, "play counts"),
        (source.features, "feature rows"),
    ]
    known = [(source.known_parts, "parts"), (source.known_playlists, "playlists")]
    changed = [(source.changed_playlists, "playlists")]
    merges = [
        (max(source.merged, 0), "merged with another source"),
        (max(-source.merged, 0), "taken apart again, now that their lengths are known"),
        (source.doubtful, "doubtful: `segue merges --state doubtful`"),
    ]
    for heading, counts in (
        ("New", new),
        ("Changed", changed),
        ("Known", known),
        ("Same recordings", merges),
    ):
        said = counted(counts)
        if said or heading == "New":
            click.echo(f"  {heading}: {said or 'nothing'}.")
    if source.skipped:
        often = sorted(source.skipped.items(), key=lambda item: (-item[1], item[0]))
        said = ", ".join(f"{number:,} x {reason}" for reason, number in often[:_REASONS_SHOWN])
        more = f", and {len(often) - _REASONS_SHOWN:,} more" if len(often) > _REASONS_SHOWN else ""
        click.echo(f"  Left out: {printable(said)}{more}.")
    for part, message in source.problems[:_REASONS_SHOWN]:
        click.echo(f"  ! {printable(part)}: {printable(message)}")
    if len(source.problems) > _REASONS_SHOWN:
        click.echo(f"  ! and {len(source.problems) - _REASONS_SHOWN:,} more: `--json` shows them")
    if source.records and source.seconds > 1:
        rate = source.records / source.seconds
        click.echo(
            f"  {source.records:,} records in {source.seconds:.0f} s ({rate:,.0f} a second)."
        )


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
        self._task: tuple[str, bytes] | None = None

    def tell(self, state: AddProgress) -> None:
        now = time.monotonic()
        if state.problem:
            click.echo(f"  {_problem(state)}", err=True)
        task = (state.phase, b"" if state.phase == "listen" else state.path)
        if task != self._task and (state.total or state.phase != "listen"):
            self._task = task
            self._started = self._last = now
            click.echo(f"{_doing(state)} ...", err=True)
        elif state.total and (now - self._last >= _PLAIN_EVERY or self._ends(state)):
            self._last = now
            click.echo("  " + ", ".join(_figures(state, now - self._started)), err=True)

    @staticmethod
    def _ends(state: AddProgress) -> bool:
        return state.phase == "listen" and state.done == state.total


def _doing(state: AddProgress) -> str:
    names = {"scan": "Looking through the folders", "listen": "Listening", "index": "Indexing"}
    return names.get(state.phase) or f"Reading {display_path(os.path.basename(state.path))}"


def _figures(state: AddProgress, seconds: float) -> list[str]:
    """Return how far it is, how fast, and how long it will take."""
    rate = state.done / max(seconds, 1e-9)
    left = f"{length((state.total - state.done) / rate)} left" if state.done else "no estimate yet"
    if state.phase == "read":
        each = state.records / max(seconds, 1e-9)
        read = [f"{state.records:,} records", f"{each:,.0f} records/s"]
        return [f"{state.done / state.total:.0%}", *read, left] if state.total else read
    if state.phase == "index":
        return [f"{state.done:,}/{state.total:,} songs", f"{rate:,.0f} songs/s", left]
    return [
        f"{state.done:,}/{state.total:,} files",
        f"{rate:.1f} files/s",
        f"{state.music_seconds / 3600:.1f} h of music",
        f"{state.failed:,} failed",
        left,
    ]


@contextmanager
def _bar() -> Iterator[Callable[[AddProgress], None]]:
    from rich.progress import BarColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Left

    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[figures]}"),
        Left(compact=True, elapsed_when_finished=True),
        console=console(stderr=True),
    ) as shown:
        task = shown.add_task("Looking", total=None, figures="")
        started = time.monotonic()
        doing = ""

        def tell(state: AddProgress) -> None:
            nonlocal doing, started
            if _doing(state) != doing:
                doing = _doing(state)
                started = time.monotonic()
                shown.reset(task, description=doing, total=None)
            if state.problem:
                shown.console.print(_problem(state), style="yellow", markup=False)
            figures = _figures(state, time.monotonic() - started)
            shown.update(
                task,
                total=state.total or None,
                completed=state.done,
                figures="  ".join(figures[:-1] if state.total else figures),
            )

        yield tell


def _problem(state: AddProgress) -> str:
    return f"{display_path(state.path)}: {state.problem}"


def printable(text: str) -> str:
    """Return text that any terminal can be sent: no control characters, no lone surrogates."""
    safe = text.encode("utf-8", "replace").decode()
    return "".join(c if c.isprintable() or c == "\n" else "�" for c in safe)
