"""Crawling Spotify into the catalogue."""

from __future__ import annotations

import time
from typing import Protocol

from segue.catalog.catalog import Catalog
from segue.catalog.crawl import Crawl
from segue.service.crawl_genres import GenreClient, GenreCrawl
from segue.service.crawl_playlists import Client, PlaylistCrawl
from segue.service.crawl_report import KIND, CrawlOptions, CrawlReport, OnCrawl
from segue.service.crawl_requests import Waits, say_stopped
from segue.sources.spotify_connect import REQUESTS, WINDOW, Addresses, connect


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
    importer = catalog.importer(KIND, location)
    state = Crawl(catalog.database, importer.source_id, importer.write_within)
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
