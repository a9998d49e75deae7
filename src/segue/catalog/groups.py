"""Which tracks are read as one recording, and which are one song to a listener."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from segue.catalog.chunks import in_chunks
from segue.catalog.database import Database


@dataclass(frozen=True)
class Place:
    """Where a track stands among the others.

    Attributes
    ----------
    root
        The track it is read as: itself, or the one it is merged into.
    song
        The same number for all tracks of a song; negative for a track that is in no song.
    artist, album
        Their ids, 0 where not known.
    """

    root: int
    song: int
    artist: int
    album: int


def places(database: Database, ids: Iterable[int]) -> dict[int, Place]:
    """Return where tracks stand, by id; unknown ids are left out."""
    found: dict[int, Place] = {}
    for chunk in in_chunks(list(dict.fromkeys(int(id_) for id_ in ids))):
        rows = database.query(
            "SELECT id, coalesce(merged_into, id), coalesce(song_id, -id), "
            "coalesce(artist_id, 0), coalesce(album_id, 0) FROM track "
            f"WHERE id IN ({', '.join('?' * len(chunk))})",
            chunk,
        )
        found.update((id_, Place(*rest)) for id_, *rest in rows)
    return found


def members(database: Database, roots: Iterable[int]) -> dict[int, list[int]]:
    """Return by root the tracks that are read as it, itself first, the others by id."""
    wanted = list(dict.fromkeys(int(root) for root in roots))
    found = {root: [root] for root in wanted}
    for chunk in in_chunks(wanted):
        rows = database.query(
            "SELECT merged_into, id FROM track "
            f"WHERE merged_into IN ({', '.join('?' * len(chunk))}) ORDER BY id",
            chunk,
        )
        for root, id_ in rows:
            found[root].append(id_)
    return found
