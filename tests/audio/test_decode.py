from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segue.audio.decode import Recording, decode
from segue.audio.windows import WINDOW_SECONDS
from segue.errors import AudioError
from sounds import Samples, clock, encode, frequency, melody, rms, time_of, tone, write

LEVEL = 0.5
SINE_RMS = LEVEL / np.sqrt(2)


def heard(path: Path, **options: Any) -> Recording:
    return decode(os.fsencode(path), **options)


def cause(path: Path) -> str:
    with pytest.raises(AudioError) as caught:
        heard(path)
    assert str(caught.value)
    return caught.value.kind


# name: (extension, rate, how it is written)
Writer = Callable[[Path, Samples, int], object]
FORMATS: dict[str, tuple[str, int, Writer]] = {
    "wav 16": ("wav", 44_100, lambda p, s, r: write(p, s, r, "WAV", "PCM_16")),
    "wav 24": ("wav", 96_000, lambda p, s, r: write(p, s, r, "WAV", "PCM_24")),
    "wav 32": ("wav", 48_000, lambda p, s, r: write(p, s, r, "WAV", "PCM_32")),
    "wav float": ("wav", 192_000, lambda p, s, r: write(p, s, r, "WAV", "FLOAT")),
    "wav double": ("wav", 44_100, lambda p, s, r: write(p, s, r, "WAV", "DOUBLE")),
    "wav 8 bit": ("wav", 8_000, lambda p, s, r: write(p, s, r, "WAV", "PCM_U8")),
    "wav a-law": ("wav", 8_000, lambda p, s, r: write(p, s, r, "WAV", "ALAW")),
    "wav ima-adpcm": ("wav", 22_050, lambda p, s, r: write(p, s, r, "WAV", "IMA_ADPCM")),
    "w64": ("w64", 44_100, lambda p, s, r: write(p, s, r, "W64", "PCM_16")),
    "aiff": ("aiff", 44_100, lambda p, s, r: write(p, s, r, "AIFF", "PCM_16")),
    "au": ("au", 16_000, lambda p, s, r: write(p, s, r, "AU", "PCM_16")),
    "caf": ("caf", 44_100, lambda p, s, r: write(p, s, r, "CAF", "PCM_16")),
    "flac": ("flac", 44_100, lambda p, s, r: write(p, s, r, "FLAC", "PCM_16")),
    "flac 24": ("flac", 192_000, lambda p, s, r: write(p, s, r, "FLAC", "PCM_24")),
    "vorbis": ("ogg", 44_100, lambda p, s, r: write(p, s, r, "OGG", "VORBIS")),
    "vorbis 8k": ("ogg", 8_000, lambda p, s, r: write(p, s, r, "OGG", "VORBIS")),
    "opus": ("opus", 48_000, lambda p, s, r: write(p, s, r, "OGG", "OPUS")),
    "mp3": ("mp3", 44_100, lambda p, s, r: write(p, s, r, "MP3", "MPEG_LAYER_III")),
    "mp3 16k": ("mp3", 16_000, lambda p, s, r: write(p, s, r, "MP3", "MPEG_LAYER_III")),
    "m4a aac": ("m4a", 44_100, lambda p, s, r: encode(p, s, r, "aac", bit_rate=192_000)),
    "m4a alac": ("m4a", 44_100, lambda p, s, r: encode(p, s, r, "alac")),
    "aac": ("aac", 44_100, lambda p, s, r: encode(p, s, r, "aac", bit_rate=192_000)),
    "wma": ("wma", 44_100, lambda p, s, r: encode(p, s, r, "wmav2", bit_rate=192_000)),
    "wavpack": ("wv", 44_100, lambda p, s, r: encode(p, s, r, "wavpack")),
    "tta": ("tta", 44_100, lambda p, s, r: encode(p, s, r, "tta")),
    "mka aac": ("mka", 44_100, lambda p, s, r: encode(p, s, r, "aac", bit_rate=192_000)),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_window_is_the_music_at_its_time(tmp_path: Path, name: str) -> None:
    extension, rate, writer = FORMATS[name]
    path = tmp_path / f"a.{extension}"
    sound = clock(40, rate, LEVEL)
    writer(path, np.stack([sound, sound]), rate)
    recording = heard(path)
    # Raw AAC has no index, its length is told by the bit rate; ADPCM's last block is padded.
    assert recording.duration == pytest.approx(40, abs=4 if name == "aac" else 0.25)
    assert (recording.sample_rate, recording.channels) == (rate, 2)
    assert recording.codec
    assert recording.problem is None
    assert len(recording.windows) == 5
    for window in recording.windows:
        assert window.samples.shape == (2, WINDOW_SECONDS * 16_000)
        assert window.samples.dtype == np.float32
        for part in range(int(WINDOW_SECONDS)):  # second by second: nothing is missing within
            piece = window.mono[part * 16_000 :][:16_000]
            middle = window.start + part + 0.5
            assert time_of(piece) == pytest.approx(middle, abs=0.5 if name == "aac" else 0.06)
            assert rms(piece) == pytest.approx(SINE_RMS, rel=0.05)


@pytest.mark.parametrize("name", ["wav 16", "flac", "vorbis", "opus", "mp3", "m4a aac", "m4a alac"])
@pytest.mark.parametrize("seconds", [0.3, 0.5, 12.0])
def test_a_short_file_is_heard_whole(tmp_path: Path, name: str, seconds: float) -> None:
    extension, rate, writer = FORMATS[name]
    path = tmp_path / f"a.{extension}"
    writer(path, tone(1000, seconds, rate)[np.newaxis], rate)
    recording = heard(path)
    total = sum(window.samples.shape[1] for window in recording.windows) / 16_000
    assert total == pytest.approx(seconds, abs=0.06)
    assert recording.channels == recording.windows[0].samples.shape[0] == 1
    assert frequency(recording.windows[0].mono) == pytest.approx(1000, abs=3)


@pytest.mark.parametrize(
    ("name", "hertz"), [("wav 16", 440.0), ("flac 24", 7000.0), ("vorbis 8k", 1000.0)]
)
def test_channels_stay_apart_and_in_order(tmp_path: Path, name: str, hertz: float) -> None:
    extension, rate, writer = FORMATS[name]
    left, right = tone(hertz, 4, rate), tone(hertz / 2, 4, rate, 0.25)
    writer(tmp_path / f"a.{extension}", np.stack([left, right]), rate)
    window = heard(tmp_path / f"a.{extension}").windows[0]
    assert frequency(window.samples[0]) == pytest.approx(hertz, rel=0.002)
    assert frequency(window.samples[1]) == pytest.approx(hertz / 2, rel=0.002)
    assert rms(window.samples[1]) == pytest.approx(0.25 / np.sqrt(2), rel=0.05)


@pytest.mark.parametrize("extension", ["wav", "flac", "m4a"])
def test_six_channels_are_mixed_to_two(tmp_path: Path, extension: str) -> None:
    sound = np.zeros((6, 3 * 48_000), dtype=np.float32)
    sound[0], sound[1] = tone(500, 3, 48_000, 0.2), tone(900, 3, 48_000, 0.2)
    path = tmp_path / f"a.{extension}"
    if extension == "m4a":
        encode(path, sound, 48_000, "aac", bit_rate=384_000)
    else:
        write(path, sound, 48_000, extension.upper(), "PCM_16")
    recording = heard(path)
    assert recording.channels == 6
    window = recording.windows[0]
    assert len(window.samples) == 2
    assert frequency(window.samples[0]) == pytest.approx(500, abs=2)
    assert frequency(window.samples[1]) == pytest.approx(900, abs=2)


def test_frequencies_above_the_new_rate_are_taken_out(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", tone(11_000, 2, 44_100), 44_100, "WAV", "PCM_16")
    assert rms(heard(tmp_path / "a.wav").windows[0].mono) < 0.01


def test_the_extension_does_not_matter(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp3", tone(440, 2), 44_100, "FLAC", "PCM_16")
    assert heard(path).codec == "flac"


def test_the_place_of_windows_can_be_chosen(tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", clock(30), 44_100, "FLAC", "PCM_16")
    windows = heard(path, place=lambda duration: [(duration / 2, 2.0), (28.0, 1.0)]).windows
    assert [window.start for window in windows] == [15.0, 28.0]
    assert time_of(windows[0].mono) == pytest.approx(16, abs=0.02)
    assert time_of(windows[1].mono) == pytest.approx(28.5, abs=0.02)


@pytest.mark.parametrize("name", ["wav 16", "opus", "mp3", "m4a aac", "wav a-law"])
@pytest.mark.parametrize("sample_rate", [22_050, 8_000])
def test_the_sample_rate_can_be_chosen(tmp_path: Path, name: str, sample_rate: int) -> None:
    extension, rate, writer = FORMATS[name]
    writer(tmp_path / f"a.{extension}", np.stack([clock(40, rate)] * 2), rate)
    windows = heard(tmp_path / f"a.{extension}", sample_rate=sample_rate).windows
    assert [window.samples.shape for window in windows] == [(2, 4 * sample_rate)] * 5
    for window in windows:
        assert time_of(window.mono, sample_rate) == pytest.approx(window.start + 2, abs=0.06)


def test_the_second_decoder_keeps_to_the_sample_rate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import av

    def refuse(*_: Any, **__: Any) -> None:
        raise ValueError

    path = write(tmp_path / "a.flac", clock(30), 44_100, "FLAC", "PCM_16")
    monkeypatch.setattr(av, "open", refuse)
    for window in heard(path, sample_rate=22_050).windows:
        assert window.samples.shape == (1, 4 * 22_050)
        assert time_of(window.mono, 22_050) == pytest.approx(window.start + 2, abs=0.06)


def test_numbers_that_are_none_become_silence(tmp_path: Path) -> None:
    sound = tone(440, 3, 16_000)
    sound[100:200], sound[300], sound[301], sound[302] = np.nan, np.inf, -np.inf, 1e30
    path = write(tmp_path / "a.wav", sound, 16_000, "WAV", "FLOAT")
    samples = heard(path).windows[0].samples
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() <= 16
    assert rms(samples[0, 8_000:]) == pytest.approx(SINE_RMS, rel=0.01)


def test_silence_is_used(tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", np.zeros(64_000, np.float32), 16_000, "FLAC", "PCM_16")
    recording = heard(path)
    assert not recording.windows[0].samples.any()
    assert recording.problem is None


def test_a_file_cut_short_is_used_as_far_as_it_goes_and_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", clock(60), 44_100, "FLAC", "PCM_16")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    recording = heard(path)
    assert 1 <= len(recording.windows) < 5
    assert recording.problem is not None
    assert "of 5 parts" in recording.problem
    for window in recording.windows:
        middle = window.start + window.mono.size / 32_000
        assert time_of(window.mono) == pytest.approx(middle, abs=0.1)


HLS = b"""#EXTM3U
#EXT-X-VERSION:3
#EXT-X-TARGETDURATION:10
#EXTINF:10.0,
%s
#EXT-X-ENDLIST
"""
UNUSABLE = {
    "empty": (b"", "empty"),
    "text": (b"Dear diary, today I renamed a file.\n" * 50, "undecodable"),
    "zeros": (bytes(100_000), "undecodable"),
    "a RIFF of nothing": (b"RIFF\x24\x00\x00\x00WAVE", "undecodable"),
    "an Ogg page": (b"OggS" + bytes(60), "undecodable"),
    "an ID3 tag alone": (b"ID3\x04\x00\x00\x00\x00\x00\x0a" + bytes(10), "undecodable"),
}


@pytest.mark.parametrize("name", UNUSABLE)
@pytest.mark.parametrize("extension", ["mp3", "wav", "ogg"])
def test_what_is_no_music_is_refused(tmp_path: Path, name: str, extension: str) -> None:
    data, kind = UNUSABLE[name]
    path = tmp_path / f"a.{extension}"
    path.write_bytes(data)
    assert cause(path) == kind


def test_a_clip_too_short_to_hear_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", tone(440, 0.05), 44_100, "WAV", "PCM_16")
    assert cause(path) == "too-short"


@pytest.mark.parametrize(
    "text",
    [
        HLS % b"%s",
        b"ffconcat version 1.0\nfile '%s'\n",
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\n",
        b"#EXTM3U\n%s\n",
    ],
)
@pytest.mark.parametrize("extension", ["mp3", "m3u8", "ogg"])
def test_no_file_leads_to_another(tmp_path: Path, text: bytes, extension: str) -> None:
    """A playlist under a false name could have files and addresses opened."""
    target = write(tmp_path / "target.wav", tone(440, 3), 44_100, "WAV", "PCM_16")
    path = tmp_path / f"a.{extension}"
    path.write_bytes(text.replace(b"%s", os.fsencode(target)))
    assert cause(path) == "undecodable"


def test_a_tracker_module_under_a_false_name_is_refused(tmp_path: Path) -> None:
    module = b"a tune".ljust(20, b"\0") + bytes(30 * 31) + b"\x01\x7f" + bytes(128) + b"M.K."
    path = tmp_path / "a.ogg"
    path.write_bytes(module + bytes(1024) + bytes(range(256)) * 64)
    assert cause(path) == "undecodable"


def film(path: Path, *, codec: str = "mpeg4", attached: bool = False) -> Path:
    import av

    with av.open(path, "w") as container:
        pictures: Any = container.add_stream(codec, rate=10)
        pictures.width, pictures.height = 64, 64
        pictures.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        if attached:
            pictures.disposition = av.stream.Disposition.attached_pic
        sound: Any = container.add_stream("aac", rate=44_100)
        sound.layout = "mono"
        for _ in range(1 if attached else 20):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), "rgb24")
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode(None))
        given = av.AudioFrame.from_ndarray(tone(440, 2)[np.newaxis], "fltp", "mono")
        given.sample_rate = 44_100
        for part in av.AudioResampler(sound.format, "mono", 44_100, 1024).resample(given):
            container.mux(sound.encode(part))
        container.mux(sound.encode(None))
    return path


@pytest.mark.parametrize("extension", ["mp4", "mka"])
def test_a_film_is_refused_as_one(tmp_path: Path, extension: str) -> None:
    made = film(tmp_path / ("a.mkv" if extension == "mka" else "a.mp4"))
    path = made.rename(tmp_path / f"b.{extension}")
    assert cause(path) == "video"


def test_a_cover_picture_makes_no_film(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", codec="mjpeg", attached=True)
    assert frequency(heard(path).windows[0].mono) == pytest.approx(440, abs=2)


def test_pictures_alone_are_no_audio(tmp_path: Path) -> None:
    import av

    path = tmp_path / "a.mp4"
    with av.open(path, "w") as container:
        stream: Any = container.add_stream("mjpeg", rate=1)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuvj420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), "rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert cause(path) == "no-audio"


def test_a_missing_file(tmp_path: Path) -> None:
    assert cause(tmp_path / "gone.mp3") == "missing"


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EIO, errno.ELOOP])
def test_a_file_that_the_system_refuses(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("segue.audio.decode.open_regular", refuse)
    with pytest.raises(AudioError) as caught:
        decode(b"/a.mp3")
    assert caught.value.kind == "unreadable"
    refused = number in (errno.EACCES, errno.EPERM)
    assert ("permission" if refused else os.strerror(number)) in str(caught.value)


def test_a_folder_named_like_music(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").mkdir()
    assert cause(tmp_path / "a.mp3") == "unreadable"


def test_a_file_written_to_meanwhile(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", tone(440, 3), 44_100, "WAV", "PCM_16")

    def grow(_: float) -> list[tuple[float, float]]:
        with path.open("ab") as file:
            file.write(b"more")
        return [(0.0, 1.0)]

    with pytest.raises(AudioError) as caught:
        heard(path, place=grow)
    assert caught.value.kind == "changed"


def test_any_path_the_system_can_open(tmp_path: Path) -> None:
    names = [
        b"caf\xe9 \xff.wav",
        b"http:x.wav",
        b"a%03d.wav",
        b"-i.wav",
        b"a\nb.wav",
        b"x" * 251 + b".wav",
    ]
    sound = write(tmp_path / "a.wav", tone(440, 1), 44_100, "WAV", "PCM_16").read_bytes()
    for name in names:
        path = os.path.join(os.fsencode(tmp_path), name)
        with open(path, "wb") as file:
            file.write(sound)
        assert decode(path).duration == pytest.approx(1)


@pytest.fixture(scope="module")
def whole_files(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("whole")
    sound = melody(3, 4)[np.newaxis]
    files = []
    for name in ("wav 16", "flac", "vorbis", "mp3", "m4a aac", "wma"):
        extension, _, writer = FORMATS[name]
        writer(folder / f"a.{extension}", sound, 16_000)
        files.append((folder / f"a.{extension}").read_bytes())
    return files


@given(st.data())
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_damaged_files_are_used_or_refused(
    tmp_path: Path, whole_files: list[bytes], data: st.DataObject
) -> None:
    content = bytearray(data.draw(st.sampled_from(whole_files)))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1) | st.integers(0, 60))
        content[at : at + 3] = data.draw(st.binary(min_size=0, max_size=4))
    path = tmp_path / "a.mp3"
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    try:
        recording = heard(path)
    except AudioError:
        return
    assert 0 <= recording.duration < float("inf")
    for window in recording.windows:
        assert np.isfinite(window.samples).all()
        assert window.samples.shape[0] in (1, 2)
        assert window.samples.shape[1] >= 1_600
