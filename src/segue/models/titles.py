"""Recommending by a playlist's title alone."""

from __future__ import annotations

from array import array
from dataclasses import asdict, dataclass
from itertools import chain, repeat
from typing import Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from segue.models.checks import check_fit, check_k, check_positive
from segue.models.postings import Postings, total, values_of
from segue.models.recommender import Arrays, FitProgress, OnProgress, silent
from segue.models.title_names import Names
from segue.models.title_words import Title, features_of, places, title_of
from segue.models.vocabulary import Vocabulary, best_first
from segue.types import Interactions, Ranking, Reason, Seed

COMMON: Final = 1000  # songs that may come for being common
SEEDS: Final = 30  # of the songs of a title, for those that stand beside them


@dataclass
class Titles:
    """Finds the playlists with the most alike titles and lets them vote.

    A title is its words, pairs of words and pieces of 3 and 4 letters, weighted by rarity and
    compared by cosine; playlists of one title stand together. A song's score is the share of
    playlists of such a title that one expects to have it: a mean over the `n_neighbors` titles
    most alike, weighted by similarity to a `power`, with `prior` playlists' worth of what one
    expects beforehand, which is how common the song is, and more if the title names its artist or
    has a word of its own title. How far such a name is to be trusted is learned from the playlists
    that are called so: those called "Future" are rarely of the artist.

    Then the songs most expected look for titles, alike or not, whose playlists hold the same songs,
    and those vote too: "xmas" finds "christmas".

    The likes do not count. Words are kept as hashes.

    Parameters
    ----------
    n_neighbors
        Different titles that vote, at least 1.
    power
        How much more the most alike titles count.
    prior
        In playlists: how much evidence outweighs what is expected beforehand.
    names
        How much artists and songs that a title names count in it; 0 not at all.
    company
        How much the titles with the same songs count, beside the alike ones; 0 not at all.
    max_postings
        Titles looked at for one word, piece or song, those of most playlists first.
    max_tracks
        Songs kept of one title, those in most of its playlists first.
    min_count
        Rows a song must stand in to be known, at least 1.
    """

    name: ClassVar[str] = "titles"
    n_neighbors: int = 100
    power: float = 1.75
    prior: float = 1.0
    names: float = 2.0
    company: float = 2.0
    max_postings: int = 2000
    max_tracks: int = 1000
    min_count: int = 1

    @property
    def options(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return asdict(self)

    def fit(self, interactions: Interactions, *, on_progress: OnProgress = silent) -> Self:
        """Learn what is in playlists of which title; without titles only what is common.

        Raises UsageError if there is no song to learn of, or an option is out of its range.
        """
        from scipy.sparse import csr_matrix

        limits = ("n_neighbors", "max_postings", "max_tracks", "min_count")
        check_positive(self.options, *limits)
        on_progress(FitProgress("counting songs", 0, 3))
        self.vocabulary_, chosen = Vocabulary.of(interactions, self.min_count)
        check_fit(self.name, interactions, len(self.vocabulary_))
        matrix = interactions.matrix()
        if len(chosen) < matrix.shape[1]:
            matrix = matrix[:, chosen]
        self.rows_ = np.array([matrix.shape[0], matrix.nnz], dtype=np.int64)

        on_progress(FitProgress("reading titles", 1, 3))
        titles, rows = _distinct(interactions, np.diff(matrix.indptr))
        sizes = [len(of_title) for of_title in rows]
        self.row_titles_ = np.full(matrix.shape[0], -1, dtype=np.int32)
        for title, of_title in enumerate(rows):
            self.row_titles_[of_title] = title
        of_titles = csr_matrix(
            (
                np.ones(sum(sizes), dtype=np.float32),
                np.fromiter(chain.from_iterable(rows), np.int32, sum(sizes)),
                np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            ),
            (len(titles), matrix.shape[0]),
        )
        held = (of_titles @ matrix).tocsr()
        held.sort_indices()
        self.sizes_ = np.array(sizes, dtype=np.float32)
        self._learn_features(titles)

        on_progress(FitProgress("looking for names in titles", 2, 3))
        words = [title for title, _ in titles]
        self.names_ = Names.learn(interactions, chosen, self.vocabulary_.counts, words, held)
        self._keep_songs(held)
        return self

    def _learn_features(self, titles: list[Title]) -> None:
        keys, weights, counts = array("I"), array("f"), array("I")
        for words, description in titles:
            features = features_of(words, description)
            keys.extend(features)
            weights.extend(features.values())
            counts.append(len(features))
        owners = np.repeat(np.arange(len(titles), dtype=np.int32), np.array(counts, dtype=np.int64))
        self.keys_, place, found = np.unique(
            np.array(keys, dtype=np.uint32), return_inverse=True, return_counts=True
        )
        self.rarity_ = np.log1p(len(titles) / found).astype(np.float32)
        values = np.array(weights, dtype=np.float32) * self.rarity_[place]
        norms = np.sqrt(np.bincount(owners, values * values, minlength=len(titles)))
        order = np.argsort(place, kind="stable")
        owners = owners[order]
        lists = np.concatenate([[0], np.cumsum(found)])
        self.lists_, keep = Postings.first(lists, owners, self.max_postings)
        self.values_ = (values[order] / norms[owners])[keep].astype(np.float32)

    def _keep_songs(self, held: Any) -> None:
        """Keep of each title the songs that most of its playlists have, and who has a song."""
        keep = np.ones(held.nnz, dtype=bool)
        for row in np.flatnonzero(np.diff(held.indptr) > self.max_tracks).tolist():
            part = slice(held.indptr[row], held.indptr[row + 1])
            most = np.lexsort((-self.vocabulary_.counts[held.indices[part]], -held.data[part]))
            keep[part][most[self.max_tracks :]] = False
        columns = held.tocsc()
        self.lengths_ = (np.asarray(held.sum(axis=1)).ravel() / self.sizes_).astype(np.float32)
        self.having_, first = Postings.first(columns.indptr, columns.indices, self.max_postings)
        self.having_counts_ = columns.data[first].astype(np.float32)
        before = np.concatenate([[0], np.cumsum(keep)])
        self.held_ = Postings(before[held.indptr], held.indices[keep].astype(np.int32))
        self.held_counts_ = held.data[keep].astype(np.float32)

    def recommend(self, seed: Seed, k: int) -> Ranking:
        """Return the songs most expected in a playlist called so."""
        check_k(k)
        columns, scores = self.votes(seed)
        return self.vocabulary_.ranking(columns, scores, seed, k)

    def score(self, seed: Seed, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the share of playlists of this title that each is expected in; names add to it."""
        return values_of(self.vocabulary_.columns(ids), *self.votes(seed))

    def explain(self, seed: Seed, ids: NDArray[np.int64]) -> list[Reason]:
        """Return in how many of the playlists with titles like this each is.

        A count of 0: the title names its artist, or has a word of its title. The kind is
        ``playlists`` where only playlists with the same songs have it, not those called so.
        """
        titles, _ = self.alike(seed)
        called = self._held_by(titles)
        called.update((song, called.get(song, 0)) for song in self._named(seed)[0].tolist())
        columns, scores, known = self._first(seed)
        beside: dict[int, int] = {}
        if self.company and known:
            beside = self._held_by(self._beside(columns, scores)[0])
        reasons = []
        popular = self.vocabulary_.popular(ids)
        for column, common in zip(self.vocabulary_.columns(ids).tolist(), popular, strict=True):
            if column in called:
                reasons.append(Reason("title", count=called[column]))
            elif column in beside:
                reasons.append(Reason("playlists", count=beside[column]))
            else:
                reasons.append(common)
        return reasons

    def _held_by(self, titles: NDArray[np.int32]) -> dict[int, int]:
        """Return the songs of some titles, and in how many of their playlists each is."""
        counts = self.held_.gather(titles, self.held_counts_)
        songs, sums = total(self.held_.gather(titles), counts, len(self.vocabulary_))
        return dict(zip(songs.tolist(), sums.astype(int).tolist(), strict=True))

    def votes(self, seed: Seed) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return the columns that are expected, rising, and their scores."""
        columns, scores, known = self._first(seed)
        # How much is known of the title says how far those beside are beside it.
        share = self.company * known / (known + self.prior) if known else 0.0
        if share == 0:
            return columns, scores
        titles, votes = self._beside(columns, scores)
        each = np.repeat(share * votes / self.sizes_[titles], self.held_.lengths(titles))
        each = each * self.held_.gather(titles, self.held_counts_)
        columns = np.concatenate([columns, self.held_.gather(titles)])
        scores = np.concatenate([scores, each], dtype=np.float32)
        columns, scores = total(columns, scores, len(self.vocabulary_))
        return columns, (scores / np.float32(1 + share)).astype(np.float32)

    def _first(self, seed: Seed) -> tuple[NDArray[np.int32], NDArray[np.float32], float]:
        """Return songs, rising, and their scores by alike titles, names and how common they are.

        Then in how many playlists the titles are, each as far as it is alike.
        """
        titles, weights = self.alike(seed)
        named, expected = self._named(seed)
        if len(titles) == 0 and len(named) == 0:
            return named, expected, 0.0
        common = np.asarray(self.vocabulary_.by_count[:COMMON])
        votes = np.repeat(weights, self.held_.lengths(titles))
        amounts = [
            votes * self.held_.gather(titles, self.held_counts_),
            self.prior * self.names * expected,
            self.prior / float(self.rows_[0]) * self.vocabulary_.counts[common],
        ]
        columns, scores = total(
            np.concatenate([self.held_.gather(titles), named, common]),
            np.concatenate(amounts, dtype=np.float32),
            len(self.vocabulary_),
        )
        known = float(weights @ self.sizes_[titles])
        return columns, (scores / np.float32(self.prior + known)).astype(np.float32), known

    def _beside(
        self, columns: NDArray[np.int32], scores: NDArray[np.float32]
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return the titles whose playlists have most of the best songs, and votes, 1 together."""
        best = best_first(scores, columns, SEEDS)
        songs = columns[best]
        asked = scores[best] * np.log1p(self.rows_[0] / self.vocabulary_.counts[songs])
        titles = self.having_.gather(songs)
        amounts = np.repeat(asked, self.having_.lengths(songs))
        amounts = amounts * self.having_.gather(songs, self.having_counts_)
        titles, alike = total(titles, amounts.astype(np.float32), len(self.sizes_))
        alike = (alike / self.sizes_[titles] / np.sqrt(self.lengths_[titles])).astype(np.float32)
        best = best_first(alike, titles, self.n_neighbors)
        titles, alike = titles[best], alike[best]
        votes = alike**2 * np.sqrt(self.sizes_[titles])
        return titles, (votes / max(float(votes.sum()), 1e-30)).astype(np.float32)

    def alike(self, seed: Seed) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return the titles most like the seed's, most alike first, and their weights."""
        features = features_of(*title_of(seed.title, seed.description))
        keys = np.fromiter(features, np.uint32, len(features))
        lists, known = places(self.keys_, keys)
        asked = np.fromiter(features.values(), np.float32, len(features))[known]
        # A word that no title has is as rare as can be: it makes the others less of the whole.
        rarity = np.full(len(keys), np.log1p(len(self.sizes_)), dtype=np.float32)
        rarity[known] = self.rarity_[lists]
        whole = np.fromiter(features.values(), np.float32, len(features)) * rarity
        amounts = np.repeat(asked * self.rarity_[lists], self.lists_.lengths(lists))
        amounts = amounts * self.lists_.gather(lists, self.values_)
        titles, alike = total(self.lists_.gather(lists), amounts, len(self.sizes_))
        best = best_first(alike, titles, self.n_neighbors)
        alike = np.minimum(alike[best] / max(float(np.linalg.norm(whole)), 1e-9), 1)
        return titles[best], (alike**self.power).astype(np.float32)

    def _named(self, seed: Seed) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        words, _ = title_of(seed.title if self.names else "", "")
        rows, entries = self.rows_.tolist()
        return self.names_.expected(words, entries / rows, self.vocabulary_.counts)

    def arrays(self) -> Arrays:
        """Return the features, what playlists of each title hold, and the names."""
        lists = {name: getattr(self, f"{name}_") for name in _LISTS}
        return {
            **self.vocabulary_.arrays(),
            **self.names_.arrays(),
            **{name: getattr(self, f"{name}_") for name in _PLAIN},
            **{f"{name}_indptr": of.indptr for name, of in lists.items()},
            **{f"{name}_indices": of.indices for name, of in lists.items()},
        }

    @classmethod
    def from_arrays(cls, options: dict[str, Any], arrays: Arrays) -> Self:
        """Return the fitted model."""
        model = cls(**options)
        model.vocabulary_ = Vocabulary.from_arrays(arrays)
        model.names_ = Names.from_arrays(arrays)
        for name in _PLAIN:
            setattr(model, f"{name}_", arrays[name])
        for name in _LISTS:
            lists = Postings(arrays[f"{name}_indptr"], arrays[f"{name}_indices"])
            setattr(model, f"{name}_", lists)
        return model


_LISTS: Final = ("lists", "held", "having")
_PLAIN: Final = (
    "rows",
    "row_titles",
    "sizes",
    "lengths",
    "keys",
    "rarity",
    "values",
    "held_counts",
    "having_counts",
)


def _distinct(
    interactions: Interactions, lengths: NDArray[np.integer[Any]]
) -> tuple[list[Title], list[list[int]]]:
    """Return each title that has a word once, those of most playlists first, and its rows."""
    rows: dict[Title, list[int]] = {}
    titles, descriptions = interactions.titles, interactions.descriptions or repeat("")
    for row, (title, description) in enumerate(zip(titles, descriptions, strict=False)):
        words = title_of(title, description)
        if lengths[row] and words != ((), ()):
            rows.setdefault(words, []).append(row)
    ordered = sorted(rows, key=lambda words: -len(rows[words]))
    return ordered, [rows[words] for words in ordered]
