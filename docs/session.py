"""Make docs/session.svg, the picture of a terminal session, from a real run.

    python docs/session.py [MUSIC] [--ask "SONG AND OPTIONS"]...

MUSIC is a folder of music; without it the demo library is rendered and used. The library is made
in a temporary folder and thrown away. Progress, which goes to standard error, is left out.
"""

from __future__ import annotations

import argparse
import html
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).with_name("session.svg")
COLUMNS = 104
CELL = 12.2  # width of a character in rich's pictures
FONTS = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def run(line: str, folder: Path) -> str:
    """Run one line of the session in `folder`; return what it prints, colours included."""
    _, *arguments = shlex.split(line)
    environment = {
        **os.environ,
        "SEGUE_HOME": str(folder / "library"),
        "COLUMNS": str(COLUMNS),
        "FORCE_COLOR": "1",
        "TERM": "xterm-256color",
    }
    done = subprocess.run(  # noqa: S603 - our own program and words
        [sys.executable, "-m", "segue", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        encoding="utf-8",
    )
    return done.stdout


def draw(session: list[tuple[str, str]]) -> str:
    """Return the session as SVG that loads nothing from elsewhere."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    for line, output in session:
        console.print(Text.assemble(("$ ", "bold green"), (line, "bold")))
        for row in Text.from_ansi(output).split("\n"):
            row.rstrip()
            if row.plain:  # blank lines around tables only make the picture taller
                console.print(row, no_wrap=True)
        console.print()
    svg = console.export_svg(title="segue", unique_id="segue")
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = svg.replace("Fira Code, monospace", FONTS)
    svg = re.sub(
        r"<text (class=\S+) x=\"([\d.]+)\" (.*?) textLength=\S+ (.*?)>([^<]*)</text>", _placed, svg
    )
    return re.sub(r"[ \t]+\n", "\n", svg).strip() + "\n"


def _placed(found: re.Match[str]) -> str:
    """Give each column of a row its own place, so that it stands there in any font."""
    style, start, height, clip, content = found.groups()
    row = html.unescape(content).replace("\N{NO-BREAK SPACE}", " ")
    parts = []
    for column in re.finditer(r"\S+(?: \S+)*", row):
        x = float(start) + CELL * cell_len(row[: column.start()])
        place = f'x="{x:.1f}" {height} textLength="{CELL * cell_len(column[0]):.1f}"'
        text = html.escape(column[0]).replace(" ", "&#160;")
        parts.append(f"<text {style} {place} {clip}>{text}</text>")
    return "".join(parts) + "\n" * content.endswith("\n")


def main() -> None:
    """Run the session and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("music", nargs="?", type=Path)
    parser.add_argument("--ask", action="append", help="what follows `segue similar`")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if options.music is None:
            run("segue demo Music", folder)
        else:
            (folder / "Music").symlink_to(options.music.absolute(), target_is_directory=True)
        lines = [
            "segue add Music",
            *(f"segue similar {question}" for question in options.ask or ("turbine -k 6",)),
        ]
        PICTURE.write_text(draw([(line, run(line, folder)) for line in lines]), "utf-8")


if __name__ == "__main__":
    main()
