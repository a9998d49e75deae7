"""Crawling by genre: what a service recommends for each, with audio features."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from segue.catalog.crawl import Crawl
from segue.catalog.incoming import FeatureRecord
from segue.errors import ServiceError
from segue.service.crawl_report import CrawlOptions, CrawlProgress, CrawlReport, OnCrawl
from segue.service.crawl_requests import Requests, Setbacks
from segue.sources.spotify_api import AccessError

TRACKS: Final = 100
"""Tracks of a genre: as many as the service recommends at once."""


class GenreClient(Protocol):
    """What is asked for; see `segue.sources.spotify_api.SpotifyClient`."""

    def genre_seeds(self) -> list[str]:
        """Return the genres there are."""

    def recommendations(self, genre: str, limit: int = TRACKS) -> list[FeatureRecord]:
        """Return songs recommended for a genre."""

    def audio_features(self, rows: Sequence[FeatureRecord]) -> list[FeatureRecord]:
        """Return the rows with their audio features."""


@dataclass
class _Genre:
    name: str
    tries: int = 0
    running: bool = False
    rows: list[FeatureRecord] | None = None  # fetched, though it is not yet its turn


class GenreCrawl:
    """One run of a crawl by genre; genres are written in the service's order."""

    def __init__(
        self,
        state: Crawl,
        client: GenreClient,
        options: CrawlOptions,
        report: CrawlReport,
        on_progress: OnCrawl,
    ) -> None:
        self._state = state
        self._client = client
        self._options = options
        self._report = report
        self._on_progress = on_progress
        self._setbacks = Setbacks(report)
        self._open: dict[str, _Genre] = {}
        self._no_features: AccessError | None = None  # why there are none

    def run(self) -> None:
        """Fetch every genre that was not fetched before; stops where the app has no access.

        Where the app has access to recommendations alone, they come without features.

        Raises
        ------
        ServiceError
            If the genres cannot be listed, or the credentials are refused.
        """
        started = time.monotonic()
        try:
            if self._list_genres():
                self._fetch(self._state.waiting_genres(), started)
        except AccessError as error:
            self._report.closed_to(error)
        if self._no_features is not None:
            self._report.closed_to(self._no_features)

    def _list_genres(self) -> bool:
        """Put the service's genres on record, once; return whether they are known."""
        tries = 0
        while not self._state.states()["genre"]:
            try:
                self._state.add_genres(self._client.genre_seeds())
                self._report.pages += 1
            except ServiceError as error:
                tries += 1
                if not self._setbacks.again(error, tries):
                    raise
                if self._setbacks.stopped:
                    return False
        return True

    def _fetch(self, waiting: Sequence[str], started: float) -> None:
        total = sum(self._state.states()["genre"].values())
        rest = iter(waiting)
        with Requests[_Genre](self._options.threads) as requests:
            while self._start(requests, rest):
                genre, answer = requests.take()
                self._take(genre, answer)
                done = self._report.genres + self._report.failed_genres
                seconds = time.monotonic() - started
                left = (len(waiting) - done) * seconds / done if done else None
                self._on_progress(
                    CrawlProgress(
                        total - len(waiting) + done,
                        total,
                        0,
                        self._report.tracks,
                        self._report.pages,
                        seconds,
                        left,
                        genre.name,
                    )
                )

    def _start(self, requests: Requests[_Genre], rest: Any) -> bool:
        while requests.room and not self._setbacks.stopped:
            genre = next((g for g in self._open.values() if not g.running and g.rows is None), None)
            if genre is None:
                name = next(rest, None) if len(self._open) < 2 * self._options.threads else None
                if name is None:
                    break
                genre = self._open[name] = _Genre(name)
            genre.running = True
            requests.start(genre, self._ask, genre.name)
        return bool(requests)

    def _ask(self, genre: str) -> list[FeatureRecord]:
        rows = self._client.recommendations(genre, TRACKS)
        if self._no_features is None:
            try:
                return self._client.audio_features(rows)
            except AccessError as error:
                self._no_features = error
        return rows

    def _take(self, genre: _Genre, answer: Future[Any]) -> None:
        genre.running = False
        try:
            genre.rows = answer.result()
        except ServiceError as error:
            genre.tries += 1
            if self._setbacks.again(error, genre.tries):
                return
            self._state.give_up_genre(genre.name, str(error))
            self._report.failed_genres += 1
            del self._open[genre.name]
        else:
            self._setbacks.success()
            self._report.pages += (
                2 if self._no_features is None else 1
            )  # the tracks, and their features
        for first in list(self._open.values()):
            if first.rows is None:
                break
            self._write(first.name, first.rows)
            del self._open[first.name]

    def _write(self, name: str, rows: Sequence[FeatureRecord]) -> None:
        """Write a genre's tracks; one that other genres have too keeps those as well."""
        before = self._state.genres_of([row.track.key for row in rows])
        merged = {}
        for row in rows:
            genres = tuple(dict.fromkeys((*before.get(row.track.key, ()), *row.genres)))
            merged[row.track.key] = replace(row, genres=genres)
        self._state.finish_genre(name, list(merged.values()))
        self._report.genres += 1
        self._report.tracks += len(merged)
