"""Commands about the network that listens."""

from __future__ import annotations

import click

import segue
from segue.config import ear_path


@click.group()
def ear() -> None:
    """The ear: the network that listens."""


@ear.command()
@click.option(
    "--from", "wheel", type=click.Path(), metavar="FILE", help="The musicnn 0.1.0 wheel, at hand."
)
@click.option("--force", is_flag=True, help="Fetch it again though it is there.")
def install(wheel: str | None, force: bool) -> None:
    """Fetch the weights of the ear (29 MB), check them, and build the network.

    Songs that were compared by plain descriptors are listened to again by the next
    `segue add`; until that is through, the old comparison goes on working.
    """
    from segue.audio.ear import LICENCE

    folder = segue.install_ear(wheel, force=force)
    click.echo(f"The ear is at {folder}.")
    click.echo(LICENCE)


@ear.command()
def status() -> None:
    """Show whether the ear is installed, and where."""
    from segue.audio.ear import NAME, VERSION, installed

    folder = ear_path()
    if installed(folder):
        click.echo(f"{NAME} {VERSION} is installed at {folder}.")
    else:
        click.echo(f"The ear is missing at {folder}; fetch it with `segue ear install`.")
