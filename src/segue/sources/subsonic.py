"""An OpenSubsonic or Subsonic server (Navidrome, Gonic, Supysonic ...): all it knows of its songs.

Endpoints and fields are those of the OpenSubsonic specification (REST 1.16.1); servers from
1.8.0 on will do. Ids, and what else is of a wrong type or null, is tolerated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from segue.catalog.incoming import (
    FeatureRecord,
    Part,
    PlayCountRecord,
    PlaylistRecord,
    RatingRecord,
    Record,
    Skip,
    TrackList,
)
from segue.catalog.records import TrackRecord
from segue.errors import ServiceError, SourceError
from segue.sources.guard.values import integer, number, text, timestamp
from segue.sources.subsonic_json import element, items, own_id, own_key, song_record
from segue.sources.subsonic_server import (
    Credentials,
    SubsonicError,
    SubsonicServer,
    split_address,
)

PAGE: Final = 500  # the most that getAlbumList2 gives
_FASTEST: Final = 1_000.0  # BPM; what is beyond is no tempo
_NO_EMPTY_SEARCH: Final = frozenset({0, 10, 70})  # how servers refuse it, where they do


class Subsonic:
    """A server's tracks, stars, play counts with ratings, and playlists, as one user sees them.

    Four kinds of parts: "tracks" is read again after the server scanned its files (where it tells
    of that), each playlist after it was changed, "stars" and "plays" always. A star is a rating
    of 1; "plays" has the ratings of songs without a star.

    Parameters
    ----------
    address
        ``http://host:4533``, ``https://host/music``; ``subsonic+`` before it and
        ``user:password@`` in it are taken, but never shown or kept as the `location`.
    user, password, api_key
        Where the address has no password; a user in it goes before `user`. With both a key and a
        password, the key is used where the server takes keys.

    Raises
    ------
    UsageError
        If the address is none.

    Examples
    --------
    >>> source = Subsonic("subsonic+http://ann:secret@music.lan:4533/")
    >>> source, source.location
    (Subsonic('http://music.lan:4533'), 'http://music.lan:4533')
    """

    kind: str = "subsonic"

    def __init__(
        self, address: str, *, user: str = "", password: str = "", api_key: str = ""
    ) -> None:
        self._location, told = split_address(address)
        self._user = told.user or user
        # A password is for the server it was written to; those from elsewhere may be another's.
        login = told if told.password else Credentials(self._user, password, api_key)
        self._server = SubsonicServer(self._location, login)
        self._name = self._location.partition("://")[2]  # in keys

    def __repr__(self) -> str:
        return f"Subsonic({self._location!r})"

    @property
    def location(self) -> str:
        """The server's address without any secret."""
        return self._location

    def parts(self) -> Iterator[Part]:
        """Yield tracks, stars and plays, then a part a playlist, in the server's order.

        Reading one raises `SourceError` if the server refuses what is asked for, and what this
        raises if it does not answer or takes the login no more.

        Raises
        ------
        ServiceError
            If the server does not answer or refuses.
        UsageError
            If there are no credentials, or the server takes none of these.
        """
        with self._server as server:
            server.log_in()
            yield Part("tracks", _scan_stamp(server), 0, partial(_apart, self._tracks))
            yield Part("stars", "", 0, partial(_apart, self._stars))
            yield Part("plays", "", 0, partial(_apart, self._plays))
            listing = element(server.ask("getPlaylists"), "playlists")
            for playlist in items(listing, "playlist"):
                if isinstance(playlist, dict) and (own := own_id(playlist.get("id"))):
                    read = partial(_apart, partial(self._playlist, own))
                    yield Part(f"playlist {own}", _playlist_stamp(playlist), 0, read)

    def _tracks(self) -> Iterator[Record]:
        for song in self._songs():
            if isinstance(song, Skip):
                yield song
                continue
            track, child = song
            yield track
            tempo = number(child.get("bpm"), 0, _FASTEST)
            if tempo:
                yield FeatureRecord(track, tempo=tempo)

    def _stars(self) -> Iterator[Record]:
        with self._server as server:
            starred = element(server.ask("getStarred2"), "starred2")
        for child in items(starred, "song"):
            track = song_record(child, self._name)
            if isinstance(track, TrackRecord):
                yield RatingRecord(track, 1.0, timestamp(child.get("starred")))

    def _plays(self) -> Iterator[Record]:
        for song in self._songs():
            if isinstance(song, Skip):
                continue  # told of with the tracks
            track, child = song
            plays, stars = integer(child.get("playCount")), integer(child.get("userRating")) or 0
            if plays and plays > 0:
                yield PlayCountRecord(track, plays, last_at=timestamp(child.get("played")))
            if not text(child.get("starred")):  # without stars too, what it had is taken back
                yield RatingRecord(track, (stars - 3) / 2 if stars in range(1, 6) else 0.0)

    def _playlist(self, own: str) -> Iterator[Record]:
        with self._server as server:
            playlist = element(server.ask("getPlaylist", id=own), "playlist")
        if not playlist:
            yield Skip("a playlist that is not there", own)
            return
        tracks = []
        for place, child in enumerate(items(playlist, "entry")):
            track = song_record(child, self._name)
            if isinstance(track, TrackRecord):
                tracks.append(track)
            else:
                yield replace(track, where=f"playlist {own}, entry {place + 1}")
        owner = text(playlist.get("owner")) or ""
        public = playlist.get("public") is True and owner != self._user
        yield PlaylistRecord(
            own_key(self._name, own),
            text(playlist.get("name")) or "",
            TrackList.of(tracks),
            description=text(playlist.get("comment")) or "",
            owner=owner if public else "",
            modified_at=timestamp(playlist.get("changed")),
        )

    def _songs(self) -> Iterator[tuple[TrackRecord, Mapping[str, Any]] | Skip]:
        """Yield every song of the server once, with what the server says of it.

        All songs are what OpenSubsonic wants an empty search to bring, and a page at a time is by
        far the fastest way. Whether it did is seen from the albums, which know how many songs
        they have: only those that songs are missing of are asked for.
        """
        seen: set[str] = set()
        brought: Counter[str] = Counter()  # songs by album
        with self._server as server:
            for child in _all_children(server, brought):
                own = own_id(child.get("id")) if isinstance(child, dict) else ""
                if own in seen:
                    continue
                if own:
                    seen.add(own)
                    brought[own_id(child.get("albumId"))] += 1
                track = song_record(child, self._name)
                yield track if isinstance(track, Skip) else (track, child)


def _apart(read: Callable[[], Iterator[Record]]) -> Iterator[Record]:
    """Read a part of which the server may refuse something that says nothing of the others."""
    try:
        yield from read()
    except SubsonicError as error:
        if error.status == 401:  # nobody logs in any more
            raise
        raise SourceError(str(error)) from error


def _all_children(server: SubsonicServer, brought: Mapping[str, int]) -> Iterator[Any]:
    """Yield the songs of an empty search, then those of albums of which too few were `brought`."""
    everything: dict[str, str | int] = {"query": "", "artistCount": 0, "albumCount": 0}
    try:
        yield from _pages(
            server, "search3", "searchResult3.song", "songCount songOffset", everything
        )
    except SubsonicError as error:
        if error.code not in _NO_EMPTY_SEARCH:
            raise
    by_name = {"type": "alphabeticalByName"}
    for album in _pages(server, "getAlbumList2", "albumList2.album", "size offset", by_name):
        own = own_id(album.get("id")) if isinstance(album, dict) else ""
        if own and brought.get(own, 0) < (integer(album.get("songCount")) or 0):
            yield from items(element(server.ask("getAlbum", id=own), "album"), "song")


def _pages(
    server: SubsonicServer,
    method: str,
    where: str,
    names: str,
    params: Mapping[str, str | int],
) -> Iterator[Any]:
    """Yield the items of all pages, up to one that brings none but those of the page before.

    Servers cap pages as they like, so a short one is no end; and one that takes no offset would
    give its first page for ever.
    """
    outer, _, inner = where.partition(".")
    count, offset = names.split()
    passed = 0
    before: set[str] = set()
    while True:
        page = server.ask(method, **params, **{count: PAGE, offset: passed})
        found = items(element(page, outer), inner)
        ids = {own_id(item.get("id")) for item in found if isinstance(item, dict)}
        if not found or (passed and ids <= before):
            return
        before = ids
        passed += len(found)
        yield from found


def _scan_stamp(server: SubsonicServer) -> str:
    """Return when the server last looked at its files; empty where it does not tell, or looks."""
    try:
        status = element(server.ask("getScanStatus"), "scanStatus")
    except ServiceError as error:
        if error.status == 0:
            raise
        return ""  # since 1.15.0, and for administrators only on some servers
    return "" if status.get("scanning") is not False else text(status.get("lastScan")) or ""


def _playlist_stamp(playlist: Mapping[str, Any]) -> str:
    """Return what changes when a playlist does; empty where the server makes it up by a rule."""
    changed = text(playlist.get("changed"))
    if not changed or playlist.get("readonly") is True or playlist.get("validUntil"):
        return ""
    return f"{changed} {integer(playlist.get('songCount'))}"
