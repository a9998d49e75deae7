"""The Web API of the local server: search, playlists, features and recommendations."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from servers.spotify_behaviour import Behaviour, Refusal
from servers.spotify_catalogue import GENRES, Catalogue, decode, encode
from servers.spotify_fields import selected


class WebApi:
    """Answers what is asked below ``/v1``, out of a catalogue."""

    def __init__(self, url: str, catalogue: Catalogue, behaviour: Behaviour) -> None:
        self._url = url
        self._catalogue = catalogue
        self._behaviour = behaviour

    def answer(self, parts: list[str], query: Mapping[str, str], fault: str, *, user: bool) -> Any:
        """Answer a request below ``/v1``."""
        match parts:
            case ["search"]:
                return self._search(query, fault)
            case ["playlists", own, "tracks" | "items" as shape]:
                page = self._entries(own, shape, query, fault, user=user)
                return selected(page, query["fields"]) if "fields" in query else page
            case ["playlists", own]:
                return self._playlist(own, user=user)
            case ["audio-features"]:
                return self._features(query)
            case ["recommendations"]:
                return self._recommendations(query)
            case ["recommendations", "available-genre-seeds"]:
                self._open(404)
                return {"genres": list(GENRES)}
        raise Refusal(404, "Service not found")

    def _open(self, status: int) -> None:
        if self._behaviour.restricted:
            raise Refusal(status, HTTPStatus(status).phrase)

    def _search(self, query: Mapping[str, str], fault: str) -> Any:
        if not query.get("q") or query.get("type") != "playlist":
            raise Refusal(400, "No search query")
        most = 10 if self._behaviour.restricted else self._behaviour.search_limit
        limit = number(query, "limit", 5, 0, most)
        offset = number(query, "offset", 0, 0, self._behaviour.max_offset)
        found = self._catalogue.search(query["q"])
        items = [
            None if self._catalogue.ghost(playlist) else self._simple(playlist)
            for playlist in found[offset : offset + limit]
        ]
        page = self._page("search", query, items, limit, offset, len(found))
        return {"playlists": {**page, "items": None} if fault == "no_items" else page}

    def _simple(self, playlist: int) -> dict[str, Any]:
        own, old = encode("playlist", playlist), self._behaviour.shape == "tracks"
        contents = {
            "href": f"{self._url}/playlists/{own}/{'tracks' if old else 'items'}",
            "total": self._catalogue.length(playlist),
        }
        return {
            "collaborative": False,
            "description": f"Made for {self._catalogue.name(9, playlist)} &amp; friends",
            "external_urls": {"spotify": f"https://open.spotify.com/playlist/{own}"},
            "href": f"{self._url}/playlists/{own}",
            "id": own,
            "images": [],
            "name": self._catalogue.title(playlist),
            "owner": self._catalogue.user(self._catalogue.owner(playlist)),
            "public": True,
            "snapshot_id": own[::-1],
            "tracks" if old else "items": contents,
            "type": "playlist",
            "uri": f"spotify:playlist:{own}",
        }

    def _found(self, own: str) -> int:
        playlist = decode("playlist", own)
        if playlist is None or playlist >= self._catalogue.playlists:
            raise Refusal(404, "Resource not found")
        if (fate := self._catalogue.fate(playlist)) != 200:
            raise Refusal(fate, "Resource not found" if fate == 404 else "Forbidden")
        return playlist

    def _playlist(self, own: str, *, user: bool) -> Any:
        playlist = self._found(own)
        answer = self._simple(playlist)
        shape = "tracks" if self._behaviour.shape == "tracks" else "items"
        del answer[shape]
        if not self._behaviour.restricted or (user and self._catalogue.owner(playlist) == 0):
            answer[shape] = self._entries(own, shape, {}, "", user=user)
        return answer

    def _entries(
        self, own: str, shape: str, query: Mapping[str, str], fault: str, *, user: bool
    ) -> Any:
        if self._behaviour.shape not in {shape, "both"}:
            raise Refusal(404, "Service not found")
        playlist = self._found(own)
        if self._behaviour.restricted and not (user and self._catalogue.owner(playlist) == 0):
            raise Refusal(403, "Forbidden")
        limit = number(query, "limit", 20, 1, 50)
        offset = number(query, "offset", 0, 0, 1 << 30)
        total = self._catalogue.length(playlist)
        name = shape.removesuffix("s")
        if fault == "other_shape":
            name = "item" if name == "track" else "track"
        items = [
            self._entry(playlist, place, name)
            for place in range(offset, min(offset + limit, total))
        ]
        return self._page(f"playlists/{own}/{shape}", query, items, limit, offset, total)

    def _entry(self, playlist: int, place: int, name: str) -> dict[str, Any]:
        kind, which = self._catalogue.entry(playlist, place)
        content = None
        if kind == "track":
            content = self._seen(self._catalogue.track(which))
        elif kind != "gone":
            content = getattr(self._catalogue, kind)(which)
        entry = {
            "added_at": f"20{10 + (playlist + place) % 16}-03-04T05:06:07Z",
            "added_by": self._catalogue.user(self._catalogue.owner(playlist)),
            "is_local": kind == "local",
            name: content,
        }
        if self._catalogue.odd and place % 50 == 49:
            entry["added_at"] = entry["added_by"] = None
        return entry

    def _seen(self, track: dict[str, Any]) -> dict[str, Any]:
        """Return a track as the app may see it."""
        if not self._behaviour.restricted:
            return track
        kept = {
            name: value
            for name, value in track.items()
            if name not in {"popularity", "available_markets", "preview_url"}
        }
        album = {k: v for k, v in track["album"].items() if k != "available_markets"}
        return {**kept, "album": album}

    def _features(self, query: Mapping[str, str]) -> Any:
        self._open(403)
        ids = query.get("ids", "").split(",")
        if not 1 <= len(ids) <= 100:
            raise Refusal(400, "Too many ids requested")
        tracks = [decode("track", own) for own in ids]
        return {
            "audio_features": [
                None if track is None else self._catalogue.features(track) for track in tracks
            ]
        }

    def _recommendations(self, query: Mapping[str, str]) -> Any:
        self._open(404)
        genre = query.get("seed_genres", "")
        if genre not in GENRES:
            raise Refusal(400, "invalid request")
        limit = number(query, "limit", 20, 1, 100)
        seed = {
            "initialPoolSize": 500,
            "afterFilteringSize": 500,
            "afterRelinkingSize": 500,
            "id": genre,
            "type": "GENRE",
        }
        tracks = self._catalogue.recommended(genre, limit)
        return {"seeds": [seed], "tracks": [self._seen(self._catalogue.track(t)) for t in tracks]}

    def _page(
        self,
        path: str,
        query: Mapping[str, str],
        items: list[Any],
        limit: int,
        offset: int,
        total: int,
    ) -> dict[str, Any]:
        def address(start: int) -> str:
            kept = {**query, "offset": str(start), "limit": str(limit)}
            return f"{self._url}/{path}?{urlencode(kept)}"

        return {
            "href": address(offset),
            "limit": limit,
            "next": address(offset + limit) if offset + limit < total else None,
            "offset": offset,
            "previous": address(max(0, offset - limit)) if offset else None,
            "total": total,
            "items": items,
        }


def number(query: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    """Return a whole number of the query, or refuse it as Spotify does."""
    try:
        value = int(query.get(name, default))
    except ValueError:
        value = -1
    if not least <= value <= most:
        raise Refusal(400, f"Invalid {name}")
    return value
