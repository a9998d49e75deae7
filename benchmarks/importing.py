"""How fast a data set as large as the Million Playlist Dataset is imported, and loaded.

    python benchmarks/importing.py SAMPLE.zip --folder FOLDER --tracks 2262292 --playlists 1000000

Made-up slices (see synthetic.py) are written a batch at a time, imported by a process of its own,
and deleted: only the importing is timed. In the same run, on some of the same slices, the JSON
parser alone; and at the end how long the disk takes to write a file as large as the catalogue.
Then another process reads all entries as one sparse matrix.
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
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import orjson
from common import machine

from segue.catalog.catalog import Catalog
from segue.catalog.incoming import Part, Record
from segue.catalog.interactions import load_interactions
from segue.service.importing import add_source
from segue.sources.million_playlist import MillionPlaylist

_BATCH: Final = 25  # slices on the disk at once


class Batches:
    """The data set's slices, of which some are on the disk at a time; see `main`."""

    kind = "million_playlist"

    def __init__(self, folder: Path, names: list[str]) -> None:
        self.location = str(folder)
        self.waiting = self.parsing = 0.0
        self.entries = self.bytes = 0  # of the slices that were parsed alone
        self._folder = folder
        self._names = names

    def parts(self) -> Iterator[Part]:
        for number, name in enumerate(self._names):
            yield Part(name, "1", 1, partial(self._read, number, name))

    def _read(self, number: int, name: str) -> Iterator[Record]:
        started = time.perf_counter()
        path = self._folder / name
        if not path.exists():
            print(number, flush=True)
            sys.stdin.readline()
        if number % 20 == 10:
            self._parse(path)
        self.waiting += time.perf_counter() - started
        for part in MillionPlaylist(path).parts():
            yield from part.read()

    def _parse(self, path: Path) -> None:
        """Time the JSON parser alone."""
        started = time.perf_counter()
        document = orjson.loads(path.read_bytes())
        self.parsing += time.perf_counter() - started
        self.entries += sum(len(playlist["tracks"]) for playlist in document["playlists"])
        self.bytes += path.stat().st_size


def importing(library: Path, slices: Path) -> None:
    """Import slices as they come; report as JSON at the end."""
    catalog = Catalog(library)
    source = Batches(slices, json.loads(sys.stdin.readline()))
    with catalog.database.bulk():
        started = time.perf_counter()
        report = add_source(catalog, source, lambda _: None)
        seconds = time.perf_counter() - started - source.waiting
        assert not report.problems, report.problems
        started = time.perf_counter()
        catalog.playlists.recount()
        counting = time.perf_counter() - started
        started = time.perf_counter()
        catalog.refresh()
        indexing = time.perf_counter() - started
    counts = catalog.counts()
    catalog.close()
    result = {
        "entries": report.entries,
        "import_seconds": seconds,
        "count_seconds": counting,
        "index_seconds": indexing,
        "parser_entries_per_second": source.entries / source.parsing,
        "parser_bytes_per_second": source.bytes / source.parsing,
        "peak_memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "counts": {name: counts[name] for name in ("known_tracks", "songs", "artists", "albums")},
    }
    print(json.dumps(result), flush=True)


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
        "peak_memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    print(json.dumps(result), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sample", type=Path)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--tracks", type=int, default=2_262_292)
    parser.add_argument("--playlists", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", action="store_true", help="keep the library that is made")
    options = parser.parse_args()
    from synthetic import SLICE, Music, Names, Slices

    options.folder.mkdir(parents=True, exist_ok=True)
    library, slices = options.folder / "library", options.folder / "slices"
    shutil.rmtree(library, ignore_errors=True)
    music = Music(Names.learn(options.sample), options.tracks, options.seed)
    writer = Slices(music)
    total = options.playlists // SLICE
    names = [f"mpd.slice.{n * SLICE}-{(n + 1) * SLICE - 1}.json" for n in range(total)]
    child = _child("import", library, slices)
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(json.dumps(names) + "\n")
    child.stdin.flush()
    while (line := child.stdout.readline()).strip().isdigit():
        first = int(line)
        print(f"{first:,} of {total:,} slices", file=sys.stderr)
        shutil.rmtree(slices, ignore_errors=True)
        slices.mkdir()
        for number in range(first, min(first + _BATCH, total)):
            name, content = writer.slice(number)
            (slices / name).write_bytes(content)
        child.stdin.write("go\n")
        child.stdin.flush()
    done = json.loads(line)
    shutil.rmtree(slices, ignore_errors=True)
    size = (library / "segue.db").stat().st_size
    loaded = json.loads(_child("load", library, slices).communicate()[0])
    whole = done["import_seconds"] + done["count_seconds"] + done["index_seconds"]
    result = {
        **machine(),
        "tracks": options.tracks,
        "playlists": options.playlists,
        "import": done,
        "entries_per_second": done["entries"] / done["import_seconds"],
        "entries_per_second_all_in": done["entries"] / whole,
        "bytes": size,
        "disk_write_seconds": _write(options.folder / "plain", size),
        "matrix": loaded,
    }
    print(json.dumps(result, indent=2))
    if not options.keep:
        shutil.rmtree(library)


def _child(what: str, library: Path, slices: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, __file__, f"--{what}", str(library), str(slices)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


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
