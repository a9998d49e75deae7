"""What every model says of the songs that may continue a seed, as numbers side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from segue.models.item_knn import ItemKnn
from segue.models.playlist_knn import PlaylistKnn
from segue.models.postings import total, values_of
from segue.models.recommender import Recommender
from segue.models.titles import Titles
from segue.models.vocabulary import Vocabulary, best_first
from segue.models.word2vec import Word2Vec
from segue.types import Seed

Floats = NDArray[np.float32]
Votes = tuple[NDArray[np.int32], Floats]

_VIEWS: Final[Mapping[str, Mapping[str, Any]]] = {
    # The same playlists, asked in other ways.
    "songs": {"artist_weight": 0.0, "artist_boost": 0.0},
    "artists": {"song_weight": 0.0, "artist_boost": 0.0},
    "tight": {"n_neighbors": 30, "power": 3.0},
    "wide": {"n_neighbors": 1500, "power": 1.0, "artist_boost": 0.0},
    "recent": {"recency": 2.0, "artist_boost": 0.0},
}
_TITLE: Final = 0.6  # of a title's likeness beside that of the most alike playlist
_TITLED: Final = 500  # playlists that vote
_HOP: Final = 30  # songs that are asked about as if they were liked
_MORE: Final = {"item_knn": 300, "hop": 300, "artists": 200, "titles": 300}  # candidates
_OF_ARTIST: Final = 30
_COMMON: Final = 200
_RANKED: Final = ("all", "titled", "artists", "hop", "titles", "item_knn")


class Evidence:
    """Gathers candidates for a seed and what is known of each.

    Parameters
    ----------
    parts
        Fitted ``playlist_knn``, ``titles``, ``item_knn``, ``als`` and ``word2vec``, all of the
        same interactions. What is answered are the songs that ``playlist_knn`` knows; the others
        may know more of them or fewer.
    candidates
        How many of the best votes are looked at, at least 1; others add to them.
    """

    def __init__(self, parts: Mapping[str, Recommender], candidates: int = 1200) -> None:
        knn, titles, item_knn, word2vec = (
            parts[name] for name in ("playlist_knn", "titles", "item_knn", "word2vec")
        )
        assert isinstance(knn, PlaylistKnn), "the parts are called by what they are"
        assert isinstance(titles, Titles), "the parts are called by what they are"
        assert isinstance(item_knn, ItemKnn), "the parts are called by what they are"
        assert isinstance(word2vec, Word2Vec), "the parts are called by what they are"
        self.vocabulary = knn.vocabulary_
        self._candidates = candidates
        self._views = {
            "all": knn,
            **{name: knn.view(**options) for name, options in _VIEWS.items()},
        }
        self._titles = titles
        self._item_knn = item_knn
        self._als = parts["als"]
        self._word2vec = word2vec
        self._columns = {
            "titles": _columns_here(self.vocabulary, titles.vocabulary_),
            "item_knn": _columns_here(self.vocabulary, item_knn.vocabulary_),
        }

    def gather(self, seed: Seed) -> tuple[NDArray[np.int32], dict[str, Floats]]:
        """Return the candidates' columns, rising, and by name a number for each of them.

        The likes and dislikes are not among them, nor what is not allowed. There are none where
        the seed says nothing to any of the models. What is said of a song does not depend on what
        is allowed.
        """
        known = self.vocabulary
        votes: dict[str, Votes] = {name: view.votes(seed) for name, view in self._views.items()}
        votes["titled"] = self._titled(seed)
        votes["hop"] = self._hop(seed, votes["titled"])
        votes["titles"] = self._here("titles", self._titles.votes(seed))
        votes["item_knn"] = self._here("item_knn", self._item_knn.votes(seed))
        own = known.columns(seed.likes)
        own = own[own >= 0]
        artists = self._artists(seed)
        ranked = columns = self._chosen(seed, votes, artists, None)
        if seed.allowed is not None:
            columns = self._chosen(seed, votes, artists, np.unique(known.columns(seed.allowed)))
        found = {name: values_of(columns, *each) for name, each in votes.items()}
        ids = np.asarray(known.track_ids[columns])
        found["als"] = self._als.score(seed, ids)
        found["word2vec"] = self._word2vec.score(seed, ids)
        found |= self._vectors(seed, ids)
        for name in _RANKED:
            of_ranked = values_of(ranked, *votes[name])
            found[f"{name}_rank"] = _ranks(columns, found[name], ranked, of_ranked)
        found |= self._of_artists(columns, votes, artists, len(seed.likes))
        counts = np.asarray(known.counts[columns]).astype(np.float32)
        found["count"] = np.log1p(counts)
        about = self._of_seed(seed, own, artists, votes)
        for name, value in about.items():
            found[name] = np.full(len(columns), value, dtype=np.float32)
        return columns, found

    def _here(self, name: str, votes: Votes) -> Votes:
        """Return a model's votes by the columns of `vocabulary`, without what is not there."""
        here = self._columns[name]
        if here is None:
            return votes
        columns = here[votes[0]]
        return columns[columns >= 0], votes[1][columns >= 0]

    def _titled(self, seed: Seed) -> Votes:
        """Ask the playlists that are alike both in what they hold and in what they are called."""
        rows, alike = self._views["wide"].neighbors(seed)
        titles, weights = self._titles.alike(seed)
        if len(rows) == 0:
            return rows, alike
        alike = alike / alike[0]
        if len(titles):
            order = np.argsort(titles)
            of_rows = self._titles.row_titles_[self._views["wide"].rows_[rows]]
            alike = alike + _TITLE * values_of(of_rows, titles[order], weights[order])
        best = best_first(alike, rows, _TITLED)
        votes = alike[best] ** 2
        return self._views["wide"].poll(rows[best], (votes / votes.sum()).astype(np.float32))

    def _hop(self, seed: Seed, votes: Votes) -> Votes:
        """Ask about the songs with most votes as if they were liked."""
        columns, scores = votes
        never = self.vocabulary.columns(np.concatenate([seed.likes, seed.dislikes]))
        keep = ~np.isin(columns, never)
        columns, scores = columns[keep], scores[keep]
        best = best_first(scores, columns, _HOP)
        best = best[scores[best] > 0]
        if len(best) == 0:
            return columns[:0], scores[:0]
        ids = np.asarray(self.vocabulary.track_ids[columns[best]])
        weights = scores[best] / scores[best[0]]
        return self._views["songs"].votes(Seed(likes=ids, weights=weights.astype(np.float32)))

    def _artists(self, seed: Seed) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the artists of the likes, each once, and how many likes each has."""
        columns = self.vocabulary.columns(seed.likes)
        given = seed.artists if len(seed.artists) else np.zeros(len(columns), dtype=np.int64)
        artists = np.where(columns >= 0, self.vocabulary.artist_ids[columns], given)
        return np.unique(artists[artists != 0], return_counts=True)

    def _chosen(
        self,
        seed: Seed,
        votes: Mapping[str, Votes],
        artists: tuple[NDArray[np.int64], NDArray[np.int64]],
        allowed: NDArray[np.int32] | None,
    ) -> NDArray[np.int32]:
        known = self.vocabulary
        if not any(len(columns) for columns, _ in votes.values()):
            return np.zeros(0, dtype=np.int32)
        limits = {"titled": self._candidates, "all": 400, **_MORE}
        if len(votes["titled"][0]) == 0:  # nothing but a title
            limits["titles"] = self._candidates
        found = []
        never = known.columns(np.concatenate([seed.likes, seed.dislikes]))
        for name, limit in limits.items():
            columns, scores = votes[name]
            if allowed is not None:
                keep = np.isin(columns, allowed)
                columns, scores = columns[keep], scores[keep]
            found.append(columns[best_first(scores, columns, limit)])
        found += [known.of_artist(int(artist), _OF_ARTIST) for artist in artists[0][:100]]
        found.append(np.asarray(known.by_count[:_COMMON]))
        columns = np.unique(np.concatenate(found)).astype(np.int32)
        columns = columns[~np.isin(columns, never)]
        return columns if allowed is None else columns[np.isin(columns, allowed)]

    def _vectors(self, seed: Seed, ids: NDArray[np.int64]) -> dict[str, Floats]:
        """Return the highest cosine with any like, and with the last one; 0 where not known."""
        likes, there = self._word2vec.vectors(seed.likes)
        vectors, _ = self._word2vec.vectors(ids)
        if not there.any():
            nothing = np.zeros(len(ids), dtype=np.float32)
            return {"word2vec_most": nothing, "word2vec_last": nothing}
        cosines = vectors @ likes[there].T
        return {"word2vec_most": cosines.max(axis=1), "word2vec_last": cosines[:, -1]}

    def _of_artists(
        self,
        columns: NDArray[np.int32],
        votes: Mapping[str, Votes],
        artists: tuple[NDArray[np.int64], NDArray[np.int64]],
        likes: int,
    ) -> dict[str, Floats]:
        """Return what is said of each candidate's artist."""
        known = self.vocabulary
        of = np.asarray(self._views["all"].artists_of_[columns])
        size = len(self._views["all"].artist_ids_) + 1  # the last one: not known
        found: dict[str, Floats] = {}
        masses = self._views["all"].artist_counts_
        mass = np.where(of >= 0, masses[of], 0).astype(np.float32)
        for name in ("wide", "artists", "titles"):
            voted, scores = votes[name]
            places = np.asarray(self._views["all"].artists_of_[voted])
            artist, sums = total(
                np.where(places < 0, size - 1, places).astype(np.int32), scores, size
            )
            found[f"{name}_artist"] = values_of(np.where(of < 0, -2, of), artist, sums)
        found["artists_item"] = (found["artists_artist"] / np.sqrt(mass + 10)).astype(np.float32)
        share = np.zeros(len(columns), dtype=np.float32)
        if len(artists[0]):
            ids = np.asarray(known.artist_ids[columns])
            place = np.minimum(np.searchsorted(artists[0], ids), len(artists[0]) - 1)
            same = artists[0][place] == ids
            share[same] = artists[1][place[same]] / max(likes, 1)
        found["artist_share"] = share
        found["artist_count"] = np.log1p(mass)
        shares = np.asarray(known.counts[columns]) / np.maximum(mass, 1)
        found["share_of_artist"] = np.where(mass > 0, shares, 0).astype(np.float32)
        return found

    def _of_seed(
        self,
        seed: Seed,
        own: NDArray[np.int32],
        artists: tuple[NDArray[np.int64], NDArray[np.int64]],
        votes: Mapping[str, Votes],
    ) -> dict[str, float]:
        likes = len(seed.likes)
        counts = np.asarray(self.vocabulary.counts[own])
        return {
            "likes": likes,
            "known": len(own),
            "seed_count": float(np.log1p(counts).mean()) if len(own) else -1.0,
            "seed_artists": len(artists[0]) / max(likes, 1),
            "top_artist": float(artists[1].max()) / likes if len(artists[0]) else 0.0,
            "best_vote": float(votes["all"][1].max(initial=0)),
            "best_song_vote": float(votes["songs"][1].max(initial=0)),
            "best_title_vote": float(votes["titles"][1].max(initial=0)),
            "voted": float(np.log1p(len(votes["all"][0]))),
        }


def _ranks(
    columns: NDArray[np.int32], scores: Floats, ranked: NDArray[np.int32], of_ranked: Floats
) -> Floats:
    """Return the logarithm of the rank of each column among the ranked; both of them rise.

    All that have no score share the last. One that is not among them stands behind its equals.
    """
    order = np.argsort(-of_ranked, kind="stable")
    ranks = np.empty(len(ranked), dtype=np.float32)
    ranks[order] = np.arange(1, len(ranked) + 1)
    found = np.searchsorted(-of_ranked[order], -scores, side="right").astype(np.float32) + 1
    place = np.minimum(np.searchsorted(ranked, columns), max(len(ranked) - 1, 0))
    if len(ranked):
        found = np.where(ranked[place] == columns, ranks[place], found)
    found[scores <= 0] = len(ranked)
    return np.log(np.maximum(found, 1)).astype(np.float32)


def _columns_here(here: Vocabulary, there: Vocabulary) -> NDArray[np.int32] | None:
    """Return the column here of each column there, -1 for none; None where they are the same."""
    if np.array_equal(here.track_ids, there.track_ids):
        return None
    return here.columns(np.asarray(there.track_ids))
