"""`segue add` beside bliss-audio, the original's pipeline and bare decoding: speed and quality.

    python benchmarks/add.py MUSIC --bliss PYTHON --original PYTHON [-n TRACKS] [--rounds 2]

MUSIC holds one folder an album. PYTHON are interpreters that have bliss_audio, and librosa with
resampy, onnx and onnxruntime. All take the same files on as many processes; the runs alternate.
Peers are timed warm and write nothing; `segue add` is timed as a whole command, into a new library.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from common import machine
from windows import Array, precision_at_10

import segue
from segue.audio.embedder import unit
from segue.sources.walk import walk

HERE = Path(__file__).parent


def peak_memory(pid: int, stop: threading.Event, peak: list[float]) -> None:
    """Keep the largest proportional set size of a process and its children, in MB."""
    while not stop.wait(0.2):
        total, waiting = 0, [pid]
        while waiting:
            one = waiting.pop()
            try:
                for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
                    if line.startswith("Pss:"):
                        total += int(line.split()[1])
                for task in Path(f"/proc/{one}/task").iterdir():
                    waiting += map(int, (task / "children").read_text().split())
            except OSError:
                continue
        peak[0] = max(peak[0], total / 1024)


def run_segue(folder: Path, library: Path, workers: int) -> tuple[float, float]:
    command = [sys.executable, "-m", "segue", "add", str(folder), "--library", str(library)]
    started = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--workers", str(workers), "--json"], stdout=subprocess.PIPE
    )
    stop, peak = threading.Event(), [0.0]
    watcher = threading.Thread(target=peak_memory, args=(process.pid, stop, peak))
    watcher.start()
    process.communicate()
    seconds = time.perf_counter() - started
    stop.set()
    watcher.join()
    if process.returncode not in (0, 3):
        raise SystemExit(f"segue add ended with {process.returncode}")
    return seconds, peak[0]


def run_peer(python: str, name: str, paths: list[str], workers: int) -> dict[str, Any]:
    done = subprocess.run(
        [python, str(HERE / "peers.py"), name, str(workers)],
        input="\n".join(paths),
        capture_output=True,
        text=True,
        check=True,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def segue_vectors(library: Path) -> dict[str, Array]:
    with segue.open(library) as opened:
        catalog = opened._catalog
        embedder = catalog.vectors.embedders()[0]
        ids, vectors = catalog.vectors.matrix(embedder)
        tracks = catalog.tracks.get(ids.tolist())
    rows = zip(ids.tolist(), vectors, strict=True)
    return {os.fsdecode(tracks[id_].path or b""): vector for id_, vector in rows}


def quality(vectors: dict[str, Array], albums: dict[str, str], *, standard: bool) -> float:
    matrix = np.array([vectors[path] for path in albums], dtype=np.float32)
    if standard:  # bliss compares by Euclid; its features are scaled to -1..1 as they come
        squares = (matrix**2).sum(axis=1)
        similarity = -(squares[:, None] + squares - 2 * matrix @ matrix.T)
    else:
        similarity = unit(matrix) @ unit(matrix).T
    return round(precision_at_10(similarity, list(albums.values())), 4)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("music", type=Path)
    parser.add_argument("--bliss", metavar="PYTHON")
    parser.add_argument("--original", metavar="PYTHON")
    parser.add_argument("-n", type=int, default=10_000, help="take so many tracks")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    paths = [os.fsdecode(file.path) for file in walk(options.music, on_problem=print)]
    random.Random(options.seed).shuffle(paths)
    paths = sorted(paths[: options.n])
    peers = {"decode the windows": (sys.executable, "decode")}
    if options.original:
        peers["the original's pipeline"] = (options.original, "original")
    if options.bliss:
        peers["bliss-audio"] = (options.bliss, "bliss")
    seconds: dict[str, list[float]] = {name: [] for name in ("segue add", *peers)}
    peaks, found = [], {}
    with tempfile.TemporaryDirectory() as scratch:
        music = Path(scratch, "music")
        for path in paths:
            link = music / Path(path).relative_to(options.music)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path)
        library = Path(scratch)
        for number in range(options.rounds):
            library = Path(scratch, f"library{number}")
            took, peak = run_segue(music, library, options.workers)
            seconds["segue add"].append(took)
            peaks.append(peak)
            for name, (python, function) in peers.items():
                result = run_peer(python, function, paths, options.workers)
                seconds[name].append(result["seconds"])
                found[name] = result["vectors"]
            print(json.dumps(seconds), file=sys.stderr, flush=True)
        prefix = f"{music}{os.sep}"
        ours = {
            str(options.music / path.removeprefix(prefix)): vector
            for path, vector in segue_vectors(library).items()
        }
    theirs = {p: np.array(v) for p, v in found.get("bliss-audio", {}).items() if v}
    common = [path for path in paths if path in ours and (not theirs or path in theirs)]
    albums = {path: Path(path).relative_to(options.music).parts[0] for path in common}
    best = {name: min(taken) for name, taken in seconds.items()}
    report = {
        **machine(),
        "seed": options.seed,
        "tracks": len(paths),
        "workers": options.workers,
        "seconds": {n: [round(t, 1) for t in taken] for n, taken in seconds.items()},
        "tracks a second": {n: round(len(paths) / best[n], 2) for n in best},
        "segue is faster by": {
            n: round(statistics.median(seconds[n]) / statistics.median(seconds["segue add"]), 2)
            for n in peers
        },
        "peak memory MB": round(max(peaks)),
        "same-album precision@10": {"tracks": len(common)},
    }
    report["same-album precision@10"]["segue"] = quality(ours, albums, standard=False)
    if theirs:
        report["same-album precision@10"]["bliss-audio"] = quality(theirs, albums, standard=True)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
