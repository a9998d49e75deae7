"""What each recommender by company costs: fitting, keeping, answering, by number of playlists.

    python benchmarks/company.py FOLDER... --output result.json
    python benchmarks/company.py FOLDER --compact --model als --als-iterations 2
    python benchmarks/company.py result.json... --chart company-scale.svg

Folders are those that ``company_data.py`` makes. A twentieth of the playlists, 2,000 at most, is
held out, and the seeds are ten songs of one of them, with its title.

Each model is fitted in a process of its own. What it takes beyond the interactions counts from
when they are loaded; it includes the libraries that the fit imports, and writing the model. The
stored model is then mapped by fresh processes. The first reads it from the disk, since its pages
are given back to the system before; the second has it in the system's memory, and is asked all
queries one after the other, the first one included. The first answer is timed from before the
process starts. Of vectors, the best 100 are compared with those of all scores. With a filter,
other songs are allowed for each query, drawn from all there are.

``gensim`` is the training of word2vec alone, from the same text as a file, by `LineSentence`.
Words of a second are all that are read, those that `sample` passes over included.

Numeric libraries use the threads that the environment gives them; memory is read from Linux.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from common import machine
from company_processes import PASSES, K, ask, fit, held_out, train_from_file

from segue.types import Interactions, Seed

SONGS: Final = 10  # of a seed
QUERIES: Final = 2000
GENSIM: Final = "gensim"
MODELS: Final = ("popularity", "item_knn", "playlist_knn", "als", "titles", "word2vec", GENSIM)
SMALLER: Final = ("item_knn", "playlist_knn", "als", "titles", "word2vec")
PASSES_AT_MANY: Final = {"als": 2, "word2vec": 1}
_MANY: Final = 1_000_000  # playlists


def draw_seeds(everything: Interactions, seed: int) -> list[Seed]:
    rng = np.random.default_rng(seed)
    rows = []
    for row in range(len(everything) - held_out(len(everything)), len(everything)):
        found = everything.indices[everything.indptr[row] : everything.indptr[row + 1]]
        songs, first = np.unique(found, return_index=True)
        if len(songs) >= SONGS:
            rows.append((row, found[np.sort(first)]))
    seeds = []
    for number in rng.integers(0, len(rows), QUERIES).tolist():
        row, songs = rows[number]
        chosen = songs[np.sort(rng.choice(len(songs), SONGS, replace=False))]
        seeds.append(
            Seed(
                everything.track_ids[chosen],
                artists=everything.artist_ids[chosen],
                albums=everything.album_ids[chosen],
                title=everything.titles[row],
            )
        )
    return seeds


def in_process(work: Callable[..., None], *arguments: Any) -> dict[str, Any]:
    """Return what a function sends from a fresh process, or how it ended."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(*arguments, theirs))
    process.start()
    theirs.close()
    try:
        told: dict[str, Any] = ours.recv()
    except EOFError:
        told = {"problem": work.__name__}
    process.join()
    if "problem" in told:
        told["problem"] += f" ended with {process.exitcode}"
    return told


def forget(models: Path, name: str) -> None:
    """Give the pages of a model's files back to the system, so that they are read again."""
    from segue.models.artifact import load_artifact

    for path in load_artifact(models, name).folder.iterdir():
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def measure(
    folder: Path, name: str, seeds: Sequence[Seed], options: dict[str, Any], models: Path
) -> dict[str, Any]:
    if name == GENSIM:
        return in_process(train_from_file, folder, models, options)
    told = in_process(fit, folder, models, name, options)
    for tracks in (None, folder / "track_ids.npy"):
        if "problem" not in told:
            if tracks is None:
                forget(models, name)
            asked = seeds if tracks else seeds[:1]
            told |= in_process(ask, models, name, asked, tracks, time.monotonic())
    return told


def chosen_options(arguments: argparse.Namespace, name: str, rows: int) -> dict[str, Any]:
    from segue.service.fitting import compact_options

    name = "word2vec" if name == GENSIM else name
    options = compact_options(name) if arguments.compact else {}
    if name in PASSES:
        wanted = arguments.als_iterations if name == "als" else arguments.w2v_epochs
        if wanted or rows >= _MANY:
            options[PASSES[name]] = wanted or PASSES_AT_MANY[name]
    return options


def rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    return round(float(value), 4) if isinstance(value, float) else value


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "paths", type=Path, nargs="+", help="folders of playlists; with --chart, results"
    )
    parser.add_argument("--model", action="append", choices=MODELS, help="in place of all")
    parser.add_argument("--compact", action="store_true", help="with the options of small models")
    parser.add_argument("--als-iterations", type=int, help="in place of als's own; 2 at a million")
    parser.add_argument("--w2v-epochs", type=int, help="in place of word2vec's; 1 at a million")
    parser.add_argument("--seed", type=int, default=0, help="of the queries")
    parser.add_argument("--scratch", type=Path, help="where models are kept meanwhile")
    parser.add_argument("--output", type=Path, help="where the JSON goes; standard output if left")
    parser.add_argument("--chart", type=Path, help="draw results as this SVG or PNG")
    arguments = parser.parse_args()
    if arguments.chart:
        from company_chart import draw

        draw([json.loads(path.read_text()) for path in arguments.paths], arguments.chart)
        return
    from company_data import load

    results: list[dict[str, Any]] = []
    report = {
        "benchmark": "company",
        **machine(),
        "numpy": np.__version__,
        "argv": sys.argv[1:],
        "seed": arguments.seed,
        "threads": os.environ.get("OPENBLAS_NUM_THREADS", "all"),
        "k": K,
        "songs": SONGS,
        "queries": QUERIES,
        "results": results,
    }
    for folder in arguments.paths:
        everything = load(folder)
        size = {
            "playlists": len(everything),
            "entries": len(everything.indices),
            "tracks": len(everything.track_ids),
        }
        seeds = draw_seeds(everything, arguments.seed)
        del everything
        for name in arguments.model or (SMALLER if arguments.compact else MODELS):
            chosen = chosen_options(arguments, name, size["playlists"])
            with tempfile.TemporaryDirectory(dir=arguments.scratch) as scratch:
                told = measure(folder, name, seeds, chosen, Path(scratch))
            result = rounded({"model": name, "compact": arguments.compact, **size, **told})
            results.append(result)
            print(json.dumps(result), file=sys.stderr, flush=True)
            text = json.dumps(report, indent=2) + "\n"
            if arguments.output:  # after each, as a run takes hours
                arguments.output.write_text(text)
    if not arguments.output:
        print(text, end="")


if __name__ == "__main__":
    main()
