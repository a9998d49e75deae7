from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from segue.errors import LibraryError, UsageError
from segue.models.genre_network import FORMAT, MEL, METADATA, GenreNetwork

LABELS = ["blues", "jazz", "metal"]
ABOUT = {"format": FORMAT, "labels": LABELS, "mel": MEL}


def network(about: Any = ABOUT, *, key: str = METADATA) -> bytes:
    """Return a small network: the mean of the frames, a dense layer of 256, one of 3, softmax."""
    rng = np.random.default_rng(0)
    weights: dict[str, NDArray[np.float32]] = {
        "dense": rng.standard_normal((128, 256), dtype=np.float32),
        "output": rng.standard_normal((256, 3), dtype=np.float32) / np.float32(50),
    }
    nodes = [
        helper.make_node("ReduceMean", ["power_mel"], ["mean"], axes=[1], keepdims=0),
        helper.make_node("MatMul", ["mean", "dense"], ["sum"]),
        helper.make_node("Relu", ["sum"], ["embedding"]),
        helper.make_node("MatMul", ["embedding", "output"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"]),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("power_mel", TensorProto.FLOAT, ["c", 128, 128])],
        [
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["c", 3]),
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["c", 256]),
        ],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {key: about if isinstance(about, str) else json.dumps(about)})
    return bytes(model.SerializeToString())


@pytest.fixture
def chunks() -> NDArray[np.float32]:
    return np.random.default_rng(1).random((10, 128, 128), dtype=np.float32)


def test_probabilities_and_embeddings(chunks: NDArray[np.float32]) -> None:
    model = GenreNetwork(network())
    found = model.probabilities(chunks)
    assert found.shape == (10, 3)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-6)
    embeddings = model.embeddings(chunks)
    assert embeddings.shape == (10, 256)
    assert embeddings.dtype == np.float32
    assert (embeddings >= 0).all()
    assert embeddings.any()
    assert model.labels == ("blues", "jazz", "metal")


def test_a_chunk_is_found_the_same_in_any_company(chunks: NDArray[np.float32]) -> None:
    model = GenreNetwork(network())
    for ask in (model.probabilities, model.embeddings):
        together = ask(chunks)
        for place in (0, 7):
            np.testing.assert_array_equal(ask(chunks[place : place + 1])[0], together[place])
        np.testing.assert_array_equal(ask(chunks[::-1]), together[::-1])


def test_no_chunks_nothing_found() -> None:
    model = GenreNetwork(network())
    none = np.empty((0, 128, 128), dtype=np.float32)
    assert model.probabilities(none).shape == (0, 3)
    assert model.embeddings(none).shape == (0, 256)


@pytest.mark.parametrize("shape", [(128, 128), (2, 128, 96), (2, 64, 128)])
def test_chunks_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="expected"):
        GenreNetwork(network()).probabilities(np.zeros(shape, dtype=np.float32))


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (b"", "cannot be loaded"),
        (b"no network", "cannot be loaded"),
        (network(key="other"), "cannot be loaded"),
        (network("{"), "cannot be loaded"),
        (network([]), "format None"),
        (network({**ABOUT, "format": 99}), "format 99"),
        (network({**ABOUT, "labels": None}), "name its genres"),
        (network({**ABOUT, "labels": ["a", 3, "b"]}), "name its genres"),
        (network({**ABOUT, "mel": None}), "other spectrograms"),
        (network({**ABOUT, "mel": {**MEL, "sample_rate": 16_000}}), "other spectrograms"),
    ],
)
def test_what_is_no_genre_network_is_told(model: bytes, told: str) -> None:
    with pytest.raises(LibraryError, match=told) as caught:
        GenreNetwork(model)
    assert "segue genre train" in str(caught.value)
