"""Other people's recommenders, to be measured beside ours on the same playlists.

Each runs as its library makes it, with the library's own options unless said otherwise; what it
cannot answer, such as a seed of no song that it knows, is filled up with the most common songs.
Their libraries are imported when they are fitted.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections import defaultdict
from typing import Any, ClassVar, Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from segue.models.vocabulary import Vocabulary
from segue.types import Interactions, Ranking, Seed

_SURPRISE_BYTES: Final = 1_000_000_000
_SURPRISE_PER_PAIR: Final = 40  # bytes that Surprise takes for each pair of songs while fitting


class Peer(Protocol):
    """What is measured of another's recommender."""

    name: ClassVar[str]

    def fit(self, interactions: Interactions) -> Self:
        """Learn, and return self. Raises ImportError if its library is not installed."""

    def recommend(self, seed: Seed, k: int) -> Ranking:
        """Return `k` songs, best first."""


class GensimWord2Vec:
    """gensim's Word2Vec with its own options, but `min_count` 4 and one thread, so that it repeats.

    Songs are words, playlists sentences; the answer is what is most like the seeds' mean.
    """

    name: ClassVar[str] = "gensim_word2vec"

    def fit(self, interactions: Interactions) -> Self:
        """Learn; see `Peer.fit`."""
        from gensim.models import Word2Vec

        self._known, _ = Vocabulary.of(interactions)
        words = list(map(str, range(len(interactions.track_ids))))
        rows = np.split(interactions.indices, interactions.indptr[1:-1])
        sentences = [[words[column] for column in row.tolist()] for row in rows]
        self._vectors = Word2Vec(sentences, min_count=4, workers=1, seed=1).wv
        return self

    def recommend(self, seed: Seed, k: int) -> Ranking:
        """Return the most alike songs; see `Peer.recommend`."""
        words = [str(c) for c in _columns(self._known, seed).tolist()]
        words = [word for word in words if word in self._vectors.key_to_index]
        if not words:
            return _answer(self._known, seed, k)
        found = self._vectors.most_similar(positive=words, topn=k + len(words))
        columns, scores = zip(*found, strict=True)
        return _answer(self._known, seed, k, np.array(columns, dtype=np.int64), np.array(scores))


class _Implicit(ABC):
    """One of implicit's models with its own options."""

    _fold_in = False
    _model: Any

    def fit(self, interactions: Interactions) -> Self:
        """Learn; see `Peer.fit`."""
        from threadpoolctl import threadpool_limits

        self._known, _ = Vocabulary.of(interactions)
        # It asks for one thread of BLAS, since it has threads of its own.
        with warnings.catch_warnings(), threadpool_limits(1, "blas"):
            warnings.simplefilter("ignore")  # it tells that it converts types
            self._model = self._make()
            self._model.fit(interactions.matrix(), show_progress=False)
        return self

    @abstractmethod
    def _make(self) -> Any:
        """Return implicit's model, not fitted yet."""

    def recommend(self, seed: Seed, k: int) -> Ranking:
        """Return what the model adds to a user of these songs; see `Peer.recommend`."""
        from scipy.sparse import csr_matrix

        likes = np.unique(_columns(self._known, seed))
        if len(likes) == 0:
            return _answer(self._known, seed, k)
        ones = np.ones(len(likes), dtype=np.float32)
        row = csr_matrix((ones, likes, [0, len(likes)]), shape=(1, len(self._known)))
        more = {"recalculate_user": True} if self._fold_in else {}
        columns, scores = self._model.recommend(0, row, N=min(k, len(self._known)), **more)
        real = (columns >= 0) & (scores > -1e30 if self._fold_in else scores > 0)
        return _answer(self._known, seed, k, columns[real], scores[real])


class ImplicitCosine(_Implicit):
    """implicit's CosineRecommender: 20 nearest songs a song."""

    name: ClassVar[str] = "implicit_cosine"

    def _make(self) -> Any:
        from implicit.nearest_neighbours import CosineRecommender

        return CosineRecommender()


class ImplicitBm25(_Implicit):
    """implicit's BM25Recommender: 20 nearest songs a song."""

    name: ClassVar[str] = "implicit_bm25"

    def _make(self) -> Any:
        from implicit.nearest_neighbours import BM25Recommender

        return BM25Recommender()


class ImplicitAls(_Implicit):
    """implicit's AlternatingLeastSquares; the seeds are folded in as a new user."""

    name: ClassVar[str] = "implicit_als"
    _fold_in = True

    def _make(self) -> Any:
        from implicit.cpu.als import AlternatingLeastSquares

        return AlternatingLeastSquares(random_state=0)


class SurpriseKnnBaseline:
    """Surprise's KNNBaseline over songs, every entry a rating of 1.

    It holds a dense matrix of songs by songs, so it knows only as many of the most common ones as
    fit into a gigabyte: 5,000. A song is worth the sum of its similarities with the seeds.
    """

    name: ClassVar[str] = "surprise_knn_baseline"

    def fit(self, interactions: Interactions) -> Self:
        """Learn; see `Peer.fit`."""
        from surprise import KNNBaseline
        from surprise.trainset import Trainset

        self._known, _ = Vocabulary.of(interactions)
        most = int((_SURPRISE_BYTES / _SURPRISE_PER_PAIR) ** 0.5)
        self._columns = np.sort(self._known.by_count[:most]).astype(np.int64)
        matrix = interactions.matrix()[:, self._columns].tocsr()
        by_user: defaultdict[int, list[tuple[int, float]]] = defaultdict(list)
        by_item: defaultdict[int, list[tuple[int, float]]] = defaultdict(list)
        users, items = matrix.nonzero()
        for user, item in zip(users.tolist(), items.tolist(), strict=True):
            by_user[user].append((item, 1.0))
            by_item[item].append((user, 1.0))
        rows, columns = matrix.shape
        same = {i: i for i in range(max(rows, columns))}
        ratings = Trainset(by_user, by_item, rows, columns, len(users), (0, 1), same, same)
        model = KNNBaseline(sim_options={"user_based": False}, verbose=False)
        model.fit(ratings)
        self._similarities: NDArray[np.float64] = model.sim
        return self

    def recommend(self, seed: Seed, k: int) -> Ranking:
        """Return the songs alike to most seeds; see `Peer.recommend`."""
        inner = np.flatnonzero(np.isin(self._columns, _columns(self._known, seed)))
        if len(inner) == 0:
            return _answer(self._known, seed, k)
        scores = self._similarities[inner].sum(axis=0)
        some = scores > 0
        return _answer(self._known, seed, k, self._columns[some], scores[some])


PEERS: Final[dict[str, type[Peer]]] = {
    peer.name: peer
    for peer in (GensimWord2Vec, ImplicitCosine, ImplicitBm25, ImplicitAls, SurpriseKnnBaseline)
}


def _columns(known: Vocabulary, seed: Seed) -> NDArray[np.int64]:
    columns = known.columns(seed.likes).astype(np.int64)
    return columns[columns >= 0]


def _answer(
    known: Vocabulary,
    seed: Seed,
    k: int,
    columns: NDArray[np.int64] | None = None,
    scores: NDArray[np.float64] | None = None,
) -> Ranking:
    """Return songs by score, then the most common ones; scores may be of any sign."""
    if columns is None or scores is None or len(columns) == 0:
        columns, scores = np.zeros(0, dtype=np.int64), np.zeros(0)
    else:
        scores = scores - scores.min() + 1.0
    return known.ranking(columns.astype(np.int32), scores.astype(np.float32), seed, k)
