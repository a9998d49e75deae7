"""Recommending what the most alike playlists hold."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from segue.models.checks import check_fit, check_k, check_positive
from segue.models.postings import Postings, total, values_of
from segue.models.recommender import Arrays, FitProgress, OnProgress, silent
from segue.models.vocabulary import Vocabulary, best_first
from segue.types import Interactions, Ranking, Reason, Seed

_ROOTS: Final = np.arange(256, dtype=np.float32) ** np.float32(0.25)


@dataclass(frozen=True, eq=False)
class _Asked:
    """A seed as the model reads it. s songs, a artists.

    `likes` says for each song which of the likes it is for; the songs of one like share its
    weight. Weights are times rarity; those of what is disliked are below 0.
    """

    songs: NDArray[np.int32]
    song_weights: NDArray[np.float32]
    likes: NDArray[np.int32]
    artists: NDArray[np.int32]
    artist_weights: NDArray[np.float32]
    of_like: NDArray[np.int32]  # the artist of each like, -1 unknown


@dataclass
class PlaylistKnn:
    """Finds the playlists most like the seed and lets them vote for their songs.

    A playlist p is like a seed q by the songs they share and, as a second evidence, by artists::

        (sum of idf(song) + artist_weight * sum of idf(artist) * n_q ** 0.5 * n_p ** 0.25)
            / |p| ** length_power

    with idf(x) = log(1 + rows / rows with x) ** idf_power and n the number of the artist's songs
    in each; that most of an artist's songs is one playlist's says less than that it has any. The
    `n_neighbors` most alike vote with their similarity, as a share of the highest, to a power that
    grows from 1 for one song to `power` for many. A song's score is its share of the votes, times
    1 + `artist_boost` if all of the seed is of its artist, and less for a part of the seed.

    It is the session-kNN of Ludewig and Jannach (2018, "Evaluation of session-based recommendation
    algorithms") with artists. Like Serenade (Kersbergen et al. 2022) it answers from posting lists
    of bounded length; which playlists a list keeps is drawn once for all lists, so that two songs
    that share playlists still share them when both lists are cut.

    Parameters
    ----------
    n_neighbors
        Playlists that vote, at least 1.
    max_postings
        Playlists looked at for one song or one artist, at least 1: the bound of time for songs
        that half the world has.
    idf_power
        How much rare songs count above common ones; 0 counts all alike.
    length_power
        How much long playlists are marked down: 0 not, 0.5 as a cosine does, 1 by their length.
    power
        How much more the most alike playlists count, when the seed has many songs.
    song_weight
        Of songs; 0 looks at artists alone.
    artist_weight
        Of artists beside songs; 0 looks at songs alone.
    artist_boost
        How much more a song of the seed's artists counts.
    recency
        How much more the last likes weigh than the first: like i of n has (i / n) ** recency.
    min_count
        Rows a song must stand in to be known, at least 1.
    seed
        Of the draw of playlists.
    """

    name: ClassVar[str] = "playlist_knn"
    n_neighbors: int = 200
    max_postings: int = 3000
    idf_power: float = 1.25
    length_power: float = 0.5
    power: float = 2.0
    song_weight: float = 1.0
    artist_weight: float = 0.6
    artist_boost: float = 1.0
    recency: float = 0.0
    min_count: int = 1
    seed: int = 0

    @property
    def options(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return asdict(self)

    def fit(self, interactions: Interactions, *, on_progress: OnProgress = silent) -> Self:
        """Write down who holds what.

        Raises
        ------
        UsageError
            If there is no song to learn of, or an option is out of its range.
        """
        from scipy.sparse import csr_matrix

        check_positive(self.options, "n_neighbors", "max_postings", "min_count")
        on_progress(FitProgress("counting songs", 0, 3))
        vocabulary, chosen = Vocabulary.of(interactions, self.min_count)
        check_fit(self.name, interactions, len(vocabulary))
        matrix = interactions.matrix()
        if len(chosen) < matrix.shape[1]:
            matrix = matrix[:, chosen]
        drawn = np.random.default_rng(self.seed).permutation(matrix.shape[0])
        drawn = drawn[np.diff(matrix.indptr)[drawn] > 0]
        matrix = matrix[drawn]
        self.rows_ = drawn.astype(np.int32)  # which row of the interactions each playlist is
        self.vocabulary_ = vocabulary
        self.playlists_ = Postings(matrix.indptr.astype(np.int64), matrix.indices)
        self.lengths_ = np.diff(matrix.indptr).astype(np.float32)

        on_progress(FitProgress("listing the playlists of songs", 1, 3))
        columns = matrix.tocsc()
        self.songs_, _ = Postings.first(columns.indptr, columns.indices, self.max_postings)
        del columns

        on_progress(FitProgress("listing the playlists of artists", 2, 3))
        self.artist_ids_, place = np.unique(vocabulary.artist_ids, return_inverse=True)
        self.artists_of_ = np.where(self.artist_ids_[place] == 0, -1, place).astype(np.int32)
        ones = np.ones(len(matrix.indices), dtype=np.float32)
        shape = (matrix.shape[0], len(self.artist_ids_))
        by_artist = csr_matrix((ones, place.astype(np.int32)[matrix.indices], matrix.indptr), shape)
        by_artist.sum_duplicates()
        columns = by_artist.tocsc()
        del by_artist
        self.artist_counts_ = np.diff(columns.indptr).astype(np.int32)
        self.artists_, keep = Postings.first(columns.indptr, columns.indices, self.max_postings)
        self.artist_songs_ = np.minimum(columns.data[keep], 255).astype(np.uint8)
        return self

    def recommend(self, seed: Seed, k: int) -> Ranking:
        """Return the songs with most votes; where the neighbours have fewer, common ones follow."""
        check_k(k)
        columns, scores = self.votes(seed)
        return self.vocabulary_.ranking(columns, scores, seed, k)

    def score(self, seed: Seed, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return each one's share of the votes, with the boost; 0 for what no neighbour has."""
        return values_of(self.vocabulary_.columns(ids), *self.votes(seed))

    def explain(self, seed: Seed, ids: NDArray[np.int64]) -> list[Reason]:
        """Return how many of the voting playlists have each, and which like they share most.

        The kind is ``album`` or ``artist`` where the model does not know that like.
        """
        asked = self._asked(seed)
        rows, votes = self._neighbors(asked)
        sizes = self.playlists_.lengths(rows)
        entries = self.playlists_.gather(rows)
        owners = np.repeat(np.arange(len(rows)), sizes)
        evidence = self._evidence(asked, entries, owners, len(rows), len(seed.likes))
        evidence *= (votes / np.maximum(evidence.sum(axis=1), 1e-9))[:, None]
        standing_in = self.vocabulary_.standing_in(seed)
        popular = self.vocabulary_.popular(ids)
        reasons = []
        for column, common in zip(self.vocabulary_.columns(ids).tolist(), popular, strict=True):
            having = owners[entries == column]
            if column < 0 or len(having) == 0:
                reasons.append(common)
                continue
            like = int(evidence[having].sum(axis=0).argmax())
            kind = standing_in.get(like, "playlists") or "playlists"
            reasons.append(Reason(kind, int(seed.likes[like]), len(having)))
        return reasons

    def _evidence(
        self,
        asked: _Asked,
        entries: NDArray[np.int32],
        owners: NDArray[np.int64],
        rows: int,
        likes: int,
    ) -> NDArray[np.float64]:
        """Return how much each like has to do with each neighbour [shape=(rows, likes)]."""
        found = np.zeros((rows, likes))
        for song, weight, like in zip(asked.songs, asked.song_weights, asked.likes, strict=True):
            if weight > 0:
                found[owners[entries == song], like] += weight
        artists = self.artists_of_[entries]
        weights = dict(zip(asked.artists.tolist(), asked.artist_weights.tolist(), strict=True))
        sharing = np.maximum(np.bincount(asked.of_like[asked.of_like >= 0], minlength=1), 1)
        for like, artist in enumerate(asked.of_like.tolist()):
            if artist >= 0 and weights[artist] > 0:
                held = np.bincount(owners[artists == artist], minlength=rows)
                found[:, like] += weights[artist] / sharing[artist] * held**0.25
        return found

    def view(self, **options: Any) -> Self:
        """Return the same playlists, asked with other options of `recommend`.

        `min_count`, `max_postings` and `seed` were settled by the fit.
        """
        other = replace(self, **options)
        for name, learned in vars(self).items():
            if name.endswith("_"):
                setattr(other, name, learned)
        return other

    def votes(self, seed: Seed) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return the columns that have votes, rising, and their scores; likes are among them."""
        asked = self._asked(seed)
        columns, scores = self.poll(*self._neighbors(asked))
        if self.artist_boost and len(seed.likes):
            boosts = np.zeros(len(self.artist_ids_) + 1, dtype=np.float32)  # the last: unknown
            known = asked.of_like[asked.of_like >= 0]
            np.add.at(boosts, known, 1)
            boosts[known] = self.artist_boost * np.sqrt(boosts[known] / len(seed.likes))
            scores = scores * (1 + boosts[self.artists_of_[columns]])
        return columns, scores

    def neighbors(self, seed: Seed) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return the playlists that vote, most alike first, and their votes, 1 together."""
        return self._neighbors(self._asked(seed))

    def poll(
        self, playlists: NDArray[np.int32], votes: NDArray[np.float32]
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return the columns of what some playlists hold, rising, and the sum of their votes."""
        voting = np.repeat(votes, self.playlists_.lengths(playlists))
        return total(self.playlists_.gather(playlists), voting, len(self.vocabulary_))

    def _neighbors(self, asked: _Asked) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return the playlists that vote, most alike first, and their votes, 1 together."""
        songs = asked.songs if self.song_weight else asked.songs[:0]
        rows = self.songs_.gather(songs)
        amounts = np.repeat(asked.song_weights[: len(songs)], self.songs_.lengths(songs))
        if self.artist_weight and len(asked.artists):
            held = _ROOTS[self.artists_.gather(asked.artists, self.artist_songs_)]
            sizes = self.artists_.lengths(asked.artists)
            rows = np.concatenate([rows, self.artists_.gather(asked.artists)])
            amounts = np.concatenate([amounts, np.repeat(asked.artist_weights, sizes) * held])
        rows, alike = total(rows, amounts, len(self.playlists_))
        alike = (alike / self.lengths_[rows] ** self.length_power).astype(np.float32)
        best = best_first(alike, rows, self.n_neighbors)
        rows, alike = rows[best], alike[best]
        rows, alike = rows[alike > 0], alike[alike > 0]
        if len(rows) == 0:
            return rows, alike
        likes = len(asked.of_like)
        votes = (alike / alike[0]) ** (1 + (self.power - 1) * likes / (likes + 5))
        return rows, (votes / votes.sum()).astype(np.float32)

    def _asked(self, seed: Seed) -> _Asked:
        known = self.vocabulary_
        found = known.seeds(seed)
        count = len(seed.likes)
        own = (np.arange(1, count + 1) / max(count, 1)) ** self.recency
        if seed.weights is not None:
            own = own * seed.weights
        stood = np.bincount(found.likes, minlength=count)
        disliked = known.columns(seed.dislikes)
        disliked = disliked[disliked >= 0]
        songs = np.concatenate([found.columns, disliked])
        weights = np.concatenate(
            [own[found.likes] / stood[found.likes], np.full(len(disliked), -1.0)]
        )
        artists = self._artists(seed)
        unique, place = np.unique(artists[artists >= 0], return_inverse=True)
        sums = np.bincount(place, own[artists >= 0], minlength=len(unique))
        rarity = self._rarity(self.artist_counts_[unique])
        return _Asked(
            songs,
            (self.song_weight * weights * self._rarity(known.counts[songs])).astype(np.float32),
            np.concatenate([found.likes, np.full(len(disliked), -1, dtype=np.int32)]),
            unique.astype(np.int32),
            (self.artist_weight * rarity * np.sqrt(sums)).astype(np.float32),
            artists,
        )

    def _rarity(self, counts: NDArray[np.int32]) -> NDArray[np.float64]:
        return np.asarray(np.log1p(len(self.playlists_) / counts) ** self.idf_power)

    def _artists(self, seed: Seed) -> NDArray[np.int32]:
        """Return the artist of each like, as its place among the model's; -1 where not known."""
        columns = self.vocabulary_.columns(seed.likes)
        ids = seed.artists if len(seed.artists) else np.zeros(len(columns), dtype=np.int64)
        place = np.minimum(np.searchsorted(self.artist_ids_, ids), len(self.artist_ids_) - 1)
        given = np.where((ids != 0) & (self.artist_ids_[place] == ids), place, -1)
        return np.where(columns >= 0, self.artists_of_[columns], given).astype(np.int32)

    def arrays(self) -> Arrays:
        """Return the vocabulary and the posting lists of playlists, songs and artists."""
        return {
            **self.vocabulary_.arrays(),
            "playlists_indptr": self.playlists_.indptr,
            "playlists_indices": self.playlists_.indices,
            "lengths": self.lengths_,
            "rows": self.rows_,
            "songs_indptr": self.songs_.indptr,
            "songs_indices": self.songs_.indices,
            "artists_indptr": self.artists_.indptr,
            "artists_indices": self.artists_.indices,
            "artist_songs": self.artist_songs_,
            "artist_counts": self.artist_counts_,
            "model_artist_ids": self.artist_ids_,
            "artists_of": self.artists_of_,
        }

    @classmethod
    def from_arrays(cls, options: dict[str, Any], arrays: Arrays) -> Self:
        """Return the fitted model."""
        model = cls(**options)
        model.vocabulary_ = Vocabulary.from_arrays(arrays)
        model.playlists_ = Postings(arrays["playlists_indptr"], arrays["playlists_indices"])
        model.songs_ = Postings(arrays["songs_indptr"], arrays["songs_indices"])
        model.artists_ = Postings(arrays["artists_indptr"], arrays["artists_indices"])
        model.lengths_ = arrays["lengths"]
        model.rows_ = arrays["rows"]
        model.artist_songs_ = arrays["artist_songs"]
        model.artist_counts_ = arrays["artist_counts"]
        model.artist_ids_ = arrays["model_artist_ids"]
        model.artists_of_ = arrays["artists_of"]
        return model
