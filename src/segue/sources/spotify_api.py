"""Spotify's Web API: search for playlists, their tracks, recommendations and audio features.

Both shapes of the API are understood, the one before February 2026 (``/tracks``, ``track``) and the
one after it (``/items``, ``item``), whichever the server answers in. Apps registered today may no
longer read other people's playlists, audio features or recommendations; `AccessError` says so.
"""

from __future__ import annotations

import html
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from segue.catalog.incoming import FeatureRecord, Skip
from segue.catalog.records import TrackRecord
from segue.errors import ServiceError
from segue.http.client import JsonClient
from segue.sources.spotify_json import (
    entries,
    features,
    is_page,
    next_offset,
    popularity,
    spotify_id,
    text,
    track_record,
    whole,
)

BATCH: Final = 100
"""How many tracks' audio features are asked for at once."""

_REFUSED: Final = frozenset({403, 404, 410})
_PATIENCE: Final = 5  # playlists refused in a row, none read yet, that make it the app's fault


class AccessError(ServiceError):
    """This app has no access to a part of the API at all: there is no use in asking on."""


@dataclass(frozen=True)
class FoundPlaylist:
    """A playlist as the search shows it.

    Attributes
    ----------
    id
        Spotify's own, without prefix.
    owner
        The name that the owner shows in public, or the owner's id; may be empty.
    total
        How many entries it has, or None where that is not told.
    """

    id: str
    name: str
    description: str = ""
    owner: str = ""
    total: int | None = None

    @property
    def key(self) -> str:
        """Its key in the catalogue.

        >>> FoundPlaylist("37i9dQZF1DXcBWIGoYBM5M", "Hits").key
        'spotify:37i9dQZF1DXcBWIGoYBM5M'
        """
        return f"spotify:{self.id}"


@dataclass(frozen=True)
class PlaylistPage:
    """One page of found playlists.

    Attributes
    ----------
    next_offset
        Where the next page begins; None: this is the last one that the server gives.
    nulls
        How many places of the page held nothing usable.
    """

    items: tuple[FoundPlaylist, ...]
    next_offset: int | None
    nulls: int = 0


@dataclass(frozen=True)
class EntriesPage:
    """One page of a playlist's entries.

    Attributes
    ----------
    tracks
        In order; files of the owner's own ("local files") have names but no key.
    added_at
        Parallel to `tracks`: seconds since the epoch; 0: unknown.
    next_offset
        Where the next page begins; None: this is the last one.
    total
        How many entries the playlist has in all, or None where that is not told.
    skipped
        What was left out: entries that are gone, episodes, what cannot be read.
    """

    tracks: tuple[TrackRecord, ...]
    added_at: tuple[int, ...]
    next_offset: int | None
    total: int | None = None
    skipped: tuple[Skip, ...] = ()


class SpotifyClient:
    """The parts of the API that a crawl needs; threads share one.

    Every method raises `ServiceError` with the HTTP status where the service refuses, 0 where it
    does not answer, and 429 with `retry_after` where it wants to be left alone for long; and
    `AccessError` where the app as a whole has no access.

    Parameters
    ----------
    http
        A client for ``https://api.spotify.com/v1`` with credentials.
    """

    def __init__(self, http: JsonClient) -> None:
        self._http = http
        self._lock = threading.Lock()
        self._search_limits = _Limits(50, 10)
        self._entry_limits = {"items": _Limits(50), "tracks": _Limits(100, 50)}
        self._shape = "items"  # the one that worked last, asked for first
        self._playlists_read = False
        self._refused_in_a_row = 0
        self._opened: set[str] = set()  # parts of the API that have answered

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def search_playlists(self, word: str, offset: int = 0) -> PlaylistPage:
        """Return the playlists found by a word, from `offset` on, as many as the server gives.

        The page after the last one that the server allows (offset 1,000 of today's apps) is empty
        and has no next.
        """
        query = text(word)
        while True:
            limit = self._search_limits.current
            params: dict[str, str | int] = {
                "q": query,
                "type": "playlist",
                "limit": limit,
                "offset": offset,
            }
            try:
                data = self._http.get("search", params, valid=_is_search)
            except ServiceError as error:
                if error.status == 400 and self._search_limits.lower(limit, error):
                    continue
                if error.status in {400, 404} and offset > 0:
                    return PlaylistPage((), None)
                if _is_about_the_app(error):
                    raise _no_access(error, "the search") from error
                raise
            return _playlist_page(data["playlists"], offset, limit)

    def playlist_entries(self, playlist_id: str, offset: int = 0) -> EntriesPage:
        """Return a playlist's entries from `offset` on, as many as the server gives.

        Raises
        ------
        ServiceError
            With status 404 if the playlist is gone, 403 if it is private or of Spotify's own.
        AccessError
            If five playlists in a row were refused and none could be read yet: then it is the app
            that has no access.
        """
        shapes = sorted(("items", "tracks"), key=lambda shape: shape != self._shape)
        refusals = []
        for shape in shapes:
            try:
                data, limit = self._entries(playlist_id, shape, offset)
            except ServiceError as error:
                if error.status not in _REFUSED:
                    raise
                refusals.append(error)
                continue
            with self._lock:
                self._shape, self._playlists_read, self._refused_in_a_row = shape, True, 0
            return _entries_page(data, playlist_id, offset, limit)
        # One shape says what is the matter; the other one may only say that it is no more.
        refusal = next((error for error in refusals if error.status == 403), refusals[0])
        with self._lock:
            self._refused_in_a_row += refusal.status == 403
            closed = not self._playlists_read and self._refused_in_a_row >= _PATIENCE
        if closed or _is_about_the_app(refusal):
            raise _no_access(refusal, "other people's playlists") from refusal
        raise refusal

    def genre_seeds(self) -> list[str]:
        """Return the genres that recommendations can start from, in the server's order."""
        data = self._part("recommendations/available-genre-seeds", "the genre seeds", {}, "genres")
        return list(dict.fromkeys(filter(None, map(text, data["genres"]))))

    def recommendations(self, genre: str, limit: int = 100) -> list[FeatureRecord]:
        """Return songs that Spotify recommends for a genre, with it as their genre.

        Of the features only `popularity` is filled, where it is told; see `audio_features`.
        """
        params: dict[str, str | int] = {"seed_genres": genre, "limit": limit}
        data = self._part("recommendations", "recommendations", params, "tracks")
        rows = []
        for item in data["tracks"]:
            record = track_record(item)
            if record is not None and record.key:
                track = replace(record, genres=(genre,))
                rows.append(FeatureRecord(track, popularity=popularity(item), genres=(genre,)))
        return rows

    def audio_features(self, rows: Sequence[FeatureRecord]) -> list[FeatureRecord]:
        """Return the rows, in the same order, with what Spotify measured of their tracks.

        Tracks that have no Spotify key, or that Spotify knows nothing of, come back as they were.
        """
        ids = list(dict.fromkeys(filter(None, (_own_id(row.track.key) for row in rows))))
        known: dict[str, Mapping[str, Any]] = {}
        for start in range(0, len(ids), BATCH):
            params = {"ids": ",".join(ids[start : start + BATCH])}
            data = self._part("audio-features", "audio features", params, "audio_features")
            for item in data["audio_features"]:
                if isinstance(item, dict) and (found := spotify_id(item.get("id"))):
                    known[found] = item
        return [features(row, known.get(_own_id(row.track.key))) for row in rows]

    def _entries(self, playlist_id: str, shape: str, offset: int) -> tuple[Mapping[str, Any], int]:
        from urllib.parse import quote

        path = f"playlists/{quote(playlist_id, safe='')}/{shape}"
        limits = self._entry_limits[shape]
        while True:
            limit = limits.current
            params: dict[str, str | int] = {
                "fields": _FIELDS,
                "limit": limit,
                "offset": offset,
            }
            try:
                return self._http.get(path, params, valid=is_page), limit
            except ServiceError as error:
                if error.status != 400 or not limits.lower(limit, error):
                    raise

    def _part(
        self, path: str, what: str, params: Mapping[str, str | int], field: str
    ) -> Mapping[str, Any]:
        """Get from one of the parts of the API that were closed to new apps in November 2024."""

        def valid(data: Any) -> bool:
            return isinstance(data, dict) and isinstance(data.get(field), list)

        try:
            data: Mapping[str, Any] = self._http.get(path, params, valid=valid)
        except ServiceError as error:
            if error.status in _REFUSED and path not in self._opened:
                raise _no_access(error, what) from error
            raise
        self._opened.add(path)
        return data


_TRACK: Final = (
    "id,name,type,uri,is_local,duration_ms,track_number,disc_number,external_ids(isrc),"
    "artists(id,name),album(id,name,release_date,artists(id,name))"
)
_FIELDS: Final = f"next,total,items(added_at,is_local,item({_TRACK}),track({_TRACK}))"
"""Only what is used: a whole entry is ten times as large, mostly lists of countries."""


class _Limits:
    """Page sizes from the largest on; the server decides which one it takes."""

    def __init__(self, *sizes: int) -> None:
        self._sizes = sizes
        self.current = sizes[0]

    def lower(self, refused: int, error: ServiceError) -> bool:
        """After a 400 to the size `refused`, return whether there is a smaller one to try."""
        smaller = [size for size in self._sizes if size < refused]
        if "invalid limit" not in str(error).lower() or not smaller:
            return False
        self.current = min(self.current, smaller[0])
        return True


def _is_search(data: Any) -> bool:
    # A word that nothing is found by may bring `"playlists": null`.
    return isinstance(data, dict) and isinstance(data.get("playlists", 0), dict | None)


def _playlist_page(page: Mapping[str, Any] | None, offset: int, limit: int) -> PlaylistPage:
    if page is None:
        return PlaylistPage((), None)
    items = page.get("items")
    places = items if isinstance(items, list) else []
    found = [playlist for item in places if (playlist := _found_playlist(item)) is not None]
    return PlaylistPage(tuple(found), next_offset(page, offset, limit), len(places) - len(found))


def _found_playlist(item: Any) -> FoundPlaylist | None:
    if not isinstance(item, dict):
        return None
    found, name = spotify_id(item.get("id")), text(item.get("name"))
    if not found:
        return None
    owner = item.get("owner")
    owner = owner if isinstance(owner, dict) else {}
    contents = item.get("items") or item.get("tracks")
    return FoundPlaylist(
        found,
        name,
        html.unescape(text(item.get("description"))),
        text(owner.get("display_name")) or text(owner.get("id")),
        whole(contents.get("total")) if isinstance(contents, dict) else None,
    )


def _entries_page(
    data: Mapping[str, Any], playlist_id: str, offset: int, limit: int
) -> EntriesPage:
    tracks, added_at, skipped = entries(data["items"] or [], f"spotify:{playlist_id}", offset)
    return EntriesPage(
        tuple(tracks),
        tuple(added_at),
        next_offset(data, offset, limit),
        whole(data.get("total")),
        tuple(skipped),
    )


def _own_id(key: str) -> str:
    service, _, own = key.partition(":")
    return spotify_id(own) if service == "spotify" else ""


def _is_about_the_app(error: ServiceError) -> bool:
    """Return whether the service's words show that a 403 is not about one playlist."""
    words = str(error).lower()
    return error.status == 403 and any(word in words for word in ("premium", "scope", "registered"))


def _no_access(error: ServiceError, what: str) -> AccessError:
    return AccessError(
        f"this app has no access to {what} ({error}). Spotify closed them to new apps in November "
        "2024 and February 2026; only apps with an older or extended quota can read them. Instead: "
        "add your own exports (`segue add` with Spotify's zip), an OpenSubsonic server, or "
        "ListenBrainz",
        status=error.status,
    )
