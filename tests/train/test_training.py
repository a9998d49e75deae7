from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed (extra 'train')")

from genre_songs import songs  # noqa: E402
from segue.errors import LibraryError, UsageError  # noqa: E402
from segue.models.genre_network import GenreNetwork  # noqa: E402
from segue.train.networks import RECIPES  # noqa: E402
from segue.train.training import Epoch, train_network  # noqa: E402

MELS, LABELS = songs(18, 3)
GENRES = ("blues", "jazz", "metal")
HELD = np.array([0, 1, 2])


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads of one small step wait for each other longer than they work, beside other tests."""
    monkeypatch.setattr("segue.train.training.cores", lambda: 1)


class StopError(Exception):
    pass


def train(name: str = "murecom", **options: Any) -> bytes:
    return train_network(name, MELS, LABELS, GENRES, **{"epochs": 3, "seed": 5, **options})


@pytest.mark.parametrize(("name", "epochs"), [("cookbook", 15), ("murecom", 15), ("segue", 15)])
def test_what_is_plain_is_learned(monkeypatch: pytest.MonkeyPatch, name: str, epochs: int) -> None:
    # The originals' running statistics need some hundred steps, however few the songs.
    monkeypatch.setitem(RECIPES, name, replace(RECIPES[name], batch_size=16))
    told: list[Epoch] = []
    model = GenreNetwork(train(name, epochs=epochs, on_progress=told.append))
    assert told[-1].loss < told[0].loss
    mels, labels = songs(12, 3, frames=128, seed=1)
    found = model.probabilities(np.stack([mel[:128] for mel in mels]))
    assert (found.argmax(axis=1) == labels).mean() >= 0.75
    assert model.labels == GENRES


@pytest.mark.parametrize("name", RECIPES)
def test_the_seed_reaches_every_draw(name: str) -> None:
    torch.manual_seed(1)
    first = train(name, epochs=1)
    torch.manual_seed(2)
    assert train(name, epochs=1) == first
    assert train(name, epochs=1, seed=6) != first


def test_training_draws_nothing_from_outside_and_leaves_it_alone() -> None:
    torch.manual_seed(1)
    threads, expected = torch.get_num_threads(), torch.rand(3)
    torch.manual_seed(1)
    train(epochs=1)
    assert torch.equal(torch.rand(3), expected)
    assert torch.get_num_threads() == threads


def test_progress_is_told_after_every_epoch() -> None:
    told: list[Epoch] = []
    model = GenreNetwork(train(epochs=4, validation=HELD, on_progress=told.append))
    assert [(epoch.epoch, epoch.epochs) for epoch in told] == [(n, 4) for n in (1, 2, 3, 4)]
    assert told[-1].seconds_left == 0
    assert all(epoch.seconds_left > 0 for epoch in told[:-1])
    assert told[-1].loss < told[0].loss
    assert told[-1].accuracy > told[0].accuracy
    measured = told[-1].validation_accuracy
    assert measured is not None
    assert 0 <= measured <= 1
    metrics = model.about["metrics"]
    assert metrics["validation_accuracy"] == measured
    assert metrics["loss"] == told[-1].loss


def test_nothing_held_back_nothing_measured() -> None:
    told: list[Epoch] = []
    train(epochs=1, on_progress=told.append)
    assert told[0].validation_loss is told[0].validation_accuracy is None


def test_what_is_held_back_is_not_learned_from() -> None:
    changed = [mel * 3 if n in HELD else mel for n, mel in enumerate(MELS)]
    weights = []
    for mels in (MELS, changed):
        told: list[Epoch] = []
        train_network("murecom", mels, LABELS, GENRES, epochs=2, validation=HELD,
                      on_progress=told.append)  # fmt: skip
        weights.append([(epoch.loss, epoch.accuracy) for epoch in told])
    assert weights[0] == weights[1]


def test_stopping_early_keeps_the_best_weights() -> None:
    # Genres of what is held back are told wrongly: the better it learns, the worse it measures.
    wrong = LABELS.copy()
    wrong[HELD] = (wrong[HELD] + 1) % 3
    told: list[Epoch] = []
    options: dict[str, Any] = {"epochs": 40, "validation": HELD, "seed": 0}
    model = train_network("murecom", MELS, wrong, GENRES, patience=2, on_progress=told.append,
                          **options)  # fmt: skip
    losses = [epoch.validation_loss for epoch in told]
    best = int(np.argmin(np.array(losses, dtype=float)))
    assert len(told) < 40
    assert len(told) == best + 3
    assert GenreNetwork(model).about["metrics"]["epoch"] == best + 1
    direct = train_network("murecom", MELS, wrong, GENRES, **{**options, "epochs": best + 1})
    chunk = MELS[0][np.newaxis, :128]
    np.testing.assert_array_equal(
        GenreNetwork(model).embeddings(chunk), GenreNetwork(direct).embeddings(chunk)
    )


@pytest.mark.parametrize("name", ["murecom", "segue"])
@pytest.mark.parametrize("patience", [None, 3])
def test_an_interrupted_training_ends_the_same(
    tmp_path: Path, name: str, patience: int | None
) -> None:
    options: dict[str, Any] = {"epochs": 4, "validation": HELD, "patience": patience}
    undisturbed = train(name, **options)
    checkpoint = tmp_path / "training.pt"

    def stop(epoch: Epoch) -> None:
        if epoch.epoch == 2:
            raise StopError

    with pytest.raises(StopError):
        train(name, checkpoint=checkpoint, on_progress=stop, **options)
    told: list[Epoch] = []
    resumed = train(name, checkpoint=checkpoint, on_progress=told.append, **options)
    assert [epoch.epoch for epoch in told] == [3, 4]
    assert resumed == undisturbed
    assert train(name, checkpoint=checkpoint, on_progress=stop, **options) == undisturbed
    assert [path.name for path in tmp_path.iterdir()] == ["training.pt"]


SCRIPT = """
import sys
from dataclasses import replace
from pathlib import Path
from genre_songs import songs
from segue.train import training
training.cores = lambda: 1
training.train_network(
    "murecom", *songs(18, 3), ("blues", "jazz", "metal"), epochs=10, seed=5,
    checkpoint=Path(sys.argv[1]), on_progress=lambda e: print(e.epoch, flush=True),
)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals are sent")
def test_a_killed_training_ends_the_same(tmp_path: Path) -> None:
    checkpoint = tmp_path / "training.pt"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, checkpoint],
        stdout=subprocess.PIPE, text=True, env=environment,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "1\n"
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    told: list[Epoch] = []
    resumed = train(epochs=10, checkpoint=checkpoint, on_progress=told.append)
    assert told[0].epoch > 1
    assert resumed == train(epochs=10)


@pytest.mark.parametrize(
    "options", [{"seed": 6}, {"epochs": 5}, {"validation": HELD}, {"name": "cookbook"}]
)
def test_the_checkpoint_of_another_training_is_refused(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    checkpoint = tmp_path / "training.pt"
    train(epochs=1, checkpoint=checkpoint)
    content = checkpoint.read_bytes()
    with pytest.raises(UsageError, match="another training"):
        train(**{"epochs": 1, "checkpoint": checkpoint, **options})
    assert checkpoint.read_bytes() == content


def test_the_checkpoint_of_other_songs_is_refused(tmp_path: Path) -> None:
    checkpoint = tmp_path / "training.pt"
    train(epochs=1, checkpoint=checkpoint)
    others = [*MELS[:-1], MELS[-1] * 2]
    with pytest.raises(UsageError, match="another training"):
        train_network("murecom", others, LABELS, GENRES, epochs=1, seed=5, checkpoint=checkpoint)


@pytest.mark.parametrize("content", [b"", b"nothing", "half"])
def test_a_damaged_checkpoint_is_told(tmp_path: Path, content: bytes | str) -> None:
    checkpoint = tmp_path / "training.pt"
    train(epochs=1, checkpoint=checkpoint)
    whole = checkpoint.read_bytes()
    checkpoint.write_bytes(content if isinstance(content, bytes) else whole[: len(whole) // 2])
    with pytest.raises(LibraryError, match="delete it"):
        train(epochs=1, checkpoint=checkpoint)


def test_a_checkpoint_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="cannot be written"):
        train(epochs=1, checkpoint=tmp_path / "nowhere" / "training.pt")


def test_short_songs_are_repeated() -> None:
    mels = [mel[:40] for mel in MELS]
    for name in RECIPES:
        assert train_network(name, mels, LABELS, GENRES, epochs=1)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"name": "resnet"}, "cookbook, murecom, segue"),
        ({"genres": ("blues",)}, "at least two"),
        ({"labels": LABELS[:5]}, "5 labels for 18 songs"),
        ({"labels": LABELS + 1}, "labels go from 1 to 3"),
        ({"validation": np.array([18])}, "held back"),
        ({"validation": np.arange(17)}, "left to learn from"),
        ({"epochs": 0}, "at least 1"),
        ({"patience": 3}, "patience"),
        ({"patience": 0, "validation": HELD}, "patience"),
    ],
)
def test_what_makes_no_sense_is_refused(options: dict[str, Any], told: str) -> None:
    given = {"name": "murecom", "mels": MELS, "labels": LABELS, "genres": GENRES, **options}
    with pytest.raises(UsageError, match=told):
        train_network(**given)


def test_without_pytorch_it_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from genre_songs import songs\n"
        "from segue.errors import UsageError\n"
        "from segue.train.training import train_network\n"
        "try: train_network('cookbook', *songs(4, 2), ('a', 'b'))\n"
        "except UsageError as error: print(error)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert "segue[train]" in done.stdout


def test_what_is_kept_with_the_model() -> None:
    about = GenreNetwork(train(epochs=2)).about
    assert json.loads(json.dumps(about)) == about
    assert about["network"] == "murecom"
    assert (about["seed"], about["epochs"]) == (5, 2)
    assert about["labels"] == list(GENRES)
    assert about["mel"]["sample_rate"] == 22_050
    assert len(about["fingerprint"]) == 32
