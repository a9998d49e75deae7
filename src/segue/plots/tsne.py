"""Vectors of songs laid out in the plane: what is near in many dimensions stays near in two."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.plots.installed import require

LEAST: Final = 10  # songs; fewer make no map
VERSION: Final = 1  # of the settings below: coordinates of another one are not comparable

_PERPLEXITY: Final = 30
_EARLY, _LATE = 250, 500  # iterations
_EVERY: Final = 10  # of them between two reports


def project(
    vectors: NDArray[np.float32],
    *,
    n_jobs: int = 1,
    seed: int = 0,
    on_progress: Callable[[int, int], None] = lambda *_: None,
) -> NDArray[np.float32]:
    """Return a point in the plane for each vector, by t-SNE.

    Directions alone count, as in a cosine. The start is the first two principal components, which
    keeps the large distances meaningful (Kobak and Berens, "The art of using t-SNE for
    single-cell transcriptomics", Nature Communications 2019); the gradient is interpolated from
    10,000 songs on (Linderman et al., FIt-SNE, Nature Methods 2019). The same vectors, seed and
    `n_jobs` give the same points.

    Parameters
    ----------
    vectors
        Finite [shape=(n, d)], n at least 10, d at least 2.
    n_jobs
        Threads.
    on_progress
        Called with the iterations done and their number, 750.

    Returns
    -------
    float32 [shape=(n, 2)]
        Centred; the greatest distance of a coordinate from 0 is 1.

    Raises
    ------
    UsageError
        If openTSNE is not installed, or there are too few vectors.
    """
    if len(vectors) < LEAST:
        raise UsageError(
            f"a map of {len(vectors)} songs was asked for, expected at least {LEAST}; "
            "add more music or playlists"
        )
    require("openTSNE")
    import openTSNE

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    directions = np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float64)
    done = 0

    def report(*_: Any) -> None:
        nonlocal done
        done = min(done + _EVERY, _EARLY + _LATE)
        on_progress(done, _EARLY + _LATE)

    embedding = openTSNE.TSNE(
        perplexity=min(_PERPLEXITY, (len(vectors) - 1) / 3),
        early_exaggeration_iter=_EARLY,
        n_iter=_LATE,
        initialization="pca",
        metric="euclidean",
        n_jobs=n_jobs,
        random_state=seed,
        callbacks=report,
        callbacks_every_iters=_EVERY,
    ).fit(directions)
    points = np.asarray(embedding, dtype=np.float64)
    points -= (points.max(axis=0) + points.min(axis=0)) / 2
    return np.asarray(points / max(float(np.abs(points).max()), 1e-12), dtype=np.float32)
