"""Listening to labelled music: what a genre detector is taught on and asked with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from segue.audio.decode import decode
from segue.audio.duplicates import RATE, audio_digest, beginning
from segue.audio.ear import Ear
from segue.audio.power_mel import SAMPLE_RATE as MEL_RATE
from segue.audio.power_mel import half_minute, power_mel
from segue.config import cores
from segue.errors import AudioError
from segue.service.worker import Failure, Workers

Kind = Literal["ear", "mel"]
OnFile = Callable[[int, int], None]

LEAST: Final = 1.0  # seconds; a shorter clip tells no genre
_PIECES: Final = 10
_SECONDS: Final = 3.0  # what the ear's networks take at once
_LEVEL: Final = 0.1  # root mean square; of 0.04, 0.1 and 0.25 the best on real clips
_LIMIT: Final = 120.0  # seconds for one file


def _pieces(duration: float) -> list[tuple[float, float]]:
    """Place ten pieces of 3 s side by side over half a minute, fewer in less."""
    ((start, length),) = half_minute(duration)
    count = max(1, min(_PIECES, int(length / _SECONDS)))
    return [(start + i * length / count, min(_SECONDS, length)) for i in range(count)]


@dataclass(frozen=True, eq=False)
class HeardFile:
    """What was heard of a file.

    Attributes
    ----------
    features
        For ``ear`` the unit vectors of its pieces [shape=(1..10, 400)], for ``mel`` its power mel
        spectrogram [shape=(frames, 128)].
    seconds
        Of the whole file.
    digest
        Of its first minute's audio, the same for exact copies.
    """

    features: NDArray[np.float32]
    seconds: float
    digest: str


class Listener:
    """Listens to files; callable, so that it is a worker's job.

    Parameters
    ----------
    kind
        ``ear`` for vectors of Segue's own ear, ``mel`` for spectrograms.
    ear_folder
        Where the ear is kept.
    """

    def __init__(self, kind: Kind, ear_folder: Path) -> None:
        self._ear = Ear(ear_folder) if kind == "ear" else None

    def __call__(self, path: bytes) -> HeardFile | Failure:
        """Return what is heard of a file, or why nothing is."""
        try:
            return self.hear(path)
        except AudioError as error:
            return Failure(error.kind, str(error))

    def hear(self, path: bytes) -> HeardFile:
        """Return what is heard of a file.

        Raises
        ------
        AudioError
            As `segue.audio.decode.decode` does, and kind ``too-short`` under a second.
        """
        if self._ear is not None:
            recording = decode(path, _pieces)
            windows = _levelled([window.mono for window in recording.windows])
            features = np.stack([self._ear.embed(window[np.newaxis])[0] for window in windows])
        else:
            recording = decode(path, half_minute, MEL_RATE)
            features = power_mel(recording.windows[0].mono)
        if recording.duration < LEAST:
            raise AudioError(
                "too-short", f"the clip lasts {recording.duration:.1f} s, expected 1 s at least"
            )
        digest = audio_digest(decode(path, beginning, RATE).windows[0].mono)
        return HeardFile(features, recording.duration, digest)


def _levelled(windows: list[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """Bring the windows of a file to one loudness: the ear hears levels, and genres have none."""
    power = np.mean([np.mean(np.square(window, dtype=np.float64)) for window in windows])
    gain = _LEVEL / max(float(np.sqrt(power)), 1e-6)
    return [np.asarray(window * np.float32(gain), dtype=np.float32) for window in windows]


def listen(
    paths: Sequence[bytes],
    kind: Kind,
    ear_folder: Path,
    *,
    on_progress: OnFile = lambda *_: None,
) -> list[HeardFile | Failure]:
    """Return what is heard of each file, or why nothing is, in processes of their own.

    Parameters
    ----------
    on_progress
        Called with the files done and their number.

    Raises
    ------
    EarError
        If the ear is asked for and not installed.
    """
    if kind == "ear":
        Ear(ear_folder)  # says what to do where there is none
    found: list[HeardFile | Failure] = []
    on_progress(0, len(paths))
    pool = Workers(
        Listener, (kind, ear_folder), count=max(1, min(cores(), len(paths))), limit=_LIMIT
    )
    with closing(pool.map(paths)) as results:
        for _, result in results:
            found.append(result)
            on_progress(len(found), len(paths))
    return found
