"""A map that was made, as values that front ends show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.types import SCHEMA_VERSION, Track


@dataclass(frozen=True)
class Neighbor:
    """A song near the listener: where it is among the map's tracks, and the cosine."""

    place: int
    score: float


@dataclass(frozen=True, eq=False)
class Listener:
    """The mean of some songs on a map.

    Attributes
    ----------
    likes
        The songs that were named.
    like_points
        Where each is [shape=(s, 2)].
    point
        Where the mean is [shape=(2,)].
    neighbors
        The songs nearest to the mean in the model's space, nearest first; no pressing of a like.
    others
        Songs that the words for a like may have meant as well, by the like's place.
    """

    likes: tuple[Track, ...]
    like_points: NDArray[np.float32]
    point: NDArray[np.float32]
    neighbors: tuple[Neighbor, ...]
    others: dict[int, tuple[Track, ...]]


@dataclass(frozen=True, eq=False)
class MapReport:
    """A map that was made.

    Attributes
    ----------
    model, color
        As asked for.
    tracks
        One of each song, most played first.
    points
        float32 [shape=(n, 2)], from -1 to 1.
    groups
        What each goes by in the colours: a name, ``{"valence": ..., "energy": ...}``, or None.
    listener
        Where songs were liked.
    unreadable
        Names that no font of this machine can show; the number of a track stands in the picture.
    """

    model: str
    color: str
    tracks: tuple[Track, ...]
    points: NDArray[np.float32]
    groups: tuple[Any, ...]
    listener: Listener | None = None
    unreadable: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the map as JSON values."""
        songs = [
            {
                "id": track.id,
                "title": track.title,
                "artist": track.artist,
                **_point(self.points[i]),
                self.color: self.groups[i],
            }
            for i, track in enumerate(self.tracks)
        ]
        found: dict[str, Any] = {
            "schema": SCHEMA_VERSION,
            "model": self.model,
            "color": self.color,
            "songs": songs,
        }
        if self.listener is not None:
            found["listener"] = {
                **_point(self.listener.point),
                "likes": [
                    {"id": t.id, "title": t.title, "artist": t.artist, **_point(xy)}
                    for t, xy in zip(self.listener.likes, self.listener.like_points, strict=True)
                ],
                "neighbors": [
                    {"id": self.tracks[near.place].id, "score": round(near.score, 4)}
                    for near in self.listener.neighbors
                ],
            }
        return found


def _point(xy: NDArray[np.float32]) -> dict[str, float]:
    return {"x": round(float(xy[0]), 5), "y": round(float(xy[1]), 5)}
