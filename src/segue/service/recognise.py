"""What a person gave to be added: a folder of music, an export, a playlist, a server."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from segue.catalog.catalog import Catalog
from segue.catalog.incoming import Part
from segue.errors import SourceError, UsageError
from segue.paths import open_regular
from segue.sources.guard import Archive, clean, shown
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
_ADDRESS: Final = re.compile(r"(?:subsonic\+)?https?://", re.IGNORECASE)
_UNREADABLE: Final = "unreadable"
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
    _UNREADABLE: "A file that cannot be read",
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
    if not what or not os.path.lexists(path):
        raise UsageError(_not_there(what))
    if kind == MUSIC:
        return None
    if kind is not None:
        return [_class(kind)(path)]
    if os.path.isdir(path):
        music = next(walk(path, on_problem=lambda *_: None), None)
        return None if music is not None else list(_inside(path)) or None
    head = _head(path)
    found = _kind_of(path, head)
    if found is not None:
        return [_class(found)(path)]
    if is_audio_name(os.fsencode(path.name)):
        return None
    raise SourceError(
        f"{shown(Path(what))} {_what_it_is(path, head)}; Segue reads music and "
        f"{', '.join(_KINDS)}: name its kind with --as if it is one of them"
    )


def _what_it_is(path: Path, head: bytes) -> str:
    """Say what is wrong with a file of no known kind."""
    if not head:
        return "is empty"
    if not head.startswith(b"PK"):
        return "is nothing that Segue knows"
    archive = Archive(path)
    names = ", ".join(clean(member.name, 60) for member in archive.members[:3])
    left_out = ", ".join(f"{skip.where}: {skip.reason}" for skip in archive.skipped[:3])
    return (
        f"is an archive that holds nothing that Segue knows, but {names or 'no file to be read'}"
        + (f" (left out: {left_out})" if left_out else "")
    )


def _not_there(what: str) -> str:
    if not what:
        return "an empty name was given; name a folder, a file or an address"
    scheme, mark, _ = what.partition("://")
    if mark:  # there may be a password in it
        return f"{scheme}:// is no address that Segue reads; a server's begins with http or https"
    return f"{what} does not exist; name a folder, a file or an address"


def _service(catalog: Catalog, what: str, kind: str | None) -> Source | None:
    if what.startswith(_USER) or kind == "listenbrainz_api":
        from segue.service.connect import ListenBrainzUser

        return ListenBrainzUser(catalog, what.removeprefix(_USER))
    if _ADDRESS.match(what) or kind == "subsonic":
        from segue.service.connect import subsonic_server

        return subsonic_server(what)
    return None


def _class(kind: str) -> Any:
    module, name = _KINDS[kind]
    return getattr(import_module(f"segue.sources.{module}"), name)


def _kind_of(path: Path, head: bytes) -> str | None:
    """Return the kind of a file or folder from its name and first bytes, or None."""
    return next((kind for kind in _KINDS if _class(kind).recognises(path, head)), None)


def _head(path: Path) -> bytes:
    try:
        with open_regular(os.fsencode(path)) as file:
            return file.read(_HEAD)
    except OSError as error:
        raise SourceError(f"{shown(path)} cannot be read: {error.strerror or error}") from error


def _inside(folder: Path) -> Iterator[Source]:
    """Yield a folder as each kind that it is, then the files in it that are of other kinds."""
    kinds = [kind for kind in _KINDS if _class(kind).recognises(folder, b"")]
    yield from (_class(kind)(folder) for kind in kinds)
    pairs = set()  # two files may be one source
    for file in _files(folder):
        try:
            head = _head(file)
        except SourceError as error:
            yield _Unreadable(file, error)
            continue
        kind = _kind_of(file, head)
        # A folder's kind has all of its files, except those packed in archives.
        if kind is not None and (kind not in kinds or head.startswith(b"PK")):
            source = _class(kind)(file)
            if (kind, source.location) not in pairs:
                pairs.add((kind, source.location))
                yield source


class _Unreadable:
    """A file that nobody can tell the kind of: reading it says why."""

    kind = _UNREADABLE

    def __init__(self, path: Path, error: SourceError) -> None:
        self.location = str(path)
        self._error = error

    def parts(self) -> Iterator[Part]:
        raise self._error


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder, some levels deep, in the order of their names."""
    top = len(folder.parts)
    for parent, folders, names in os.walk(folder):
        folders.sort()
        if len(Path(parent).parts) - top >= _DEPTH:
            folders.clear()
        for name in sorted(names):
            file = Path(parent, name)
            if os.path.isfile(file) and not name.startswith("."):
                yield file
