"""Commands that crawl, and show what was crawled."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import click

from segue.cli import options, output

if TYPE_CHECKING:
    from segue.catalog.crawl import Strategy
    from segue.service.crawl_report import CrawlProgress, CrawlReport

_INCOMPLETE: Final = 3
_STATES: Final = {"first": "next"}  # how states are called where they would be misread
_EVERY: Final = 10.0  # seconds between lines of progress where there is no terminal


@click.group()
def crawl() -> None:
    """Collect playlists from a service, where your app has access to it."""


@crawl.command()
@click.option(
    "-n",
    "--playlists",
    type=click.IntRange(1),
    default=1_000,
    show_default=True,
    metavar="N",
    help="How many playlists to find in all, earlier runs included.",
)
@click.option("--seed", metavar="WORD", help="Begin with this word.  [default: a]")
@click.option(
    "--strategy",
    type=click.Choice(["frequent-words", "uniform-words"]),
    default="frequent-words",
    show_default=True,
    help="Which word of those in titles comes next.",
)
@click.option(
    "--by",
    type=click.Choice(["playlists", "genre"]),
    default="playlists",
    show_default=True,
    help="Search for playlists, or fetch recommendations by genre with audio features.",
)
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    metavar="N",
    help="Requests at once; the rate limit is one for all.",
)
@click.option(
    "--csv",
    "table",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="With --by genre: write all tracks of genres with their features.",
)
@options.library
@options.as_json
def spotify(
    playlists: int,
    seed: str | None,
    strategy: Strategy,
    by: Literal["playlists", "genre"],
    threads: int,
    table: Path | None,
    library_path: str | None,
    as_json: bool,
) -> int:
    """Crawl Spotify's playlists, word by word of their titles.

    Searches for a word, keeps the playlists not seen before, counts the words of their titles,
    goes on with the most frequent one not yet tried, and reads the tracks of all of them. It can
    be stopped at any time, and goes on where it was.

    Apps registered since November 2024 may not read other people's playlists: then only names
    are found. Spotify's terms forbid to train models on what its API gives out.

    Exit status: 0 when all was fetched, 3 when the rest has to wait or is closed to the app.
    """
    from segue.service.crawl_report import CrawlOptions

    if table is not None and by != "genre":
        raise click.UsageError("--csv writes tracks of genres; use it with --by genre")
    asked = CrawlOptions(playlists, seed, strategy, by, threads)
    with options.open_library(library_path) as library:
        with _progress(quiet=as_json) as tell:
            report = library.crawl(asked, on_progress=tell)
        lines = library.write_genre_table(table) if table is not None else None
    if as_json:
        output.print_json(report.to_json())
    else:
        _print_report(report)
        if lines is not None:
            click.echo(f"{table}: {lines:,} lines.")
    return 0 if report.complete else _INCOMPLETE


@crawl.command()
@options.library
@options.as_json
def report(library_path: str | None, as_json: bool) -> None:
    """Show what was crawled, day by day, and how far it is from a fair sample.

    Frequent words find common music: when few words found most playlists, or few artists hold
    most entries, try --strategy uniform-words.
    """
    with options.open_existing(library_path) as library:
        picture = library.crawl_report()
    if as_json:
        output.print_json(picture)
        return
    for source in picture["sources"]:
        _print_picture(source)


def _print_report(done: CrawlReport) -> None:
    parts = [
        (done.words, "words"),
        (done.found, "playlists"),
        (done.read, "read"),
        (done.genres, "genres fetched"),
        (done.tracks, "entries" if done.by == "playlists" else "rows"),
        (done.no_access, "private"),
        (done.gone, "gone"),
        (done.failed + done.failed_genres, "failed"),
    ]
    click.echo(f"{output.counted(parts) or 'Nothing new'}.")
    if done.skipped:
        ordered = sorted(done.skipped.items(), key=lambda item: (-item[1], item[0]))
        click.echo(f"Left out: {', '.join(f'{number:,} x {why}' for why, number in ordered)}.")
    if done.pages:
        rate = done.pages / max(done.seconds, 1e-9)
        took = output.length(done.seconds)
        click.echo(f"{done.pages:,} answers in {took} ({rate:.1f} a second).")
    for note in done.notes:
        click.echo(output.printable(note), err=True)


def _print_picture(source: dict[str, Any]) -> None:
    words, tracks, artists = source["words"], source["tracks"], source["artists"]
    for heading, states in (
        ("Playlists", source["playlists"]),
        ("Words", words["states"]),
        ("Genres", source["genres"]),
    ):
        if states:
            named = {_STATES.get(state, state): number for state, number in states.items()}
            said = ", ".join(f"{number:,} {state}" for state, number in sorted(named.items()))
            click.echo(f"{heading}: {said}.")
    if not source["entries"]:
        click.echo("No entries were read yet.")
        return
    click.echo(
        f"{source['entries']:,} entries of {tracks['count']:,} tracks by {artists['count']:,} "
        "artists. "
        f"The first hundredth of the artists has {artists['top_percent_share']:.0%} of them "
        f"(Gini {artists['gini']:.2f}), of the tracks {tracks['top_percent_share']:.0%} "
        f"(Gini {tracks['gini']:.2f}); {tracks['once']:.0%} of the tracks stand in one place."
    )
    right = {"justify": "right", "min_width": 8}
    if words["top"]:
        click.echo(
            f"{words['tried']:,} words found playlists as {words['effective_words']:.1f} equal "
            "ones would have:"
        )
        output.table(
            [
                ("word", {"ratio": 1, "min_width": 12}),
                ("found", right),
                ("share", right),
                ("results", right),
                ("titles", right),
            ],
            [
                (
                    word["word"],
                    f"{word['found']:,}",
                    f"{word['share']:.1%}",
                    f"{word['results']:,}",
                    f"{word['titles']:,}",
                )
                for word in words["top"]
            ],
        )
    if source["days"]:
        output.table(
            [
                ("day", {"ratio": 1, "min_width": 10}),
                ("found", right),
                ("read", right),
                ("entries", right),
            ],
            [
                (day["day"], f"{day['found']:,}", f"{day['read']:,}", f"{day['entries']:,}")
                for day in source["days"]
            ],
        )


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[CrawlProgress], None]]:
    """Show on standard error how far the crawl is."""
    if quiet:
        yield lambda _: None
    elif sys.stderr.isatty():
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        with Progress(
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}", markup=False),
            console=output.console(stderr=True),
        ) as shown:
            task = shown.add_task("", total=None, figures="")

            def tell(state: CrawlProgress) -> None:
                shown.update(task, completed=state.done, total=state.total, figures=_figures(state))

            yield tell
    else:
        last = time.monotonic()

        def tell_line(state: CrawlProgress) -> None:
            nonlocal last
            if time.monotonic() - last >= _EVERY:
                last = time.monotonic()
                click.echo(f"  {state.done:,}/{state.total:,}  {_figures(state)}", err=True)

        yield tell_line


def _figures(state: CrawlProgress) -> str:
    rate = state.pages / max(state.seconds, 1e-9)
    parts = [
        f"{state.found:,} found" if state.found else "",
        f"{state.tracks:,} tracks",
        f"{rate:.1f} pages/s",
        f"{output.length(state.seconds_left)} left" if state.seconds_left is not None else "",
        output.printable(state.word),
    ]
    return "  ".join(part for part in parts if part)
