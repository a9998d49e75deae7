"""Asks a recommender to go on with held-out playlists, and measures what it answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.evaluate import metrics
from segue.evaluate.background import Background
from segue.evaluate.bootstrap import Estimate, estimate
from segue.evaluate.split import HeldOut
from segue.models.recommender import FitProgress, OnProgress, silent
from segue.types import Ranking, Seed

SEEDS: Final = (0, 1, 5, 10, 25, 100)
TO_FIND: Final = 10  # a playlist takes part where at least so many songs are to be found
LOOKED_AT: Final = 100  # songs of an answer by which diversity, novelty and coverage are told
MEASURES: Final = (
    "r_precision",
    "ndcg",
    "clicks",
    "recall@10",
    "recall@100",
    "recall@500",
    "challenge_r_precision",
    "popularity_rank",
    "artist_diversity",
    "company_diversity",
    "novelty",
    "artists",
)

Recommend = Callable[[Seed, int], Ranking]
Order = Literal["first", "random"]


@dataclass(frozen=True, eq=False)
class Measured:
    """What a recommender's answers were worth at one number of seeds. n playlists.

    Attributes
    ----------
    values
        float64 [shape=(n, 12)], a column for each of `MEASURES`; nan where one is not defined.
    milliseconds
        float64 [shape=(n,)]: how long each answer took.
    answered
        int64, rising: columns of the background that stood among the first 100 of any answer.
    """

    values: NDArray[np.float64]
    milliseconds: NDArray[np.float64]
    answered: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def estimate(self) -> Estimate:
        """The mean of each measure with its interval."""
        return estimate(self.values)

    def column(self, measure: str) -> NDArray[np.float64]:
        """Return one measure of every playlist [shape=(n,)]."""
        return self.values[:, MEASURES.index(measure)]


@dataclass(frozen=True, eq=False)
class Run:
    """A recommender's answers at every number of seeds.

    Attributes
    ----------
    by_seeds
        By the number of seeds, in rising order.
    coverage
        Share of the background's songs that stood among the first 100 of any answer.
    artist_coverage
        Share of its artists, likewise.
    """

    by_seeds: dict[int, Measured]
    coverage: float
    artist_coverage: float


def run(
    recommend: Recommend,
    held_out: Sequence[HeldOut],
    background: Background,
    *,
    seeds: Sequence[int] = SEEDS,
    order: Order = "first",
    seed: int = 0,
    name: str = "",
    on_progress: OnProgress = silent,
) -> Run:
    """Return how well a recommender goes on with playlists, by how much of them it is given.

    At `k` seeds, a playlist with at least `k` + 10 songs takes part: its first `k` songs are
    given, with its title, and the others are to be found among 500.

    Parameters
    ----------
    order
        ``first``: the seeds are those the playlist begins with. ``random``: any of its songs,
        the same for every recommender and more of the same for more seeds.
    seed
        Of the random order.
    name
        Of the recommender, for the progress.

    Raises
    ------
    UsageError
        If a number of seeds is below 0, or none is given.
    """
    checked = checked_seeds(seeds)
    asked = list(held_out)
    if order == "random":
        asked = [
            one.shuffled(np.random.default_rng([seed, place])) for place, one in enumerate(held_out)
        ]
    if asked:
        recommend(asked[0].seed(1), metrics.LENGTH)  # so that the first of them is not timed cold
    taking_part = {k: [one for one in asked if len(one) >= k + TO_FIND] for k in checked}
    total, done = sum(map(len, taking_part.values())), 0
    by_seeds = {}
    for k, playlists in taking_part.items():
        values = np.full((len(playlists), len(MEASURES)), np.nan)
        milliseconds = np.zeros(len(playlists))
        answered = np.zeros(len(background.track_ids), dtype=bool)
        for row, playlist in enumerate(playlists):
            asking = playlist.seed(k)
            started = time.perf_counter()
            answer = recommend(asking, metrics.LENGTH)
            milliseconds[row] = (time.perf_counter() - started) * 1e3
            columns = background.columns(answer.ids)
            values[row] = _measure(answer.ids, columns, playlist, k, background)
            first = columns[:LOOKED_AT]
            answered[first[first >= 0]] = True
            done += 1
            on_progress(FitProgress(f"asking {name}".rstrip(), done, total))
        by_seeds[k] = Measured(values, milliseconds, np.flatnonzero(answered))
    return Run(by_seeds, *_coverage(by_seeds, background))


def checked_seeds(seeds: Sequence[int]) -> list[int]:
    """Return numbers of seeds in rising order, each once; raises UsageError where one is not."""
    if not seeds:
        raise UsageError("no number of seeds was given; name one or more, such as 0, 1 and 5")
    if min(seeds) < 0:
        raise UsageError(f"the number of seeds is {min(seeds)}, expected at least 0")
    return sorted(set(seeds))


def _measure(
    ids: NDArray[np.int64],
    columns: NDArray[np.int64],
    playlist: HeldOut,
    k: int,
    background: Background,
) -> NDArray[np.float64]:
    answer = playlist.answer(k)
    size = len(answer)
    found = metrics.hits(ids, answer)
    artists = np.where(columns >= 0, background.artist_ids[columns], 0)
    known = columns[:LOOKED_AT][columns[:LOOKED_AT] >= 0]
    near = background.artist_ids[known]
    unknown = int((near == 0).sum())
    distinct = len(np.unique(near[near != 0])) + unknown
    some = len(known) > 0
    return np.array(
        [
            metrics.r_precision(found, size),
            metrics.ndcg(found, size),
            metrics.clicks(found),
            *(metrics.recall(found, size, n) for n in (10, 100, 500)),
            metrics.challenge_r_precision(found, size, artists, playlist.artists[k:]),
            background.ranks[known].mean() if some else np.nan,
            metrics.artist_diversity(near),
            metrics.company_diversity(known, background.by_song),
            metrics.novelty(background.counts[known], background.rows),
            distinct / len(known) if some else np.nan,
        ]
    )


def _coverage(by_seeds: dict[int, Measured], background: Background) -> tuple[float, float]:
    columns = np.unique(np.concatenate([one.answered for one in by_seeds.values()]))
    everybody = np.unique(background.artist_ids)
    artists = np.unique(background.artist_ids[columns])
    there, named = (background.counts > 0).sum(), (everybody != 0).sum()
    return (
        float(len(columns) / there) if there else 0.0,
        float((artists != 0).sum() / named) if named else 0.0,
    )
