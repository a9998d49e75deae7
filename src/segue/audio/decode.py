"""Decode a few windows of an audio file, without decoding the rest.

FFmpeg (through PyAV) decodes; libsndfile is asked where FFmpeg fails. Both read through Python's
own file object, so that any path the system can open works, and only from the formats listed
here: never from a playlist, a stream description or a tracker module under a false name.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from segue.audio.mel import SAMPLE_RATE
from segue.audio.windows import Window, place_windows
from segue.errors import AudioError
from segue.paths import open_regular

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame

# FFmpeg's names of the containers that are opened.
_FORMATS: Final = (
    "aac,aiff,ape,asf,au,caf,flac,matroska,webm,mov,mp4,m4a,mp3,mpc,mpc8,ogg,tta,w64,wav,wv"
)
# Seconds decoded and dropped after a seek, until the sound is right: Opus converges, and an MP3
# frame may draw on bits of frames long before it.
_PREROLL: Final = 0.1
_MP3_PREROLL: Final = 0.8
_MIN_SECONDS: Final = 0.1  # a window or a file with less audio than this has none
_SLACK: Final = 1.0  # seconds taken beyond a window's length, at most
_MIN_RATE: Final = 1_000  # Hz; below, a header is nonsense and one packet lasts for hours
_MAX_RATE: Final = 6_000_000  # Hz; DSD at its highest is below
_ESTIMATING: Final = ("mp3", "aac")  # formats whose length FFmpeg may guess from the bit rate
_ESTIMATE_OFF: Final = 0.98  # a count below this share of the guess replaces it
_MAX_SKIPPED: Final = 60.0  # seconds decoded in search of a window before giving up on it
_FULL_SCALE: Final = 16.0  # float files beyond this (+24 dBFS) are clipped to it
_FAILED_PACKETS: Final = 200  # in one window, before it is given up

Placement = Callable[[float], list[tuple[float, float]]]


@dataclass(frozen=True)
class Recording:
    """What was decoded of a file.

    Attributes
    ----------
    duration
        Seconds of the whole file.
    codec, sample_rate, channels
        As the file has them: FFmpeg's (or libsndfile's) name, Hz, a count.
    windows
        At least one, in order, at the rate asked for, with one or two channels.
    problem
        What was wrong though the file could be used, in a sentence; else None.
    """

    duration: float
    codec: str
    sample_rate: int
    channels: int
    windows: tuple[Window, ...]
    problem: str | None = None


def decode(
    path: bytes, place: Placement = place_windows, sample_rate: int = SAMPLE_RATE
) -> Recording:
    """Decode the windows that `place` chooses for the file's duration.

    Parameters
    ----------
    sample_rate
        Of the windows, in Hz; the file may have any other.

    Raises
    ------
    AudioError
        Kind ``missing`` or ``unreadable`` when the system will not open it; ``empty`` at zero
        bytes; ``video`` when it holds moving pictures; ``no-audio``; ``undecodable``;
        ``too-short`` under 0.1 s; ``changed`` when it was written to meanwhile.
    """
    with _open(path) as file:
        before = os.fstat(file.fileno())
        if before.st_size == 0:
            raise AudioError("empty", "the file is empty (0 bytes); copy it again or delete it")
        try:
            recording = _decode_ffmpeg(file, place, sample_rate)
        except AudioError as error:
            if error.kind == "video":
                raise
            try:
                recording = _decode_sndfile(file, place, sample_rate)
            except AudioError:
                raise error from None
        after = os.fstat(file.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise AudioError("changed", "the file was written to while it was read; add it again")
    return recording


def _open(path: bytes) -> BinaryIO:
    try:
        return open_regular(path)
    except FileNotFoundError as error:
        raise AudioError(
            "missing", "the file is gone; it was there when its folder was read"
        ) from error
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM):
            message = "permission to read the file was refused; change its owner or mode"
        else:
            message = f"the file cannot be read: {error.strerror or error}"
        raise AudioError("unreadable", message) from error


def _decode_ffmpeg(file: BinaryIO, place: Placement, sample_rate: int) -> Recording:
    import av

    file.seek(0)
    try:
        with av.open(
            file,
            options={"format_whitelist": _FORMATS},
            metadata_errors="replace",
        ) as container:
            stream = _audio_stream(container)
            stream.thread_count = 1  # one file is one core's work
            duration = _duration(container, stream)
            spans = place(duration)
            windows = _windows(container, stream, spans, sample_rate)
            if 0 < len(windows) < len(spans) and container.format.name in _ESTIMATING:
                counted = _count_duration(container, stream)
                if counted < _ESTIMATE_OFF * duration:
                    duration, spans = counted, place(counted)
                    windows = _windows(container, stream, spans, sample_rate)
            context = stream.codec_context
            return _recording(
                duration, context.name, context.sample_rate, context.channels, windows, spans
            )
    except AudioError:
        raise
    except Exception as error:  # PyAV raises many kinds: FFmpeg's, Python's, and the file's own
        raise _undecodable(error) from error


def _audio_stream(container: Any) -> Any:
    if any(not _is_cover(stream) for stream in container.streams.video):
        raise AudioError("video", "the file is a video; keep it out of the music folder")
    stream = container.streams.best("audio")
    if stream is None:
        raise AudioError("no-audio", "the file has no audio stream; it may carry a wrong extension")
    if stream.codec_context is None or not (
        _MIN_RATE <= (stream.codec_context.sample_rate or 0) <= _MAX_RATE
    ):
        raise AudioError("undecodable", "its codec or sample rate is unknown; it may be damaged")
    return stream


def _is_cover(stream: Any) -> bool:
    from av.stream import Disposition

    context = stream.codec_context
    still = context is None or context.name in ("mjpeg", "png", "bmp", "gif", "webp", "tiff")
    return still or bool(stream.disposition & Disposition.attached_pic)


def _duration(container: Any, stream: Any) -> float:
    """Return seconds of the stream; where the container does not say, by counting."""
    if stream.duration and stream.time_base:
        seconds = float(stream.duration * stream.time_base)
    elif container.duration:
        seconds = container.duration / 1_000_000
    else:
        seconds = _count_duration(container, stream)
    return seconds if 0 <= seconds < float("inf") else 0.0


def _count_duration(container: Any, stream: Any) -> float:
    """Return the time of the last packet's end; packets are read, not decoded."""
    container.seek(stream.start_time or 0, stream=stream, backward=True)
    seconds = 0.0
    for packet in container.demux(stream):
        if packet.pts is not None:
            end = packet.pts + (packet.duration or 0) - (stream.start_time or 0)
            seconds = max(seconds, float(end * packet.time_base))
    return seconds


def _windows(
    container: Any, stream: Any, spans: list[tuple[float, float]], sample_rate: int
) -> list[Window]:
    """Return the windows that could be decoded, in order."""
    import av

    windows = []
    for start, length in spans:
        try:
            window = _window(container, stream, start, length, sample_rate)
        except (av.FFmpegError, OSError):
            continue  # the file cannot be sought or read there; another place may do
        if window is not None:
            windows.append(window)
    return windows


def _window(
    container: Any, stream: Any, start: float, length: float, sample_rate: int
) -> Window | None:
    """Return the window at `start`, or None where the file has no audio there."""
    origin = stream.start_time or 0
    preroll = _MP3_PREROLL if stream.codec_context.name.startswith("mp3") else _PREROLL
    target = origin + int(max(0.0, start - preroll) / stream.time_base)
    container.seek(target, stream=stream, backward=True)
    stretch = _Stretch(start, start + length, sample_rate)
    for frame, clock, seconds in _frames(container, stream, start):
        if not stretch.take(frame, clock, seconds):
            break
    return stretch.window()


def _frames(container: Any, stream: Any, start: float) -> Iterator[tuple[AudioFrame, float, float]]:
    """Yield decoded frames with time and length in seconds; packets that fail are passed over."""
    import av

    base = float(stream.time_base)
    origin = stream.start_time or 0
    clock = start  # of a stream without times: take what follows the seek
    failed = 0
    packets = container.demux(stream)
    while failed <= _FAILED_PACKETS:
        try:
            decoded = next(packets).decode()
        except StopIteration:
            return
        except av.FFmpegError:
            failed += 1
            continue
        for frame in decoded:
            if frame.pts is not None:
                clock = (frame.pts - origin) * base
            seconds = frame.samples / frame.sample_rate
            yield frame, clock, seconds
            clock += seconds


class _Stretch:
    """Collects the frames between two times and turns them into one window.

    Frames are gathered first and resampled once: Vorbis frames can be as short as 128 samples, and
    a call for each would cost more than the decoding.
    """

    def __init__(self, start: float, end: float, sample_rate: int) -> None:
        self.start = start
        self.end = end
        self.sample_rate = sample_rate
        self._first: float | None = None
        self._skipped = 0.0
        self._taken = 0.0
        self._fifo: Any = None
        self._mono = False
        self._blocks: list[NDArray[np.float32]] = []

    def take(self, frame: AudioFrame, clock: float, seconds: float) -> bool:
        """Take a frame that begins at `clock` and lasts `seconds`; return whether to go on."""
        import av

        if clock >= self.end:
            return False
        if clock + seconds <= self.start:
            self._skipped += seconds
            return self._skipped < _MAX_SKIPPED
        if self._first is None:
            self._first = clock
            self._mono = frame.layout.nb_channels == 1
            self._fifo = av.AudioFifo()
        frame.pts = None  # the times have been used; the queue would check them
        try:
            self._fifo.write(frame)
        except ValueError:  # a chained file that changes its rate or channels on the way
            self._flush()
            self._fifo = av.AudioFifo()
            self._fifo.write(frame)
        self._taken += seconds
        # Also by what was taken: times in a damaged file may stand still.
        return clock + seconds < self.end and self._taken < self.end - self.start + _SLACK

    def window(self) -> Window | None:
        """Return what was taken, or None under 0.1 s."""
        self._flush()
        if self._first is None or not self._blocks:
            return None
        samples = np.concatenate(self._blocks, axis=1)
        lead = max(0, round((self.start - self._first) * self.sample_rate))
        samples = samples[:, lead : lead + round((self.end - self.start) * self.sample_rate)]
        if samples.shape[1] < _MIN_SECONDS * self.sample_rate:
            return None
        return Window(self.start, samples)

    def _flush(self) -> None:
        if self._fifo is not None:
            frame = self._fifo.read()
            if frame is not None:
                self._blocks.append(_samples(frame, self.sample_rate, mono=self._mono))
            self._fifo = None


def _samples(frame: AudioFrame, sample_rate: int, *, mono: bool) -> NDArray[np.float32]:
    """Return audio at `sample_rate` [shape=(channels, n)]; channels beyond two are mixed to two."""
    import av

    rate = frame.sample_rate
    frame.pts = None
    if frame.format.name != "fltp" or frame.layout.nb_channels > 2:
        converter = av.AudioResampler(format="fltp", layout="mono" if mono else "stereo", rate=rate)
        parts = [out.to_ndarray() for given in (frame, None) for out in converter.resample(given)]
        return _resample(np.concatenate(parts, axis=1, dtype=np.float32), rate, sample_rate)
    return _resample(np.asarray(frame.to_ndarray(), dtype=np.float32), rate, sample_rate)


def _resample(samples: NDArray[np.float32], rate: int, sample_rate: int) -> NDArray[np.float32]:
    """Bring audio [shape=(channels, n)] from `rate` to `sample_rate`, finite and bounded.

    By soxr, which takes a quarter of the time of FFmpeg's resampler.
    """
    import soxr

    samples = _clean(samples)  # first: one NaN would spread over all it is filtered with
    if rate == sample_rate:
        return samples
    resampled: NDArray[np.float32] = soxr.resample(samples.T, rate, sample_rate).T
    return np.ascontiguousarray(resampled)


def _decode_sndfile(file: BinaryIO, place: Placement, sample_rate: int) -> Recording:
    import soundfile

    file.seek(0)
    try:
        with soundfile.SoundFile(file) as sound:
            rate = sound.samplerate
            duration = sound.frames / rate
            spans = place(duration)
            windows = []
            for start, length in spans:
                sound.seek(int(start * rate))
                data = sound.read(int(length * rate), dtype="float32", always_2d=True).T
                if len(data) != 2:
                    data = data.mean(axis=0, keepdims=True)
                samples = _resample(data, rate, sample_rate)
                if samples.shape[1] >= _MIN_SECONDS * sample_rate:
                    windows.append(Window(start, samples))
            codec = f"{sound.format}/{sound.subtype}".lower()
            return _recording(duration, codec, rate, sound.channels, windows, spans)
    except AudioError:
        raise
    except Exception as error:  # libsndfile's, PyAV's and the file's own
        raise _undecodable(error) from error


def _recording(
    duration: float,
    codec: str,
    sample_rate: int,
    channels: int,
    windows: list[Window],
    spans: list[tuple[float, float]],
) -> Recording:
    if not windows:
        if 0 < duration < _MIN_SECONDS:
            raise AudioError("too-short", f"the file holds {duration:.3f} s of audio, too little")
        raise AudioError(
            "undecodable", "no audio could be decoded from the file; it may be damaged"
        )
    problem = None
    if len(windows) < len(spans):
        problem = (
            f"only {len(windows)} of {len(spans)} parts could be decoded; "
            "the file is damaged or cut short, copy it again"
        )
    return Recording(duration, codec, sample_rate, channels, tuple(windows), problem)


def _clean(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Make every sample finite and bounded: float files may hold NaN, infinity and 1e30."""
    return np.clip(
        np.nan_to_num(samples, copy=False, nan=0.0, posinf=_FULL_SCALE, neginf=-_FULL_SCALE),
        -_FULL_SCALE,
        _FULL_SCALE,
    )


def _undecodable(error: Exception) -> AudioError:
    return AudioError(
        "undecodable",
        f"this is not audio, or it is damaged from its beginning on ({type(error).__name__}); "
        "copy it again or delete it",
    )
