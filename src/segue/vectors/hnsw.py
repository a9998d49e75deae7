"""The approximate index for large libraries: a graph proposes, exact comparison decides."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Self

import numpy as np
from numpy.typing import NDArray

from segue.errors import LibraryError
from segue.vectors.exact import ExactIndex, as_ids, check_k, unit_rows
from segue.vectors.folder import read_folder, write_folder

if TYPE_CHECKING:
    from voyager import Index

_KIND: Final = "hnsw"
_GRAPH: Final = "graph.voyager"
_FEW: Final = 10  # of n vectors, up to n / 10 allowed ones are searched exactly at once


class HnswIndex:
    """Approximate nearest neighbours by cosine, from a navigable small-world graph.

    Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using
    Hierarchical Navigable Small World graphs" (TPAMI, 2020), as Spotify's voyager has it. The
    graph holds the vectors in 8 bits a number and proposes `ef` of them; an `ExactIndex` over the
    same vectors, mapped from disk, scores those. So scores and order are exact, and only that a
    neighbour was never proposed can go wrong.

    Vectors enter the graph in the order given, by one thread: two builds are the same.

    Parameters
    ----------
    dimensions
        Length of every vector, at least 1.
    m
        Links a vector has in the graph, at least 2. More are better found, and need more memory.
    ef_construction
        Vectors looked at to place a new one, at least `m`: a better graph, built more slowly.
    ef
        Vectors proposed for a query, at least 1: better recall, and slower.
    seed
        Of the draws that place a vector on the graph's levels.

    Raises
    ------
    UsageError
        If `dimensions` is below 1.
    """

    def __init__(
        self,
        dimensions: int,
        *,
        m: int = 16,
        ef_construction: int = 200,
        ef: int = 256,
        seed: int = 1,
    ) -> None:
        self.m = m
        self.ef_construction = ef_construction
        self.ef = ef
        self.seed = seed
        self._exact = ExactIndex(dimensions)
        self._graph: Index | None = None

    @property
    def dimensions(self) -> int:
        """Length of every vector."""
        return self._exact.dimensions

    def __len__(self) -> int:
        return len(self._exact)

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
        self._exact.add(ids, vectors)
        if self._graph is None:
            self._graph = self._new_graph(len(self))
        # 8 bits hold [-1, 1]; a unit vector along an axis may be a rounding error beyond it.
        rows = np.clip(unit_rows(vectors, self.dimensions), -1, 1)
        if len(rows):
            labels = as_ids(ids).view(np.uint64).tolist()  # voyager's labels are unsigned
            self._graph.add_items(rows, labels, num_threads=1)

    def query(
        self, vectors: NDArray[np.float32], k: int, *, allowed: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the ids of the nearest vectors found and their cosines.

        Few allowed vectors are searched exactly; so are any when the graph proposes fewer than
        `k` that are allowed.

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
        queries = unit_rows(vectors, self.dimensions)
        wanted = None if allowed is None else self._exact.known(as_ids(allowed))
        n_allowed = len(self) if wanted is None else len(wanted)
        breadth = max(self.ef, 2 * k)
        if n_allowed <= max(breadth, len(self) // _FEW if wanted is not None else 0):
            return self._exact.query(queries, k, allowed=wanted)
        if wanted is not None:  # so that about as many as without a filter are allowed
            breadth = breadth * len(self) // n_allowed
        ids = np.empty((*queries.shape[:-1], k), dtype=np.int64)
        scores = np.empty(ids.shape, dtype=np.float32)
        for query, to_ids, to_scores in zip(
            np.atleast_2d(queries), np.atleast_2d(ids), np.atleast_2d(scores), strict=True
        ):
            near = self._proposals(query, breadth)
            if wanted is not None:
                near = np.intersect1d(near, wanted)
            chosen = near if len(near) >= k else wanted
            to_ids[:], to_scores[:] = self._exact.query(query, k, allowed=chosen)
        return ids, scores

    def save(self, folder: Path) -> None:
        """Write the index to `folder`, in place of an index that is there.

        Raises
        ------
        UsageError
            If `folder` exists and holds anything else than a saved index.
        LibraryError
            If it cannot be written.
        """
        graph = self._graph
        write_folder(
            folder,
            _KIND,
            self.dimensions,
            len(self),
            arrays=self._exact.arrays(),
            others={} if graph is None else {_GRAPH: graph.save},
            options={
                "m": self.m,
                "ef_construction": self.ef_construction,
                "ef": self.ef,
                "seed": self.seed,
            },
            versions={"voyager": version("voyager")},
        )

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the index saved in `folder`; its graph is read, its vectors are mapped.

        Raises
        ------
        LibraryError
            If the folder cannot be read, was saved in another format, or is damaged.
        """
        saved = read_folder(folder, _KIND)
        try:
            index = cls(saved.dimensions, **saved.options)
            index._exact = ExactIndex.from_arrays(saved, folder)
            if saved.count:
                with (folder / _GRAPH).open("rb") as file:
                    index._graph = _read_graph(file)
                _check_graph(index._graph, saved.dimensions, saved.count)
        except (OSError, RuntimeError, TypeError, ValueError) as error:
            raise LibraryError(
                f"the graph in {folder} cannot be read ({error});"
                " delete the folder and build the index again"
            ) from error
        return index

    def _new_graph(self, capacity: int) -> Index:
        from voyager import Index, Space, StorageDataType

        # The inner product of unit vectors is their cosine, and spares their being scaled again.
        return Index(
            Space.InnerProduct,
            self.dimensions,
            M=self.m,
            ef_construction=self.ef_construction,
            random_seed=self.seed,
            max_elements=max(1, capacity),
            storage_data_type=StorageDataType.Float8,
        )

    def _proposals(self, query: NDArray[np.float32], breadth: int) -> NDArray[np.int64]:
        """Return ids of about `breadth` near vectors; none if the graph does not reach as many."""
        from voyager import RecallError

        if self._graph is None:
            return np.empty(0, dtype=np.int64)
        count = min(breadth, len(self))
        for wider in (1, 4):
            try:
                labels, _ = self._graph.query(
                    np.clip(query, -1, 1), k=count, num_threads=1, query_ef=count * wider
                )
            except RecallError:
                continue
            return np.asarray(labels).view(np.int64)
        return np.empty(0, dtype=np.int64)


def _read_graph(file: BinaryIO) -> Any:
    from voyager import Index

    return Index.load(file)


def _check_graph(graph: Any, dimensions: int, count: int) -> None:
    if (graph.num_dimensions, len(graph)) != (dimensions, count):
        raise ValueError(
            f"found {len(graph)} vectors of {graph.num_dimensions} dimensions,"
            f" expected {count} of {dimensions}"
        )
