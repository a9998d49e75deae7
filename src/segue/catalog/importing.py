"""Writing what a source brings, a batch of records in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from segue.catalog.database import Database
from segue.catalog.features import Features
from segue.catalog.history import History
from segue.catalog.identity import Identity
from segue.catalog.incoming import (
    FeatureRecord,
    ListenRecord,
    PlayCountRecord,
    PlaylistRecord,
    RatingRecord,
    Record,
    Skip,
    TrackList,
)
from segue.catalog.playlists import Playlists
from segue.catalog.records import TrackRecord

_T = TypeVar("_T")


@dataclass
class Tally:
    """What a source brought, in numbers.

    Attributes
    ----------
    tracks, merged, doubtful
        Tracks that were made; how many merges with those of other sources, and doubtful ones.
    playlists, changed_playlists, known_playlists, entries
        Playlists that are new, that changed, that were known as they are; entries of new ones.
    listens, ratings, play_counts, features
        Rows that told something new.
    records
        Everything that was read, playlists counted by their entries.
    skipped
        How often each reason kept something out.
    bad
        How many of those were faults of the source rather than left out by rule.
    """

    tracks: int = 0
    merged: int = 0
    doubtful: int = 0
    playlists: int = 0
    changed_playlists: int = 0
    known_playlists: int = 0
    entries: int = 0
    listens: int = 0
    ratings: int = 0
    play_counts: int = 0
    features: int = 0
    records: int = 0
    bad: int = 0
    skipped: dict[str, int] = field(default_factory=dict)


class Importer:
    """Writes the records of one source.

    Parameters
    ----------
    source_id
        The source that everything is marked with.
    playlists
        Those of the catalogue, which count what comes.
    """

    def __init__(self, database: Database, source_id: int, playlists: Playlists) -> None:
        self.tally = Tally()
        self._database = database
        self.source_id = source_id
        self._identity = Identity()
        self._playlists = playlists
        self._history = History(database)
        self._features = Features(database)

    def write(self, records: Sequence[Record]) -> None:
        """Write a batch in one transaction: all of it, or on an exception nothing."""
        try:
            with self._database.transaction() as connection:
                self.write_within(connection, records)
        except BaseException:
            self._identity.forget()
            raise
        self.tally.tracks = self._identity.made
        self.tally.merged = self._identity.merger.merged
        self.tally.doubtful = self._identity.merger.doubtful

    def write_within(self, connection: Any, records: Sequence[Record]) -> None:
        """Write a batch within the caller's transaction."""
        tally = self.tally
        playlists = _of(records, PlaylistRecord)
        singles = [r for r in records if not isinstance(r, PlaylistRecord | Skip)]
        runs = _runs(records)  # in their order, so that it does not matter where a batch ends
        ids = self._ids(connection, [run for run, _ in runs])
        of_playlists = [some for some, (_, whole) in zip(ids, runs, strict=True) if whole]
        of_singles = [some for some, (_, whole) in zip(ids, runs, strict=True) if not whole]
        written = self._playlists.write(connection, self.source_id, playlists, of_playlists)
        tally.playlists += written.new
        tally.changed_playlists += written.changed
        tally.known_playlists += written.known
        tally.entries += written.entries
        tracks = [id_ for some in of_singles for id_ in some.tolist()]
        for kind, write, name in (
            (ListenRecord, self._history.write_listens, "listens"),
            (RatingRecord, self._history.write_ratings, "ratings"),
            (PlayCountRecord, self._history.write_play_counts, "play_counts"),
            (FeatureRecord, self._features.write, "features"),
        ):
            chosen = [i for i, record in enumerate(singles) if isinstance(record, kind)]
            if chosen:
                rows: Any = [singles[i] for i in chosen]
                new = write(connection, self.source_id, rows, [tracks[i] for i in chosen])
                setattr(tally, name, getattr(tally, name) + new)
        for skip in _of(records, Skip):
            tally.skipped[skip.reason] = tally.skipped.get(skip.reason, 0) + 1
            tally.bad += skip.bad
        tally.records += sum(len(ids_) for ids_ in ids)

    def _ids(self, connection: Any, lists: Sequence[TrackList]) -> list[NDArray[np.int64]]:
        """Return the tracks of all entries of all lists, looked up at once."""
        starts = np.cumsum([0, *map(len, lists)])
        keys = [key for tracks in lists for key in tracks.keys]

        def describe(position: int) -> TrackRecord | None:
            which = int(np.searchsorted(starts, position, side="right")) - 1
            return lists[which].described(position - int(starts[which]))

        found = self._identity.ids(connection, self.source_id, keys, describe)
        return np.split(found, starts[1:-1]) if lists else []


def _runs(records: Sequence[Record]) -> list[tuple[TrackList, bool]]:
    """Return the tracks of each playlist (True), and those of single records between (False)."""
    runs: list[tuple[TrackList, bool]] = []
    waiting: list[TrackRecord] = []
    for record in (*records, None):
        if record is not None and not isinstance(record, PlaylistRecord | Skip):
            waiting.append(record if isinstance(record, TrackRecord) else record.track)
            continue
        if waiting and not isinstance(record, Skip):
            runs.append((TrackList.of(waiting), False))
            waiting = []
        if isinstance(record, PlaylistRecord):
            runs.append((record.tracks, True))
    return runs


def _of(records: Sequence[Record], kind: type[_T]) -> list[_T]:
    return [record for record in records if isinstance(record, kind)]
