"""Crawls for tests: what a catalogue holds after one, and one in a process of its own.

Run by itself: ``python tests/crawling.py FOLDER PLAYLISTS THREADS``, with the server's address in
the environment; prints a line a page.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from segue.catalog.catalog import Catalog
from segue.http.limiter import RateLimiter
from segue.http.retry import Backoff
from segue.service.crawl import crawl
from segue.service.crawl_report import CrawlOptions, CrawlProgress
from segue.sources.spotify_api import SpotifyClient
from segue.sources.spotify_connect import Addresses, connect
from segue.sources.spotify_tokens import TokenFile

_KEPT = {
    "crawl_word": "word, count, state, next_offset, pages, results",
    "crawl_playlist": "id, outside_id, word, name, owner, state, next_offset, pages, entries",
    "crawl_page": "playlist_id, number, tracks",
    "crawl_genre": "name, state, tracks",
    "playlist": "id, key, source_id, name, description, owner, size, hex(items), hex(added_at)",
    "track": "id, key, title, artist, album, duration, genres, playlists, source_id",
    "artist": "id, key, name",
    "track_artist": "track_id, position, artist_id",
    "feature": "track_id, valence, energy, tempo, key, mode, popularity, genres",
}


def content(catalog: Catalog) -> dict[str, list[Any]]:
    """Return everything that a crawl wrote, but for the times."""
    return {
        table: catalog.database.query(f"SELECT {columns} FROM {table} ORDER BY 1, 2")
        for table, columns in _KEPT.items()
    }


def patient_client(
    environment: dict[str, str] | None, folder: Path, tries: int = 12
) -> SpotifyClient:
    """Return a client that has no rate limit of its own and waits for next to nothing."""
    return connect(
        limiter=RateLimiter(),
        backoff=Backoff(tries, base=0.001, cap=0.01),
        file=TokenFile(folder / "spotify.json"),
        environment=environment,
        timeout=5.0,
    )


def main() -> None:
    folder, playlists, threads = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    catalog = Catalog(folder)
    client = patient_client(None, folder)

    def tell(state: CrawlProgress) -> None:
        sys.stdout.write(f"{state.pages}\n")
        sys.stdout.flush()

    options = CrawlOptions(playlists, threads=threads)
    crawl(catalog, client, options, tell, location=Addresses.find().api)
    client.close()
    catalog.close()


if __name__ == "__main__":
    main()
