"""Boosted trees: grown by LightGBM, kept as an ONNX graph, run by ONNX Runtime.

Serving needs no LightGBM: its import costs more than an answer.
"""

from __future__ import annotations

from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from segue.config import no_telemetry
from segue.errors import LibraryError

_OPSET: Final = (("", 17), ("ai.onnx.ml", 3))
_IR_VERSION: Final = 8  # which every ONNX Runtime that Segue takes can read


class Trees:
    """An ensemble of regression trees.

    Parameters
    ----------
    graph
        The ONNX model, as bytes in an array [uint8]: features float32 [shape=(n, f)] to scores
        float32 [shape=(n, 1)].
    """

    def __init__(self, graph: NDArray[np.uint8]) -> None:
        self.graph = graph
        self._session: Any = None

    @classmethod
    def of(cls, booster: Any) -> Self:
        """Return the trees of a LightGBM booster that was trained with ``use_missing=False``."""
        return cls(np.frombuffer(_graph(booster.dump_model()), dtype=np.uint8).copy())

    def __call__(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the score of each row; no row's depends on the others [shape=(n,)].

        Raises LibraryError if the graph is damaged, or for other features than these.
        """
        if len(features) == 0:
            return np.zeros(0, dtype=np.float32)
        if self._session is None:
            self._session = _session(self.graph)
        try:
            scores: NDArray[np.float32] = self._session.run(None, {"features": features})[0]
        except Exception as error:  # of many kinds; a version with other evidence grew them
            raise LibraryError(
                f"the trees of the blend were not grown on the {features.shape[1]} kinds of "
                "evidence there are; fit it again with `segue fit blend`"
            ) from error
        return scores.reshape(-1)


def _session(graph: NDArray[np.uint8]) -> Any:
    no_telemetry()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(
            graph.tobytes(), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # of many kinds, which have no other parent
        raise LibraryError(
            f"the trees of the blend cannot be read ({error}); fit it again with `segue fit blend`"
        ) from error


def _graph(dump: dict[str, Any]) -> bytes:
    """Return a booster's dump as the bytes of an ONNX model.

    LightGBM goes left where a feature is at most a threshold of double precision; ONNX has single
    precision. Features are of single precision, so a threshold rounded down decides the same.
    """
    from onnx import TensorProto, helper

    nodes: dict[str, list[Any]] = {
        name: []
        for name in (
            "treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids"
        )
    }  # fmt: skip
    leaves: dict[str, list[Any]] = {name: [] for name in ("treeids", "nodeids", "ids", "weights")}
    for tree, info in enumerate(dump["tree_info"]):
        _add_tree(tree, info["tree_structure"], nodes, leaves)
    attributes: dict[str, Any] = {
        "n_targets": 1,
        **{f"nodes_{name}": values for name, values in nodes.items()},
        **{f"target_{name}": values for name, values in leaves.items()},
    }
    node = helper.make_node(
        "TreeEnsembleRegressor", ["features"], ["scores"], domain="ai.onnx.ml", **attributes
    )
    count = dump["max_feature_idx"] + 1
    graph = helper.make_graph(
        [node],
        "ranker",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, count])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, 1])],
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid(domain, version) for domain, version in _OPSET],
        ir_version=_IR_VERSION,
        producer_name="segue",
    )
    packed: bytes = model.SerializeToString()
    return packed


def _add_tree(
    tree: int, root: dict[str, Any], nodes: dict[str, list[Any]], leaves: dict[str, list[Any]]
) -> None:
    waiting = [(root, 0)]
    taken = 1
    while waiting:
        found, number = waiting.pop()
        nodes["treeids"].append(tree)
        nodes["nodeids"].append(number)
        if "leaf_value" in found:
            for name, value in (
                ("featureids", 0), ("values", 0.0), ("modes", "LEAF"),
                ("truenodeids", 0), ("falsenodeids", 0),
            ):  # fmt: skip
                nodes[name].append(value)
            leaves["treeids"].append(tree)
            leaves["nodeids"].append(number)
            leaves["ids"].append(0)
            leaves["weights"].append(float(found["leaf_value"]))
            continue
        left, right = taken, taken + 1
        taken += 2
        nodes["featureids"].append(int(found["split_feature"]))
        nodes["values"].append(_rounded_down(float(found["threshold"])))
        nodes["modes"].append("BRANCH_LEQ")
        nodes["truenodeids"].append(left)
        nodes["falsenodeids"].append(right)
        waiting += [(found["left_child"], left), (found["right_child"], right)]


def _rounded_down(threshold: float) -> float:
    single = np.float32(threshold)
    if float(single) > threshold:
        single = np.nextafter(single, np.float32(-np.inf))
    return float(single)
