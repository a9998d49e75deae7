from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest
from numpy.typing import NDArray

from segue.errors import LibraryError
from segue.models.artifact import load_artifact, save_artifact
from segue.recommend.blend import Ranker
from segue.recommend.trees import Trees

Floats = NDArray[np.float32]

OPTIONS: dict[str, Any] = {
    "objective": "regression",
    "num_leaves": 15,
    "min_data_in_leaf": 5,
    "use_missing": False,
    "deterministic": True,
    "num_threads": 1,
    "verbose": -1,
}


def grown(features: Floats, wanted: NDArray[Any], rounds: int = 30, **options: Any) -> Any:
    data = lightgbm.Dataset(features, wanted)
    return lightgbm.train({**OPTIONS, **options}, data, rounds)


def examples(count: int = 600, seed: int = 0) -> tuple[Floats, Floats]:
    """Return features of many kinds, and what is to be learned of them."""
    rng = np.random.default_rng(seed)
    features = np.stack(
        [
            rng.normal(size=count),
            rng.integers(0, 6, count),
            rng.random(count) * 1e-6,
            -rng.random(count) * 1e6,
            np.where(rng.random(count) < 0.7, 0, rng.random(count)),
        ],
        axis=1,
    ).astype(np.float32)
    wanted = features[:, 0] + (features[:, 1] > 2) + 3 * (features[:, 2] > 5e-7) * features[:, 4]
    return features, wanted.astype(np.float32)


def thresholds(node: dict[str, Any]) -> list[tuple[int, float]]:
    if "leaf_value" in node:
        return []
    here = [(int(node["split_feature"]), float(node["threshold"]))]
    return here + thresholds(node["left_child"]) + thresholds(node["right_child"])


def test_scores_are_those_of_lightgbm() -> None:
    features, wanted = examples()
    booster = grown(features, wanted)
    others, _ = examples(seed=1)
    scores = Trees.of(booster)(others)
    assert scores.dtype == np.float32
    assert scores.shape == (len(others),)
    np.testing.assert_allclose(scores, booster.predict(others), rtol=1e-4, atol=1e-5)
    assert len(np.unique(scores)) > 100


def test_a_threshold_that_is_hit_and_its_neighbours_go_the_same_way() -> None:
    features, wanted = examples()
    booster = grown(features, wanted)
    found = [
        each
        for tree in booster.dump_model()["tree_info"]
        for each in thresholds(tree["tree_structure"])
    ]
    rows: list[Floats] = []
    for feature, threshold in found:
        at = np.float32(threshold)
        for value in (at, np.nextafter(at, np.float32(-9e9)), np.nextafter(at, np.float32(9e9))):
            row = features[len(rows) % len(features)].copy()
            row[feature] = value
            rows.append(row)
    asked = np.array(rows, dtype=np.float32)
    assert len(asked) > 500
    np.testing.assert_allclose(
        Trees.of(booster)(asked), booster.predict(asked), rtol=1e-4, atol=1e-5
    )


def test_whole_numbers() -> None:
    features = np.arange(1000, dtype=np.float32).reshape(-1, 1) % 10
    wanted = np.array([5, 1, 8, 2, 9, 0, 3, 7, 4, 6], dtype=np.float32)[np.arange(1000) % 10]
    booster = grown(features, wanted, 60, learning_rate=0.3)
    np.testing.assert_allclose(Trees.of(booster)(features), booster.predict(features), atol=1e-4)
    np.testing.assert_allclose(Trees.of(booster)(features), wanted, atol=0.01)


def test_a_tree_that_is_a_leaf() -> None:
    features = np.zeros((50, 3), dtype=np.float32)
    booster = grown(features, np.full(50, 2.5, dtype=np.float32), 5)
    (tree,) = booster.dump_model()["tree_info"]
    assert "leaf_value" in tree["tree_structure"]
    trees = Trees.of(booster)
    np.testing.assert_allclose(trees(features[:4]), booster.predict(features[:4]), rtol=1e-6)
    assert trees(features[:4]).tolist() == [2.5] * 4


def test_no_rows() -> None:
    features, wanted = examples()
    scores = Trees.of(grown(features, wanted, 3))(features[:0])
    assert scores.shape == (0,)
    assert scores.dtype == np.float32


def test_a_rows_score_does_not_depend_on_the_others() -> None:
    features, wanted = examples()
    trees = Trees.of(grown(features, wanted, 100))
    together = trees(features)
    np.testing.assert_array_equal([trees(row[None])[0] for row in features[:50]], together[:50])
    np.testing.assert_array_equal(trees(features[::-1].copy()), together[::-1])
    np.testing.assert_array_equal(trees(features[:7]), together[:7])


def test_damaged_trees_are_told_of() -> None:
    features, wanted = examples()
    graph = Trees.of(grown(features, wanted, 3)).graph
    with pytest.raises(LibraryError, match="fit it again with `segue fit blend`"):
        Trees(graph[: len(graph) // 2])(features)


def test_serving_imports_no_lightgbm(tmp_path: Path) -> None:
    features, wanted = examples()
    ranker = Ranker().grown(Trees.of(grown(features, wanted, 3)))
    save_artifact(tmp_path, "blend", ranker.arrays(), {"options": ranker.options})
    code = """
import sys
from pathlib import Path
import numpy as np
from segue.models.artifact import load_artifact
from segue.recommend.blend import Blend, Ranker
stored = load_artifact(Path(sys.argv[1]), "blend")
ranker = Ranker.from_arrays(stored.meta["options"], stored.arrays())
print(ranker.trees_(np.zeros((2, 5), dtype=np.float32)).shape)
print([name for name in ("lightgbm", "onnx", "sklearn", "gensim") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["(2,)", "[]"]


def test_stored_and_read_again(tmp_path: Path) -> None:
    features, wanted = examples()
    ranker = Ranker(candidates=77).grown(Trees.of(grown(features, wanted, 3)))
    save_artifact(tmp_path, "blend", ranker.arrays(), {"options": ranker.options})
    stored = load_artifact(tmp_path, "blend")
    again = Ranker.from_arrays(stored.meta["options"], stored.arrays())
    assert again.candidates == 77
    np.testing.assert_array_equal(again.trees_(features), ranker.trees_(features))


def test_trees_of_other_evidence_are_told_of() -> None:
    features, wanted = examples()
    trees = Trees.of(grown(features, wanted, 3))
    with pytest.raises(LibraryError, match=r"4 kinds of evidence .*`segue fit blend`"):
        trees(features[:, :4].copy())
