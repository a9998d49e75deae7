"""A trained network as ONNX: what it is used as, without PyTorch.

The graph is written layer by layer from the few kinds that the networks are made of; a network with
another kind of layer is refused rather than approximated.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from segue.audio.power_mel import CHUNK_FRAMES, N_MELS
from segue.models.genre_network import FORMAT, MEL, METADATA

if TYPE_CHECKING:
    from torch import nn


def export_network(
    network: nn.Sequential, genres: Sequence[str], about: Mapping[str, Any]
) -> bytes:
    """Return a network as a serialised ONNX model.

    Input ``power_mel`` is float32 (c, 128 frames, 128 bands), chunks as `segue.audio.power_mel`
    cuts them: power as it is, all scaling is in the graph. Outputs are ``probabilities`` (c,
    genres), after the softmax, and ``embedding`` (c, 256), what the trunk ends in. The model's
    metadata holds, under ``segue.genre``, a JSON object of ``format``, ``labels``, ``mel`` and what
    `about` adds.

    Parameters
    ----------
    network
        Trunk and head, as `segue.train.networks` builds them.
    about
        JSON values.
    """
    from onnx import TensorProto, checker, helper

    trunk, head = network
    graph = _Graph()
    x = graph.node("Transpose", "power_mel", perm=[0, 2, 1])
    embedding = graph.node("Identity", graph.layers(trunk, x), output="embedding")
    graph.node("Softmax", graph.layers(head, embedding), output="probabilities", axis=1)
    shapes = {"probabilities": len(genres), "embedding": graph.width(trunk)}
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "genre",
            [
                helper.make_tensor_value_info(
                    "power_mel", TensorProto.FLOAT, ["c", CHUNK_FRAMES, N_MELS]
                )
            ],
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, ["c", width])
                for name, width in shapes.items()
            ],
            graph.initializers,
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
        producer_name="segue",
    )
    meta = {"format": FORMAT, "labels": list(genres), "mel": MEL, **about}
    helper.set_model_props(model, {METADATA: json.dumps(meta, ensure_ascii=False, sort_keys=True)})
    checker.check_model(model)
    return bytes(model.SerializeToString())


class _Graph:
    """Nodes and constants of a graph under construction; each method returns its output's name."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []

    def constant(self, values: Any) -> str:
        from onnx import numpy_helper

        name = f"c{len(self.initializers)}"
        array = np.ascontiguousarray(values.detach() if hasattr(values, "detach") else values)
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def node(self, op: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        from onnx import helper

        output = output or f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [output], **attributes))
        return output

    def layers(self, part: Any, x: str) -> str:
        """Add the layers of a part over `x`."""
        for layer in part:
            x = self.layer(layer, x)
        return x

    def layer(self, layer: Any, x: str) -> str:
        """Add one layer. By the name of its kind: some are made where they are used."""
        kind = type(layer).__name__
        match kind:
            case "Conv1d" | "Conv2d":
                x = self.convolution(layer, x)
            case "BatchNorm1d" | "BatchNorm2d":
                parts = (layer.weight, layer.bias, layer.running_mean, layer.running_var)
                constants = [self.constant(part) for part in parts]
                x = self.node("BatchNormalization", x, *constants, epsilon=layer.eps)
            case "ReLU":
                x = self.node("Relu", x)
            case "MaxPool1d" | "MaxPool2d":
                axes = 1 if kind == "MaxPool1d" else 2
                kernel, stride = _each(layer.kernel_size, axes), _each(layer.stride, axes)
                x = self.node("MaxPool", x, kernel_shape=kernel, strides=stride)
            case "AdaptiveMaxPool1d" if layer.output_size == 1:
                x = self.node("GlobalMaxPool", x)
            case "Flatten":
                shape = np.array([0] * layer.start_dim + [-1])
                x = self.node("Reshape", x, self.constant(shape))
            case "Unflatten":
                x = self.node("Unsqueeze", x, self.constant(np.array([layer.dim])))
            case "Linear":
                weight, bias = self.constant(layer.weight), self.constant(layer.bias)
                x = self.node("Gemm", x, weight, bias, transB=1)
            case "Dropout":
                pass  # it is there for learning only
            case "Log":
                floor = self.constant(np.float32(layer.floor))
                x = self.node("Log", self.node("Add", x, floor))
            case "AttentionPooling":
                weight = self.node("Softmax", self.convolution(layer.weigh, x), axis=2)
                time = self.constant(np.array([2]))
                x = self.node("ReduceSum", self.node("Mul", x, weight), time, keepdims=0)
            case _:
                raise TypeError(f"no way is known to write a layer of kind {kind} as ONNX")
        return x

    def convolution(self, layer: Any, x: str) -> str:
        inputs = [self.constant(layer.weight)]
        if layer.bias is not None:
            inputs.append(self.constant(layer.bias))
        padding = list(layer.padding)
        return self.node("Conv", x, *inputs, strides=list(layer.stride), pads=padding * 2)

    def width(self, part: Any) -> int:
        """Return how many numbers a part ends in."""
        return int([layer for layer in part if hasattr(layer, "out_features")][-1].out_features)


def _each(size: int | tuple[int, ...], axes: int) -> list[int]:
    return list(size) if isinstance(size, tuple) else [size] * axes
