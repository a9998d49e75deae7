"""Bring the generated parts of docs/commands.md up to date, or check that they are.

    python docs/generate.py [--check]

Between ``<!-- help: NAME -->`` and ``<!-- end -->`` goes what ``segue NAME --help`` prints at 80
columns. All around it is written by hand.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from segue.cli.main import segue

PAGE = Path(__file__).with_name("commands.md")
COLUMNS = 80
_PART = re.compile(r"(<!-- help: (?P<name>[a-z ]+) -->\n)(?P<text>.*?)(<!-- end -->)", re.DOTALL)


def commands(
    group: click.Group = segue, above: click.Context | None = None
) -> Iterator[tuple[str, str]]:
    """Yield the name and the help of every command, those of groups after their group's."""
    context = _context(group, "segue" if above is None else str(group.name), above)
    yield context.command_path, context.get_help()
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, f"{name} is listed and not there"
        if isinstance(command, click.Group):
            yield from commands(command, context)
        else:
            below = _context(command, name, context)
            yield below.command_path, below.get_help()


def _context(command: click.Command, name: str, above: click.Context | None) -> click.Context:
    return click.Context(
        command,
        info_name=name,
        parent=above,
        terminal_width=COLUMNS,
        max_content_width=COLUMNS,
        color=False,
        **command.context_settings,
    )


def generated(page: str) -> str:
    """Return the page with every generated part as it should be.

    Raises
    ------
    ValueError
        If a command has no part on the page, or a part no command.
    """
    helps = dict(commands())
    named = [found["name"] for found in _PART.finditer(page)]
    if sorted(named) != sorted(helps):
        wrong = sorted(set(named) ^ set(helps)) or sorted({n for n in named if named.count(n) > 1})
        raise ValueError(f"parts and commands differ in: {', '.join(wrong)}")

    def part(found: re.Match[str]) -> str:
        return f"{found[1]}```text\n{helps[found['name']]}\n```\n{found[4]}"

    return _PART.sub(part, page)


def is_current(page: str) -> bool:
    """Return whether the page says what the commands say; where lines break is no matter."""
    return page.split() == generated(page).split()


def main() -> int:
    """Write the page, or with ``--check`` tell by the exit status whether it is up to date."""
    page = PAGE.read_text("utf-8")
    if sys.argv[1:] == ["--check"]:
        if is_current(page):
            return 0
        sys.stderr.write("docs/commands.md is not up to date; run `make docs`\n")
        return 1
    PAGE.write_text(generated(page), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
