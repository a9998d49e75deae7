"""Songs as words, playlists as sentences: songs in alike company get alike vectors."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Final, Literal, Self

import numpy as np
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.models.checks import check_fit, check_k
from segue.models.recommender import Arrays, FitProgress, OnProgress, silent
from segue.models.vector_search import VectorSearch
from segue.models.vocabulary import VIA, Vocabulary
from segue.types import Interactions, Ranking, Reason, Seed

Floats = NDArray[np.float32]

_SENTENCE: Final = 10_000  # words of a sentence that gensim reads; longer rows are cut


@dataclass
class Word2Vec:
    """Ranks songs by the cosine between their vectors and the mean of the likes' vectors.

    Mikolov et al., "Distributed representations of words and phrases and their compositionality"
    (NIPS 2013), with gensim. What counts for music is other than for text (Caselles-Dupre et al.,
    "Word2vec applied to recommendation: hyperparameters matter", RecSys 2018). The defaults were
    found by ``benchmarks/tune_word2vec.py`` on 5,000 real playlists: a window over nearly the
    whole playlist, many bad examples drawn without regard to how common a song is, few numbers
    and a prior for common songs. Data of another size may want another `prior` and more numbers.

    A song's vector is the sum of two unit vectors: the one it has as company, and the one it has
    as what the company is to bring. Both are learned in one space (Levy, Goldberg and Dagan,
    "Improving distributional similarity with lessons learned from word embeddings", TACL 2015),
    and their sum also says what goes with what, where the first alone says what takes the place
    of what. From five songs, NDCG@500 is .240 with the sum and .223 with the first alone.

    The score is ``cosine(seed, song) + prior * log(count)``, where `count` is the number of rows
    the song stands in. The seed's vector is the weighted mean of the likes' vectors, less
    `dislike` times the mean of the dislikes', both of unit length.

    One thread trains, on one order of the rows, and no hash of a string is taken: the same data,
    options and seed give the same vectors.

    Parameters
    ----------
    vector_size
        Numbers in a vector, at least 1.
    sg
        Skip-gram in place of CBOW.
    window
        Songs before and after a song that are its company, at least 1; each time a number up to
        it is drawn. ``"all"``: the whole row, always; the time grows with the square of its
        length. Each 10,000 entries of a longer row are a row of their own.
    negative
        Songs drawn as bad examples for each good one, at least 1.
    ns_exponent
        They are drawn in proportion to ``count ** ns_exponent``: 0 all alike, below 0 the rare
        ones more.
    sample
        Songs that make up more than this share of all entries are passed over now and then; 0
        for none.
    epochs
        Passes over all rows, at least 1.
    alpha
        Rate of learning at the start; it falls to nearly 0 in a straight line.
    min_count
        Rows a song must stand in to be known, at least 1.
    prior
        What a common song has ahead, see above.
    dislike
        Weight of the dislikes, see above. They are often close to the likes: from 0.4 on, what is
        left of the seed points elsewhere, and NDCG falls.
    seed
        Of all draws.

    Raises
    ------
    UsageError
        By `fit`, if an option is out of its range.
    """

    name: ClassVar[str] = "word2vec"
    vector_size: int = 64
    sg: bool = False
    window: int | Literal["all"] = 100
    negative: int = 20
    ns_exponent: float = 0.0
    sample: float = 1e-4
    epochs: int = 15
    alpha: float = 0.05
    min_count: int = 4
    prior: float = 0.14
    dislike: float = 0.2
    seed: int = 1

    @property
    def options(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return asdict(self)

    def fit(self, interactions: Interactions, *, on_progress: OnProgress = silent) -> Self:
        """Train; the loss reported is the mean of an entry in the last epoch.

        gensim sums the loss in float32: of an epoch of more than some 10 million entries it comes
        out too low. It is a sign of progress, and nothing rests on it.
        """
        self._check()
        vocabulary, chosen = Vocabulary.of(interactions, self.min_count)
        check_fit(self.name, interactions, len(vocabulary))
        sentences = _Sentences(interactions, chosen)
        self._hold(vocabulary, self._train(sentences, on_progress))
        return self

    def recommend(self, seed: Seed, k: int) -> Ranking:
        """Return the songs nearest to the likes; where none is known, the most common ones."""
        check_k(k)
        known = self.vocabulary_
        query = self._query(seed)
        if query is None:
            columns, scores = np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32)
        else:
            allowed = None
            if seed.allowed is not None:
                allowed = known.columns(seed.allowed)
                allowed = allowed[allowed >= 0]
            # The likes and dislikes may be found as well, and are then taken out.
            count = k + len(seed.likes) + len(seed.dislikes)
            columns, scores = self._search.query(query, count, allowed)
        return known.ranking(columns, scores, seed, k)

    def explain(self, seed: Seed, ids: NDArray[np.int64]) -> list[Reason]:
        """Return for each the like that its vector is nearest to."""
        found = self.vocabulary_.seeds(seed)
        columns = self.vocabulary_.columns(ids)
        if len(found.columns) == 0:
            return self.vocabulary_.popular(ids)
        cosines = self._units(columns) @ self._units(found.columns).T
        nearest = cosines.argmax(axis=1)
        rated = self.score(seed, ids) > 0
        reasons = self.vocabulary_.popular(ids)
        for place in np.flatnonzero(rated).tolist():
            best = int(nearest[place])
            like = int(seed.likes[found.likes[best]])
            reasons[place] = Reason(VIA[found.via[best]], track=like)
        return reasons

    def score(self, seed: Seed, ids: NDArray[np.int64]) -> Floats:
        """Return each song's score, at least 0."""
        columns = self.vocabulary_.columns(ids)
        query = self._query(seed)
        scores = np.zeros(len(ids), dtype=np.float32)
        if query is not None:
            known = columns >= 0
            scores[known] = np.maximum(self._search.scores(query, columns[known]), 0)
        return scores

    def vectors(self, ids: NDArray[np.int64]) -> tuple[Floats, NDArray[np.bool_]]:
        """Return the songs' unit vectors [shape=(n, vector_size)] and which of them are known.

        The vector of a song that is not known is zero.
        """
        columns = self.vocabulary_.columns(ids)
        return self._units(columns), columns >= 0

    def artist_vector(self, artist_id: int) -> Floats | None:
        """Return an artist's unit vector, or None where none of the artist's songs is known.

        It is the mean of the songs' unit vectors, each weighted by the rows it stands in. Artists
        as words beside their songs took twice as long to train, lost 4 % of NDCG from five songs
        (.225 in place of .233), and were no better to start from: NDCG from the artist of a
        playlist's first song was .209 by the word, .215 by the mean.
        """
        columns = self.vocabulary_.of_artist(artist_id, limit=len(self.vocabulary_))
        if len(columns) == 0:
            return None
        weights = self.vocabulary_.counts[columns].astype(np.float32)
        return _unit(weights @ self._units(columns))

    def nearest(
        self,
        vector: Floats,
        k: int,
        exclude: NDArray[np.int64] | None = None,
        allowed: NDArray[np.int64] | None = None,
    ) -> Ranking:
        """Return the `k` songs whose vectors have the highest cosine with one.

        Parameters
        ----------
        vector
            Of any length [shape=(vector_size,)], such as a sum and difference of songs.
        k
            How many, at least 1; fewer come only where there are no more.
        exclude, allowed
            Ids that are not answered, and those that may be; None for none and for all.
        """
        check_k(k)
        known = self.vocabulary_
        never = known.columns(np.zeros(0, dtype=np.int64) if exclude is None else exclude)
        among = None
        if allowed is not None:
            among = known.columns(allowed)
            among = among[among >= 0]
        query = np.append(_unit(vector), 0)
        columns, scores = self._search.query(query, k + len(never), among)
        keep = np.flatnonzero(~np.isin(columns, never))[:k]
        return Ranking(known.track_ids[columns[keep]].astype(np.int64), scores[keep])

    def arrays(self) -> Arrays:
        """Return the vectors and what belongs to them."""
        return {**self.vocabulary_.arrays(), **self._search.arrays()}

    @classmethod
    def from_arrays(cls, options: dict[str, Any], arrays: Arrays) -> Self:
        """Return the fitted model."""
        model = cls(**options)
        model.vocabulary_ = Vocabulary.from_arrays(arrays)
        model._search = VectorSearch.from_arrays(arrays, "inner_product")
        return model

    def _check(self) -> None:
        whole = ("vector_size", "negative", "epochs", "min_count")
        low = [name for name in whole if getattr(self, name) < 1]
        if self.window != "all" and self.window < 1:
            low.append("window")
        if low:
            raise UsageError(f"{low[0]} is {getattr(self, low[0])}, expected at least 1")
        if not (self.alpha > 0 and self.sample >= 0):
            raise UsageError(
                f"alpha is {self.alpha} and sample {self.sample}, expected more than 0 and at "
                "least 0"
            )

    def _hold(self, vocabulary: Vocabulary, vectors: Floats) -> None:
        """Keep unit vectors, with the prior as one number more: one product is the score."""
        rows = np.empty((len(vocabulary), self.vector_size + 1), dtype=np.float32)
        rows[:, :-1] = _units(vectors)
        rows[:, -1] = self.prior * np.log(vocabulary.counts)
        self.vocabulary_ = vocabulary
        self._search = VectorSearch.build(rows, "inner_product", seed=self.seed)

    def _units(self, columns: NDArray[np.int32]) -> Floats:
        found = self._search.vectors(np.maximum(columns, 0))[:, :-1]
        found[columns < 0] = 0
        return found

    def _query(self, seed: Seed) -> Floats | None:
        """Return what to search for [shape=(vector_size + 1,)], or None where nothing is known."""
        found = self.vocabulary_.seeds(seed)
        if len(found.columns) == 0:
            return None
        query = _unit(found.weights @ self._units(found.columns))
        disliked = self.vocabulary_.columns(seed.dislikes)
        disliked = disliked[disliked >= 0]
        if len(disliked):
            query = _unit(query - self.dislike * _unit(self._units(disliked).sum(axis=0)))
        return np.append(query, np.float32(1))

    def _train(self, sentences: _Sentences, on_progress: OnProgress) -> Floats:
        from gensim.models import Word2Vec as Trainer

        # Without a handler of one's own, Python prints a library's warnings.
        logging.getLogger("gensim").addHandler(logging.NullHandler())
        trainer = Trainer(
            vector_size=self.vector_size,
            sg=int(self.sg),
            window=_SENTENCE if self.window == "all" else self.window,
            shrink_windows=self.window != "all",
            negative=self.negative,
            ns_exponent=self.ns_exponent,
            sample=self.sample,
            alpha=self.alpha,
            min_count=1,  # rows are counted before, not entries
            seed=self.seed,
            workers=1,
        )
        trainer.build_vocab_from_freq(sentences.counts(), corpus_count=len(sentences))
        trainer.train(
            sentences,
            total_examples=len(sentences),
            total_words=sentences.total,
            epochs=self.epochs,
            compute_loss=True,
            callbacks=[_reporter(sentences.total, self.epochs, on_progress)],
        )
        both = _units(trainer.wv.vectors) + _units(trainer.syn1neg)
        vectors = np.zeros((sentences.columns, self.vector_size), dtype=np.float32)
        vectors[np.array(trainer.wv.index_to_key)] = both
        return vectors


class _Sentences:
    """Rows as lists of columns of the vocabulary, for as many passes as are asked for."""

    def __init__(self, interactions: Interactions, chosen: NDArray[np.int64]) -> None:
        columns = np.full(len(interactions.track_ids), -1, dtype=np.int32)
        columns[chosen] = np.arange(len(chosen), dtype=np.int32)
        words = columns[interactions.indices]
        kept = np.concatenate([[0], np.cumsum(words >= 0)])[interactions.indptr]
        self._words = words[words >= 0]
        self.columns = len(chosen)
        self.total = len(self._words)
        # Of each row its start, and more starts where it is longer than a sentence may be.
        pieces = -(-np.diff(kept) // _SENTENCE)
        first = np.repeat(np.cumsum(pieces) - pieces, pieces)
        starts = np.repeat(kept[:-1], pieces) + _SENTENCE * (np.arange(len(first)) - first)
        self._bounds = np.append(starts, self.total).tolist()

    def __len__(self) -> int:
        return len(self._bounds) - 1

    def __iter__(self) -> Iterator[list[int]]:
        for start, stop in zip(self._bounds, self._bounds[1:], strict=False):
            yield self._words[start:stop].tolist()

    def counts(self) -> dict[int, int]:
        """Return how many entries each column has."""
        return dict(enumerate(np.bincount(self._words, minlength=self.columns).tolist()))


def _reporter(words: int, epochs: int, on_progress: OnProgress) -> Any:
    from gensim.models.callbacks import CallbackAny2Vec

    class Reporter(CallbackAny2Vec):  # type: ignore[misc]  # gensim is not typed
        done = 0

        def on_epoch_end(self, model: Any) -> None:
            self.done += 1
            loss = float(model.get_latest_training_loss()) / max(1, words)
            # The sum runs on over epochs, and loses what is added to a large one.
            model.running_training_loss = 0.0
            on_progress(FitProgress("training", self.done, epochs, loss))

    return Reporter()


def _units(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))


def _unit(vector: NDArray[np.floating[Any]]) -> Floats:
    long = np.asarray(vector, dtype=np.float64)
    return (long / max(float(np.linalg.norm(long)), 1e-12)).astype(np.float32)
