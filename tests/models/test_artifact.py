from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segue.errors import LibraryError, NotFoundError
from segue.models.artifact import (
    FORMAT,
    Artifact,
    delete_artifact,
    list_artifacts,
    load_artifact,
    save_artifact,
)

ARRAYS = {"counts": np.arange(5, dtype=np.int32), "names": np.array([[1.5, 2.5]], np.float32)}


def stored(models: Path, number: int = 1) -> Artifact:
    return save_artifact(models, "als", {"counts": np.full(3, number)}, {"options": {"n": number}})


def test_written_and_read(tmp_path: Path) -> None:
    saved = save_artifact(tmp_path / "models", "als", ARRAYS, {"options": {"n": 3}, "é": "夏"})
    found = load_artifact(tmp_path / "models", "als")
    assert found == saved
    assert found.meta == {
        "format": FORMAT,
        "name": "als",
        "options": {"n": 3},
        "é": "夏",
        "arrays": ["counts", "names"],
    }
    for name, array in found.arrays().items():
        assert array.dtype == ARRAYS[name].dtype
        np.testing.assert_array_equal(array, ARRAYS[name])
        assert not array.flags.writeable
    assert found.size == sum(file.stat().st_size for file in found.folder.iterdir())


def test_large_lists_are_read_in_places_and_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segue.models.artifact._FAR_APART", 0)
    found = save_artifact(tmp_path, "als", ARRAYS, {}).arrays()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)


def test_a_new_one_takes_the_place_and_nothing_else_stays(tmp_path: Path) -> None:
    first = stored(tmp_path, 1)
    (tmp_path / "als" / ".current-torn").write_text("x")
    second = stored(tmp_path, 2)
    assert load_artifact(tmp_path, "als").arrays()["counts"].tolist() == [2] * 3
    assert not first.folder.exists()
    assert sorted(p.name for p in (tmp_path / "als").iterdir()) == ["current", second.folder.name]


@pytest.mark.parametrize("call", ["replace", "fsync"])
def test_what_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    old = stored(tmp_path, 1)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(LibraryError, match="No space left on device; the one before it is still"):
        stored(tmp_path, 2)
    monkeypatch.undo()
    assert load_artifact(tmp_path, "als") == old
    assert old.arrays()["counts"].tolist() == [1] * 3
    assert [p.name for p in (tmp_path / "als").iterdir() if p.is_dir()] == [old.folder.name]


def test_an_interrupted_save_leaves_the_old_one_and_the_next_clears_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = stored(tmp_path, 1)

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        stored(tmp_path, 2)
    monkeypatch.undo()
    assert load_artifact(tmp_path, "als") == old
    stored(tmp_path, 3)
    assert load_artifact(tmp_path, "als").arrays()["counts"].tolist() == [3] * 3
    assert len(list((tmp_path / "als").iterdir())) == 2


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="not fitted yet; fit it with `segue fit als`"):
        load_artifact(tmp_path / "none", "als")
    assert list_artifacts(tmp_path / "none") == []
    delete_artifact(tmp_path, "als")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"format": 1'])
def test_a_damaged_description(tmp_path: Path, content: bytes) -> None:
    (stored(tmp_path).folder / "model.json").write_bytes(content)
    with pytest.raises(LibraryError, match=r"cannot be read .* fit it again with `segue fit als`"):
        load_artifact(tmp_path, "als")


@pytest.mark.parametrize("content", ["[]", '{"format": 99}', "{}", "7"])
def test_another_format(tmp_path: Path, content: str) -> None:
    (stored(tmp_path).folder / "model.json").write_text(content)
    with pytest.raises(LibraryError, match=f"this version reads {FORMAT}; fit it again"):
        load_artifact(tmp_path, "als")


@pytest.mark.parametrize(
    ("key", "value"),
    [("arrays", 3), ("options", "x"), ("rows", "many"), ("fitted_at", []), ("state", [1])],
)
def test_a_description_of_wrong_types(tmp_path: Path, key: str, value: Any) -> None:
    found = stored(tmp_path)
    (found.folder / "model.json").write_text(json.dumps({**found.meta, key: value}))
    with pytest.raises(LibraryError, match=f"no sense in '{key}'; fit it again with `segue fit"):
        load_artifact(tmp_path, "als")


def test_a_description_without_arrays(tmp_path: Path) -> None:
    (stored(tmp_path).folder / "model.json").write_text(json.dumps({"format": FORMAT}))
    with pytest.raises(LibraryError, match="names no arrays; fit it again with `segue fit als`"):
        load_artifact(tmp_path, "als")


def test_damaged_arrays(tmp_path: Path) -> None:
    found = stored(tmp_path)
    file = found.folder / "counts.npy"
    whole = file.read_bytes()
    for content in (b"", whole[:20], whole[:-4], b"x" * 200):
        file.write_bytes(content)
        with pytest.raises(LibraryError, match="fit it again with `segue fit als`"):
            found.arrays()
    file.unlink()
    with pytest.raises(LibraryError, match="fit it again with `segue fit als`"):
        found.arrays()


def test_no_pickles(tmp_path: Path) -> None:
    found = stored(tmp_path)
    np.save(found.folder / "counts.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(LibraryError, match="cannot be read"):
        found.arrays()


def test_listed_and_deleted(tmp_path: Path) -> None:
    for name in ("titles", "als"):
        save_artifact(tmp_path, name, ARRAYS, {})
    (tmp_path / "write.lock").touch()
    (tmp_path / "torn").mkdir()
    assert list_artifacts(tmp_path) == ["als", "titles"]
    delete_artifact(tmp_path, "als")
    assert list_artifacts(tmp_path) == ["titles"]
    assert not (tmp_path / "als").exists()
    assert json.loads((load_artifact(tmp_path, "titles").folder / "model.json").read_bytes())


def test_a_fit_that_went_while_it_was_read_is_no_model_that_was_never_fitted(
    tmp_path: Path,
) -> None:
    (stored(tmp_path).folder / "model.json").unlink()
    with pytest.raises(LibraryError, match="cannot be read"):
        load_artifact(tmp_path, "als")
