"""What `company.py` does in processes of their own: fit a model, train gensim, answer.

Each sends what it took, in seconds, milliseconds (`_ms`) and MiB. What is imported here is part of
a first answer: no more than it needs stands at the top.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from segue.types import Interactions, Seed

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from segue.models.recommender import FitProgress, Recommender

K: Final = 100
FILTERED: Final = 200  # queries with each filter
COMPARED: Final = 100  # queries compared with all scores
VECTORS: Final = ("als", "word2vec")
# The option that says how often a fit goes over all rows.
PASSES: Final = {"als": "iterations", "word2vec": "epochs"}
_MIB: Final = 2**20


def held_out(rows: int) -> int:
    return min(2000, rows // 20)


def without_held_out(everything: Interactions) -> Interactions:
    """Return the rows to fit on, as views."""
    rows = len(everything) - held_out(len(everything))
    return replace(
        everything,
        row_ids=everything.row_ids[:rows],
        indptr=everything.indptr[: rows + 1],
        indices=everything.indices[: everything.indptr[rows]],
        titles=everything.titles[:rows],
        descriptions=everything.descriptions[:rows],
        times=everything.times[:rows],
    )


def memory(file: str) -> dict[str, float]:
    """Return the lines of a file of /proc/self that are in kB, in MiB."""
    found = {}
    for line in Path("/proc/self", file).read_text().splitlines():
        key, _, value = line.partition(":")
        if value.endswith("kB"):
            found[key] = int(value.split()[0]) / 1024
    return found


def times(milliseconds: Sequence[float]) -> tuple[float, float]:
    return float(np.median(milliseconds)), float(np.quantile(milliseconds, 0.99))


def count_words(told: dict[str, Any]) -> None:
    """Have gensim's training say how long it took, and for how many words."""
    from gensim.models import Word2Vec

    train = Word2Vec.train

    def timed(self: Any, *args: Any, **options: Any) -> Any:
        started = time.perf_counter()
        trained, read = train(self, *args, **options)
        told["train_s"] = time.perf_counter() - started
        told["words"] = read
        told["words_per_s"] = read / told["train_s"]
        return trained, read

    Word2Vec.train = timed


def fit(
    folder: Path, models: Path, name: str, options: dict[str, Any], connection: Connection
) -> None:
    """Fit and store a model, and send what it took."""
    from company_data import load

    from segue.models.artifact import save_artifact
    from segue.models.registry import model_class
    from segue.service.memory import reset_peak

    interactions = without_held_out(load(folder))
    model = model_class(name)(**options)
    told: dict[str, Any] = {}
    ends: list[float] = []

    def tell(progress: FitProgress) -> None:
        if progress.step == "iteration":
            ends.append(time.perf_counter())

    before = memory("status")
    reset_peak()
    started = time.perf_counter()
    if name == "word2vec":
        count_words(told)  # imports gensim, which the fit would
    model.fit(interactions, on_progress=tell)
    fitted = time.perf_counter()
    artifact = save_artifact(models, name, model.arrays(), {"options": model.options})
    saved = time.perf_counter()
    peak = memory("status")["VmHWM"]
    if name in PASSES:
        option = PASSES[name]
        told["passes"] = model.options[option]
        told["default_passes"] = model_class(name)().options[option]
        # The first iteration is told with what comes before it.
        parts = np.diff(ends if len(ends) > 1 else [started, *ends])
        told["pass_s"] = told["train_s"] / told["passes"] if "train_s" in told else parts.mean()
    connection.send(
        {
            "options": model.options,
            "playlists_fitted": len(interactions),
            "entries_fitted": len(interactions.indices),
            "fit_s": fitted - started,
            "save_s": saved - fitted,
            "loaded_mib": before["VmRSS"],
            "peak_mib": max(before["VmHWM"], peak),
            "peak_beyond_mib": peak - before["VmRSS"],
            "disk_mib": artifact.size / _MIB,
            **told,
        }
    )


def train_from_file(
    folder: Path, models: Path, options: dict[str, Any], connection: Connection
) -> None:
    """Train gensim with word2vec's options, and send how many words of a second it reads."""
    from company_data import load
    from gensim.models import Word2Vec
    from gensim.models.word2vec import LineSentence

    from segue.models import word2vec
    from segue.models.vocabulary import Vocabulary

    interactions = without_held_out(load(folder))
    ours = word2vec.Word2Vec(**options)
    assert isinstance(ours.window, int)
    _, chosen = Vocabulary.of(interactions, ours.min_count)
    text = models / "sentences.txt"
    with text.open("w", encoding="ascii") as file:
        for sentence in word2vec._Sentences(interactions, chosen):
            file.write(" ".join(map(str, sentence)) + "\n")
    del interactions
    told: dict[str, Any] = {}
    count_words(told)
    trainer = Word2Vec(
        vector_size=ours.vector_size,
        sg=int(ours.sg),
        window=ours.window,
        negative=ours.negative,
        ns_exponent=ours.ns_exponent,
        sample=ours.sample,
        alpha=ours.alpha,
        min_count=1,
        seed=ours.seed,
        workers=1,
    )
    lines = LineSentence(str(text))
    started = time.perf_counter()
    trainer.build_vocab(lines)
    told["vocabulary_s"] = time.perf_counter() - started
    trainer.train(lines, total_examples=trainer.corpus_count, epochs=ours.epochs, compute_loss=True)
    text.unlink()
    connection.send(
        {"passes": ours.epochs, "pass_s": told["train_s"] / ours.epochs, "options": ours.options}
        | told
    )


def ask(
    models: Path,
    name: str,
    seeds: Sequence[Seed],
    tracks: Path | None,
    began: float,
    connection: Connection,
) -> None:
    """Map a model, answer, and send what it took; without `tracks` one answer is all."""
    from segue.models.artifact import load_artifact
    from segue.models.registry import model_class

    artifact = load_artifact(models, name)
    model = model_class(name).from_arrays(artifact.meta["options"], artifact.arrays())
    model.recommend(seeds[0], K)
    first = time.monotonic() - began
    if tracks is None:
        connection.send({"first_answer_cold_s": first})
        return
    answers, wall, cpu = timed(model, seeds)
    held = memory("smaps_rollup")
    known = artifact.arrays()["track_ids"]
    told: dict[str, Any] = {
        "known": len(known),
        "first_answer_s": first,
        "answers_least": min(map(len, answers)),
        "median_ms": times(wall)[0],
        "p99_ms": times(wall)[1],
        "cpu_median_ms": times(cpu)[0],
        "cpu_p99_ms": times(cpu)[1],
        "rss_mib": held["Rss"],
        "pss_mib": held["Pss"],
        "anonymous_mib": held["Anonymous"],
    }
    ids = np.load(tracks)
    told["filters"] = {
        label: filtered(model, seeds[:FILTERED], known, ids, count)
        for label, count in (("1 %", len(ids) // 100), ("200 tracks", 200))
    }
    if name in VECTORS:
        told["recall_at_100"] = recall(model, seeds[:COMPARED], known)
    connection.send(told)


def timed(
    model: Recommender, seeds: Sequence[Seed]
) -> tuple[list[NDArray[np.int64]], list[float], list[float]]:
    """Return the answers and the milliseconds of each: wall and processor."""
    answers, wall, cpu = [], [], []
    for seed in seeds:
        started, busy = time.perf_counter(), time.process_time()
        answers.append(model.recommend(seed, K).ids)
        cpu.append(1e3 * (time.process_time() - busy))
        wall.append(1e3 * (time.perf_counter() - started))
    return answers, wall, cpu


def filtered(
    model: Recommender,
    seeds: Sequence[Seed],
    known: NDArray[np.int64],
    ids: NDArray[np.int64],
    count: int,
) -> dict[str, Any]:
    """Return times, the fewest answers, and of how many queries all came that could."""
    rng = np.random.default_rng(count)
    asked = [replace(seed, allowed=rng.choice(ids, count, replace=False)) for seed in seeds]
    answers, wall, cpu = timed(model, asked)
    complete = 0
    for seed, found in zip(asked, answers, strict=True):
        assert seed.allowed is not None
        place = np.minimum(np.searchsorted(known, seed.allowed), len(known) - 1)
        there = np.setdiff1d(seed.allowed[known[place] == seed.allowed], seed.likes)
        complete += len(found) == min(K, len(there)) and bool(np.isin(found, there).all())
    return {
        "allowed": count,
        "queries": len(seeds),
        "complete": complete,
        "answers_least": min(map(len, answers)),
        "median_ms": times(wall)[0],
        "p99_ms": times(wall)[1],
        "cpu_p99_ms": times(cpu)[1],
    }


def recall(model: Recommender, seeds: Sequence[Seed], known: NDArray[np.int64]) -> float:
    """Return which share of the best by all scores is answered."""
    from segue.models.vocabulary import best_first

    columns = np.arange(len(known), dtype=np.int32)
    hits = 0
    for seed in seeds:
        scores = model.score(seed, known)
        scores[np.isin(known, seed.likes)] = -1
        best = known[best_first(scores, columns, K)]
        hits += len(np.intersect1d(best, model.recommend(seed, K).ids))
    return hits / (K * len(seeds))
