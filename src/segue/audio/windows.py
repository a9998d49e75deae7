"""Which parts of a recording are listened to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

# Five short windows tell more of a song than three long ones, or than half a minute of it in one
# piece, at half the cost: see the table in docs/ear.md.
N_WINDOWS: Final = 5
WINDOW_SECONDS: Final = 4.0
_REST: Final = 0.5  # seconds; a last piece no longer than this is left to the one before it


@dataclass(frozen=True)
class Window:
    """A stretch of a recording.

    Attributes
    ----------
    start
        Seconds from the beginning of the recording.
    samples
        Audio [shape=(1 or 2 channels, n)], float32, finite, full scale at 1, at the sample rate
        that was asked of `segue.audio.decode.decode`: 16 kHz unless another was.
    """

    start: float
    samples: NDArray[np.float32]

    @cached_property
    def mono(self) -> NDArray[np.float32]:
        """The mean of the channels [shape=(n,)]."""
        mean: NDArray[np.float32] = self.samples.mean(axis=0, dtype=np.float32)
        return mean


def place_windows(
    duration: float, count: int = N_WINDOWS, seconds: float = WINDOW_SECONDS
) -> list[tuple[float, float]]:
    """Return (start, length) in seconds of the windows of a recording, in order.

    The windows lie in the middle of `count` equal parts of it. One that is no longer than all of
    them together is taken whole, cut into pieces of `seconds`.

    >>> place_windows(240.0)
    [(22.0, 4.0), (70.0, 4.0), (118.0, 4.0), (166.0, 4.0), (214.0, 4.0)]
    >>> place_windows(10.0)
    [(0.0, 4.0), (4.0, 4.0), (8.0, 2.0)]
    """
    if duration > count * seconds:
        part = duration / count
        return [((i + 0.5) * part - seconds / 2, seconds) for i in range(count)]
    pieces = max(1, int(np.ceil((duration - _REST) / seconds)))
    ends = [*((i + 1) * seconds for i in range(pieces - 1)), duration]
    return [(i * seconds, end - i * seconds) for i, end in enumerate(ends)]
