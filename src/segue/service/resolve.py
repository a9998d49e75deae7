"""What a person means by a song: a number, a file, or some words."""

from __future__ import annotations

import os
from dataclasses import dataclass

from segue.catalog.catalog import Catalog
from segue.catalog.text import fold
from segue.errors import NotFoundError, UsageError
from segue.types import Track

Song = str | bytes | int | os.PathLike[str]

_OTHERS = 5
_MOST_DIGITS = 19  # of an id; more would not fit its 64 bits
_AS_GOOD = 6.0  # of 100: a match this close to the best may have been meant as well


@dataclass(frozen=True)
class Resolved:
    """The song that was meant: a track of the catalogue, or a file outside of it."""

    track: Track | None
    file: bytes | None
    others: tuple[Track, ...] = ()


def resolve(catalog: Catalog, song: Song, *, present: bool = False) -> Resolved:
    """Return the song that `song` names; by words, of those that have a file now if `present`.

    In this order: the id of a track; a file that exists, in the library or not; words of title,
    artist and album, of which the best match is taken and near ones are returned as `others`.

    Raises
    ------
    NotFoundError
        If nothing answers to it.
    """
    text = str(song) if isinstance(song, int) else os.fsdecode(song)
    if not text.strip():
        raise UsageError("an empty name was given; name a song by words, a file or its number")
    if isinstance(song, int) or (text.isascii() and text.isdigit()):
        number = int(text) if len(text) < _MOST_DIGITS else -1
        number = catalog.merges.roots([number]).get(number, number)
        track = catalog.tracks.get([number]).get(number)
        if track is not None:
            return Resolved(track, None)
        if isinstance(song, int):
            raise NotFoundError(f"there is no track {song}; find its number with `segue search`")
    try:
        path = os.path.abspath(os.fsencode(os.path.expanduser(text)))
    except (UnicodeEncodeError, FileNotFoundError) as error:
        raise NotFoundError(f"{text!r} names no song") from error
    if os.path.isfile(path):
        return _of_file(catalog, path)
    id_ = catalog.tracks.of_file(path)
    if id_ is not None:
        return Resolved(catalog.tracks.get([id_])[id_], None)
    if os.path.isdir(path):
        raise NotFoundError(f"{text} is a folder; name a song, or add it with `segue add`")
    if os.sep in text and os.path.exists(path):
        raise NotFoundError(f"{text} is a pipe or a device; name a file of music")
    if not isinstance(song, str):
        raise NotFoundError(f"there is no file {text}")
    return _of_words(catalog, text, present=present)


def resolve_exactly(catalog: Catalog, song: Song) -> Track:
    """Return the one track that `song` names in full: its id, its file, or its whole name.

    Raises
    ------
    NotFoundError
        If there is none, or several have that name.
    """
    resolved = resolve(catalog, song, present=True)
    candidates = [] if resolved.track is None else [resolved.track, *resolved.others]
    text = str(song) if isinstance(song, int) else os.fsdecode(song)
    if len(candidates) == 1 and (text.isdigit() or os.path.lexists(os.path.expanduser(text))):
        return candidates[0]
    named = [t for t in candidates if fold(text) in (fold(t.title), fold(t.name))]
    if len(named) == 1:
        return named[0]
    close = "; ".join(f"{track.name} ({track.id})" for track in candidates)
    raise NotFoundError(
        f"{text!r} is not the whole name of one song"
        + (f"; did you mean {close}? Give its number" if close else " in the library")
    )


def _of_file(catalog: Catalog, path: bytes) -> Resolved:
    id_ = catalog.tracks.of_file(path)
    if id_ is None:
        id_ = catalog.tracks.of_file(os.path.realpath(path))
    return Resolved(catalog.tracks.get([id_])[id_], None) if id_ else Resolved(None, path)


def _of_words(catalog: Catalog, words: str, *, present: bool) -> Resolved:
    matches = catalog.search(words, _OTHERS + 1, present=present)
    if not matches and words.isdigit():
        raise NotFoundError(f"there is no track {words}, nor a song called so; try `segue search`")
    if not matches and os.sep in words:
        raise NotFoundError(f"there is no file {words}, nor a song called so")
    if not matches and present and catalog.search(words, 1):
        raise NotFoundError(
            f"{words!r} is known from playlists or listening, but has no file in the library; "
            "add the folder that has it with `segue add`"
        )
    if not matches:
        raise NotFoundError(
            f"nothing in the library is called {words!r}; try other words with `segue search`, "
            "give a file's path, or add its folder with `segue add`"
        )
    tracks = catalog.tracks.get(id_ for id_, _ in matches)
    best = matches[0][1]
    others = tuple(tracks[id_] for id_, score in matches[1:] if score > best - _AS_GOOD)
    return Resolved(tracks[matches[0][0]], None, others)
