"""Finding tracks by words of their title, artist and album; typing errors are forgiven."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from segue.catalog.database import Database
from segue.catalog.text import fold

_CANDIDATES: Final = 400  # rows that are scored one by one
_TRIGRAM: Final = 3
_MOST_WORDS: Final = 40  # more of them find the song no better
_CLOSE: Final = 68.0  # of 100: what is further from the words asked for is not what was meant


def search(database: Database, words: str, limit: int) -> list[tuple[int, float]]:
    """Return (track id, score 0..100) of present tracks, best first, ties in the order of ids.

    First the tracks whose text holds every word (a word may be part of a longer one: scripts
    without spaces need that). Only where there are none, those that share the most trigrams.
    """
    query = fold(words)
    if not query:
        return []
    whole = _holding_all(database, query.split()[:_MOST_WORDS])
    rows = whole or _sharing_trigrams(database, query)
    scored = [
        (-_closeness(query, fold(title), fold(artist), fold(album)), id_)
        for id_, title, artist, album in rows
    ]
    # Where every word was found, however long the rest of the title is, the song is one of them.
    least = 0.0 if whole else _CLOSE
    return [(id_, -score) for score, id_ in sorted(scored)[:limit] if -score >= least]


def _holding_all(database: Database, words: Sequence[str]) -> list[tuple[int, str, str, str]]:
    conditions, values = [], []
    long = [word for word in words if len(word) >= _TRIGRAM]
    if long:
        conditions.append("track_text MATCH ?")
        values.append(" AND ".join(map(_quoted, long)))
    for word in words:
        if len(word) < _TRIGRAM:  # too short for the index: looked for in the text itself
            # (By `instr`, not LIKE: the index would take that over, and crashes on such patterns.)
            conditions.append("instr(text, ?) > 0")
            values.append(word)
    order = "rank" if long else "length(text), track.id"
    return _rows(database, " AND ".join(conditions), values, order)


def _sharing_trigrams(database: Database, query: str) -> list[tuple[int, str, str, str]]:
    trigrams = {
        word[i : i + _TRIGRAM]
        for word in query.split()[:_MOST_WORDS]
        for i in range(len(word) - _TRIGRAM + 1)
    }
    if not trigrams:
        return []
    match = " OR ".join(map(_quoted, sorted(trigrams)))
    return _rows(database, "track_text MATCH ?", [match], "rank")


def _rows(
    database: Database, condition: str, values: list[str], order: str
) -> list[tuple[int, str, str, str]]:
    return database.query(
        f"""
        SELECT track.id, title, artist, album
        FROM track_text JOIN track ON track.id = track_text.rowid
        WHERE {condition}
            AND EXISTS (SELECT 1 FROM file WHERE track_id = track.id AND state = 'ok')
        ORDER BY {order} LIMIT {_CANDIDATES}
        """,
        values,
    )


def _closeness(query: str, title: str, artist: str, album: str) -> float:
    """Return 0..100: how well folded words name a song, its title before its artist and album."""
    from rapidfuzz import fuzz

    whole = max(
        fuzz.ratio(query, title),
        fuzz.ratio(query, f"{artist} {title}"),
        fuzz.ratio(query, f"{title} {artist}"),
    )
    parts = fuzz.token_set_ratio(query, f"{title} {artist} {album}")
    part = fuzz.partial_ratio(query, f"{title} {artist} {album}")
    return 0.5 * whole + 0.5 * max(parts, part) if whole < 100 else 100.0


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
