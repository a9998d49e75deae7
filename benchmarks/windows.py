"""Which windows to listen to, and how to pool them: quality beside cost.

    python benchmarks/windows.py --albums DEBIAN_MUSIC --artists MOODS4Q --cache DIR

DEBIAN_MUSIC holds one folder a package (its soundtrack is the "album"); MOODS4Q its clips and
metadata.csv. Every track is heard whole, once, into --cache; the strategies then choose among its
3-second patches. Precision@10 is the share of the ten nearest tracks with the same label, of as
many as there can be (min(10, tracks of that label - 1)); labels with one track only distract.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from common import machine
from numpy.typing import NDArray

from segue.audio.decode import decode
from segue.audio.ear import Ear, patches, standardisation
from segue.audio.embedder import unit
from segue.audio.musicnn import NETWORKS
from segue.config import ear_path
from segue.errors import AudioError
from segue.sources.walk import walk

SECONDS = 187 * 256 / 16_000  # of one patch
LONGEST = 1_200.0  # seconds of a track that are heard
OUTPUTS = [f"{n}_penultimate" for n in NETWORKS] + [f"{n}_tags" for n in NETWORKS]
Array = NDArray[np.float32]


def hear_whole(ear: Ear, path: bytes) -> Array:
    """Return the activations of every patch of a track [shape=(patches, 500)]."""
    recording = decode(path, lambda duration: [(0.0, min(duration, LONGEST))])
    heard = []
    mel = patches(recording.windows[0].mono)
    for first in range(0, len(mel), 8):
        batch = {"log_mel": mel[first : first + 8]}
        heard.append(np.concatenate(ear._session.run(OUTPUTS, batch), axis=1))
    return np.concatenate(heard).astype(np.float32)


def load(folder: Path, cache: Path) -> list[tuple[Path, Array]]:
    cache.mkdir(parents=True, exist_ok=True)
    ear = Ear(ear_path())
    tracks = []
    for found in walk(folder, on_problem=print):
        path = Path(os.fsdecode(found.path))
        kept = cache / (str(path.relative_to(folder)).replace("/", "|")[-200:] + ".npy")
        try:
            if not kept.exists():
                np.save(kept, hear_whole(ear, found.path))
            tracks.append((path, np.load(kept)))
        except AudioError as error:
            print(path, error)
    return tracks


def middle(count: int, each: int) -> Callable[[int], list[list[int]]]:
    """Windows of `each` patches in the middle of `count` equal parts."""

    def choose(n: int) -> list[list[int]]:
        if n <= count * each:
            return [list(range(n))]
        centres = [(i + 0.5) * n / count for i in range(count)]
        return [[min(n - 1, max(0, int(c - each / 2) + j)) for j in range(each)] for c in centres]

    return choose


def original(n: int) -> list[list[int]]:
    """The 30 seconds from 0:30 on, or the last 30 of a shorter track."""
    first = max(0, min(10, n - 10))
    return [list(range(first, min(n, first + 10)))]


STRATEGIES: dict[str, Callable[[int], list[list[int]]]] = {
    "1 x 3 s": middle(1, 1),
    "3 x 3 s": middle(3, 1),
    "5 x 3 s": middle(5, 1),
    "9 x 3 s": middle(9, 1),
    "3 x 6 s": middle(3, 2),
    "3 x 9 s": middle(3, 3),
    "5 x 6 s": middle(5, 2),
    "30 s from 0:30": original,
    "whole": lambda n: [list(range(n))],
}


def standard(raw: Array) -> Array:
    mean, axes = standardisation()
    return unit((raw - mean) @ axes)


def pool(track: Array, windows: list[list[int]], how: str) -> Array:
    """Return a track's vector, or for votes one a window."""
    raw = track[:, :400]
    means = np.stack([raw[w].mean(axis=0) for w in windows])
    if how == "mean of windows":
        return unit(standard(means).mean(axis=0))[None]
    every = np.concatenate([raw[w] for w in windows])
    if how == "mean of patches":
        return standard(every.mean(axis=0, keepdims=True))
    if how == "mean + deviation":
        spread = unit((every.std(axis=0) - every.std(axis=0).mean())[None])
        return unit(np.concatenate([standard(every.mean(axis=0, keepdims=True)), 0.4 * spread], 1))
    return standard(np.stack([raw[i] for w in windows for i in w]))  # votes: every patch by itself


def similarities(vectors: list[Array]) -> Array:
    """Return track x track; with several vectors a track, each votes for its nearest."""
    if all(len(v) == 1 for v in vectors):
        matrix = np.concatenate(vectors)
        return matrix @ matrix.T
    owner = np.repeat(np.arange(len(vectors)), [len(v) for v in vectors])
    matrix = np.concatenate(vectors)
    cosines = matrix @ matrix.T
    starts = np.flatnonzero(np.r_[True, np.diff(owner) > 0])
    best = np.maximum.reduceat(cosines, starts, axis=1)  # patch x track
    return np.add.reduceat(best, starts, axis=0) / np.bincount(owner)[:, None]


def precision_at_10(similarity: Array, labels: list[str]) -> float:
    labels_ = np.array(labels)
    counts = Counter(labels)
    similarity = similarity.copy()
    np.fill_diagonal(similarity, -np.inf)
    values = []
    for i, label in enumerate(labels):
        possible = min(10, counts[label] - 1)
        if possible:
            nearest = np.argsort(-similarity[i], kind="stable")[:10]
            values.append((labels_[nearest] == label).sum() / possible)
    return float(np.mean(values))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--albums", type=Path, required=True)
    parser.add_argument("--artists", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    options = parser.parse_args()
    sets = []
    albums = load(options.albums, options.cache / "albums")
    names = [path.relative_to(options.albums).parts[0] for path, _ in albums]
    sets.append(("same album, Debian game music", [t for _, t in albums], names))
    artists = load(options.artists, options.cache / "artists")
    with (options.artists / "metadata.csv").open(encoding="utf-8") as file:
        of = {row["file"]: row["artist"] for row in csv.DictReader(file)}
    names = [of[path.name] for path, _ in artists]
    sets.append(("same artist, moods4q", [t for _, t in artists], names))
    rows = []
    for name, choose in STRATEGIES.items():
        for how in ("mean of patches", "mean of windows", "mean + deviation", "votes"):
            if how == "votes" and name == "whole":
                continue  # a quarter of a million vectors against each other
            row = {"windows": name, "pooling": how}
            for title, tracks, labels in sets:
                started = time.perf_counter()
                vectors = [pool(t, choose(len(t)), how) for t in tracks]
                row[title] = round(precision_at_10(similarities(vectors), labels), 4)
                row[f"patches a track, {title}"] = round(
                    float(np.mean([sum(map(len, choose(len(t)))) for t in tracks])), 1
                )
                row[f"seconds, {title}"] = round(time.perf_counter() - started, 2)
            rows.append(row)
            print(json.dumps(row), flush=True)
    print(json.dumps({**machine(), "tracks": [len(s[1]) for s in sets], "rows": rows}))


if __name__ == "__main__":
    main()
