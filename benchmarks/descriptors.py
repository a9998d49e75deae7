#!/usr/bin/env python3
"""Measure tempo and key against known answers, and the cost, with librosa beside if it is there.

    python benchmarks/descriptors.py MUSIC truth.csv > result.json

`truth.csv` has the columns file (relative to MUSIC), tempo (BPM) and key (such as ``F# minor``);
an empty cell is not scored. Every answer comes from the same 3 x 9 s windows; librosa, which is
made for whole recordings, answers from the whole one as well. Its key is the usual recipe:
`chroma_cqt` against the Krumhansl-Kessler profiles.

Accuracy 1 is a tempo within 4 %; accuracy 2 forgives factors of 2 and 3 (Gouyon et al., TASLP
14(5), 2006). A key scores as in MIREX: 1 if right, 0.5 a fifth off (above or below), 0.3 the
relative key, 0.2 the parallel one.
"""

from __future__ import annotations

import argparse
import csv
import json
import platform
import subprocess
import time
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.audio.descriptors import describe
from segue.audio.loudness import integrated_loudness
from segue.audio.mel import SAMPLE_RATE, log_mel, power_spectrogram
from segue.audio.tempo import estimate_tempo
from segue.audio.tonality import estimate_key
from segue.audio.windows import Window, place_windows

TONICS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
KRUMHANSL_KESSLER = (
    (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
    (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
)

Key = tuple[int, int]
Answer = tuple[float | None, Key | None]


def parse_key(text: str) -> Key | None:
    """Return (tonic, 1 major or 0 minor) of a name such as ``Bb minor``; None of an empty one."""
    if not text.strip():
        return None
    note, mode = text.split()
    accidental = note.count("#") - note.count("b")
    return (TONICS[note[0].upper()] + accidental) % 12, int(mode.lower().startswith("maj"))


def decode(path: Path) -> NDArray[np.float32]:
    import av

    parts = []
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=SAMPLE_RATE)
        for frame in container.decode(audio=0):
            parts += [part.to_ndarray() for part in resampler.resample(frame)]
        parts += [part.to_ndarray() for part in resampler.resample(None)]
    return np.concatenate(parts, axis=1)


def cut(samples: NDArray[np.float32]) -> list[Window]:
    places = place_windows(samples.shape[1] / SAMPLE_RATE)
    return [
        Window(start, samples[:, round(start * SAMPLE_RATE) :][:, : round(length * SAMPLE_RATE)])
        for start, length in places
    ]


def segue_answer(windows: list[Window]) -> Answer:
    found = describe(windows)
    key = None if found.key is None or found.mode is None else (found.key, found.mode)
    return found.tempo, key


def librosa_tempo(pieces: list[NDArray[np.float32]]) -> float:
    import librosa

    strengths = [librosa.onset.onset_strength(y=piece, sr=SAMPLE_RATE) for piece in pieces]
    strength = np.concatenate(strengths)
    return float(librosa.feature.tempo(onset_envelope=strength, sr=SAMPLE_RATE)[0])


def librosa_beats(pieces: list[NDArray[np.float32]]) -> float:
    import librosa

    tempo, _ = librosa.beat.beat_track(y=np.concatenate(pieces), sr=SAMPLE_RATE)
    return float(np.atleast_1d(tempo)[0])


def librosa_key(pieces: list[NDArray[np.float32]]) -> Key:
    import librosa

    chroma = librosa.feature.chroma_cqt(y=np.concatenate(pieces), sr=SAMPLE_RATE).mean(axis=1)
    fit = [
        [np.corrcoef(np.roll(profile, tonic), chroma)[0, 1] for tonic in range(12)]
        for profile in KRUMHANSL_KESSLER
    ]
    mode, tonic = np.unravel_index(int(np.argmax(fit)), (2, 12))
    return int(tonic), int(mode)


def mirex(found: Key | None, truth: Key) -> float:
    if found is None:
        return 0.0
    interval, same_mode = (found[0] - truth[0]) % 12, found[1] == truth[1]
    if same_mode:
        return {0: 1.0, 5: 0.5, 7: 0.5}.get(interval, 0.0)
    relative = 9 if truth[1] else 3
    return {0: 0.2, relative: 0.3}.get(interval, 0.0)


def score(answers: list[Answer], truths: list[Answer]) -> dict[str, float | int | None]:
    tempi = [(a[0] or 0.0, t[0]) for a, t in zip(answers, truths, strict=True) if t[0]]
    keys = [mirex(a[1], t[1]) for a, t in zip(answers, truths, strict=True) if t[1]]

    def within(levels: tuple[float, ...]) -> float | None:
        hits = [any(abs(a / t / level - 1) < 0.04 for level in levels) for a, t in tempi]
        return round(float(np.mean(hits)), 4) if hits else None

    return {
        "tempi": len(tempi),
        "accuracy1": within((1,)),
        "accuracy2": within((1, 2, 3, 1 / 2, 1 / 3)),
        "keys": len(keys),
        "key_exact": round(float(np.mean(np.array(keys) == 1)), 4) if keys else None,
        "key_mirex": round(float(np.mean(keys)), 4) if keys else None,
    }


def cost(recordings: list[list[Window]]) -> dict[str, float]:
    """Median milliseconds a recording, in all and by part; parts share one spectrogram."""
    taken: dict[str, list[float]] = {}

    def timed(part: str, work: Callable[..., Any], *arguments: Any) -> Any:
        start = time.perf_counter()
        result = work(*arguments)
        taken.setdefault(part, []).append(1000 * (time.perf_counter() - start))
        return result

    for windows in recordings:
        # New windows: a window keeps its mono mix.
        timed("describe", describe, [Window(w.start, w.samples) for w in windows])
        mono = timed("mono", lambda group: [w.samples.mean(axis=0) for w in group], windows)
        powers = timed("spectrogram", lambda pieces: [*map(power_spectrogram, pieces)], mono)
        mels = timed("log_mel", lambda spectra: [*map(log_mel, spectra)], powers)
        timed("tempo", estimate_tempo, mels)
        timed("key", estimate_key, mono)
        timed("loudness", integrated_loudness, [w.samples for w in windows])
    return {part: round(float(np.median(times)), 2) for part, times in taken.items()}


def commit() -> str | None:
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("music", type=Path, help="folder of audio")
    parser.add_argument("truth", type=Path, help="CSV: file,tempo,key")
    parser.add_argument("--no-peer", action="store_true", help="leave librosa out")
    arguments = parser.parse_args()

    with arguments.truth.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    truths: list[Answer] = [
        (float(row["tempo"]) if row["tempo"] else None, parse_key(row["key"])) for row in rows
    ]
    recordings = [decode(arguments.music / row["file"]) for row in rows]
    windows = [cut(samples) for samples in recordings]
    answers = [segue_answer(w) for w in windows]
    results: dict[str, Any] = {
        "commit": commit(),
        "machine": f"{platform.machine()} {platform.system()}, Python {platform.python_version()}",
        "segue": {**score(answers, truths), "milliseconds": cost(windows)},
    }
    if find_spec("librosa") and not arguments.no_peer:
        results["librosa_version"] = version("librosa")
        for name, pieces in (
            ("windows", [[w.mono for w in group] for group in windows]),
            ("whole", [[samples.mean(axis=0)] for samples in recordings]),
        ):
            by_tempo: list[Answer] = [(librosa_tempo(p), librosa_key(p)) for p in pieces]
            by_beats: list[Answer] = [(librosa_beats(p), None) for p in pieces]
            results[f"librosa_{name}"] = score(by_tempo, truths)
            results[f"librosa_{name}_beat_track"] = score(
                by_beats, [(tempo, None) for tempo, _ in truths]
            )
    results["answers"] = {
        row["file"]: {"tempo": tempo, "key": key}
        for row, (tempo, key) in zip(rows, answers, strict=True)
    }
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
