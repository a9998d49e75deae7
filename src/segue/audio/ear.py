"""The ear: the musicnn networks as an embedder, and the folder where a user keeps them."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from segue.audio.embedder import unit
from segue.audio.mel import log_mel, power_spectrogram
from segue.audio.musicnn import NETWORKS, PATCH_FRAMES, PENULTIMATE, build_model, read_weights
from segue.audio.tagwords import words
from segue.config import no_telemetry
from segue.errors import EarError

NAME: Final = "musicnn"
VERSION: Final = "1"
WHEEL_SHA256: Final = "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa"
LICENCE: Final = (
    "The weights come from the Python package musicnn 0.1.0 (Pons and Serra), under the ISC "
    "licence; its authors' group lists the same models elsewhere under CC BY-NC-SA 4.0."
)

_REQUIREMENT: Final = "musicnn==0.1.0"
_MODEL: Final = "musicnn.onnx"
_FORMAT: Final = 1
_OUTPUTS: Final = (*(f"{n}_penultimate" for n in NETWORKS), *(f"{n}_tags" for n in NETWORKS))
_TIMEOUT: Final = 600  # seconds for the package manager, with its own retries within


class Ear:
    """Both musicnn networks, run by ONNX Runtime on one thread.

    A window's log-mel spectrogram is cut into patches of 187 frames (3 s), as many as fit, around
    its middle; a shorter one is repeated. The 200 penultimate activations of each network are
    averaged over the patches and joined, standardised with constants that ship with Segue, and
    brought to unit length.

    Parameters
    ----------
    folder
        Where `install` put the model.

    Raises
    ------
    EarError
        If there is no model there, or it cannot be loaded.
    """

    name = NAME
    version = VERSION
    dimensions = PENULTIMATE * len(NETWORKS)

    def __init__(self, folder: Path) -> None:
        no_telemetry()
        import onnxruntime

        path = folder / _MODEL
        if not installed(folder):
            raise EarError(f"there is no ear at {folder}; fetch it with `segue ear install`")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # many files at once, not many threads a file
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session: Any = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime's errors share no class below this one
            raise EarError(
                f"the ear at {path} cannot be loaded ({error}); fetch it again with "
                "`segue ear install --force`"
            ) from error
        names = {output.name for output in self._session.get_outputs()}
        if not names.issuperset(_OUTPUTS):
            raise EarError(
                f"{path} is not the ear's network; fetch it again with `segue ear install --force`"
            )
        self._mean, self._axes = standardisation()

    def embed(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return one unit vector a window; see `Embedder.embed`."""
        return self.listen(audio)[0]

    def listen(self, audio: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return unit vectors [shape=(n, 400)] and tag probabilities [shape=(n, 100)]."""
        heard = [self._window(samples) for samples in audio]
        vectors = unit(np.stack([(raw - self._mean) @ self._axes for raw, _ in heard]))
        return vectors, np.stack([tags for _, tags in heard])

    def words(self, tags: NDArray[np.float32]) -> list[tuple[str, float]]:
        """Return what 100 mean tag probabilities say in words; see `Tagger.words`."""
        return words(tags)

    def _window(self, samples: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        results = self._session.run(list(_OUTPUTS), {"log_mel": patches(samples)})
        means = [np.asarray(result, dtype=np.float32).mean(axis=0) for result in results]
        half = len(NETWORKS)
        return np.concatenate(means[:half]), np.concatenate(means[half:])


def patches(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the log-mel patches [shape=(n, 187, 96)] of a window [shape=(samples,)], n >= 1."""
    frames = log_mel(power_spectrogram(samples))
    if len(frames) < PATCH_FRAMES:
        frames = np.tile(frames, (-(-PATCH_FRAMES // len(frames)), 1))
    count = len(frames) // PATCH_FRAMES
    first = (len(frames) - count * PATCH_FRAMES) // 2
    return frames[first : first + count * PATCH_FRAMES].reshape(count, PATCH_FRAMES, -1)


@cache
def standardisation() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the mean [shape=(400,)] of the activations and the axes [shape=(400, 400)] to take.

    The axes are the principal ones of the z-scored activations, each scaled by the fourth root of
    its variance: half way to whitening, so that the few things all songs vary in do not drown the
    many that tell them apart. Computed once, over real music, by ``benchmarks/constants.py``; never
    over a user's library, so that a song's vector does not depend on its neighbours.
    """
    with resources.files("segue.audio").joinpath("musicnn_constants.npy").open("rb") as file:
        constants: NDArray[np.float16] = np.load(file, allow_pickle=False)
    return constants[0].astype(np.float32), constants[1:].astype(np.float32)


def installed(folder: Path) -> bool:
    """Return whether a model of this version lies in the folder."""
    try:
        about = json.loads((folder / "ear.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    if not isinstance(about, dict):
        return False
    ours = (about.get("format"), about.get("version")) == (_FORMAT, VERSION)
    return ours and (folder / _MODEL).is_file()


def install(folder: Path, *, wheel: Path | None = None) -> None:
    """Fetch the weights, check them, build the model, and put it in `folder`.

    Parameters
    ----------
    wheel
        The ``musicnn`` 0.1.0 wheel, where it is at hand; None fetches it with pip, from wherever
        the user's packages come from.

    Raises
    ------
    EarError
        If the wheel cannot be fetched, is not the pinned one, or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".install-") as scratch:
            aside = Path(scratch)
            source = wheel if wheel is not None else _download(aside)
            found = hashlib.sha256(_content(source)).hexdigest()
            if found != WHEEL_SHA256:
                raise EarError(
                    f"{source.name} has the checksum {found}, expected {WHEEL_SHA256}; "
                    "it is not the published file and was not used"
                )
            _write(aside / _MODEL, build_model(read_weights(source)))
            about = {"format": _FORMAT, "name": NAME, "version": VERSION, "licence": LICENCE}
            _write(aside / "ear.json", json.dumps(about, indent=2).encode())
            for name in (_MODEL, "ear.json"):  # the one that says it is there comes last
                (aside / name).replace(folder / name)
    except OSError as error:
        raise EarError(f"the ear cannot be kept at {folder}: {error.strerror or error}") from error


def _content(wheel: Path) -> bytes:
    try:
        return wheel.read_bytes()
    except OSError as error:
        raise EarError(f"{wheel} cannot be read: {error.strerror or error}") from error


def _download(folder: Path) -> Path:
    """Fetch the wheel with pip, which knows the user's index, proxy and certificates."""
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{_REQUIREMENT} --hash=sha256:{WHEEL_SHA256}\n", "utf-8")
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-input"),
        *("--disable-pip-version-check", "--retries", "5", "--require-hashes"),
        *("--only-binary", ":all:", "--dest", str(folder), "--requirement", str(requirements)),
    ]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and fixed words
            command, capture_output=True, text=True, timeout=_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise EarError(
            f"fetching {_REQUIREMENT} took over {_TIMEOUT} s; try `segue ear install` again later"
        ) from error
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode != 0 or not wheels:
        reason = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "")
        raise EarError(
            f"{_REQUIREMENT} could not be fetched ({reason.strip() or 'no reason given'}); check "
            "the network and run `segue ear install` again, or carry the wheel over and run "
            "`segue ear install --from FILE`. Until then Segue compares songs by plain descriptors"
        )
    return wheels[0]


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
