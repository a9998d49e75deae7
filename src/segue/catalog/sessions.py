"""What was listened to as one sparse matrix: a row a session, or a row a listener."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from segue.catalog.database import Database
from segue.catalog.interactions import columns_of, with_names
from segue.catalog.playlists import ID
from segue.errors import UsageError
from segue.types import Interactions

GAP: Final = 1800.0  # seconds of silence that end a session

_PLAY: Final = np.dtype(
    [("listener", "i8"), ("at", "i8"), ("track", "u4"), ("seconds", "f4"), ("skipped", "i1")]
)
_COUNT: Final = np.dtype([("listener", "i8"), ("at", "i8"), ("track", "u4"), ("plays", "f4")])


def load_sessions(
    database: Database,
    gap: float = GAP,
    *,
    end_at_skips: bool = False,
    keep_skipped: bool = False,
    texts: bool = False,
    api_content: bool = False,
) -> Interactions:
    """Read all sessions of listening, as of one state of the library.

    Rows are in the order of listeners and of time, numbered from 1, and their entries in the
    order they were heard; a row's time is that of its last listen.

    Parameters
    ----------
    gap
        Seconds of silence, at least 0, after which a session is another one. Silence lasts from
        one listen to the next less the time that the next one played, where that is known.
    end_at_skips
        A skipped listen ends its session. A skip says that the listener wanted something else.
    keep_skipped
        Skipped listens are entries as well. They count as presence either way.
    texts
        With names of artists and tracks.
    api_content
        With listens that came from Spotify's Web API, whose terms forbid training on them.

    Raises
    ------
    UsageError
        If `gap` is below 0.
    """
    if not gap >= 0:
        raise UsageError(f"a gap of {gap} seconds makes no sense, give 0 or more")
    with database.snapshot():
        plays = _listens(database, api_content=api_content)
        skipped = plays["skipped"] > 0
        starts = np.ones(len(plays), dtype=bool)
        silence = np.diff(plays["at"]) - plays["seconds"][1:]
        starts[1:] = (np.diff(plays["listener"]) != 0) | (silence > gap)
        if end_at_skips:
            starts[1:] |= skipped[:-1]
        session = np.cumsum(starts)
        if not keep_skipped:
            plays, session = plays[~skipped], session[~skipped]
        _, first = np.unique(session, return_index=True)
        indptr = np.append(first, len(plays)).astype(np.int64)
        numbers = np.arange(1, len(first) + 1, dtype=np.int64)
        read = columns_of(database, numbers, indptr, plays["track"].astype(ID))
        read = replace(read, times=plays["at"][indptr[1:] - 1])
        return with_names(database, read) if texts else read


def load_histories(
    database: Database, *, texts: bool = False, api_content: bool = False
) -> Interactions:
    """Read what each listener played in all, as of one state of the library.

    A row is a listener, by the listener's id. It has each song once, weighted by how often it was
    played: listens that were not skipped, and the play counts of players added to them. Songs are
    in the order they were last played, those without a time first; a row's time is the last.

    Parameters
    ----------
    texts, api_content
        As of `load_sessions`.
    """
    with database.snapshot():
        plays = _listens(database, api_content=api_content)
        plays = plays[plays["skipped"] <= 0]
        counts = _play_counts(database, api_content=api_content)
        listener = np.concatenate([plays["listener"], counts["listener"]])
        at = np.concatenate([plays["at"], counts["at"]])
        track = np.concatenate([plays["track"], counts["track"]])
        weights = np.concatenate([np.ones(len(plays), dtype=np.float32), counts["plays"]])
        order = np.lexsort((track, at, listener))
        listeners, first = np.unique(listener[order], return_index=True)
        indptr = np.append(first, len(order)).astype(np.int64)
        read = columns_of(database, listeners, indptr, track[order].astype(ID), weights[order])
        read = replace(_each_once(read), times=at[order][indptr[1:] - 1])
        return with_names(database, read) if texts else read


def _sources(api_content: bool) -> str:
    left_out = "" if api_content else "WHERE kind <> 'spotify_api'"
    return f"source_id IN (SELECT id FROM source {left_out})"


def _listens(database: Database, *, api_content: bool) -> NDArray[np.void]:
    """Return the listens in the order of listeners and of time, which is how they are stored."""
    return np.fromiter(
        database.stream(
            "SELECT listener_id, at, track_id, coalesce(seconds, 0), coalesce(skipped, 0) "
            f"FROM listen WHERE {_sources(api_content)} ORDER BY listener_id, at, track_id"
        ),
        dtype=_PLAY,
    )


def _play_counts(database: Database, *, api_content: bool) -> NDArray[np.void]:
    return np.fromiter(
        database.stream(
            "SELECT listener_id, coalesce(last_at, 0), track_id, plays FROM play_count "
            f"WHERE plays > 0 AND {_sources(api_content)} "
            "ORDER BY listener_id, track_id, source_id"
        ),
        dtype=_COUNT,
    )


def _each_once(read: Interactions) -> Interactions:
    """Return rows with each column once, where it came last, and its weights together."""
    assert read.weights is not None
    size = max(1, len(read.track_ids))
    keys = np.repeat(np.arange(len(read)), np.diff(read.indptr)) * size + read.indices
    # From the end, the first of a key is its last.
    found, first, inverse = np.unique(keys[::-1], return_index=True, return_inverse=True)
    weights = np.bincount(inverse, weights=read.weights[::-1], minlength=len(found))
    last = len(keys) - 1 - first
    order = np.argsort(last)
    rows = found[order] // size
    return replace(
        read,
        indptr=np.searchsorted(rows, np.arange(len(read) + 1)).astype(np.int64),
        indices=(found[order] % size).astype(np.int32),
        weights=weights[order].astype(np.float32),
    )
