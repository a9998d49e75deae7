"""The command line: `segue COMMAND`."""

from __future__ import annotations

import io
import os
import sys
from importlib import import_module
from typing import Any, Final

import click

from segue import __version__
from segue.errors import SegueError, UsageError

_COMMANDS: Final = {
    # Each name with the module that holds it: a command loads only its own.
    "start": "adding",
    "add": "adding",
    "watch": "adding",
    "similar": "asking",
    "search": "asking",
    "show": "asking",
    "identify": "identifying",
    "fit": "fitting",
    "models": "fitting",
    "recommend": "recommending",
    "analogy": "recommending",
    "compare": "recommending",
    "export": "recommending",
    "evaluate": "evaluating",
    "genre": "genre",
    "plot": "plotting",
    "status": "keeping",
    "problems": "keeping",
    "crawl": "crawl",
    "spotify": "spotify",
    "sources": "knowing",
    "merges": "knowing",
    "doctor": "keeping",
    "move": "keeping",
    "forget": "keeping",
    "backup": "keeping",
    "restore": "keeping",
    "ear": "ear",
    "demo": "adding",
}
_INTERRUPTED: Final = 130


class _Commands(click.Group):
    """Loads commands when they are asked for, and turns errors into exit statuses."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"segue.cli.{_COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def main(self, *args: Any, **kwargs: Any) -> Any:
        kwargs["standalone_mode"] = False
        try:
            return super().main(*args, **kwargs)
        except click.exceptions.Exit as stop:
            return stop.exit_code
        except click.ClickException as error:
            error.show()
            return error.exit_code
        except (click.Abort, KeyboardInterrupt):
            click.echo("\nStopped. What was finished is kept; run it again to go on.", err=True)
            return _INTERRUPTED
        except SegueError as error:
            click.echo(f"segue: {error}", err=True)
            return 2 if isinstance(error, UsageError) else 1
        except BrokenPipeError:
            # Whoever read the output has seen enough; nothing more is to be flushed to it.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="segue")
def segue() -> None:
    """What plays next, from the music you own and all that you have played.

    Begin with `segue start FOLDER`: it adds a folder of music and shows what sounds like
    one of its songs. `segue add` takes playlists and exports of your listening, too;
    `segue fit` learns from them, and `segue recommend` shows what goes together. Every
    command explains itself with --help, and prints JSON with --json.
    """


def main() -> None:
    """Run the command line and exit with its status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # where a title cannot be shown, "?" stands
    result = segue.main()
    sys.exit(result if isinstance(result, int) else 0)
