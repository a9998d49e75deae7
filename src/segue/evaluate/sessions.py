"""What is played next: sessions of listening gone through song by song."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.evaluate.bootstrap import Estimate, estimate
from segue.evaluate.runner import Recommend
from segue.evaluate.split import HeldOut, parted
from segue.models.recommender import FitProgress, OnProgress, silent
from segue.types import Interactions

NEXT_MEASURES: Final = ("hit_rate@10", "hit_rate@20", "mrr@20")
_LENGTH: Final = 20


@dataclass(frozen=True, eq=False)
class NextSong:
    """How often the next song was named. n sessions.

    Attributes
    ----------
    values
        float64 [shape=(n, 3)]: the mean of each of `NEXT_MEASURES` over a session's songs.
    songs
        float64 [shape=(n,)]: how many songs of each session were to be named.
    """

    values: NDArray[np.float64]
    songs: NDArray[np.float64]

    @cached_property
    def estimate(self) -> Estimate:
        """The mean over all songs; its interval by resampling sessions."""
        return estimate(self.values, self.songs)


def next_song(
    recommend: Recommend,
    sessions: Sequence[HeldOut],
    *,
    name: str = "",
    on_progress: OnProgress = silent,
) -> NextSong:
    """Return how often a recommender names the next song of a session, given those before it.

    A song counts when it is first played in its session: no recommender answers what it was
    given. Songs that the fitting part has not can never be named, and count. Sessions of one song
    are left out.

    hit_rate@n is the share of songs that stood among the first `n` of the answer; mrr@20 the mean
    of 1 / place among the first 20, of 0 where it was not there.
    """
    usable = [session for session in sessions if len(session) > 1]
    values = np.zeros((len(usable), len(NEXT_MEASURES)))
    songs = np.zeros(len(usable))
    total, done = sum(len(session) - 1 for session in usable), 0
    for row, session in enumerate(usable):
        scores = []
        for k in range(1, len(session)):
            answer = recommend(session.seed(k), _LENGTH)
            place = np.flatnonzero(answer.ids == session.ids[k])
            at = int(place[0]) + 1 if len(place) else 0
            scores.append((0 < at <= 10, 0 < at <= 20, 1 / at if at else 0.0))
            done += 1
            on_progress(FitProgress(f"asking {name}".rstrip(), done, total))
        values[row] = np.mean(scores, axis=0)
        songs[row] = len(scores)
    return NextSong(values, songs)


def split_by_time(sessions: Interactions, share: float) -> tuple[Interactions, list[HeldOut]]:
    """Part sessions into those to fit on and the last ones, of at least two songs, held out.

    Parameters
    ----------
    sessions
        With the time of each row.
    share
        Of all sessions that are the last ones, above 0 and below 1.

    Raises
    ------
    UsageError
        If nothing would be left to fit on, or to ask.
    """
    if not 0 < share < 1:
        raise UsageError(f"the share held out is {share}, expected above 0 and below 1")
    order = np.argsort(sessions.times, kind="stable")
    first = len(order) - max(round(len(order) * share), 1)
    fitting, held_out = parted(sessions, np.sort(order[:first]), np.sort(order[first:]))
    asked = [session for session in held_out if len(session) > 1]
    if len(fitting) == 0 or not asked:
        raise UsageError(
            f"there are {len(sessions)} sessions of listening, too few to fit on some and ask for "
            "the next songs of others; add an export of your listening with `segue add`"
        )
    return fitting, asked


def listener_of_each(
    chosen: Interactions, sessions: Interactions, whole: Interactions
) -> NDArray[np.int64]:
    """Return whose each of the chosen sessions is, as a row of `whole` [shape=(r,)].

    Parameters
    ----------
    chosen
        Some rows of `sessions`.
    whole
        The same listens, a row a listener, in the same order.
    """
    rows = np.searchsorted(sessions.row_ids, chosen.row_ids)
    return np.searchsorted(whole.indptr, sessions.indptr[rows], side="right") - 1


def as_histories(sessions: Interactions, listeners: NDArray[np.int64]) -> Interactions:
    """Return the same listens with a row a listener: each song once, weighted by its plays.

    Songs are in the order they were last played.

    Parameters
    ----------
    listeners
        Whose each session is [shape=(r,)], rising.
    """
    who, row = np.unique(listeners, return_inverse=True)
    rows = np.repeat(row, np.diff(sessions.indptr))
    keys = rows * max(len(sessions.track_ids), 1) + sessions.indices
    # From the end, the first of a key is its last.
    _, first, plays = np.unique(keys[::-1], return_index=True, return_counts=True)
    last = len(keys) - 1 - first
    order = np.argsort(last)
    kept = last[order]
    times = np.zeros(len(who), dtype=np.int64)
    np.maximum.at(times, row, sessions.times)
    return replace(
        sessions,
        row_ids=who.astype(np.int64) + 1,
        indptr=np.searchsorted(rows[kept], np.arange(len(who) + 1)).astype(np.int64),
        indices=sessions.indices[kept],
        weights=plays[order].astype(np.float32),
        titles=(),
        descriptions=(),
        times=times,
    )
