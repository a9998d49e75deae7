"""Commands that draw: plot map."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

from segue.cli import options, output

if TYPE_CHECKING:
    from segue.service.map_report import Listener, MapReport

# As in the service, which loads too much for a command's help.
_MODELS: Final = ("word2vec", "als", "sound")
_COLORS: Final = ("genre", "artist", "mood")
_DEFAULT: Final = "segue-map.png"
_NAMED: Final = 5  # songs whose names cannot be shown


@click.group()
def plot() -> None:
    """Draw what the library knows. Needs `pip install "segue[plots]"`."""


@plot.command("map")
@click.option(
    "--model",
    type=click.Choice(_MODELS),
    default="word2vec",
    show_default=True,
    help="Whose vectors are laid out: by company, or by sound.",
)
@click.option(
    "--color",
    type=click.Choice(_COLORS),
    default="genre",
    show_default=True,
    help="What the colours tell.",
)
@click.option(
    "--out",
    type=click.Path(),
    metavar="FILE",
    help=f"The picture, .png or .svg.  [default: {_DEFAULT}]",
)
@click.option(
    "-n",
    type=click.IntRange(10),
    default=20_000,
    show_default=True,
    metavar="N",
    help="How many songs, the most common first.",
)
@click.option("--like", multiple=True, metavar="SONG", help="Show a listener who likes it.")
@click.option(
    "--gif", type=click.Path(), metavar="FILE", help="With --like: show it step by step, too."
)
@options.library
@options.as_json
def plot_map(
    model: str,
    color: str,
    out: str | None,
    n: int,
    like: tuple[str, ...],
    gif: str | None,
    library_path: str | None,
    as_json: bool,
) -> None:
    """Draw the songs in two dimensions: what goes together lies together.

    The vectors of a model are laid out by t-SNE. The first map of a model takes a minute for
    20,000 songs; its coordinates are kept, and others follow at once.

    With --like, the songs that are liked, their mean, which is the listener, and the songs nearest
    to it are shown.

    With --json, the coordinates are printed, and a picture is made only where --out or --gif names
    one.
    """
    if out is None and gif is None and not as_json:
        out = _DEFAULT
    with (
        options.open_existing(library_path) as library,
        _progress(quiet=as_json) as tell,
    ):
        report = library.plot_map(
            out, model=model, color=color, n=n, like=like, gif=gif, on_progress=tell
        )
    if as_json:
        output.print_json(report.to_json())
    else:
        _print(report, [file for file in (out, gif) if file is not None])
    if report.unreadable:
        _say_unreadable(report.unreadable)


def _print(report: MapReport, files: list[str]) -> None:
    known = sum(group is not None for group in report.groups)
    click.echo(
        f"{len(report.tracks):,} songs by {report.model}, {known:,} of them coloured "
        f"by {report.color}: {' and '.join(files)}"
    )
    if report.listener is not None:
        _print_listener(report, report.listener)


def _print_listener(report: MapReport, listener: Listener) -> None:
    for number, track in enumerate(listener.likes):
        click.echo(f"Likes {output.printable(track.name)}")
        output.print_others(listener.others.get(number, ()))
    output.table(
        [
            ("", {"justify": "right", "min_width": 2}),
            ("alike", {"justify": "right", "min_width": 5}),
            ("title", {"ratio": 3, "min_width": 12}),
            ("artist", {"ratio": 2}),
        ],
        [
            (
                str(rank),
                f"{near.score:.2f}",
                report.tracks[near.place].title,
                report.tracks[near.place].artist,
            )
            for rank, near in enumerate(listener.neighbors, 1)
        ],
    )


def _say_unreadable(names: tuple[str, ...]) -> None:
    some = ", ".join(output.printable(name) for name in names[:_NAMED])
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    click.echo(
        f"No font here has the characters of {some}{more}: numbers of tracks stand for them. "
        "Install one that has, such as Noto Sans CJK (fonts-noto-cjk on Debian), or put its file "
        "in ~/.local/share/fonts",
        err=True,
    )


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Show on standard error how far the layout is."""
    if quiet or not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.progress import BarColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Left

    with Progress(
        TextColumn("Laying out the songs"),
        BarColumn(bar_width=None),
        Left(compact=True, elapsed_when_finished=True),
        console=output.console(stderr=True),
    ) as shown:
        task = shown.add_task("", total=None, visible=False)
        yield lambda done, total: shown.update(task, completed=done, total=total, visible=True)
