from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed (extra 'train')")

from segue.models.genre_network import GenreNetwork  # noqa: E402
from segue.train.export import export_network  # noqa: E402
from segue.train.networks import RECIPES  # noqa: E402


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("level", [1e-4, 1.0, 300.0])
def test_the_graph_finds_what_torch_finds(name: str, level: float) -> None:
    torch.manual_seed(3)
    network = RECIPES[name].build(5)
    rng = np.random.default_rng(0)
    chunks = rng.standard_exponential((6, 128, 128), dtype=np.float32) * np.float32(level)
    heard = torch.from_numpy(chunks.transpose(0, 2, 1).copy())
    for _ in range(5):  # the statistics of the batch normalisations are none of the first ones
        network(heard)
    network.eval()
    with torch.inference_mode():
        embedding = network[0](heard)
        probabilities = network[1](embedding).softmax(dim=1)
    model = GenreNetwork(export_network(network, [f"genre {n}" for n in range(5)], {}))
    np.testing.assert_allclose(model.probabilities(chunks), probabilities.numpy(), atol=1e-5)
    scale = float(embedding.abs().max())
    np.testing.assert_allclose(model.embeddings(chunks), embedding.numpy(), atol=1e-5 * scale)


def test_metadata() -> None:
    network = RECIPES["murecom"].build(2).eval()
    about = {"metrics": {"accuracy": 0.5}, "fingerprint": "abc"}
    model = GenreNetwork(export_network(network, ["Müsik", "ジャズ"], about))
    assert model.labels == ("Müsik", "ジャズ")
    assert model.about["metrics"] == {"accuracy": 0.5}
    assert model.about["fingerprint"] == "abc"
    assert model.about["mel"]["frames"] == 128


def test_the_same_network_gives_the_same_bytes() -> None:
    network = RECIPES["segue"].build(3).eval()
    assert export_network(network, list("abc"), {}) == export_network(network, list("abc"), {})


def test_a_layer_of_another_kind_is_refused() -> None:
    trunk, head = RECIPES["murecom"].build(2)
    other = torch.nn.Sequential(trunk, torch.nn.Sequential(torch.nn.GELU(), *head.children()))
    with pytest.raises(TypeError, match="GELU"):
        export_network(other, ["a", "b"], {})
