"""How well records are told to be about one song.

    python benchmarks/matching.py --songs spotify_songs.csv.gz --playlists million_playlist.zip

Two measures. First the pairs of `matching_pairs.csv`: 400, half of them one recording, half not,
judged one by one from names and durations by what a listener would call the same recording. They
were drawn by a seeded script before there was a rule: candidates from a table of Spotify's
features, the Million Playlist Dataset and Deezer's mood data, by fuzzy likeness of title and artist
from all bands of likeness, by words of versions, and from URIs whose names changed between two of
the sets (column `drawn`). Of the 677 candidates, 18 that names and durations cannot decide and 6
that came twice were left out; of the others that are two recordings, those of other songs and
other artists were thinned out. A quarter (`held`) was not looked at while the rules were made.

Second, where both files are given: of the URIs that stand in both, the share whose two records
meet by names. The playlists have no durations, so that pairs that need them count as lost; and
where a URI's track was replaced by another take, that counts too.

For comparison: names that are equal but for case, and likeness of 90 of 100 (RapidFuzz).
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import math
import sys
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from common import machine
from rapidfuzz import fuzz

from segue.catalog.songkey import SURE, Match, same_song, song_key


class Named(NamedTuple):
    artist: str
    title: str
    seconds: float | None = None


Rule = Callable[[Named, Named], bool]


def match(a: Named, b: Named) -> Match:
    key_a, key_b = song_key(a.artist, a.title), song_key(b.artist, b.title)
    return same_song(key_a, key_b, a.seconds, b.seconds)


RULES: dict[str, Rule] = {
    "segue": lambda a, b: match(a, b).certainty >= SURE,
    "equal but for case": lambda a, b: _line(a) == _line(b),
    "alike by 90 of 100": lambda a, b: fuzz.token_set_ratio(_line(a), _line(b)) >= 90,
}


def _line(named: Named) -> str:
    return f"{named.artist} {named.title}".casefold()


def interval(hits: int, of: int) -> list[float]:
    """Return a share with its 95 % interval after Wilson (1927)."""
    if not of:
        return [0.0, 0.0, 1.0]
    z, share = 1.959964, hits / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return [round(value, 4) for value in (share, max(0.0, middle - half), min(1.0, middle + half))]


def read_pairs(path: Path) -> Iterator[tuple[Named, Named, dict[str, str]]]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            sides = [
                Named(
                    row[f"artist_{x}"], row[f"title_{x}"], float(row[f"seconds_{x}"] or 0) or None
                )
                for x in "ab"
            ]
            yield sides[0], sides[1], row


def judge_pairs(pairs: Iterable[tuple[Named, Named, dict[str, str]]], rule: Rule) -> dict[str, Any]:
    counts: Counter[tuple[str, bool]] = Counter()
    kinds: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    wrong = []
    for a, b, row in pairs:
        said = rule(a, b)
        counts[row["same"], said] += 1
        right = said == (row["same"] == "1")
        kinds[f"{'same' if row['same'] == '1' else 'not'}: {row['kind']}"][0 if right else 1] += 1
        if not right:
            wrong.append(f"{'one' if said else 'two'}: {a} | {b}")
    merged = counts["1", True] + counts["0", True]
    return {
        "pairs": counts.total(),
        "precision": interval(counts["1", True], merged),
        "recall": interval(counts["1", True], counts["1", True] + counts["1", False]),
        "right, wrong by kind": dict(sorted(kinds.items())),
        "wrong": wrong,
    }


def read_songs(path: Path) -> dict[str, Named]:
    songs: dict[str, Named] = {}
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            seconds = float(row["duration_ms"]) / 1000
            songs[row["track_id"]] = Named(row["track_artist"], row["track_name"], seconds)
    return songs


def read_playlists(path: Path) -> Iterator[tuple[str, Named]]:
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(".json"):
                for playlist in json.loads(archive.read(name))["playlists"]:
                    for track in playlist["tracks"]:
                        id_ = track["track_uri"].rpartition(":")[2]
                        yield id_, Named(track["artist_name"], track["track_name"])


def shared(songs: dict[str, Named], playlists: Path, examples: int) -> dict[str, Any]:
    other = {id_: named for id_, named in read_playlists(playlists) if id_ in songs}
    lost: defaultdict[str, list[str]] = defaultdict(list)
    renamed = 0
    for id_, named in sorted(other.items()):
        renamed += named[:2] != songs[id_][:2]
        found = match(songs[id_], named)
        if found.certainty < SURE:
            lost[found.reason].append(f"{songs[id_][:2]} | {named[:2]}")
    total = sum(map(len, lost.values()))
    return {
        "URIs in both": len(other),
        "named differently": renamed,
        "recall": interval(len(other) - total, len(other)),
        "recall of those named differently": interval(renamed - total, renamed),
        "lost by cause": {cause: len(pairs) for cause, pairs in sorted(lost.items())},
        "examples": {cause: pairs[:examples] for cause, pairs in sorted(lost.items())},
    }


def table(result: dict[str, Any]) -> Iterator[str]:
    yield f"{'rule':20} {'part':5} {'pairs':>5}  precision (95 %)        recall (95 %)"
    for rule, parts in result["pairs"].items():
        for part, said in parts.items():
            shares = ["{:.3f} ({:.3f}..{:.3f})".format(*said[x]) for x in ("precision", "recall")]
            yield f"{rule:20} {part:5} {said['pairs']:5}  {shares[0]}   {shares[1]}"
    if "URIs" in result:
        share = "{:.4f} ({:.4f}..{:.4f})".format(*result["URIs"]["recall"])
        yield f"URIs in both files: {result['URIs']['URIs in both']}, found again {share}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--songs", type=Path, help="a table with track_id, as TidyTuesday's")
    parser.add_argument("--playlists", type=Path, help="slices of the Million Playlist Dataset")
    parser.add_argument("--examples", type=int, default=5, help="lost URIs shown of each cause")
    parser.add_argument("--part", choices=("tune", "held", "all"), default="all")
    options = parser.parse_args()
    pairs = list(read_pairs(Path(__file__).with_name("matching_pairs.csv")))
    parts = {"tune": ("tune",), "held": ("held",), "all": ("tune", "held")}
    chosen = parts if options.part == "all" else {options.part: parts[options.part]}
    result: dict[str, Any] = machine()
    result["pairs"] = {
        name: {
            part: judge_pairs((pair for pair in pairs if pair[2]["part"] in which), rule)
            for part, which in chosen.items()
        }
        for name, rule in RULES.items()
    }
    for name, said in result["pairs"].items():
        if name != "segue":  # the list of a rule that nobody uses helps nobody
            for part in said.values():
                del part["wrong"], part["right, wrong by kind"]
    if options.songs and options.playlists:
        result["URIs"] = shared(read_songs(options.songs), options.playlists, options.examples)
    print("\n".join(table(result)), file=sys.stderr)
    print(json.dumps(result, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
