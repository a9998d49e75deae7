"""What a listener played last, and who listens."""

from __future__ import annotations

from dataclasses import dataclass

from segue.catalog.database import Database


@dataclass(frozen=True)
class Played:
    """A song in a listener's history.

    Attributes
    ----------
    track
        The track it is read as.
    at
        When it was last played, in seconds since the epoch; 0 where not known.
    plays
        How often, as far as is known.
    """

    track: int
    at: int
    plays: int


def listeners(database: Database) -> dict[int, str]:
    """Return the key of each listener by id: ``me``, or a service and a number."""
    return dict(database.query("SELECT id, key FROM listener ORDER BY id"))


def last_played(database: Database, listener: int, limit: int) -> list[Played]:
    """Return the songs that a listener played last, the last one first.

    Listens that were skipped do not count. Where there are no listens but counts of plays, the
    songs played most, the first one first.
    """
    rows = database.query(
        "SELECT coalesce(merged_into, id) AS root, max(at) AS last, count(*) "
        "FROM listen JOIN track ON id = track_id WHERE listener_id = ? "
        "AND coalesce(skipped, 0) = 0 GROUP BY root ORDER BY last DESC, root LIMIT ?",
        (listener, limit),
    )
    if not rows:
        rows = database.query(
            "SELECT coalesce(merged_into, id) AS root, coalesce(max(last_at), 0), "
            "sum(plays) AS plays FROM play_count JOIN track ON id = track_id "
            "WHERE listener_id = ? AND plays > 0 GROUP BY root ORDER BY plays DESC, root LIMIT ?",
            (listener, limit),
        )
    return [Played(*row) for row in rows]
