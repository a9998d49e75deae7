from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed (extra 'train')")

from segue.train.networks import RECIPES  # noqa: E402


def count(name: str, genres: int = 10) -> int:
    return sum(p.numel() for p in RECIPES[name].build(genres).parameters())


def test_murecom_has_the_size_of_the_original() -> None:
    """Keras prints 282,954 trainable weights for ten genres."""
    assert count("murecom") == 282_954


def test_cookbook_has_the_size_of_the_original() -> None:
    convolutions = 3 * (128 * 128 * 3 + 128 + 2 * 128)
    assert count("cookbook") == convolutions + 128 * 256 + 256 + 256 * 256 + 256 + 256 * 10 + 10


def test_segue_is_no_larger() -> None:
    assert count("segue") < 500_000


@pytest.mark.parametrize("name", RECIPES)
def test_shapes(name: str) -> None:
    network = RECIPES[name].build(7).eval()
    trunk, head = network
    embedding = trunk(torch.rand(3, 128, 128) * 100)
    assert embedding.shape == (3, 256)
    assert (embedding >= 0).all()
    assert head(embedding).shape == (3, 7)


@pytest.mark.parametrize("name", RECIPES)
def test_every_weight_is_used(name: str) -> None:
    torch.manual_seed(0)
    network = RECIPES[name].build(4)
    network(torch.rand(8, 128, 128)).square().mean().backward()
    for parameter in network.parameters():
        assert parameter.grad is not None
        assert parameter.grad.isfinite().all()


def test_the_originals_weights_are_drawn_as_keras_draws_them() -> None:
    layers = RECIPES["cookbook"].build(10).modules()
    first = next(layer for layer in layers if isinstance(layer, torch.nn.Conv1d))
    limit = math.sqrt(6 / (128 * 3 + 128 * 3))
    assert limit * 0.99 < first.weight.abs().max().item() <= limit
    assert first.bias is not None
    assert not first.bias.any()


def test_rates() -> None:
    assert RECIPES["murecom"].rate(0, 10) == 0.0003
    assert RECIPES["cookbook"].rate(100_000, 10) == pytest.approx(0.00015)
    rates = [RECIPES["segue"].rate(step, 100) for step in range(100)]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < rates[0] / 1000
