"""The catalogue: everything a library knows, in one SQLite file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from segue.catalog.chunks import in_chunks
from segue.catalog.database import Database
from segue.catalog.features import Features
from segue.catalog.files import Files
from segue.catalog.genre_guesses import GenreGuesses
from segue.catalog.history import History
from segue.catalog.identity import Identity
from segue.catalog.importing import Importer
from segue.catalog.merges import Merges
from segue.catalog.playlists import Playlists
from segue.catalog.provenance import Provenance
from segue.catalog.records import Analysis, FileStamp, KnownFile, TrackRecord
from segue.catalog.search import search, versions
from segue.catalog.search_index import refresh
from segue.catalog.tracks import Tracks
from segue.catalog.vectors import EmbedderState, Vectors
from segue.config import FILE_NAME

_SAME_LENGTH: Final = 2.0  # seconds by which one recording may differ after an edit
_OLD: Final = "SELECT id FROM track WHERE song_id IS NULL AND key IS NULL AND title <> ''"
_INDEXED_AT_ONCE: Final = 5_000  # songs in one transaction


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
        self.playlists = Playlists(self.database)
        self.history = History(self.database)
        self.features = Features(self.database)
        self.genre_guesses = GenreGuesses(self.database)
        self.provenance = Provenance(self.database)
        self.merges = Merges(self.database)

    def write(
        self, results: Sequence[Analysis | tuple[FileStamp, str, str]]
    ) -> list[tuple[int, bool] | None]:
        """Write what was learned of some files, or (stamp, kind, message) of why nothing was.

        One transaction for all of them. Returns for each its track's id and whether the track is
        new, or None for a failure. A file with the content of another one joins its track.
        """
        outcomes: list[tuple[int, bool] | None] = []
        identity = Identity()
        with self.database.transaction() as connection:
            # All are told before any is written: files may have swapped their names.
            owners = [self._owner(r) if isinstance(r, Analysis) else None for r in results]
            made: dict[bytes, int] = {}  # tracks made in this batch, by content
            left: list[int] = []  # tracks that a file no longer is of
            for result, owner in zip(results, owners, strict=True):
                if not isinstance(result, Analysis) or owner is None:
                    assert not isinstance(result, Analysis), "only failures have no owner"
                    self.files.write_failure(connection, *result)
                    outcomes.append(None)
                    continue
                content = result.file.fingerprint
                id_ = made.get(content) if owner.track_id is None else owner.track_id
                new = id_ is None
                if id_ is None or owner.describes:
                    id_ = self.tracks.write_tags(connection, result.track, id_)
                    identity.place_file(connection, id_, result.track, result.file.stamp.path)
                self.tracks.write_heard(connection, result, id_)
                made.setdefault(content, id_)
                if owner.before is not None and owner.before != id_:
                    left.append(owner.before)
                self.files.write(connection, result.file, id_)
                for record in result.vectors:
                    self.vectors.write(connection, id_, record)
                outcomes.append((id_, new))
            for id_ in left:
                self.tracks.delete_orphan(connection, id_)
            if any(outcomes):
                self.vectors.count_change(connection)
            refresh(connection, limit=_INDEXED_AT_ONCE)
        return outcomes

    def importer(self, kind: str, location: str) -> Importer:
        """Return what writes the records of a source; the source is put on record."""
        return Importer(self.database, self.provenance.id_of(kind, location), self.playlists)

    def refresh(self, on_progress: Callable[[int, int], None] = lambda *_: None) -> None:
        """Bring up to date what is counted and what is searched, after sources were added.

        `on_progress` is told how many songs were indexed, of how many. Nothing is lost when it is
        interrupted: the next time goes on.
        """
        self.playlists.recount()
        (total,) = self.database.query_one("SELECT count(*) FROM song WHERE stale")
        done = 0
        while True:
            with self.database.transaction() as connection:
                some = refresh(connection, limit=_INDEXED_AT_ONCE)
            if not some:
                return
            done += some
            on_progress(done, max(total, done))

    def remove_source(self, source_id: int) -> None:
        """Take out a source with all it brought.

        What other sources had as well comes back when they are added again.
        """
        self.provenance.remove(source_id)
        used: set[int] = set()
        for _, tracks in self.playlists.entries():
            used.update(tracks.tolist())
        self.provenance.remove_tracks(source_id, used)
        self.refresh()

    def relocate(
        self, moves: Sequence[tuple[KnownFile, FileStamp]], tags: Mapping[int, TrackRecord]
    ) -> None:
        """Record files that were moved, renamed or only touched, without listening to them again.

        `tags` has, by file, what the new names say of songs; the first file of a track names it.
        """
        for chunk in in_chunks(moves):
            with self.database.transaction() as connection:
                self.files.relocate(connection, chunk)
                for known, _ in chunk:
                    track_id = known.track_id
                    if track_id is None or known.id not in tags:
                        continue
                    if self.files.first_of(track_id) == known.id:
                        self.tracks.write_tags(connection, tags[known.id], track_id)
                        path = self.files.path_of(known.id)
                        Identity().place_file(connection, track_id, tags[known.id], path)
        with self.database.transaction() as connection:
            if self.tracks.delete_orphans(connection):
                self.vectors.count_change(connection)

    def move(self, old: bytes, new: bytes) -> int:
        """Rewrite every path at or below `old` to lie below `new`; return how many files moved."""
        with self.database.transaction() as connection:
            moved = self.files.move(connection, old, new)
            if self.tracks.delete_orphans(connection):
                self.vectors.count_change(connection)
            return moved

    def mark(self, ids: Sequence[int], state: str) -> None:
        """Set the state of files to ``missing``, or to ``ok`` when they are back."""
        for chunk in in_chunks(ids):
            with self.database.transaction() as connection:
                self.files.mark(connection, chunk, state)

    def forget(self, ids: Sequence[int]) -> None:
        """Take files out, and the tracks that have no other."""
        for chunk in in_chunks(ids):
            with self.database.transaction() as connection:
                self.files.forget(connection, chunk)
                self.tracks.delete_orphans(connection)
                self.vectors.count_change(connection)

    def retire(self, embedder: EmbedderState) -> None:
        """Delete an embedder with all its vectors, a part at a time."""
        for chunk in in_chunks(self.vectors.tracks_of(embedder)):
            with self.database.transaction() as connection:
                self.vectors.delete(connection, embedder, chunk)
        with self.database.transaction() as connection:
            self.vectors.delete_embedder(connection, embedder)
            self.vectors.count_change(connection)

    def replace_with(self, path: Path) -> None:
        """Take over the content of another catalogue file; see `Database.replace_with`."""
        _, changes = self.vectors.changes()
        self.database.replace_with(path)
        with self.database.transaction() as connection:
            self.vectors.count_change(connection, at_least=changes)
        self.place_old_tracks()

    def search(self, words: str, limit: int, *, present: bool = False) -> list[tuple[int, float]]:
        """Return (track id, score 0..100) of what words name, best first, one track a song.

        `present` takes only songs that have a file now.
        """
        return search(self.database, words, limit, present=present)

    def versions(self, ids: Sequence[int]) -> dict[int, list[int]]:
        """Return, by track, all tracks that are the same song, the one most in playlists first."""
        return versions(self.database, ids)

    def counts(self) -> dict[str, Any]:
        """Return how much there is.

        `tracks`, `files` and `hours` are of the music that is present; `known_tracks`, `songs` and
        `artists` of all that any source named.
        """
        query_one = self.database.query_one
        states = dict(self.database.query("SELECT state, count(*) FROM file GROUP BY state"))
        tracks, seconds = query_one(
            "SELECT count(*), sum(duration) FROM track WHERE id IN "
            "(SELECT track_id FROM file WHERE state = 'ok')"
        )
        (problems,) = query_one(
            "SELECT count(*) FROM file WHERE problem_kind IS NOT NULL AND state <> 'missing'"
        )
        playlists, entries = self.playlists.counts()
        return {
            "tracks": tracks,
            "files": states.get("ok", 0),
            "failed": states.get("failed", 0),
            "missing": states.get("missing", 0),
            "hours": (seconds or 0.0) / 3600,
            "problems": problems,
            "known_tracks": query_one("SELECT count(*) FROM track")[0],
            "songs": query_one("SELECT count(*) FROM song")[0],
            "artists": query_one("SELECT count(*) FROM artist")[0],
            "albums": query_one("SELECT count(*) FROM album")[0],
            "playlists": playlists,
            "entries": entries,
            **self.history.counts(),
            "features": self.features.count(),
            "merges": self.merges.counts(),
        }

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    def has_old_tracks(self) -> bool:
        """Return whether there are tracks of an older format, that have no songs yet."""
        return self.database.query_one(f"{_OLD} LIMIT 1") is not None

    def place_old_tracks(self) -> None:
        """Give the tracks of an older format their songs, within the library's lock."""
        ids = [id_ for (id_,) in self.database.query(_OLD)]
        for chunk in in_chunks(ids):
            records = self.tracks.records(chunk)
            with self.database.transaction() as connection:
                identity = Identity()
                for id_, record in records.items():
                    identity.place_file(connection, id_, record)
        if ids:
            self.refresh()

    def _owner(self, analysis: Analysis) -> _Owner:
        """Tell which track a file is of.

        That of a file with the same content; else, where a file changed, the track it was (its
        tags were edited, or it was encoded anew), unless its length says that it is another song
        now, or another file of the old content remains.
        """
        path, content = analysis.file.stamp.path, analysis.file.fingerprint
        known = self.files.get(path)
        before = known.track_id if known is not None else None
        if known is not None and before is not None and known.fingerprint == content:
            return _Owner(before, before, describes=self.files.first_of(before) == known.id)
        for twin in self.files.with_fingerprint(content):
            if twin.track_id is not None:
                return _Owner(twin.track_id, before, describes=False)
        if before is not None and self.files.count_of(before) == 1:
            track = self.tracks.get([before])[before]
            if abs((track.duration or 0) - (analysis.track.duration or 0)) < _SAME_LENGTH:
                return _Owner(before, before, describes=True)
        return _Owner(None, before, describes=True)


@dataclass(frozen=True)
class _Owner:
    """The track a file is of, or None for a new one; the one it was of; whether it names it."""

    track_id: int | None
    before: int | None
    describes: bool
