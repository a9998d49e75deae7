"""Nearest vectors by column: exact for some 200,000, by inverted lists beyond."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, Self

import numpy as np
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.models.recommender import Arrays

Metric = Literal["cosine", "inner_product"]

_ROUNDOFF: Final = 2.0**-24  # of float32
_CHUNK: Final = 8192  # vectors held or compared at once
_PER_CENTROID: Final = 40  # vectors of the sample that the centroids are found on
_ROUNDS: Final = 8  # of k-means
_READ: Final = 40_000  # vectors compared for a query, of those allowed


@dataclass(frozen=True, eq=False)
class _Lists:
    """Which vectors lie together. c lists of m vectors.

    Attributes
    ----------
    centroids
        float32 [shape=(c, d)].
    starts
        int64 [shape=(c + 1,)]: list i has the rows ``starts[i]:starts[i + 1]``.
    columns
        int32 [shape=(m,)]: the column of each row.
    places
        int32 [shape=(m,)]: the row of each column.
    """

    centroids: NDArray[np.float32]
    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    places: NDArray[np.int32]


class VectorSearch:
    """Finds the columns whose vectors have the highest cosine or inner product with a query.

    Up to `exact_up_to` vectors every one is compared. More are kept in lists around centroids
    (an inverted file: Sivic and Zisserman, "Video Google", ICCV 2003), of which the nearest are
    read until 40,000 vectors have been compared; with a filter as many lists or more, until
    10,000 that are allowed have been. So a filter costs no recall, and `k` come where `k` are
    allowed. For inner products, the longest 20,000 vectors are a list of their own that every
    query reads first: they are most of what is found (Teflioudi, Gemulla and Mykytiuk, "LEMP: fast
    retrieval of large entries in a matrix product", SIGMOD 2015). The others are placed by their
    direction after one more dimension has made them all as long as the longest (Bachrach et al.,
    "Speeding up the Xbox recommender system using a Euclidean transformation for inner-product
    spaces", RecSys 2014).

    Lists rather than a graph: of 2,000,000 vectors they are made in a minute where a graph takes
    an hour, and they are plain arrays that a process maps and reads a part of.

    Scores are summed in float64, each in one order wherever its vector lies: the same vectors
    and query give the same score whatever else is compared.

    Examples
    --------
    >>> import numpy as np
    >>> search = VectorSearch.build(np.array([[3, 4], [0, 1], [0, 2]], dtype=np.float32))
    >>> columns, scores = search.query(np.array([0, 1], dtype=np.float32), 3)
    >>> columns
    array([1, 2, 0], dtype=int32)
    >>> scores
    array([1. , 1. , 0.8], dtype=float32)
    """

    def __init__(
        self,
        rows: NDArray[np.floating[Any]],
        longest: float,
        metric: Metric,
        lists: _Lists | None,
    ) -> None:
        self._rows = rows  # [shape=(m, d)], of unit length for cosine, list by list
        self._longest = longest
        self._metric = metric
        self._lists = lists

    @classmethod
    def build(
        cls,
        vectors: NDArray[np.floating[Any]],
        metric: Metric = "cosine",
        *,
        exact_up_to: int = 200_000,
        seed: int = 0,
    ) -> Self:
        """Return a search over vectors.

        Parameters
        ----------
        vectors
            Finite, float32 or float16, kept in that type [shape=(m, d)]. For cosine they are
            scaled to unit length; zero ones score 0.
        metric
            ``cosine`` or ``inner_product``.
        exact_up_to
            Vectors that are compared one and all; more are put into lists. A quarter as many in
            float16, which take longer to read.
        seed
            Of the sample that the lists are found on.

        Raises
        ------
        UsageError
            If `metric`, the shape or the type is another, or a number is not finite.
        """
        if metric not in ("cosine", "inner_product"):
            raise UsageError(f"the metric is {metric!r}, expected cosine or inner_product")
        if vectors.ndim != 2 or vectors.dtype not in (np.float32, np.float16):
            raise UsageError(
                f"found vectors of type {vectors.dtype} and shape {vectors.shape}, expected "
                "float32 or float16 and (m, d)"
            )
        lengths = _lengths(vectors)
        if not np.isfinite(lengths).all():
            raise UsageError(
                f"vector {int(np.argmin(np.isfinite(lengths)))} holds a number that is not "
                "finite; fit the model again"
            )
        scale = np.ones(len(vectors))
        if metric == "cosine":
            scale = 1 / np.where(lengths > 0, lengths, 1)
        longest = 1.0 if metric == "cosine" else float(lengths.max(initial=0))
        lists = None
        if len(vectors) > (exact_up_to if vectors.dtype == np.float32 else exact_up_to // 4):
            apart = min(_READ, len(vectors)) // 2 if metric == "inner_product" else 0
            lists = _lists(vectors, lengths * scale, scale, longest, apart, seed)
        rows = np.empty(vectors.shape, dtype=vectors.dtype)
        for start in range(0, len(vectors), _CHUNK):
            part = slice(start, start + _CHUNK)
            columns = np.arange(len(vectors))[part] if lists is None else lists.columns[part]
            rows[part] = vectors[columns].astype(np.float64) * scale[columns, None]
        return cls(rows, longest, metric, lists)

    def __len__(self) -> int:
        return len(self._rows)

    def vectors(self, columns: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Return the vectors of columns [shape=(n, d)], of unit length for cosine."""
        if self._lists is not None:
            columns = self._lists.places[columns]
        return np.asarray(self._rows[columns], dtype=np.float32)

    def scores(
        self, vector: NDArray[np.floating[Any]], columns: NDArray[np.integer[Any]]
    ) -> NDArray[np.float32]:
        """Return the score of each column [shape=(n,)], as `query` gives it."""
        places = columns if self._lists is None else self._lists.places[columns]
        return self._exact_scores(self._prepared(vector), places)

    def query(
        self,
        vector: NDArray[np.floating[Any]],
        k: int,
        allowed: NDArray[np.int32] | None = None,
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return the best columns and their scores, best first, ties by column.

        Parameters
        ----------
        vector
            What to look for [shape=(d,)]; of any length.
        k
            How many, at least 1; fewer come only where fewer are allowed.
        allowed
            Columns that may come, in any order; None for all.

        Raises
        ------
        UsageError
            If `k` is below 1, or the vector has another shape or a number that is not finite.
        """
        if k < 1:
            raise UsageError(f"asked for {k} nearest vectors, expected at least 1")
        query = self._prepared(vector)
        places, rough = self._compared(query.astype(np.float32), k, allowed)
        if len(places) > k:
            # A float32 sum of d products in any order errs by less than this.
            error = (len(query) + 8) * _ROUNDOFF * self._longest * float(np.linalg.norm(query))
            least = np.partition(rough, len(rough) - k)[len(rough) - k]
            places = places[rough >= least - 2 * error]
        scores = self._exact_scores(query, places)
        columns = places if self._lists is None else self._lists.columns[places]
        order = np.lexsort((columns, -scores))[:k]
        return columns[order].astype(np.int32), scores[order]

    def arrays(self) -> Arrays:
        """Return what `from_arrays` takes, to be stored one by one."""
        found: Arrays = {"vectors": self._rows, "longest": np.array([self._longest])}
        if self._lists is not None:
            found |= {
                "list_centroids": self._lists.centroids,
                "list_starts": self._lists.starts,
                "list_columns": self._lists.columns,
                "list_places": self._lists.places,
            }
        return found

    @classmethod
    def from_arrays(cls, arrays: Arrays, metric: Metric = "cosine") -> Self:
        """Return the search that `arrays` came from, mapped or not; others are passed over."""
        lists = None
        if "list_starts" in arrays:
            names = ("centroids", "starts", "columns", "places")
            lists = _Lists(*(arrays[f"list_{name}"] for name in names))
        return cls(arrays["vectors"], float(arrays["longest"][0]), metric, lists)

    def _prepared(self, vector: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        query = np.asarray(vector, dtype=np.float64)
        if query.shape != self._rows.shape[1:]:
            raise UsageError(
                f"found a vector of shape {query.shape}, expected {self._rows.shape[1:]}"
            )
        length = float(np.linalg.norm(query))
        if not np.isfinite(length):
            raise UsageError("found a vector with a number that is not finite")
        return query / length if self._metric == "cosine" and length > 0 else query

    def _compared(
        self, query: NDArray[np.float32], k: int, allowed: NDArray[np.int32] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return places of vectors that may be among the best, and their scores in float32."""
        places = None
        if allowed is not None:
            marks = np.zeros(len(self), dtype=bool)
            marks[allowed if self._lists is None else self._lists.places[allowed]] = True
            places = np.flatnonzero(marks)
        if self._lists is not None:
            bounds = (
                self._lists.starts
                if places is None
                else np.searchsorted(places, self._lists.starts)
            )
            # With a filter, no fewer lists than without.
            least = max(_READ * int(bounds[-1]) // len(self), _READ // 4, 4 * k)
            if bounds[-1] > least:
                return self._read(query, self._near(query, bounds, least), places)
        everything = [slice(0, len(self) if places is None else len(places))]
        return self._read(query, everything, places)

    def _near(
        self, query: NDArray[np.float32], bounds: NDArray[np.int64], least: int
    ) -> list[slice]:
        """Return the nearest lists that hold `least` vectors together, as parts of `bounds`."""
        assert self._lists is not None
        promise = self._lists.centroids @ query
        if self._metric == "inner_product":
            promise[0] = np.inf  # the longest
        order = np.argsort(-promise, kind="stable")
        sizes = np.diff(bounds)[order]
        counted = sizes.copy()
        if self._metric == "inner_product":
            counted[0] = min(counted[0], least // 2)  # others are read beside the longest
        enough = int(np.searchsorted(np.cumsum(counted), least)) + 1
        chosen = np.sort(order[:enough][sizes[:enough] > 0])
        return [slice(int(bounds[i]), int(bounds[i + 1])) for i in chosen.tolist()]

    def _read(
        self,
        query: NDArray[np.float32],
        parts: list[slice],
        places: NDArray[np.int64] | None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the places of `parts` (of `places`, or of all) and their scores."""
        found = [
            np.arange(part.start, part.stop) if places is None else places[part] for part in parts
        ]
        scores = []
        for part, where in zip(parts, found, strict=True):
            for start in range(0, len(where), _CHUNK):
                one = (
                    slice(part.start + start, min(part.start + start + _CHUNK, part.stop))
                    if places is None
                    else where[start : start + _CHUNK]
                )
                scores.append(self._rows[one].astype(np.float32, copy=False) @ query)
        if not scores:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        return np.concatenate(found), np.concatenate(scores)

    def _exact_scores(
        self, query: NDArray[np.float64], places: NDArray[np.integer[Any]]
    ) -> NDArray[np.float32]:
        scores = np.empty(len(places), dtype=np.float32)
        for start in range(0, len(places), _CHUNK):
            part = slice(start, start + _CHUNK)
            scores[part] = (self._rows[places[part]] * query).sum(axis=1)
        return scores


def _lengths(vectors: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    lengths = np.empty(len(vectors))
    for start in range(0, len(vectors), _CHUNK):
        part = vectors[start : start + _CHUNK].astype(np.float64)
        lengths[start : start + _CHUNK] = np.sqrt((part * part).sum(axis=1))
    return lengths


def _lists(
    vectors: NDArray[np.floating[Any]],
    lengths: NDArray[np.float64],
    scale: NDArray[np.float64],
    longest: float,
    apart: int,
    seed: int,
) -> _Lists:
    """Return lists of vectors, found by spherical k-means on a sample.

    Where some are kept `apart`, the longest of all, they are the first list.
    """

    def directions(columns: NDArray[np.int64]) -> NDArray[np.float32]:
        # Unit vectors; the last number is what the vector lacks of the longest, 0 for cosine.
        rows = vectors[columns] * scale[columns, None]
        lack = np.maximum(longest**2 - lengths[columns] ** 2, 0) ** 0.5
        return (np.column_stack([rows, lack]) / max(longest, 1e-30)).astype(np.float32)

    by_length = np.argsort(-lengths, kind="stable")
    columns = np.sort(by_length[apart:])
    count = len(columns)
    draws = np.random.default_rng(seed)
    n_lists = min(count, 4096, int(2 * count**0.5))
    size = min(count, _PER_CENTROID * n_lists)
    sample = directions(columns[np.sort(draws.choice(count, size, replace=False))])
    centroids = sample[np.sort(draws.choice(size, n_lists, replace=False))]
    for _ in range(_ROUNDS):
        nearest = _nearest(sample, centroids)
        order = np.argsort(nearest, kind="stable")
        filled, first = np.unique(nearest[order], return_index=True)
        sums = np.add.reduceat(sample[order], first, axis=0)
        centroids = sample[np.sort(draws.choice(size, n_lists, replace=False))]  # of empty lists
        centroids[filled] = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-30)
    in_list = np.zeros(len(vectors), dtype=np.int32)
    first_list = int(apart > 0)
    for start in range(0, count, _CHUNK):
        part = columns[start : start + _CHUNK]
        in_list[part] = first_list + _nearest(directions(part), centroids)
    by_list = np.argsort(in_list, kind="stable").astype(np.int32)
    places = np.empty(len(vectors), dtype=np.int32)
    places[by_list] = np.arange(len(vectors), dtype=np.int32)
    if first_list:
        centroids = np.concatenate([np.zeros_like(centroids[:1]), centroids])
    sizes = np.bincount(in_list, minlength=len(centroids))
    starts = np.concatenate([[0], np.cumsum(sizes)])
    return _Lists(np.ascontiguousarray(centroids[:, :-1]), starts.astype(np.int64), by_list, places)


def _nearest(vectors: NDArray[np.float32], centroids: NDArray[np.float32]) -> NDArray[np.int32]:
    found = np.empty(len(vectors), dtype=np.int32)
    for start in range(0, len(vectors), _CHUNK // 4):
        part = slice(start, start + _CHUNK // 4)
        found[part] = (vectors[part] @ centroids.T).argmax(axis=1)
    return found
