"""How far a mean over playlists can be trusted: percentile intervals by resampling them.

Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 1979.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

RESAMPLES: Final = 1000
_AT_ONCE: Final = 4_000_000  # drawn numbers in memory


@dataclass(frozen=True, eq=False)
class Estimate:
    """Means with their intervals. m columns; nan where nothing was measured.

    Attributes
    ----------
    mean, low, high
        float64 [shape=(m,)].
    """

    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def estimate(
    values: NDArray[np.float64],
    weights: NDArray[np.float64] | None = None,
    *,
    level: float = 0.95,
    seed: int = 0,
) -> Estimate:
    """Return the mean of each column, and between which values it lies when rows are resampled.

    Parameters
    ----------
    values
        A row a playlist, a column a measure [shape=(n, m)]; nan where it is not defined: such a
        value is left out.
    weights
        How much each row counts [shape=(n,)]; None counts all alike.
    level
        Share of the resampled means that lie in the interval.
    """
    n, m = values.shape
    if n == 0:
        nothing = np.full(m, np.nan)
        return Estimate(nothing, nothing, nothing)
    each = np.ones(n) if weights is None else weights
    known = np.isfinite(values) * each[:, None]
    summed = np.where(np.isfinite(values), values, 0) * each[:, None]
    rng = np.random.default_rng(seed)
    means = []
    for size in _portions(RESAMPLES, max(_AT_ONCE // n, 1)):
        drawn = rng.integers(0, n, (size, n)) + np.arange(size)[:, None] * n
        times = np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n)
        means.append(_ratio(times @ summed, times @ known))
    sampled = np.concatenate(means)
    low, high = np.full(m, np.nan), np.full(m, np.nan)
    for column in range(m):
        drawn_means = sampled[np.isfinite(sampled[:, column]), column]
        if len(drawn_means):
            low[column], high[column] = np.quantile(drawn_means, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(_ratio(summed.sum(axis=0), known.sum(axis=0)), low, high)


def difference(
    ours: NDArray[np.float64], theirs: NDArray[np.float64], *, level: float = 0.95, seed: int = 0
) -> Estimate:
    """Return by how much `ours` is higher in the mean, for the same playlists row by row.

    What is hard for one model is hard for the other: the interval of the difference is far
    narrower than the two intervals would have it.
    """
    return estimate(ours - theirs, level=level, seed=seed)


def _ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = np.full(above.shape, np.nan)
    np.divide(above, below, out=result, where=below > 0)
    return result


def _portions(total: int, most: int) -> list[int]:
    return [min(most, total - done) for done in range(0, total, most)]
