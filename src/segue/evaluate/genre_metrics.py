"""How well genres are told: a song's genre from its chunks, and what a set of answers is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.evaluate.bootstrap import RESAMPLES

Vote = Literal["mean", "majority", "most_certain"]

VOTES: Final[tuple[Vote, ...]] = ("mean", "majority", "most_certain")
_BINS: Final = 10
_LEVEL: Final = 0.95


def vote(chunk_probabilities: NDArray[np.float32], how: Vote) -> NDArray[np.float32]:
    """Return a song's probabilities from those of its chunks; the genre is the highest.

    Parameters
    ----------
    chunk_probabilities
        A row a chunk, a column a genre [shape=(c, g)], c >= 1.
    how
        ``mean``: of all chunks. ``majority``: the share of chunks that say so, with the mean as
        one chunk more, so that it decides where chunks are divided evenly. ``most_certain``: of
        the chunk whose highest probability is highest, the first of several.

    Returns
    -------
    float32 [shape=(g,)], summing to 1 if each chunk's do.

    Raises
    ------
    UsageError
        If there is no chunk, or no such way.

    Examples
    --------
    >>> chunks = np.array([[0.6, 0.4], [0.55, 0.45], [0.1, 0.9]], dtype=np.float32)
    >>> [int(vote(chunks, how).argmax()) for how in VOTES]
    [1, 0, 1]
    """
    if chunk_probabilities.ndim != 2 or not chunk_probabilities.size:
        raise UsageError(
            f"chunks of the shape {chunk_probabilities.shape}; expected (chunks, genres), one or "
            "more of each"
        )
    count, genres = chunk_probabilities.shape
    mean = chunk_probabilities.mean(axis=0, dtype=np.float64)
    if how == "mean":
        song = mean
    elif how == "majority":
        votes = np.bincount(chunk_probabilities.argmax(axis=1), minlength=genres)
        song = (votes + mean) / (count + 1)
    elif how == "most_certain":
        song = chunk_probabilities[chunk_probabilities.max(axis=1).argmax()]
    else:
        raise UsageError(f"there is no vote {how!r}; there are {', '.join(VOTES)}")
    return np.asarray(song, dtype=np.float32)


@dataclass(frozen=True)
class GenreScore:
    """How well one genre is told.

    Attributes
    ----------
    genre
        Its name.
    precision, recall, f1
        0..1; 0 where nothing was taken for it, or nothing is of it.
    support
        Songs of it.
    """

    genre: str
    precision: float
    recall: float
    f1: float
    support: int

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return {
            "genre": self.genre,
            "precision": round(self.precision, 6),
            "recall": round(self.recall, 6),
            "f1": round(self.f1, 6),
            "support": self.support,
        }


@dataclass(frozen=True, eq=False)
class GenreScores:
    """What a set of answers is worth. n songs, g genres.

    Attributes
    ----------
    labels
        Names of the genres.
    n
        Songs.
    accuracy
        Share of songs whose likeliest genre is the true one.
    macro_f1
        Mean F1 over the genres that some song is of or was taken for.
    accuracy_interval, macro_f1_interval
        Between which values 95 % of them lie when groups of songs are drawn anew.
    per_genre
        Of each genre, in the order of `labels`.
    confusion
        int64 [shape=(g, g)]: songs of the row's genre that were taken for the column's.
    ece
        Expected calibration error: by how much the highest probability differs from the share
        that is right, the mean over songs in 10 bins of equal width (Guo, Pleiss, Sun and
        Weinberger, "On calibration of modern neural networks", ICML 2017). 0 is best.
    """

    labels: tuple[str, ...]
    n: int
    accuracy: float
    macro_f1: float
    accuracy_interval: tuple[float, float]
    macro_f1_interval: tuple[float, float]
    per_genre: tuple[GenreScore, ...]
    confusion: NDArray[np.int64]
    ece: float

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON values, numbers to six digits."""
        return {
            "accuracy": round(self.accuracy, 6),
            "macro_f1": round(self.macro_f1, 6),
            "accuracy_interval": [round(end, 6) for end in self.accuracy_interval],
            "macro_f1_interval": [round(end, 6) for end in self.macro_f1_interval],
            "per_genre": [score.to_json() for score in self.per_genre],
            "confusion": self.confusion.tolist(),
            "labels": list(self.labels),
            "ece": round(self.ece, 6),
            "n": self.n,
        }


def score_genres(
    probabilities: NDArray[np.floating[Any]],
    truth: NDArray[np.int64],
    groups: NDArray[np.int64],
    labels: Sequence[str],
    *,
    seed: int = 0,
) -> GenreScores:
    """Return what answers are worth.

    Parameters
    ----------
    probabilities
        A row a song, a column a genre [shape=(n, g)], 0..1; the likeliest genre is the answer,
        the first of several.
    truth
        The column of each song's genre [shape=(n,)].
    groups
        Of each song [shape=(n,)], as `segue.evaluate.genre_split.groups` tells them: songs of one
        artist are not so many witnesses, so that the intervals draw groups.
    labels
        Names of the genres [shape=(g,)].
    seed
        Of the draws.

    Raises
    ------
    UsageError
        If the shapes do not fit, there is no song, or a number is out of its range.
    """
    n, g = len(truth), len(labels)
    if probabilities.shape != (n, g) or len(groups) != n or not n or not g:
        raise UsageError(
            f"probabilities of the shape {probabilities.shape}, {n} songs, {len(groups)} groups "
            f"and {g} genres do not fit; expected (songs, genres), a group a song, and one or more"
        )
    if truth.min() < 0 or truth.max() >= g:
        raise UsageError(f"true genres {truth.min()} to {truth.max()}; expected 0 to {g - 1}")
    certainty = probabilities.max(axis=1).astype(np.float64)
    if not (np.isfinite(probabilities).all() and probabilities.min() >= 0):
        raise UsageError("probabilities that are negative or no number; expected 0 to 1")
    if certainty.max() > 1 + 1e-3:  # float32 sums of a softmax may go beyond by a little
        raise UsageError(f"a probability of {certainty.max():.3f}; expected 0 to 1")
    answers = probabilities.argmax(axis=1)
    confusion = _confusion(truth, answers, g).astype(np.int64)
    right = np.diag(confusion)
    support, taken = confusion.sum(axis=1), confusion.sum(axis=0)
    precision, recall, f1 = (
        np.nan_to_num(_ratio(a, b)).tolist()
        for a, b in ((right, taken), (right, support), (2 * right, support + taken))
    )
    accuracy, macro_f1 = _summary(confusion)
    drawn = _resampled(truth, answers, groups, g, seed)
    low, high = np.quantile(drawn, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2], axis=0).tolist()
    return GenreScores(
        labels=tuple(labels),
        n=n,
        accuracy=accuracy,
        macro_f1=macro_f1,
        accuracy_interval=(low[0], high[0]),
        macro_f1_interval=(low[1], high[1]),
        per_genre=tuple(
            GenreScore(*row)
            for row in zip(labels, precision, recall, f1, support.tolist(), strict=True)
        ),
        confusion=confusion,
        ece=_calibration_error(certainty, answers == truth),
    )


def _confusion(
    truth: NDArray[np.int64],
    answers: NDArray[np.int64],
    genres: int,
    times: NDArray[np.int64] | None = None,
) -> NDArray[np.float64]:
    cells = np.bincount(truth * genres + answers, times, minlength=genres * genres)
    return cells.reshape(genres, genres).astype(np.float64)


def _summary(confusion: NDArray[Any]) -> tuple[float, float]:
    """Return accuracy and macro F1; genres that are nowhere in the matrix are left out."""
    right = np.diag(confusion)
    f1 = _ratio(2 * right, confusion.sum(axis=0) + confusion.sum(axis=1))
    return float(right.sum() / confusion.sum()), float(np.nanmean(f1))


def _resampled(
    truth: NDArray[np.int64],
    answers: NDArray[np.int64],
    groups: NDArray[np.int64],
    genres: int,
    seed: int,
) -> NDArray[np.float64]:
    """Return accuracy and macro F1 [shape=(r, 2)] of draws of as many groups as there are."""
    owners, own = np.unique(groups, return_inverse=True)
    rng = np.random.default_rng(seed)
    drawn = np.empty((RESAMPLES, 2))
    for i in range(RESAMPLES):
        times = np.bincount(rng.integers(0, len(owners), len(owners)), minlength=len(owners))
        drawn[i] = _summary(_confusion(truth, answers, genres, times[own]))
    return drawn


def _calibration_error(certainty: NDArray[np.float64], is_right: NDArray[np.bool_]) -> float:
    # Bins are open below and closed above, as Guo et al. have them; so that float32's 0.7 does not
    # go to the bin above, an edge is a little wide.
    bins = np.clip(np.ceil(certainty * _BINS - 1e-5).astype(np.int64) - 1, 0, _BINS - 1)
    gaps = np.bincount(bins, is_right - certainty, minlength=_BINS)
    return float(np.abs(gaps).sum() / len(certainty))


def _ratio(above: NDArray[Any], below: NDArray[Any]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = np.full(above.shape, np.nan)
    np.divide(above, below, out=result, where=below > 0)
    return result
