"""How quickly, and how well, songs are found among millions.

    python benchmarks/search.py SAMPLE.zip --folder FOLDER --tracks 5000000

Made-up tracks (see synthetic.py) are written to a catalogue in plain SQL, and indexed. Then queries
of several classes are asked, each made from a song drawn by its popularity, of both Segue and of
what the original did: `LIKE '%words%'` over a table of ids, names and artists, sorted by one
pressing's playlists. An answer is right where it holds a song of the title and artist meant.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from common import machine
from numpy.typing import NDArray
from synthetic import Music, Names

from segue.catalog.database import Database
from segue.catalog.search import search
from segue.catalog.search_index import refresh, tokens
from segue.catalog.text import fold
from segue.config import FILE_NAME

ENTRIES: Final = 66_346_428
LIMIT: Final = 10
COMMON: Final = ("love", "the", "you", "i", "me", "a", "remix", "live", "night", "of the")
ORIGINAL: Final = "original.db"
_AT_ONCE: Final = 10_000  # songs in one transaction

Query = tuple[str, int | None]  # the words, and the track that is meant


def fill(folder: Path, music: Music) -> dict[str, Any]:
    """Write the tracks to a catalogue, and to a table like the original's."""
    started = time.perf_counter()
    playlists = music.entries(ENTRIES)
    numbers = song_numbers(music)
    of_song = np.bincount(numbers, weights=playlists).astype(np.int64).tolist()
    database = Database(folder / FILE_NAME)
    database.connection.execute("PRAGMA cache_size = -2000000")  # for random keys, here alone
    with database.transaction() as connection:
        connection.executemany(
            "INSERT INTO song (id, digest, playlists) VALUES (?, ?, ?)",
            ((id_, id_, of_song[id_]) for id_ in range(1, len(of_song))),
        )
        connection.executemany(
            "INSERT INTO track (title, artist, album, duration, key, song_id, playlists) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            _rows(music, numbers, playlists),
        )
    database.close()
    seconds = time.perf_counter() - started
    original = sqlite3.connect(folder / ORIGINAL)
    with original:
        original.execute("CREATE TABLE songs (id TEXT PRIMARY KEY, name, artist, count INTEGER)")
        original.executemany(
            "INSERT INTO songs VALUES (?, ?, ?, ?)",
            (
                (f"{i:022d}", music.titles[i], music.artists[artist], count)
                for i, (artist, count) in enumerate(
                    zip(music.artist_of.tolist(), playlists.tolist(), strict=True)
                )
            ),
        )
    original.close()
    return {"tracks": len(music), "songs": len(of_song) - 1, "written, s": round(seconds)}


def song_numbers(music: Music) -> NDArray[np.int64]:
    """Return each track's song, numbered from 1 in the order in which they come."""
    _, first, which = np.unique(music.song_of, return_index=True, return_inverse=True)
    number = np.empty(len(first), np.int64)
    number[np.argsort(first)] = np.arange(1, len(first) + 1)
    return number[which]


def _rows(
    music: Music, numbers: NDArray[np.int64], playlists: NDArray[np.int64]
) -> Iterator[tuple[object, ...]]:
    columns = zip(
        music.titles,
        music.artist_of.tolist(),
        music.album_of.tolist(),
        music.durations.tolist(),
        music.track_ids.tolist(),
        numbers.tolist(),
        playlists.tolist(),
        strict=True,
    )
    for title, artist, album, duration, id_, song, count in columns:
        names = (title, music.artists[artist], music.albums[album])
        yield (*names, duration / 1000, f"spotify:{id_.decode()}", song, count)


def index(folder: Path) -> dict[str, Any]:
    database = Database(folder / FILE_NAME)
    before = (folder / FILE_NAME).stat().st_size
    started, processor = time.perf_counter(), time.process_time()
    done, longest = 0, 0.0
    while True:
        began = time.perf_counter()
        with database.transaction() as connection:
            some = refresh(connection, limit=_AT_ONCE)
        longest = max(longest, time.perf_counter() - began)
        if not some:
            break
        done += some
    seconds = time.perf_counter() - started
    processor = time.process_time() - processor
    if not done:  # by an earlier run
        database.close()
        return {}
    database.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    (words,) = database.query_one("SELECT count(*) FROM song_word")
    database.close()
    return {
        "indexed, songs/s": round(done / seconds),
        "indexed, songs/s of processor time": round(done / processor),
        "longest transaction, s": round(longest, 2),
        "tracks, MB": round(before / 1e6),
        "index, MB": round(((folder / FILE_NAME).stat().st_size - before) / 1e6),
        "different words": words,
    }


class Asked:
    """Makes queries of songs that are drawn by their popularity."""

    def __init__(self, music: Music, seed: int) -> None:
        self._music = music
        self._random = random.Random(seed)
        rng = np.random.default_rng([seed, 9])
        cumulated = np.cumsum(music.weights)
        drawn = np.searchsorted(cumulated, rng.random(40_000) * cumulated[-1])
        self._drawn = iter(drawn.tolist())
        foreign = np.flatnonzero([not name.isascii() for name in music.artists])
        tracks = np.flatnonzero(np.isin(music.artist_of, foreign))
        weights = music.weights[tracks] / music.weights[tracks].sum()
        unspaced = (i for i in rng.choice(tracks, 40_000, p=weights).tolist() if self._is_cjk(i))
        self._foreign = iter(unspaced)

    def classes(self) -> dict[str, Callable[[], Query]]:
        return {
            "whole title": lambda: self._of(self._title),
            "title and artist": lambda: self._of(self._both),
            "artist": lambda: self._of(self._artist),
            "part of the words": lambda: self._of(self._some_words),
            "prefix": lambda: self._of(self._prefix),
            "piece of a word": lambda: self._of(self._piece),
            "typing error": lambda: self._of(self._typo),
            "two typing errors": lambda: self._of(lambda track: self._typo(track, 2)),
            "common words": lambda: (self._random.choice(COMMON), None),
            "Chinese, Japanese, Korean": self._cjk,
        }

    def _of(self, words: Callable[[int], str]) -> Query:
        while True:
            track = next(self._drawn)
            query = words(track).strip()
            if len(query) > 2 and fold(query):
                return query, track

    def _title(self, track: int) -> str:
        """Return the title as people remember it: without what is behind a dash or in brackets."""
        return _without_version(self._music.titles[track])

    def _artist(self, track: int) -> str:
        return self._music.artists[int(self._music.artist_of[track])]

    def _both(self, track: int) -> str:
        names = [self._title(track), self._artist(track)]
        self._random.shuffle(names)
        return " ".join(names).lower()

    def _some_words(self, track: int) -> str:
        words = fold(f"{self._title(track)} {self._artist(track)}").split()
        chosen = self._random.sample(words, max(2, len(words) // 2)) if len(words) > 2 else words
        return " ".join(chosen)

    def _prefix(self, track: int) -> str:
        query = self._both(track) if self._random.random() < 0.5 else self._title(track)
        return query[: max(3, int(len(query) * self._random.uniform(0.5, 0.9)))]

    def _piece(self, track: int) -> str:
        words = [w for w in fold(self._title(track)).split() if len(w) > 6]
        return self._random.choice(words)[1:-1] if words else ""

    def _typo(self, track: int, errors: int = 1) -> str:
        query = fold(self._both(track))
        for _ in range(errors):
            places = [i for i, c in enumerate(query) if c.isalpha() and c.isascii()]
            if len(places) < 5:
                return ""
            i = self._random.choice(places)
            letter = self._random.choice("abcdefghijklmnopqrstuvwxyz")
            query = self._random.choice(
                [
                    query[:i] + query[i + 1 :],
                    query[:i] + letter + query[i + 1 :],
                    query[:i] + letter + query[i:],
                    query[:i] + query[i + 1 : i + 2] + query[i] + query[i + 2 :],
                ]
            )
        return query

    def _cjk(self) -> Query:
        """Two characters or more of a title or an artist."""
        track = next(self._foreign)
        name = self._title(track) if self._random.random() < 0.5 else self._artist(track)
        name = name.split(" ")[0]
        first = self._random.randrange(max(1, len(name) - 2))
        return name[first : first + self._random.randrange(2, 6)], track

    def _is_cjk(self, track: int) -> bool:
        title = self._music.titles[track]
        return len(title) > 1 and tokens(title[:2]) == [title[:2]] and ord(title[0]) > 0x2FFF


def ask(
    classes: dict[str, list[Query]], answer: Callable[[str], list[tuple[str, str]]], music: Music
) -> dict[str, dict[str, float]]:
    """Return times and quality by class; an answer is a list of folded (title, artist)."""
    results = {}
    for name, queries in classes.items():
        seconds, processor, first, among = [], [], 0, 0
        for words, track in queries:
            started, began = time.perf_counter(), time.thread_time()
            found = answer(words)
            seconds.append(time.perf_counter() - started)
            processor.append(time.thread_time() - began)
            if track is None:
                continue
            artist = fold(music.artists[music.artist_of[track]])
            title = _main(music.titles[track])
            right = [a == artist and (name == "artist" or t == title) for t, a in found]
            first += right[:1] == [True]
            among += any(right)
        milliseconds = 1e3 * np.array(seconds)
        results[name] = {
            "queries": len(queries),
            "p50, ms": round(float(np.quantile(milliseconds, 0.5)), 2),
            "p95, ms": round(float(np.quantile(milliseconds, 0.95)), 2),
            "p99, ms": round(float(np.quantile(milliseconds, 0.99)), 2),
            "p95 of processor time, ms": round(1e3 * float(np.quantile(processor, 0.95)), 2),
        }
        if queries[0][1] is not None:
            results[name] |= {
                "first, %": round(100 * first / len(queries), 1),
                "among ten, %": round(100 * among / len(queries), 1),
            }
    return results


def _main(title: str) -> str:
    return fold(_without_version(title))


def _without_version(title: str) -> str:
    return title.partition(" - ")[0].partition(" (")[0]


def by_segue(folder: Path) -> Callable[[str], list[tuple[str, str]]]:
    database = Database(folder / FILE_NAME)

    def answer(words: str) -> list[tuple[str, str]]:
        found = [track for track, _ in search(database, words, LIMIT)]
        marks = ", ".join("?" * len(found))
        query = f"SELECT id, title, artist FROM track WHERE id IN ({marks})"
        rows = {id_: names for id_, *names in database.query(query, found)}
        return [(_main(rows[id_][0]), fold(rows[id_][1])) for id_ in found]

    return answer


def by_original(folder: Path) -> Callable[[str], list[tuple[str, str]]]:
    connection = sqlite3.connect(folder / ORIGINAL)

    def answer(words: str) -> list[tuple[str, str]]:
        like = f"%{words}%"
        rows = connection.execute(
            "SELECT name, artist FROM songs WHERE name LIKE ? OR artist LIKE ? "
            "ORDER BY count DESC LIMIT ?",
            (like, like, LIMIT),
        )
        return [(_main(title), fold(artist)) for title, artist in rows]

    return answer


def cold(folder: Path, queries: list[Query]) -> float:
    """Return the median seconds of a new process that asks one query."""
    code = (
        "import sys; from pathlib import Path; from segue.catalog.database import Database; "
        "from segue.catalog.search import search; "
        f"search(Database(Path(sys.argv[1]), read_only=True), sys.argv[2], {LIMIT})"
    )
    seconds = []
    for words, _ in queries:
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", code, str(folder / FILE_NAME), words], check=True)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sample", type=Path, help="a zip of Million Playlist slices to learn from")
    parser.add_argument("--folder", type=Path, required=True, help="for the databases, kept there")
    parser.add_argument("--tracks", type=int, default=5_000_000)
    parser.add_argument("--queries", type=int, default=100, help="of each class")
    parser.add_argument("--original", type=int, default=5, help="queries of each class, for LIKE")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    folder: Path = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    result: dict[str, Any] = {**machine(), "sqlite": sqlite3.sqlite_version, "seed": options.seed}
    started = time.perf_counter()
    music = Music(Names.learn(options.sample), options.tracks, options.seed)
    result["tracks made, s"] = round(time.perf_counter() - started)
    if not (folder / ORIGINAL).exists():
        result |= fill(folder, music)
    result |= index(folder)
    asked = Asked(music, options.seed)
    classes = {
        name: [make() for _ in range(options.queries)] for name, make in asked.classes().items()
    }
    everything = [query for queries in classes.values() for query in queries]
    random.Random(options.seed).shuffle(everything)
    result["a new process with one query, s"] = round(cold(folder, everything[:20]), 3)
    answer = by_segue(folder)
    for words, _ in everything[:200]:  # as of a running server: what is asked often is in memory
        answer(words)
    result["segue"] = ask({"all": everything, **classes}, answer, music)
    if options.original:
        few = {name: queries[: options.original] for name, queries in classes.items()}
        result["original"] = ask(few, by_original(folder), music)
        result["times as fast, p50"] = {
            name: round(times["p50, ms"] / result["segue"][name]["p50, ms"])
            for name, times in result["original"].items()
        }
    print(json.dumps(result, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
