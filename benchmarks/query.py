"""How quickly a large library answers: cold start, running process, search, a second add.

    python benchmarks/query.py --tracks 100000 --files 50000

The catalogue is filled with made-up songs: vectors drawn around those of the demo library's styles,
titles of common words. The unchanged files are empty stand-ins that are on record already.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from common import machine

import segue
from segue.audio.ear import NAME, VERSION
from segue.audio.embedder import unit
from segue.catalog.catalog import Catalog
from segue.catalog.records import (
    Analysis,
    DescriptorRecord,
    FileRecord,
    FileStamp,
    TrackRecord,
    VectorRecord,
)

WORDS = (
    "love night blue river heart fire summer rain dance moon light road home time dream girl city "
    "star gold stone wild dark sweet long last first little big red black white day way world song"
).split()


def fill(folder: Path, count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((200, 400)) * np.geomspace(3, 0.3, 400)
    catalog = Catalog(folder)
    batch: list[Analysis | tuple[FileStamp, str, str]] = []
    for i in range(count):
        noise = rng.standard_normal((6, 400)) * np.geomspace(2, 0.3, 400)
        vectors = unit((centres[rng.integers(200)] + noise).astype(np.float32))
        title = " ".join(rng.choice(WORDS, 3)).title()
        artist = f"{WORDS[int(rng.zipf(1.5)) % len(WORDS)].title()} {int(rng.zipf(1.4)) % 5000}"
        stamp = FileStamp(os.fsencode(f"/music/{artist}/{i} {title}.flac"), 30_000_000 + i, i)
        batch.append(
            Analysis(
                FileRecord(stamp, i.to_bytes(16, "big"), "flac", 44_100, 2),
                TrackRecord(title, artist, f"Album {i // 12}", duration=float(120 + i % 240)),
                DescriptorRecord(tempo=120.0),
                (VectorRecord(NAME, VERSION, vectors[0], vectors[1:]),),
                (("rock", 1.5), ("guitar", 1.1)),
            )
        )
        if len(batch) == 1_000:
            catalog.write(batch)
            batch = []
    catalog.write(batch)
    catalog.close()


def clock(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def queries(folder: Path, count: int) -> dict[str, float]:
    cold = [str(folder), "similar", "1234", "--json", "--library", str(folder)]
    command = [sys.executable, "-m", "segue", *cold[1:]]
    first = clock(command)
    again = [clock(command) for _ in range(5)]
    library = segue.open(folder)
    library.similar(1)
    rng = np.random.default_rng(1)
    similar, search = [], []
    for id_ in rng.integers(1, count, 200):
        started = time.perf_counter()
        library.similar(int(id_))
        similar.append(time.perf_counter() - started)
    for _ in range(50):
        words = " ".join(rng.choice(WORDS, 2)) + " rvier"
        started = time.perf_counter()
        library.search(words)
        search.append(time.perf_counter() - started)
    library.close()
    return {
        "similar, first after a change, s": round(first, 3),
        "similar, cold start, median s": round(statistics.median(again), 3),
        "similar, running, median ms": round(1e3 * statistics.median(similar), 2),
        "similar, running, p99 ms": round(1e3 * float(np.quantile(similar, 0.99)), 2),
        "search with a typing error, median ms": round(1e3 * statistics.median(search), 1),
        "catalogue MB": round((folder / "segue.db").stat().st_size / 1e6),
    }


def unchanged(folder: Path, count: int) -> dict[str, float]:
    music = folder / "music"
    catalog = Catalog(folder / "library")
    for i in range(count):
        if i % 100 == 0:
            (music / str(i)).mkdir(parents=True)
        (music / str(i // 100 * 100) / f"{i}.mp3").touch()
    rows = []
    for entry in music.rglob("*.mp3"):
        found = entry.stat()
        stamp = FileStamp(os.fsencode(entry), found.st_size, found.st_mtime_ns)
        track = TrackRecord(entry.stem)
        vector = np.ones(400, np.float32) / 20
        rows.append(
            Analysis(
                FileRecord(stamp, entry.stem.encode(), "mp3", 44_100, 2),
                track,
                DescriptorRecord(),
                (VectorRecord(NAME, VERSION, vector, vector[None]),),
            )
        )
    for first in range(0, count, 1_000):
        catalog.write(rows[first : first + 1_000])
    catalog.close()
    command = [sys.executable, "-m", "segue", "add", str(music), "--json"]
    command += ["--library", str(folder / "library")]
    seconds = clock(command)
    return {"second add of unchanged files, s": round(seconds, 2), "files": count}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tracks", type=int, default=100_000)
    parser.add_argument("--files", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    help_ = statistics.median(clock([sys.executable, "-m", "segue", "--help"]) for _ in range(9))
    result = {**machine(), "seed": options.seed, "segue --help, median s": round(help_, 3)}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        fill(folder / "large", options.tracks, options.seed)
        result |= {"tracks": options.tracks, **queries(folder / "large", options.tracks)}
        result |= unchanged(folder / "small", options.files)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
