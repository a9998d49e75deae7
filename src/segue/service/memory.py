"""The most memory that this process had."""

from __future__ import annotations

import resource
import sys
from contextlib import suppress


def peak_mb() -> float:
    """Return the most memory since `reset_peak`, in MiB; without that, since the start."""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def reset_peak() -> None:
    """Forget the most memory so far; where the system cannot, nothing happens."""
    with suppress(OSError), open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")
