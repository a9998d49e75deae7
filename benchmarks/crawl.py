"""A long crawl of a local server through faults and kills: is anything lost or doubled?

    python benchmarks/crawl.py --work DIR [--playlists 20000] [--faults 0.2] > crawl.json

The server (tests/servers/spotify.py) answers one request in five with a fault of some kind; the
crawl, in a process of its own, is killed with SIGKILL three times on its way. What it holds in the
end is compared with what the server has, entry by entry, and with an undisturbed crawl of the same
server, table by table. Then both strategies crawl a part of it, and their pictures are compared.

Pauses and delays that the server and the client would keep in earnest are cut down, or the faults
would be all that is measured: `Retry-After` is PAUSE seconds, a slow answer takes SLOW.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from common import machine

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from crawling import content
from segue.catalog.catalog import Catalog
from segue.http.limiter import RateLimiter
from segue.http.retry import Backoff
from segue.service.crawl import crawl
from segue.service.crawl_picture import crawl_picture
from segue.service.crawl_report import CrawlOptions, CrawlProgress
from segue.service.title_words import TitleWords
from segue.sources.spotify_connect import REQUESTS, WINDOW, Addresses, connect
from segue.sources.spotify_tokens import TokenFile
from servers.spotify import SpotifyServer
from servers.spotify_behaviour import Behaviour, mixed_faults
from servers.spotify_catalogue import Catalogue, decode

PAUSE = "0.05"  # seconds
SLOW = 0.2
TIMEOUT = 5.0
ORIGINAL_HOURS, ORIGINAL_PLAYLISTS = 15, 100_000
TELL_EVERY = 200  # playlists


def catalogue(options: argparse.Namespace) -> Catalogue:
    return Catalogue(
        options.seed,
        playlists=5 * options.playlists,
        tracks=10 * options.playlists,
        gone=0.01,
        private=0.01,
    )


def serve(pipe: Connection, options: argparse.Namespace, faults: float) -> None:
    behaviour = Behaviour(
        faults=mixed_faults(faults), seed=options.seed, retry_after=PAUSE, slow=SLOW
    )
    with SpotifyServer(catalogue(options), behaviour, options.port) as server:
        pipe.send(server.environment())
        pipe.recv()


@contextmanager
def serving(options: argparse.Namespace, faults: float) -> Iterator[dict[str, str]]:
    """Run the server in a process of its own; gives what the environment has to say of it."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=serve, args=(there, options, faults)
    )
    process.start()
    try:
        yield here.recv()
    finally:
        here.send("end")
        process.join()


def work(folder: Path, playlists: int, strategy: str, threads: int) -> None:
    """Crawl; prints how far it is, then the report and the peak memory."""
    catalog = Catalog(folder)
    client = connect(
        limiter=RateLimiter(),
        backoff=Backoff(12, base=0.01, cap=0.1),
        file=TokenFile(folder / "spotify.json"),
        timeout=TIMEOUT,
    )
    told = 0

    def tell(state: CrawlProgress) -> None:
        nonlocal told
        if state.done >= told + TELL_EVERY:
            told = state.done
            say({"done": state.done, "memory_mib": resident_mib()})

    report = crawl(
        catalog,
        client,
        CrawlOptions(playlists, strategy=strategy, threads=threads),  # type: ignore[arg-type]
        tell,
        location=Addresses.find().api,
    )
    client.close()
    catalog.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    say({"report": report.to_json(), "peak_mib": peak})


def say(value: dict[str, Any]) -> None:
    print(json.dumps(value), flush=True)


def resident_mib() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def run(
    folder: Path,
    environment: dict[str, str],
    playlists: int,
    threads: int,
    *,
    kills: int = 0,
    strategy: str = "frequent-words",
) -> dict[str, Any]:
    """Crawl in a process of its own, killed on its way, until it is through."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    command = [sys.executable, __file__, "--work", str(folder), "--worker", strategy]
    command += ["--playlists", str(playlists), "--threads", str(threads)]
    marks = [(n + 1) * playlists // (kills + 1) for n in range(kills)]
    memory: dict[int, float] = {}
    pages = runs = 0
    started = time.monotonic()
    while True:
        runs += 1
        with subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            last: dict[str, Any] = {}
            for line in child.stdout:
                last = json.loads(line)
                if "done" in last:
                    memory[last["done"] // 2_000 * 2_000] = last["memory_mib"]
                    if marks and last["done"] >= marks[0]:
                        marks.pop(0)
                        child.send_signal(signal.SIGKILL)
                        break
        if child.returncode not in {0, -signal.SIGKILL}:
            raise SystemExit(f"the crawl ended with {child.returncode}")
        if "report" in last:
            break
    seconds = time.monotonic() - started
    with Catalog(folder).database.transaction() as connection:
        (pages,) = connection.execute(
            "SELECT (SELECT sum(pages) FROM crawl_word) + (SELECT sum(pages) FROM crawl_playlist)"
        ).fetchone()
        (read,) = connection.execute(
            "SELECT count(*) FROM crawl_playlist WHERE state = 'done'"
        ).fetchone()
        (entries,) = connection.execute("SELECT sum(size) FROM playlist").fetchone()
    return {
        "runs": runs,
        "killed": runs - 1,
        "seconds": seconds,
        "pages": pages,
        "pages_per_second": pages / seconds,
        "playlists_per_second": playlists / seconds,
        "read": read,
        "entries": entries,
        "peak_mib_of_last_run": last["peak_mib"],
        "resident_mib_at": memory,
        "database_mib": (folder / "segue.db").stat().st_size / 2**20,
        "report": last["report"],
    }


def counts(environment: dict[str, str]) -> dict[str, int]:
    with urlopen(environment["SEGUE_SPOTIFY_ACCOUNTS"] + "/counts") as answer:
        found: dict[str, int] = json.load(answer)
        return found


def check(folder: Path, options: argparse.Namespace) -> dict[str, int]:
    """Compare what was crawled with what the server has."""
    catalog, expected = Catalog(folder), catalogue(options)
    query = catalog.database.query
    keys = dict(query("SELECT id, key FROM track WHERE key LIKE 'spotify:%'"))
    wrong = {"lost_playlists": 0, "wrong_playlists": 0, "wrong_states": 0}
    held = {
        playlist.key: playlist
        for playlist in catalog.playlists.get(catalog.playlists.ids()).values()
    }
    rows = query("SELECT outside_id, state FROM crawl_playlist")
    for own, state in rows:
        number = decode("playlist", own)
        assert number is not None
        fate = {200: "done", 403: "no access", 404: "gone"}[expected.fate(number)]
        wrong["wrong_states"] += state != fate
        entries = expected.keys(number) if fate == "done" else []
        playlist = held.pop(f"spotify:{own}", None)
        if playlist is None:
            wrong["lost_playlists"] += bool(entries)
        else:
            found = [keys.get(id_, "") for id_ in playlist.tracks.tolist()]
            wrong["wrong_playlists"] += found != entries
    catalog.close()
    return {
        "found": len(rows),
        "found_twice": len(rows) - len({own for own, _ in rows}),
        "not_found_but_held": len(held),
        **wrong,
    }


def digests(folder: Path) -> dict[str, str]:
    catalog = Catalog(folder)
    found = {
        table: hashlib.sha256(repr(rows).encode()).hexdigest()
        for table, rows in content(catalog).items()
        if table != "source"
    }
    catalog.close()
    return found


def picture(folder: Path) -> dict[str, Any]:
    catalog = Catalog(folder)
    (source,) = crawl_picture(catalog)["sources"]
    catalog.close()
    words = source["words"]
    return {
        "words_tried": words["tried"],
        "effective_words": words["effective_words"],
        "top_word_share": words["top"][0]["share"],
        "top_10_words_share": sum(word["share"] for word in words["top"][:10]),
        "tracks": source["tracks"],
        "artists": source["artists"],
    }


def bias(folder: Path, options: argparse.Namespace) -> dict[str, float]:
    """Compare the titles that were found with those of the whole service.

    `word_distance` is the total variation distance between the frequencies of their words (0: the
    same, 1: none in common); `not_ascii` the share of titles with other letters than English has.
    """
    catalog, expected = Catalog(folder), catalogue(options)
    found = [name for (name,) in catalog.database.query("SELECT name FROM crawl_playlist")]
    catalog.close()
    every = [expected.title(number) for number in range(0, expected.playlists, 5)]
    ours, theirs = frequencies(found), frequencies(every)
    distance = sum(abs(ours[word] - theirs[word]) for word in {*ours, *theirs}) / 2
    return {
        "word_distance": distance,
        "not_ascii": sum(not name.isascii() for name in found) / len(found),
        "not_ascii_of_all": sum(not name.isascii() for name in every) / len(every),
    }


def frequencies(titles: list[str]) -> defaultdict[str, float]:
    words = TitleWords()
    counts = Counter(word for title in titles for word in words.of(title))
    total = counts.total()
    return defaultdict(float, {word: count / total for word, count in counts.items()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--playlists", type=int, default=20_000)
    parser.add_argument("--compare", type=int, default=5_000, help="playlists for each strategy")
    parser.add_argument("--faults", type=float, default=0.2)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--port", type=int, default=8_731)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(options.work, options.playlists, options.worker, options.threads)
        return
    result: dict[str, Any] = {**machine(), "options": {**vars(options), "work": None}}
    soak, calm = options.work / "soak", options.work / "calm"
    with serving(options, options.faults) as environment:
        result["soak"] = run(
            soak, environment, options.playlists, options.threads, kills=options.kills
        )
        asked = counts(environment)
    api = ("items ", "tracks ", "search ")
    result["soak"]["requests"] = sum(n for name, n in asked.items() if name.startswith(api))
    result["soak"]["faults"] = {
        name.partition(" ")[2]: n for name, n in asked.items() if name.startswith("fault ")
    }
    result["soak"]["check"] = check(soak, options)
    with serving(options, 0.0) as environment:
        result["calm"] = run(calm, environment, options.playlists, options.threads)
        asked = counts(environment)
        result["calm"]["requests"] = sum(n for name, n in asked.items() if name.startswith(api))
        result["strategies"] = {}
        for strategy in ("frequent-words", "uniform-words"):
            folder = options.work / strategy
            run(folder, environment, options.compare, options.threads, strategy=strategy)
            result["strategies"][strategy] = {**picture(folder), **bias(folder, options)}
    result["same_as_calm"] = {
        table: digest == digests(calm)[table] for table, digest in digests(soak).items()
    }
    each = result["calm"]["requests"] / options.playlists
    result["in_earnest"] = {
        "requests_per_playlist": each,
        "assumed_limit": f"{REQUESTS} requests in {WINDOW:.0f} s (Spotify publishes none)",
        "hours_for_100000_at_the_limit": 100_000 * each / (REQUESTS / WINDOW) / 3600,
        "hours_for_100000_without_limit": 100_000 / result["calm"]["playlists_per_second"] / 3600,
        "hours_for_100000_through_the_faults": 100_000
        / result["soak"]["playlists_per_second"]
        / 3600,
        "original_hours_for_100000": ORIGINAL_HOURS * 100_000 / ORIGINAL_PLAYLISTS,
    }
    print(json.dumps(result, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
