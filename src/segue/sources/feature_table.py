"""Tables of songs with properties of their sound, as people publish them in CSV files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Final

from segue.catalog.incoming import Part, Record, Skip
from segue.errors import SourceError
from segue.sources.export import Export, ExportFile
from segue.sources.exportify import is_exportify
from segue.sources.feature_columns import SAMPLE, FeatureColumns
from segue.sources.table import Row, first_header, open_table, read_table

_TABLE: Final = re.compile(r"\.(?:csv|tsv|tab)(?:\.gz)?$", re.IGNORECASE)
_Genres = dict[str, tuple[str, ...]]


class FeatureTable:
    """CSV or TSV files, packed by gzip or not, of songs with valence, energy, tempo and the like.

    One is a part; they may lie in a folder or a zip.

    Columns are told by their names, whatever their case, spaces and underscores; see
    `FeatureColumns`. Known to fit are TidyTuesday's `spotify_songs.csv`, the common dumps of
    Spotify's audio features, and Deezer's mood data set (Delbouys et al., "Music mood detection
    based on audio and lyrics with deep neural net", ISMIR 2018).

    Values that a table gives as 0..100 become 0..1: where the column's name says so (``%``), or
    every value among the first 1,000 rows. Deezer's valence and arousal are standard scores; they
    become 0..1 by the normal distribution function. That is our own convention: 0.5 is the data
    set's average, and ranks are kept.

    A song that stands in several rows under one id, one for each playlist that has it, is given
    once, by its first row, with the genres of all. One that has such an id may lack its names:
    another source will bring them.

    Parameters
    ----------
    path
        Absolute.
    """

    kind = "feature_table"

    def __init__(self, path: Path) -> None:
        self._path = path

    @staticmethod
    def recognises(path: Path, head: bytes) -> bool:
        """Return whether the first line names songs and a property of sound.

        Of a folder or zip the first table by name is looked at.
        """
        return _is_table(first_header(path, head, _TABLE))

    @property
    def location(self) -> str:
        """The absolute path."""
        return str(self._path)

    def parts(self) -> Iterator[Part]:
        """Yield a part for each file, by name; see `Source.parts`."""
        export = Export(self._path, _TABLE)
        for file in export.files():
            yield Part(file.name, file.stamp, file.size, partial(_read, file))
        yield from export.left_out()


def _is_table(header: tuple[str, ...]) -> bool:
    return FeatureColumns.of(header).tell_sound and not is_exportify(header)


def _read(file: ExportFile) -> Iterator[Record]:
    genres = _genres(file)
    seen: set[str] = set()
    with open_table(file) as stream:
        header, rows = read_table(stream)
        sample, rest = _sampled(rows)
        known = [row.cells for row in sample if isinstance(row, Row)]
        columns = FeatureColumns.of(header, known)
        if not columns.tell_sound:
            raise SourceError(
                f"{file.name[-100:]} is no table of songs: its first line should name a "
                "title, an artist and a property such as valence, energy or tempo, and has "
                f"{', '.join(header)[:200] or 'nothing'}"
            )
        for row in chain(sample, rest):
            if isinstance(row, Skip):
                yield row
                continue
            where = f"line {row.line}"
            track = columns.track(row.cells)
            if not track.key and not (track.title and track.artist):
                yield Skip("no title or no artist", where)
            elif track.key in seen:
                yield Skip("another row of the same song", where, bad=False)
            else:
                if track.key:
                    seen.add(track.key)
                of_all = genres.get(track.key) or columns.genres_of(row.cells)
                yield from columns.features(row.cells, track, of_all, where)


def _genres(file: ExportFile) -> _Genres:
    """Read all rows for the genres of each song: its rows may be far apart."""
    found: _Genres = {}
    same: dict[tuple[str, ...], tuple[str, ...]] = {}  # a table has few, of very many songs
    with open_table(file) as stream:
        header, rows = read_table(stream)
        columns = FeatureColumns.of(header)
        if not columns.genres or columns.places.keys().isdisjoint({"id", "deezer"}):
            return {}
        try:
            for row in rows:
                key = columns.key(row.cells) if isinstance(row, Row) else ""
                if isinstance(row, Row) and key:
                    all_of_it = (*found.get(key, ()), *columns.genres_of(row.cells))
                    unique = tuple(dict.fromkeys(all_of_it))
                    found[key] = same.setdefault(unique, unique)
        except SourceError:
            pass  # met again, and told, when the rows themselves are read
    return found


def _sampled(rows: Iterator[Row | Skip]) -> tuple[list[Row | Skip], Iterator[Row | Skip]]:
    """Return the first rows and the rest, which raises what went wrong among the first ones."""
    sample: list[Row | Skip] = []
    try:
        for row in islice(rows, SAMPLE):
            sample.append(row)  # noqa: PERF402  # what was read before an error is kept
    except SourceError as error:
        return sample, _failing(error)
    return sample, rows


def _failing(error: SourceError) -> Iterator[Row | Skip]:
    yield from ()
    raise error
