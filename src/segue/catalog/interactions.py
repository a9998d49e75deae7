"""All playlists as one sparse matrix: what the playlist models learn from."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from segue.catalog.database import Database
from segue.catalog.playlists import ID
from segue.types import Interactions


def load_interactions(
    database: Database, *, texts: bool = False, api_content: bool = False
) -> Interactions:
    """Read all playlists, as of one state of the library.

    Parameters
    ----------
    texts
        With titles and descriptions of playlists, and names of artists and tracks.
    api_content
        With playlists that came from Spotify's Web API, whose terms forbid training on them.
    """
    with database.snapshot():
        read = _load(database, texts=texts, api_content=api_content)
        return with_names(database, read) if texts else read


def with_names(database: Database, read: Interactions) -> Interactions:
    """Return the same with the names of artists and tracks."""
    names = dict(database.stream("SELECT id, name FROM artist"))
    titles = [""] * len(read.track_ids)
    place = dict(zip(read.track_ids.tolist(), range(len(titles)), strict=True))
    for id_, title in database.stream("SELECT id, title FROM track"):
        if id_ in place:
            titles[place[id_]] = title
    return replace(read, artist_names=names, track_titles=titles)


def _load(database: Database, *, texts: bool, api_content: bool) -> Interactions:
    left_out = "" if api_content else "WHERE kind <> 'spotify_api'"
    rows = f"FROM playlist WHERE source_id IN (SELECT id FROM source {left_out}) "
    count, total = database.query_one(f"SELECT count(*), coalesce(sum(size), 0) {rows}")
    playlists = np.zeros(count, dtype=np.int64)
    times = np.zeros(count, dtype=np.int64)
    indptr = np.zeros(count + 1, dtype=np.int64)
    entries = np.zeros(total, dtype=ID)
    titles: list[str] = []
    descriptions: list[str] = []
    position = 0
    text = "name, description, tags" if texts else "'', '', '[]'"
    found = database.stream(
        f"SELECT id, items, coalesce(modified_at, 0), {text} {rows} ORDER BY id LIMIT ?", (count,)
    )
    for row, (id_, items, modified, name, description, tags) in enumerate(found):
        size = min(len(items) // ID.itemsize, total - position)
        entries[position : position + size] = np.frombuffer(items, ID, size)
        position += size
        playlists[row] = id_
        times[row] = modified
        indptr[row + 1] = position
        if texts:
            titles.append(name)
            descriptions.append(" ".join(filter(None, (description, *json.loads(tags)))))
    read = columns_of(database, playlists, indptr, entries[:position])
    return replace(read, times=times, titles=titles, descriptions=descriptions)


def columns_of(
    database: Database,
    row_ids: NDArray[np.int64],
    indptr: NDArray[np.int64],
    entries: NDArray[np.uint32],
    weights: NDArray[np.float32] | None = None,
) -> Interactions:
    """Return rows of track ids as interactions: merged tracks as one, without tracks that went."""
    (last,) = database.query_one("SELECT coalesce(max(id), 0) FROM track")
    roots = np.arange(last + 1, dtype=ID)
    tracks = np.dtype([("id", "i8"), ("root", "i8"), ("artist", "i8"), ("album", "i8")])
    known = np.fromiter(
        database.stream(
            "SELECT id, coalesce(merged_into, id), coalesce(artist_id, 0), coalesce(album_id, 0) "
            "FROM track WHERE id <= ? ORDER BY id",
            (last,),
        ),
        dtype=tracks,
    )
    roots[known["id"]] = known["root"]
    there = np.zeros(last + 1, dtype=bool)
    there[known["id"]] = True
    # The last track may be one that is gone: its id is then beyond all that are there.
    keep = there[np.minimum(entries, last)] & (entries <= last)
    if not keep.all():  # tracks that are gone leave no gap
        indptr = np.concatenate([[0], np.cumsum(keep)])[indptr]
        entries = entries[keep]
        weights = None if weights is None else weights[keep]
    entries = roots[entries]
    used = np.zeros(last + 1, dtype=bool)
    used[entries] = True
    track_ids = np.flatnonzero(used)
    columns = np.zeros(last + 1, dtype=np.int32)
    columns[track_ids] = np.arange(len(track_ids), dtype=np.int32)
    chosen = known[np.searchsorted(known["id"], track_ids)]
    return Interactions(
        row_ids,
        track_ids.astype(np.int64),
        chosen["artist"].copy(),
        chosen["album"].copy(),
        indptr,
        columns[entries],
        weights,
    )
