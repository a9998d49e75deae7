"""Held-out playlists from a file, told in the catalogue's own numbers."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from segue.catalog.database import Database
from segue.catalog.incoming import PlaylistRecord, Skip
from segue.catalog.known import known_albums, known_artists, known_playlists, known_tracks
from segue.catalog.records import TrackRecord
from segue.catalog.text import fold
from segue.errors import SourceError, UsageError
from segue.evaluate.split import HeldOut
from segue.sources.million_playlist import MillionPlaylist
from segue.types import Interactions


class _Slices(MillionPlaylist):
    """Slices by any name: whatever ends in ``.json`` in the zip or folder."""

    _files = re.compile(r"\.json$", re.IGNORECASE)


@dataclass
class HeldOutFile:
    """What a file of held-out playlists holds.

    Attributes
    ----------
    playlists
        In the order of the file.
    skipped
        What was left out, by reason.
    seen
        How many of them the library has with the same songs: no measure, since the models know
        their answers.
    """

    playlists: list[HeldOut] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)
    seen: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return how many there are, as JSON values."""
        entries = [playlist.ids for playlist in self.playlists]
        ids = np.concatenate(entries) if entries else np.zeros(0, dtype=np.int64)
        return {
            "held_out": len(self.playlists),
            "held_out_entries": len(ids),
            "held_out_unknown": int((ids < 0).sum()),
            "held_out_seen": self.seen,
            "skipped": self.skipped,
        }


def read_held_out(database: Database, path: Path, interactions: Interactions) -> HeldOutFile:
    """Return the playlists of a file in the slice format.

    Tracks are known by Spotify's URI, each once a playlist; one that is merged into another is
    that other. The others have numbers below 0, and bring their artist and album where the
    catalogue has these, by Spotify's URI or by name.

    Parameters
    ----------
    path
        A slice of the Million Playlist Dataset, its challenge set, or a zip or folder of such.
    interactions
        What is fitted on, with the names of artists.

    Raises
    ------
    UsageError
        If nothing is there.
    SourceError
        If it cannot be read, or holds no playlist in that format.
    """
    if not path.exists():
        raise UsageError(f"there is no file {path}; name one with playlists in the slice format")
    records, skipped = _read(path)
    if not records:
        raise SourceError(
            f"{path} holds no playlist in the slice format of the Million Playlist Dataset: an "
            'object with "playlists", each with "pid" and "tracks", each of these with "track_uri"'
        )
    numbers = _Numbers(database, records, interactions)
    held = HeldOutFile([numbers.held_out(record) for record in records], skipped)
    rows = known_playlists(database, {record.key for record in records})
    held.seen = sum(
        record.key in rows and _same(interactions, rows[record.key], playlist)
        for record, playlist in zip(records, held.playlists, strict=True)
    )
    return held


def _read(path: Path) -> tuple[list[PlaylistRecord], dict[str, int]]:
    records: list[PlaylistRecord] = []
    skipped: Counter[str] = Counter()
    for part in _Slices(path.absolute()).parts():
        try:
            for record in part.read():
                if isinstance(record, PlaylistRecord):
                    records.append(record)
                elif isinstance(record, Skip):
                    skipped[record.reason] += 1
        except SourceError:  # what came before is kept
            skipped["a file that cannot be read to its end"] += 1
    return records, dict(sorted(skipped.items()))


class _Numbers:
    """Turns keys and names into the catalogue's numbers."""

    def __init__(
        self, database: Database, records: list[PlaylistRecord], interactions: Interactions
    ) -> None:
        keys = {key for record in records for key in record.tracks.keys}
        self._tracks = known_tracks(database, sorted(keys))
        self._unknown: dict[str, int] = {}  # numbered down from -1
        unknown = [
            record.tracks[position]
            for record in records
            for position, key in enumerate(record.tracks.keys)
            if key not in self._tracks
        ]
        artist_keys = {key for track in unknown for key in track.artist_keys[:1]}
        self._artists = known_artists(database, sorted(artist_keys))
        self._names = _artists_by_name(interactions)
        self._albums = known_albums(database, sorted({track.album_key for track in unknown}))

    def held_out(self, record: PlaylistRecord) -> HeldOut:
        """Return a playlist in numbers."""
        rows: dict[int, tuple[int, int]] = {}
        for position, key in enumerate(record.tracks.keys):
            track = self._tracks.get(key)
            if track is not None:
                rows.setdefault(track.id, (track.artist, track.album))
                continue
            number = self._unknown.setdefault(key, -1 - len(self._unknown))
            if number not in rows:
                told = record.tracks[position]
                rows[number] = (self._artist(told), self._albums.get(told.album_key, 0))
        numbers = np.array([(id_, *more) for id_, more in rows.items()], dtype=np.int64)
        ids, artists, albums = numbers.reshape(-1, 3).T
        return HeldOut(ids, artists, albums, record.name, record.description)

    def _artist(self, track: TrackRecord) -> int:
        for key in track.artist_keys[:1]:
            if key in self._artists:
                return self._artists[key]
        return self._names.get(_folded(track.artist), 0)


def _artists_by_name(interactions: Interactions) -> dict[str, int]:
    """Return artists by folded name; of two of one name, the one with more tracks."""
    ids, tracks = np.unique(interactions.artist_ids, return_counts=True)
    found: dict[str, int] = {}
    for id_ in ids[np.argsort(-tracks, kind="stable")].tolist():
        name = _folded(interactions.artist_names.get(id_, ""))
        if id_ and name:
            found.setdefault(name, id_)
    return found


def _folded(name: str) -> str:
    return fold(name) or name.strip()  # some are called by signs alone


def _same(interactions: Interactions, row_id: int, playlist: HeldOut) -> bool:
    """Return whether a playlist of the library has just these songs."""
    row = int(np.searchsorted(interactions.row_ids, row_id))
    if row == len(interactions) or interactions.row_ids[row] != row_id:
        return False
    entries = slice(interactions.indptr[row], interactions.indptr[row + 1])
    songs = interactions.track_ids[interactions.indices[entries]]
    return np.array_equal(np.unique(songs), np.unique(playlist.ids))
