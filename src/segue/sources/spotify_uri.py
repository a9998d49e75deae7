"""What Spotify's URIs tell: a track's id, or the names of a file on somebody's own disk."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_plus

from segue.catalog.records import TrackRecord
from segue.sources.guard import clean, number

_TRACK: Final = re.compile(
    r"(?:spotify:track:|(?:https?://)?(?:open|play)\.spotify\.com/(?:intl-[a-z-]{2,8}/)?track/)"
    r"([0-9A-Za-z]{22})(?:[?#/].*)?",
    re.DOTALL,
)


def track_key(uri: object) -> str:
    """Return the key of a track by its URI or web address; empty for anything else.

    >>> track_key("spotify:track:67Hna13dNDkZvBpTXRIaOJ")
    'spotify:67Hna13dNDkZvBpTXRIaOJ'
    >>> track_key("https://open.spotify.com/track/67Hna13dNDkZvBpTXRIaOJ?si=1")
    'spotify:67Hna13dNDkZvBpTXRIaOJ'
    >>> track_key("spotify:local:Massive+Attack::Teardrop:330"), track_key(None)
    ('', '')
    """
    match = _TRACK.fullmatch(uri) if isinstance(uri, str) else None
    return f"spotify:{match[1]}" if match else ""


def local_track(uri: object) -> TrackRecord | None:
    """Return what a local file's URI says: ``spotify:local:artist:album:title:seconds``.

    None for anything else, and where it has no title.

    >>> track = local_track("spotify:local:Massive+Attack:Mezzanine:Teardrop:330")
    >>> track.artist, track.album, track.title, track.duration
    ('Massive Attack', 'Mezzanine', 'Teardrop', 330.0)
    """
    parts = uri.split(":") if isinstance(uri, str) and len(uri) < 10_000 else []
    if len(parts) != 6 or parts[:2] != ["spotify", "local"]:
        return None
    artist, album, title = (clean(unquote_plus(part)) for part in parts[2:5])
    if not title:
        return None
    seconds = number(parts[5], 1, 1_000_000)
    return TrackRecord(title, artist=artist, album=album, duration=seconds)
