"""Commands that let recommenders learn: fit, models."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Final

import click

from segue.cli import options, output
from segue.errors import UsageError
from segue.types import SCHEMA_VERSION

if TYPE_CHECKING:
    from segue.service.fitted import StoredModel
    from segue.service.fitting import FitReport, FitState

_SOURCES: Final = ("playlists", "sessions", "histories")
_PLAIN_EVERY: Final = 10.0  # seconds between lines of progress where there is no terminal


@click.command()
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option(
    "--from",
    "source",
    type=click.Choice(_SOURCES),
    help="What a row is.  [default: playlists, or sessions where there are none]",
)
@click.option(
    "--gap",
    type=click.FloatRange(0),
    default=30.0,
    show_default=True,
    metavar="MINUTES",
    help="Silence that ends a session.",
)
@click.option("--end-at-skips", is_flag=True, help="A skipped song ends its session, too.")
@click.option(
    "--include-api-content",
    is_flag=True,
    help="Learn from what Spotify's Web API gave, too; its terms forbid it.",
)
@click.option("--compact", is_flag=True, help="Small models, for machines with little memory.")
@click.option(
    "--set",
    "chosen",
    multiple=True,
    metavar="OPTION=VALUE",
    help="An option of the one MODEL that is named, such as window=3.",
)
@click.option("--force", is_flag=True, help="Also fit what learned the same already.")
@options.library
@options.as_json
def fit(
    models: tuple[str, ...],
    source: str | None,
    gap: float,
    end_at_skips: bool,
    include_api_content: bool,
    compact: bool,
    chosen: tuple[str, ...],
    force: bool,
    library_path: str | None,
    as_json: bool,
) -> int:
    """Let recommenders learn from playlists or from listening.

    What stands in one row goes together. A row is a playlist; a session of listening without a
    long silence; or the history of a listener, all that was ever played.

    MODEL is one of: popularity, word2vec, item_knn, playlist_knn, als, titles, knn_baseline, blend.
    Without any, all but knn_baseline are fitted; blend, which weighs the others, comes last. A
    model that learned the same already is left as it is, and one that is interrupted leaves the
    old one in place. What is not named and has too little to learn from is left out.

    Exit status: 0 when all are there, 1 when one that was named could not learn from this.
    """
    from segue.service.learning import LearnFrom

    wrong = [text for text in chosen if "=" not in text]
    if wrong:
        raise UsageError(f"--set {wrong[0]} is not of the form OPTION=VALUE, such as window=3")
    values = dict(text.split("=", 1) for text in chosen)
    learn_from = LearnFrom(source, include_api_content, gap * 60, end_at_skips)
    with (
        options.open_existing(library_path) as library,
        _progress(quiet=as_json) as tell,
    ):
        report = library.fit(
            *models,
            learn_from=learn_from,
            compact=compact,
            options=values,
            force=force,
            on_state=tell,
        )
    if as_json:
        output.print_json(report.to_json())
    else:
        _print_report(report)
    return 1 if report.problems else 0


@click.command()
@click.option("--remove", metavar="NAME", help="Delete this model.")
@options.library
@options.as_json
def models(remove: str | None, library_path: str | None, as_json: bool) -> None:
    """List the recommenders that are fitted, with what they learned from and their size."""
    with options.open_existing(library_path) as library:
        if remove:
            library.remove_model(remove)
            if not as_json:
                click.echo(f"{remove} is out; `segue fit {remove}` brings it back")
        found = library.models()
    if as_json:
        output.print_json(
            {"schema": SCHEMA_VERSION, "models": [model.to_json() for model in found]}
        )
    elif found:
        _print_models(found)
    elif not remove:
        click.echo("No recommender is fitted yet: `segue fit`.")


def _print_report(report: FitReport) -> None:
    of = output.counted([(report.rows, report.source), (report.entries, "entries")])
    click.echo(f"Learned from {of} of {report.tracks:,} tracks.")
    output.table(
        [
            ("model", {"min_width": 12}),
            ("time", {"justify": "right"}),
            ("peak memory", {"justify": "right"}),
            ("size", {"justify": "right"}),
            ("", {"ratio": 1}),
        ],
        [
            (
                model.name,
                _seconds(model.fit_seconds),
                f"{model.peak_rss_mb:,.0f} MiB",
                _size(model.size),
                "as it was: it learned the same already" if model.reused else "",
            )
            for model in report.models
        ],
    )
    for name, why in report.left_out.items():
        click.echo(f"{name} was left out: {output.printable(why)}.")
    for name, problem in report.problems.items():
        click.echo(f"! {name}: {output.printable(problem)}", err=True)


def _print_models(found: list[StoredModel]) -> None:
    output.table(
        [
            ("model", {"min_width": 12}),
            ("learned from", {"ratio": 2, "min_width": 16}),
            ("tracks", {"justify": "right"}),
            ("size", {"justify": "right"}),
            ("fitted", {"min_width": 16}),
            ("library since", {"min_width": 9}),
        ],
        [
            (
                model.name,
                output.counted([(model.rows, model.source or "rows")]),
                f"{model.tracks:,}",
                _size(model.size),
                f"{datetime.fromtimestamp(model.fitted_at):%Y-%m-%d %H:%M}",
                "changed" if model.changed else "the same",
            )
            for model in found
        ],
    )
    if any(model.changed for model in found):
        click.echo("The library has changed: `segue fit` brings the models up to date.")


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _seconds(seconds: float) -> str:
    return output.length(seconds) if seconds >= 60 else f"{seconds:.1f} s"


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[FitState], None]]:
    """Show on standard error how far a fit is; yields what it is to be told with."""
    if quiet:
        yield lambda _: None
    elif sys.stderr.isatty():
        with _bar() as tell:
            yield tell
    else:
        yield _Lines().tell


def _doing(state: FitState) -> str:
    if not state.model:
        return "Reading the library"
    step = f": {state.progress.step}" if state.progress.step else ""
    return f"{state.model} ({state.number} of {state.models}){step}"


def _figures(state: FitState) -> str:
    loss = state.progress.loss
    said = [f"loss {loss:.4g}"] if loss is not None else []
    if state.peak_rss_mb:
        said.append(f"{state.peak_rss_mb:,.0f} MiB")
    return ", ".join(said)


def _ended(state: FitState) -> str:
    """Return what is said once a model is there, or cannot be."""
    if state.problem:
        return f"{state.model}: too little to learn from"
    model = state.finished
    if model is None:
        return ""
    if model.reused:
        return f"{model.name}: as it was"
    took = f"{_seconds(model.fit_seconds)}, {model.peak_rss_mb:,.0f} MiB, {_size(model.size)}"
    return f"{model.name}: {took}"


class _Lines:
    """Progress as a line now and then, for logs."""

    def __init__(self) -> None:
        self._doing = ""
        self._started = self._last = 0.0

    def tell(self, state: FitState) -> None:
        now = time.monotonic()
        ended = _ended(state)
        if ended:
            click.echo(f"  {output.printable(ended)}", err=True)
        elif (doing := _doing(state)) != self._doing:
            self._doing, self._started, self._last = doing, now, now
            click.echo(f"{doing} ...", err=True)
        elif now - self._last >= _PLAIN_EVERY:
            self._last = now
            done, total = state.progress.done, state.progress.total
            said = []
            if total:
                left = (now - self._started) * (total - done) / done if done else None
                said = [f"{done / total:.0%}", f"{output.length(left)} left" if left else ""]
            said.append(_figures(state))
            click.echo("  " + ", ".join(filter(None, said)), err=True)


@contextmanager
def _bar() -> Iterator[Callable[[FitState], None]]:
    from rich.progress import BarColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Left

    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[figures]}"),
        Left(compact=True),
        console=output.console(stderr=True),
    ) as shown:
        task = shown.add_task("Reading the library", total=None, figures="")
        doing = ""

        def tell(state: FitState) -> None:
            nonlocal doing
            if ended := _ended(state):
                shown.console.print(output.printable(ended), markup=False)
                return
            if _doing(state) != doing:
                doing = _doing(state)
                shown.reset(task, description=doing, total=None)
            progress = state.progress
            shown.update(
                task,
                total=progress.total or None,
                completed=progress.done,
                figures=_figures(state),
            )

        yield tell
