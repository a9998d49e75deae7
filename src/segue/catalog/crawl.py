"""How far a crawl is: words tried and to try, playlists found and read, genres fetched.

Whatever a page brings is written in one transaction with the note that it was read, so that a
crawl that was killed goes on as if it had not been.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final, Literal, Protocol

from segue.catalog.chunks import in_chunks
from segue.catalog.crawl_picture import crawl_states
from segue.catalog.database import Database
from segue.catalog.incoming import FeatureRecord, PlaylistRecord, Record
from segue.catalog.records import TrackRecord

Strategy = Literal["frequent-words", "uniform-words"]
GivenUp = Literal["no access", "gone", "failed"]
Write = Callable[[sqlite3.Connection, Sequence[Record]], None]

_ORDERS: Final[Mapping[Strategy, tuple[str, ...]]] = {
    "frequent-words": (
        "state = 'started' ORDER BY word",
        "state = 'new' ORDER BY count DESC, word",
    ),
    "uniform-words": ("state IN ('new', 'started') ORDER BY pages, draw, word",),
}


class Found(Protocol):
    """A playlist as a search shows it."""

    @property
    def id(self) -> str:
        """The service's own id."""

    @property
    def name(self) -> str:
        """Its title."""

    @property
    def description(self) -> str:
        """What its owner says of it, or an empty string."""

    @property
    def owner(self) -> str:
        """Who made it, or an empty string."""


@dataclass(frozen=True)
class CrawlWord:
    """A word to search for, from which result on, and how many were seen before that."""

    word: str
    next_offset: int
    results: int


@dataclass(frozen=True)
class CrawlPlaylist:
    """A playlist to be read, from which entry on; None: all its pages are here."""

    id: int
    outside_id: str
    name: str
    description: str
    owner: str
    next_offset: int | None


class Crawl:
    """Reads and writes the `crawl_` tables of one source.

    Parameters
    ----------
    source_id
        What everything is found at; when it is taken out, its crawl is forgotten.
    write
        Writes records of the source within a transaction, as `Importer.write_within` does.
    """

    def __init__(self, database: Database, source_id: int, write: Write) -> None:
        self._database = database
        self._source = source_id
        self._write = write

    def begin(self) -> None:
        """Let what failed be tried again."""
        with self._database.transaction() as connection:
            for table, state in (
                ("word", "'started'"),
                ("playlist", "CASE pages WHEN 0 THEN 'new' ELSE 'started' END"),
                ("genre", "'new'"),
            ):
                connection.execute(
                    f"UPDATE crawl_{table} SET state = {state}, cause = NULL "
                    "WHERE source_id = ? AND state = 'failed'",
                    (self._source,),
                )

    def plant(self, seed: str | None) -> None:
        """Put a word first, where it was not tried; None: ``a``, unless there are words already."""
        known = "SELECT 1 FROM crawl_word WHERE source_id = ? LIMIT 1"
        if seed is None and self._database.query_one(known, (self._source,)):
            return
        word = "a" if seed is None else seed
        with self._database.transaction() as connection:
            self._count_words(connection, {word: 0})
            connection.execute(
                "UPDATE crawl_word SET state = 'first' "
                "WHERE source_id = ? AND word = ? AND state = 'new'",
                (self._source, word),
            )

    def next_word(self, strategy: Strategy) -> CrawlWord | None:
        """Return the word to search for, and from which result on.

        ``frequent-words`` goes through all results of a word, then takes the one of most titles,
        the first in the order of the alphabet where several are. ``uniform-words`` takes one page
        of each word, whatever its frequency, in an order drawn by lot, before the second page of
        any; the draw is a hash, so that a crawl can be repeated.
        """
        for condition in ("state = 'first' ORDER BY word", *_ORDERS[strategy]):
            row = self._database.query_one(
                "SELECT word, next_offset, results FROM crawl_word "
                f"WHERE source_id = ? AND {condition} LIMIT 1",
                (self._source,),
            )
            if row is not None:
                return CrawlWord(*row)
        return None

    def write_results(
        self,
        word: CrawlWord,
        found: Sequence[tuple[Found, Sequence[str]]],
        results: int,
        next_offset: int | None,
    ) -> None:
        """Write a page of a search.

        Parameters
        ----------
        found
            Playlists that were `unknown`, each with the words of its title.
        results
            How many playlists the page had.
        next_offset
            Where the next page begins; None: there is none. Where it is the word's own, the page
            counts as not read, and comes again before all others.
        """
        counts: dict[str, int] = {}
        for _, words in found:
            for title_word in words:
                counts[title_word] = counts.get(title_word, 0) + 1
        read = next_offset != word.next_offset
        now = time.time()
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT INTO crawl_playlist "
                "(source_id, outside_id, word, name, description, owner, state, found_at) "
                "VALUES (?, ?, ?, ?, ?, ?, 'new', ?)",
                [
                    (self._source, item.id, word.word, item.name, item.description, item.owner, now)
                    for item, _ in found
                ],
            )
            self._count_words(connection, counts)
            connection.execute(
                "UPDATE crawl_word SET state = ?, next_offset = ?, pages = pages + ?, "
                "results = results + ? WHERE source_id = ? AND word = ?",
                (
                    "done" if next_offset is None else "started" if read else "first",
                    word.next_offset if next_offset is None else next_offset,
                    read,
                    results if read else 0,
                    self._source,
                    word.word,
                ),
            )

    def give_up_word(self, word: str, cause: str, *, ended: bool) -> None:
        """Search for a word no more: never if it `ended`, else until the next `begin`."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE crawl_word SET state = ?, cause = ? WHERE source_id = ? AND word = ?",
                ("done" if ended else "failed", cause, self._source, word),
            )

    def unknown(self, outside_ids: Iterable[str]) -> set[str]:
        """Return those of these playlists that were not found before."""
        wanted = set(outside_ids)
        for chunk in in_chunks(sorted(wanted)):
            rows = self._database.query(
                "SELECT outside_id FROM crawl_playlist "
                f"WHERE source_id = ? AND outside_id IN ({', '.join('?' * len(chunk))})",
                (self._source, *chunk),
            )
            wanted.difference_update(id_ for (id_,) in rows)
        return wanted

    def waiting(self, after: int, limit: int) -> list[CrawlPlaylist]:
        """Return the first playlists with an id above `after` that are not read to their end."""
        rows = self._database.query(
            "SELECT id, outside_id, name, description, owner, next_offset FROM crawl_playlist "
            "WHERE source_id = ? AND id > ? AND state IN ('new', 'started') ORDER BY id LIMIT ?",
            (self._source, after, limit),
        )
        return [CrawlPlaylist(*row) for row in rows]

    def keep_page(
        self,
        playlist: int,
        tracks: Sequence[TrackRecord],
        added_at: Sequence[int],
        next_offset: int | None,
    ) -> None:
        """Keep a page of a playlist until all are here."""
        rows = [[at, _fields(track)] for track, at in zip(tracks, added_at, strict=True)]
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO crawl_page SELECT id, pages, ? FROM crawl_playlist WHERE id = ?",
                (json.dumps(rows, ensure_ascii=False), playlist),
            )
            connection.execute(
                "UPDATE crawl_playlist SET state = 'started', next_offset = ?, "
                "pages = pages + 1, entries = entries + ? WHERE id = ?",
                (next_offset, len(rows), playlist),
            )

    def pages(self, playlist: int) -> tuple[list[TrackRecord], list[int]]:
        """Return the tracks on the pages that were kept, and when each was added."""
        rows = self._database.query(
            "SELECT tracks FROM crawl_page WHERE playlist_id = ? ORDER BY number", (playlist,)
        )
        entries = [entry for (page,) in rows for entry in json.loads(page)]
        return [_track(fields) for _, fields in entries], [at for at, _ in entries]

    def finish(self, playlist: int, record: PlaylistRecord, *, last_page: int | None) -> None:
        """Write a playlist with all its tracks to the catalogue; its pages are no longer needed.

        `last_page` is how many of the tracks stand on a page that was not kept before, or None
        where all pages were.
        """
        with self._database.transaction() as connection:
            if len(record.tracks):
                self._write(connection, [record])
            connection.execute("DELETE FROM crawl_page WHERE playlist_id = ?", (playlist,))
            connection.execute(
                "UPDATE crawl_playlist SET state = 'done', next_offset = NULL, settled_at = ?, "
                "pages = pages + ?, entries = entries + ? WHERE id = ?",
                (time.time(), last_page is not None, last_page or 0, playlist),
            )

    def give_up(self, playlist: int, state: GivenUp, cause: str) -> None:
        """Note why a playlist cannot be read; one that failed is tried again after `begin`."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE crawl_playlist SET state = ?, cause = ?, settled_at = ? WHERE id = ?",
                (state, cause, time.time(), playlist),
            )

    def reopen(self, playlists: Iterable[int]) -> None:
        """Let playlists wait again that were refused for no fault of theirs."""
        with self._database.transaction() as connection:
            connection.executemany(
                "UPDATE crawl_playlist SET state = CASE pages WHEN 0 THEN 'new' ELSE 'started' "
                "END, cause = NULL, settled_at = NULL WHERE id = ?",
                [(id_,) for id_ in playlists],
            )

    def add_genres(self, names: Sequence[str]) -> None:
        """Note genres to be fetched; those that are known stay as they are."""
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO crawl_genre (source_id, name, state) VALUES (?, ?, 'new')",
                [(self._source, name) for name in names],
            )

    def waiting_genres(self) -> list[str]:
        """Return the genres that are not fetched, in the order they were added."""
        rows = self._database.query(
            "SELECT name FROM crawl_genre WHERE source_id = ? AND state = 'new' ORDER BY id",
            (self._source,),
        )
        return [name for (name,) in rows]

    def genres_of(self, keys: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Return the genres that this source gave tracks before, by their keys."""
        found: dict[str, tuple[str, ...]] = {}
        for chunk in in_chunks(keys):
            rows = self._database.query(
                "SELECT track.key, feature.genres FROM track JOIN feature ON track_id = track.id "
                f"WHERE feature.source_id = ? AND track.key IN ({', '.join('?' * len(chunk))})",
                (self._source, *chunk),
            )
            found.update((key, tuple(json.loads(genres))) for key, genres in rows)
        return found

    def finish_genre(self, name: str, rows: Sequence[FeatureRecord]) -> None:
        """Write the tracks of a genre with their features."""
        with self._database.transaction() as connection:
            self._write(connection, rows)
            self._settle_genre(connection, name, "done", None, len(rows))

    def give_up_genre(self, name: str, cause: str) -> None:
        """Note why a genre could not be fetched; it is tried again after `begin`."""
        with self._database.transaction() as connection:
            self._settle_genre(connection, name, "failed", cause, 0)

    def states(self) -> dict[str, dict[str, int]]:
        """Return how many words, playlists and genres there are in each state."""
        return crawl_states(self._database, self._source)

    def _settle_genre(
        self, connection: sqlite3.Connection, name: str, state: str, cause: str | None, tracks: int
    ) -> None:
        connection.execute(
            "UPDATE crawl_genre SET state = ?, cause = ?, tracks = ?, settled_at = ? "
            "WHERE source_id = ? AND name = ?",
            (state, cause, tracks, time.time(), self._source, name),
        )

    def _count_words(self, connection: sqlite3.Connection, counts: Mapping[str, int]) -> None:
        connection.executemany(
            "INSERT INTO crawl_word (source_id, word, count, draw, state) "
            "VALUES (?, ?, ?, ?, 'new') "
            "ON CONFLICT DO UPDATE SET count = count + excluded.count",
            [(self._source, word, count, _draw(word)) for word, count in counts.items()],
        )


def _draw(word: str) -> int:
    digest = blake2b(word.encode(), digest_size=8, person=b"segue words").digest()
    return int.from_bytes(digest, "big", signed=True)


def _fields(track: TrackRecord) -> dict[str, Any]:
    """Return what is known of a track as JSON values."""
    return {name: value for name, value in vars(track).items() if value not in (None, "", ())}


def _track(fields: Mapping[str, Any]) -> TrackRecord:
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()
    }
    values["outside_ids"] = tuple(map(tuple, values.get("outside_ids", ())))
    return TrackRecord(**{"title": "", **values})
