"""Playlists exported from Spotify by Exportify, the way out that most people take."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final

from segue.catalog.incoming import (
    FeatureRecord,
    Part,
    PlaylistRecord,
    Record,
    Skip,
    TrackList,
)
from segue.catalog.records import TrackRecord
from segue.errors import SourceError
from segue.sources.export import Export, ExportFile
from segue.sources.feature_columns import FeatureColumns, column_name
from segue.sources.guard import clean, timestamp
from segue.sources.locations import file_key
from segue.sources.table import Row, first_header, read_table

_IDS: Final = frozenset(("trackuri", "spotifyid", "spotifyuri"))
_CSV: Final = re.compile(r"\.csv$", re.IGNORECASE)


def is_exportify(header: Sequence[str]) -> bool:
    """Return whether a table's header is one that Exportify writes.

    >>> is_exportify(("Track URI", "Track Name", "Artist Name(s)", "Added At"))
    True
    """
    names = {column_name(cell) for cell in header}
    return {"addedat", "trackname"} <= names and not _IDS.isdisjoint(names)


class Exportify:
    """A playlist's CSV file by Exportify, its zip of all playlists, or a folder of them.

    Both programs of that name are read: watsonbox's, and pavelkomarov's, which adds genres and
    Spotify's audio features. Columns are told by their names, which must be English. A comma in
    an artist's name has a backslash before it (watsonbox), or shows by there being more names
    than ids; the names are then left together.

    Parameters
    ----------
    path
        Absolute.
    """

    kind = "exportify"

    def __init__(self, path: Path) -> None:
        self._path = path

    @staticmethod
    def recognises(path: Path, head: bytes) -> bool:
        """Return whether it is such a CSV file, or a zip or folder whose first CSV file is one."""
        return is_exportify(first_header(path, head, _CSV))

    @property
    def location(self) -> str:
        """The absolute path."""
        return str(self._path)

    def parts(self) -> Iterator[Part]:
        """Yield a part for each playlist, by name; see `Source.parts`."""
        export = Export(self._path, _CSV)
        for file in export.files():
            yield Part(file.name, file.stamp, file.size, partial(_read, file, self._key(file)))
        yield from export.left_out()

    def _key(self, file: ExportFile) -> str:
        if self._path.is_dir():
            return file_key(self._path / file.name)
        key = file_key(self._path)
        is_alone = _CSV.search(self._path.name) or not _CSV.search(file.name)
        return key if is_alone else f"{key}#{file.name}"


def _read(file: ExportFile, key: str) -> Iterator[Record]:
    tracks: list[TrackRecord] = []
    added: list[int] = []
    features: dict[TrackRecord, FeatureRecord] = {}
    problem: SourceError | None = None
    with file.open() as stream:
        header, rows = read_table(stream)
        if not is_exportify(header):
            raise SourceError(
                f"{file.name[-100:]} is no playlist of Exportify: its first line should name a "
                f"track's URI, name and time of adding, and has {', '.join(header)[:200]}"
            )
        columns = FeatureColumns.of(header)
        names = [column_name(cell) for cell in header]
        time = names.index("addedat")
        title = names.index("playlistname") if "playlistname" in names else None
        playlist = _named(file.name)
        try:
            for row in rows:
                if isinstance(row, Skip):
                    yield row
                    continue
                if title is not None:
                    playlist = clean(row.cells[title]) or playlist
                track = columns.track(row.cells)
                if columns.cell(row.cells, "id").startswith("spotify:episode:"):
                    yield Skip("a podcast", f"line {row.line}", bad=False)
                elif not track.title and not track.key:
                    yield Skip("no title", f"line {row.line}")
                else:
                    tracks.append(track)
                    added.append(timestamp(row.cells[time]) or 0)
                    if track not in features:
                        yield from _properties(columns, row, track, features)
        except SourceError as error:
            problem = error
    yield PlaylistRecord(
        key, playlist, TrackList.of(tracks), added_at=added if any(added) else None
    )
    yield from features.values()
    if problem:
        raise problem


def _properties(
    columns: FeatureColumns, row: Row, track: TrackRecord, into: dict[TrackRecord, FeatureRecord]
) -> Iterator[Skip]:
    """Note the properties a row gives, if any; Exportify leaves them empty where Spotify does."""
    genres = columns.genres_of(row.cells)
    for record in columns.features(row.cells, track, genres, f"line {row.line}"):
        if isinstance(record, Skip):
            yield record
        elif record != FeatureRecord(track, popularity=record.popularity):
            into[track] = record


def _named(file: str) -> str:
    """Return a playlist's name from its file's: both programs write spaces as underscores."""
    return clean(PurePosixPath(file).name.removesuffix(".csv").replace("_", " "))
