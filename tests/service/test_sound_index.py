from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from records import analysis, vector
from segue.catalog.catalog import Catalog
from segue.service import sound_index
from segue.service.sound_index import SoundIndex
from segue.types import Ranking, Seed


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Catalog]:
    monkeypatch.setattr(sound_index, "_CACHED_FROM", 5)
    catalog = Catalog(tmp_path)
    catalog.write([analysis(f"/{i}".encode(), seed=100 * i) for i in range(8)])
    yield catalog
    catalog.close()


def ask(catalog: Catalog, cache: Path | None, seed: int = 300) -> Ranking:
    (embedder,) = catalog.vectors.embedders()
    model = SoundIndex(catalog, cache).model(embedder)
    return model.recommend(Seed(vectors=vector(seed)[np.newaxis]), 3)


def test_a_kept_index_answers_as_a_fresh_one(catalog: Catalog, tmp_path: Path) -> None:
    fresh = ask(catalog, None)
    made = ask(catalog, tmp_path / "cache")
    assert len(list((tmp_path / "cache" / "sound").iterdir())) == 1
    kept = ask(catalog, tmp_path / "cache")
    assert fresh.ids[0] == 4
    for other in (made, kept):
        np.testing.assert_array_equal(other.ids, fresh.ids)
        np.testing.assert_allclose(other.scores, fresh.scores, atol=1e-6)


def test_a_kept_index_is_used_while_nothing_changed(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(catalog, tmp_path / "cache")
    monkeypatch.setattr(catalog.vectors, "matrix", lambda _: pytest.fail("it was built again"))
    assert ask(catalog, tmp_path / "cache").ids[0] == 4


def test_a_change_is_seen_by_both(catalog: Catalog, tmp_path: Path) -> None:
    index = SoundIndex(catalog, tmp_path / "cache")
    (embedder,) = catalog.vectors.embedders()
    model = index.model(embedder)
    assert index.model(embedder) is model
    catalog.write([analysis(b"/new", seed=9_999)])
    (embedder,) = catalog.vectors.embedders()
    seed = Seed(vectors=vector(9_999)[np.newaxis])
    assert index.model(embedder).recommend(seed, 1).ids.tolist() == [9]
    assert ask(catalog, tmp_path / "cache", 9_999).ids[0] == 9


@pytest.mark.parametrize("damage", ["about", "array", "folder"])
def test_a_damaged_cache_is_made_again(catalog: Catalog, tmp_path: Path, damage: str) -> None:
    cache = tmp_path / "cache"
    expected = ask(catalog, cache)
    (folder,) = (cache / "sound").iterdir()
    if damage == "about":
        (folder / "model.json").write_bytes(b"\xff{")
    elif damage == "array":
        for path in folder.rglob("*.npy"):
            path.write_bytes(path.read_bytes()[:40])
    else:
        for path in sorted(folder.rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
    np.testing.assert_array_equal(ask(catalog, cache).ids, expected.ids)
    assert list((cache / "sound").iterdir()) == [folder]


def test_an_index_of_another_state_is_replaced(catalog: Catalog, tmp_path: Path) -> None:
    ask(catalog, tmp_path / "cache")
    (before,) = (tmp_path / "cache" / "sound").iterdir()
    catalog.write([analysis(b"/new", seed=9_999)])
    assert ask(catalog, tmp_path / "cache", 9_999).ids[0] == 9
    (after,) = (tmp_path / "cache" / "sound").iterdir()
    assert after != before


def test_a_cache_that_cannot_be_written_costs_no_answer(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    assert ask(catalog, tmp_path / "cache").ids[0] == 4


def test_a_small_library_keeps_no_index(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    catalog.write([analysis(b"/a", seed=1)])
    assert ask(catalog, tmp_path / "cache", 1).ids.tolist() == [1]
    assert not (tmp_path / "cache").exists()
    catalog.close()
