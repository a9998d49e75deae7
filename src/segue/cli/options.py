"""Options that many commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from segue.config import HOME_VARIABLE

_Command = Callable[..., Any]


def library(command: _Command) -> _Command:
    """Add ``--library``."""
    return click.option(
        "--library",
        "library_path",
        metavar="FOLDER",
        type=click.Path(),
        help=f"The library to use.  [default: ${HOME_VARIABLE}, or the platform's data folder]",
    )(command)


def as_json(command: _Command) -> _Command:
    """Add ``--json``."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print JSON alone on standard output."
    )(command)
