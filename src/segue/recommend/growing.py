"""Growing the trees of a blend: playlists are kept apart, and models fitted on the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.models.recommender import FitProgress, OnProgress, Recommender, silent
from segue.models.registry import model_class
from segue.recommend.blend import PARTS, Ranker, as_matrix
from segue.recommend.evidence import Evidence
from segue.recommend.trees import Trees
from segue.types import Interactions, Seed

_ENOUGH: Final = 100  # playlists, below which what is learned is chance
_FOLDS: Final = 3
_FEW: Final = 50_000  # rows up to which models are fitted once for each fold
_PART: Final = 6  # a fold is at most this part of all rows ...
_MOST: Final = 1000  # ... and so many
_LEAST: Final = 10  # songs to be found beside the seeds, as in the evaluation
_KEPT: Final = 0.15  # of candidates that are wrong; all that are right are kept
_TREES: Final[dict[str, Any]] = {
    # Bruch, "An alternative cross entropy loss for learning-to-rank" (2021): as good as lambdarank
    # here, and several times as fast with hundreds of candidates.
    "objective": "rank_xendcg",
    "num_leaves": 63,
    "learning_rate": 0.05,
    "feature_fraction": 0.5,
    "max_bin": 127,
    "use_missing": False,
    # Beside other work, two threads that wait for each other took thirty times as long as one.
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}
# One tree for so many seeds, within bounds: of 150 or 600 real playlists, a hundred trees or fewer
# made a better blend than hundreds.
_SEEDS_A_TREE: Final = 5
_ROUNDS: Final = (45, 450)
_LEAF: Final = 200  # examples in a leaf at least, ...
_LEAVES: Final = 100  # ... or fewer, so that there could be so many leaves


@dataclass(frozen=True, eq=False)
class _Examples:
    """Candidates of q seeds, one seed after another, and which of them the playlist has."""

    evidence: NDArray[np.float32]
    right: NDArray[np.bool_]
    sizes: list[int]


def fit_ranker(
    interactions: Interactions,
    *,
    seed: int = 0,
    on_progress: OnProgress = silent,
    ranker: Ranker | None = None,
    options: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> Ranker:
    """Return how to weigh the models' evidence, learned from playlists that none of them saw.

    Some playlists are kept apart, the models fitted on the others and asked to continue the first
    few songs of those; in several turns where the playlists are few, once where they are many.

    Parameters
    ----------
    options
        Of the models, by name: those of the models that the ranker is for.

    Raises
    ------
    UsageError
        If fewer than 100 playlists have more than 10 songs, or a model cannot learn from the rest.
    """
    ranker = ranker or Ranker()
    draws = np.random.default_rng(seed)
    lengths = np.diff(interactions.indptr)
    usable = np.flatnonzero(lengths > _LEAST)
    rows = draws.permutation(usable)
    size = min(len(interactions) // _PART, _MOST)
    folds = _FOLDS if len(interactions) <= _FEW else 1
    if len(rows) < _ENOUGH:
        raise UsageError(
            f"blend needs at least {_ENOUGH} playlists of more than {_LEAST} songs; "
            f"there are {len(rows)}"
        )
    examples = []
    for fold in range(folds):
        held = np.sort(rows[fold * size : (fold + 1) * size])
        if len(held) == 0:
            break
        rest = np.setdiff1d(np.arange(len(interactions)), held)
        step = f"turn {fold + 1} of {folds}"
        models = _fitted(interactions.rows(rest), options, step, on_progress)
        evidence = Evidence(models, ranker.candidates)
        seeds = _seeds(interactions, held, evidence, draws)
        examples += _asked(evidence, seeds, draws, len(held), step, on_progress)
    return ranker.grown(_grown(examples, seed, on_progress))


def _fitted(
    interactions: Interactions,
    options: Mapping[str, Mapping[str, Any]],
    step: str,
    on_progress: OnProgress,
) -> dict[str, Recommender]:
    models: dict[str, Recommender] = {}
    for name in PARTS:

        def tell(progress: FitProgress, name: str = name) -> None:
            on_progress(replace(progress, step=f"{step}, {name}: {progress.step}"))

        models[name] = model_class(name)(**options.get(name, {})).fit(
            interactions, on_progress=tell
        )
    return models


def _seeds(
    interactions: Interactions,
    rows: NDArray[np.int64],
    evidence: Evidence,
    draws: np.random.Generator,
) -> Iterator[list[tuple[Seed, NDArray[np.int64]]]]:
    """Yield for each row some seeds of it, each with the ids that continue it."""
    known_artists = np.unique(evidence.vocabulary.artist_ids)
    for row in rows.tolist():
        columns = interactions.indices[interactions.indptr[row] : interactions.indptr[row + 1]]
        _, first = np.unique(columns, return_index=True)
        columns = columns[np.sort(first)]
        shuffled = draws.permutation(columns)
        counts = {
            int(draws.choice([0, 1, 1, 1])),
            int(draws.choice([1, 2, 3, 5])),
            int(draws.choice([5, 8, 10])),
            int(draws.choice([15, 25, 25, 50, 100])),
        }
        found = []
        for count in sorted(counts):
            if len(columns) < count + _LEAST:
                continue
            # One of four as if the songs had been put together in no order.
            order = shuffled if count in (2, 8, 15) else columns
            ids = interactions.track_ids[order]
            artists = interactions.artist_ids[order[:count]]
            artists = np.where(np.isin(artists, known_artists), artists, 0)
            seed = Seed(
                likes=ids[:count],
                artists=artists,
                albums=interactions.album_ids[order[:count]],
                title=interactions.titles[row] if interactions.titles else "",
                description=interactions.descriptions[row] if interactions.descriptions else "",
            )
            found.append((seed, ids[count:]))
        yield found


def _asked(
    evidence: Evidence,
    seeds: Iterator[list[tuple[Seed, NDArray[np.int64]]]],
    draws: np.random.Generator,
    rows: int,
    step: str,
    on_progress: OnProgress,
) -> list[_Examples]:
    examples = []
    for row, of_row in enumerate(seeds):
        on_progress(FitProgress(f"{step}: asking", row, rows))
        for seed, answer in of_row:
            columns, found = evidence.gather(seed)
            right = np.isin(evidence.vocabulary.track_ids[columns], answer)
            if not right.any():
                continue  # nothing to be learned of the order
            kept = right | (draws.random(len(right)) < _KEPT)
            matrix = as_matrix(found)[kept]
            examples.append(_Examples(matrix, right[kept], [int(kept.sum())]))
    return examples


def _grown(examples: list[_Examples], seed: int, on_progress: OnProgress) -> Trees:
    import lightgbm

    if not examples:
        raise UsageError(
            "blend has nothing to learn from: no playlist that was kept apart could be continued"
        )
    data = lightgbm.Dataset(
        np.concatenate([each.evidence for each in examples]),
        np.concatenate([each.right for each in examples]).astype(np.int8),
        group=[size for each in examples for size in each.sizes],
    )

    rounds = min(max(len(examples) // _SEEDS_A_TREE, _ROUNDS[0]), _ROUNDS[1])

    def told(state: Any) -> None:
        on_progress(FitProgress("growing trees", state.iteration + 1, rounds))

    count = sum(len(each.right) for each in examples)
    options = {
        "seed": seed,
        "min_data_in_leaf": max(min(_LEAF, count // _LEAVES), 1),
    }
    booster = lightgbm.train({**_TREES, **options}, data, rounds, callbacks=[told])
    return Trees.of(booster)
