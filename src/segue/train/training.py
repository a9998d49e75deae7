"""Teaching a genre network: seeded, with progress, stopped early if asked, resumed if killed."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from segue.config import cores
from segue.errors import LibraryError, UsageError
from segue.train.batches import Songs
from segue.train.export import export_network
from segue.train.networks import RECIPES, Recipe

if TYPE_CHECKING:
    import torch
    from torch import nn

_FORMAT: Final = 1  # of checkpoints
_EVALUATED: Final = 256  # chunks at a time when nothing is learned


@dataclass(frozen=True)
class Epoch:
    """How far training has come.

    Attributes
    ----------
    epoch, epochs
        This one, from 1, of how many.
    loss, accuracy
        Means over the chunks learned from, as they were met; of mixed chunks, the genre that has
        the larger part counts.
    validation_loss, validation_accuracy
        Means over the chunks of the songs held back; None where none are.
    seconds_left
        Until the last epoch, at this pace.
    """

    epoch: int
    epochs: int
    loss: float
    accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None
    seconds_left: float


OnEpoch = Callable[[Epoch], None]


def _silent(_: Epoch) -> None:
    pass


def train_network(
    name: str,
    mels: Sequence[NDArray[np.float32]],
    labels: NDArray[np.int64],
    genres: Sequence[str],
    *,
    seed: int = 0,
    epochs: int | None = None,
    validation: NDArray[np.int64] | None = None,
    patience: int | None = None,
    checkpoint: Path | None = None,
    on_progress: OnEpoch = _silent,
) -> bytes:
    """Train a network and return it as ONNX; see `segue.train.export.export_network`.

    The seed reaches every draw. Killed at any moment and called again with the same arguments, it
    goes on from the last whole epoch in `checkpoint`, and on a processor gives the same bytes as if
    it had not been disturbed; so do two runs with the same number of cores. With CUDA, which is
    used where it is, runs are alike but not the same.

    Parameters
    ----------
    name
        ``cookbook``, ``murecom`` or ``segue``.
    mels
        A power mel spectrogram a song [shape=(frames, 128)], as `segue.audio.power_mel` makes it.
    labels
        The genre of each song [shape=(songs,)], an index into `genres`.
    genres
        Names, at least two.
    epochs
        None takes the network's own number: 100 for the originals.
    validation
        Places of songs that are only measured, never learned from.
    patience
        Stop after so many epochs without a lower loss on `validation`, and keep the weights of the
        lowest. None never stops early and keeps the last weights.
    checkpoint
        A file to resume from, written after every epoch; it stays when all is done. None for none.
    on_progress
        Called after every epoch.

    Raises
    ------
    UsageError
        If PyTorch is not installed, an argument makes no sense, or `checkpoint` is of another
        training.
    LibraryError
        If the checkpoint cannot be read or written.
    """
    if name not in RECIPES:
        raise UsageError(f"there is no network {name!r}; choose one of {', '.join(RECIPES)}")
    recipe = RECIPES[name]
    epochs = recipe.epochs if epochs is None else epochs
    held = np.unique(np.asarray([] if validation is None else validation, dtype=np.int64))
    _check(mels, labels, genres, held, epochs, patience)
    try:
        import torch
    except ImportError as error:
        raise UsageError(
            f"training a network needs PyTorch, which is not installed ({error}); "
            'install it with `pip install "segue[train]"`'
        ) from error
    fingerprint = _fingerprint(mels, labels, genres)
    options = {"network": name, "seed": seed, "epochs": epochs, "patience": patience}
    key = {**options, "data": fingerprint, "validation": held.tolist()}
    with _threads(), torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.manual_seed(seed)
        state = _State(recipe, len(genres), device)
        done: list[dict[str, Any]] = []
        if checkpoint is not None and checkpoint.exists():
            done = state.load(checkpoint, key)
        songs = Songs(mels, labels, len(genres))
        learned = np.setdiff1d(np.arange(len(mels)), held)
        started, before = time.monotonic(), len(done)
        while len(done) < epochs and not _patience_over(done, patience):
            number = len(done)
            torch.manual_seed(_draw(seed, number))
            rng = np.random.default_rng((seed, number))
            loss, accuracy = state.learn(songs, learned, number, epochs, rng)
            measured = state.measure(songs, held)
            pace = (time.monotonic() - started) / (number + 1 - before)
            left = pace * (epochs - number - 1)
            epoch = Epoch(number + 1, epochs, loss, accuracy, measured[0], measured[1], left)
            done.append({k: v for k, v in asdict(epoch).items() if k != "seconds_left"})
            if patience is not None and _best(done) == number:
                state.keep()
            if checkpoint is not None:
                state.save(checkpoint, key, done)
            on_progress(epoch)
        last = _best(done) if patience is not None else len(done) - 1
        about = {**options, "fingerprint": fingerprint, "metrics": done[last]}
        return export_network(state.result(), genres, about)


def _check(
    mels: Sequence[NDArray[np.float32]],
    labels: NDArray[np.int64],
    genres: Sequence[str],
    held: NDArray[np.int64],
    epochs: int,
    patience: int | None,
) -> None:
    if len(genres) < 2:
        raise UsageError(f"there are {len(genres)} genres; at least two are needed to tell apart")
    if len(labels) != len(mels):
        raise UsageError(f"there are {len(labels)} labels for {len(mels)} songs")
    if len(labels) and not 0 <= labels.min() <= labels.max() < len(genres):
        raise UsageError(
            f"labels go from {labels.min()} to {labels.max()}, genres are numbered "
            f"0 to {len(genres) - 1}"
        )
    if len(held) and not 0 <= held[0] <= held[-1] < len(mels):
        raise UsageError(f"songs {held[0]} to {held[-1]} are held back, of {len(mels)}")
    if len(mels) - len(held) < 2:
        raise UsageError(f"{len(mels) - len(held)} songs are left to learn from; give two or more")
    if epochs < 1:
        raise UsageError(f"epochs is {epochs}; give at least 1")
    if patience is not None and (patience < 1 or not len(held)):
        raise UsageError(
            f"patience is {patience} with {len(held)} songs held back; stopping early needs a "
            "patience of at least 1 and songs to measure"
        )


def _fingerprint(
    mels: Sequence[NDArray[np.float32]], labels: NDArray[np.int64], genres: Sequence[str]
) -> str:
    """Return what tells these songs with these genres from any others."""
    found = hashlib.blake2b("\0".join(genres).encode(), digest_size=16)
    found.update(np.asarray(labels, dtype="<i8").tobytes())
    for mel in mels:
        found.update(str(mel.shape).encode())
        found.update(np.ascontiguousarray(mel, dtype="<f4").data)
    return found.hexdigest()


def _draw(seed: int, epoch: int) -> int:
    """Return a seed of 63 bits for torch."""
    return int(np.random.SeedSequence((seed, epoch)).generate_state(1, np.uint64)[0] >> 1)


def _best(done: list[dict[str, Any]]) -> int:
    return int(np.argmin([epoch["validation_loss"] for epoch in done]))


def _patience_over(done: list[dict[str, Any]], patience: int | None) -> bool:
    return patience is not None and bool(done) and len(done) - 1 - _best(done) >= patience


@contextmanager
def _threads() -> Iterator[None]:
    """Let torch use the cores this process may use."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(cores())
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _State:
    """All that changes while a network learns."""

    def __init__(self, recipe: Recipe, genres: int, device: torch.device) -> None:
        self.recipe = recipe
        self.device = device
        self.network = recipe.build(genres).to(device)
        self.optimizer = recipe.optimizer(self.network.parameters())
        self.best: dict[str, torch.Tensor] | None = None

    def learn(
        self,
        songs: Songs,
        chosen: NDArray[np.int64],
        epoch: int,
        epochs: int,
        rng: np.random.Generator,
    ) -> tuple[float, float]:
        """Learn from all chosen songs once; return mean loss and accuracy."""
        import torch
        from torch.nn.functional import cross_entropy

        recipe, size = self.recipe, self.recipe.batch_size
        if recipe.crops is None:
            batches, count = songs.shuffled(chosen, size, rng), len(chosen) * 10
        else:
            batches = songs.altered(chosen, size, recipe.crops, rng)
            count = len(chosen) * recipe.crops
        each = -(-count // size)
        self.network.train()
        lost, right = 0.0, 0
        for step, (chunks, targets) in enumerate(batches, epoch * each):
            for group in self.optimizer.param_groups:
                group["lr"] = recipe.rate(step, each * epochs)
            logits, wanted = self.answer(chunks), torch.from_numpy(targets).to(self.device)
            loss = cross_entropy(logits, wanted, label_smoothing=recipe.smoothing)
            self.optimizer.zero_grad()
            torch.autograd.backward(loss)
            self.optimizer.step()
            lost += loss.item() * len(chunks)
            right += _right(logits, wanted)
        return lost / count, right / count

    def measure(
        self, songs: Songs, chosen: NDArray[np.int64]
    ) -> tuple[float, float] | tuple[None, None]:
        """Return mean loss and accuracy over the chunks of the chosen songs; of none, None."""
        import torch
        from torch.nn.functional import cross_entropy

        if not len(chosen):
            return None, None
        self.network.eval()
        loss, right, count = 0.0, 0, 0
        with torch.inference_mode():
            for chunks, targets in songs.in_order(chosen, _EVALUATED):
                logits, wanted = self.answer(chunks), torch.from_numpy(targets).to(self.device)
                loss += float(cross_entropy(logits, wanted, reduction="sum"))
                right += _right(logits, wanted)
                count += len(chunks)
        return loss / count, right / count

    def answer(self, chunks: NDArray[np.float32]) -> torch.Tensor:
        """Return the network's numbers [shape=(n, genres)], before the softmax."""
        import torch

        logits: torch.Tensor = self.network(torch.from_numpy(chunks).to(self.device).mT)
        return logits

    def keep(self) -> None:
        """Remember these weights as the best."""
        self.best = {k: v.detach().clone() for k, v in self.network.state_dict().items()}

    def result(self) -> nn.Sequential:
        """Return the network with the best weights, where they were kept; else the last."""
        if self.best is not None:
            self.network.load_state_dict(self.best)
        return self.network.cpu().eval()

    def save(self, path: Path, key: dict[str, Any], done: list[dict[str, Any]]) -> None:
        """Write a checkpoint in place of the one before it, or not at all."""
        import torch

        aside = path.with_name(f".{path.name}.new")
        content = {
            "format": _FORMAT,
            "key": key,
            "done": done,
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "best": self.best,
        }
        try:
            with aside.open("wb") as file:
                torch.save(content, file)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(path)
        except OSError as error:
            raise LibraryError(
                f"the checkpoint {path} cannot be written: {error.strerror or error}"
            ) from error

    def load(self, path: Path, key: dict[str, Any]) -> list[dict[str, Any]]:
        """Take up a checkpoint; return its epochs."""
        import torch

        try:
            content = torch.load(path, map_location=self.device, weights_only=True)
            theirs = content["key"] if content["format"] == _FORMAT else None
        except Exception as error:  # zip's, pickle's, torch's own and the system's
            raise LibraryError(
                f"the checkpoint {path} cannot be read ({type(error).__name__}); delete it to "
                "start anew"
            ) from error
        if theirs != key:
            raise UsageError(
                f"the checkpoint {path} is of another training (other songs, genres, seed or "
                "options); delete it, or keep this training's elsewhere"
            )
        self.network.load_state_dict(content["network"])
        self.optimizer.load_state_dict(content["optimizer"])
        self.best = content["best"]
        done: list[dict[str, Any]] = content["done"]
        return done


def _right(logits: torch.Tensor, wanted: torch.Tensor) -> int:
    return int((logits.argmax(dim=1) == wanted.argmax(dim=1)).sum())
