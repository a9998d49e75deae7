"""Which options suit a model, on playlists of one's own: a table by options.

    python benchmarks/tune.py SAMPLE.zip
    python benchmarks/tune.py SAMPLE.zip --try "power=3, n_neighbors=100" --seed 2
    python benchmarks/tune.py SAMPLE.zip --model titles

Of the playlists of a slice, a folder or a zip of slices, a sixth is held out. Each trial changes
some options of the defaults. Values are R-precision / NDCG@500 / clicks at 1, 5 and 25 songs, or by
the title alone. The first row of playlist_knn is its plain form: songs weighted by idf, and nothing
else. ``tune_word2vec.py`` does the same for word2vec, which trains longer.
"""

from __future__ import annotations

import argparse
import ast
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from segue.catalog.catalog import Catalog
from segue.catalog.interactions import load_interactions
from segue.evaluate import metrics
from segue.evaluate.split import HeldOut, sample, split
from segue.models.recommender import Recommender
from segue.models.registry import model_class
from segue.service.importing import add_source
from segue.sources.million_playlist import MillionPlaylist
from segue.types import Interactions

PLAIN = "artist_weight=0, artist_boost=0, power=1, idf_power=1, n_neighbors=500"
TRIALS = {
    "playlist_knn": (
        PLAIN,
        "",
        *(f"n_neighbors={n}" for n in (50, 100, 400, 1000)),
        *(f"idf_power={p}" for p in (0, 0.75, 1, 1.5, 2)),
        *(f"length_power={p}" for p in (0.2, 0.35, 0.65, 0.8)),
        *(f"power={p}" for p in (1, 1.5, 2.5, 3)),
        *(f"artist_weight={w}" for w in (0, 0.2, 0.4, 0.9, 1.5)),
        *(f"artist_boost={b}" for b in (0, 0.5, 2)),
        *(f"recency={r}" for r in (0.1, 0.3)),
        *(f"max_postings={n}" for n in (30, 100)),
    ),
    "titles": (
        "names=0, company=0",
        "",
        *(f"n_neighbors={n}" for n in (30, 300)),
        *(f"power={p}" for p in (1, 1.5, 2, 2.5)),
        *(f"prior={p}" for p in (0.3, 0.5, 2)),
        *(f"names={n}" for n in (0, 1, 4)),
        *(f"company={c}" for c in (0, 1, 4)),
        *(f"max_postings={n}" for n in (30, 100)),
    ),
    "item_knn": (
        "shrink=0, power=0.5, own_power=0.5, row_power=0",  # the cosine
        "",
        *(f"n_neighbors={n}" for n in (100, 1000)),
        *(f"shrink={s}" for s in (0, 5, 30)),
        *(f"power={p}" for p in (0, 0.15, 0.5)),
        *(f"own_power={p}" for p in (0.5, 0.7, 1)),
        *(f"row_power={p}" for p in (0, 0.25, 0.75)),
        *(f"min_count={c}" for c in (2, 4)),
    ),
    "als": (
        "factors=64",
        "",
        "factors=256",
        *(f"iterations={n}" for n in (5, 20)),
        *(f"regularization={r}" for r in (3, 20, 100)),
        *(f"alpha={a}" for a in (5, 20, 80)),
        *(f"min_count={c}" for c in (2, 4)),
    ),
}


def playlists(path: Path) -> Interactions:
    """Return the playlists of slices, with all texts."""
    with tempfile.TemporaryDirectory() as folder:
        catalog = Catalog(Path(folder) / "library")
        add_source(catalog, MillionPlaylist(path), lambda _: None)
        read = load_interactions(catalog.database, texts=True)
        catalog.close()
    return read


def measured(model: Recommender, held_out: Sequence[HeldOut], k: int) -> tuple[float, ...]:
    """Return mean R-precision, NDCG@500 and clicks at `k` songs, and milliseconds a query."""
    values, spent = [], 0.0
    for one in held_out:
        if len(one) < k + 10:
            continue
        started = time.process_time()
        ids = model.recommend(one.seed(k), metrics.LENGTH).ids
        spent += time.process_time() - started
        answer = one.answer(k)
        found, size = metrics.hits(ids, answer), len(answer)
        values.append(
            (metrics.r_precision(found, size), metrics.ndcg(found, size), metrics.clicks(found))
        )
    return (*np.mean(values, axis=0).tolist(), 1000 * spent / len(values))


def read_options(text: str) -> dict[str, Any]:
    """Return the options that are written as in a call."""
    call = ast.parse(f"f({text})", mode="eval").body
    assert isinstance(call, ast.Call)
    return {str(word.arg): ast.literal_eval(word.value) for word in call.keywords}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("playlists", type=Path, help="a slice, a folder or a zip of slices")
    parser.add_argument("--model", choices=TRIALS, default="playlist_knn")
    parser.add_argument("--try", dest="trials", action="append", help="options, as of a call")
    parser.add_argument("--seed", type=int, default=1, help="of the split")
    parser.add_argument("--held-out", type=int, default=400, help="playlists asked, at most")
    parser.add_argument("--songs", type=int, nargs="+", default=[1, 5, 25])
    options = parser.parse_args()
    fitting, rest = split(playlists(options.playlists), seed=options.seed)
    held_out = sample(rest, options.held_out, seed=options.seed)
    kind: Any = model_class(options.model)
    songs = [0] if options.model == "titles" else options.songs
    for text in options.trials or TRIALS[options.model]:
        started = time.process_time()
        model = kind(**read_options(text)).fit(fitting)
        seconds = time.process_time() - started
        rows = [measured(model, held_out, k) for k in songs]
        cells = (f"{r:.4f}/{n:.4f}/{c:.2f} {ms:.1f} ms" for r, n, c, ms in rows)
        print(f"{text or 'the defaults':24} {seconds:4.1f} s ", "  ".join(cells), flush=True)


if __name__ == "__main__":
    main()
