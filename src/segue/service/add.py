"""Adding folders: scan, analyse in processes of their own, write, report."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from segue.audio.embedders import current_name
from segue.catalog.catalog import Catalog
from segue.catalog.records import Analysis, FileStamp, KnownFile, TrackRecord
from segue.config import cores
from segue.errors import ServiceError, SourceError, UsageError
from segue.service.importing import ImportProgress, SourceReport, add_source, storable
from segue.service.scan import Plan, scan
from segue.service.tagging import track_record
from segue.service.worker import Failure, Workers
from segue.sources.source import Source
from segue.sources.tags import describe_file
from segue.sources.walk import NO_MEDIA, NOT_AUDIO
from segue.types import SCHEMA_VERSION, display_path

_LIMIT: Final = 120.0  # seconds for one file
_BATCH: Final = 16  # files written in one transaction ...
_BATCH_SECONDS: Final = 1.0  # ... or those of so long


@dataclass(frozen=True)
class AddProgress:
    """How far an `add` is.

    Attributes
    ----------
    phase
        ``scan`` or ``listen``, where counts are of files; ``read``, where they are bytes of a
        source (0 where it cannot tell); ``index``, where they are songs.
    path, problem
        The file just done, or the source; and what was wrong with it, or empty.
    records
        Read of the source so far, playlists counted by their entries.
    """

    phase: Literal["scan", "listen", "read", "index"]
    done: int = 0
    total: int = 0
    failed: int = 0
    music_seconds: float = 0.0
    path: bytes = b""
    problem: str = ""
    records: int = 0


@dataclass
class AddReport:
    """What an `add` did, in numbers of files.

    Attributes
    ----------
    added, updated
        Analysed: new ones, and ones that had changed.
    relistened
        Heard again, unchanged, because the embedder is a newer one.
    unchanged, moved, back, missing
        Not analysed: as before, under another name, there again, no longer there.
    failed
        Could not be used, in this run.
    still_failing
        Failed before and have not changed; not tried again.
    damaged
        Analysed, though only in part.
    music_seconds, seconds
        Length of the music analysed, and how long the whole run took.
    embedder
        What listened, as ``name/version``.
    problems
        (path, message) of each file that failed.
    sources
        What came of each source other than music.
    """

    added: int = 0
    updated: int = 0
    relistened: int = 0
    unchanged: int = 0
    moved: int = 0
    back: int = 0
    missing: int = 0
    failed: int = 0
    still_failing: int = 0
    damaged: int = 0
    music_seconds: float = 0.0
    seconds: float = 0.0
    embedder: str = ""
    problems: list[tuple[str, str]] = field(default_factory=list)
    sources: list[SourceReport] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values; `problems` as objects of path and message."""
        values = {**vars(self), "schema": SCHEMA_VERSION}
        values["sources"] = [source.to_json() for source in self.sources]
        values["problems"] = [{"path": p, "message": m} for p, m in self.problems]
        return values


OnProgress = Callable[[AddProgress], None]


def add_sources(
    catalog: Catalog, sources: Sequence[Source], *, on_progress: OnProgress = lambda _: None
) -> list[SourceReport]:
    """Read sources other than music into the catalogue, then count and index what they brought.

    The caller holds the library's write lock.

    Raises
    ------
    SourceError, ServiceError, UsageError
        If the only source cannot be read at all; of several, it is told in its report.
    LibraryError
        If the catalogue cannot be written; what was written stays.
    """

    def tell(state: ImportProgress) -> None:
        path = os.fsencode(state.location)
        on_progress(AddProgress("read", state.done, state.total, path=path, records=state.records))

    reports: list[SourceReport] = []
    with catalog.database.bulk():
        for source in sources:
            try:
                reports.append(add_source(catalog, source, tell))
            except (SourceError, ServiceError, UsageError) as error:
                if len(sources) == 1:
                    raise
                where = storable(source.location)
                failed = SourceReport(kind=source.kind, location=where, failed=1)
                failed.problems.append((where, str(error)))
                reports.append(failed)
        catalog.refresh(lambda done, total: on_progress(AddProgress("index", done, total)))
    return reports


def add(
    catalog: Catalog,
    folders: Sequence[bytes],
    *,
    ear_folder: Path,
    workers: int | None = None,
    on_progress: OnProgress = lambda _: None,
) -> AddReport:
    """Bring the catalogue up to date with folders, and with the ear.

    Every result is written within about a second, so that an interrupted run loses only the files
    in flight, and the next one goes on from there. The caller holds the library's write lock.

    Parameters
    ----------
    folders
        Absolute paths of folders or files.
    workers
        Processes that analyse; None takes as many as there are cores.

    Raises
    ------
    UsageError
        If `workers` is below 1 or a folder does not exist.
    LibraryError
        If the catalogue cannot be written, for instance on a full disk; what was written stays.
    """
    started = time.monotonic()
    count = cores() if workers is None else workers
    if count < 1:
        raise UsageError(f"workers is {count}, expected at least 1")
    for folder in folders:
        if not os.path.exists(folder):
            raise UsageError(
                f"{display_path(folder)} does not exist; name a folder of music or an audio file"
            )
    on_progress(AddProgress("scan"))
    plan = scan(catalog, folders)
    for path, kind, message in plan.unread:
        if path in folders and kind in (NOT_AUDIO, NO_MEDIA):
            raise UsageError(message)
    name, version = current_name(ear_folder)
    report = AddReport(embedder=f"{name}/{version}")
    _apply(catalog, plan, report)
    for folder in folders:
        catalog.files.add_root(folder)
    again = _to_hear_again(catalog, plan, name, version)
    run = _Run(catalog, plan, report, again, on_progress)
    pool = Workers(_make_analyser, (ear_folder,), count=count, limit=_LIMIT)
    run.write_all(pool, [*plan.todo, *again])
    _retire_embedders(catalog, name, version)
    report.seconds = time.monotonic() - started
    return report


def _make_analyser(ear_folder: Path) -> Callable[[FileStamp], Any]:
    # Imported by the workers alone: a run that finds nothing new does without.
    from segue.service.analyse import Analyser

    return Analyser(ear_folder)


class _Run:
    """Collects results into short transactions and keeps the report."""

    def __init__(
        self,
        catalog: Catalog,
        plan: Plan,
        report: AddReport,
        again: Sequence[FileStamp],
        on_progress: OnProgress,
    ) -> None:
        self.catalog = catalog
        self.plan = plan
        self.report = report
        self.again = {stamp.path for stamp in again}
        self.on_progress = on_progress
        self.total = len(plan.todo) + len(again)
        self._batch: list[Analysis | tuple[FileStamp, str, str]] = []
        self._since = time.monotonic()

    def write_all(self, pool: Workers, stamps: Sequence[FileStamp]) -> None:
        """Analyse the files and write the results, in order."""
        done = 0
        self.on_progress(AddProgress("listen", total=self.total))
        try:
            with closing(pool.map(stamps, on_idle=self._flush)) as results:
                for stamp, result in results:
                    self._collect(stamp, result)
                    done += 1
                    if (
                        len(self._batch) >= _BATCH
                        or time.monotonic() - self._since > _BATCH_SECONDS
                    ):
                        self._flush()
                    self.on_progress(
                        AddProgress(
                            "listen",
                            done,
                            self.total,
                            self.report.failed,
                            self.report.music_seconds,
                            stamp.path,
                            "" if isinstance(result, Analysis) else self.report.problems[-1][1],
                        )
                    )
        finally:  # also on Ctrl-C: what is finished is kept
            self._flush()

    def _collect(self, stamp: FileStamp, result: Any) -> None:
        if isinstance(result, Failure):
            result = (stamp, result.kind, result.message)
        self._batch.append(result)
        self._count(stamp, result)

    def _flush(self) -> None:
        batch, self._batch = self._batch, []
        if batch:
            self.catalog.write(batch)
        self._since = time.monotonic()

    def _count(self, stamp: FileStamp, outcome: Analysis | tuple[FileStamp, str, str]) -> None:
        report = self.report
        if not isinstance(outcome, Analysis):
            report.failed += 1
            report.problems.append((display_path(stamp.path), outcome[2]))
            return
        report.music_seconds += outcome.track.duration or 0.0
        report.damaged += outcome.file.problem is not None
        if stamp.path in self.again:
            report.relistened += 1
        elif stamp.path in self.plan.updating:
            report.updated += 1
        else:
            report.added += 1


def _apply(catalog: Catalog, plan: Plan, report: AddReport) -> None:
    """Write what the scan alone has settled."""
    renamed = [(k, stamp) for k, stamp in plan.moved if k.stamp.path != stamp.path]
    if plan.moved:
        catalog.relocate(plan.moved, _renamed_tags(catalog, renamed))
    if plan.back:
        catalog.mark(plan.back, "ok")
    if plan.gone:
        catalog.mark(plan.gone, "missing")
    if plan.mended:
        catalog.forget(plan.mended)
    for path, kind, text in plan.unread:
        known = catalog.files.get(path)
        if known is None or known.track_id is None:  # what is known of a song stays
            catalog.write([(FileStamp(path, 0, 0), kind, text)])
    report.moved = len(renamed)
    report.unchanged = plan.unchanged + len(plan.moved) - len(renamed)
    report.back = len(plan.back)
    report.missing = len(plan.gone)
    report.failed = len(plan.unread)
    report.still_failing = plan.failing
    report.problems += [(display_path(path), message) for path, _, message in plan.unread]


def _renamed_tags(
    catalog: Catalog, renamed: Sequence[tuple[KnownFile, FileStamp]]
) -> dict[int, TrackRecord]:
    """Read the tags of renamed files again: where they have none, the names tell."""
    tracks = catalog.tracks.get(known.track_id for known, _ in renamed if known.track_id)
    return {
        known.id: track_record(describe_file(stamp.path), tracks[known.track_id].duration)
        for known, stamp in renamed
        if known.track_id in tracks
    }


def _to_hear_again(catalog: Catalog, plan: Plan, name: str, version: str) -> list[FileStamp]:
    """Return present files whose tracks have no vector by this embedder, all over the library.

    Plain descriptors never replace what the ear has heard: then only new files get them.
    """
    others = [e for e in catalog.vectors.embedders() if (e.name, e.version) != (name, version)]
    if name == "plain" and any(e.tracks for e in others):
        return []
    todo = {stamp.path for stamp in plan.todo}
    lacking = catalog.files.lacking(name, version)
    return [  # without those of a disk that is not there now
        known.stamp
        for known in lacking
        if known.stamp.path not in todo and os.path.lexists(known.stamp.path)
    ]


def _retire_embedders(catalog: Catalog, name: str, version: str) -> None:
    """Delete the vectors of other embedders once this one has heard every present track."""
    if name == "plain" or catalog.files.lacking(name, version):
        return
    for embedder in catalog.vectors.embedders():
        if (embedder.name, embedder.version) != (name, version):
            catalog.retire(embedder)
