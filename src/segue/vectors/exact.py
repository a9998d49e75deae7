"""The exact index: every answer is what a full comparison gives, and it is the reference."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segue.errors import LibraryError, UsageError
from segue.vectors.folder import SavedIndex, read_folder, write_folder

_KIND: Final = "exact"
_UNIT_ROUNDOFF: Final = 2.0**-24  # of float32
_HEAD: Final = 63  # principal axes that are scored first; the norm of the rest is one column more
_SAMPLE: Final = 8192  # vectors that the axes are found on
_SCREENED: Final = 8192  # from this many vectors on, screening is worth its memory
_SLACK: Final = 2e-5  # above every rounding error of a screened bound; see `_Screen`
_CHUNK: Final = 4096  # vectors held in float64 at once


class ExactIndex:
    """Nearest neighbours by cosine, compared with every vector that cannot be ruled out.

    A query is first multiplied with the leading principal coordinates of the vectors only, which
    with the norms of what is left bounds every cosine from above (Cauchy-Schwarz). What may still
    be among the best is compared in float32, and what that cannot tell apart in float64, row by
    row; so the answer depends on nothing but the query, the vectors and their ids.

    Each `add` copies what is held: add in few large batches.

    Parameters
    ----------
    dimensions
        Length of every vector, at least 1.

    Raises
    ------
    UsageError
        If `dimensions` is below 1.

    Examples
    --------
    >>> import numpy as np
    >>> index = ExactIndex(2)
    >>> index.add(np.array([7, 3, 5]), np.array([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32))
    >>> ids, scores = index.query(np.array([0.0, 1.0]), k=2)
    >>> ids
    array([3, 5])
    >>> scores
    array([1. , 0.8], dtype=float32)
    """

    def __init__(self, dimensions: int) -> None:
        if dimensions < 1:
            raise UsageError(f"an index of {dimensions} dimensions makes no sense, give 1 or more")
        self._dimensions = dimensions
        self._ids = np.empty(0, dtype=np.int64)  # ascending, so that rows are in order of ids
        self._matrix = np.empty((0, dimensions), dtype=np.float32)
        self._screen: _Screen | None = None

    @property
    def dimensions(self) -> int:
        """Length of every vector."""
        return self._dimensions

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Add vectors, scaled to unit length; a zero vector stays zero and scores 0.

        Parameters
        ----------
        ids
            Ids that are not in the index [shape=(n,)].
        vectors
            Finite numbers [shape=(n, dimensions)].

        Raises
        ------
        UsageError
            If an id occurs twice or is in the index, if a shape or type is wrong, or if a number
            is not finite. Nothing is added then.
        """
        rows = unit_rows(vectors, self._dimensions)
        numbers = as_ids(ids)
        if rows.ndim != 2 or len(rows) != len(numbers):
            raise UsageError(
                f"found {len(numbers)} ids with vectors of shape {np.shape(vectors)},"
                f" expected shape ({len(numbers)}, {self._dimensions}): give each id one vector"
            )
        merged = np.concatenate([self._ids, numbers])
        order = np.argsort(merged, kind="stable")
        merged = merged[order]
        twice = merged[1:][merged[1:] == merged[:-1]]
        if len(twice):
            raise UsageError(
                f"found {len(twice)} ids that would be in the index twice, {twice[0]} the first,"
                " expected new ones: leave them out, or build a new index"
            )
        matrix = np.concatenate([self._matrix, rows])
        if len(order) and np.any(order[1:] < order[:-1]):
            matrix = matrix[order]
        self._ids, self._matrix, self._screen = merged, matrix, None

    def query(
        self, vectors: NDArray[np.float32], k: int, *, allowed: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the ids of the nearest vectors and their cosines.

        Parameters
        ----------
        vectors
            One query [shape=(dimensions,)] or several [shape=(q, dimensions)], of any length.
            The answer to one never depends on the others.
        k
            How many to return, at least 1.
        allowed
            Ids that may be returned, in any order; those not in the index are passed over.
            None allows all.

        Returns
        -------
        Ids (int64) and cosines in [-1, 1] (float32), highest first, ties by smaller id
        [shape=(m,) or (q, m)], where m is k or the number of vectors allowed if that is less.

        Raises
        ------
        UsageError
            If `k` is below 1, a shape or type is wrong, or a number is not finite.
        """
        check_k(k)
        queries = unit_rows(vectors, self._dimensions)
        rows = None if allowed is None else self._rows(as_ids(allowed))
        m = min(k, len(self) if rows is None else len(rows))
        best = np.empty((*queries.shape[:-1], m), dtype=np.int64)
        scores = np.empty(best.shape, dtype=np.float32)
        if m:
            for query, to_rows, to_scores in zip(
                np.atleast_2d(queries), np.atleast_2d(best), np.atleast_2d(scores), strict=True
            ):
                to_rows[:], to_scores[:] = self._nearest(query, m, rows)
        return self._ids[best], scores

    def save(self, folder: Path) -> None:
        """Write the index to `folder`, in place of an index that is there.

        Raises
        ------
        UsageError
            If `folder` exists and holds anything else than a saved index.
        LibraryError
            If it cannot be written.
        """
        write_folder(folder, _KIND, self._dimensions, len(self), arrays=self.arrays())

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the index saved in `folder`, whose vectors are mapped and not read.

        Raises
        ------
        LibraryError
            If the folder cannot be read, was saved in another format, or is damaged.
        """
        return cls.from_arrays(read_folder(folder, _KIND), folder)

    @classmethod
    def from_arrays(cls, saved: SavedIndex, folder: Path) -> Self:
        """Return the index that gave the `arrays` read back from `folder`.

        Raises
        ------
        LibraryError
            If an array is missing or does not fit the others.
        """
        index = cls(saved.dimensions)
        index._restore(saved, folder)
        return index

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return all that the index holds, by name; not to be written to."""
        arrays: dict[str, NDArray[np.generic]] = {"ids": self._ids, "vectors": self._matrix}
        screen = self._screening()
        if screen is not None:
            arrays |= {"axes": screen.axes, "heads": screen.heads}
        return arrays

    def known(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return those of `ids` that are in the index, ascending, each once."""
        return self._ids[self._rows(ids)]

    def _restore(self, saved: SavedIndex, folder: Path) -> None:
        count, arrays = saved.count, saved.arrays
        shapes: dict[str, tuple[type[np.generic], tuple[int, ...]]] = {
            "ids": (np.int64, (count,)),
            "vectors": (np.float32, (count, self._dimensions)),
        }
        if _worth_screening(count, self._dimensions):
            shapes |= {
                "axes": (np.float32, (self._dimensions, _HEAD)),
                "heads": (np.float32, (count, _HEAD + 1)),
            }
        for name, (dtype, shape) in shapes.items():
            array = arrays.get(name)
            if array is None or array.dtype != dtype or array.shape != shape:
                found = "nothing" if array is None else f"{array.dtype} {array.shape}"
                raise LibraryError(
                    f"{folder} is damaged: found {found} as {name},"
                    f" expected {np.dtype(dtype)} {shape}; delete it and build the index again"
                )
        self._ids = np.array(arrays["ids"], dtype=np.int64)
        self._matrix = np.asarray(arrays["vectors"], dtype=np.float32)
        if np.any(self._ids[1:] <= self._ids[:-1]):
            raise LibraryError(
                f"{folder} is damaged: found its ids out of order, expected them ascending;"
                " delete it and build the index again"
            )
        if "axes" in shapes:
            self._screen = _Screen(
                np.asarray(arrays["axes"], dtype=np.float32),
                np.asarray(arrays["heads"], dtype=np.float32),
            )

    def _screening(self) -> _Screen | None:
        # Two threads that ask at once make the same screen twice, which harms nobody.
        if self._screen is None and _worth_screening(*self._matrix.shape):
            self._screen = _Screen.of(self._matrix)
        return self._screen

    def _rows(self, ids: NDArray[np.int64]) -> NDArray[np.intp]:
        """Return the rows of those of `ids` that are here, ascending, each once."""
        wanted = np.unique(ids)
        rows = np.searchsorted(self._ids, wanted)
        here = rows < len(self)
        rows, wanted = rows[here], wanted[here]
        found: NDArray[np.intp] = rows[self._ids[rows] == wanted]
        return found

    def _nearest(
        self, query: NDArray[np.float32], k: int, rows: NDArray[np.intp] | None
    ) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Return the best `k` of `rows` (of all if None; there are that many) and their scores."""
        screen = self._screening() if rows is None or len(rows) >= _SCREENED else None
        if screen is not None:
            rows = self._not_below(query, k, screen.bounds(query, rows), rows)
        rough = _products(self._matrix, query, rows)
        # A float32 sum of d products in any order errs by less than this for unit vectors.
        error = (self._dimensions + 8) * _UNIT_ROUNDOFF
        close = np.flatnonzero(rough >= np.partition(rough, -k)[-k] - 2 * error)
        rows = close if rows is None else rows[close]
        scores = self._cosines(query, rows)
        order = np.lexsort((rows, -scores))[:k]
        return rows[order], scores[order]

    def _not_below(
        self,
        query: NDArray[np.float32],
        k: int,
        bounds: NDArray[np.float32],
        rows: NDArray[np.intp] | None,
    ) -> NDArray[np.intp]:
        """Return those of `rows` that may be among the best `k`, by their upper bounds."""
        promising = min(len(bounds), 2 * k + 64)
        first = np.argpartition(bounds, -promising)[-promising:]
        known = self._cosines(query, first if rows is None else rows[first])
        left = np.flatnonzero(bounds >= np.partition(known, -k)[-k] - _SLACK)
        return left if rows is None else rows[left]

    def _cosines(self, query: NDArray[np.float32], rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return cosines of `rows`, each summed in one order wherever the row lies."""
        cosines = np.empty(len(rows), dtype=np.float32)
        exact = query.astype(np.float64)
        for start in range(0, len(rows), _CHUNK):
            part = slice(start, start + _CHUNK)
            cosines[part] = (self._matrix[rows[part]] * exact).sum(axis=1)
        return np.clip(cosines, -1, 1, out=cosines)


@dataclass(frozen=True)
class _Screen:
    """Upper bounds of cosines from a few leading coordinates.

    With orthonormal columns ``A``, and ``r(x)`` the part of x outside their span,
    ``x.y = (A'x).(A'y) + r(x).r(y) <= (A'x).(A'y) + |r(x)| |r(y)|``. The norm is kept as one more
    coordinate, so that the bound is one product.

    ``A`` is float32 and orthonormal to 2e-6, coordinates are rounded by 6e-8, and the product of
    64 terms errs by 4e-6: together below `_SLACK`. `_SLACK` added to the squared norm makes up
    for what the first two do to it.

    Attributes
    ----------
    axes
        Leading eigenvectors of the second moment of a sample [shape=(dimensions, 63)].
    heads
        Coordinates and norm of the rest [shape=(n, 64)].
    """

    axes: NDArray[np.float32]
    heads: NDArray[np.float32]

    @classmethod
    def of(cls, matrix: NDArray[np.float32]) -> _Screen:
        """Return the screen of unit vectors [shape=(n, dimensions)]."""
        sample = matrix[:: max(1, len(matrix) // _SAMPLE)].astype(np.float64)
        _, vectors = np.linalg.eigh(sample.T @ sample)
        axes = np.ascontiguousarray(vectors[:, : -_HEAD - 1 : -1], dtype=np.float32)
        heads = np.empty((len(matrix), _HEAD + 1), dtype=np.float32)
        for start in range(0, len(matrix), _CHUNK):
            part = slice(start, start + _CHUNK)
            heads[part] = _coordinates(matrix[part], axes)
        return cls(axes, heads)

    def bounds(
        self, query: NDArray[np.float32], rows: NDArray[np.intp] | None
    ) -> NDArray[np.float32]:
        """Return for each of `rows` a number that its cosine exceeds by less than `_SLACK`."""
        return _products(self.heads, _coordinates(query[None], self.axes)[0], rows)


def _products(
    matrix: NDArray[np.float32], vector: NDArray[np.float32], rows: NDArray[np.intp] | None
) -> NDArray[np.float32]:
    """Return ``(matrix @ vector)[rows]``, fast; all if `rows` is None."""
    products: NDArray[np.float32]
    if rows is None:
        products = matrix @ vector
    elif len(rows) > len(matrix) // 8:  # to pick so many rows costs more than to multiply all
        products = (matrix @ vector)[rows]
    else:
        products = matrix[rows] @ vector
    return products


def _worth_screening(count: int, dimensions: int) -> bool:
    return count >= _SCREENED and dimensions >= 2 * _HEAD


def _coordinates(vectors: NDArray[np.float32], axes: NDArray[np.float32]) -> NDArray[np.float32]:
    precise = vectors.astype(np.float64)
    head = precise @ axes.astype(np.float64)
    rest = np.maximum((precise**2).sum(axis=1) - (head**2).sum(axis=1), 0) + _SLACK
    return np.column_stack([head, np.sqrt(rest)]).astype(np.float32)


def unit_rows(vectors: ArrayLike, dimensions: int) -> NDArray[np.float32]:
    """Return vectors [shape=(d,) or (n, d)] scaled to unit length, zero ones as they are.

    Raises
    ------
    UsageError
        If they are not numbers, a number is not finite, or the shape is another.
    """
    array = np.asarray(vectors)
    if array.dtype.kind not in "fiu":
        raise UsageError(f"found vectors of type {array.dtype}, expected real numbers")
    if array.ndim not in (1, 2) or array.shape[-1] != dimensions:
        raise UsageError(
            f"found vectors of shape {array.shape}, expected ({dimensions},) or (n, {dimensions}):"
            " give vectors of the embedder that this index is for"
        )
    unit = np.empty(array.shape, dtype=np.float32)
    rows, to = np.atleast_2d(array), np.atleast_2d(unit)
    for start in range(0, len(rows), _CHUNK):
        part = rows[start : start + _CHUNK].astype(np.float64)
        largest = np.abs(part).max(axis=1, keepdims=True)
        if not np.all(np.isfinite(largest)):
            row = start + int(np.argmin(np.isfinite(largest[:, 0])))
            raise UsageError(
                f"vector {row} holds a number that is not finite, expected finite ones:"
                " leave it out, or analyse its audio again"
            )
        part /= np.where(largest > 0, largest, 1)  # so that squares neither overflow nor vanish
        norm = np.sqrt((part**2).sum(axis=1, keepdims=True))
        to[start : start + _CHUNK] = part / np.where(norm > 0, norm, 1)
    return unit


def as_ids(ids: ArrayLike) -> NDArray[np.int64]:
    """Return ids as int64 [shape=(n,)].

    Raises
    ------
    UsageError
        If they are not integers that int64 holds, or not in one dimension.
    """
    array = np.asarray(ids)
    fits = array.dtype.kind in "iu" and np.can_cast(array.dtype, np.int64)
    if array.ndim != 1 or not (fits or array.size == 0):
        raise UsageError(
            f"found ids of type {array.dtype} and shape {array.shape}, expected int64 and (n,)"
        )
    return array.astype(np.int64)


def check_k(k: int) -> None:
    """Raise UsageError if `k` is below 1."""
    if k < 1:
        raise UsageError(f"asked for {k} nearest vectors, expected at least 1")
