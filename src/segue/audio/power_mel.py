"""The power mel spectrogram that both originals trained on, and how they cut a song.

librosa's default: 22,050 Hz, 93 ms frames every 23 ms, 128 bands, squared magnitudes as they are,
without a logarithm. Osinga, "Deep Learning Cookbook" (2018), chapter 15.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from segue.audio.mel import mel_filterbank, power_spectrogram

SAMPLE_RATE: Final = 22_050
N_FFT: Final = 2_048
HOP_LENGTH: Final = 512
N_MELS: Final = 128
N_CHUNKS: Final = 10
CHUNK_FRAMES: Final = 128  # 2.97 s
_START: Final = 30.0  # seconds: past the introduction
_LENGTH: Final = 30.0


def half_minute(duration: float) -> list[tuple[float, float]]:
    """Return (start, length) in seconds of what is listened to: 30 s from 0:30.

    Of a recording that ends before 1:00, its last 30 s; of a shorter one, all of it. It is a
    placement for `segue.audio.decode.decode`, to be used with `SAMPLE_RATE`.

    >>> half_minute(240.0), half_minute(45.0), half_minute(8.0)
    ([(30.0, 30.0)], [(15.0, 30.0)], [(0.0, 8.0)])
    """
    start = min(_START, max(0.0, duration - _LENGTH))
    return [(start, min(_LENGTH, duration - start))]


def power_mel(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the power in each mel band.

    As ``librosa.feature.melspectrogram(y=samples, sr=22050).T`` has it: periodic Hann windows,
    centred, zeros beyond both ends; Slaney's bands, each of unit area.

    Parameters
    ----------
    samples
        Mono audio at 22,050 Hz [shape=(n,)], any length.

    Returns
    -------
    Power [shape=(1 + n // 512, 128)], float32, at or above 0.
    """
    power = power_spectrogram(samples, N_FFT, HOP_LENGTH)
    mel: NDArray[np.float32] = power @ mel_filterbank(SAMPLE_RATE, N_FFT, N_MELS)
    return mel


def chunks(
    mel: NDArray[np.float32], count: int = N_CHUNKS, frames: int = CHUNK_FRAMES
) -> NDArray[np.float32]:
    """Cut a spectrogram into equal chunks [shape=(count, frames, bands)], a copy, in order.

    They follow each other without a gap from the first frame on, as the original's: of the 1,292
    frames of 30 s, the first 1,280. Where there are not so many frames, the chunks overlap, evenly
    spaced from the first frame to the last. What is shorter than one chunk is repeated.

    Parameters
    ----------
    mel
        Spectrogram [shape=(n, bands)], at least one frame.

    >>> chunks(np.arange(7.0, dtype=np.float32)[:, None], count=3, frames=3)[..., 0].tolist()
    [[0.0, 1.0, 2.0], [2.0, 3.0, 4.0], [4.0, 5.0, 6.0]]
    """
    mel = long_enough(mel, frames)
    cut: NDArray[np.float32] = mel[
        chunk_starts(len(mel), count, frames)[:, None] + np.arange(frames)
    ]
    return cut


def chunk_starts(
    length: int, count: int = N_CHUNKS, frames: int = CHUNK_FRAMES
) -> NDArray[np.intp]:
    """Return the first frame of each of `chunks` of a spectrogram of `length` frames or more."""
    last = min((count - 1) * frames, length - frames)
    starts: NDArray[np.intp] = np.arange(count) * last // max(1, count - 1)
    return starts


def long_enough(mel: NDArray[np.float32], frames: int = CHUNK_FRAMES) -> NDArray[np.float32]:
    """Return a spectrogram [shape=(n, bands)], repeated to at least `frames` if it is shorter."""
    return mel if len(mel) >= frames else np.tile(mel, (-(-frames // len(mel)), 1))[:frames]
