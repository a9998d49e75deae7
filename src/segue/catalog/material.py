"""Whether what models learn from has changed, without reading it all."""

from __future__ import annotations

from segue.catalog.database import Database


def material_state(database: Database) -> dict[str, int]:
    """Return numbers that differ when playlists, listening or merges have changed.

    A playlist that was only renamed does not show.
    """
    counters = dict(
        database.query("SELECT name, count FROM change WHERE name IN ('mark', 'playlists')")
    )
    counted = {
        table: database.query_one(f"SELECT count(*) FROM {table}{condition}")[0]
        for table, condition in (
            ("playlist", ""),
            ("listen", ""),
            ("play_count", ""),
            ("merge", " WHERE state = 'merged'"),
        )
    }
    return {**counters, **counted}
