from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from segue.audio.musicnn import NETWORKS, TAGS, build_model, read_weights
from segue.errors import EarError

Weights = dict[str, NDArray[np.float32]]
Numbers = dict[str, NDArray[np.float32]]
# (frames, mels) of the front end's filters and how many, as in the paper
FRONT = ((7, 86, 204), (7, 38, 204), (128, 1, 51), (64, 1, 51), (32, 1, 51))


def run(model: bytes | str, log_mel: NDArray[np.float32]) -> Numbers:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"log_mel": log_mel}), strict=True))


def random_weights(seed: int) -> Weights:
    """Return weights of the published shapes, with two thirds of the front end's filters dead."""
    rng = np.random.default_rng(seed)

    def normal(*shape: int, scale: float = 1.0) -> NDArray[np.float32]:
        return (scale * rng.standard_normal(shape)).astype(np.float32)

    weights: Weights = {}
    shapes = [(time, mels, 1, count) for time, mels, count in FRONT]
    shapes += [(7, 561, 1, 64), (7, 64, 1, 64), (7, 64, 1, 64)]
    sizes = [1, *(count for _, _, count in FRONT), 64, 64, 64, 1506, 200]
    for i, shape in enumerate(shapes):
        name = f"conv2d_{i}" if i else "conv2d"
        kernel = normal(*shape, scale=float(np.prod(shape[:3])) ** -0.5)
        if i < len(FRONT):
            kernel[..., rng.random(shape[3]) < 2 / 3] = 0
        weights[f"{name}/kernel"] = kernel
        weights[f"{name}/bias"] = normal(shape[3], scale=0.3)
    for i, size in enumerate(sizes):
        name = f"batch_normalization_{i}" if i else "batch_normalization"
        weights[f"{name}/gamma"] = normal(size)
        weights[f"{name}/beta"] = normal(size, scale=0.3)
        weights[f"{name}/moving_mean"] = normal(size, scale=0.3)
        weights[f"{name}/moving_variance"] = rng.uniform(0.5, 2, size).astype(np.float32)
    for name, inputs, units in (("dense", 1506, 200), ("dense_1", 200, 50)):
        weights[f"{name}/kernel"] = normal(inputs, units, scale=inputs**-0.5)
        weights[f"{name}/bias"] = normal(units, scale=0.3)
    return weights


@pytest.fixture(scope="module")
def two_models() -> tuple[bytes, bytes]:
    weights = {network: random_weights(seed) for seed, network in enumerate(NETWORKS)}
    return build_model(weights), build_model(weights, prune=False)


@pytest.mark.parametrize("frames", [187, 60, 400])
def test_leaving_dead_filters_out_changes_nothing(
    two_models: tuple[bytes, bytes], frames: int
) -> None:
    pruned, whole = two_models
    assert len(pruned) < 0.6 * len(whole)
    log_mel = np.random.default_rng(3).uniform(0, 4, (2, frames, 96)).astype(np.float32)
    small, large = run(pruned, log_mel), run(whole, log_mel)
    assert small.keys() == large.keys()
    for name, numbers in large.items():
        assert numbers.std() > 1e-3  # else the comparison would say nothing
        np.testing.assert_allclose(small[name], numbers, atol=2e-5 * np.abs(numbers).max())


def test_the_model_is_the_original(ear_folder: Path, shared: Path) -> None:
    """Against the outputs of the original networks under TensorFlow, for ten patches of music."""
    with np.load(shared / "musicnn" / "reference_outputs.npz") as reference:
        found = run(str(ear_folder / "musicnn.onnx"), reference["P"])
        for network in NETWORKS:
            np.testing.assert_allclose(
                found[f"{network}_tags"], reference[f"{network}_musicnn"], atol=1e-5
            )
            np.testing.assert_allclose(
                found[f"{network}_penultimate"], reference[f"{network}_musicnn_last"], atol=5e-5
            )


def test_a_patch_is_heard_alike_alone_and_among_others(ear_folder: Path) -> None:
    log_mel = np.random.default_rng(3).uniform(0, 4, (3, 187, 96)).astype(np.float32)
    model = str(ear_folder / "musicnn.onnx")
    together, alone = run(model, log_mel), run(model, log_mel[1:2])
    for name, numbers in alone.items():
        np.testing.assert_allclose(together[name][1:2], numbers, atol=1e-5)


def test_tags_are_fifty_each_and_none_twice() -> None:
    assert all(len(set(TAGS[network])) == len(TAGS[network]) == 50 for network in NETWORKS)


def zipped(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, b"not a table at all, but long enough to be looked at closely")
    return path


@pytest.mark.parametrize("names", [(), ("musicnn/MTT_musicnn/.index",), None])
def test_another_file_is_not_taken_for_the_wheel(tmp_path: Path, names: Any) -> None:
    wheel = tmp_path / "musicnn.whl"
    if names is None:
        wheel.write_bytes(b"no archive")
    else:
        zipped(wheel, *names)
    with pytest.raises(EarError, match="not the musicnn"):
        read_weights(wheel)
    with pytest.raises(EarError, match="not the musicnn"):
        read_weights(tmp_path / "absent.whl")


def test_weights_that_are_damaged_are_told(tmp_path: Path) -> None:
    folder = "musicnn/MTT_musicnn"
    wheel = zipped(tmp_path / "w.whl", f"{folder}/.index", f"{folder}/.data-00000-of-00001")
    with pytest.raises(EarError, match="LevelDB"):
        read_weights(wheel)
