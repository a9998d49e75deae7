"""Options that many commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

import segue
from segue.config import FILE_NAME, HOME_VARIABLE
from segue.config import library_path as library_folder
from segue.errors import LibraryError

if TYPE_CHECKING:
    from segue.service.library import Library

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


def open_library(library_path: str | None) -> Library:
    """Open a library, or make it."""
    return segue.open(library_path, on_wait=say_waiting)


def open_existing(library_path: str | None) -> Library:
    """Open a library that is there; asking must not make one where a path is misspelt."""
    folder = library_folder(library_path)
    if not (folder / FILE_NAME).exists():
        raise LibraryError(f"there is no library at {folder}; make one with `segue add FOLDER`")
    return open_library(library_path)


def say_waiting() -> None:
    """Tell why nothing happens for a while."""
    click.echo("Another segue is writing to this library; waiting for it ...", err=True)
