"""Slices of planted playlists: each keeps to one of three groups of songs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

GROUPS = ("rainy evening", "gym", "road trip")
SONGS = 30  # of a group


def uri(number: int, kind: str = "track") -> str:
    return f"spotify:{kind}:{number:022}"


def track(number: int, **more: Any) -> dict[str, Any]:
    """Return a song of the planted ones: number 130 is of group 1, and of the artist 13."""
    return {
        "track_uri": uri(number),
        "track_name": f"song {number}",
        "artist_name": f"Artist {number // 10}",
        **more,
    }


def playlists(count: int, first: int = 0, seed: int = 0) -> list[dict[str, Any]]:
    """Return playlists of 15 songs each, of the groups in turn, numbered from `first`."""
    rng = np.random.default_rng([seed, first])
    return [
        {
            "name": GROUPS[pid % 3],
            "pid": pid,
            "tracks": [
                track(100 * (pid % 3 + 1) + int(song)) for song in rng.permutation(SONGS)[:15]
            ],
        }
        for pid in range(first, first + count)
    ]


def write(path: Path, found: Sequence[Any]) -> Path:
    path.write_text(json.dumps({"info": {}, "playlists": list(found)}), "utf-8")
    return path
