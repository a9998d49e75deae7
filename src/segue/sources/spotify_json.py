"""What the JSON of Spotify's Web API means, checked value by value."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from segue.catalog.incoming import FeatureRecord, Skip
from segue.catalog.records import TrackRecord

_ID: Final = re.compile(r"[0-9A-Za-z]{1,64}")
_ISRC: Final = re.compile(r"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}")


def text(value: Any) -> str:
    r"""Return a string fit for the catalogue; an empty one for anything else.

    >>> text(" a\0b\ud800 "), text(7)
    ('ab', '')
    """
    if not isinstance(value, str):
        return ""
    kept: str = value
    if not kept.isascii():  # halves of characters: pairs of them are put together
        kept = kept.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")
    return kept.replace("\0", "").strip()


def whole(value: Any) -> int | None:
    """Return a count, or None for anything else.

    >>> whole(3), whole(-1), whole(True), whole("3")
    (3, None, None, None)
    """
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 53
    return value if good else None


def spotify_id(value: Any) -> str:
    """Return one of Spotify's ids, or an empty string for anything else.

    >>> spotify_id("67Hna13dNDkZvBpTXRIaOJ"), spotify_id("../me"), spotify_id(None)
    ('67Hna13dNDkZvBpTXRIaOJ', '', '')
    """
    return value if isinstance(value, str) and _ID.fullmatch(value) else ""


def is_page(data: Any) -> bool:
    """Return whether this is a page of entries; its items may be null."""
    return isinstance(data, dict) and isinstance(data.get("items", 0), list | None)


def next_offset(page: Mapping[str, Any], offset: int, limit: int) -> int | None:
    """Return where the page after this one begins, or None after the last one.

    The address that the server gives is never followed, only its offset taken: the credentials
    are not for other hosts. A page without any item ends the list, lest it has no end.

    >>> next_offset({"next": "https://x/?offset=20&limit=10", "items": [None]}, 10, 10)
    20
    >>> next_offset({"next": None, "items": [None]}, 10, 10) is None
    True
    """
    following = page.get("next")
    if not isinstance(following, str) or not following:
        return None
    if not page.get("items") and (whole(page.get("total")) or 0) <= offset + limit:
        return None
    try:
        given = int(parse_qs(urlsplit(following).query).get("offset", [""])[0])
    except ValueError:
        given = 0
    return given if given > offset else offset + limit


def entries(
    items: Sequence[Any], playlist: str, offset: int
) -> tuple[list[TrackRecord], list[int], list[Skip]]:
    """Return the tracks of a page of entries, when each was added (0: unknown), and what is left.

    An entry has its track as ``item`` or, before February 2026, as ``track``.
    """
    tracks, added_at, skipped = [], [], []
    for place, entry in enumerate(items, offset):
        where = f"{playlist} entry {place}"
        if not isinstance(entry, dict):
            skipped.append(Skip("an entry that is empty", where))
            continue
        item = entry.get("item")
        if not isinstance(item, dict):
            item = entry.get("track")
        if not isinstance(item, dict):
            skipped.append(Skip("a track that is gone", where, bad=False))
        elif _is_episode(item):
            skipped.append(Skip("a podcast episode", where, bad=False))
        elif (record := track_record(item, local=entry.get("is_local") is True)) is None:
            skipped.append(Skip("a track without a name", where))
        else:
            tracks.append(record)
            added_at.append(_epoch(entry.get("added_at")))
    return tracks, added_at, skipped


def track_record(item: Any, *, local: bool = False) -> TrackRecord | None:
    """Return a track; None where it has no name, as tracks that were withdrawn.

    A file of the playlist owner's own has a name but no key: its id, where it has one, is
    nobody else's.
    """
    if not isinstance(item, dict) or not (title := text(item.get("name"))):
        return None
    own = "" if local or item.get("is_local") is True else spotify_id(item.get("id"))
    artists, artist_keys = _artists(item.get("artists"))
    album = item.get("album")
    album = album if isinstance(album, dict) else {}
    album_id = spotify_id(album.get("id"))
    ids = item.get("external_ids")
    isrc = text(ids.get("isrc")).replace("-", "").upper() if isinstance(ids, dict) else ""
    milliseconds = whole(item.get("duration_ms"))
    year = text(album.get("release_date"))[:4]
    return TrackRecord(
        title,
        artist=", ".join(artists),
        album=text(album.get("name")),
        album_artist=", ".join(_artists(album.get("artists"))[0]),
        track_number=whole(item.get("track_number")) or None,
        disc_number=whole(item.get("disc_number")) or None,
        year=int(year) if re.fullmatch("[12][0-9]{3}", year) else None,
        duration=milliseconds / 1000 if milliseconds else None,
        outside_ids=(("isrc", isrc),) if _ISRC.fullmatch(isrc) else (),
        key=f"spotify:{own}" if own else "",
        artists=tuple(artists),
        artist_keys=tuple(artist_keys) if all(artist_keys) else (),
        album_key=f"spotify:{album_id}" if album_id else "",
    )


def features(row: FeatureRecord, item: Mapping[str, Any] | None) -> FeatureRecord:
    """Return the row with the features of an answer; values out of their range are unknown."""
    if item is None:
        return row
    tempo, key, mode = _number(item.get("tempo")), whole(item.get("key")), whole(item.get("mode"))
    return replace(
        row,
        valence=_fraction(item.get("valence")),
        energy=_fraction(item.get("energy")),
        danceability=_fraction(item.get("danceability")),
        acousticness=_fraction(item.get("acousticness")),
        instrumentalness=_fraction(item.get("instrumentalness")),
        liveness=_fraction(item.get("liveness")),
        speechiness=_fraction(item.get("speechiness")),
        loudness=_number(item.get("loudness")),
        tempo=tempo if tempo and tempo > 0 else None,
        key=key if key is not None and key < 12 else None,
        mode=mode if mode in {0, 1} else None,
    )


def popularity(item: Mapping[str, Any]) -> float | None:
    """Return a track's popularity, 0 to 100; None where it is not told, as today's apps are not."""
    value = _number(item.get("popularity"))
    return value if value is not None and 0 <= value <= 100 else None


def _artists(items: Any) -> tuple[list[str], list[str]]:
    """Return the names of artists and, parallel, their keys (empty where they have none)."""
    names, keys = [], []
    for artist in items if isinstance(items, list) else []:
        if isinstance(artist, dict) and (name := text(artist.get("name"))):
            own = spotify_id(artist.get("id"))
            names.append(name)
            keys.append(f"spotify:{own}" if own else "")
    return names, keys


def _is_episode(item: Mapping[str, Any]) -> bool:
    return item.get("type") in {"episode", "chapter"} or ":episode:" in text(item.get("uri"))


def _epoch(value: Any) -> int:
    """Return a moment as Spotify writes it as seconds since the epoch; 0 where there is none."""
    try:
        return max(0, int(datetime.fromisoformat(text(value)).timestamp()))
    except (ValueError, OverflowError):
        return 0


def _number(value: Any) -> float | None:
    try:
        good = isinstance(value, int | float) and not isinstance(value, bool)
        return float(value) if good and math.isfinite(value) else None
    except OverflowError:
        return None


def _fraction(value: Any) -> float | None:
    number = _number(value)
    return number if number is not None and 0 <= number <= 1 else None
