"""Crawling by playlists: search by the words of titles, and read what is found."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final, Protocol

from segue.catalog.crawl import Crawl, CrawlPlaylist, CrawlWord
from segue.catalog.incoming import PlaylistRecord, TrackList
from segue.catalog.records import TrackRecord
from segue.errors import ServiceError
from segue.service.crawl_report import CrawlOptions, CrawlProgress, CrawlReport, OnCrawl
from segue.service.crawl_requests import Requests, Setbacks
from segue.service.title_words import INSTALL, TitleWords
from segue.sources.spotify_api import AccessError, EntriesPage, PlaylistPage

MOST_RESULTS: Final = 5_000
"""Results of one word that are looked through at most, where the service gives as many."""

_AHEAD: Final = 4  # playlists open for each thread: how far the others get ahead of a long one


class Client(Protocol):
    """What is asked for; see `segue.sources.spotify_api.SpotifyClient`."""

    def search_playlists(self, word: str, offset: int = 0) -> PlaylistPage:
        """Return a page of playlists found by a word."""

    def playlist_entries(self, playlist_id: str, offset: int = 0) -> EntriesPage:
        """Return a page of a playlist's entries."""


@dataclass
class _Search:
    """A word being searched for."""

    word: CrawlWord


@dataclass
class _Reading:
    """A playlist being read.

    `next_offset` is None when all its pages are here, though it is not yet its turn to be written;
    `kept` tells whether some of its pages are in the catalogue.
    """

    playlist: CrawlPlaylist
    next_offset: int | None
    kept: bool
    tries: int = 0
    running: bool = False


class PlaylistCrawl:
    """One run of a crawl by playlists.

    One search is under way at a time, since what it brings decides on the next; the other threads
    read playlists. These are written in the order they were found, whichever comes first, so that
    the same answers always make the same catalogue; pages that come too early are kept aside.
    """

    def __init__(
        self,
        state: Crawl,
        client: Client,
        options: CrawlOptions,
        report: CrawlReport,
        on_progress: OnCrawl,
    ) -> None:
        self._state = state
        self._client = client
        self._options = options
        self._report = report
        self._on_progress = on_progress
        self._words = TitleWords()
        self._setbacks = Setbacks(report)
        self._started = time.monotonic()
        self._search: _Search | None = None
        self._search_tries = 0  # of the same page
        self._open: dict[int, _Reading] = {}  # by id, in order
        self._last = 0  # the highest id that was opened
        self._more = True  # whether there may be playlists beyond it
        self._can_read = True
        self._refused: list[int] = []  # before any could be read
        self._found = self._settled = self._settled_before = 0

    def run(self) -> None:
        """Crawl until there are as many playlists as asked for, all of them read.

        Raises
        ------
        ServiceError
            If the app may not even search, or its credentials are refused.
        """
        playlists = self._state.states()["playlist"]
        self._found = sum(playlists.values())
        self._settled = self._found - playlists.get("new", 0) - playlists.get("started", 0)
        self._settled_before = self._settled
        seed = self._options.seed
        self._state.plant(None if seed is None else seed.strip().casefold())
        with Requests[_Search | _Reading](self._options.threads) as requests:
            while self._start(requests):
                what, answer = requests.take()
                if isinstance(what, _Search):
                    self._take_results(what, answer)
                else:
                    self._take_entries(what, answer)
                self._tell()
        self._report.unsegmented = dict(self._words.unsegmented)
        self._add_notes()

    def _start(self, requests: Requests[_Search | _Reading]) -> bool:
        """Start what can be; return whether anything is under way."""
        if self._setbacks.stopped:
            return bool(requests)
        if self._search is None and self._found < self._options.playlists:
            word = self._state.next_word(self._options.strategy)
            self._report.stopped = "" if word is not None else "no words"
            if word is not None:
                self._search = _Search(word)
                requests.start(
                    self._search, self._client.search_playlists, word.word, word.next_offset
                )
        if self._can_read:
            self._open_more()
            for reading in self._open.values():
                if not requests.room:
                    break
                if reading.next_offset is not None and not reading.running:
                    reading.running = True
                    requests.start(
                        reading,
                        self._client.playlist_entries,
                        reading.playlist.outside_id,
                        reading.next_offset,
                    )
        return bool(requests)

    def _open_more(self) -> None:
        room = _AHEAD * self._options.threads - len(self._open)
        if not self._more or room <= 0:
            return
        waiting = self._state.waiting(self._last, room)
        self._more = len(waiting) == room
        for playlist in waiting:
            kept = playlist.next_offset != 0
            self._open[playlist.id] = _Reading(playlist, playlist.next_offset, kept)
            self._last = playlist.id
        self._write_complete()

    def _take_results(self, search: _Search, answer: Future[Any]) -> None:
        word = search.word
        self._search = None
        try:
            page: PlaylistPage = answer.result()
        except ServiceError as error:
            if error.status == 403:  # never about a word
                raise
            self._search_tries += 1
            if not self._setbacks.again(error, self._search_tries):
                self._search_tries = 0
                ended = 400 <= error.status < 500
                self._state.give_up_word(word.word, str(error), ended=ended)
            return
        self._setbacks.success()
        self._search_tries = 0
        self._report.pages += 1
        unknown = self._state.unknown(item.id for item in page.items)
        items = [
            item for item in {item.id: item for item in page.items}.values() if item.id in unknown
        ]
        room = self._options.playlists - self._found
        next_offset = page.next_offset
        if next_offset is not None and next_offset >= MOST_RESULTS:
            next_offset = None
        if len(items) > room:  # the rest is for the next run
            items, next_offset = items[:room], word.next_offset
        found = [(item, self._words.of(item.name)) for item in items]
        self._state.write_results(word, found, len(page.items), next_offset)
        self._found += len(found)
        self._report.found += len(found)
        self._report.words += next_offset is None
        self._more = self._more or bool(found)

    def _take_entries(self, reading: _Reading, answer: Future[Any]) -> None:
        reading.running = False
        try:
            page: EntriesPage = answer.result()
        except ServiceError as error:
            self._entries_failed(reading, error)
            return
        self._setbacks.success()
        self._refused.clear()
        reading.tries = 0
        self._report.pages += 1
        self._report.tracks += len(page.tracks)
        for skip in page.skipped:
            self._report.skipped[skip.reason] = self._report.skipped.get(skip.reason, 0) + 1
        reading.next_offset = page.next_offset
        id_ = reading.playlist.id
        if page.next_offset is None and id_ == next(iter(self._open)):
            self._write(reading, page.tracks, page.added_at)
            self._write_complete()
        else:
            self._state.keep_page(id_, page.tracks, page.added_at, page.next_offset)
            reading.kept = True

    def _entries_failed(self, reading: _Reading, error: ServiceError) -> None:
        if isinstance(error, AccessError):
            if self._can_read:
                self._can_read = False
                self._state.reopen(self._refused)
                self._settled -= len(self._refused)
                self._report.no_access -= len(self._refused)
                self._report.closed_to(error)
            return
        reading.tries += 1
        if not self._can_read or self._setbacks.again(error, reading.tries):
            return
        id_ = reading.playlist.id
        if error.status == 403:
            self._state.give_up(id_, "no access", str(error))
            self._report.no_access += 1
            if not self._report.read:
                self._refused.append(id_)
        elif error.status in {404, 410}:
            self._state.give_up(id_, "gone", str(error))
            self._report.gone += 1
        else:
            self._state.give_up(id_, "failed", str(error))
            self._report.failed += 1
        self._settled += 1
        del self._open[id_]
        self._write_complete()

    def _write_complete(self) -> None:
        """Write the playlists whose turn it is and whose pages are all here."""
        for reading in list(self._open.values()):
            if reading.next_offset is not None:
                return
            self._write(reading)

    def _write(
        self,
        reading: _Reading,
        last: Sequence[TrackRecord] | None = None,
        last_added_at: Sequence[int] = (),
    ) -> None:
        """Write a playlist; `last` has the tracks of a page that was not kept."""
        playlist = reading.playlist
        tracks, added_at = self._state.pages(playlist.id) if reading.kept else ([], [])
        record = PlaylistRecord(
            f"spotify:{playlist.outside_id}",
            playlist.name,
            TrackList.of([*tracks, *(last or ())]),
            description=playlist.description,
            owner=playlist.owner,
            added_at=[*added_at, *last_added_at],
        )
        self._state.finish(playlist.id, record, last_page=None if last is None else len(last))
        self._report.read += 1
        self._settled += 1
        del self._open[playlist.id]

    def _tell(self) -> None:
        done, before = self._settled, self._settled_before
        if not self._can_read:
            done, before = self._found, self._found - self._report.found
        seconds = time.monotonic() - self._started
        total = max(self._options.playlists, self._found)
        left = (total - done) * seconds / (done - before) if done > before else None
        self._on_progress(
            CrawlProgress(
                done,
                total,
                self._found,
                self._report.tracks,
                self._report.pages,
                seconds,
                left,
                self._search.word.word if self._search else "",
            )
        )

    def _add_notes(self) -> None:
        for language, count in sorted(self._report.unsegmented.items()):
            self._report.notes.append(
                f"{count:,} titles in {language} could not be split into words, so that their "
                f"words were not searched for; `{INSTALL}` brings what splits them."
            )
