"""What ListenBrainz writes about a listen, checked value by value.

The same object stands in its exports, its dumps and its answers. Names of users are never read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final

from segue.catalog.incoming import ME, ListenRecord, Skip
from segue.catalog.records import TrackRecord
from segue.errors import SourceError
from segue.sources.guard import load_json, number, text
from segue.sources.spotify_uri import track_key

EARLIEST: Final = 1_033_430_400
"""October 2002: ListenBrainz takes no listen from before it."""
LATEST: Final = 2**32 - 1
LONGEST_LINE: Final = 64 << 10
"""Bytes. A listen may be sent with 10 KiB; what the service adds, and escapes, come on top."""

_MBID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ISRC: Final = re.compile(r"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}")
_NOTHING: Final[Mapping[str, Any]] = {}


def json_lines(file: BinaryIO) -> Iterator[dict[str, Any] | Skip]:
    """Yield the object of each line, or why it is left out; empty lines are passed by.

    No more than a line of `LONGEST_LINE` is ever held; of a longer one the rest is read past.
    """
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            while line and not line.endswith(b"\n"):
                line = file.readline(LONGEST_LINE)
            yield Skip("a line too long", f"line {number}")
            continue
        if line.isspace():
            continue
        try:
            value = load_json(line)
        except SourceError:
            yield Skip("a line that is no JSON", f"line {number}")
            continue
        yield value if isinstance(value, dict) else Skip("not an object", f"line {number}")


def listen_record(row: Mapping[str, Any], listener: str = ME) -> ListenRecord | Skip:
    """Return a listen, or why it is left out; its time is when the song began.

    The time is ``listened_at`` in exports and answers, ``timestamp`` in dumps.
    """
    at = number(row.get("listened_at", row.get("timestamp")), EARLIEST, LATEST)
    if at is None:
        return Skip("no date, or one that cannot be")
    track = listened_track(row)
    if track is None:
        return Skip("no title", f"listened to at {int(at)}")
    return ListenRecord(track, int(at), listener=listener)


def listened_track(row: Mapping[str, Any]) -> TrackRecord | None:
    """Return what was listened to; None where it has no title.

    The recording's MBID is the one that the listener's own player sent; where it sent none, the one
    that ListenBrainz found by the names.
    """
    data = _object(row, "track_metadata")
    title = text(data.get("track_name"))
    if title is None:
        return None
    info, mapping = _object(data, "additional_info"), _object(data, "mbid_mapping")
    recording, album, *_ = (
        mbid(info.get(name)) or mbid(mapping.get(name))
        for name in ("recording_mbid", "release_mbid")
    )
    spotify = track_key(info.get("spotify_id"))
    artists, artist_ids = _artists(mapping)
    isrc = (text(info.get("isrc")) or "").replace("-", "").upper()
    outside = []
    if recording:
        outside.append(("musicbrainz_recording", recording))
    if album:
        outside.append(("musicbrainz_album", album))
    if _ISRC.fullmatch(isrc):
        outside.append(("isrc", isrc))
    outside += [("musicbrainz_artist", artist) for artist in artist_ids if artist]
    return TrackRecord(
        title,
        artist=text(data.get("artist_name")) or "",
        album=text(data.get("release_name")) or text(info.get("release_name")) or "",
        duration=_duration(info),
        outside_ids=tuple(outside),
        key=spotify or (f"musicbrainz:{recording}" if recording else ""),
        artists=artists,
        artist_keys=tuple(f"musicbrainz:{id_}" for id_ in artist_ids) if all(artist_ids) else (),
        album_key=f"musicbrainz:{album}" if album else "",
    )


def recording_ids(row: Mapping[str, Any]) -> list[str]:
    """Return the ids, MBIDs or MSIDs, unchecked, by which somebody may mean what was played."""
    data = _object(row, "track_metadata")
    info = _object(data, "additional_info")
    values = (
        row.get("recording_msid"),
        data.get("recording_msid"),
        info.get("recording_msid"),
        info.get("recording_mbid"),
        _object(data, "mbid_mapping").get("recording_mbid"),
    )
    return [value.lower() for value in values if isinstance(value, str)]


def mbid(value: object) -> str:
    """Return a MusicBrainz (or MessyBrainz) id in lower case; empty for anything else.

    >>> mbid("98255A8C-017a-4bc7-8dd6-1fa36124572b"), mbid("98255a8c"), mbid(None)
    ('98255a8c-017a-4bc7-8dd6-1fa36124572b', '', '')
    """
    if not isinstance(value, str):
        return ""
    lower = value.lower()
    return lower if _MBID.fullmatch(lower) else ""


def _object(row: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = row.get(name)
    return value if isinstance(value, dict) else _NOTHING


def _artists(mapping: Mapping[str, Any]) -> tuple[tuple[str, ...], list[str]]:
    """Return the names of the artists and, parallel, their ids; nothing where a name is missing."""
    rows = mapping.get("artists")
    if not isinstance(rows, list):
        return (), []
    names, ids = [], []
    for row in rows[:100]:
        name = text(row.get("artist_credit_name")) if isinstance(row, dict) else None
        if name is None:
            return (), []
        names.append(name)
        ids.append(mbid(row.get("artist_mbid")))
    return tuple(names), ids


def _duration(info: Mapping[str, Any]) -> float | None:
    milliseconds = number(info.get("duration_ms"), 1, 1e9)
    return number(info.get("duration"), 0.001, 1e6) if milliseconds is None else milliseconds / 1000
