"""What a crawl has brought so far, for its report and for tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from segue.catalog.database import Database
from segue.catalog.features import NAMES
from segue.catalog.playlists import ID

_TRACK: Final = ("title", "album", "year", "duration")


@dataclass(frozen=True)
class WordFigures:
    """A word, in how many titles it was seen, and what searching for it brought.

    `found` are the playlists that it was the first to find, of all `results` on its pages.
    """

    word: str
    titles: int
    pages: int
    results: int
    found: int


class CrawlPicture:
    """Reads what a crawl of one source brought."""

    def __init__(self, database: Database, source_id: int) -> None:
        self._database = database
        self._source = source_id

    def words(self) -> list[WordFigures]:
        """Return the words that were searched for, those first that found most."""
        rows = self._database.query(
            "SELECT word, count, pages, results, coalesce(found, 0) FROM crawl_word LEFT JOIN "
            "(SELECT word AS by_word, count(*) AS found FROM crawl_playlist "
            "WHERE source_id = ?1 GROUP BY word) ON by_word = word "
            "WHERE source_id = ?1 AND state <> 'new' ORDER BY 5 DESC, word",
            (self._source,),
        )
        return [WordFigures(*row) for row in rows]

    def days(self) -> list[tuple[str, int, int, int]]:
        """Return by day: its local date, playlists found, playlists read, and their entries."""
        day = "date({}, 'unixepoch', 'localtime')"
        found = self._database.query(
            f"SELECT {day.format('found_at')}, count(*) FROM crawl_playlist "
            "WHERE source_id = ? GROUP BY 1",
            (self._source,),
        )
        read = self._database.query(
            f"SELECT {day.format('settled_at')}, count(*), sum(entries) FROM crawl_playlist "
            "WHERE source_id = ? AND state = 'done' GROUP BY 1",
            (self._source,),
        )
        days: dict[str, tuple[int, int, int]] = {date: (count, 0, 0) for date, count in found}
        for date, count, entries in read:
            days[date] = (days.get(date, (0, 0, 0))[0], count, entries)
        return [(date, *days[date]) for date in sorted(days)]

    def entry_counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return how many entries of the source's playlists each track has, and each artist.

        Tracks and artists without any are left out; a track counts for its first artist.
        """
        with self._database.snapshot():
            return self._entry_counts()

    def _entry_counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        (last,) = self._database.query_one("SELECT coalesce(max(id), 0) FROM track")
        counts = np.zeros(last + 1, dtype=np.int64)
        for (items,) in self._database.stream(
            "SELECT items FROM playlist WHERE source_id = ?", (self._source,)
        ):
            ids, times = np.unique(np.frombuffer(items, ID), return_counts=True)
            counts[ids] += times
        pair = np.dtype([("track", np.int64), ("artist", np.int64)])
        rows = np.fromiter(
            self._database.stream("SELECT id, artist_id FROM track WHERE artist_id IS NOT NULL"),
            dtype=pair,
        )
        artists = np.bincount(rows["artist"], weights=counts[rows["track"]]).astype(np.int64)
        return counts[counts > 0], artists[artists > 0]

    def genre_rows(self) -> Iterator[dict[str, Any]]:
        """Iterate over the tracks of every genre with their features.

        By genre, in the order the genres were fetched, then by track; one of several genres comes
        with each. `spotify_id`, `artists` and `isrc` beside the names of the columns.
        """
        names = (*_TRACK, *NAMES)
        rows = self._database.stream(
            "SELECT crawl_genre.name, track.key, "
            "(SELECT name FROM artist WHERE artist.id = track.artist_id), "
            "(SELECT json_group_array(name) FROM (SELECT name FROM track_artist JOIN artist "
            "ON artist.id = track_artist.artist_id WHERE track_id = track.id ORDER BY position)), "
            "(SELECT min(value) FROM outside_id WHERE track_id = track.id AND kind = 'isrc'), "
            f"{', '.join(f'track.{name}' for name in _TRACK)}, "
            f"{', '.join(f'feature.{name}' for name in NAMES)} "
            "FROM crawl_genre JOIN feature ON feature.source_id = crawl_genre.source_id "
            "JOIN track ON track.id = feature.track_id "
            "WHERE crawl_genre.source_id = ? AND EXISTS (SELECT 1 FROM json_each(feature.genres) "
            "WHERE value = crawl_genre.name) ORDER BY crawl_genre.id, track.id",
            (self._source,),
        )
        for genre, key, first, others, isrc, *values in rows:
            yield {
                "genre": genre,
                "spotify_id": key.partition(":")[2],
                "artists": [*([first] if first else []), *json.loads(others)],
                "isrc": isrc,
                **dict(zip(names, values, strict=True)),
            }


def crawl_states(database: Database, source_id: int) -> dict[str, dict[str, int]]:
    """Return how many words, playlists and genres of a crawl there are in each state."""
    return {
        table: dict(
            database.query(
                f"SELECT state, count(*) FROM crawl_{table} WHERE source_id = ? GROUP BY state",
                (source_id,),
            )
        )
        for table in ("word", "playlist", "genre")
    }
