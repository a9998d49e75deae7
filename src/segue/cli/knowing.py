"""Commands about where knowledge comes from: sources, merges."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import click

from segue.cli import options, output
from segue.errors import UsageError
from segue.types import SCHEMA_VERSION

if TYPE_CHECKING:
    from segue.catalog.merges import Merge
    from segue.types import Track

_STATES: Final = ("merged", "doubtful", "undone")


@click.command()
@click.option("--remove", type=int, metavar="N", help="Take source N out, with all it brought.")
@options.library
@options.as_json
def sources(remove: int | None, library_path: str | None, as_json: bool) -> None:
    """List what was added other than music, and what each source brought.

    A source can be taken out again: its playlists, listens, ratings and feature rows go, and the
    tracks that nothing else names.
    """
    with options.open_existing(library_path) as library:
        removed = library.remove_source(remove) if remove is not None else None
        found = library.sources()
    if as_json:
        rows = [dataclasses.asdict(source) for source in found]
        output.print_json({"schema": SCHEMA_VERSION, "sources": rows})
        return
    if removed is not None:
        click.echo(f"Source {removed.id} is out: {removed.kind}, {removed.location}")
    if not found:
        click.echo("No source but music was added yet: `segue add SOURCE`.")
        return
    numbers = ("tracks", "playlists", "listens", "ratings", "play_counts", "features")
    lines = [
        (
            str(source.id),
            source.kind,
            *(f"{getattr(source, name):,}" if getattr(source, name) else "" for name in numbers),
            datetime.fromtimestamp(source.added_at).strftime("%Y-%m-%d"),
            source.location,
        )
        for source in found
    ]
    columns: list[tuple[str, dict[str, Any]]] = [
        ("id", {"justify": "right"}),
        ("kind", {}),
        *((name.replace("_", " "), {"justify": "right"}) for name in numbers),
        ("added", {"min_width": 10}),
        ("where", {"ratio": 1, "min_width": 10}),
    ]
    shown = [i for i, column in enumerate(zip(*lines, strict=True)) if any(column)]
    output.table([columns[i] for i in shown], [tuple(line[i] for i in shown) for line in lines])


@click.command()
@click.option(
    "--state", type=click.Choice(_STATES), default="merged", show_default=True, help="Which."
)
@click.option(
    "-n", "limit", type=click.IntRange(1), default=50, show_default=True, help="How many at most."
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
    """Show which tracks of different sources are taken for one recording, and why.

    The least certain come first. Doubtful ones were not merged; look at them with
    --state doubtful, and make them with --accept. What is undone is not merged again.
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
        counts = library.status()["merges"]
    if as_json:
        rows = [
            {**dataclasses.asdict(merge), "track": one.to_json(), "into": other.to_json()}
            for merge, one, other in found
        ]
        output.print_json({"schema": SCHEMA_VERSION, "merges": rows, "counts": counts})
        return
    if found:
        _print(found)
    said = ", ".join(f"{counts[name]:,} {name}" for name in _STATES if name in counts)
    click.echo(f"In all: {said or 'no merges'}.")


def _print(found: Sequence[tuple[Merge, Track, Track]]) -> None:
    output.table(
        [
            ("id", {"justify": "right"}),
            ("track", {"ratio": 3, "min_width": 12}),
            ("length", {"justify": "right", "min_width": 6}),
            ("into", {"justify": "right"}),
            ("track", {"ratio": 3, "min_width": 12}),
            ("length", {"justify": "right", "min_width": 6}),
            ("state", {"min_width": 6}),
            ("why", {"ratio": 2, "no_wrap": False, "overflow": "fold"}),
        ],
        [
            (
                str(one.id),
                one.name,
                output.length(one.duration),
                str(other.id),
                other.name,
                output.length(other.duration),
                merge.state,
                f"{merge.reason} ({merge.certainty:.2f})",
            )
            for merge, one, other in found
        ],
    )
