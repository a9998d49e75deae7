"""Commands about where knowledge comes from: sources, merges."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import TYPE_CHECKING, Final

import click

from segue.cli import options, output
from segue.errors import UsageError
from segue.types import SCHEMA_VERSION

if TYPE_CHECKING:
    from segue.catalog.merges import Merge
    from segue.catalog.provenance import SourceState
    from segue.types import Track

_STATES: Final = ("merged", "doubtful", "undone")
_NUMBERS: Final = {
    "playlists": "playlists",
    "tracks": "tracks",
    "listens": "listens",
    "ratings": "ratings",
    "play_counts": "play counts",
    "features": "feature rows",
}


@click.command()
@click.option("--remove", type=int, metavar="N", help="Take source N out, with all it brought.")
@options.library
@options.as_json
def sources(remove: int | None, library_path: str | None, as_json: bool) -> None:
    """List what was added other than music, or take it out again.

    It shows what each source brought; tracks are counted with the source that was the first to
    name them. What is taken out goes with its playlists, listens, ratings and features, and with
    the tracks that nothing else rests on.
    """
    with options.open_existing(library_path) as library:
        removed = library.remove_source(remove) if remove is not None else None
        found = library.sources()
    if as_json:
        rows = [dataclasses.asdict(source) for source in found]
        output.print_json({"schema": SCHEMA_VERSION, "sources": rows})
        return
    if removed is not None:
        click.echo(f"Source {removed.id} is out: {_name(removed)}, {_where(removed)}")
    if not found:
        click.echo("No source but music was added yet: `segue add SOURCE`.")
        return
    width = len(str(found[-1].id))
    for source in found:
        day = f"{datetime.fromtimestamp(source.added_at):%Y-%m-%d}"
        click.echo(f"{source.id:{width}}  {_name(source)}, added {day}")
        click.echo(f"{'':{width}}  {_where(source)}")
        counts = output.counted([(getattr(source, n), word) for n, word in _NUMBERS.items()])
        click.echo(f"{'':{width}}  {counts or 'nothing of its own'}")


def _name(source: SourceState) -> str:
    from segue.service.recognise import NAMES

    return NAMES.get(source.kind, source.kind)


def _where(source: SourceState) -> str:
    return output.printable(source.location)


@click.command()
@click.option(
    "--state", type=click.Choice(_STATES), default="merged", show_default=True, help="Which ones."
)
@click.option(
    "-n",
    "limit",
    type=click.IntRange(1),
    default=50,
    show_default=True,
    metavar="N",
    help="How many at most.",
)
@click.option("--undo", type=int, metavar="ID", help="Undo the merges of this track.")
@click.option("--undo-all", is_flag=True, help="Undo all merges.")
@click.option("--accept", type=(int, int), metavar="ID INTO", help="Make a doubtful merge.")
@options.library
@options.as_json
def merges(
    state: str,
    limit: int,
    undo: int | None,
    undo_all: bool,
    accept: tuple[int, int] | None,
    library_path: str | None,
    as_json: bool,
) -> None:
    """Show which tracks are taken for one recording, and why.

    Below each track stands the one that it is read as. The least certain come first. Doubtful ones
    were not merged; look at them with --state doubtful, and make them with --accept. What is undone
    is not merged again.
    """
    if (undo is not None) + undo_all + (accept is not None) > 1:
        raise UsageError("--undo, --undo-all and --accept exclude each other; give one")
    with options.open_existing(library_path) as library:
        if accept is not None:
            found = library.accept_merge(*accept)
        elif undo is not None or undo_all:
            found = library.undo_merges(undo)
        else:
            found = library.merges(state, limit)
        counts = library.merge_counts()
    if as_json:
        rows = [
            {**dataclasses.asdict(merge), "track": one.to_json(), "into": other.to_json()}
            for merge, one, other in found
        ]
        output.print_json({"schema": SCHEMA_VERSION, "merges": rows, "counts": counts})
        return
    for merge, one, other in found[:limit]:
        _print(merge, one, other)
    if len(found) > limit:
        click.echo(f"and {len(found) - limit:,} more")
    said = ", ".join(f"{counts[name]:,} {name}" for name in _STATES if name in counts)
    click.echo(f"In all: {said or 'no merges'}.")


def _print(merge: Merge, one: Track, other: Track) -> None:
    """Print a track, below it the one it is read as, and why."""
    width = max(len(str(one.id)), len(str(other.id)))
    for track in (one, other):
        about = ", ".join(filter(None, (output.length(track.duration), output.origin(track))))
        click.echo(output.printable(f"{track.id:>{width}}  {track.name}  ({about})"))
    click.echo(f"{'':{width}}  {merge.state}, {merge.certainty:.2f}: {merge.reason}")
