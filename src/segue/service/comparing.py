"""How alike two songs are, by every fitted model, by sound, and in playlists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from segue.catalog.catalog import Catalog
from segue.catalog.groups import members, places
from segue.errors import UsageError
from segue.service.fitted import FittedModel
from segue.service.recommending import Models
from segue.service.resolve import Song
from segue.service.start import known_of, named_songs
from segue.types import SCHEMA_VERSION, Seed, Track

_RANKED: Final = 1_000  # places of a ranking that are looked at


@dataclass(frozen=True)
class Alike:
    """What one model says of two songs.

    Attributes
    ----------
    score
        In the model's own unit; 0 where it knows nothing of the two together.
    rank
        The other song's place among those that go with the first, from 1; None beyond 1,000, and
        where the score is 0.
    tracks
        How many the model ranks, or 0 where it does not say.
    """

    model: str
    score: float
    rank: int | None
    tracks: int

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return {
            "model": self.model,
            "score": round(self.score, 6),
            "rank": self.rank,
            "tracks": self.tracks,
        }


@dataclass(frozen=True)
class Comparison:
    """How alike two songs are.

    Attributes
    ----------
    playlists
        How many have both, in any pressing that was merged.
    sound
        The cosine of what was heard of both, or None where one was not listened to.
    others
        Other songs that the same words may have meant.
    """

    one: Track
    other: Track
    models: tuple[Alike, ...]
    playlists: int
    sound: float | None
    others: tuple[Track, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as JSON values."""
        return {
            "schema": SCHEMA_VERSION,
            "one": self.one.to_json(),
            "other": self.other.to_json(),
            "models": [alike.to_json() for alike in self.models],
            "playlists": self.playlists,
            "sound": None if self.sound is None else round(self.sound, 4),
            "others": [track.to_json() for track in self.others],
        }


def compare(catalog: Catalog, models: Models, one: Song, other: Song) -> Comparison:
    """Return how alike two songs are; see `segue.Library.compare`."""
    (first, second), others = named_songs(catalog, (one, other))
    if first.id == second.id:
        raise UsageError(f"both are {first.name!r}; name two songs")
    groups = members(catalog.database, (first.id, second.id))
    return Comparison(
        first,
        second,
        tuple(
            _alike(catalog, models.get(name), groups, first.id, second.id)
            for name in models.names()
        ),
        catalog.playlists.together(groups[first.id], groups[second.id]),
        _sound(catalog, first.id, second.id),
        others,
    )


def _sound(catalog: Catalog, one: int, other: int) -> float | None:
    """Return the cosine of what the ear heard, by the embedder that the library is compared by."""
    for embedder in catalog.vectors.embedders():
        if embedder.tracks:
            vectors = catalog.vectors.get(embedder, [one, other])
            return float(vectors[one] @ vectors[other]) if len(vectors) == 2 else None
    return None


def _alike(
    catalog: Catalog, fitted: FittedModel, groups: dict[int, list[int]], one: int, other: int
) -> Alike:
    stands = known_of(groups, fitted.track_ids)
    place = places(catalog.database, [one])[one]
    wanted = np.array([stands[other]], dtype=np.int64)
    seed = Seed(
        likes=np.array([stands[one]], dtype=np.int64),
        artists=np.array([place.artist], dtype=np.int64),
        albums=np.array([place.album], dtype=np.int64),
    )
    ranking = fitted.model.recommend(seed, _RANKED)
    found = np.flatnonzero(ranking.ids == wanted[0])
    score = float(fitted.model.score(seed, wanted)[0])
    return Alike(
        fitted.name,
        score,
        int(found[0]) + 1 if len(found) and score else None,  # what scores 0 fills up the end
        0 if fitted.track_ids is None else len(fitted.track_ids),
    )
