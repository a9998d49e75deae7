"""What a crawl is asked for, how far it is, and what it did."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from segue.catalog.crawl import Strategy
from segue.errors import ServiceError, UsageError
from segue.types import SCHEMA_VERSION

KIND: Final = "spotify_api"
"""The provenance of everything that a crawl brings; see `SourceState.kind`."""

THREADS: Final = 4
PLAYLISTS: Final = 1_000


@dataclass(frozen=True)
class CrawlOptions:
    """What to crawl, and how.

    Attributes
    ----------
    playlists
        How many playlists to find in all, those of earlier runs among them.
    seed
        The word to begin with; None: ``a``, or where the last run stopped.
    strategy
        Which word of those seen in titles comes next. ``frequent-words``: the one that most titles
        have, and all that it finds, as the first crawlers of this kind did; this leads to ever
        more of what is common already. ``uniform-words``: one page of every word, rare or
        frequent, in an order drawn by lot, before a second page of any; this goes broader, and
        leaves more of the long tail of each word for later.
    by
        ``playlists``: search for playlists and read their tracks; ``genre``: fetch what the
        service recommends for each of its genres, with audio features.
    threads
        How many requests may be under way at once.

    Raises
    ------
    UsageError
        If a number is below 1, or the seed is empty or no text.
    """

    playlists: int = PLAYLISTS
    seed: str | None = None
    strategy: Strategy = "frequent-words"
    by: Literal["playlists", "genre"] = "playlists"
    threads: int = THREADS

    def __post_init__(self) -> None:
        for name in ("playlists", "threads"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} is {getattr(self, name)}, expected at least 1")
        if self.seed is not None and not self.seed.strip().isprintable():
            raise UsageError(f"the seed {self.seed!r} is no text; give a word to begin with")
        if self.seed is not None and not self.seed.strip():
            raise UsageError("the seed is empty; give a word to begin with")


@dataclass(frozen=True)
class CrawlProgress:
    """How far a crawl is.

    Attributes
    ----------
    done, total
        Playlists read or given up, in all runs, and how many there are to be; where none can be
        read, playlists found; or genres fetched.
    found
        Playlists found, in all runs.
    tracks, pages
        Entries and answers that this run received.
    seconds, seconds_left
        Since this run began, and to its end as it goes now; None: not known yet.
    word
        What was searched for last, or the genre.
    """

    done: int
    total: int
    found: int
    tracks: int
    pages: int
    seconds: float
    seconds_left: float | None
    word: str = ""


@dataclass
class CrawlReport:
    """What one run of a crawl did.

    Attributes
    ----------
    by, strategy
        As asked for.
    words
        Words searched for to the end.
    found, read
        New playlists found; playlists read to their end.
    no_access, gone, failed
        Playlists that the service did not give out, that are no more, and that it failed to send:
        the last are tried again by the next run.
    genres, failed_genres
        Genres fetched, and those that failed.
    tracks
        Entries of playlists, or tracks of genres, received.
    pages
        Answers of the service that were used.
    skipped
        Entries left out, by reason.
    unsegmented
        Titles whose words could not be told apart for want of a segmenter, by language.
    seconds
        How long it took.
    stopped
        Why it ended before its goal: ``rate limit``, ``no answer``, ``no words``; empty where it
        reached it.
    resume_at
        When the service may be asked again (seconds since the epoch), where it said so.
    cause
        The service's own words about why it stopped, or an empty string.
    closed
        Whether the app has no access to something that was asked for: `notes` says to what.
    notes
        What the user should know: each one or more sentences.
    """

    by: str = "playlists"
    strategy: str = "frequent-words"
    words: int = 0
    found: int = 0
    read: int = 0
    no_access: int = 0
    gone: int = 0
    failed: int = 0
    genres: int = 0
    failed_genres: int = 0
    tracks: int = 0
    pages: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    unsegmented: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    stopped: str = ""
    resume_at: float | None = None
    cause: str = ""
    closed: bool = False
    notes: list[str] = field(default_factory=list)

    def closed_to(self, error: ServiceError) -> None:
        """Note that the app has no access to something."""
        self.closed = True
        message = str(error)
        self.notes.append(f"{message[:1].upper()}{message[1:]}.")

    @property
    def complete(self) -> bool:
        """Whether all that was asked for was fetched, but for what the service does not have."""
        return not (self.stopped or self.closed or self.failed or self.failed_genres)

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {"schema": SCHEMA_VERSION, **vars(self)}


OnCrawl = Callable[[CrawlProgress], None]


def local_time(moment: float) -> str:
    """Return a moment, in seconds since the epoch, as the clock on the wall shows it."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(moment))
