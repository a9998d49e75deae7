"""What every vector index must do. A test class derives from this and says how to make one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from segue.errors import LibraryError, UsageError
from segue.vectors.index import VectorIndex

DIMENSIONS = 24
Floats = NDArray[np.float32]


def clustered(count: int, dimensions: int, seed: int) -> Floats:
    """Return vectors around 40 centres, with less and less variance along each next axis."""
    rng = np.random.default_rng(seed)
    spread = (1 + np.arange(dimensions)) ** -0.75
    centres = rng.standard_normal((40, dimensions)) * spread
    noise = 0.7 * spread * rng.standard_normal((count, dimensions))
    vectors = centres[rng.integers(40, size=count)] + noise
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / lengths, dtype=np.float32)


def cosines(vectors: Floats, query: Floats) -> NDArray[np.float64]:
    """Return cosines by the plainest float64 arithmetic."""
    rows, one = vectors.astype(np.float64), query.astype(np.float64)
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(one)
    return np.asarray(rows @ one / np.where(lengths > 0, lengths, 1))


class VectorIndexContract:
    """The tests; `kind` is the class under test."""

    kind: type[Any]

    def make(self, dimensions: int = DIMENSIONS) -> VectorIndex:
        index: VectorIndex = self.kind(dimensions)
        return index

    def filled(self, count: int = 300) -> tuple[VectorIndex, NDArray[np.int64], Floats]:
        """Return an index, its ids (out of order, none near its row number) and its vectors."""
        index = self.make()
        ids = np.random.default_rng(5).permutation(count).astype(np.int64) * 3 + 1_000
        vectors = clustered(count, DIMENSIONS, seed=1)
        index.add(ids, vectors)
        return index, ids, vectors

    def assert_best(
        self,
        ids: NDArray[np.int64],
        vectors: Floats,
        query: Floats,
        answer: tuple[NDArray[np.int64], Floats],
        k: int,
    ) -> None:
        """Check one answer against a full comparison; near ties may go either way."""
        found, scores = answer
        truth = cosines(vectors, query)
        by_id = dict(zip(ids.tolist(), truth.tolist(), strict=True))
        best = np.sort(truth)[::-1][:k]
        assert len(set(found.tolist())) == len(found) == len(best)
        np.testing.assert_allclose(scores, best, atol=1e-6)
        np.testing.assert_allclose([by_id[number] for number in found.tolist()], best, atol=1e-6)
        assert np.all(np.diff(scores) <= 0)

    def test_planted_answer(self) -> None:
        index = self.make(3)
        index.add(
            np.array([10, 20, 30, 40]),
            np.array([[1, 0, 0], [0, 1, 0], [0.6, 0.8, 0], [-1, 0, 0]], dtype=np.float32),
        )
        ids, scores = index.query(np.array([1, 0, 0], dtype=np.float32), 4)
        assert ids.tolist() == [10, 30, 20, 40]
        np.testing.assert_allclose(scores, [1, 0.6, 0, -1], atol=1e-7)
        assert ids.dtype == np.int64
        assert scores.dtype == np.float32

    def test_agrees_with_a_full_comparison(self) -> None:
        index, ids, vectors = self.filled()
        for query in clustered(20, DIMENSIONS, seed=2):
            self.assert_best(ids, vectors, query, index.query(query, 15), 15)

    def test_length_of_vectors_does_not_matter(self) -> None:
        index = self.make(2)
        index.add(np.array([1, 2]), np.array([[5e30, 0], [3e-30, 4e-30]], dtype=np.float32))
        ids, scores = index.query(np.array([0, 7e-20], dtype=np.float32), 2)
        assert ids.tolist() == [2, 1]
        np.testing.assert_allclose(scores, [0.8, 0], atol=1e-7)

    def test_scores_stay_within_one(self) -> None:
        index, _, vectors = self.filled()
        scores = index.query(np.concatenate([vectors, -vectors]), 300)[1]
        assert scores.max() == 1
        assert scores.min() == -1

    def test_equal_vectors_come_by_smaller_id(self) -> None:
        index, _, vectors = self.filled()
        twins = np.array([900, 7, 50_000, -3, 2**62, -(2**62)])
        index.add(twins, np.tile(vectors[5], (len(twins), 1)))
        ids, scores = index.query(vectors[5], 4)
        assert ids.tolist() == [-(2**62), -3, 7, 900]
        assert scores.tolist() == [scores[0]] * 4

    @pytest.mark.parametrize("shape", [(DIMENSIONS,), (1, DIMENSIONS)])
    def test_more_asked_than_there_are(self, shape: tuple[int, ...]) -> None:
        index, ids, vectors = self.filled(7)
        found, scores = index.query(vectors[0].reshape(shape), 50)
        assert found.shape == scores.shape == (*shape[:-1], 7)
        assert sorted(found.ravel().tolist()) == sorted(ids.tolist())

    def test_empty_index_answers_nothing(self) -> None:
        index = self.make()
        found, scores = index.query(np.ones((3, DIMENSIONS), dtype=np.float32), 5)
        assert found.shape == scores.shape == (3, 0)
        assert len(index) == 0

    def test_no_queries_no_answers(self) -> None:
        index, _, _ = self.filled()
        found, scores = index.query(np.empty((0, DIMENSIONS), dtype=np.float32), 5)
        assert found.shape == scores.shape == (0, 5)

    def test_adding_nothing(self) -> None:
        index = self.make()
        index.add(np.empty(0, dtype=np.int64), np.empty((0, DIMENSIONS), dtype=np.float32))
        assert len(index) == 0

    @pytest.mark.parametrize("k", [0, -1])
    def test_k_below_one(self, k: int) -> None:
        index, _, vectors = self.filled()
        with pytest.raises(UsageError, match="expected at least 1"):
            index.query(vectors[0], k)

    def test_batch_answers_as_one_by_one(self) -> None:
        index, _, vectors = self.filled()
        queries = np.concatenate([clustered(30, DIMENSIONS, seed=3), vectors[:9]])
        together = index.query(queries, 12)
        for row, query in enumerate(queries):
            alone = index.query(query, 12)
            np.testing.assert_array_equal(together[0][row], alone[0])
            np.testing.assert_array_equal(together[1][row], alone[1])

    def test_built_at_once_or_in_parts(self) -> None:
        index, ids, vectors = self.filled()
        parts = self.make()
        for start in range(0, len(ids), 70):
            parts.add(ids[start : start + 70], vectors[start : start + 70])
        for ours, theirs in zip(index.query(vectors, 10), parts.query(vectors, 10), strict=True):
            np.testing.assert_array_equal(ours, theirs)
        assert len(parts) == len(index) == 300
        assert index.dimensions == DIMENSIONS

    @pytest.mark.parametrize("allowed_count", [1, 9, 40, 290])
    def test_only_the_allowed_are_returned(self, allowed_count: int) -> None:
        index, ids, vectors = self.filled()
        allowed = ids[:allowed_count]
        for query in vectors[-10:]:
            answer = index.query(query, 20, allowed=allowed)
            self.assert_best(allowed, vectors[:allowed_count], query, answer, 20)

    def test_a_filter_does_not_change_a_score(self) -> None:
        index, ids, vectors = self.filled()
        everything = dict(zip(*(a.tolist() for a in index.query(vectors[0], 300)), strict=True))
        some = index.query(vectors[0], 40, allowed=ids[11:51])
        assert [everything[number] for number in some[0].tolist()] == some[1].tolist()

    def test_unknown_and_repeated_allowed_ids_are_passed_over(self) -> None:
        index, ids, vectors = self.filled()
        allowed = np.array([ids[4], -8, ids[2], 10**15, ids[4]])
        found, _ = index.query(vectors[4], 10, allowed=allowed)
        assert found.tolist() == [ids[4], ids[2]]

    @pytest.mark.parametrize("allowed", [[], [-1, -2], [10**12]])
    def test_nothing_allowed(self, allowed: list[int]) -> None:
        index, _, vectors = self.filled()
        found, scores = index.query(vectors[:2], 5, allowed=np.array(allowed, dtype=np.int64))
        assert found.shape == scores.shape == (2, 0)

    def test_allowed_must_be_ids(self) -> None:
        index, ids, vectors = self.filled()
        with pytest.raises(UsageError, match="ids of type bool"):
            index.query(vectors[0], 5, allowed=np.ones(len(ids), dtype=bool))

    def test_zero_vectors_score_zero(self) -> None:
        index, _, vectors = self.filled()
        index.add(np.array([2, 1]), np.zeros((2, DIMENSIONS), dtype=np.float32))
        found, scores = index.query(vectors[0], 5, allowed=np.array([1, 2]))
        assert (found.tolist(), scores.tolist()) == ([1, 2], [0, 0])
        found, scores = index.query(np.zeros(DIMENSIONS, dtype=np.float32), 5)
        assert (found[:2].tolist(), scores.tolist()) == ([1, 2], [0] * 5)

    @pytest.mark.parametrize("ids", [[1, 2, 1], [8, 9, 1_000]])
    def test_an_id_twice_is_refused(self, ids: list[int]) -> None:
        index, _, vectors = self.filled()
        with pytest.raises(UsageError, match="twice"):
            index.add(np.array(ids), vectors[:3])
        assert len(index) == 300
        index.add(np.array([8, 9]), vectors[:2])  # of what was refused, nothing is left behind
        assert len(index) == 302

    @pytest.mark.parametrize(
        ("ids", "shape"),
        [
            ([1, 2], (2, DIMENSIONS + 1)),
            ([1, 2], (3, DIMENSIONS)),
            ([1], (DIMENSIONS,)),
            ([[1], [2]], (2, DIMENSIONS)),
            ([1.5, 2.5], (2, DIMENSIONS)),
        ],
    )
    def test_wrong_shapes_and_types_are_refused(
        self, ids: list[Any], shape: tuple[int, ...]
    ) -> None:
        index = self.make()
        with pytest.raises(UsageError, match="expected"):
            index.add(np.array(ids), np.ones(shape, dtype=np.float32))
        assert len(index) == 0

    @pytest.mark.parametrize("shape", [(), (DIMENSIONS - 1,), (2, 2, DIMENSIONS)])
    def test_queries_of_a_wrong_shape_are_refused(self, shape: tuple[int, ...]) -> None:
        index, _, _ = self.filled()
        with pytest.raises(UsageError, match="found vectors of shape"):
            index.query(np.ones(shape, dtype=np.float32), 3)

    def test_text_is_refused(self) -> None:
        index, _, _ = self.filled()
        with pytest.raises(UsageError, match="expected real numbers"):
            index.query(np.array(["1"] * DIMENSIONS), 3)

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_numbers_that_are_not_finite_are_refused(self, value: float) -> None:
        index, _, vectors = self.filled()
        broken = vectors[:3].copy()
        broken[1, 4] = value
        with pytest.raises(UsageError, match="vector 1 holds a number that is not finite"):
            index.add(np.array([1, 2, 3]), broken)
        with pytest.raises(UsageError, match="not finite"):
            index.query(broken[1], 3)
        assert len(index) == 300

    @pytest.mark.parametrize("dimensions", [0, -4])
    def test_dimensions_below_one(self, dimensions: int) -> None:
        with pytest.raises(UsageError, match="dimensions"):
            self.make(dimensions)

    def test_what_is_given_may_change_afterwards(self) -> None:
        index = self.make()
        ids, vectors = np.arange(40), clustered(40, DIMENSIONS, seed=1)
        query = vectors[3].copy()
        index.add(ids, vectors)
        before = index.query(query, 5)
        ids += 1
        vectors[:] = 0
        after = index.query(query, 5)
        np.testing.assert_array_equal(before[0], after[0])
        np.testing.assert_array_equal(before[1], after[1])

    @pytest.mark.parametrize("count", [0, 1, 300])
    def test_saved_and_loaded(self, tmp_path: Path, count: int) -> None:
        index, _, _ = self.filled(count)
        folder = tmp_path / "deep" / "sound index"
        index.save(folder)
        loaded: VectorIndex = self.kind.load(folder)
        assert (len(loaded), loaded.dimensions) == (count, DIMENSIONS)
        queries = clustered(10, DIMENSIONS, seed=4)
        for before, after in zip(index.query(queries, 9), loaded.query(queries, 9), strict=True):
            np.testing.assert_array_equal(before, after)
        assert [path.name for path in folder.parent.iterdir()] == ["sound index"]

    def test_saving_twice_gives_the_same_bytes(self, tmp_path: Path) -> None:
        for name in "ab":
            self.filled()[0].save(tmp_path / name)
        for path in (tmp_path / "a").iterdir():
            assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()

    def test_a_loaded_index_grows_and_replaces_itself(self, tmp_path: Path) -> None:
        index, _, vectors = self.filled()
        index.save(tmp_path / "index")
        loaded = self.kind.load(tmp_path / "index")
        loaded.add(np.array([5]), vectors[8:9])
        loaded.save(tmp_path / "index")
        assert loaded.query(vectors[8], 1)[0].tolist() == [5]
        again = self.kind.load(tmp_path / "index")
        assert again.query(vectors[8], 1)[0].tolist() == [5]
        assert [path.name for path in tmp_path.iterdir()] == ["index"]

    def test_a_folder_of_something_else_is_not_replaced(self, tmp_path: Path) -> None:
        (tmp_path / "song.flac").write_bytes(b"music")
        with pytest.raises(UsageError, match="holds no saved index"):
            self.filled()[0].save(tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == ["song.flac"]

    def test_a_file_in_the_way(self, tmp_path: Path) -> None:
        (tmp_path / "index").write_bytes(b"")
        with pytest.raises(LibraryError, match="cannot be written"):
            self.filled()[0].save(tmp_path / "index")
        assert [path.name for path in tmp_path.iterdir()] == ["index"]

    def test_missing_folder(self, tmp_path: Path) -> None:
        with pytest.raises(LibraryError, match="cannot be read"):
            self.kind.load(tmp_path / "nothing")

    @pytest.mark.parametrize(
        ("key", "value", "message"),
        [
            ("format", 99, "saved in format 99, expected 1"),
            ("format", None, "saved in format None"),
            ("kind", "tree", "of kind tree"),
            ("count", 299, "damaged|cannot be read"),
            ("dimensions", DIMENSIONS + 1, "damaged|cannot be read"),
            ("dimensions", 0, "damaged"),
            ("options", 3, "damaged"),
            ("files", {}, "damaged"),
            ("files", {"ids.npy": 1}, "expected 1"),
        ],
    )
    def test_another_format_or_a_false_description(
        self, tmp_path: Path, key: str, value: object, message: str
    ) -> None:
        self.filled()[0].save(tmp_path / "index")
        described = tmp_path / "index" / "model.json"
        model = json.loads(described.read_bytes())
        described.write_text(json.dumps(model | {key: value}))
        with pytest.raises(LibraryError, match=message):
            self.kind.load(tmp_path / "index")

    @pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null", '"x"', "\udcff"])
    def test_malformed_description(self, tmp_path: Path, text: str) -> None:
        self.filled()[0].save(tmp_path / "index")
        raw = text.encode(errors="surrogateescape")
        (tmp_path / "index" / "model.json").write_bytes(raw)
        with pytest.raises(LibraryError, match="damaged"):
            self.kind.load(tmp_path / "index")

    def test_files_cut_short_or_missing(self, tmp_path: Path) -> None:
        self.filled()[0].save(tmp_path / "index")
        names = sorted(path.name for path in (tmp_path / "index").iterdir())
        assert len(names) >= 3
        for name in names:
            path = tmp_path / "index" / name
            whole = path.read_bytes()
            for size in (0, len(whole) // 2, len(whole) - 3):
                path.write_bytes(whole[:size])
                with pytest.raises(LibraryError, match=r"damaged|cannot be read"):
                    self.kind.load(tmp_path / "index")
            path.unlink()
            with pytest.raises(LibraryError, match="cannot be read"):
                self.kind.load(tmp_path / "index")
            path.write_bytes(whole)
        assert len(self.kind.load(tmp_path / "index")) == 300

    def test_files_of_the_right_size_and_wrong_content(self, tmp_path: Path) -> None:
        self.filled()[0].save(tmp_path / "index")
        for path in (tmp_path / "index").iterdir():
            whole = path.read_bytes()
            path.write_bytes(b"\x00" * len(whole))
            with pytest.raises(LibraryError):
                self.kind.load(tmp_path / "index")
            path.write_bytes(whole)
