from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from segue.audio import duplicates
from segue.audio.decode import decode
from segue.audio.duplicates import (
    RATE,
    audio_digest,
    beginning,
    candidates,
    correlation,
    find_duplicates,
    same_audio,
    windows_in_order,
)
from segue.audio.ear import Ear
from segue.audio.embedder import hear, unit


def noise(n: int = 8_000, seed: int = 0) -> NDArray[np.float32]:
    return (np.random.default_rng(seed).standard_normal(n) * 0.1).astype(np.float32)


def whole(duration: float) -> list[tuple[float, float]]:
    return [(0.0, duration)]


# Exact copies.


@pytest.mark.parametrize("kind", ["wav", "flac", "aiff", "au"])
def test_the_container_does_not_matter(tmp_path: Path, kind: str) -> None:
    samples = np.rint(noise() * 32_768).astype(np.int16)  # libsndfile rounds floats by format
    soundfile.write(tmp_path / "a.wav", samples, 16_000, subtype="PCM_16")
    other = tmp_path / f"b.{kind}"
    soundfile.write(other, samples, 16_000, subtype="PCM_16")
    first, second = (decode(os.fsencode(p), whole) for p in (tmp_path / "a.wav", other))
    digest = audio_digest(first.windows[0].samples)
    assert len(digest) == 64
    assert audio_digest(second.windows[0].samples) == digest


def test_tags_do_not_matter(tmp_path: Path) -> None:
    digests = []
    for name, tags in (("a.mp3", {}), ("b.mp3", {"title": "x" * 5_000, "artist": "y"})):
        with av.open(str(tmp_path / name), "w") as out:
            out.metadata.update(tags)
            stream: Any = out.add_stream("mp3", rate=16_000, layout="mono")
            frame = av.AudioFrame.from_ndarray(noise(32_000)[None], "fltp", "mono")
            frame.sample_rate = 16_000
            out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
        digests.append(audio_digest(decode(os.fsencode(tmp_path / name), whole).windows[0].samples))
    assert digests[0] == digests[1] != ""


def test_silence_at_the_ends_and_equal_channels_do_not_matter() -> None:
    samples = noise()
    digest = audio_digest(samples)
    assert audio_digest(np.pad(samples, (500, 70))) == digest
    assert audio_digest(np.stack([samples, samples])) == digest
    assert audio_digest(samples[None]) == digest
    # what rounds to the same 16 bits is the same
    rounded = np.rint(samples * 32_768) / 32_768
    assert audio_digest(rounded.astype(np.float32)) == digest


def test_what_is_heard_matters() -> None:
    samples = noise()
    other = samples.copy()
    other[4_000] += 1e-3
    silent = samples.copy()
    silent[4_000:4_100] = 0
    stretched = np.insert(samples, 4_000, 0.0)
    digests = {audio_digest(x) for x in (samples, other, silent, stretched, samples[:-1], -samples)}
    assert len(digests) == 6


def test_silence_has_no_digest() -> None:
    for shape in ((0,), (2, 100), (1, 0)):
        assert audio_digest(np.zeros(shape, np.float32)) == ""
    assert audio_digest(np.full(100, 1e-6, np.float32)) == ""


def test_full_scale_and_beyond_does_not_wrap_around() -> None:
    assert audio_digest(np.array([1.0, -1.0], np.float32)) == audio_digest(
        np.array([1.5, -3.0], np.float32)
    )


def test_copies_are_told_with_the_first() -> None:
    assert same_audio(["x", "y", "x", "", "y", "x", ""]) == [(0, 2), (1, 4), (0, 5)]
    assert same_audio([]) == []


# Near ones.


def directions(n: int, d: int = 40, seed: int = 0) -> NDArray[np.float32]:
    return unit(np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32))


def test_windows_are_compared_one_by_one() -> None:
    a, b = directions(5), directions(5, seed=1)
    both = windows_in_order(a) @ windows_in_order(b)
    assert both == pytest.approx((a * b).sum(axis=1).mean(), abs=1e-6)
    assert windows_in_order(a) @ windows_in_order(a[::-1].copy()) < 0.5
    assert windows_in_order(a).shape == (200,)


def test_short_recordings_have_fewer_windows() -> None:
    a = directions(2)
    assert windows_in_order(a) @ windows_in_order(a) == pytest.approx(1)
    assert windows_in_order(a).shape == (200,)


@pytest.mark.parametrize("at_once", [20_000_000, 1, 90])
def test_candidates_are_found_in_order_whatever_is_in_memory(
    monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(duplicates, "_AT_ONCE", at_once)
    vectors = directions(30, d=400)
    for copy, of in ((7, 3), (29, 3), (12, 11)):
        vectors[copy] = unit(vectors[of] + 0.3 * directions(1, d=400, seed=copy)[0])
    assert candidates(vectors, np.full(30, 30.0)) == [(3, 7), (3, 29), (7, 29), (11, 12)]


def test_durations_must_agree() -> None:
    vectors = np.repeat(directions(1), 3, axis=0)
    assert candidates(vectors, np.array([30.0, 32.0, 34.5])) == [(0, 1)]


def test_the_threshold_is_inclusive_and_given() -> None:
    vectors = np.array([[1, 0], [0.5, np.sqrt(0.75)]], dtype=np.float32)
    assert candidates(vectors, np.zeros(2), alike=0.5) == [(0, 1)]
    assert candidates(vectors, np.zeros(2), alike=0.51) == []


def test_nothing_has_no_duplicates() -> None:
    def listen(_: int) -> NDArray[np.float32]:
        pytest.fail("there is nothing to be listened to")

    assert find_duplicates(np.zeros((0, 5), dtype=np.float32), np.zeros(0), listen) == []
    assert find_duplicates(directions(1), np.zeros(1), listen) == []


def test_waveforms_decide() -> None:
    songs = [noise(seed=0), np.pad(noise(seed=0), (4_000, 0)) * 0.1, noise(seed=1)]
    asked = []

    def listen(position: int) -> NDArray[np.float32]:
        asked.append(position)
        return songs[position].astype(np.float32)

    vectors = np.repeat(directions(1), 3, axis=0)
    assert find_duplicates(vectors, np.full(3, 30.0), listen) == [(0, 1)]
    assert sorted(asked) == [0, 1, 2]  # each once


def test_correlation_is_blind_to_shift_level_and_sign() -> None:
    song = noise()
    assert correlation(song, song) == pytest.approx(1)
    assert correlation(song, -0.01 * song) == pytest.approx(1)
    assert correlation(np.pad(song, (0, 900)), np.pad(song, (900, 0))) == pytest.approx(1)
    assert correlation(song[1_000:], song[:-1_000]) == pytest.approx(7 / 8, abs=0.02)
    assert correlation(song, noise(seed=1)) < 0.1
    assert correlation(song, np.zeros(10, np.float32)) == 0
    assert correlation(song, np.zeros(0, np.float32)) == 0


def test_the_beginning_is_a_minute_at_most() -> None:
    assert beginning(30.0) == [(0.0, 30.0)]
    assert beginning(300.0) == [(0.0, 60.0)]


def recoded(path: Path, *, cut: float) -> bytes:
    """Return a clip without its first seconds, as MP3 at 64 kbit/s."""
    sound = decode(os.fsencode(path), whole, 44_100).windows[0].mono[int(cut * 44_100) :]
    raw = io.BytesIO()
    with av.open(raw, "w", format="mp3") as out:
        stream: Any = out.add_stream("mp3", rate=44_100, layout="mono")
        stream.bit_rate = 64_000
        frame = av.AudioFrame.from_ndarray(sound[None], "fltp", "mono")
        frame.sample_rate = 44_100
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return raw.getvalue()


def test_real_clips_are_found_again_and_strangers_are_not(
    shared: Path, ear_folder: Path, tmp_path: Path
) -> None:
    folder = shared / "data" / "moods4q"
    clips = sorted(folder.glob("*.opus"))[::225]
    paths = [folder / "MT0000523076.opus", folder / "MT0000941301.opus"]  # the same, unnoticed
    for i, clip in enumerate(clips):
        copy = tmp_path / f"{i}.mp3"
        copy.write_bytes(recoded(clip, cut=0.5))
        paths += [clip, copy]
    ear = Ear(ear_folder)
    vectors, durations = [], []
    for path in paths:
        recording = decode(os.fsencode(path))
        heard = hear(ear, [window.mono for window in recording.windows])
        vectors.append(windows_in_order(heard.windows))
        durations.append(recording.duration)

    def listen(position: int) -> NDArray[np.float32]:
        return decode(os.fsencode(paths[position]), beginning, RATE).windows[0].mono

    found = find_duplicates(np.stack(vectors), np.array(durations), listen)
    assert found == [(i, i + 1) for i in range(0, len(paths), 2)]
