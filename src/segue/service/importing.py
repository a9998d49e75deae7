"""Adding sources other than music: reading their parts, writing batches, reporting."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

from segue.catalog.catalog import Catalog
from segue.catalog.importing import Importer, Tally
from segue.catalog.incoming import Part, Record, Skip
from segue.config import cores
from segue.errors import ServiceError, SourceError
from segue.service.readahead import ReadAhead, batches
from segue.sources.guard import position
from segue.sources.source import Source
from segue.types import display_path

_LARGE: Final = 64 << 20  # bytes from which reading has a process of its own
_PROBLEMS_KEPT: Final = 100


@dataclass
class SourceReport(Tally):
    """What came of adding one source: the numbers of `Tally`, and more.

    Attributes
    ----------
    kind, location
        What it is and where.
    parts, known_parts
        Pieces read in this run, and pieces that were read before and have not changed.
    seconds
        How long it took.
    problems
        (part, message) of what could not be read, and examples of what was skipped as faulty.
    failed
        Parts that could not be read to their end.
    """

    kind: str = ""
    location: str = ""
    parts: int = 0
    known_parts: int = 0
    seconds: float = 0.0
    failed: int = 0
    problems: list[tuple[str, str]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values; `problems` as objects of part and message."""
        return {
            **vars(self),
            "problems": [{"part": part, "message": message} for part, message in self.problems],
        }


@dataclass(frozen=True)
class ImportProgress:
    """How far the reading of a source is.

    Attributes
    ----------
    kind, location
        The source.
    done, total
        Bytes read, and of all parts; 0 where sizes are not known.
    records
        Records read so far, playlists counted by their entries.
    """

    kind: str
    location: str
    done: int
    total: int
    records: int


_Read = Callable[[Part], Iterator[tuple[int, list[Record]]]]  # with how far the part is read
OnImport = Callable[[ImportProgress], None]


def add_source(catalog: Catalog, source: Source, on_progress: OnImport) -> SourceReport:
    """Read a source into the catalogue; parts that were read before and have not changed are not.

    What was read is written within about a second, so that an interrupted run loses little, and
    the next one goes on from there. The caller holds the library's write lock and calls
    `Catalog.refresh` when all sources are done.

    Raises
    ------
    SourceError, ServiceError, UsageError
        If nothing of the source can be read.
    LibraryError
        If the catalogue cannot be written; what was written stays.
    """
    started = time.monotonic()
    found = list(source.parts())
    parts = [replace(part, name=storable(part.name)) for part in found]
    location = storable(source.location)
    report = SourceReport(kind=source.kind, location=location)
    done, total = 0, sum(part.size for part in parts)
    importer: Importer | None = None

    def writer() -> Importer:
        """Return what writes; a source that brings nothing is not put on record."""
        nonlocal importer
        if importer is None:
            importer = catalog.importer(source.kind, location)
            importer.tally = report
        return importer

    def tell(within: int = 0) -> None:
        state = ImportProgress(source.kind, location, done + within, total, report.records)
        on_progress(state)

    known = catalog.provenance.known(source.kind, location)
    read_before = {
        part.name
        for part in parts
        if known is not None and catalog.provenance.is_read(known, part.name, part.stamp)
    }
    unread = [part for part in found if storable(part.name) not in read_before]
    with _reader(source, unread) as read:
        for part in parts:
            tell()
            if part.name in read_before:
                report.known_parts += 1
            else:
                try:
                    with _uncollected():
                        _write(writer, part, read(part), report, tell)
                except (SourceError, ServiceError) as error:
                    report.failed += 1
                    report.problems.append((part.name, str(error)))
                    if isinstance(error, ServiceError):
                        break  # the others would meet the same
                else:
                    report.parts += 1
                    catalog.provenance.mark_read(writer().source_id, part.name, part.stamp)
            done += part.size
    tell()
    report.seconds = time.monotonic() - started
    return report


@contextmanager
def _reader(source: Source, parts: Sequence[Part]) -> Iterator[_Read]:
    """Yield what reads the parts, in their order: a process of its own where they are large."""
    if sum(part.size for part in parts) < _LARGE or cores() < 2:
        yield lambda part: ((position(part.size), batch) for batch in batches(part.read()))
        return
    with ReadAhead(source, [part.name for part in parts]) as ahead:
        yield lambda _: ((ahead.position, batch) for batch in ahead.batches())


@contextmanager
def _uncollected() -> Iterator[None]:
    """Let Python not look for circles: records make none, and the looking takes a fifth."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def storable(name: str) -> str:
    r"""Return a name of something on disk as text that can be kept, also where it is not UTF-8.

    >>> storable("caf\udce9.m3u")
    'caf\\xe9.m3u'
    """
    return display_path(name.encode("utf-8", "surrogateescape"))


def _write(
    writer: Callable[[], Importer],
    part: Part,
    read: Iterator[tuple[int, list[Record]]],
    report: SourceReport,
    tell: Callable[[int], None],
) -> None:
    reached = 0
    for within, batch in read:
        bad = [record for record in batch if isinstance(record, Skip) and record.bad]
        for skip in bad[: max(0, _PROBLEMS_KEPT - len(report.problems))]:
            report.problems.append((part.name, f"{skip.reason}: {skip.where}"))
        writer().write(batch)
        reached = max(reached, within)  # at its end a file is closed
        tell(reached)
