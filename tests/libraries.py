"""Libraries that many tests look at: made once, copied by those that change them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import segue


def demo_library(base: Path, music: Path) -> Path:
    """Return a library with the demo music, heard by the installed ear; nobody may change it."""
    folder = base / "demo-library"
    if not folder.exists():
        with segue.open(folder) as library:
            report = library.add(music)
        assert report.failed == 0
    return folder


# A shell that runs the tests in the background has them, and all they start, ignore Ctrl-C.
RUN = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from segue.cli.main import main; main()"
)


def command(*arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
    """Start `segue` in a process of its own."""
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            RUN,
            *map(str, arguments),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )
