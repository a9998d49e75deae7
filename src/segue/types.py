"""The values that pass between rooms: what is known of a song, what is asked, what is answered."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, overload

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

SCHEMA_VERSION: Final = 1
"""Version of the JSON forms below; it changes when a field goes or changes its meaning."""


@dataclass(frozen=True)
class Track:
    """One recording in the catalogue.

    Attributes
    ----------
    id
        The catalogue's own number, never used again for another track.
    title, artist, album
        As people read them; an unknown artist or album is an empty string.
    duration
        Seconds, or None.
    path
        A file of it that is present now, as bytes of the file system; None where there is none.
    key
        What the source that named it knows it by, such as ``spotify:<id>``; None for files.
    playlists
        How often it stands in the playlists of the library.
    """

    id: int
    title: str
    artist: str = ""
    album: str = ""
    album_artist: str = ""
    track_number: int | None = None
    disc_number: int | None = None
    year: int | None = None
    genres: tuple[str, ...] = ()
    duration: float | None = None
    path: bytes | None = None
    key: str | None = None
    playlists: int = 0

    @property
    def name(self) -> str:
        """Artist and title in one line.

        >>> Track(1, "Ordinary World", "Duran Duran").name
        'Duran Duran - Ordinary World'
        """
        return f"{self.artist} - {self.title}" if self.artist else self.title

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON values; a path that is not UTF-8 keeps its bytes as escapes."""
        return {
            "id": self.id,
            "title": self.title,
            "artist": self.artist,
            "album": self.album,
            "album_artist": self.album_artist,
            "track_number": self.track_number,
            "disc_number": self.disc_number,
            "year": self.year,
            "genres": list(self.genres),
            "duration": self.duration,
            "path": display_path(self.path) if self.path is not None else None,
            "key": self.key,
            "playlists": self.playlists,
        }


def display_path(path: bytes) -> str:
    r"""Return a path as text that any terminal and JSON reader takes.

    Bytes that are not UTF-8, and characters that do not print, are written as escapes.

    >>> display_path(b"/music/caf\xe9.mp3")
    '/music/caf\\xe9.mp3'
    """
    text = os.fsdecode(path)
    if text.isprintable():
        return text
    raw = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in raw)


def _no_ids() -> NDArray[np.int64]:
    import numpy as np

    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Interactions:
    """Rows x tracks, with the order of entries. n rows, m tracks, e entries.

    A row is a playlist, a session of listening, or all that a listener played.

    Attributes
    ----------
    row_ids
        int64 [shape=(n,)], rising.
    track_ids
        int64 [shape=(m,)], rising: the track of each column. Merged tracks are read as the one
        they are merged into.
    artist_ids, album_ids
        int64 [shape=(m,)]: of each column's track; 0 where not known.
    indptr
        int64 [shape=(n + 1,)]: row i has the entries ``indptr[i]:indptr[i + 1]``.
    indices
        int32 [shape=(e,)]: the column of each entry, in the order of the row.
    weights
        float32 [shape=(e,)]: confidence of each entry, such as a play count; None where all are 1.
    titles, descriptions
        Of each row, or empty where rows have none; tags are part of the description.
    times
        int64 [shape=(n,)], seconds since the epoch: when a row last changed, 0 where not known.
    artist_names
        By artist id, or empty.
    track_titles
        Of each column, or empty.
    """

    row_ids: NDArray[np.int64]
    track_ids: NDArray[np.int64]
    artist_ids: NDArray[np.int64]
    album_ids: NDArray[np.int64]
    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    weights: NDArray[np.float32] | None = None
    titles: Sequence[str] = ()
    descriptions: Sequence[str] = ()
    times: NDArray[np.int64] = field(default_factory=_no_ids)
    artist_names: Mapping[int, str] = field(default_factory=dict)
    track_titles: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.row_ids)

    def matrix(self) -> csr_matrix:
        """Return the matrix [shape=(n, m), float32]: 1 where a track stands in a row.

        A track that stands in a row several times counts once. Columns are in order.
        """
        import numpy as np
        from scipy.sparse import csr_matrix

        data = np.ones(len(self.indices), dtype=np.float32)
        shape = (len(self.row_ids), len(self.track_ids))
        matrix = csr_matrix((data, self.indices.copy(), self.indptr.copy()), shape=shape)
        matrix.sum_duplicates()
        matrix.data.fill(1.0)
        return matrix

    def rows(self, chosen: NDArray[np.int64]) -> Interactions:
        """Return the rows at these positions [shape=(r,)], with the same columns."""
        import numpy as np

        sizes = np.diff(self.indptr)[chosen]
        indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        entries = np.repeat(self.indptr[chosen] - indptr[:-1], sizes) + np.arange(indptr[-1])
        return replace(
            self,
            row_ids=self.row_ids[chosen],
            indptr=indptr,
            indices=self.indices[entries],
            weights=None if self.weights is None else self.weights[entries],
            titles=[self.titles[i] for i in chosen.tolist()] if self.titles else (),
            descriptions=(
                [self.descriptions[i] for i in chosen.tolist()] if self.descriptions else ()
            ),
            times=self.times[chosen] if len(self.times) else self.times,
        )


@dataclass(frozen=True, eq=False)
class Seed:
    """What a recommendation starts from.

    Attributes
    ----------
    likes
        Ids of songs, in the order they were chosen or played, the last one last (int64,
        shape=(n,)). None of them is ever answered. 0 stands for a song outside the catalogue.
    weights
        How much each of them counts (float32, shape=(n,), above 0); None counts all alike.
    artists, albums
        Ids of the likes' artists and albums (int64, shape=(n,), 0 unknown), or empty: they stand
        in for songs that a model does not know.
    dislikes
        Ids of songs to be kept away from; none of them is ever answered.
    title, description
        Of the playlist that is to be continued; tags are part of the description.
    vectors
        Unit vectors of songs, in the catalogue or not, for models that compare sound
        [shape=(v, d)].
    allowed
        Ids that may be answered (int64, any order), or None for all.
    """

    likes: NDArray[np.int64] = field(default_factory=_no_ids)
    weights: NDArray[np.float32] | None = None
    artists: NDArray[np.int64] = field(default_factory=_no_ids)
    albums: NDArray[np.int64] = field(default_factory=_no_ids)
    dislikes: NDArray[np.int64] = field(default_factory=_no_ids)
    title: str = ""
    description: str = ""
    vectors: NDArray[np.float32] | None = None
    allowed: NDArray[np.int64] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what was asked as JSON values, without vectors; `allowed` as a number of ids."""
        return {
            "likes": self.likes.tolist(),
            "weights": None
            if self.weights is None
            else [round(w, 4) for w in self.weights.tolist()],
            "dislikes": self.dislikes.tolist(),
            "title": self.title,
            "description": self.description,
            "allowed": None if self.allowed is None else len(self.allowed),
        }


@dataclass(frozen=True)
class Reason:
    """Why a song is in a ranking; the score rests on it.

    Attributes
    ----------
    kind
        ``song``: it stands together with the song `track`. ``playlists``: alike playlists have it.
        ``title``: playlists with a title like the seed's have it. ``artist``, ``album``: the model
        does not know the song `track`, and others of its artist or album stand in for it.
        ``popular``: nothing says more of it than that many playlists have it.
    track
        The seed's song that it rests on most, or 0.
    count
        Playlists that say so, or 0 where the model has no count.
    """

    kind: str
    track: int = 0
    count: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the reason as JSON values."""
        return {"kind": self.kind, "track": self.track, "count": self.count}


@dataclass(frozen=True, eq=False)
class Ranking:
    """An answer: track ids best first, each with a score. Ties are in the order of ids.

    Attributes
    ----------
    ids
        int64 [shape=(n,)], each once.
    scores
        float32 [shape=(n,)], falling.
    reasons
        One for each id, or empty where they were not asked for.
    """

    ids: NDArray[np.int64]
    scores: NDArray[np.float32]
    reasons: tuple[Reason, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    def to_json(self) -> dict[str, Any]:
        """Return the ranking as JSON values."""
        return {
            "ids": self.ids.tolist(),
            "scores": [round(score, 6) for score in self.scores.tolist()],
            "reasons": [reason.to_json() for reason in self.reasons],
        }


@dataclass(frozen=True)
class Hit:
    """One song of an answer, ready to be shown.

    Attributes
    ----------
    score
        Similarity, 0..1.
    reasons
        Why, in words a person reads; each rests on what is stored of both songs.
    """

    track: Track
    score: float
    reasons: tuple[str, ...] = ()

    @property
    def id(self) -> int:
        """The track's id."""
        return self.track.id

    @property
    def title(self) -> str:
        """The track's title."""
        return self.track.title

    @property
    def artist(self) -> str:
        """The track's artist."""
        return self.track.artist

    @property
    def path(self) -> str | None:
        """A file of the track, as `os.fsdecode` gives it, or None."""
        return os.fsdecode(self.track.path) if self.track.path is not None else None

    def to_json(self) -> dict[str, Any]:
        """Return the hit as JSON values: the track's fields, `score` and `reasons`."""
        return {
            **self.track.to_json(),
            "score": round(self.score, 4),
            "reasons": list(self.reasons),
        }


@dataclass(frozen=True)
class Answer(Sequence[Hit]):
    """The hits for a song, best first.

    Attributes
    ----------
    seed
        The song asked about; its id is 0 when it is a file outside the library.
    others
        Other songs that the same words may have meant.
    embedder
        Which embedder's vectors were compared, as ``name/version``.
    """

    seed: Track
    hits: tuple[Hit, ...]
    others: tuple[Track, ...] = field(default=())
    embedder: str = ""

    @overload
    def __getitem__(self, index: int) -> Hit: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Hit, ...]: ...
    def __getitem__(self, index: int | slice) -> Hit | tuple[Hit, ...]:
        return self.hits[index]

    def __len__(self) -> int:
        return len(self.hits)

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def to_json(self) -> dict[str, Any]:
        """Return the answer as JSON values."""
        return {
            "schema": SCHEMA_VERSION,
            "seed": self.seed.to_json(),
            "embedder": self.embedder,
            "hits": [{"rank": i, **hit.to_json()} for i, hit in enumerate(self.hits, 1)],
            "others": [track.to_json() for track in self.others],
        }
