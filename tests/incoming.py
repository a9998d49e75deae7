"""Records as sources bring them, short to write in tests."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from segue.catalog.database import Database
from segue.catalog.importing import Importer
from segue.catalog.incoming import PlaylistRecord, TrackList
from segue.catalog.playlists import Playlists
from segue.catalog.provenance import Provenance
from segue.catalog.records import TrackRecord


def song(title: str, artist: str = "Massive Attack", /, **more: Any) -> TrackRecord:
    return TrackRecord(title, artist, **more)


def playlist(key: str, *tracks: TrackRecord, **more: Any) -> PlaylistRecord:
    return PlaylistRecord(key, more.pop("name", key), TrackList.of(tracks), **more)


def database(folder: Path) -> Database:
    return Database(folder / "segue.db")


def importer(found: Database, kind: str = "million_playlist", location: str = "/x") -> Importer:
    return Importer(found, Provenance(found).id_of(kind, location), Playlists(found))


def ids_of(found: Database, keys: Iterable[str]) -> list[int]:
    return [found.query_one("SELECT id FROM track WHERE key = ?", (key,))[0] for key in keys]


def column(found: Database, name: str, table: str = "track") -> list[Any]:
    return [value for (value,) in found.query(f"SELECT {name} FROM {table} ORDER BY 1")]
