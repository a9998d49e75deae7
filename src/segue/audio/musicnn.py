"""The two musicnn networks as one ONNX graph, built from the published weights.

Pons and Serra, "musicnn: pre-trained convolutional neural networks for music audio tagging"
(ISMIR late-breaking, 2019). A front end of tall filters (timbre) and long ones (tempo) reads a
log-mel patch; three residual convolutions, mean and max pooling over time, and two dense layers
follow. `MTT` was trained on MagnaTagATune, `MSD` on the Million Song Dataset.

Most filters of both front ends died in training: their kernels are zero to float precision, and
whatever the audio, they answer one constant. `_Branch` folds those constants into what follows
and leaves the filters out. That is exact, and takes two thirds of the arithmetic away.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from segue.audio.checkpoint import read_checkpoint
from segue.errors import EarError

N_MELS: Final = 96
PATCH_FRAMES: Final = 187
PENULTIMATE: Final = 200
NETWORKS: Final = ("MTT", "MSD")

TAGS: Final[dict[str, tuple[str, ...]]] = {
    "MTT": tuple(
        "guitar,classical,slow,techno,strings,drums,electronic,rock,fast,piano,ambient,beat,"
        "violin,vocal,synth,female,indian,opera,male,singing,vocals,no vocals,harpsichord,loud,"
        "quiet,flute,woman,male vocal,no vocal,pop,soft,sitar,solo,man,classic,choir,voice,"
        "new age,dance,male voice,female vocal,beats,harp,cello,no voice,weird,country,metal,"
        "female voice,choral".split(",")
    ),
    "MSD": tuple(
        "rock,pop,alternative,indie,electronic,female vocalists,dance,00s,alternative rock,jazz,"
        "beautiful,metal,chillout,male vocalists,classic rock,soul,indie rock,mellow,electronica,"
        "80s,folk,90s,chill,instrumental,punk,oldies,blues,hard rock,ambient,acoustic,experimental,"
        "female vocalist,guitar,hip-hop,70s,party,country,easy listening,sexy,catchy,funk,electro,"
        "heavy metal,progressive rock,60s,rnb,indie pop,sad,house,happy".split(",")
    ),
}

_Weights = dict[str, NDArray[np.float32]]
_EPSILON: Final = 1e-3  # of every batch normalisation
_FRONT: Final = range(5)  # convolutions 0-1 are tall (timbre), 2-4 long (tempo)
_MIDDLE: Final = range(5, 8)
_DEAD: Final = 1e-3  # a filter whose kernel has a smaller norm answers a constant to 1e-5


def _suffix(number: int) -> str:
    return f"_{number}" if number else ""


def _tensor_names() -> set[str]:
    names = set()
    for layer, count, parts in (
        ("conv2d", 8, ("kernel", "bias")),
        ("dense", 2, ("kernel", "bias")),
        ("batch_normalization", 11, ("gamma", "beta", "moving_mean", "moving_variance")),
    ):
        names |= {f"{layer}{_suffix(i)}/{part}" for i in range(count) for part in parts}
    return names


def read_weights(wheel: Path) -> dict[str, _Weights]:
    """Return the weights of both networks from the ``musicnn`` 0.1.0 wheel, by network name."""
    weights = {}
    try:
        with zipfile.ZipFile(wheel) as archive:
            for network in NETWORKS:
                folder = f"musicnn/{network}_musicnn"
                index = archive.read(f"{folder}/.index")
                shard = archive.read(f"{folder}/.data-00000-of-00001")
                weights[network] = read_checkpoint(index, {0: shard}, _tensor_names())
    except (OSError, zipfile.BadZipFile, KeyError) as error:
        raise EarError(f"{wheel} is not the musicnn 0.1.0 wheel: {error}") from error
    return weights


def build_model(weights: dict[str, _Weights], *, prune: bool = True) -> bytes:
    """Return the serialised ONNX model.

    Input ``log_mel`` is float32 (n, frames, 96), 187 frames in training. Outputs, for each network:
    ``{network}_tags`` (n, 50), probabilities in the order of `TAGS`, and ``{network}_penultimate``
    (n, 200). ``prune=False`` keeps the dead filters: slower, and the same numbers.
    """
    from onnx import TensorProto, checker, helper

    graph = _Graph()
    outputs = []
    for network in NETWORKS:
        branch = _Branch(graph, network, weights[network], prune=prune)
        for name, size in branch.build("log_mel"):
            outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size]))
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "musicnn",
            [helper.make_tensor_value_info("log_mel", TensorProto.FLOAT, ["n", "frames", N_MELS])],
            outputs,
            graph.initializers,
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
        producer_name="segue",
    )
    checker.check_model(model)
    return bytes(model.SerializeToString())


class _Graph:
    """Nodes and constants of a graph under construction; each method returns its output's name."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []

    def constant(self, array: NDArray[Any]) -> str:
        from onnx import numpy_helper

        name = f"c{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(self, op: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        from onnx import helper

        output = output or f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [output], **attributes))
        return output

    def affine(self, x: str, scale: NDArray[np.float32], shift: NDArray[np.float32]) -> str:
        return self.node("Add", self.node("Mul", x, self.constant(scale)), self.constant(shift))


class _Branch:
    """One network. Activations are (n, channels, time) after the front end."""

    def __init__(self, graph: _Graph, name: str, weights: _Weights, *, prune: bool) -> None:
        self.graph = graph
        self.name = name
        self.weights = weights
        self.threshold = _DEAD if prune else -1.0

    def build(self, x: str) -> list[tuple[str, int]]:
        """Add the network over input `x`; return its outputs' names and widths."""
        g = self.graph
        scale, shift = self._normalisation(0)
        x = g.node("Unsqueeze", x, g.constant(np.array([1])))  # (n, 1, time, mel)
        x = g.affine(x, scale, shift)
        front, alive, constants = self._front(x)
        middle = self._middle(front, alive, constants)
        features = g.node("Concat", front, *middle, axis=1)  # (n, alive + 192, time)
        return self._back(features, alive, constants)

    def _front(self, x: str) -> tuple[str, NDArray[np.intp], NDArray[np.float32]]:
        """Return (n, alive, time), the channels kept of all 561, and the value of the others."""
        g = self.graph
        outputs, alive, constants, first = [], [], [], 0
        for i in _FRONT:
            kernel, bias = self._convolution(i)  # (time, mel, 1, filters)
            scale, shift = self._normalisation(i + 1)
            keep = np.flatnonzero(np.sqrt((kernel**2).sum(axis=(0, 1, 2))) > self.threshold)
            before = (kernel.shape[0] - 1) // 2
            # The maximum over mel of scale * relu(z) + shift is taken of z itself, since the rest
            # is monotone; where scale < 0 it falls, and z enters with its sign turned.
            sign = np.where(scale[keep] < 0, -1, 1).astype(np.float32)
            y = g.node(
                "Conv",
                x,
                g.constant((kernel[..., keep] * sign).transpose(3, 2, 0, 1)),
                g.constant(bias[keep] * sign),
                pads=[before, 0, kernel.shape[0] - 1 - before, 0],
            )
            y = g.node("ReduceMax", y, axes=[3], keepdims=0)
            y = g.node("Relu", g.node("Mul", y, g.constant(sign[:, None])))
            outputs.append(g.affine(y, scale[keep, None], shift[keep, None]))
            alive.append(first + keep)
            constants.append(np.maximum(bias, 0) * scale + shift)
            first += len(bias)
        front = g.node("Concat", *outputs, axis=1)
        return front, np.concatenate(alive), np.concatenate(constants)

    def _middle(self, x: str, alive: NDArray[np.intp], constants: NDArray[np.float32]) -> list[str]:
        """Three convolutions over time, the second and third residual: 3 x (n, 64, time)."""
        g = self.graph
        dead = np.setdiff1d(np.arange(len(constants)), alive)
        outputs: list[str] = []
        for i in _MIDDLE:
            kernel, bias = self._convolution(i)
            kernel = kernel[:, :, 0].transpose(2, 1, 0)  # (filters, channels, time)
            scale, shift = self._normalisation(i + 1)
            if not outputs:
                # One channel of ones stands for all the constant channels: padded with zeros at
                # both ends as they are, which a bias would not be.
                ones = np.tensordot(constants[dead], kernel[:, dead], axes=(0, 1))[:, None]
                kernel = np.concatenate([kernel[:, alive], ones], axis=1).astype(np.float32)
                row = g.node("ReduceMax", x, axes=[1], keepdims=1)
                zero = g.node("Sub", row, row)
                x = g.node(
                    "Concat",
                    x,
                    g.node("Add", zero, g.constant(np.ones(1, dtype=np.float32))),
                    axis=1,
                )
            y = g.node("Conv", x, g.constant(kernel), g.constant(bias), pads=[3, 3])
            y = g.affine(g.node("Relu", y), scale[:, None], shift[:, None])
            x = g.node("Add", y, outputs[-1]) if outputs else y
            outputs.append(x)
        return outputs

    def _back(
        self, features: str, alive: NDArray[np.intp], constants: NDArray[np.float32]
    ) -> list[tuple[str, int]]:
        """Pool over time, then two dense layers. Pooled inputs are (max, mean) pairs by channel."""
        g = self.graph
        scale, shift = self._normalisation(9)
        kernel, bias = self.weights["dense/kernel"], self.weights["dense/bias"]
        bias = bias + shift @ kernel
        kernel = (scale[:, None] * kernel).reshape(-1, 2, kernel.shape[1])  # (channel, pool, out)
        dead = np.setdiff1d(np.arange(len(constants)), alive)
        bias = bias + constants[dead] @ kernel[dead].sum(axis=1)
        rest = np.arange(len(constants), len(kernel))
        kernel = kernel[np.concatenate([alive, rest])]
        pooled = [
            g.node("ReduceMax", features, axes=[2], keepdims=0),
            g.node("ReduceMean", features, axes=[2], keepdims=0),
        ]
        kernel = kernel.transpose(1, 0, 2).reshape(-1, kernel.shape[2])  # all max, then all mean
        x = g.node("Concat", *pooled, axis=1)
        x = g.node("Gemm", x, g.constant(kernel), g.constant(bias.astype(np.float32)))
        scale, shift = self._normalisation(10)
        penultimate = g.node(
            "Add",
            g.node("Mul", g.node("Relu", x), g.constant(scale)),
            g.constant(shift),
            output=f"{self.name}_penultimate",
        )
        x = g.node(
            "Gemm",
            penultimate,
            g.constant(self.weights["dense_1/kernel"]),
            g.constant(self.weights["dense_1/bias"]),
        )
        tags = g.node("Sigmoid", x, output=f"{self.name}_tags")
        return [(tags, len(TAGS[self.name])), (penultimate, PENULTIMATE)]

    def _convolution(self, i: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        layer = f"conv2d{_suffix(i)}"
        return self.weights[f"{layer}/kernel"], self.weights[f"{layer}/bias"]

    def _normalisation(self, i: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Batch normalisation i as (scale, shift)."""
        gamma, beta, mean, variance = (
            self.weights[f"batch_normalization{_suffix(i)}/{part}"]
            for part in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        scale = gamma / np.sqrt(variance + np.float32(_EPSILON))
        return scale, beta - mean * scale
