"""What the JSON of a Subsonic server says of a song, checked value by value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from segue.catalog.incoming import Skip
from segue.catalog.records import TrackRecord
from segue.sources.genres import split_genres
from segue.sources.guard.values import integer, number, text

_ISRC: Final = re.compile("[A-Z]{2}[A-Z0-9]{3}[0-9]{7}")
_UUID: Final = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NO_SONGS: Final = {"video": "a video", "podcast": "a podcast", "audiobook": "an audiobook"}


def song_record(child: Any, server: str) -> TrackRecord | Skip:
    """Return a song (a ``Child`` of the specification), or why it is left out.

    Parameters
    ----------
    server
        What its keys begin with after ``subsonic:``, so that no two servers' ids meet.

    Examples
    --------
    >>> song_record({"id": 7, "title": "Teardrop", "isDir": False}, "music.lan").key
    'subsonic:music.lan:7'
    >>> song_record({"id": "8", "title": "Clip", "isVideo": True}, "music.lan")
    Skip(reason='a video', where='Clip (8)', bad=False)
    """
    if not isinstance(child, dict):
        return Skip("no song", str(type(child).__name__))
    own, title = own_id(child.get("id")), text(child.get("title"))
    where = f"{title or ''} ({own})"[:100]
    kind = "video" if child.get("isVideo") is True else child.get("type")
    if isinstance(kind, str) and kind in _NO_SONGS:
        return Skip(_NO_SONGS[kind], where, bad=False)
    if child.get("isDir") is True:
        return Skip("a folder", where, bad=False)
    if not own or not title:
        return Skip("no title" if own else "no id", where)
    artists = _named(child, "artists")
    album_artists = ", ".join(name for name, _ in _named(child, "albumArtists"))
    album = own_id(child.get("albumId"))
    keys = tuple(own_key(server, artist) for _, artist in artists if artist)
    return TrackRecord(
        title,
        artist=text(child.get("displayArtist"))
        or text(child.get("artist"))
        or ", ".join(name for name, _ in artists),
        album=text(child.get("album")) or "",
        album_artist=text(child.get("displayAlbumArtist")) or album_artists,
        track_number=_positive(child.get("track")),
        disc_number=_positive(child.get("discNumber")),
        year=_year(child.get("year")),
        genres=_genres(child),
        duration=number(child.get("duration"), 0, 1e7) or None,
        outside_ids=tuple(_outside_ids(child)),
        key=own_key(server, own),
        artists=tuple(name for name, _ in artists),
        artist_keys=keys if len(keys) == len(artists) else (),
        album_key=own_key(server, album) if album else "",
    )


def own_key(server: str, own: str) -> str:
    """Return what the catalogue knows a server's song, album, artist or playlist by."""
    return f"subsonic:{server}:{own.replace(':', '%3A')}"  # what stands before is the server


def own_id(value: Any) -> str:
    """Return an id; a number is one, too, as of servers that count.

    >>> own_id("al-7"), own_id(7), own_id(True), own_id(None)
    ('al-7', '7', '', '')
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if integer(value) is not None else ""
    return text(value) or ""


def _positive(value: Any) -> int | None:
    found = integer(value)
    return found if found and 0 < found < 1 << 31 else None


def _year(value: Any) -> int | None:
    found = _positive(value)
    return found if found and 1_000 <= found < 10_000 else None


def _named(element: Mapping[str, Any], name: str) -> list[tuple[str, str]]:
    """Return the name and the id (maybe empty) of each in a list that has a name."""
    return [
        (known, own_id(artist.get("id")))
        for artist in items(element, name)
        if isinstance(artist, dict) and (known := text(artist.get("name")))
    ]


def _genres(child: Mapping[str, Any]) -> tuple[str, ...]:
    names = [name for name, _ in _named(child, "genres")]
    one = text(child.get("genre"))
    return split_genres(names or ([one] if one else []))


def _outside_ids(child: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    given = child.get("isrc")
    codes = [
        code.replace("-", "").upper()
        for value in (given if isinstance(given, list) else [given])
        if (code := text(value))
    ]
    yield from (("isrc", code) for code in dict.fromkeys(codes) if _ISRC.fullmatch(code))
    mbid = (text(child.get("musicBrainzId")) or "").lower()
    if child.get("mediaType") == "song" and _UUID.fullmatch(mbid):
        yield "musicbrainz_recording", mbid


def element(response: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an element of a response; an empty one where it is missing or of another type."""
    found = response.get(name)
    return found if isinstance(found, dict) else {}


def items(element: Mapping[str, Any], name: str) -> list[Any]:
    """Return a list in an element; some servers give a single item bare, or null for none.

    >>> items({"song": [1, 2]}, "song"), items({"song": {"id": "1"}}, "song"), items({}, "song")
    ([1, 2], [{'id': '1'}], [])
    """
    value = element.get(name)
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, dict) else []
