"""The catalogue: everything a library knows, in one SQLite file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from segue.catalog.database import Database
from segue.catalog.files import Files
from segue.catalog.records import Analysis, FileStamp, KnownFile
from segue.catalog.search import search
from segue.catalog.tracks import Tracks
from segue.catalog.vectors import Vectors

FILE_NAME: Final = "segue.db"

_SAME_LENGTH: Final = 2.0  # seconds by which one recording may differ after an edit


class Catalog:
    """The tables of one library, and the writes that concern several of them.

    Parameters
    ----------
    folder
        The library's folder.
    read_only
        Open for reading alone.

    Raises
    ------
    LibraryError
        As `Database` does.
    """

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        self.database = Database(folder / FILE_NAME, read_only=read_only)
        self.files = Files(self.database)
        self.tracks = Tracks(self.database)
        self.vectors = Vectors(self.database)

    def write(
        self, results: Sequence[Analysis | tuple[FileStamp, str, str]]
    ) -> list[tuple[int, bool] | None]:
        """Write what was learned of some files, or (stamp, kind, message) of why nothing was.

        One transaction for all of them. Returns for each its track's id and whether the track is
        new, or None for a failure. A file with the content of another one joins its track.
        """
        outcomes: list[tuple[int, bool] | None] = []
        with self.database.transaction() as connection:
            for result in results:
                if not isinstance(result, Analysis):
                    self.files.write_failure(connection, *result)
                    outcomes.append(None)
                    continue
                id_ = self._track_of(result)
                new = id_ is None
                before = self.files.get(result.file.stamp.path)
                id_ = self.tracks.write(connection, result, id_)
                self.files.write(connection, result.file, id_)
                for record in result.vectors:
                    self.vectors.write(connection, id_, record)
                if before is not None and before.track_id not in (None, id_):
                    self.tracks.delete_orphan(connection, before.track_id)
                outcomes.append((id_, new))
            if any(outcomes):
                self.vectors.count_change(connection)
        return outcomes

    def relocate(self, moves: Sequence[tuple[KnownFile, FileStamp]]) -> None:
        """Record files that were moved, renamed or only touched, without reading them again."""
        with self.database.transaction() as connection:
            for known, stamp in moves:
                self.files.relocate(connection, known, stamp)
            self.tracks.delete_orphans(connection)
            self.vectors.count_change(connection)

    def mark(self, ids: Sequence[int], state: str) -> None:
        """Set the state of files to ``missing``, or to ``ok`` when they are back."""
        with self.database.transaction() as connection:
            self.files.mark(connection, ids, state)
            self.vectors.count_change(connection)

    def forget(self, ids: Sequence[int]) -> int:
        """Take files out, and the tracks that have no other; return how many tracks went."""
        with self.database.transaction() as connection:
            self.files.forget(connection, ids)
            self.vectors.count_change(connection)
            return self.tracks.delete_orphans(connection)

    def replace_with(self, path: Path) -> None:
        """Take over the content of another catalogue file; see `Database.replace_with`."""
        changes = self.vectors.changes()
        self.database.replace_with(path)
        with self.database.transaction() as connection:
            self.vectors.count_change(connection, at_least=changes)

    def search(self, words: str, limit: int) -> list[tuple[int, float]]:
        """Return (track id, score 0..100) of the present tracks that words name, best first."""
        return search(self.database, words, limit)

    def counts(self) -> dict[str, Any]:
        """Return how much there is: tracks, files by state, hours, problems, playlists."""
        query_one = self.database.query_one
        states = dict(self.database.query("SELECT state, count(*) FROM file GROUP BY state"))
        tracks, seconds = query_one(
            "SELECT count(*), sum(duration) FROM track WHERE id IN "
            "(SELECT track_id FROM file WHERE state = 'ok')"
        )
        (problems,) = query_one(
            "SELECT count(*) FROM file WHERE problem_kind IS NOT NULL AND state <> 'missing'"
        )
        return {
            "tracks": tracks,
            "files": states.get("ok", 0),
            "failed": states.get("failed", 0),
            "missing": states.get("missing", 0),
            "hours": (seconds or 0.0) / 3600,
            "problems": problems,
            "playlists": query_one("SELECT count(*) FROM playlist")[0],
        }

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    def _track_of(self, analysis: Analysis) -> int | None:
        """Return the track that a file is of, or None for a new one.

        A file that changed stays the track it was (its tags were edited, or it was encoded
        anew), unless its length says that it is another song now, or another file of the old
        content remains. Else a file is of the track of an equal file.
        """
        known = self.files.get(analysis.file.stamp.path)
        if known is not None and known.track_id is not None:
            track = self.tracks.get([known.track_id]).get(known.track_id)
            if track is not None and (
                known.fingerprint == analysis.file.fingerprint
                or (
                    abs((track.duration or 0) - (analysis.track.duration or 0)) < _SAME_LENGTH
                    and self.files.count_of(known.track_id) == 1
                )
            ):
                return known.track_id
        for twin in self.files.with_fingerprint(analysis.file.fingerprint):
            if twin.track_id is not None and (known is None or twin.id != known.id):
                return twin.track_id
        return None
