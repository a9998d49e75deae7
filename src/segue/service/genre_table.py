"""The tracks of crawled genres as a table: one line a track and genre, with audio features."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any, Final

from segue.catalog.catalog import Catalog
from segue.catalog.crawl_picture import CrawlPicture
from segue.errors import LibraryError
from segue.service.crawl_report import KIND

COLUMNS: Final = tuple(
    "track_id track_name artists album_name year isrc duration_ms popularity danceability energy "
    "key loudness mode speechiness acousticness instrumentalness liveness valence tempo "
    "track_genre".split()
)


def write_genre_table(catalog: Catalog, path: Path) -> int:
    """Write what all crawls by genre have fetched as CSV (RFC 4180, UTF-8); return how many lines.

    The columns are `COLUMNS`, named and measured as Spotify does; several artists are parted by
    semicolons; what is not known is empty. `segue add` reads such a table. The file is replaced in
    one step.

    Raises
    ------
    LibraryError
        If it cannot be written.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    lines = 0
    try:
        with aside.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            for source in catalog.provenance.listed():
                if source.kind == KIND:
                    for row in CrawlPicture(catalog.database, source.id).genre_rows():
                        writer.writerow(_line(row))
                        lines += 1
        aside.replace(path)
    except OSError as error:
        raise LibraryError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        aside.unlink(missing_ok=True)
    return lines


def _line(row: dict[str, Any]) -> dict[str, Any]:
    duration = row["duration"]
    return {
        **row,
        "track_id": row["spotify_id"],
        "track_name": row["title"],
        "artists": ";".join(name.replace(";", "\\;") for name in row["artists"]),
        "album_name": row["album"],
        "duration_ms": None if duration is None else round(1000 * duration),
        "track_genre": row["genre"],
    }
