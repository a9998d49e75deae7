"""The command that measures recommenders: evaluate."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import click

from segue.cli import options, output
from segue.errors import UsageError

if TYPE_CHECKING:
    from segue.evaluate.report import Evaluation, NextSongEvaluation
    from segue.models.recommender import FitProgress

_WIDE: Final = 110  # columns from which on all recalls are shown
_LINE_EVERY: Final = 10.0  # seconds between lines of progress where there is no terminal
_BAR_EVERY: Final = 0.1
_SEEDS: Final = "0,1,5,10,25,100"


def _numbers(_: click.Context, __: click.Parameter, value: str) -> tuple[int, ...]:
    try:
        return tuple(int(number) for number in value.split(","))
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is no list of numbers such as 0,1,5") from error


@click.command()
@click.option(
    "--held-out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Playlists in the form of the Million Playlist Dataset: a .json file, or a zip or folder.",
)
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="NAME",
    help="Measure this one; may be given several times.  [default: all, with the blend]",
)
@click.option(
    "--seeds",
    callback=_numbers,
    default=_SEEDS,
    show_default=True,
    metavar="N,N,...",
    help="How many songs of a playlist are given.",
)
@click.option(
    "--order",
    type=click.Choice(("first", "random")),
    default="first",
    show_default=True,
    help="Which songs are given.",
)
@click.option("--peers", is_flag=True, help="Also measure those of gensim, implicit and Surprise.")
@click.option(
    "--sample",
    type=click.IntRange(1),
    metavar="N",
    help="Ask for so many held-out playlists only, drawn at random.",
)
@click.option("--next-song", is_flag=True, help="Ask for the next songs of listening instead.")
@options.library
@options.as_json
def evaluate(
    held_out: Path | None,
    models: tuple[str, ...],
    seeds: tuple[int, ...],
    order: Literal["first", "random"],
    peers: bool,
    sample: int | None,
    next_song: bool,
    library_path: str | None,
    as_json: bool,
) -> None:
    """Measure how well each recommender goes on with playlists that it has not seen.

    Each is given a playlist's title and its first 0, 1, 5 ... songs, and asked for 500; a playlist
    takes part where at least 10 more songs are to be found. Without --held-out, a sixth of the
    library's own playlists is held out and the models are fitted on the others. With it, they are
    fitted on all that the library has; those that `segue fit` made of just that are used as they
    are.

    R-prec, NDCG (with its interval) and clicks are those of the RecSys Challenge 2018 without
    credit for the artist; r@N is the share of the songs found among the first N, ms the time of an
    answer. * marks the best of a column, ~ an NDCG that is not clearly lower than the best. The
    last table is of the first 100 songs of each answer: the share of all songs that came at all
    (cover), how common they are (rank; 1 is the most common), how often two of them are by two
    artists (differ) and in other playlists (apart), their bits of surprise, and artists a song.

    With --next-song, sessions of listening are gone through song by song, by models fitted on
    sessions and by the same fitted on whole histories.
    """
    if next_song and (held_out is not None or seeds != _default_seeds() or order != "first"):
        raise UsageError("--next-song has no --held-out, --seeds or --order; leave them out")
    from segue.service.evaluating import EvaluateOptions

    wanted = EvaluateOptions(
        held_out=held_out, models=models, seeds=seeds, order=order, peers=peers, sample=sample
    )
    found: Evaluation | NextSongEvaluation
    with options.open_existing(library_path) as library, _progress(quiet=as_json) as tell:
        if next_song:
            found = library.evaluate_next_song(wanted, on_progress=tell)
        else:
            found = library.evaluate(wanted, on_progress=tell)
    if as_json:
        output.print_json(found.to_json())
        return
    for title, headings, rows in found.tables(wide=output.console().width >= _WIDE):
        click.echo(title)
        output.table(_columns(headings), rows)
    _print_data(found.data)


def _default_seeds() -> tuple[int, ...]:
    return tuple(int(number) for number in _SEEDS.split(","))


def _columns(headings: tuple[str, ...]) -> list[tuple[str, dict[str, Any]]]:
    name, *others = headings
    return [
        (name, {"ratio": 1, "min_width": 10}),
        *((heading, {"justify": "right"}) for heading in others),
    ]


def _print_data(data: Any) -> None:
    """Print what was measured on, and what could not be."""
    fitted = [(data.get("playlists", 0), "playlists"), (data.get("sessions", 0), "sessions")]
    click.echo(
        f"Fitted on {output.counted([*fitted, (data['tracks'], 'tracks')])}; "
        f"{data['held_out']:,} held out, {data['asked']:,} of them asked for."
    )
    if data.get("held_out_entries"):
        share = data["held_out_unknown"] / data["held_out_entries"]
        click.echo(f"{share:.1%} of their songs are in none of the fitted: nobody can find them.")
    if data.get("held_out_seen"):
        click.echo(
            f"{data['held_out_seen']:,} held-out playlists are in the library with the same "
            "songs: the models know their answers.",
            err=True,
        )
    for reason, number in data.get("skipped", {}).items():
        click.echo(f"Left out of the file: {number:,} x {output.printable(reason)}", err=True)
    for name, why in data["left_out"].items():
        click.echo(f"{name} was left out: {output.printable(why)}", err=True)


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[FitProgress], None]]:
    """Show on standard error how far it is; yields what it is to be told with."""
    if quiet:
        yield lambda _: None
    elif sys.stderr.isatty():
        with _bar() as tell:
            yield tell
    else:
        yield _Lines().tell


class _Lines:
    """Progress as a line for each step, and one now and then within it."""

    def __init__(self) -> None:
        self._step = ""
        self._started = self._last = time.monotonic()

    def tell(self, state: FitProgress) -> None:
        now = time.monotonic()
        if state.step != self._step:
            self._step = state.step
            self._started = self._last = now
            click.echo(f"{_capital(state.step)} ...", err=True)
        elif state.total and now - self._last >= _LINE_EVERY:
            self._last = now
            click.echo(f"  {_figures(state, now - self._started)}", err=True)


@contextmanager
def _bar() -> Iterator[Callable[[FitProgress], None]]:
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[figures]}"),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        console=output.console(stderr=True),
    ) as shown:
        task = shown.add_task("Starting", total=None, figures="")
        step = ""
        started = last = time.monotonic()

        def tell(state: FitProgress) -> None:
            nonlocal step, started, last
            now = time.monotonic()
            if state.step != step:
                step, started = state.step, now
                shown.reset(task, description=_capital(step), total=None)
            elif now - last < _BAR_EVERY and state.done < state.total:
                return  # thousands of answers a second are not shown one by one
            last = now
            shown.update(
                task,
                total=state.total or None,
                completed=state.done,
                figures=_figures(state, now - started),
            )

        yield tell


def _capital(step: str) -> str:
    return step[:1].upper() + step[1:]


def _figures(state: FitProgress, seconds: float) -> str:
    """Return how far a step is, how fast, and how long it will take."""
    if not state.total:
        return ""
    said = f"{state.done:,.0f}/{state.total:,.0f}"
    if not state.done:
        return said
    rate = state.done / max(seconds, 1e-9)
    left = output.length((state.total - state.done) / rate)
    loss = f", loss {state.loss:.4g}" if state.loss is not None else ""
    return f"{said}, {rate:,.1f}/s, {left} left{loss}"
