"""Commands about the network that listens."""

from __future__ import annotations

from typing import Any

import click

import segue
from segue.cli import options, output
from segue.config import ear_path
from segue.types import SCHEMA_VERSION


@click.group()
def ear() -> None:
    """The ear: the network that listens."""


@ear.command()
@click.option(
    "--from",
    "wheel",
    type=click.Path(),
    metavar="FILE",
    help="Use this musicnn 0.1.0 wheel; fetch nothing.",
)
@click.option("--force", is_flag=True, help="Fetch it again though it is there.")
@options.as_json
def install(wheel: str | None, force: bool, as_json: bool) -> None:
    """Fetch the weights of the ear (29 MB), check them, and build the network.

    Songs that were compared by plain descriptors are listened to again by the next
    `segue add`; until that is through, the old comparison goes on working.
    """
    from segue.audio.ear import LICENCE

    folder = segue.install_ear(wheel, force=force)
    if as_json:
        output.print_json(_state())
        return
    click.echo(f"The ear is at {folder}.")
    click.echo(LICENCE)


@ear.command()
@options.as_json
def status(as_json: bool) -> None:
    """Show whether the ear is installed, and where."""
    state = _state()
    if as_json:
        output.print_json(state)
    elif state["installed"]:
        click.echo(f"{state['name']} {state['version']} is installed at {state['folder']}.")
    else:
        click.echo(f"The ear is missing at {state['folder']}; fetch it with `segue ear install`.")


def _state() -> dict[str, Any]:
    from segue.audio.ear import NAME, VERSION, installed

    folder = ear_path()
    return {
        "schema": SCHEMA_VERSION,
        "name": NAME,
        "version": VERSION,
        "installed": installed(folder),
        "folder": str(folder),
    }
