"""A user's own export from ListenBrainz: listens by month, and what was loved and hated.

A listen's time is when it began, and nothing says how long it lasted or whether it was skipped.
Feedback names no song, only an id; its names are those of the listens that have it. Pinned
recordings, and the user's name in ``user.json``, are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final
from zlib import crc32

from segue.catalog.incoming import ListenRecord, Part, RatingRecord, Record, Skip
from segue.catalog.records import TrackRecord
from segue.errors import SourceError
from segue.sources.export import Export, ExportFile, export_names
from segue.sources.guard import number
from segue.sources.listenbrainz_json import (
    EARLIEST,
    LATEST,
    json_lines,
    listen_record,
    listened_track,
    mbid,
    recording_ids,
)

_LISTENS: Final = re.compile(r"(?:^|/)listens/\d{4}/\d{1,2}\.jsonl$")
_FEEDBACK: Final = re.compile(r"(?:^|/)feedback\.jsonl$")
_USER: Final = re.compile(r"(?:^|/)user\.json$")
_WANTED: Final = re.compile(f"{_LISTENS.pattern}|{_FEEDBACK.pattern}")
_AT_ONCE: Final = 100_000  # rows of feedback whose names are looked for in one pass


class ListenBrainzExport:
    """The zip ``listenbrainz_<user>_<time>.zip``, or the folder it unpacks to."""

    kind = "listenbrainz"

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def location(self) -> str:
        """The absolute path."""
        return str(self.path)

    @staticmethod
    def recognises(path: Path, head: bytes) -> bool:  # noqa: ARG004 - the names tell
        """Return whether there are months of listens, or a user with feedback."""
        names = export_names(path)
        return any(map(_LISTENS.search, names)) or (
            any(map(_FEEDBACK.search, names)) and any(map(_USER.search, names))
        )

    def parts(self) -> Iterator[Part]:
        """Yield the months by name, then the feedback.

        Raises
        ------
        SourceError
            As `Source.parts`.
        """
        export = Export(self.path, _WANTED)
        files = export.files()
        listens = [file for file in files if not _FEEDBACK.search(file.name)]
        for file in listens:
            yield Part(file.name, file.stamp, file.size, partial(_listens, file))
        # Another month of listens may tell what a feedback that was read before is about.
        months = crc32(" ".join(f"{file.name} {file.stamp}" for file in listens).encode())
        for file in files:
            if _FEEDBACK.search(file.name):
                stamp = f"{file.stamp} {months:08x}"
                yield Part(file.name, stamp, file.size, partial(_feedback, file, listens))
        yield from export.left_out()


def _listens(file: ExportFile) -> Iterator[ListenRecord | Skip]:
    with file.open() as stream:
        for row in json_lines(stream):
            yield row if isinstance(row, Skip) else listen_record(row)


def _feedback(file: ExportFile, listens: Sequence[ExportFile]) -> Iterator[Record]:
    with file.open() as stream:
        rows = json_lines(stream)
        while batch := list(islice(rows, _AT_ONCE)):
            wanted = {id_ for row in batch if not isinstance(row, Skip) for id_ in _ids(row)}
            names = _names(wanted, listens)
            for row in batch:
                yield row if isinstance(row, Skip) else _rating(row, names)


def _ids(row: Mapping[str, Any]) -> list[str]:
    ids = (mbid(row.get(name)) for name in ("recording_mbid", "recording_msid"))
    return [id_ for id_ in ids if id_]


def _names(wanted: set[str], listens: Sequence[ExportFile]) -> dict[str, TrackRecord]:
    """Return the song of each id that is wanted and was listened to."""
    names: dict[str, TrackRecord] = {}
    for file in listens:
        if len(names) == len(wanted):
            break
        try:
            with file.open() as stream:
                for row in json_lines(stream):
                    if isinstance(row, Skip):
                        continue
                    new = [id_ for id_ in recording_ids(row) if id_ in wanted and id_ not in names]
                    if new and (track := listened_track(row)) is not None:
                        names.update(dict.fromkeys(new, track))
        except SourceError:  # its own part tells of it
            continue
    return names


def _rating(row: Mapping[str, Any], names: Mapping[str, TrackRecord]) -> RatingRecord | Skip:
    ids = _ids(row)
    score = number(row.get("score"))
    at = number(row.get("created"), EARLIEST, LATEST)
    if score not in (-1, 0, 1):
        return Skip("feedback that is neither love nor hate", " ".join(ids)[:100])
    track = next((names[id_] for id_ in ids if id_ in names), None)
    if track is None:
        reason = "feedback on a recording that was never listened to"
        return Skip(reason, " ".join(ids)[:100], bad=False)
    return RatingRecord(track, score, None if at is None else int(at))
