"""Commands that draw: plot map, spectrogram, confusion."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import click

from segue.cli import options, output
from segue.errors import UsageError
from segue.types import display_path

if TYPE_CHECKING:
    from segue.service.genre_pictures import GenrePicture, SongPicture
    from segue.service.map_report import Listener, MapReport

# As in the service, which loads too much for a command's help.
_MODELS: Final = ("word2vec", "als", "sound")
_COLORS: Final = ("genre", "artist", "mood")
_DEFAULT: Final = "segue-map.png"
_SPECTROGRAM: Final = "segue-spectrogram.png"
_CONFUSION: Final = "segue-confusion.png"
_MISTAKES: Final = 20  # shown
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
        _progress("Laying out the songs", quiet=as_json) as tell,
    ):
        report = library.plot_map(
            out, model=model, color=color, n=n, like=like, gif=gif, on_progress=tell
        )
    if as_json:
        output.print_json(report.to_json())
    else:
        _print(report, [file for file in (out, gif) if file is not None])
    if report.unreadable:
        _say_unreadable(report.unreadable, "numbers of tracks stand for them")


@plot.command("spectrogram")
@click.argument("file", required=False, type=click.Path())
@click.option("--genre", metavar="NAME", help="Draw up to 25 songs of a genre, and their mean.")
@click.option(
    "--from",
    "source",
    type=click.Path(),
    metavar="FOLDER",
    help="With --genre: a folder with a folder for each genre, or a CSV file with the columns "
    "file and genre.  [default: the library's files, by their tags]",
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, metavar="N", help="With --genre: draw other songs."
)
@click.option(
    "--out",
    type=click.Path(),
    default=_SPECTROGRAM,
    show_default=True,
    metavar="PICTURE",
    help="The picture, .png or .svg.",
)
@options.library
@options.as_json
def plot_spectrogram(
    file: str | None,
    genre: str | None,
    source: str | None,
    seed: int,
    out: str,
    library_path: str | None,
    as_json: bool,
) -> None:
    """Draw how loud a song is at each pitch as it goes on, or the songs of a genre.

    Of FILE the first ten minutes are drawn. Of a genre, 30 seconds each of up to 25 songs are drawn
    side by side, and their mean beneath.
    """
    from segue.service.genre_pictures import plot_spectrogram as draw

    if (file is None) == (genre is None) or (source is not None and genre is None):
        raise UsageError("give a FILE, or a --genre and perhaps where it is --from")
    picture: SongPicture | GenrePicture
    if genre is not None:
        picture = _of_genre(genre, source, out, seed, library_path, quiet=as_json)
        instead = "song numbers stand for them"
    else:
        assert file is not None, "one of the two was given"
        picture = draw(_expanded(file), _expanded(out))
        instead = "it is called a song"
    if as_json:
        output.print_json(picture.to_json())
    else:
        _print_picture(picture)
    if picture.unreadable:
        _say_unreadable(picture.unreadable, instead)


@plot.command("confusion")
@click.argument("result", type=click.File("rb"))
@click.option(
    "--out",
    type=click.Path(),
    default=_CONFUSION,
    show_default=True,
    metavar="PICTURE",
    help="The picture, .png or .svg.",
)
def plot_confusion(result: BinaryIO, out: str) -> None:
    """Draw which genres were taken for which, and list the worst mistakes.

    RESULT is what `segue genre evaluate --json` printed; - reads it from standard input.
    """
    from segue.service.confusion_picture import plot_confusion as draw
    from segue.service.confusion_picture import read_result

    found = read_result(result.read())
    picture = draw(found, _expanded(out))
    songs = output.counted([(int(found.confusion.sum()), "songs")])
    click.echo(
        f"{songs} of {len(found.labels)} genres, {found.accuracy:.1%} of them told rightly: {out}"
    )
    if found.mistakes:
        output.table(
            [
                ("genre", {"min_width": 8}),
                ("taken for", {"min_width": 9}),
                ("certainty", {"justify": "right", "min_width": 9}),
                ("file", {"ratio": 1, "no_wrap": False, "overflow": "fold"}),
            ],
            [
                (
                    mistake.genre,
                    mistake.predicted,
                    "" if mistake.certainty is None else f"{mistake.certainty:.2f}",
                    mistake.file,
                )
                for mistake in found.mistakes[:_MISTAKES]
            ],
        )
        more = len(found.mistakes) - _MISTAKES
        if more > 0:
            click.echo(f"... and {more:,} more in the result.")
    if picture.unreadable:
        _say_unreadable(picture.unreadable, "numbers of genres stand for them")


def _of_genre(
    genre: str, source: str | None, out: str, seed: int, library_path: str | None, *, quiet: bool
) -> GenrePicture:
    from segue.service.genre_pictures import labelled_songs, plot_genre

    with _progress("Listening to the songs", quiet=quiet) as tell:
        if source is not None:
            name, songs = labelled_songs(_expanded(source), genre)
            return plot_genre(songs, name, _expanded(out), seed=seed, on_progress=tell)
        with options.open_existing(library_path) as library:
            return library.plot_genre(genre, out, seed=seed, on_progress=tell)


def _print_picture(picture: SongPicture | GenrePicture) -> None:
    from segue.service.genre_pictures import SongPicture

    if isinstance(picture, SongPicture):
        length = output.length(picture.duration)
        if picture.duration > picture.seconds + 1:
            length = f"the first {output.length(picture.seconds)} of {length}"
        click.echo(f"{output.printable(picture.title)}, {length}: {picture.out}")
        if picture.problem:
            click.echo(f"! {output.printable(picture.problem)}", err=True)
        return
    click.echo(
        f"{len(picture.songs)} of {output.counted([(picture.available, 'songs')])} of "
        f"{output.printable(picture.genre)}: {picture.out}"
    )
    for path, reason in picture.passed_over:
        click.echo(f"! {display_path(path)}: {output.printable(reason)}", err=True)


def _expanded(path: str) -> Path:
    return Path(os.path.expanduser(path))


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


def _say_unreadable(names: tuple[str, ...], instead: str) -> None:
    some = ", ".join(output.printable(name) for name in names[:_NAMED])
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    click.echo(
        f"No font here has the characters of {some}{more}: {instead}. "
        "Install one that has, such as Noto Sans CJK (fonts-noto-cjk on Debian), or put its file "
        "in ~/.local/share/fonts",
        err=True,
    )


@contextmanager
def _progress(doing: str, *, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Show on standard error how far it is."""
    if quiet or not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.progress import BarColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Left

    with Progress(
        TextColumn(doing),
        BarColumn(bar_width=None),
        Left(compact=True, elapsed_when_finished=True),
        console=output.console(stderr=True),
    ) as shown:
        task = shown.add_task("", total=None, visible=False)
        yield lambda done, total: shown.update(task, completed=done, total=total, visible=True)
