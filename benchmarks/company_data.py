"""Made-up playlists as Interactions of any size, kept as `.npy` files.

    python benchmarks/company_data.py SAMPLE.zip FOLDER --playlists 1000000

The playlists are those that ``synthetic.py`` writes as slices for the same sizes and seed, without
their way through JSON: a smaller number of them is the beginning of a larger one. Tracks that no
playlist has are left out, as a fit never sees them.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from synthetic import SLICE, Music, Names

from segue.types import Interactions

TRACKS: Final = 2_262_292  # of the whole data set
SEED: Final = 1
_ARRAYS: Final = ("track_ids", "artist_ids", "album_ids", "indptr", "indices", "times", "title_of")
_TITLES: Final = "titles.json"


def make(sample: Path, folder: Path, playlists: int, tracks: int = TRACKS) -> None:
    """Write the first `playlists` of the music of `tracks` tracks to a folder.

    Parameters
    ----------
    sample
        A zip of Million Playlist slices to learn names and lengths from.
    """
    music = Music(Names.learn(sample), tracks, SEED)
    titles = list(dict.fromkeys(music.names.playlists))
    place = {title: i for i, title in enumerate(titles)}
    title_places = np.array([place[title] for title in music.names.playlists], dtype=np.int32)
    entries: list[NDArray[np.int32]] = []
    sizes: list[int] = []
    title_of: list[NDArray[np.int32]] = []
    days: list[NDArray[np.int64]] = []
    for number in range(-(-playlists // SLICE)):
        rows = music.playlists(number * SLICE, SLICE)[: playlists - number * SLICE]
        entries.append(np.concatenate(rows).astype(np.int32))
        sizes += map(len, rows)
        # The draws of `Slices.slice`, in its order: titles, followers, edits, days.
        rng = np.random.default_rng([music.seed, 3, number])
        named = rng.integers(0, len(title_places), SLICE)
        rng.zipf(2.2, SLICE)
        rng.integers(1, 200, SLICE)
        title_of.append(title_places[named[: len(rows)]])
        days.append(rng.integers(14_700, 17_470, SLICE)[: len(rows)])
    of_entry = np.concatenate(entries)
    entries.clear()
    heard = np.zeros(tracks, dtype=bool)
    heard[of_entry] = True
    column = (np.cumsum(heard) - 1).astype(np.int32)
    kept = np.flatnonzero(heard)
    arrays = {
        "track_ids": kept + 1,
        "artist_ids": music.artist_of[kept].astype(np.int64) + 1,
        "album_ids": music.album_of[kept].astype(np.int64) + 1,
        "indptr": np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        "indices": column[of_entry],
        "times": np.concatenate(days) * 86_400,
        "title_of": np.concatenate(title_of),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name in _ARRAYS:
        np.save(folder / f"{name}.npy", arrays[name])
    (folder / _TITLES).write_text(json.dumps(titles), encoding="utf-8")


def load(folder: Path) -> Interactions:
    """Return what `make` wrote: row ids from 1, track, artist and album ids, titles and times."""
    found = {name: np.load(folder / f"{name}.npy") for name in _ARRAYS}
    titles = json.loads((folder / _TITLES).read_text(encoding="utf-8"))
    rows = len(found["times"])
    return Interactions(
        np.arange(1, rows + 1, dtype=np.int64),
        found["track_ids"],
        found["artist_ids"],
        found["album_ids"],
        found["indptr"],
        found["indices"],
        titles=[titles[i] for i in found["title_of"].tolist()],
        descriptions=[""] * rows,
        times=found["times"],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sample", type=Path, help="a zip of Million Playlist slices to learn from")
    parser.add_argument("folder", type=Path, help="where the arrays are written")
    parser.add_argument("--playlists", type=int, default=100_000)
    parser.add_argument("--tracks", type=int, default=TRACKS)
    options = parser.parse_args()
    started = time.perf_counter()
    make(options.sample, options.folder, options.playlists, options.tracks)
    found = load(options.folder)
    print(
        f"{len(found):,} playlists, {len(found.indices):,} entries of {len(found.track_ids):,} "
        f"tracks in {time.perf_counter() - started:.0f} s"
    )


if __name__ == "__main__":
    main()
