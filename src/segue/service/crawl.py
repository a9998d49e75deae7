"""Crawling Spotify into the catalogue."""

from __future__ import annotations

import time
from collections.abc import Sequence
from sqlite3 import Connection
from typing import Final, Protocol

from segue.catalog.catalog import Catalog
from segue.catalog.crawl import Crawl
from segue.catalog.importing import Importer
from segue.catalog.incoming import Record
from segue.service.crawl_genres import GenreClient, GenreCrawl
from segue.service.crawl_playlists import Client, PlaylistCrawl
from segue.service.crawl_report import KIND, CrawlOptions, CrawlReport, OnCrawl
from segue.service.crawl_requests import Waits, say_stopped
from segue.sources.spotify_connect import REQUESTS, WINDOW, Addresses, connect

REMEMBERED: Final = 1_000
"""Playlists, or tracks of genres, whose tracks are known without asking the catalogue again."""


class CrawlClient(Client, GenreClient, Protocol):
    """All that a crawl asks for."""


def crawl_spotify(
    catalog: Catalog, options: CrawlOptions, on_progress: OnCrawl = lambda _: None
) -> CrawlReport:
    """Crawl Spotify with the app and the token that the settings name; see `crawl`.

    Raises
    ------
    UsageError
        If no app is known; all else as `crawl` does.
    """
    from segue.http.limiter import RateLimiter
    from segue.http.retry import Backoff

    waits = Waits()
    client = connect(
        limiter=RateLimiter(REQUESTS, WINDOW, sleep=waits.sleep),
        backoff=Backoff(sleep=waits.sleep),
    )
    try:
        return crawl(catalog, client, options, on_progress, location=Addresses.find().api)
    finally:
        waits.end()
        client.close()


def crawl(
    catalog: Catalog,
    client: CrawlClient,
    options: CrawlOptions,
    on_progress: OnCrawl = lambda _: None,
    *,
    location: str,
) -> CrawlReport:
    """Crawl until the goal, the end of the words, or the service's patience.

    Everything is written page by page: a run that was interrupted or killed loses the answers that
    were under way, one a thread at most, and the next one goes on from there. The same answers of
    the service give the same catalogue, however many threads ask and wherever it was interrupted.
    The caller holds the library's write lock.

    Parameters
    ----------
    client
        Asks the service; all threads share it, and with it one rate limit.
    on_progress
        Called after each answer.
    location
        The service's address, which the source is on record by.

    Raises
    ------
    ServiceError
        If the app may not even search for playlists, or its credentials are refused. All other
        failures are in the report.
    LibraryError
        If the catalogue cannot be written; what was written stays.
    """
    started = time.monotonic()
    source_id = catalog.provenance.id_of(KIND, location)
    state = Crawl(catalog.database, source_id, _Writer(catalog, source_id))
    state.begin()
    report = CrawlReport(by=options.by, strategy=options.strategy)
    if options.by == "genre":
        GenreCrawl(state, client, options, report, on_progress).run()
    else:
        PlaylistCrawl(state, client, options, report, on_progress).run()
    say_stopped(report)
    catalog.refresh()
    report.seconds = time.monotonic() - started
    return report


class _Writer:
    """Writes records, and forgets now and then which tracks it has met.

    An importer remembers them for its speed; a crawl that lasts for days must not grow by that.
    """

    def __init__(self, catalog: Catalog, source_id: int) -> None:
        self._catalog = catalog
        self._source_id = source_id
        self._importer = Importer(catalog.database, source_id, catalog.playlists)
        self._written = 0

    def __call__(self, connection: Connection, records: Sequence[Record]) -> None:
        if self._written >= REMEMBERED:
            self._importer, self._written = (
                Importer(self._catalog.database, self._source_id, self._catalog.playlists),
                0,
            )
        self._importer.write_within(connection, records)
        self._written += len(records)
