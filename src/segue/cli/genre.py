"""Commands about genres: genre train, evaluate, predict."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from segue.cli import options, output

if TYPE_CHECKING:
    from segue.service.genre_training import GenreEvaluation, GenreProgress

# As in the service, which loads too much for a command's help.
_NETWORKS: Final = ("probe", "cookbook", "murecom", "segue")
_LISTED: Final = 10
_EVERY: Final = 5.0  # seconds between lines where there is no terminal

_network = click.option(
    "--network",
    type=click.Choice(_NETWORKS),
    default="probe",
    show_default=True,
    help="What is taught: a probe on Segue's own ear, or a network that learns to hear.",
)
_seed = click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
_epochs = click.option(
    "--epochs", type=click.IntRange(1), metavar="N", help="Of a network; its own number if left."
)


@click.group()
def genre() -> None:
    """Teach Segue genres from labelled music, and ask for them.

    FOLDER has a folder for each genre, as GTZAN has (genres/blues/*.au ...), or is a CSV with the
    columns file and genre, and artist where it is known.
    """


@genre.command("train")
@click.argument("folder", type=click.Path())
@_network
@_epochs
@_seed
@options.library
@options.as_json
def train(
    folder: str,
    network: str,
    epochs: int | None,
    seed: int,
    library_path: str | None,
    as_json: bool,
) -> None:
    """Teach a genre detector on FOLDER and keep it in the library.

    The probe takes some seconds beyond the listening. The networks need PyTorch
    (`pip install "segue[train]"`), take minutes, and go on where they were when they are stopped.
    """
    with options.open_library(library_path) as library, _progress(quiet=as_json) as tell:
        done = library.train_genres(
            folder, network=network, seed=seed, epochs=epochs, on_progress=tell
        )
    if as_json:
        output.print_json(done.to_json())
        return
    _print_left_out(done.problems, done.duplicates)
    click.echo(
        f"{done.network} knows {len(done.genres)} genres from {done.songs:,} songs, in "
        f"{output.length(done.seconds)}: {', '.join(output.printable(g) for g in done.genres)}"
    )


@genre.command("evaluate")
@click.argument("folder", type=click.Path())
@_network
@click.option("--folds", type=click.IntRange(2), default=5, show_default=True, metavar="K")
@click.option(
    "--split",
    type=click.Path(),
    metavar="LISTS",
    help="A folder with train_filtered.txt, valid_filtered.txt and test_filtered.txt, in place of "
    "folds: GTZAN without its faults.",
)
@_epochs
@_seed
@options.as_json
def evaluate(
    folder: str,
    network: str,
    folds: int,
    split: str | None,
    epochs: int | None,
    seed: int,
    as_json: bool,
) -> None:
    """Say how well a network tells the genres of FOLDER.

    Each song is asked for once, of a detector that was taught on the other folds. Songs of one
    artist, and copies, are never on both sides.
    """
    from segue.config import ear_path
    from segue.service.genre_training import evaluate_genres

    with _progress(quiet=as_json) as tell:
        found = evaluate_genres(
            Path(folder),
            network,
            ear_path(),
            n_folds=folds,
            split=None if split is None else Path(split),
            seed=seed,
            epochs=epochs,
            on_progress=tell,
        )
    if as_json:
        output.print_json(found.to_json())
    else:
        _print_evaluation(found)


@genre.command("predict")
@click.argument("files", nargs=-1, required=True, type=click.Path())
@options.library
@options.as_json
def predict(files: tuple[str, ...], library_path: str | None, as_json: bool) -> int:
    """Name the genre of each of FILES, by the library's detector.

    A genre is unknown where none has at least an even chance. Exit status: 3 when a file could not
    be heard.
    """
    with options.open_existing(library_path) as library:
        guesses = library.predict_genres(files)
    if as_json:
        output.print_json([guess.to_json() for guess in guesses])
    else:
        output.table(
            [
                ("genre", {"min_width": 8}),
                ("sure", {"justify": "right", "min_width": 4}),
                ("file", {"ratio": 1}),
            ],
            [(guess.genre, f"{guess.certainty:.2f}", guess.file) for guess in guesses],
        )
        for guess in guesses:
            if guess.problem is not None:
                click.echo(f"{output.printable(guess.file)}: {guess.problem}", err=True)
    return 3 if any(guess.problem is not None for guess in guesses) else 0


@genre.command("label")
@options.library
@options.as_json
def label(library_path: str | None, as_json: bool) -> None:
    """Name the genre of every song of the library, by its detector.

    The files' own tags stay as they are. Filters by genre use both, and `segue show` tells what was
    heard. Songs that were asked of before are left out, until another detector is trained.
    """
    with options.open_existing(library_path) as library, _progress(quiet=as_json) as tell:
        from segue.service.genre_training import GenreProgress

        done = library.label_genres(
            on_progress=lambda n, total: tell(GenreProgress("listening", n, total))
        )
    if as_json:
        output.print_json(done.to_json())
        return
    _print_left_out(tuple(done.problems), ())
    if not done.genres:
        click.echo("All songs have been asked of.")
    for name, count in sorted(done.genres.items(), key=lambda pair: (-pair[1], pair[0])):
        click.echo(f"{count:>8,}  {output.printable(name)}")


def _print_evaluation(found: GenreEvaluation) -> None:
    _print_left_out(found.problems, found.duplicates)
    scores = found.scores
    low, high = scores.accuracy_interval
    click.echo(
        f"{found.network}: {scores.accuracy:.1%} of {scores.n:,} songs ({low:.1%} to {high:.1%}), "
        f"macro F1 {scores.macro_f1:.3f}, calibration error {scores.ece:.3f}"
    )
    ways = ", ".join(f"{name.replace('_', ' ')} {value:.1%}" for name, value in found.votes.items())
    click.echo(f"By chunks: {found.chunk_accuracy:.1%} of chunks; songs by {ways}")
    output.table(
        [
            ("genre", {"ratio": 1, "min_width": 8}),
            ("songs", {"justify": "right"}),
            ("precision", {"justify": "right"}),
            ("recall", {"justify": "right"}),
            ("F1", {"justify": "right"}),
        ],
        [
            (s.genre, str(s.support), f"{s.precision:.2f}", f"{s.recall:.2f}", f"{s.f1:.2f}")
            for s in scores.per_genre
        ],
    )
    if found.mistakes:
        click.echo("The surest mistakes:")
        output.table(
            [
                ("sure", {"justify": "right", "min_width": 4}),
                ("is", {"min_width": 6}),
                ("taken for", {"min_width": 9}),
                ("file", {"ratio": 1}),
            ],
            [
                (f"{sure:.2f}", genre, predicted, file)
                for file, genre, predicted, sure in found.mistakes[:_LISTED]
            ],
        )


def _print_left_out(
    problems: tuple[tuple[str, str], ...], duplicates: tuple[tuple[str, str], ...]
) -> None:
    for path, cause in problems[:_LISTED]:
        click.echo(f"Left out: {output.printable(path)}: {output.printable(cause)}", err=True)
    if len(problems) > _LISTED:
        click.echo(f"... and {len(problems) - _LISTED:,} more, all with --json", err=True)
    for first, copy in duplicates[:_LISTED]:
        click.echo(f"The same: {output.printable(first)} and {output.printable(copy)}", err=True)
    if len(duplicates) > _LISTED:
        click.echo(f"... and {len(duplicates) - _LISTED:,} more pairs, all with --json", err=True)


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[GenreProgress], None]]:
    """Show on standard error how far it is: a bar, or a line now and then where none can be."""
    if quiet:
        yield lambda _: None
        return
    if not sys.stderr.isatty():
        last = 0.0

        def line(state: GenreProgress) -> None:
            nonlocal last
            if time.monotonic() - last >= _EVERY or state.done == state.total:
                last = time.monotonic()
                click.echo(
                    f"  {state.step}: {state.done:,}/{state.total:,}{_loss(state)}", err=True
                )

        yield line
        return
    from rich.progress import BarColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Left

    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[figures]}"),
        Left(compact=True, elapsed_when_finished=True),
        console=output.console(stderr=True),
    ) as shown:
        task = shown.add_task("Looking", total=None, figures="")
        step = ""

        def tell(state: GenreProgress) -> None:
            nonlocal step
            if state.step != step:
                step = state.step
                shown.reset(task, description=step.capitalize(), total=state.total)
            figures = f"{state.done:,}/{state.total:,}{_loss(state)}"
            shown.update(task, completed=state.done, total=state.total, figures=figures)

        yield tell


def _loss(state: GenreProgress) -> str:
    if state.loss is None or state.accuracy is None:
        return ""
    return f"  loss {state.loss:.3f}  accuracy {state.accuracy:.1%}"
