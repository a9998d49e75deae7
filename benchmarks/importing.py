"""How fast a data set as large as the Million Playlist Dataset is imported, and loaded.

    python benchmarks/importing.py SAMPLE.zip --folder FOLDER --tracks 2262292 --playlists 1000000

Made-up slices (see synthetic.py) are written first: a million playlists take 34 GB. Then the import
is timed; in the same run, over some of the slices, the disk and the JSON parser alone, and how long
the disk takes to write a file as large as the catalogue. Then another process reads all entries as
one sparse matrix. `--slices FOLDER` takes slices that are there, and leaves them.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
from common import machine

from segue.catalog.catalog import Catalog
from segue.catalog.interactions import load_interactions
from segue.service.importing import add_source
from segue.sources.million_playlist import MillionPlaylist


def importing(library: Path, slices: Path) -> None:
    """Import the slices, and parse some of them alone; report as JSON."""
    catalog = Catalog(library)
    with catalog.database.bulk():
        started = time.perf_counter()
        report = add_source(catalog, MillionPlaylist(slices), lambda _: None)
        seconds = time.perf_counter() - started
        assert not report.problems, report.problems
        started = time.perf_counter()
        catalog.playlists.recount()
        counting = time.perf_counter() - started
        started = time.perf_counter()
        catalog.refresh()
        indexing = time.perf_counter() - started
    counts = catalog.counts()
    catalog.close()
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    result = {
        "entries": report.entries,
        "import_seconds": seconds,
        "count_seconds": counting,
        "index_seconds": indexing,
        "peak_memory": peak_memory() + child,
        "peak_memory_of_reader": child,
        "counts": {name: counts[name] for name in ("known_tracks", "songs", "artists", "albums")},
    }
    print(json.dumps(result), flush=True)


def peak_memory() -> int:
    """Return the most bytes that this process had; `getrusage` would count who started it, too."""
    (line,) = (
        line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line
    )
    return int(line.split()[1]) * 1024


def floors(slices: Path) -> dict[str, Any]:
    """Return how fast files are read from the disk, and parsed, by themselves."""
    files = sorted(slices.iterdir())[:: max(1, len(list(slices.iterdir())) // 25)]
    reading = parsing = 0.0
    entries = size = 0
    for path in files:
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)  # not from memory
            started = time.perf_counter()
            content = file.read()
            reading += time.perf_counter() - started
        started = time.perf_counter()
        document = msgspec.json.decode(content)
        parsing += time.perf_counter() - started
        entries += sum(len(playlist["tracks"]) for playlist in document["playlists"])
        size += len(content)
    return {
        "slices": len(files),
        "disk_entries_per_second": entries / reading,
        "parser_entries_per_second": entries / parsing,
        "parser_bytes_per_second": size / parsing,
    }


def loading(library: Path) -> None:
    """Load all entries as one sparse matrix; report as JSON."""
    catalog = Catalog(library, read_only=True)
    started = time.perf_counter()
    interactions = load_interactions(catalog.database)
    read = time.perf_counter() - started
    matrix = interactions.matrix()
    result = {
        "read_seconds": read,
        "seconds": time.perf_counter() - started,
        "shape": matrix.shape,
        "entries": len(interactions.indices),
        "nonzero": int(matrix.nnz),
        "peak_memory": peak_memory(),
    }
    print(json.dumps(result), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sample", type=Path)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--tracks", type=int, default=2_262_292)
    parser.add_argument("--playlists", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--slices", type=Path, help="slices that are there already")
    parser.add_argument("--keep", action="store_true", help="keep the library that is made")
    options = parser.parse_args()
    from synthetic import SLICE, Music, Names, Slices

    library, slices = options.folder / "library", options.slices or options.folder / "slices"
    shutil.rmtree(library, ignore_errors=True)
    if options.slices is None:
        music = Music(Names.learn(options.sample), options.tracks, options.seed)
        Slices(music).write(slices, options.playlists // SLICE * SLICE)
    done = json.loads(_child("import", library, slices))
    alone = floors(slices)
    if options.slices is None:
        shutil.rmtree(slices)
    size = (library / "segue.db").stat().st_size
    loaded = json.loads(_child("load", library, slices))
    whole = done["import_seconds"] + done["count_seconds"] + done["index_seconds"]
    result = {
        **machine(),
        "tracks": options.tracks,
        "playlists": options.playlists,
        "import": done,
        "alone": alone,
        "entries_per_second": done["entries"] / done["import_seconds"],
        "entries_per_second_all_in": done["entries"] / whole,
        "bytes": size,
        "disk_write_seconds": _write(options.folder / "plain", size),
        "matrix": loaded,
    }
    print(json.dumps(result, indent=2))
    if not options.keep:
        shutil.rmtree(library)


def _child(what: str, library: Path, slices: Path) -> str:
    """Return what a process of its own reports."""
    command = [sys.executable, __file__, f"--{what}", str(library), str(slices)]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def _write(path: Path, size: int) -> float:
    """Return how many seconds the disk takes to write a file of a size, to the platter."""
    block = os.urandom(1 << 24)
    started = time.perf_counter()
    with path.open("wb") as file:
        for _ in range(size // len(block)):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    seconds = time.perf_counter() - started
    path.unlink()
    return seconds


if __name__ == "__main__":
    work: dict[str, Any] = {"--import": importing, "--load": lambda library, _: loading(library)}
    if sys.argv[1] in work:
        work[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        main()
