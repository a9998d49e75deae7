"""The command that tells which song a clip is of: identify."""

from __future__ import annotations

import click

from segue.cli import options, output
from segue.service.identifying import Identification


@click.command()
@click.argument("clip", type=click.Path())
@click.option(
    "-k",
    type=click.IntRange(1),
    default=5,
    show_default=True,
    metavar="N",
    help="How many songs at most, where the library has a recording several times.",
)
@options.library
@options.as_json
def identify(clip: str, k: int, library_path: str | None, as_json: bool) -> int:
    """Tell which song of the library CLIP is of.

    CLIP is a file with a few seconds of music, from any place in a song, as a phone or a browser
    records it. Noise and compression do no harm; music played faster, slower or in another key is
    not known again. The first time, all songs are listened to, whole; after that, new ones.

    Exit status: 0 when a song was found, 1 when not.
    """
    with options.open_existing(library_path) as library, output.progress(quiet=as_json) as tell:
        found = library.identify(clip, k, on_progress=tell)
    if as_json:
        output.print_json(found.to_json())
    else:
        _show(found)
    return 0 if found.matches else 1


def _show(found: Identification) -> None:
    if found.unheard:
        songs = output.counted([(len(found.unheard), "songs")])
        click.echo(f"{songs} could not be listened to.", err=True)
    if not found.matches:
        click.echo(f"Not in this library: none of its {found.songs:,} songs has this clip.")
        return
    output.table(
        [
            ("at", {"justify": "right", "min_width": 5}),
            ("title", {"ratio": 3, "min_width": 12}),
            ("artist", {"ratio": 2}),
            ("album", {"ratio": 2}),
            ("landmarks", {"justify": "right", "min_width": 12}),
            ("id", {"justify": "right", "min_width": 3}),
        ],
        [
            (
                _at(match.at),
                match.track.title,
                match.track.artist,
                match.track.album,
                f"{match.matched:,} of {match.of:,}",
                str(match.track.id),
            )
            for match in found.matches
        ],
    )


def _at(seconds: float) -> str:
    return output.length(max(0.0, seconds))
