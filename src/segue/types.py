"""The values that pass between rooms: what is known of a song, what is asked, what is answered."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, overload

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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


@dataclass(frozen=True)
class Seed:
    """What a recommendation starts from.

    Attributes
    ----------
    vectors
        Unit vectors of songs, in the catalogue or not [shape=(n, d)].
    allowed
        Ids that may be answered (int64, any order), or None for all.
    """

    vectors: NDArray[np.float32]
    allowed: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Ranking:
    """An answer: track ids best first, each with a score. Ties are in the order of ids.

    Attributes
    ----------
    ids
        int64 [shape=(n,)], each once.
    scores
        float32 [shape=(n,)], falling.
    """

    ids: NDArray[np.int64]
    scores: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.ids)


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
