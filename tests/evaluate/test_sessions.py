from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from contracts.recommender import ids, interactions
from segue.errors import UsageError
from segue.evaluate.sessions import as_histories, listener_of_each, next_song, split_by_time
from segue.evaluate.split import HeldOut
from segue.types import Interactions, Ranking, Seed


def session(*tracks: int) -> HeldOut:
    none = np.zeros(len(tracks), dtype=np.int64)
    return HeldOut(ids(*tracks), none, none)


def timed(rows: list[list[int]], *times: int) -> Interactions:
    return replace(interactions(rows), times=ids(*times))


def test_hits_and_reciprocal_ranks_by_hand() -> None:
    def recommend(seed: Seed, k: int) -> Ranking:
        assert k == 20
        last = int(seed.likes[-1])
        places = {1: 1, 2: 4, 3: 15}.get(last, 0)  # where the song after it is answered
        answer = np.arange(1000, 1020)
        if places:
            answer[places - 1] = last + 1
        return Ranking(answer, np.arange(20, 0, -1).astype(np.float32))

    found = next_song(recommend, [session(1, 2, 3, 4, 5), session(1, -2), session(3)])
    assert found.songs.tolist() == [4, 1]  # a session of one song asks for nothing
    assert found.values[0].tolist() == pytest.approx([2 / 4, 3 / 4, (1 + 1 / 4 + 1 / 15) / 4])
    assert found.values[1].tolist() == [0, 0, 0]  # nobody can name what nobody knows
    assert found.estimate.mean.tolist() == pytest.approx([2 / 5, 3 / 5, (1 + 1 / 4 + 1 / 15) / 5])
    assert (found.estimate.low[0], found.estimate.high[0]) == (0, 0.5)


def test_the_last_sessions_are_held_out() -> None:
    sessions = timed([[1, 2], [2, 3], [1, 3], [3, 9], [2], [1, 1]], 10, 60, 20, 50, 40, 30)
    before, held_out = split_by_time(sessions, 0.5)
    assert before.times.tolist() == [10, 20, 30]
    assert before.row_ids.tolist() == [1, 3, 6]
    assert [one.ids.tolist() for one in held_out] == [[2, 3], [3, -9]]  # not that of one song


def test_too_few_sessions() -> None:
    for rows in ([[1, 2]], [[1, 2], [3]]):
        with pytest.raises(UsageError, match="too few"):
            split_by_time(timed(rows, *range(len(rows))), 0.5)
    with pytest.raises(UsageError, match="above 0"):
        split_by_time(timed([[1, 2], [1, 2]], 1, 2), 1.0)


def test_sessions_of_one_listener_are_one_history() -> None:
    rows = [[1, 2], [3, 1], [5], [1, 1, 5]]
    sessions = timed(rows, 10, 20, 12, 30)
    whole = timed([[1, 2, 3, 1], [5, 1, 1, 5]], 20, 30)
    chosen = sessions.rows(ids(0, 1, 3))
    assert listener_of_each(sessions, sessions, whole).tolist() == [0, 0, 1, 1]
    listeners = listener_of_each(chosen, sessions, whole)
    assert listeners.tolist() == [0, 0, 1]
    histories = as_histories(chosen, listeners)
    parts = np.split(histories.track_ids[histories.indices], histories.indptr[1:-1])
    assert [part.tolist() for part in parts] == [[2, 3, 1], [1, 5]]  # as they were last played
    assert histories.weights is not None
    assert histories.weights.tolist() == [1, 1, 2, 2, 1]
    assert histories.times.tolist() == [20, 30]
    assert histories.row_ids.tolist() == [1, 2]
