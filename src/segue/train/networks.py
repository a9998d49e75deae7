"""The networks that learn genres from scratch, each a list of layers, and how each is taught.

They take chunks of the power mel spectrogram [shape=(n, 128 bands, 128 frames)] and give one
number a genre, before the softmax. Each is a `trunk`, which ends in the 256 numbers that stand for
a chunk, and a `head`, which names its genre.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import torch
    from torch import nn

EMBEDDING: Final = 256
_BANDS: Final = 128
_FLOOR: Final = 1e-4  # of power under the logarithm; about 80 dB below music at full scale


@dataclass(frozen=True)
class Recipe:
    """How a network is built and taught.

    Attributes
    ----------
    build
        Makes it for a number of genres, with weights drawn from torch's generator.
    optimizer
        Makes what moves its weights; it has its rate from `rate`.
    rate
        The learning rate at a step of all steps, both counts.
    epochs
        How often everything is learned from, unless told otherwise.
    batch_size
        Chunks a step.
    crops
        None learns from the ten chunks of each song as they are; else the number of chunks a song
        and epoch that are cut anywhere and altered (see `segue.train.augmentation`), and mixed.
    smoothing
        The share of certainty that is taken from the true genre and spread over all.
    """

    build: Callable[[int], nn.Sequential]
    optimizer: Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]
    rate: Callable[[int, int], float]
    epochs: int = 100
    batch_size: int = 128
    crops: int | None = None
    smoothing: float = 0.0


def _cookbook(genres: int) -> nn.Sequential:
    """Osinga, "Deep Learning Cookbook" (2018), chapter 15. The input is raw power, as it was."""
    from torch import nn

    layers: list[nn.Module] = []
    for _ in range(3):  # (n, 128, frames); frames: 128 - 126 - 61 - 59 - 27 - 25 - 10
        layers += [nn.Conv1d(128, 128, 3), nn.ReLU(), _keras_norm(128), nn.MaxPool1d(6, 2)]
    return _original(layers, 128, genres)


def _murecom(genres: int) -> nn.Sequential:
    """The second original's, and the cookbook's own notebook: it widens where it shortens."""
    from torch import nn

    layers: list[nn.Module] = []
    for before, after in ((128, 64), (64, 128), (128, 256)):  # frames: 126 - 63 - 61 - 30 - 28 - 14
        layers += [nn.Conv1d(before, after, 3), nn.ReLU(), _keras_norm(after), nn.MaxPool1d(2)]
    return _original(layers, 256, genres)


def _original(blocks: list[nn.Module], width: int, genres: int) -> nn.Sequential:
    """Add what both originals end in, and draw the weights as Keras does."""
    from torch import nn

    trunk = nn.Sequential(
        *blocks,  # (n, width, frames)
        nn.AdaptiveMaxPool1d(1),  # (n, width, 1)
        nn.Flatten(),
        nn.Linear(width, EMBEDDING),  # (n, 256)
        nn.ReLU(),
    )
    head = nn.Sequential(
        nn.Dropout(0.5),
        nn.Linear(EMBEDDING, 256),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(256, genres),  # (n, genres)
    )
    network = nn.Sequential(trunk, head)
    for layer in network.modules():
        if isinstance(layer, nn.Conv1d | nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return network


def _keras_norm(width: int) -> nn.Module:
    from torch import nn

    return nn.BatchNorm1d(width, eps=1e-3, momentum=0.01)


def _segue(genres: int) -> nn.Sequential:
    """Small squares of the log-mel picture, then what time says, weighed by attention."""
    import torch
    from torch import nn

    trunk = nn.Sequential(
        _log(),  # (n, 128 bands, 128 frames)
        nn.BatchNorm1d(_BANDS),  # every band has mean 0 and variance 1
        nn.Unflatten(1, (1, _BANDS)),  # (n, 1, 128, 128)
        nn.Conv2d(1, 24, 5, stride=2, padding=2, bias=False),
        nn.BatchNorm2d(24),
        nn.ReLU(),
        nn.MaxPool2d(2),  # (n, 24, 32, 32)
        nn.Conv2d(24, 48, 3, padding=1, bias=False),
        nn.BatchNorm2d(48),
        nn.ReLU(),
        nn.MaxPool2d(2),  # (n, 48, 16, 16)
        nn.Conv2d(48, 96, 3, padding=1, bias=False),
        nn.BatchNorm2d(96),
        nn.ReLU(),
        nn.MaxPool2d((2, 1)),  # (n, 96, 8, 16)
        nn.Conv2d(96, 128, (8, 3), padding=(0, 1), bias=False),  # all bands at once
        nn.BatchNorm2d(128),
        nn.ReLU(),
        nn.Flatten(2),  # (n, 128, 16)
        _attention(128),  # (n, 128)
        nn.Linear(128, EMBEDDING),  # (n, 256)
        nn.ReLU(),
    )
    head = nn.Sequential(nn.Dropout(0.5), nn.Linear(EMBEDDING, genres))  # (n, genres)
    network: Any = nn.Sequential(trunk, head)
    # Channels last in memory: a step takes little over half the time.
    faster: nn.Sequential = network.to(memory_format=torch.channels_last)
    return faster


def _log() -> nn.Module:
    from torch import Tensor, nn

    class Log(nn.Module):
        """Natural logarithm above a floor, any shape."""

        floor = _FLOOR

        def forward(self, x: Tensor) -> Tensor:
            return (x + self.floor).log()

    return Log()


def _attention(width: int) -> nn.Module:
    from torch import Tensor, nn

    class AttentionPooling(nn.Module):
        """(n, width, time) -> (n, width): each channel's mean, weighed by what it says when."""

        def __init__(self) -> None:
            super().__init__()
            self.weigh = nn.Conv1d(width, width, 1)

        def forward(self, x: Tensor) -> Tensor:
            weights: Tensor = self.weigh(x).softmax(dim=2)
            return (x * weights).sum(dim=2)

    return AttentionPooling()


def _nesterov(parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    from torch.optim import SGD

    return SGD(parameters, lr=0.0003, momentum=0.9, nesterov=True)


def _adamw(parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    from torch.optim import AdamW

    return AdamW(parameters, lr=0.002, weight_decay=0.05)


def _decaying(step: int, steps: int) -> float:  # noqa: ARG001
    return 0.0003 / (1 + 1e-5 * step)  # Keras's `decay`


def _cosine(step: int, steps: int) -> float:
    return 0.002 * (1 + math.cos(math.pi * step / steps)) / 2


RECIPES: Final = {
    "cookbook": Recipe(_cookbook, _nesterov, _decaying),
    "murecom": Recipe(_murecom, _nesterov, _decaying),
    "segue": Recipe(_segue, _adamw, _cosine, epochs=60, batch_size=64, crops=4, smoothing=0.1),
}
