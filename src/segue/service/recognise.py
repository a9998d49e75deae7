"""What a person gave to be added: a folder of music, an export, a playlist, a server."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from segue.catalog.catalog import Catalog
from segue.errors import SourceError, UsageError
from segue.paths import open_regular
from segue.sources.source import Source
from segue.sources.walk import is_audio_name, walk

MUSIC: Final = "music"
# In this order they are asked; each with its module and class.
_KINDS: Final = {
    "million_playlist": ("million_playlist", "MillionPlaylist"),
    "challenge_set": ("million_playlist", "ChallengeSet"),
    "spotify_history": ("spotify_history", "SpotifyHistory"),
    "spotify_account": ("spotify_account", "SpotifyAccount"),
    "listenbrainz": ("listenbrainz", "ListenBrainzExport"),
    "listenbrainz_dump": ("listenbrainz_dump", "ListenBrainzDump"),
    "cookbook": ("cookbook", "Cookbook"),
    "cookbook_db": ("cookbook_db", "CookbookDatabase"),
    "exportify": ("exportify", "Exportify"),
    "feature_table": ("feature_table", "FeatureTable"),
    "itunes": ("itunes", "ItunesLibrary"),
    "rekordbox": ("rekordbox", "RekordboxCollection"),
    "xspf": ("xspf", "XspfFile"),
    "jspf": ("jspf", "JspfFile"),
    "netease": ("netease", "NetEase"),
    "m3u": ("m3u", "M3uFile"),
}
_SERVICES: Final = ("subsonic", "listenbrainz_api")
_USER: Final = "listenbrainz:"
NAMES: Final = {
    "million_playlist": "Million Playlist Dataset",
    "challenge_set": "Challenge set of the Million Playlist Dataset",
    "spotify_history": "Spotify's extended streaming history",
    "spotify_account": "Spotify's account data",
    "spotify_api": "Spotify's Web API",
    "listenbrainz": "ListenBrainz export",
    "listenbrainz_dump": "ListenBrainz dump",
    "listenbrainz_api": "ListenBrainz",
    "cookbook": "Playlists and song ids of the Deep Learning Cookbook",
    "cookbook_db": "Database of the Deep Learning Cookbook or murecom",
    "exportify": "Exportify",
    "feature_table": "Table of audio features",
    "itunes": "iTunes or Apple Music library",
    "rekordbox": "Rekordbox library",
    "xspf": "XSPF playlist",
    "jspf": "JSPF playlist",
    "netease": "NetEase Cloud Music playlists",
    "m3u": "M3U playlist",
    "subsonic": "OpenSubsonic server",
}
KINDS: Final = (MUSIC, *_KINDS, *_SERVICES)
_HEAD: Final = 65536
_DEPTH: Final = 2  # of folders that are looked through for exports and playlists


def recognise(catalog: Catalog, what: str, kind: str | None = None) -> Sequence[Source] | None:
    """Return the sources that `what` names, or None where it is music to be listened to.

    Parameters
    ----------
    what
        A path, an address or ``listenbrainz:USER``.
    kind
        One of `KINDS`, to take it for that; None to find out.

    Raises
    ------
    UsageError
        If there is no such kind, or nothing is there.
    SourceError
        If a file is of no kind that is known.
    """
    if kind is not None and kind not in KINDS:
        raise UsageError(f"there is no kind {kind!r}; the kinds are {', '.join(KINDS)}")
    service = _service(catalog, what, kind)
    if service is not None:
        return [service]
    path = Path(os.path.abspath(os.path.expanduser(what)))
    if not os.path.lexists(path):
        raise UsageError(f"{what} does not exist; name a folder, a file or an address")
    if kind == MUSIC:
        return None
    if kind is not None:
        return [_class(kind)(path)]
    found = _kind_of(path)
    if found is not None:
        return [_class(found)(path)]
    if not path.is_dir():
        if is_audio_name(os.fsencode(path.name)):
            return None
        raise SourceError(
            f"{what} is nothing that Segue knows; it reads music and {', '.join(_KINDS)}: "
            "name its kind with --as if it is one of them"
        )
    if next(walk(path, on_problem=lambda *_: None), None) is not None:
        return None
    inside = [(kind, file) for file in _files(path) if (kind := _kind_of(file)) is not None]
    return [_class(kind)(file) for kind, file in inside] or None


def _service(catalog: Catalog, what: str, kind: str | None) -> Source | None:
    if what.startswith(_USER) or kind == "listenbrainz_api":
        from segue.service.connect import ListenBrainzUser

        return ListenBrainzUser(catalog, what.removeprefix(_USER))
    if what.startswith(("http://", "https://", "subsonic+")) or kind == "subsonic":
        from segue.service.connect import subsonic_server

        return subsonic_server(what)
    return None


def _class(kind: str) -> Any:
    module, name = _KINDS[kind]
    return getattr(import_module(f"segue.sources.{module}"), name)


def _kind_of(path: Path) -> str | None:
    """Return the kind of a file or folder from its name and first bytes, or None."""
    head = b""
    if not path.is_dir():
        try:
            with open_regular(os.fsencode(path)) as file:
                head = file.read(_HEAD)
        except OSError as error:
            raise SourceError(f"{path} cannot be read: {error.strerror or error}") from error
    return next((kind for kind in _KINDS if _class(kind).recognises(path, head)), None)


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder, some levels deep, in the order of their names."""
    top = len(folder.parts)
    for parent, folders, names in os.walk(folder):
        folders.sort()
        if len(Path(parent).parts) - top >= _DEPTH:
            folders.clear()
        for name in sorted(names):
            file = Path(parent, name)
            if file.is_file() and not name.startswith("."):
                yield file
