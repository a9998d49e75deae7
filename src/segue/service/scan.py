"""What is to be done about the files of some folders, told from names, sizes and times alone."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from segue.catalog.catalog import Catalog
from segue.catalog.records import FileStamp, KnownFile
from segue.sources.fingerprint import fingerprint
from segue.sources.walk import UNREADABLE_FILE, UNREADABLE_FOLDER, FoundFile, walk

# Failures that another try may not meet again though the file is the same.
_PASSING: Final = frozenset({"changed", "crashed", "error", "missing", "timeout", "unreadable"})
_FOLDER_KINDS: Final = frozenset({UNREADABLE_FOLDER, UNREADABLE_FILE})


@dataclass
class Plan:
    """The outcome of a scan.

    Attributes
    ----------
    todo
        Files to be analysed, in the order they were found.
    updating
        Those of them whose earlier state is known, by path.
    moved
        Known files with the place they have now; not analysed again.
    back, gone
        Ids of known files that are there again, or no longer.
    unchanged
        How many files need nothing.
    failing
        How many of those could not be used before, and are still the same.
    mended
        Ids of records without a song whose trouble is over: nothing is there any more.
    unread
        (path, kind, message) of what could not be looked at.
    """

    todo: list[FileStamp] = field(default_factory=list)
    updating: set[bytes] = field(default_factory=set)
    moved: list[tuple[KnownFile, FileStamp]] = field(default_factory=list)
    back: list[int] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    unchanged: int = 0
    failing: int = 0
    unread: list[tuple[bytes, str, str]] = field(default_factory=list)
    mended: list[int] = field(default_factory=list)


def scan(catalog: Catalog, roots: Sequence[bytes]) -> Plan:
    """Compare the folders with the catalogue.

    A file whose size and time are those on record needs nothing. One that is new, but whose
    content is that of a known file that is no longer where it was, was moved. A known file that
    is not found any more is gone, unless it lies where nothing could be read.
    """
    plan = Plan()
    known: dict[bytes, KnownFile] = {}
    found: dict[bytes, FoundFile] = {}
    for root in roots:
        known.update(catalog.files.under(root))
        for file in walk(root, on_problem=lambda *problem: plan.unread.append(problem)):
            found.setdefault(file.path, file)
    sizes = catalog.files.sizes()
    taken: set[int] = set()  # known files that were found again
    for file in found.values():
        stamp = FileStamp(file.path, file.size, file.mtime_ns)
        before = known.get(file.path)
        if before is not None and before.stamp == stamp:
            _same(plan, before)
        elif file.size in sizes and (twin := _moved(catalog, stamp, found, taken)) is not None:
            plan.moved.append((twin, stamp))
            taken.add(twin.id)
        else:
            plan.todo.append(stamp)
            if before is not None and before.track_id is not None:
                plan.updating.add(file.path)
    _absent(plan, known, found)
    return plan


def _same(plan: Plan, known: KnownFile) -> None:
    if known.state == "missing":
        if known.track_id is None:
            plan.todo.append(known.stamp)
        else:
            plan.back.append(known.id)
    elif known.state == "failed" and known.problem_kind in _PASSING:
        plan.todo.append(known.stamp)
    else:
        plan.unchanged += 1
        plan.failing += known.state == "failed"


def _moved(
    catalog: Catalog, stamp: FileStamp, found: dict[bytes, FoundFile], taken: set[int]
) -> KnownFile | None:
    """Return the known file that this one is, under another name or only with another time."""
    try:
        content = fingerprint(stamp.path, stamp.size)
    except OSError:
        return None  # the analysis will say what is wrong
    twins = [
        twin
        for twin in catalog.files.with_fingerprint(content)
        if twin.track_id is not None and twin.id not in taken
    ]
    same_path = [twin for twin in twins if twin.stamp.path == stamp.path]
    return next(iter(same_path), None) or next((twin for twin in twins if _left(twin, found)), None)


def _left(known: KnownFile, found: dict[bytes, FoundFile]) -> bool:
    """Return whether a known file is no longer where it was, or something else is there now."""
    there = found.get(known.stamp.path)
    if there is not None:
        return (there.size, there.mtime_ns) != (known.stamp.size, known.stamp.mtime_ns)
    return not os.path.lexists(known.stamp.path)


def _absent(plan: Plan, known: dict[bytes, KnownFile], found: dict[bytes, FoundFile]) -> None:
    unread = [path for path, kind, _ in plan.unread if kind in _FOLDER_KINDS]
    separator = os.fsencode(os.sep)
    moved = {twin.id for twin, _ in plan.moved}
    for path, file in known.items():
        if path in found or file.id in moved:
            continue
        if any(path == p or path.startswith(p.rstrip(separator) + separator) for p in unread):
            continue
        if file.track_id is None:
            plan.mended.append(file.id)  # a note of trouble that is over
        elif file.state != "missing":
            plan.gone.append(file.id)
