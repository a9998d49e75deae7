"""Damaged copies of real files: does `segue add` take them all without crash or hang?

    python benchmarks/damage.py MUSIC... --work DIR [--count 500] [--seed 0] > damage.json

A stretch of each of some files is encoded in every format that ffmpeg (and Monkey's `mac`, where
it is installed) can write; copies of those are damaged in ways that a seed decides, and added to a
fresh library by the command line, as a user would. DIR must not hold anything of worth: its folders
`sources`, `damaged` and `library` are made anew (`sources` is kept from run to run with
`--keep-sources`). Memory and the time of each file are watched through /proc, on Linux alone.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from common import machine

from segue.sources.walk import walk

SEGUE = [sys.executable, "-c", "from segue.cli.main import main; main()"]
ENCODINGS = {  # extension -> ffmpeg's options
    "mp3": ["-c:a", "libmp3lame", "-b:a", "128k"],
    "flac": ["-c:a", "flac"],
    "ogg": ["-c:a", "libvorbis"],
    "opus": ["-c:a", "libopus", "-b:a", "96k"],
    "m4a": ["-c:a", "aac", "-b:a", "128k"],
    "alac.m4a": ["-c:a", "alac"],
    "wav": ["-c:a", "pcm_s16le"],
    "aiff": ["-c:a", "pcm_s24be"],
    "wma": ["-c:a", "wmav2", "-b:a", "128k"],
    "wv": ["-c:a", "wavpack"],
    "au": ["-c:a", "pcm_s16be"],
}
LIMIT = 3_600.0  # seconds for the whole run
WATCH_EVERY = 0.05  # seconds


def flipped(data: bytearray, random_: random.Random) -> bytearray:
    """Set random bytes all over the file to random values: a few, or up to one in fifty."""
    share = 10 ** random_.uniform(-5, -1.7)
    for _ in range(max(1, int(len(data) * share))):
        data[random_.randrange(len(data))] = random_.randrange(256)
    return data


def flipped_head(data: bytearray, random_: random.Random) -> bytearray:
    """Set bytes of the first 4 KiB alone, where the containers say what they hold."""
    for _ in range(random_.randint(1, 40)):
        data[random_.randrange(min(len(data), 4_096))] = random_.randrange(256)
    return data


def cut(data: bytearray, random_: random.Random) -> bytearray:
    return data[: int(len(data) * random_.random())]


def beheaded(data: bytearray, random_: random.Random) -> bytearray:
    return data[int(len(data) * random_.random() * 0.5) :]


def shuffled(data: bytearray, random_: random.Random) -> bytearray:
    """Cut the file into blocks and put them together in another order; the first may stay."""
    size = random_.choice([512, 4_096, 32_768])
    blocks = [data[i : i + size] for i in range(0, len(data), size)]
    first = [blocks.pop(0)] if random_.random() < 0.5 and len(blocks) > 1 else []
    random_.shuffle(blocks)
    return bytearray(b"".join(first + blocks))


def zeroed(data: bytearray, random_: random.Random) -> bytearray:
    for _ in range(random_.randint(1, 5)):
        start = random_.randrange(len(data))
        end = min(len(data), start + int(len(data) * random_.random() * 0.3) + 1)
        data[start:end] = bytes(end - start)
    return data


def doubled(data: bytearray, random_: random.Random) -> bytearray:
    """Let a part of the file stand in it twice, as a botched download does."""
    start = random_.randrange(len(data))
    end = random_.randrange(start, len(data)) + 1
    return data[:end] + data[start:]


DAMAGES: dict[str, Callable[[bytearray, random.Random], bytearray]] = {
    "flipped": flipped,
    "flipped_head": flipped_head,
    "cut": cut,
    "beheaded": beheaded,
    "shuffled": shuffled,
    "zeroed": zeroed,
    "doubled": doubled,
}
OTHER_DAMAGES = ["header_swapped", "other_extension", "exact_copy"]


def make_sources(folders: list[Path], target: Path, count: int, random_: random.Random) -> None:
    """Encode a stretch of 40 s of `count` real files in every format."""
    found = [
        os.fsdecode(file.path)
        for folder in folders
        for file in walk(folder, on_problem=lambda *problem: print(problem, file=sys.stderr))
    ]
    target.mkdir(parents=True)
    for number, path in enumerate(random_.sample(found, min(count, len(found)))):
        for name, options in ENCODINGS.items():
            _run(
                *("ffmpeg", "-v", "error", "-nostdin", "-y", "-ss", "10", "-t", "40", "-i", path),
                *("-vn", "-ac", "2", "-ar", "48000" if name == "opus" else "44100", *options),
                str(target / f"{number:02}.{name}"),
            )
        if shutil.which("mac"):
            wave = target / f"{number:02}.wav"
            _run("mac", str(wave), str(wave.with_suffix(".ape")), "-c2000")


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def make_damaged(sources: Path, target: Path, count: int, random_: random.Random) -> None:
    """Write `count` damaged copies, each named for its damage and what it was."""
    target.mkdir(parents=True)
    files = sorted(sources.iterdir())
    by_kind = defaultdict(list)
    for file in files:
        by_kind[file.name.partition(".")[2]].append(file)
    kinds = sorted(by_kind)
    ways = [*DAMAGES, *OTHER_DAMAGES]
    for number in range(count):
        kind = kinds[number % len(kinds)]
        way = ways[number // len(kinds) % len(ways)]
        file = random_.choice(by_kind[kind])
        data = bytearray(file.read_bytes())
        name = file.suffix
        if way == "header_swapped":
            other = random_.choice(files).read_bytes()
            head = random_.choice([16, 64, 512, 4_096])
            data[:head] = other[:head]
        elif way == "other_extension":
            name = random_.choice([f.suffix for f in files if f.suffix != file.suffix])
        elif way in DAMAGES:
            data = DAMAGES[way](data, random_)
        (target / f"{number:04} {way} {kind.replace('.', '-')}{name}").write_bytes(data)


class Watch:
    """What /proc says of a process and its children while they run."""

    def __init__(self, pid: int, folder: Path) -> None:
        self._pid = pid
        self._folder = f"{folder}/"
        self.peak = 0  # bytes, proportional share of all of them together
        self.seconds: dict[str, tuple[float, float]] = {}  # a file's name -> first and last seen

    def look(self) -> None:
        now = time.monotonic()
        pids = [self._pid, *_children(self._pid)]
        self.peak = max(self.peak, sum(map(_memory, pids)))
        for pid in pids:
            for path in _open_files(pid):
                if path.startswith(self._folder):
                    name = path.removeprefix(self._folder)
                    self.seconds[name] = (self.seconds.get(name, (now,))[0], now)

    def longest(self) -> tuple[str, float] | None:
        """Return the file that was held open longest, and for how many seconds."""
        spans = {name: last - first for name, (first, last) in self.seconds.items()}
        return max(spans.items(), key=lambda item: item[1], default=None)


def _children(pid: int) -> Iterator[int]:
    for task in _listed(f"/proc/{pid}/task"):
        try:
            text = Path(f"/proc/{pid}/task/{task}/children").read_text()
        except OSError:
            continue
        for child in map(int, text.split()):
            yield child
            yield from _children(child)


def _memory(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass  # it has just ended
    return 0


def _open_files(pid: int) -> Iterator[str]:
    for handle in _listed(f"/proc/{pid}/fd"):
        try:
            yield os.readlink(f"/proc/{pid}/fd/{handle}")
        except OSError:
            continue


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def add(folder: Path, library: Path) -> dict[str, Any]:
    """Run `segue add` on the folder and return how it went."""
    started = time.monotonic()
    process = subprocess.Popen(
        [*SEGUE, "add", "--json", "--library", str(library), str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    watch = Watch(process.pid, folder)
    hung = False
    while process.poll() is None:
        watch.look()
        if time.monotonic() - started > LIMIT:
            hung = True
            process.kill()
        time.sleep(WATCH_EVERY)
    out, err = process.communicate()
    longest = watch.longest()
    return {
        "exit_status": process.returncode,
        "hung": hung,
        "seconds": round(time.monotonic() - started, 1),
        "peak_megabytes": round(watch.peak / 1e6) if watch.peak else None,
        "longest_file": longest and {"name": longest[0], "seconds": round(longest[1], 2)},
        "standard_error": err[-2_000:],
        "reported": {k: v for k, v in json.loads(out or "{}").items() if k != "problems"},
    }


def on_record(folder: Path, library: Path) -> dict[str, Any]:
    """Compare what the catalogue has on record with what lies in the folder."""
    with closing(sqlite3.connect(library / "segue.db")) as connection:
        rows = connection.execute(
            "SELECT path, state, track_id, problem_kind, problem FROM file"
        ).fetchall()
        (whole,) = connection.execute("PRAGMA integrity_check").fetchone()
    recorded = {os.path.basename(os.fsdecode(row[0])): row[1:] for row in rows}
    names = set(os.listdir(folder))
    by_damage: dict[str, Counter[str]] = defaultdict(Counter)
    by_format: dict[str, Counter[str]] = defaultdict(Counter)
    for name, (state, _, kind, _) in sorted(recorded.items()):
        outcome = "failed" if state == "failed" else "in part" if kind else "ok"
        label = name.rpartition(".")[0].split(" ")
        by_damage[label[1]][outcome] += 1
        by_format[label[2]][outcome] += 1
    failed = Counter(kind for state, _, kind, _ in recorded.values() if state == "failed")
    good = [row for row in recorded.values() if row[0] == "ok"]
    return {
        "files": len(names),
        "ok": sum(kind is None for _, _, kind, _ in good),
        "in_part": sum(kind is not None for _, _, kind, _ in good),
        "failed": dict(failed.most_common()),
        "crashed": failed["crashed"],
        "timed_out": failed["timeout"],
        "tracks": len({row[1] for row in good}),
        "all_on_record": names == set(recorded)
        and len(names) == len(good) + failed.total()
        and all(row[1] is not None for row in good),
        "catalogue": whole,
        "by_damage": by_damage,
        "by_format": by_format,
        "messages": Counter(row[3] for row in recorded.values() if row[3]).most_common(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--sources", type=int, default=12, help="real files to begin with")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep-sources", action="store_true")
    options = parser.parse_args()
    work: Path = options.work.absolute()
    sources, damaged, library = (work / name for name in ("sources", "damaged", "library"))
    if not (options.keep_sources and sources.is_dir()):
        shutil.rmtree(sources, ignore_errors=True)
        make_sources(options.folders, sources, options.sources, random.Random(options.seed))
    for folder in (damaged, library):
        shutil.rmtree(folder, ignore_errors=True)
    make_damaged(sources, damaged, options.count, random.Random(options.seed))
    first = add(damaged, library)
    result = {**machine(), "seed": options.seed, **first, **on_record(damaged, library)}
    again = add(damaged, library)  # what failed for a lasting reason is not tried again
    result["second_run"] = {key: again[key] for key in ("exit_status", "seconds", "reported")}
    print(json.dumps(result, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
