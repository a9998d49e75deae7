"""A song less something plus something else, in the space where songs in alike company lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from segue.catalog.catalog import Catalog
from segue.catalog.filters import artists_named
from segue.catalog.groups import members
from segue.errors import NotFoundError, UsageError
from segue.service.choice import Choice
from segue.service.fitted import FittedModel
from segue.service.resolve import Song
from segue.service.start import known_of, named_songs
from segue.types import SCHEMA_VERSION, Hit, Track

if TYPE_CHECKING:
    from segue.models.word2vec import Word2Vec

MODEL: Final = "word2vec"
_SPARE: Final = 20  # songs more than asked for, since some are pressings of others


@dataclass(frozen=True)
class Term:
    """What is taken off or added: an artist or a song.

    Attributes
    ----------
    kind
        ``artist`` or ``song``.
    name
        A song's as the library has it, an artist's as it was given.
    """

    kind: str
    name: str

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return {"kind": self.kind, "name": self.name}


@dataclass(frozen=True)
class Analogy:
    """The songs nearest to ``song - minus + plus``, best first; a hit's score is the cosine."""

    song: Track
    minus: tuple[Term, ...]
    plus: tuple[Term, ...]
    hits: tuple[Hit, ...]
    others: tuple[Track, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the answer as JSON values."""
        return {
            "schema": SCHEMA_VERSION,
            "song": self.song.to_json(),
            "minus": [term.to_json() for term in self.minus],
            "plus": [term.to_json() for term in self.plus],
            "model": MODEL,
            "hits": [{"rank": i, **hit.to_json()} for i, hit in enumerate(self.hits, 1)],
            "others": [track.to_json() for track in self.others],
        }


def analogy(
    catalog: Catalog,
    fitted: FittedModel,
    song: Song,
    minus: Sequence[str],
    plus: Sequence[str],
    k: int,
) -> Analogy:
    """Return what lies at ``song - minus + plus``; see `segue.Library.analogy`.

    Each is a unit vector; an artist's is the mean of the artist's songs, so that artists lie in
    the same space without being words of their own, which would take part in every sentence.
    """
    if k < 1:
        raise UsageError(f"k is {k}, expected at least 1")
    if not minus and not plus:
        raise UsageError("there is nothing to take off or to add; give --minus or --plus")
    space = _Space(catalog, fitted)
    (track,), others = named_songs(catalog, (song,))
    taken = [space.term(name) for name in minus]
    added = [space.term(name) for name in plus]
    vector = space.of_song(track)
    for _, _, other in taken:
        vector = vector - other
    for _, _, other in added:
        vector = vector + other
    named = [track.id, *(t.id for _, t, _ in (*taken, *added) if t is not None)]
    choice = Choice(catalog, named)
    wanted = k + _SPARE
    while True:
        ranking = space.model.nearest(vector, wanted)
        ids = choice.of(ranking.ids.tolist(), k)
        if len(ids) == k or len(ranking) < wanted:
            break
        wanted *= 4
    scores = dict(zip(ranking.ids.tolist(), ranking.scores.tolist(), strict=True))
    shown = choice.shown(ids)
    return Analogy(
        track,
        tuple(term for term, _, _ in taken),
        tuple(term for term, _, _ in added),
        tuple(Hit(shown[id_], scores[id_]) for id_ in ids if id_ in shown),
        others,
    )


_Told = tuple[Term, Track | None, NDArray[np.float32]]


class _Space:
    """Finds the vectors of songs and artists."""

    def __init__(self, catalog: Catalog, fitted: FittedModel) -> None:
        self._catalog = catalog
        self._known = fitted.track_ids
        self.model: Word2Vec = fitted.model  # type: ignore[assignment]  # the model of that name

    def of_song(self, track: Track) -> NDArray[np.float32]:
        """Return a song's vector; raises NotFoundError where it stands in too few playlists."""
        groups = members(self._catalog.database, [track.id])
        id_ = known_of(groups, self._known)[track.id]
        vectors, there = self.model.vectors(np.array([id_], dtype=np.int64))
        if not there[0]:
            raise NotFoundError(
                f"{track.name!r} stands in too few playlists for {MODEL} to know it; name another"
            )
        found: NDArray[np.float32] = vectors[0]
        return found

    def term(self, name: str) -> _Told:
        """Return what a name means, an artist before a song, and its vector."""
        vectors = [
            self.model.artist_vector(id_) for id_ in artists_named(self._catalog.database, name)
        ]
        known = [vector for vector in vectors if vector is not None]
        if known:
            mean = np.mean(known, axis=0)
            return Term("artist", name), None, mean / max(float(np.linalg.norm(mean)), 1e-12)
        if vectors:
            raise NotFoundError(
                f"the songs of {name!r} stand in too few playlists for {MODEL} to know them"
            )
        try:
            (track,), _ = named_songs(self._catalog, (name,))
        except NotFoundError:
            raise NotFoundError(
                f"no artist and no song in the library is called {name!r}"
            ) from None
        return Term("song", track.name), track, self.of_song(track)
