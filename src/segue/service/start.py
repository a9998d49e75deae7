"""What a recommendation starts from: songs, a playlist, a listener's last songs, as one seed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from segue.catalog.catalog import Catalog
from segue.catalog.groups import Place, members, places
from segue.catalog.listeners import last_played, listeners
from segue.errors import NotFoundError, UsageError
from segue.service.recommendation import ChosenPlaylist, Wish
from segue.service.resolve import Song, resolve
from segue.types import Seed, Track, display_path

LAST_SONGS: Final = 100
"""How many of a listener's songs are started from."""

HALF_LIFE: Final = 30 * 86_400
"""Seconds before the last song after which one counts half as much."""

_NOWHERE: Final = Place(0, 0, 0, 0)


@dataclass(frozen=True, eq=False)
class Start:
    """What a wish starts from.

    Attributes
    ----------
    likes
        Track ids, each the one it is read as, in order, the last one last.
    weights
        How much each counts, above 0.
    others
        Other songs that the words may have meant.
    """

    likes: tuple[int, ...]
    weights: tuple[float, ...]
    dislikes: tuple[int, ...]
    title: str
    description: str
    others: tuple[Track, ...]
    playlist: ChosenPlaylist | None

    def seed(self, catalog: Catalog, known: NDArray[np.int64] | None) -> Seed:
        """Return it as a model takes it.

        Parameters
        ----------
        known
            The tracks that the model knows, rising: where a song was merged with another after
            the fit, the one of them that the model knows stands for both. None where it does not
            say.
        """
        ids = (*self.likes, *self.dislikes)
        stands = known_of(members(catalog.database, ids), known)
        about = dict.fromkeys(ids, _NOWHERE) | places(catalog.database, ids)
        return Seed(
            likes=_ids(stands[id_] for id_ in self.likes),
            weights=(
                None if set(self.weights) <= {1.0} else np.array(self.weights, dtype=np.float32)
            ),
            artists=_ids(about[id_].artist for id_ in self.likes),
            albums=_ids(about[id_].album for id_ in self.likes),
            dislikes=_ids(stands[id_] for id_ in self.dislikes),
            title=self.title,
            description=self.description,
        )


def start_of(catalog: Catalog, wish: Wish) -> Start:
    """Return what a wish starts from.

    Raises
    ------
    NotFoundError
        If a song, the playlist or the listener is not in the library.
    UsageError
        If there is nothing to start from.
    """
    liked, others = named_songs(catalog, wish.likes)
    disliked, more = named_songs(catalog, wish.dislikes)
    weights: dict[int, float] = {}
    title, description, playlist = wish.title, "", None
    if wish.user is not None:
        weights |= _history(catalog, wish.user)
    if wish.playlist is not None:
        playlist, songs, description = _playlist(catalog, wish.playlist)
        weights |= dict.fromkeys(songs, 1.0)
        title = title or playlist.name
    for track in liked:
        weights.pop(track.id, None)  # it comes last
        weights[track.id] = 1.0
    for track in disliked:
        weights.pop(track.id, None)
    if not weights and not title.strip():
        if liked:  # all of them are dislikes, too
            raise UsageError(
                f"{liked[0].name!r} is both liked and disliked; nothing is left to start from"
            )
        raise UsageError(
            "there is nothing to start from; name songs with --like, a playlist with --playlist, "
            "a listener with --user, or give a --title"
        )
    return Start(
        tuple(weights),
        tuple(weights.values()),
        tuple(dict.fromkeys(track.id for track in disliked)),
        title,
        description,
        (*others, *more),
        playlist,
    )


def named_songs(catalog: Catalog, songs: Sequence[Song]) -> tuple[list[Track], tuple[Track, ...]]:
    """Return the songs of the library that are named, and others that may have been meant.

    Raises
    ------
    NotFoundError
        If one is not in the library.
    """
    found: list[Track] = []
    others: list[Track] = []
    for song in songs:
        resolved = resolve(catalog, song)
        if resolved.track is None:
            assert resolved.file is not None, "a song resolves to a track or to a file"
            raise NotFoundError(
                f"{display_path(resolved.file)} is not in the library; add it first"
            )
        found.append(resolved.track)
        others += resolved.others
    return found, tuple(others)


def _playlist(catalog: Catalog, name: str | int) -> tuple[ChosenPlaylist, list[int], str]:
    """Return a playlist, its songs each once in order, and its description with its tags."""
    text = str(name).encode("utf-8", "replace").decode()  # SQLite takes no lone surrogates
    found = [] if isinstance(name, int) else catalog.playlists.named(text)
    if not found and text.isascii() and text.isdigit() and len(text) < 19:
        found = list(catalog.playlists.get([int(text)]))
    if not found:
        raise NotFoundError(
            f"no playlist in the library is called {text!r}; the name must be whole"
        )
    playlist = catalog.playlists.get(found[:1])[found[0]]
    roots = {id_: place.root for id_, place in places(catalog.database, playlist.tracks).items()}
    songs = [roots[id_] for id_ in playlist.tracks.tolist() if id_ in roots]
    chosen = ChosenPlaylist(playlist.id, playlist.name, len(playlist.tracks), len(found))
    about = " ".join(filter(None, (playlist.description, *playlist.tags)))
    return chosen, list(dict.fromkeys(songs)), about


def _history(catalog: Catalog, user: str) -> dict[int, float]:
    """Return the songs that a listener played last with their weights, the last one last.

    A song counts half as much for every `HALF_LIFE` between its last play and the listener's.
    Where only counts of plays are known, it counts by its share of the most played song's.
    """
    known = listeners(catalog.database)
    ids = [id_ for id_, key in known.items() if key == user]
    played = last_played(catalog.database, ids[0], LAST_SONGS) if ids else []
    if not played:
        there = f"; there are {', '.join(list(known.values())[:5])}" if known and not ids else ""
        raise NotFoundError(
            f"nothing is known of what {user!r} listens to{there}; add an export of listening "
            "with `segue add`"
        )
    last = max(song.at for song in played)
    if all(song.at for song in played):
        weights = {song.track: 0.5 ** ((last - song.at) / HALF_LIFE) for song in played}
    else:
        most = max(song.plays for song in played)
        weights = {song.track: song.plays / most for song in played}
    least = 1e-6  # a song of long ago still counts something
    return {track: max(weights[track], least) for track in reversed(weights)}


def known_of(
    groups: Mapping[int, Sequence[int]], known: NDArray[np.int64] | None
) -> dict[int, int]:
    """Return by root the track of its group that a model knows, the root itself if it can be."""
    if known is None or len(known) == 0:
        return {root: root for root in groups}
    every = np.array([id_ for ids in groups.values() for id_ in ids], dtype=np.int64)
    place = np.minimum(np.searchsorted(known, every), len(known) - 1)
    there = set(every[known[place] == every].tolist())
    return {root: next((id_ for id_ in ids if id_ in there), root) for root, ids in groups.items()}


def _ids(values: Iterable[int]) -> NDArray[np.int64]:
    return np.fromiter(values, dtype=np.int64)
