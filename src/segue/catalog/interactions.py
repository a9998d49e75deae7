"""All playlists as one sparse matrix: what the playlist models learn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segue.catalog.database import Database
from segue.catalog.playlists import ID

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass(frozen=True)
class Interactions:
    """Playlists x tracks, with the order of entries. n playlists, m tracks, e entries.

    Attributes
    ----------
    playlist_ids
        int64 [shape=(n,)], rising.
    track_ids
        int64 [shape=(m,)], rising: the track of each column. Merged tracks are read as the one
        they are merged into.
    artist_ids, album_ids
        int64 [shape=(m,)]: of each column's track; 0 where not known.
    indptr
        int64 [shape=(n + 1,)]: playlist i has the entries ``indptr[i]:indptr[i + 1]``.
    indices
        int32 [shape=(e,)]: the column of each entry, in the order of the playlist.
    """

    playlist_ids: NDArray[np.int64]
    track_ids: NDArray[np.int64]
    artist_ids: NDArray[np.int64]
    album_ids: NDArray[np.int64]
    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]

    def matrix(self) -> csr_matrix:
        """Return the matrix [shape=(n, m), float32]: 1 where a track stands in a playlist.

        A track that stands in a playlist several times counts once.
        """
        from scipy.sparse import csr_matrix

        data = np.ones(len(self.indices), dtype=np.float32)
        shape = (len(self.playlist_ids), len(self.track_ids))
        matrix = csr_matrix((data, self.indices.copy(), self.indptr.copy()), shape=shape)
        matrix.sum_duplicates()
        matrix.data.fill(1.0)
        return matrix


def load_interactions(database: Database, *, api_content: bool = False) -> Interactions:
    """Read all playlists, as of one state of the library.

    Parameters
    ----------
    api_content
        With playlists that came from Spotify's Web API, whose terms forbid training on them.
    """
    with database.snapshot():
        return _load(database, api_content=api_content)


def _load(database: Database, *, api_content: bool) -> Interactions:
    left_out = "" if api_content else "WHERE kind <> 'spotify_api'"
    rows = f"FROM playlist WHERE source_id IN (SELECT id FROM source {left_out}) "
    count, total = database.query_one(f"SELECT count(*), coalesce(sum(size), 0) {rows}")
    (last,) = database.query_one("SELECT coalesce(max(id), 0) FROM track")
    playlists = np.zeros(count, dtype=np.int64)
    indptr = np.zeros(count + 1, dtype=np.int64)
    entries = np.zeros(total, dtype=ID)
    position = 0
    found = database.stream(f"SELECT id, items {rows} ORDER BY id LIMIT ?", (count,))
    for row, (id_, items) in enumerate(found):
        size = min(len(items) // ID.itemsize, total - position)
        entries[position : position + size] = np.frombuffer(items, ID, size)
        position += size
        playlists[row] = id_
        indptr[row + 1] = position
    entries = entries[:position]
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
    keep = there[entries]
    if not keep.all():  # tracks that are gone leave no gap
        indptr = np.concatenate([[0], np.cumsum(keep)])[indptr]
        entries = entries[keep]
    entries = roots[entries]
    used = np.zeros(last + 1, dtype=bool)
    used[entries] = True
    track_ids = np.flatnonzero(used)
    columns = np.zeros(last + 1, dtype=np.int32)
    columns[track_ids] = np.arange(len(track_ids), dtype=np.int32)
    chosen = known[np.searchsorted(known["id"], track_ids)]
    return Interactions(
        playlists,
        track_ids.astype(np.int64),
        chosen["artist"].copy(),
        chosen["album"].copy(),
        indptr,
        columns[entries],
    )
