"""Which options suit word2vec, on playlists of one's own: a table of NDCG@500 by options.

    python benchmarks/tune_word2vec.py SAMPLE.zip
    python benchmarks/tune_word2vec.py SAMPLE.zip --try "window=3, sg=True, epochs=60" --seed 2

Of the playlists of a slice, a folder or a zip of slices, a sixth is held out. Each trial changes
some options of the defaults; the prior and the weight of dislikes cost no training, and several
are tried on the same vectors. Beside them, gensim with its own options and min_count 4. Seconds
are those of one processor.

Dislikes are made up: of the best answers to five songs, the first three that the playlist has not
are disliked, and it is asked again.
"""

from __future__ import annotations

import argparse
import ast
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from common import machine

from segue.catalog.catalog import Catalog
from segue.catalog.interactions import load_interactions
from segue.evaluate import metrics
from segue.evaluate.peers import GensimWord2Vec
from segue.evaluate.split import HeldOut, sample, split
from segue.models.word2vec import Word2Vec
from segue.service.importing import add_source
from segue.sources.million_playlist import MillionPlaylist
from segue.types import Interactions, Ranking, Seed

SEEDS = (1, 5, 25)
PRIORS = (0.0, 0.05, 0.08, 0.11, 0.14, 0.18)
DISLIKES = (0.0, 0.1, 0.2, 0.3, 0.5, 1.0)
TRIALS = (
    "",
    "epochs=8",
    "epochs=30",
    "alpha=0.025",
    "alpha=0.1",
    "negative=5",
    "ns_exponent=-0.25",
    "ns_exponent=0.75",
    "sample=1e-3",
    "sample=1e-5",
    "window=20",
    "window='all'",
    "vector_size=32",
    "vector_size=100",
    "sg=True, window=5, epochs=15",
    # Caselles-Dupre et al. (RecSys 2018)
    "sg=True, window=3, negative=5, ns_exponent=-0.5, sample=1e-5, epochs=110, alpha=0.025",
)

Recommend = Callable[[Seed, int], Ranking]


def playlists(path: Path) -> Interactions:
    """Return the playlists of slices."""
    with tempfile.TemporaryDirectory() as folder:
        catalog = Catalog(Path(folder) / "library")
        add_source(catalog, MillionPlaylist(path), lambda _: None)
        read = load_interactions(catalog.database)
        catalog.close()
    return read


def ndcg(recommend: Recommend, held_out: Sequence[HeldOut], k: int, dislikes: int = 0) -> float:
    """Return the mean NDCG@500 at `k` seeds."""
    values = []
    for one in held_out:
        if len(one) < k + 10:
            continue
        answer = one.answer(k)
        seed = one.seed(k)
        if dislikes:
            wrong = [i for i in recommend(seed, 100).ids.tolist() if i not in answer][:dislikes]
            seed = replace(seed, dislikes=np.array(wrong, dtype=np.int64))
        found = metrics.hits(recommend(seed, metrics.LENGTH).ids, answer)
        values.append(metrics.ndcg(found, len(answer)))
    return float(np.mean(values))


def changed(model: Word2Vec, **options: float) -> Word2Vec:
    """Return the same vectors with another prior or weight of dislikes."""
    other = replace(model, **options)
    other._hold(model.vocabulary_, model.vectors(model.vocabulary_.track_ids)[0])
    return other


def timed(model: Any, fitting: Interactions) -> tuple[Any, float]:
    started = time.process_time()
    return model.fit(fitting), time.process_time() - started


def read_options(text: str) -> dict[str, Any]:
    call = ast.parse(f"f({text})", mode="eval").body
    assert isinstance(call, ast.Call)
    return {str(word.arg): ast.literal_eval(word.value) for word in call.keywords}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("playlists", type=Path, help="a slice, a folder or a zip of slices")
    parser.add_argument("--try", dest="trials", action="append", help="options, as of a call")
    parser.add_argument("--seed", type=int, default=1, help="of the split")
    parser.add_argument("--held-out", type=int, default=400, help="playlists asked, at most")
    parser.add_argument("--dislikes", action="store_true", help="try weights of dislikes as well")
    parser.add_argument("--output", type=Path, help="where a JSON report goes")
    options = parser.parse_args()
    fitting, rest = split(playlists(options.playlists), seed=options.seed)
    held_out = sample(rest, options.held_out, seed=options.seed)
    peer, seconds = timed(GensimWord2Vec(), fitting)
    base = {k: ndcg(peer.recommend, held_out, k) for k in SEEDS}
    results: list[dict[str, Any]] = [
        {"options": "gensim's own", "cpu_seconds": seconds, "k": k, "ndcg": base[k]} for k in SEEDS
    ]
    print(f"gensim's own {seconds:.0f} s", *(f"k={k} {v:.4f}" for k, v in base.items()), flush=True)
    print("k    ", *(f"{p:8}" for p in PRIORS), "  best over gensim's own", "  by prior")
    for text in options.trials or TRIALS:
        model, seconds = timed(Word2Vec(**read_options(text)), fitting)
        print(f"{text or 'the defaults'}: {seconds:.0f} s", flush=True)
        for k in SEEDS:
            row = [ndcg(changed(model, prior=p).recommend, held_out, k) for p in PRIORS]
            results += [
                {"options": text, "cpu_seconds": seconds, "k": k, "prior": p, "ndcg": value}
                for p, value in zip(PRIORS, row, strict=True)
            ]
            print(
                f"k={k:<3}", *(f"{v:8.4f}" for v in row), f"  {max(row) / base[k]:.2f}", flush=True
            )
        if options.dislikes:
            row = [ndcg(changed(model, dislike=w).recommend, held_out, 5, 3) for w in DISLIKES]
            print("dislike", *(f"{w}: {v:.4f}" for w, v in zip(DISLIKES, row, strict=True)))
    if options.output:
        report = {
            "benchmark": "tune_word2vec",
            **machine(),
            "argv": sys.argv[1:],
            "playlists": len(fitting),
            "held_out": len(held_out),
            "results": results,
        }
        options.output.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
