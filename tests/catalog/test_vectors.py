from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from records import analysis, vector
from segue.catalog.catalog import Catalog


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path)
    yield catalog
    catalog.close()


def test_vectors_come_back_to_half_precision_and_unit_length(catalog: Catalog) -> None:
    catalog.write([analysis(b"/a", seed=10), analysis(b"/b", seed=20)])
    (embedder,) = catalog.vectors.embedders()
    assert (embedder.name, embedder.version, embedder.dimensions, embedder.tracks) == (
        "test", "1", 8, 2,
    )  # fmt: skip
    ids, matrix = catalog.vectors.matrix(embedder)
    assert ids.tolist() == [1, 2]
    assert matrix.dtype == np.float32
    np.testing.assert_allclose(matrix, [vector(10), vector(20)], atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(matrix, axis=1), 1, atol=1e-6)
    found = catalog.vectors.get(embedder, [2, 1])
    np.testing.assert_array_equal(found[2], matrix[1])
    np.testing.assert_array_equal(found[1], matrix[0])
    windows = catalog.vectors.windows(embedder, 1)
    np.testing.assert_allclose(windows, [vector(11), vector(12)], atol=1e-3)


def test_what_is_not_there(catalog: Catalog) -> None:
    assert catalog.vectors.embedders() == []
    catalog.write([analysis(b"/a")])
    (embedder,) = catalog.vectors.embedders()
    assert catalog.vectors.get(embedder, [99]) == {}
    assert catalog.vectors.windows(embedder, 99).shape == (0, 8)
    with catalog.database.transaction() as connection:
        connection.execute("DELETE FROM vector")
    ids, matrix = catalog.vectors.matrix(embedder)
    assert (ids.shape, matrix.shape) == ((0,), (0, 8))


def test_embedders_are_kept_apart_until_one_is_retired(catalog: Catalog) -> None:
    catalog.write([analysis(b"/a", embedder=("old", "1")), analysis(b"/b", embedder=("old", "1"))])
    catalog.write([analysis(b"/a", embedder=("new", "1"), seed=9)])
    assert [(e.name, e.tracks) for e in catalog.vectors.embedders()] == [("old", 2), ("new", 1)]
    catalog.write([analysis(b"/b", embedder=("new", "1"))])
    old, new = catalog.vectors.embedders()
    assert (old.name, new.name) == ("old", "new")
    before = catalog.vectors.changes()
    catalog.retire(old)
    assert catalog.vectors.changes() > before
    assert [e.name for e in catalog.vectors.embedders()] == ["new"]
    assert len(catalog.vectors.windows(new, 1)) == 2


def test_a_new_version_is_another_embedder(catalog: Catalog) -> None:
    catalog.write([analysis(b"/a", embedder=("test", "1"))])
    catalog.write([analysis(b"/a", embedder=("test", "2"), seed=5)])
    assert {(e.name, e.version) for e in catalog.vectors.embedders()} == {
        ("test", "1"),
        ("test", "2"),
    }


def test_the_count_of_changes_grows_with_every_change(catalog: Catalog) -> None:
    counts = [catalog.vectors.changes()]
    catalog.write([analysis(b"/a")])
    counts.append(catalog.vectors.changes())
    known = catalog.files.get(b"/a")
    assert known is not None
    catalog.mark([known.id], "missing")  # its vector stays as it is
    assert catalog.vectors.changes() == counts[-1]
    for act in (
        lambda: catalog.write([analysis(b"/a", seed=4)]),
        lambda: catalog.forget([known.id]),
    ):
        act()
        counts.append(catalog.vectors.changes())
    assert counts == sorted(set(counts))
