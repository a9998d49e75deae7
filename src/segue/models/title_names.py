"""What a playlist's title may name: an artist, or songs by a word of their titles."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from segue.models.postings import Postings
from segue.models.recommender import Arrays
from segue.models.title_words import (
    NAME_WORDS,
    Words,
    artist_key,
    key_of,
    names_in,
    places,
    words_of,
)
from segue.types import Interactions

TRUST: Final = 200.0  # entries of playlists that outweigh what is usual for a kind of name
GUESS: Final = 0.1  # what is usual where nothing is known
LEAST: Final = 3.0  # times its share of all playlists that a name must have of those called so
MOST: Final = 1000  # songs kept of a name, those in most rows first


@dataclass(frozen=True, eq=False)
class Names:
    """n names, each for a group of songs.

    Attributes
    ----------
    keys
        uint32 [shape=(n,)], rising: hashes of the names.
    songs
        The columns of each, those in most rows first.
    shares
        float32 [shape=(n,)]: of the entries of a playlist that is called so, those that are of the
        group; 0 where the name says too little.
    masses
        float32 [shape=(n,)]: entries of the group in all playlists.
    """

    keys: NDArray[np.uint32]
    songs: Postings
    shares: NDArray[np.float32]
    masses: NDArray[np.float32]

    @classmethod
    def learn(
        cls,
        interactions: Interactions,
        chosen: NDArray[np.int64],
        counts: NDArray[np.int32],
        titles: list[Words],
        held: Any,
    ) -> Self:
        """Learn how far each name is to be trusted.

        Parameters
        ----------
        chosen
            Columns there of the songs that are known [shape=(m,)].
        counts
            Rows that have each [shape=(m,)].
        held
            Sparse matrix [shape=(len(titles), m)]: playlists of each title that have each song.
        """
        names, songs, kinds = _groups(interactions, chosen)
        keys, first, group = np.unique(
            names.astype(np.uint32), return_index=True, return_inverse=True
        )
        order = np.lexsort((songs, -counts[songs], group))
        columns = songs[order].astype(np.int32)
        indptr = np.concatenate([[0], np.cumsum(np.bincount(group, minlength=len(keys)))])
        masses = np.bincount(group[order], counts[columns], minlength=len(keys))
        shares = _shares(keys, kinds[first], Postings(indptr, columns), titles, held)
        shares[shares < LEAST * masses / counts.sum()] = 0
        short, _ = Postings.first(indptr, columns, MOST)
        return cls(keys, short, shares.astype(np.float32), masses.astype(np.float32))

    def expected(
        self, words: Words, length: float, counts: NDArray[np.int32]
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return the songs that a title may name, and how probably a playlist called so has each.

        A song comes once for each name; `length` is that of a usual playlist.
        """
        groups, _ = places(self.keys, np.array(sorted(names_in(words)), dtype=np.uint32))
        groups = groups[self.shares[groups] > 0]
        songs = self.songs.gather(groups)
        each = np.repeat(self.shares[groups] / self.masses[groups], self.songs.lengths(groups))
        return songs, np.minimum(each * counts[songs] * length, 1).astype(np.float32)

    def arrays(self) -> Arrays:
        """Return what an artefact keeps of them."""
        return {
            "names_keys": self.keys,
            "names_indptr": self.songs.indptr,
            "names_songs": self.songs.indices,
            "names_shares": self.shares,
            "names_masses": self.masses,
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Return the names that `arrays` came from; other arrays are passed over."""
        songs = Postings(arrays["names_indptr"], arrays["names_songs"])
        return cls(arrays["names_keys"], songs, arrays["names_shares"], arrays["names_masses"])


def _groups(interactions: Interactions, chosen: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    """Return keys of names with the songs they stand for and the kind of name, each of them flat.

    Kinds: 0 a word of a song's title, 1 an artist of one word, 2 of several.
    """
    keys, songs, kinds = array("q"), array("q"), array("q")
    artists: dict[int, tuple[int, int]] = {}
    for id_, name in interactions.artist_names.items():
        words = words_of(name)
        words = words[1:] if words[:1] == ["the"] and len(words) > 1 else words
        if 0 < len(words) <= NAME_WORDS and len("".join(words)) > 1:
            artists[id_] = artist_key(words), 1 if len(words) == 1 else 2
    for song, artist in enumerate(interactions.artist_ids[chosen].tolist()):
        if artist in artists:
            key, kind = artists[artist]
            keys.append(key)
            songs.append(song)
            kinds.append(kind)
    titles = interactions.track_titles
    for song, column in enumerate(chosen.tolist() if titles else ()):
        for word in set(words_of(titles[column])):
            keys.append(key_of("t", word))
            songs.append(song)
            kinds.append(0)
    return tuple(np.array(part, dtype=np.int64) for part in (keys, songs, kinds))


def _shares(
    keys: NDArray[np.uint32],
    kinds: NDArray[np.int64],
    songs: Postings,
    titles: list[Words],
    held: Any,
) -> NDArray[np.float64]:
    """Return which share of the entries of playlists that are called so is of each name.

    A name that was seldom or never a title has the share of its kind.
    """
    place = dict(zip(keys.tolist(), range(len(keys)), strict=True))
    called: dict[int, list[int]] = {}
    for title, words in enumerate(titles):
        for key in names_in(words):
            if key in place:
                called.setdefault(place[key], []).append(title)
    own, everything = np.zeros(len(keys)), np.zeros(len(keys))
    for start in range(0, len(called), 1000):
        names = np.array(sorted(called)[start : start + 1000], dtype=np.int32)
        rows = [called[name] for name in names.tolist()]
        lengths = np.array([len(row) for row in rows])
        found = np.fromiter(chain.from_iterable(rows), np.int32)
        entries = _matrix(found, lengths, len(titles)) @ held
        of_name = _matrix(songs.gather(names), songs.lengths(names), held.shape[1])
        everything[names] = np.asarray(entries.sum(axis=1)).ravel()
        own[names] = np.asarray(entries.multiply(of_name).sum(axis=1)).ravel()
    own_of_kind = np.bincount(kinds, own, minlength=3) + GUESS * TRUST
    usual = own_of_kind / (np.bincount(kinds, everything, minlength=3) + TRUST)
    return np.asarray((own + TRUST * usual[kinds]) / (everything + TRUST))


def _matrix(indices: NDArray[np.int32], lengths: NDArray[np.int64], width: int) -> Any:
    from scipy.sparse import csr_matrix

    ones = np.ones(len(indices), dtype=np.float32)
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    return csr_matrix((ones, indices, indptr), (len(lengths), width))
