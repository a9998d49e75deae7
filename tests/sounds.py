"""Small generated audio with known truth, in the forms people keep music in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import scipy.signal
from numpy.typing import NDArray

Samples = NDArray[np.float32]


def tone(hertz: float, seconds: float, rate: int = 44_100, level: float = 0.5) -> Samples:
    """Return a sine [shape=(n,)]; its root mean square is ``level / sqrt(2)``."""
    time = np.arange(round(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


def clock(seconds: float, rate: int = 44_100, level: float = 0.5) -> Samples:
    """Return a sine whose frequency tells the time: 300 Hz, and 50 Hz more each second."""
    time = np.arange(round(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * (300 * time + 25 * time**2))).astype(np.float32)


def time_of(samples: Samples, rate: int = 16_000) -> float:
    """Return the second of `clock` that the middle of a mono stretch was cut from."""
    return (frequency(samples, rate) - 300) / 50


def frequency(samples: Samples, rate: int = 16_000) -> float:
    """Return the mean frequency in Hz of a mono sine, leaving out both ends."""
    edge = len(samples) // 8
    phase = np.unwrap(np.angle(scipy.signal.hilbert(samples)))[edge:-edge]
    return float((phase[-1] - phase[0]) * rate / (2 * np.pi * (len(phase) - 1)))


def rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


def melody(seed: int, seconds: float = 3.0, rate: int = 16_000) -> Samples:
    """Return a few notes over noise [shape=(n,)], another piece for each seed."""
    rng = np.random.default_rng(seed)
    notes = [
        tone(110 * 2 ** (rng.integers(0, 36) / 12), seconds / 6, rate, rng.uniform(0.1, 0.6))
        for _ in range(6)
    ]
    played = np.concatenate(notes)
    noise = rng.standard_normal(len(played)) * rng.uniform(0.002, 0.05)
    return (played + noise).astype(np.float32)


def write(path: Path, samples: Samples, rate: int, form: str, subtype: str, **tags: str) -> Path:
    """Write mono [shape=(n,)] or (channels, n) audio with libsndfile."""
    import soundfile

    frames = samples if samples.ndim == 1 else samples.T
    path.parent.mkdir(parents=True, exist_ok=True)
    with soundfile.SoundFile(
        path, "w", rate, 1 if samples.ndim == 1 else samples.shape[0], subtype, format=form
    ) as file:
        for name, text in tags.items():
            setattr(file, name, text)
        for first in range(0, len(frames), 16_384):  # its Vorbis encoder overflows on long writes
            file.write(frames[first : first + 16_384])
    return path


def song(path: Path, seed: int = 0, seconds: float = 3.0, **tags: str) -> Path:
    """Write a small FLAC of `melody`; by default titled after the file's name."""
    given = {"title": f"Song {path.stem}", "artist": "Tester", "album": "Tests", **tags}
    return write(path, melody(seed, seconds), 16_000, "FLAC", "PCM_16", **given)


def encode(path: Path, samples: Samples, rate: int, codec: str, **options: Any) -> Path:
    """Write (channels, n) audio with FFmpeg; the container is told by the extension."""
    import av

    layout = {1: "mono", 2: "stereo", 6: "5.1"}[samples.shape[0]]
    with av.open(path, "w") as container:
        stream: Any = container.add_stream(codec, rate=rate)
        stream.layout = layout
        for name, value in options.items():
            setattr(stream, name, value)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", layout)
        frame.sample_rate = rate
        for part in av.AudioResampler(stream.format, layout, rate, 1024).resample(frame):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return path
