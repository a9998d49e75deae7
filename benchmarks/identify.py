"""How surely clips are identified: by length and noise, false alarms, time, and the ear beside.

    python benchmarks/identify.py --work DIR MUSIC...

Of the music in the folders, in an order that the seed draws, the first --songs make the library in
--work (kept for another run), the next --strangers are not in it. --clips cuts of each length, from
songs of the library drawn in turn at places drawn at random, are asked for under each condition:
noise is white, or another stranger's music, so many dB below the cut within the 4 kHz that are
looked at (over a wider band, white noise does less harm); mp3 is FFmpeg's encoder at 64 kbit/s
from 44.1 kHz stereo. A cut counts as found where the first answer is its song; `place` is the share
of those found of 5 s whose place is right to half a second (music that repeats itself has several).
`embedding` is what `segue similar` finds for cuts of 5 s at 16 kHz: the
share of cuts whose song is the first answer.

The 10,000 songs of the timing are real songs' peaks in new places: pieces of 30 s drawn at random
until a song has 4 minutes, each moved by up to 60 of the 512 bins.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile
from common import machine
from numpy.typing import NDArray

import segue
from segue.audio.decode import decode
from segue.audio.landmark_index import LandmarkIndex
from segue.audio.landmarks import FRAME_SECONDS, SAMPLE_RATE, VERSION, Peaks, clip_landmarks
from segue.catalog.landmarks import Landmarks
from segue.errors import AudioError, EarError, NotFoundError
from segue.models.artifact import save_artifact
from segue.service.add import AddProgress
from segue.service.landmark_search import Found, LandmarkSearch
from segue.service.library import Library
from segue.sources.walk import walk

LENGTHS: Final = (2.0, 3.0, 5.0, 10.0)
RATIOS: Final = (20, 10, 5, 0)
RATE: Final = 44_100
HEARD_RATE: Final = 16_000
Samples = NDArray[np.float32]
Degrade = Callable[[Samples, np.random.Generator], Samples]


def cut(path: bytes, rng: np.random.Generator, seconds: float) -> tuple[float, Samples]:
    """Return where a cut begins, and the cut at 44.1 kHz mono; raises AudioError."""
    begin = 0.0

    def place(duration: float) -> list[tuple[float, float]]:
        nonlocal begin
        begin = float(rng.uniform(0, max(0.0, duration - seconds - 0.5)))
        return [(begin, seconds)]

    samples = decode(path, place, RATE).windows[0].mono
    if len(samples) < 0.95 * seconds * RATE:
        raise AudioError("too-short", "the music ends before the cut does")
    return begin, samples


def lower(samples: Samples, rate: int = SAMPLE_RATE) -> Samples:
    import soxr

    return np.asarray(soxr.resample(samples, RATE, rate), np.float32)


def mixed(samples: Samples, noise: Samples, ratio: float) -> Samples:
    """Return both, the noise so many dB below."""
    noise = np.resize(noise, len(samples))
    power = np.mean(samples**2) / max(float(np.mean(noise**2)), 1e-12) / 10 ** (ratio / 10)
    return np.asarray(samples + noise * np.sqrt(power), np.float32)


def clean(samples: Samples, _: np.random.Generator) -> Samples:
    return lower(samples)


def white(ratio: float, rate: int = SAMPLE_RATE) -> Degrade:
    def degrade(samples: Samples, rng: np.random.Generator) -> Samples:
        low = lower(samples, rate)
        return mixed(low, rng.standard_normal(len(low)).astype(np.float32), ratio)

    return degrade


def music(ratio: float, others: list[Samples]) -> Degrade:
    return lambda samples, rng: mixed(
        lower(samples), lower(others[rng.integers(len(others))]), ratio
    )


def mp3(samples: Samples, _: np.random.Generator) -> Samples:
    """Return what is left after MP3 at 64 kbit/s."""
    import av

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp3"
        with av.open(str(path), "w") as container:
            stream: Any = container.add_stream("libmp3lame", rate=RATE)
            stream.layout, stream.bit_rate = "stereo", 64_000
            both = np.ascontiguousarray(np.stack([samples, samples]))
            frame = av.AudioFrame.from_ndarray(both, "fltp", "stereo")
            frame.sample_rate = RATE
            for part in av.AudioResampler(stream.format, "stereo", RATE, 1152).resample(frame):
                container.mux(stream.encode(part))
            container.mux(stream.encode(None))
        whole = decode(os.fsencode(path), lambda seconds: [(0.0, seconds)], SAMPLE_RATE)
    return whole.windows[0].mono


def is_first(found: list[Found], track: int) -> bool:
    return bool(found) and found[0].track_id == track


def share(hits: list[bool]) -> float:
    return round(float(np.mean(hits)), 4) if hits else float("nan")


def recognition(
    search: LandmarkSearch,
    tracks: dict[int, bytes],
    conditions: dict[str, Degrade],
    arguments: argparse.Namespace,
) -> dict[str, dict[str, float]]:
    table: dict[str, dict[str, float]] = {name: {} for name in conditions}
    for seconds in LENGTHS:
        rng = np.random.default_rng([arguments.seed, int(seconds)])
        hits: dict[str, list[bool]] = {name: [] for name in conditions}
        placed: dict[str, list[bool]] = {name: [] for name in conditions}
        for track in rng.permutation(sorted(tracks))[: arguments.clips].tolist():
            try:
                begin, samples = cut(tracks[track], rng, seconds)
            except AudioError:
                continue
            for name, degrade in conditions.items():
                clip = degrade(samples, rng)
                found = search.find(clip, 5)
                hits[name].append(is_first(found, track))
                if hits[name][-1]:
                    placed[name].append(abs(found[0].at - begin) < 0.5)
        for name, some in hits.items():
            table[name][f"{seconds:g} s"] = share(some)
            table[name]["clips"] = len(some)
            if seconds == 5.0:
                table[name]["place"] = share(placed[name])
    return table


def false_alarms(
    search: LandmarkSearch, strangers: list[bytes], tracks: dict[int, bytes], seed: int
) -> dict[str, Any]:
    """Ask for cuts of songs that are not there, clean and with noise."""
    alarms = []
    asked = 0
    for seconds in LENGTHS:
        rng = np.random.default_rng([seed, 1, int(seconds)])
        for path in strangers:
            try:
                _, samples = cut(path, rng, seconds)
            except AudioError:
                continue
            for name, degrade in (("clean", clean), ("white 10 dB", white(10))):
                clip = degrade(samples, rng)
                asked += 1
                for found in search.find(clip, 1):
                    pair = [os.fsdecode(path), os.fsdecode(tracks[found.track_id])]
                    alarms.append([f"{seconds:g} s {name}", *pair, found.matched, found.of])
    return {"strangers": len(strangers), "cuts": asked, "alarms": alarms}


def embedding(
    library: Library, tracks: dict[int, bytes], arguments: argparse.Namespace
) -> dict[str, Any]:
    """Return how often the first answer of `segue similar CLIP` is the song."""
    conditions: dict[str, Degrade] = {
        "clean": lambda samples, _: lower(samples, HEARD_RATE),
        "white 10 dB": white(10, HEARD_RATE),
    }
    hits: dict[str, list[bool]] = {name: [] for name in conditions}
    rng = np.random.default_rng([arguments.seed, 5])
    with tempfile.TemporaryDirectory() as folder:
        for track in rng.permutation(sorted(tracks))[: arguments.heard].tolist():
            try:
                _, samples = cut(tracks[track], rng, 5.0)
            except AudioError:
                continue
            for name, degrade in conditions.items():
                path = Path(folder) / "clip.wav"
                soundfile.write(path, degrade(samples, rng), HEARD_RATE)
                try:
                    found = library.similar(path, 1)
                except (EarError, NotFoundError) as error:
                    return {"why": str(error)}
                hits[name].append(bool(len(found)) and found[0].id == track)
    return {name: share(some) for name, some in hits.items()} | {"clips": len(hits["clean"])}


def invented(real: list[Peaks], count: int, seed: int) -> Iterator[Peaks]:
    """Yield the peaks of songs of 4 minutes, put together from pieces of real ones."""
    piece = round(30 / FRAME_SECONDS)
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        parts = []
        for place in range(8):
            peaks = real[rng.integers(len(real))].astype(np.int64)
            frames, bins = peaks >> 9, (peaks & 511) + rng.integers(-60, 61)
            begin = rng.integers(0, max(1, int(frames[-1]) - piece)) if len(frames) else 0
            kept = (frames >= begin) & (frames < begin + piece) & (bins > 7) & (bins < 512)
            parts.append((frames[kept] - begin + place * piece) << 9 | bins[kept])
        yield np.unique(np.concatenate(parts)).astype(np.uint32)


def timing(real: list[Peaks], clips: list[Samples], count: int, work: Path) -> dict[str, Any]:
    """Time look-ups among many songs: the first after the files left memory, and further ones."""
    began = time.perf_counter()
    index = LandmarkIndex.build(lambda: invented(real, count, 0))
    built = time.perf_counter() - began
    artifact = save_artifact(work / "cache", "many", index.arrays(), {})
    del index
    for file in artifact.folder.iterdir():
        with file.open("rb") as opened:
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    spent, lookups = [], []
    began = time.perf_counter()
    index = LandmarkIndex(artifact.arrays())
    opened_in = time.perf_counter() - began
    for clip in clips:
        began = time.perf_counter()
        found = clip_landmarks(clip)
        middle = time.perf_counter()
        index.find(*found)
        spent.append(time.perf_counter() - began)
        lookups.append(time.perf_counter() - middle)
    return {
        "songs": count,
        "bytes": artifact.size,
        "build_seconds": round(built, 1),
        "first_ms": round(1e3 * (opened_in + spent[0]), 1),
        "warm_p50_ms": round(1e3 * float(np.median(spent[1:])), 1),
        "warm_p99_ms": round(1e3 * float(np.quantile(spent[1:], 0.99)), 1),
        "look_up_p50_ms": round(1e3 * float(np.median(lookups[1:])), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("music", nargs="+", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--songs", type=int, default=500)
    parser.add_argument("--strangers", type=int, default=200)
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--heard", type=int, default=100, help="clips for the embedding; 0: none")
    parser.add_argument("--many", type=int, default=10_000, help="songs of the timing; 0: none")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    began = time.monotonic()
    paths = sorted(
        found.path for folder in arguments.music for found in walk(folder, on_problem=print)
    )
    drawn = [paths[i] for i in np.random.default_rng(arguments.seed).permutation(len(paths))]
    inside = drawn[: arguments.songs]
    strangers = drawn[arguments.songs : arguments.songs + arguments.strangers]
    with segue.open(arguments.work / "library") as library:
        library.add(*map(os.fsdecode, inside), workers=1)
        tracks = {t.id: t.path for t in library.tracks() if t.path is not None}
        hours = sum(track.duration or 0.0 for track in library.tracks()) / 3600
        heard = time.monotonic()
        told: list[AddProgress] = []
        first = os.fsdecode(next(iter(tracks.values())))
        library.identify(first, workers=1, on_progress=told.append)
        heard = time.monotonic() - heard
        landmarks = Landmarks(library._catalog.database, VERSION)
        search = LandmarkSearch(landmarks, None)
        rng = np.random.default_rng(arguments.seed)
        others = []
        for path in strangers[:50]:
            try:
                others.append(cut(path, rng, 10.0)[1])
            except AudioError:
                continue
        conditions: dict[str, Degrade] = {"clean": clean}
        conditions |= {f"white {ratio} dB": white(ratio) for ratio in RATIOS}
        conditions |= {f"music {ratio} dB": music(ratio, others) for ratio in RATIOS}
        conditions["mp3 64 kbit/s"] = mp3
        result = {
            **machine(),
            "seed": arguments.seed,
            "songs": len(tracks),
            "hours": round(hours, 2),
            "listening_seconds": round(heard, 1) if told else None,
            "recognition": recognition(search, tracks, conditions, arguments),
            "false_alarms": false_alarms(search, strangers, tracks, arguments.seed),
        }
        if arguments.heard:
            result["embedding"] = embedding(library, tracks, arguments)
        if arguments.many:
            real = [peaks for _, peaks in landmarks.peaks(list(landmarks.stamps()))]
            clips = [lower(samples[: 5 * RATE]) for samples in others]
            result["timing"] = timing(real, clips, arguments.many, arguments.work)
    result["seconds"] = round(time.monotonic() - began, 1)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
