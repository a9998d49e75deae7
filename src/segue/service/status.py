"""What a library holds, and what is known of one song."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from pathlib import Path
from typing import Any, Final

from segue.audio.ear import installed
from segue.catalog.catalog import Catalog
from segue.types import SCHEMA_VERSION, Track, display_path

KEYS: Final = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")


def library_status(catalog: Catalog, path: Path, ear_folder: Path) -> dict[str, Any]:
    """Return how much a library holds, as JSON values.

    `files` counts those present and usable, `tracks` the songs they are; `vectors` the songs that
    can be compared, by the embedder that heard the most; `bytes` is the library's own size.
    """
    embedders = [
        {"name": e.name, "version": e.version, "tracks": e.tracks}
        for e in catalog.vectors.embedders()
    ]
    return {
        "schema": SCHEMA_VERSION,
        "library": str(path),
        **catalog.counts(),
        "vectors": embedders[0]["tracks"] if embedders else 0,
        "embedders": embedders,
        "ear": "installed" if installed(ear_folder) else "missing",
        "folders": [display_path(root) for root in catalog.files.roots()],
        "bytes": _size(path),
        "words": catalog.tracks.word_counts(),
    }


def _size(folder: Path) -> int:
    """Return the bytes of all files below; some may come and go meanwhile."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.stat(os.path.join(parent, name)).st_size
    return total


def describe_song(catalog: Catalog, track: Track) -> dict[str, Any]:
    """Return everything known of a track, as JSON values.

    What was said of the tracks that are read as this one (`merged`) counts as said of it.
    `versions` are the other tracks of the same song.
    """
    members = catalog.merges.members(track.id)
    versions = [id_ for id_ in catalog.versions([track.id]).get(track.id, []) if id_ != track.id]
    tracks = catalog.tracks.get([*members, *versions])
    details = catalog.tracks.details(track.id)
    details["outside_ids"] = _outside_ids(catalog, members)
    for file in details["files"]:
        file["path"] = display_path(file["path"])
        file["has_cover"] = bool(file["has_cover"])
    measured = catalog.tracks.descriptors([track.id]).get(track.id)
    descriptors = dataclasses.asdict(measured) if measured is not None else {}
    if descriptors.get("key") is not None:
        mode = "major" if descriptors["mode"] else "minor"
        descriptors["key_name"] = f"{KEYS[descriptors['key']]} {mode}"
    return {
        "schema": SCHEMA_VERSION,
        **track.to_json(),
        "words": {w: round(s, 2) for w, s in catalog.tracks.words([track.id])[track.id].items()},
        "descriptors": descriptors,
        **details,
        "playlists": sum(tracks[id_].playlists for id_ in members if id_ in tracks),
        "listening": catalog.history.of_tracks(members),
        "features": catalog.features.of_tracks(members),
        "heard_genre": _heard_genre(catalog, track.id),
        "merged": [tracks[id_].to_json() for id_ in members[1:] if id_ in tracks],
        "versions": [tracks[id_].to_json() for id_ in versions if id_ in tracks],
    }


def _heard_genre(catalog: Catalog, track_id: int) -> dict[str, Any] | None:
    """Return what the genre detector said; None where it was not asked."""
    guess = catalog.genre_guesses.of_track(track_id)
    return None if guess is None else dataclasses.asdict(guess)


def _outside_ids(catalog: Catalog, tracks: list[int]) -> list[dict[str, str]]:
    """Return the outside ids of all these tracks, each once."""
    found = {
        (entry["kind"], entry["value"]): entry
        for id_ in tracks
        for entry in catalog.tracks.details(id_)["outside_ids"]
    }
    return [found[pair] for pair in sorted(found)]
