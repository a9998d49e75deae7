"""What a genre detector says of tracks, beside what their tags say."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass

from segue.catalog.database import Database


@dataclass(frozen=True)
class GenreGuessed:
    """What a detector said of a track.

    Attributes
    ----------
    genre
        None where it was not certain.
    certainty
        Of the likeliest genre, 0..1; 0 where the track could not be heard.
    """

    genre: str | None
    certainty: float


class GenreGuesses:
    """Reads and writes the `genre_guess` table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def lacking(self, detector: str) -> list[tuple[int, bytes]]:
        """Return the tracks with a present file that this detector was not asked of, by path."""
        return self._database.query(
            "SELECT track_id, min(path) FROM file WHERE state = 'ok' AND track_id NOT IN "
            "(SELECT track_id FROM genre_guess WHERE detector = ?) GROUP BY track_id ORDER BY 2",
            (detector,),
        )

    def of_track(self, track_id: int) -> GenreGuessed | None:
        """Return what was said of a track; None where nothing was."""
        rows = self._database.query(
            "SELECT genre, certainty FROM genre_guess WHERE track_id = ?", (track_id,)
        )
        return GenreGuessed(*rows[0]) if rows else None

    def write(
        self, connection: sqlite3.Connection, detector: str, track_id: int, guess: GenreGuessed
    ) -> None:
        """Replace what was said of a track, within a transaction."""
        connection.execute(
            "INSERT OR REPLACE INTO genre_guess SELECT id, ?, ?, ?, ? FROM track WHERE id = ?",
            (detector, guess.genre, guess.certainty, time.time(), track_id),
        )
