"""Recall, speed and size of the exact and the approximate vector index.

    python benchmarks/vector_index.py --profile fast
    python benchmarks/vector_index.py --exact 100000 --hnsw 50000 200000 --output result.json

Vectors are drawn around cluster centres with a decaying spectrum that follows the one of real
embeddings (64 of 400 axes hold 96 % of their power); or they are drawn between neighbours of the
vectors in ``--vectors file.npy``. Queries are drawn with them and kept out of the index. With
``--strange``, queries are unlike any vector, which is the hardest case for both indexes.

Each query is asked alone, in one thread. Memory is what a fresh process holds after it has loaded
the index and answered all queries: its own, and the pages of mapped files, which the system takes
back at need.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from common import machine
from numpy.typing import NDArray

from segue.vectors.exact import ExactIndex
from segue.vectors.hnsw import HnswIndex

K = 10
PROFILES = {
    "fast": {"exact": [10_000], "hnsw": [10_000], "queries": 200},
    "full": {"exact": [10_000, 100_000, 200_000], "hnsw": [50_000, 200_000], "queries": 500},
}
Floats = NDArray[np.float32]


def draw(count: int, dimensions: int, rng: np.random.Generator) -> Floats:
    """Return clustered vectors [shape=(count, dimensions)] with a decaying spectrum."""
    spread = (1 + np.arange(dimensions, dtype=np.float32)) ** -0.75
    centres = rng.standard_normal((400, dimensions), dtype=np.float32) * spread
    centres[:, 0] += 2
    vectors = rng.standard_normal((count, dimensions), dtype=np.float32)
    vectors *= 0.7 * spread
    vectors += centres[rng.integers(len(centres), size=count)]
    turn = np.linalg.qr(rng.standard_normal((dimensions, dimensions)))[0].astype(np.float32)
    return unit(vectors @ turn)


def draw_between(real: Floats, count: int, rng: np.random.Generator) -> Floats:
    """Return vectors between each of some real ones and a near neighbour, with noise like them."""
    real = unit(real.astype(np.float32))
    likeness = real @ real.T
    np.fill_diagonal(likeness, -1)
    near = np.argsort(-likeness, axis=1)[:, :8]
    noise = np.linalg.cholesky(np.cov(real.T) + 1e-6 * np.eye(real.shape[1])).astype(np.float32)
    one = rng.integers(len(real), size=count)
    other = near[one, rng.integers(near.shape[1], size=count)]
    share = rng.random((count, 1), dtype=np.float32)
    vectors = real[one] * (1 - share) + real[other] * share
    for start in range(0, count, 10_000):
        part = vectors[start : start + 10_000]
        part += 0.35 * rng.standard_normal(part.shape, dtype=np.float32) @ noise.T
    return unit(vectors)


def unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def ask(folder: Path, kind: type[Any], queries: Floats, connection: Any) -> None:
    """Load an index, ask it each query, and send what was found and how long it took."""
    start = time.perf_counter()
    index = kind.load(folder)
    loaded = time.perf_counter()
    seconds, found = [], []
    for query in queries:
        before = time.perf_counter()
        found.append(index.query(query, K)[0])
        seconds.append(time.perf_counter() - before)
    # The first round of each page and cache is over: what a running process answers in.
    warm = []
    for query in queries:
        before = time.perf_counter()
        index.query(query, K)
        warm.append(time.perf_counter() - before)
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    memory = {
        key: int(value.split()[0]) // 1024
        for key, value in (x.split(":", 1) for x in lines)
        if key in {"RssAnon", "RssFile"}
    }
    connection.send(
        (
            np.array(found),
            {
                "load_ms": 1e3 * (loaded - start),
                "first_query_ms": 1e3 * seconds[0],
                "query_median_ms": 1e3 * float(np.median(warm)),
                "query_p99_ms": 1e3 * float(np.quantile(warm, 0.99)),
                "own_memory_mib": memory.get("RssAnon"),
                "mapped_memory_mib": memory.get("RssFile"),
            },
        )
    )


def measure(
    kind: type[Any], vectors: Floats, queries: Floats, truth: NDArray[np.int64]
) -> dict[str, Any]:
    start = time.perf_counter()
    index = kind(vectors.shape[1])
    index.add(np.arange(len(vectors)), vectors)
    index.query(queries[0], K)  # the exact index prepares itself at the first query
    built = time.perf_counter() - start
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "index"
        index.save(folder)
        del index
        size = sum(path.stat().st_size for path in folder.iterdir())
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=ask, args=(folder, kind, queries, theirs))
        process.start()
        theirs.close()
        found, answer = ours.recv()
        process.join()
    hits = sum(len(np.intersect1d(a, b)) for a, b in zip(found, truth, strict=True))
    return {
        "index": kind.__name__,
        "count": len(vectors),
        "recall_at_10": hits / truth.size,
        "build_s": built,
        "disk_mib": size / 2**20,
        **answer,
    }


def full_comparison(vectors: Floats, queries: Floats) -> NDArray[np.int64]:
    best = np.empty((len(queries), K), dtype=np.int64)
    for row, query in enumerate(queries):
        scores = vectors @ query
        near = np.argpartition(scores, -4 * K)[-4 * K :]
        precise = vectors[near].astype(np.float64) @ query.astype(np.float64)
        best[row] = near[np.lexsort((near, -precise))[:K]]
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--profile", choices=PROFILES, default="fast")
    parser.add_argument("--exact", type=int, nargs="*", help="sizes, in place of the profile's")
    parser.add_argument("--hnsw", type=int, nargs="*", help="sizes, in place of the profile's")
    parser.add_argument("--queries", type=int, help="in place of the profile's")
    parser.add_argument("--dimensions", type=int, default=400)
    parser.add_argument("--vectors", type=Path, help="real embeddings to draw between [.npy]")
    parser.add_argument("--strange", action="store_true", help="queries unlike any vector")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, help="where the JSON goes; standard output if left")
    options = parser.parse_args()
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"  # read by the processes that are timed, when they import numpy
    profile: dict[str, Any] = PROFILES[options.profile]
    sizes = {
        ExactIndex: profile["exact"] if options.exact is None else options.exact,
        HnswIndex: profile["hnsw"] if options.hnsw is None else options.hnsw,
    }
    n_queries = options.queries or profile["queries"]
    results = []
    for count in sorted({size for each in sizes.values() for size in each}):
        rng = np.random.default_rng(options.seed)
        if options.vectors:
            drawn = draw_between(np.load(options.vectors), count + n_queries, rng)
        else:
            drawn = draw(count + n_queries, options.dimensions, rng)
        vectors, queries = drawn[:count], drawn[count:]
        if options.strange:
            queries = draw(n_queries, drawn.shape[1], rng)
        truth = full_comparison(vectors, queries)
        for kind, wanted in sizes.items():
            if count in wanted:
                print(f"{kind.__name__} of {count} vectors", file=sys.stderr, flush=True)
                results.append(measure(kind, vectors, queries, truth))
    report = {
        "benchmark": "vector_index",
        **machine(),
        "numpy": np.__version__,
        "seed": options.seed,
        "dimensions": int(drawn.shape[1]),
        "queries": n_queries,
        "vectors": options.vectors.name if options.vectors else "drawn",
        "strange_queries": options.strange,
        "results": [
            {
                key: round(value, 4) if isinstance(value, float) else value
                for key, value in x.items()
            }
            for x in results
        ],
    }
    text = json.dumps(report, indent=2) + "\n"
    if options.output:
        options.output.write_text(text)
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
