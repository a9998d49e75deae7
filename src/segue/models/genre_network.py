"""A trained genre network in use: ONNX Runtime only, never PyTorch."""

from __future__ import annotations

import json
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from segue.audio.power_mel import CHUNK_FRAMES, HOP_LENGTH, N_FFT, N_MELS, SAMPLE_RATE
from segue.config import no_telemetry
from segue.errors import LibraryError, UsageError

METADATA: Final = "segue.genre"  # the key of the JSON that training left in the model
FORMAT: Final = 1  # of that JSON
MEL: Final = {  # what the networks hear
    "sample_rate": SAMPLE_RATE,
    "n_fft": N_FFT,
    "hop_length": HOP_LENGTH,
    "n_mels": N_MELS,
    "frames": CHUNK_FRAMES,
}
_AGAIN: Final = "train it again with `segue genre train`"


class GenreNetwork:
    """Names the genre of chunks of a power mel spectrogram, and stands them for 256 numbers.

    Chunks are given one by one to ONNX Runtime on one thread, so that what is found for one never
    depends on which others are asked for beside it.

    Parameters
    ----------
    model
        What `segue.train.export.export_network` returned.

    Attributes
    ----------
    labels
        The names of the genres, in the order of the probabilities.
    about
        What else training left: ``network``, ``mel``, ``metrics``, ``fingerprint`` of the data.

    Raises
    ------
    LibraryError
        If it is no such model, or was trained on spectrograms of another kind.
    """

    def __init__(self, model: bytes) -> None:
        no_telemetry()
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session: Any = onnxruntime.InferenceSession(
                model, options, providers=["CPUExecutionProvider"]
            )
            properties = self._session.get_modelmeta().custom_metadata_map
            about = json.loads(properties[METADATA])
        except Exception as error:  # ONNX Runtime's errors share no class below this one
            raise LibraryError(
                f"the genre network cannot be loaded ({type(error).__name__}); {_AGAIN}"
            ) from error
        self.about: dict[str, Any] = _checked(about)
        self.labels: tuple[str, ...] = tuple(self.about["labels"])

    def probabilities(self, chunks: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probability of each genre [shape=(c, genres)]; rows sum to 1.

        Parameters
        ----------
        chunks
            Power [shape=(c, 128 frames, 128 bands)], as `segue.audio.power_mel.chunks` cuts it.

        Raises
        ------
        UsageError
            If they have another shape.
        """
        return self._run("probabilities", chunks, len(self.labels))

    def embeddings(self, chunks: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the 256 numbers after the first dense layer [shape=(c, 256)], none below 0."""
        return self._run("embedding", chunks, 256)

    def _run(self, output: str, chunks: NDArray[np.float32], width: int) -> NDArray[np.float32]:
        if chunks.ndim != 3 or chunks.shape[1:] != (CHUNK_FRAMES, N_MELS):
            raise UsageError(
                f"chunks have the shape {chunks.shape}, expected (c, {CHUNK_FRAMES}, {N_MELS})"
            )
        found = np.empty((len(chunks), width), dtype=np.float32)
        for place, chunk in enumerate(np.asarray(chunks, dtype=np.float32)):
            found[place] = self._session.run([output], {"power_mel": chunk[np.newaxis]})[0][0]
        return found


def _checked(about: Any) -> dict[str, Any]:
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        found = about.get("format") if isinstance(about, dict) else None
        raise LibraryError(
            f"the genre network is of format {found}, this version reads {FORMAT}; {_AGAIN}"
        )
    labels, mel = about.get("labels"), about.get("mel")
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise LibraryError(f"the genre network does not name its genres; {_AGAIN}")
    if not isinstance(mel, dict) or any(mel.get(k) != v for k, v in MEL.items()):
        raise LibraryError(f"the genre network was trained on other spectrograms ({mel}); {_AGAIN}")
    return about
