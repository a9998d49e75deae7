"""What recommending by company is asked for, and what it answers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, overload

from segue.catalog.filters import Filters
from segue.service.resolve import Song
from segue.types import SCHEMA_VERSION, Hit, Track


@dataclass(frozen=True)
class Wish:
    """What an answer is to start from, and what may be in it.

    Attributes
    ----------
    likes, dislikes
        Songs, each as `segue.service.resolve` understands it.
    playlist
        The name of a playlist of the library, or its id: its songs and its title are the start.
    user
        A listener, such as ``me``: the songs played last are the start.
    title
        Of a playlist that is to be filled.
    model
        Which recommender answers; None for the best that is fitted.
    k
        How many songs, at least 1.
    versions
        Whether other pressings of the same songs may come.
    """

    likes: Sequence[Song] = ()
    dislikes: Sequence[Song] = ()
    playlist: str | int | None = None
    user: str | None = None
    title: str = ""
    model: str | None = None
    k: int = 10
    filters: Filters = field(default_factory=Filters)
    versions: bool = False

    @classmethod
    def of(cls, asked: Wish | Song | Sequence[Song], k: int | None = None) -> Wish:
        """Return a wish from one, from a song or from several; `k` overrides its number."""
        if isinstance(asked, Wish):
            wish = asked
        elif isinstance(asked, (str, bytes, int, os.PathLike)):
            wish = cls(likes=(asked,))
        else:
            wish = cls(likes=tuple(asked))
        return wish if k is None else replace(wish, k=k)


@dataclass(frozen=True)
class ChosenPlaylist:
    """The playlist that a name came to.

    Attributes
    ----------
    size
        Its entries.
    alike
        How many playlists are called so; the largest of them was taken.
    """

    id: int
    name: str
    size: int
    alike: int

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return {"id": self.id, "name": self.name, "size": self.size, "alike": self.alike}


@dataclass(frozen=True)
class Recommendation(Sequence[Hit]):
    """Songs that go with a start, best first.

    Attributes
    ----------
    likes
        What was started from: the songs named, those of the playlist, those a listener played.
    weights
        How much each of them counts.
    hits
        Their `score` is in the model's own unit.
    others
        Other songs that the same words may have meant.
    model
        Which recommender answered.
    """

    likes: tuple[Track, ...]
    weights: tuple[float, ...]
    hits: tuple[Hit, ...]
    model: str
    dislikes: tuple[Track, ...] = ()
    others: tuple[Track, ...] = ()
    playlist: ChosenPlaylist | None = None
    title: str = ""

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
            "likes": [
                {**track.to_json(), "weight": round(weight, 4)}
                for track, weight in zip(self.likes, self.weights, strict=True)
            ],
            "dislikes": [track.to_json() for track in self.dislikes],
            "playlist": self.playlist.to_json() if self.playlist else None,
            "title": self.title,
            "model": self.model,
            "hits": [{"rank": i, **hit.to_json()} for i, hit in enumerate(self.hits, 1)],
            "others": [track.to_json() for track in self.others],
        }
