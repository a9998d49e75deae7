"""What others do with the same files, on as many processes: run by add.py under their own Python.

python peers.py bliss|original|decode WORKERS < paths.txt > vectors.json
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from functools import cache
from multiprocessing import get_context
from typing import Any

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", NUMBA_NUM_THREADS="1")


def bliss(path: str) -> list[float]:
    """bliss-audio: 20 or 23 hand-made features of the whole song."""
    import bliss_audio

    features: list[float] = list(bliss_audio.Song(path).analysis)
    return features


@cache
def cookbook() -> Any:
    """The original's network with random weights: what it costs does not depend on them."""
    import numpy as np
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(0)
    nodes, weights, x, width = [], [], "x", 128
    for i in range(3):
        kernel = rng.standard_normal((128, width, 3)).astype(np.float32) / 20
        weights.append(numpy_helper.from_array(kernel, f"k{i}"))
        nodes.append(helper.make_node("Conv", [x, f"k{i}"], [f"a{i}"], pads=[1, 1]))
        nodes.append(helper.make_node("Relu", [f"a{i}"], [f"b{i}"]))
        nodes.append(
            helper.make_node("MaxPool", [f"b{i}"], [f"p{i}"], [], kernel_shape=[6], strides=[2])
        )
        x, width = f"p{i}", 128
    nodes.append(helper.make_node("ReduceMax", [x], ["g"], axes=[2], keepdims=0))
    x = "g"
    for i, (rows, columns) in enumerate(((128, 256), (256, 256), (256, 10))):
        weights.append(
            numpy_helper.from_array(
                rng.standard_normal((rows, columns)).astype(np.float32), f"d{i}"
            )
        )
        nodes.append(helper.make_node("MatMul", [x, f"d{i}"], [f"y{i}"]))
        x = f"y{i}"
    graph = helper.make_graph(
        nodes,
        "cookbook",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [10, 128, 128])],
        [helper.make_tensor_value_info(x, TensorProto.FLOAT, [10, 10])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def original(path: str) -> list[float]:
    """Deep Learning Cookbook, chapter 15: 30 s from 0:30, mel spectrogram, ten chunks, its CNN."""
    import librosa
    import numpy as np

    samples, rate = librosa.load(path, offset=30, duration=30, res_type="kaiser_fast")
    mel = np.zeros((128, 1280), dtype=np.float32)
    found = librosa.feature.melspectrogram(y=samples, sr=rate)[:, :1280]
    mel[:, : found.shape[1]] = librosa.power_to_db(found)
    chunks = np.ascontiguousarray(mel.reshape(128, 10, 128).transpose(1, 0, 2))
    cookbook().run(None, {"x": chunks})
    return []


def decode(path: str) -> list[float]:
    """Segue's own decoding of its windows, and nothing else."""
    from segue.audio.decode import decode as decode_windows

    decode_windows(os.fsencode(path))
    return []


def attempt(task: tuple[str, str]) -> tuple[str, list[float] | None]:
    name, path = task
    work: Callable[[str], list[float]] = globals()[name]
    try:
        return path, work(path)
    except BaseException as error:  # a Rust panic is no Exception
        print(f"{name}: {path}: {error!r}", file=sys.stderr)
        return path, None


def main() -> None:
    name, workers = sys.argv[1], int(sys.argv[2])
    paths = [line.rstrip("\n") for line in sys.stdin]
    with get_context("spawn").Pool(workers) as pool:
        pool.map(attempt, [(name, path) for path in paths[: 2 * workers]], chunksize=1)  # warm up
        started = time.perf_counter()
        found = pool.map(attempt, [(name, path) for path in paths], chunksize=1)
        seconds = time.perf_counter() - started
    json.dump({"seconds": seconds, "vectors": dict(found)}, sys.stdout)


if __name__ == "__main__":
    main()
