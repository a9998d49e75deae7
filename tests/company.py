"""A library whose playlists keep to one of three groups of songs each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import segue
from incoming import importer, playlist, song
from segue.catalog.database import Database
from segue.catalog.incoming import FeatureRecord, ListenRecord, Record
from segue.catalog.records import TrackRecord
from segue.service.library import Library

NUMBERS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty"
).split()
GROUPS = {"granite": "rock", "velvet": "jazz", "neon": "synth pop"}
ARTISTS = {
    "granite": ("Stone Wolves", "Iron Larks"),
    "velvet": ("Blue Harbour Trio", "Ella Marsh"),
    "neon": ("Night Arcade", "Cassette 88"),
}
TITLES = {"granite": "Road Trip", "velvet": "Late Dinner", "neon": "夜のドライブ"}
MODELS = ("popularity", "item_knn", "playlist_knn")
T = 1_700_000_000


def piece(group: str, number: int, **more: Any) -> TrackRecord:
    """Return a song of a group; every other one is by the group's second artist."""
    title = f"{group} {NUMBERS[number]}".title()
    artist = ARTISTS[group][number % 2]
    album = f"{artist} Live"
    fields: dict[str, Any] = {"key": f"spotify:{group}{number}", "album": album, "duration": 200.0}
    return song(title, artist, **{**fields, **more})


def playlists(count: int = 60, seed: int = 0) -> list[Record]:
    """Return playlists of six of the first nine songs of one group each."""
    rng = np.random.default_rng(seed)
    found: list[Record] = []
    for row in range(count):
        group = list(GROUPS)[row % 3]
        chosen = [piece(group, int(i)) for i in rng.permutation(9)[:6]]
        found.append(playlist(f"million_playlist:{row}", *chosen, name=TITLES[group]))
    return found


def long_playlists(count: int = 120, seed: int = 0) -> list[Record]:
    """Return playlists of 14 of the 20 songs of one group each: the blend can learn from them."""
    rng = np.random.default_rng(seed)
    found: list[Record] = []
    for row in range(count):
        group = list(GROUPS)[row % 3]
        chosen = [piece(group, int(i)) for i in rng.permutation(20)[:14]]
        found.append(playlist(f"million_playlist:{row}", *chosen, name=TITLES[group]))
    return found


def genres() -> list[Record]:
    return [
        FeatureRecord(piece(group, number), energy=0.5, genres=(genre,))
        for group, genre in GROUPS.items()
        for number in range(9)
    ]


def listens(*songs: TrackRecord, start: int = T, gap: int = 200, **more: Any) -> list[Record]:
    return [ListenRecord(one, start + gap * i, **more) for i, one in enumerate(songs)]


def open_library(folder: Path, records: Sequence[Record] | None = None) -> Library:
    """Return a library with the playlists and genres, or with other records."""
    library = segue.open(folder)
    write(library, [*playlists(), *genres()] if records is None else records)
    return library


def write(library: Library, records: Sequence[Record], **source: str) -> None:
    importer(database_of(library), **source).write(records)
    library._catalog.refresh()


def database_of(library: Library) -> Database:
    return library._catalog.database


def group_of(title: str) -> str:
    return title.split(maxsplit=1)[0].lower()
