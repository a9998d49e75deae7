"""Tables of songs with properties of their sound, as people publish them in CSV files."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

from segue.catalog.incoming import Part, Record, Skip
from segue.errors import SourceError
from segue.sources.exportify import is_exportify
from segue.sources.feature_columns import SAMPLE, FeatureColumns
from segue.sources.guard import file_stamp, shown
from segue.sources.table import Row, header_of, open_table, read_table

_Genres = dict[str, tuple[str, ...]]


class FeatureTable:
    """A CSV or TSV file, packed by gzip or not, of songs with valence, energy, tempo and the like.

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
    def recognises(path: Path, head: bytes) -> bool:  # noqa: ARG004
        """Return whether the file's first line names songs, artists and a property of sound."""
        header = header_of(head)
        return FeatureColumns.of(header).tell_sound and not is_exportify(header)

    @property
    def location(self) -> str:
        """The absolute path."""
        return str(self._path)

    def parts(self) -> Iterator[Part]:
        """Yield the file as one part."""
        stamp, size = file_stamp(self._path)
        yield Part(self._path.name, stamp, size, self._read)

    def _read(self) -> Iterator[Record]:
        genres = self._genres()
        seen: set[str] = set()
        with open_table(self._path) as stream:
            header, rows = read_table(stream)
            sample, rest = _sampled(rows)
            known = [row.cells for row in sample if isinstance(row, Row)]
            columns = FeatureColumns.of(header, known)
            if not columns.tell_sound:
                raise SourceError(
                    f"{shown(self._path)} is no table of songs: its first line should name a "
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

    def _genres(self) -> _Genres:
        """Read all rows for the genres of each song: its rows may be far apart."""
        found: _Genres = {}
        same: dict[tuple[str, ...], tuple[str, ...]] = {}  # a table has few, of very many songs
        with open_table(self._path) as stream:
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
