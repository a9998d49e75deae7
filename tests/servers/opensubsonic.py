"""A stand-in for servers of the OpenSubsonic specification, and for what is wrong with some."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import md5
from pathlib import Path
from typing import Any, Final

from servers.loopback import Asked, Reply, serving

USER: Final = "ann"
PASSWORD: Final = "sécret & more"
API_KEY: Final = "key-0123456789abcdef"
SCANNED: Final = "2026-11-20T08:00:00Z"
CHANGED: Final = "2026-11-21T09:30:00.123456789Z"
PER_ALBUM: Final = 11

Element = dict[str, Any]


def song(number: int, **fields: Any) -> Element:
    """Return a song as the specification wants it; eleven are an album."""
    album = number // PER_ALBUM
    return {
        "id": f"so-{number}",
        "parent": f"al-{album}",
        "isDir": False,
        "title": f"Song {number}",
        "album": f"Album {album}",
        "artist": f"Artist {album}",
        "track": number % PER_ALBUM + 1,
        "duration": 180 + number % 60,
        "path": f"Artist {album}/Album {album}/{number}.flac",
        "isVideo": False,
        "type": "music",
        "mediaType": "song",
        "albumId": f"al-{album}",
        "artistId": f"ar-{album}",
        "created": "2024-01-02T03:04:05Z",
        "replayGain": {},
        **fields,
    }


def playlist(own: str, entries: list[Element], **fields: Any) -> Element:
    """Return a playlist with its entries."""
    return {
        "id": own,
        "name": f"Playlist {own}",
        "songCount": len(entries),
        "duration": 60,
        "created": "2025-01-01T00:00:00Z",
        "changed": CHANGED,
        "entry": entries,
        **fields,
    }


@dataclass
class OpenSubsonic:
    """What the server has, how it behaves, and what it was asked.

    Attributes
    ----------
    extensions
        None: the method is unknown, as on servers of the old protocol.
    tokens
        Whether it takes tokens; if not, they are refused with `no_tokens`.
    found
        How many songs an empty search brings in all; None: it is refused with an error.
    most
        Items a page at most.
    offsets
        Whether offsets have any effect.
    scan
        The ``scanStatus`` element, or None: not for this user.
    meddle
        Changes a response before it is sent.
    """

    songs: list[Element]
    playlists: list[Element] = field(default_factory=list)
    password: str = PASSWORD
    extensions: tuple[str, ...] | None = ("songLyrics",)
    tokens: bool = True
    no_tokens: int = 41
    found: int | None = 1_000_000
    most: int = 500
    offsets: bool = True
    scan: Element | None = field(
        default_factory=lambda: {"scanning": False, "count": 3, "lastScan": SCANNED}
    )
    meddle: Callable[[str, Element], object] = lambda _method, _response: None
    asked: list[tuple[str, Asked]] = field(default_factory=list)

    @property
    def methods(self) -> list[str]:
        """The methods asked for, without the log-in."""
        methods = [method for method, _ in self.asked]
        return [each for each in methods if each not in {"ping", "getOpenSubsonicExtensions"}]

    @contextmanager
    def running(self) -> Iterator[str]:
        """Serve until the block ends; gives the address, which has a path."""
        with serving(self.answer) as address:
            yield f"{address}/music"

    def answer(self, asked: Asked) -> Reply:
        """Answer one request."""
        method = asked.path.removeprefix("/music/rest/").removesuffix(".view")
        self.asked.append((method, asked))
        if asked.method == "POST" and "formPost" not in (self.extensions or ()):
            return Reply("", 405)
        try:
            inner = self._answer(method, asked.params)
        except _Refusal as refusal:
            code, words = refusal.args
            response = self._response("failed", error={"code": code, "message": words})
        except KeyError:
            return Reply("<html>no such thing</html>", 404)
        else:
            response = self._response("ok", **inner)
            self.meddle(method, response)
        return Reply({"subsonic-response": response})

    def _response(self, status: str, **inner: Any) -> Element:
        about = {"version": "1.16.1", "type": "stand-in", "serverVersion": "1"}
        return {"status": status, "openSubsonic": True, **about, **inner}

    def _answer(self, method: str, params: dict[str, str]) -> Element:
        if method == "getOpenSubsonicExtensions" and self.extensions is not None:
            names = [{"name": name, "versions": [1]} for name in self.extensions]
            return {"openSubsonicExtensions": names}
        self._check(params)
        methods: dict[str, Callable[[dict[str, str]], Element]] = {
            "ping": lambda _: {},
            "search3": self._search3,
            "getAlbumList2": self._albums,
            "getAlbum": self._album,
            "getStarred2": self._starred,
            "getPlaylists": self._playlists,
            "getPlaylist": self._playlist,
            "getScanStatus": self._scan,
        }
        return methods[method](params)

    def _check(self, params: dict[str, str]) -> None:
        if not {"v", "c"} <= set(params) or params.get("f") != "json":
            raise _Refusal(10, "Required parameter is missing.")
        if "apiKey" in params:
            if "apiKeyAuthentication" not in (self.extensions or ()):
                raise _Refusal(42, "API keys are not supported.")
            if "u" in params:
                raise _Refusal(43, "Multiple conflicting authentication mechanisms.")
            if params["apiKey"] != API_KEY:
                raise _Refusal(44, f"Invalid API key {params['apiKey']}.")
            return
        if "t" in params and not self.tokens:
            raise _Refusal(self.no_tokens, "No tokens here.")
        if "t" in params:
            right = md5((self.password + params["s"]).encode()).hexdigest() == params["t"]
        elif "p" in params:
            given = params["p"].removeprefix("enc:")
            right = given != params["p"] and bytes.fromhex(given).decode() == self.password
        else:
            raise _Refusal(10, "Required parameter is missing.")
        if params.get("u") != USER or not right:
            raise _Refusal(40, f"Wrong username or password {self.password}\n.")

    def _page(self, every: list[Element], params: dict[str, str], count: str, offset: str) -> Any:
        start = int(params.get(offset, 0)) if self.offsets else 0
        return every[start : start + min(int(params.get(count, 20)), self.most)]

    def _search3(self, params: dict[str, str]) -> Element:
        if self.found is None or params["query"]:
            raise _Refusal(10, "Required parameter is missing.")
        assert (params["artistCount"], params["albumCount"]) == ("0", "0")
        songs = self._page(self.songs[: self.found], params, "songCount", "songOffset")
        return {"searchResult3": {"song": songs} if songs else {}}

    def _by_album(self) -> dict[str, list[Element]]:
        albums: dict[str, list[Element]] = {}
        for each in self.songs:
            albums.setdefault(each["albumId"], []).append(each)
        return albums

    def _album_element(self, own: str) -> Element:
        songs = self._by_album()[own]
        return {
            "id": own,
            "name": songs[0]["album"],
            "songCount": len(songs),
            "duration": 100,
            "created": "2024-01-02T03:04:05Z",
        }

    def _albums(self, params: dict[str, str]) -> Element:
        assert params["type"] == "alphabeticalByName"
        own = self._page([{"id": each} for each in self._by_album()], params, "size", "offset")
        return {"albumList2": {"album": [self._album_element(each["id"]) for each in own]}}

    def _album(self, params: dict[str, str]) -> Element:
        album = self._album_element(params["id"])
        return {"album": {**album, "song": self._by_album()[params["id"]]}}

    def _starred(self, _: dict[str, str]) -> Element:
        return {"starred2": {"song": [each for each in self.songs if each.get("starred")]}}

    def _playlists(self, _: dict[str, str]) -> Element:
        bare = [{k: v for k, v in each.items() if k != "entry"} for each in self.playlists]
        return {"playlists": {"playlist": bare}}

    def _playlist(self, params: dict[str, str]) -> Element:
        for each in self.playlists:
            if each["id"] == params["id"]:
                return {"playlist": each}
        raise _Refusal(70, "The requested data was not found.")

    def _scan(self, _: dict[str, str]) -> Element:
        if self.scan is None:
            raise _Refusal(50, "User is not authorized for the given operation.")
        return {"scanStatus": self.scan}


class _Refusal(Exception):  # noqa: N818  # what the server says, not a fault of its own
    """An error of the protocol: code and words."""


class Specification:
    """The published description of the protocol, in a folder with ``openapi.json``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _read(self, path: str) -> Any:
        return json.loads((self._folder / path).read_text("utf-8"))

    def check(self, method: str, answer: Any) -> None:
        """Raise an error where an answer is not as the method's are."""
        from jsonschema import Draft202012Validator
        from referencing import Registry
        from referencing.jsonschema import DRAFT202012

        base = self._read("openapi.json")["paths"][f"/rest/{method}"]["$ref"]
        response = self._read(base)["get"]["responses"]["200"]
        if "$ref" in response:
            base = f"responses/{Path(response['$ref']).name}"
            response = self._read(base)
        reference = response["content"]["application/json"]["schema"]["$ref"]
        registry: Any = Registry(  # type: ignore[call-arg]  # its attributes have aliases
            retrieve=lambda uri: DRAFT202012.create_resource(self._read(uri))
        )
        schema = {"$ref": os.path.normpath(Path(base).parent / reference)}
        Draft202012Validator(schema, registry=registry).validate(answer)
