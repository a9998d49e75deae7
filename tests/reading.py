"""Reading a source to its end, for the tests of sources."""

from __future__ import annotations

from segue.catalog.incoming import PlaylistRecord, Record
from segue.errors import SourceError
from segue.sources.source import Source


def read(source: Source) -> tuple[list[Record], str]:
    """What a source gave, and the error that ended it, if any."""
    found: list[Record] = []
    try:
        for part in source.parts():
            for record in part.read():
                found.append(record)  # noqa: PERF402  # what came before an error counts
    except SourceError as error:
        return found, str(error) or repr(error)
    return found, ""


def storable(records: list[Record]) -> None:
    """Fail where a record holds text that cannot be stored."""
    for record in records:
        shown = repr(record)
        if isinstance(record, PlaylistRecord):
            assert record.tracks.keys == [track.key for track in record.tracks]
            shown += repr(list(record.tracks))
        shown.encode()
        assert "\\x00" not in shown
        assert "\\ud8" not in shown
