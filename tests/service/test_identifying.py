from __future__ import annotations

import functools
import json
import os
import shutil
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import segue
from libraries import command
from segue.audio.decode import decode
from segue.audio.demo import PIECES, Piece, render
from segue.audio.landmarks import SAMPLE_RATE, VERSION, Peaks
from segue.catalog.landmarks import Landmarks
from segue.config import EAR_VARIABLE, FILE_NAME
from segue.errors import AudioError, LibraryError, NotFoundError, UsageError
from segue.models.artifact import load_artifact
from segue.service import landmark_listening, landmark_search
from segue.service.add import AddProgress
from segue.service.landmark_listening import hear_song
from segue.service.landmark_search import is_certain
from segue.service.library import Library
from sounds import encode, melody, write

RATE = 22_050
INSIDE, OUTSIDE = PIECES[::5], PIECES[2::10]


@functools.cache
def played(piece: Piece) -> NDArray[np.float32]:
    return render(piece, RATE)


def cut(
    path: Path, number: int, begin: float, seconds: float = 5.0, ratio: float | None = None
) -> Path:
    """Write a cut of one of the library's songs, with noise so many dB below it."""
    samples = played((*INSIDE, *OUTSIDE)[number])[
        :, round(begin * RATE) : round((begin + seconds) * RATE)
    ]
    if ratio is not None:
        noise = np.random.default_rng(number).standard_normal(samples.shape)
        samples = samples + noise * np.sqrt(np.mean(samples**2) / 10 ** (ratio / 10))
    if path.suffix == ".mp3":
        return encode(path, samples.astype(np.float32), RATE, "libmp3lame", bit_rate=64_000)
    return write(path, samples.astype(np.float32), RATE, "FLAC", "PCM_16")


def off(at: float, begin: float, piece: Piece) -> float:
    """Return by how much a place is wrong; the pieces may repeat themselves bar for bar."""
    bar = 60 / piece.tempo * (3 if piece.style == "waltz" else 4)
    return abs((at - begin + bar / 2) % bar - bar / 2)


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a library, its music beside it, that has added eight songs and listened to them."""
    base = tmp_path_factory.mktemp("identify")
    for piece in INSIDE:
        path = base / "music" / f"{piece.title}.flac"
        write(path, played(piece), RATE, "FLAC", "PCM_16", title=piece.title)
    clip = cut(base / "clip.flac", 0, 3.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(EAR_VARIABLE, str(base / "no-ear"))
        with segue.open(base / "library") as library:
            library.add(base / "music", workers=1)
            library.identify(clip, workers=1)
    return base / "library"


@pytest.fixture
def library(heard: Path, tmp_path: Path, no_ear: None) -> Iterator[Library]:
    """Return a copy of it."""
    assert no_ear is None
    shutil.copytree(heard, tmp_path / "library")
    with segue.open(tmp_path / "library") as library:
        yield library


@pytest.fixture
def unheard(library: Library) -> Library:
    """Return one that has added its songs and not listened to them yet."""
    with library._catalog.database.transaction() as connection:
        connection.execute("DELETE FROM landmark")
    return library


def landmarks(library: Library) -> Landmarks:
    return Landmarks(library._catalog.database, VERSION)


@pytest.mark.parametrize("number", range(len(INSIDE)))
@pytest.mark.parametrize(("name", "ratio"), [("a.flac", None), ("b.flac", 10), ("c.mp3", None)])
def test_a_cut_is_found_in_its_song(
    library: Library, tmp_path: Path, number: int, name: str, ratio: float | None
) -> None:
    begin = 2.345 + number
    found = library.identify(cut(tmp_path / name, number, begin, ratio=ratio))
    (match,) = found.matches
    assert match.track.title == INSIDE[number].title
    assert off(match.at, begin, INSIDE[number]) < 0.1
    assert 0 < match.matched <= match.of
    assert found.songs == len(INSIDE)
    assert found.seconds == pytest.approx(5, abs=0.1)
    assert found.unheard == ()


@pytest.mark.parametrize(
    ("matched", "of", "certain"),
    [
        (9, 9, False),
        (10, 10, True),
        (14, 20, True),
        (12, 20, False),
        (23, 38, False),
        (37, 110, False),
        (41, 285, False),
        (50, 140, True),
        (80, 330, True),
    ],
)
def test_what_is_certain(matched: int, of: int, certain: bool) -> None:
    assert is_certain(matched, of) == certain


@pytest.mark.parametrize("number", range(len(OUTSIDE)))
@pytest.mark.parametrize("ratio", [None, 10])
def test_a_stranger_is_not_found(
    library: Library, tmp_path: Path, number: int, ratio: float | None
) -> None:
    clip = cut(tmp_path / "clip.flac", len(INSIDE) + number, 6.0, 10.0, ratio)
    assert library.identify(clip).matches == ()


@pytest.mark.parametrize(
    "samples", [np.zeros(5 * RATE, np.float32), melody(1, 0.2, RATE), np.full(RATE, 0.5, "f4")]
)
def test_what_has_nothing_to_know_it_by_is_not_found(
    library: Library, tmp_path: Path, samples: Any
) -> None:
    clip = write(tmp_path / "clip.flac", samples, RATE, "FLAC", "PCM_16")
    assert library.identify(clip).matches == ()


def test_the_answer_as_json(library: Library, tmp_path: Path) -> None:
    found = library.identify(cut(tmp_path / "clip.flac", 1, 4.0)).to_json()
    assert json.loads(json.dumps(found)) == found
    (match,) = found["matches"]
    assert match["title"] == INSIDE[1].title
    assert off(match["at"], 4, INSIDE[1]) < 0.1
    assert match["matched"] <= match["of"]
    assert (found["songs"], found["unheard"], found["schema"]) == (len(INSIDE), [], 1)


def test_a_recording_that_is_there_twice(library: Library, tmp_path: Path) -> None:
    piece = INSIDE[0]
    again = tmp_path / "more" / "again.ogg"
    write(again, played(piece), RATE, "OGG", "VORBIS", title="Again")
    library.add(again, workers=1)
    clip = cut(tmp_path / "clip.flac", 0, 5.0)
    found = library.identify(clip, workers=1)
    assert {match.track.title for match in found.matches} == {piece.title, "Again"}
    assert all(off(match.at, 5, piece) < 0.1 for match in found.matches)
    assert len(library.identify(clip, k=1).matches) == 1


def test_each_song_is_listened_to_once(unheard: Library, tmp_path: Path) -> None:
    clip = cut(tmp_path / "clip.flac", 2, 5.0)
    told: list[AddProgress] = []
    unheard.identify(clip, workers=1, on_progress=told.append)
    assert [state.done for state in told] == list(range(len(INSIDE) + 1))
    assert {state.total for state in told} == {len(INSIDE)}
    assert told[-1].music_seconds == pytest.approx(sum(p.seconds for p in INSIDE), abs=2)
    told.clear()
    unheard.identify(clip, workers=1, on_progress=told.append)
    assert told == []


def test_a_broken_song_is_told_once_and_passed_over(unheard: Library, tmp_path: Path) -> None:
    music = {Path(os.fsdecode(track.path or b"")): track for track in unheard.tracks()}
    broken, gone = sorted(music)[:2]
    kept = {path: path.read_bytes() for path in (broken, gone)}
    clip = cut(tmp_path / "clip.flac", 3, 5.0)
    try:
        broken.write_bytes(b"no music at all" * 1000)
        gone.unlink()
        found = unheard.identify(clip, workers=1)
        assert [path for path, _ in found.unheard] == [str(broken)]
        assert found.to_json()["unheard"][0]["message"]
        assert unheard.identify(clip, workers=1).unheard == ()
        assert list(landmarks(unheard).problems()) == [music[broken].id]
        assert [id_ for id_, _ in landmarks(unheard).lacking()] == [music[gone].id]
    finally:
        for path, content in kept.items():
            path.write_bytes(content)
    unheard.identify(clip, workers=1)
    assert landmarks(unheard).lacking() == []


def test_a_song_that_is_forgotten_is_not_found(library: Library, tmp_path: Path) -> None:
    clip = cut(tmp_path / "clip.flac", 4, 5.0)
    (match,) = library.identify(clip).matches
    library.forget(match.track.id)
    assert library.identify(clip).matches == ()


def test_what_cannot_be_asked(library: Library, tmp_path: Path) -> None:
    clip = cut(tmp_path / "clip.flac", 0, 5.0)
    with pytest.raises(UsageError, match="k is 0"):
        library.identify(clip, k=0)
    with pytest.raises(AudioError, match="gone"):
        library.identify(tmp_path / "nothing.flac")
    for name in ("a\0b", "\ud800"):
        with pytest.raises(UsageError, match="is no path"):
            library.identify(name)
    (tmp_path / "text.flac").write_text("no music")
    with pytest.raises(AudioError):
        library.identify(tmp_path / "text.flac")
    with pytest.raises(AudioError):
        library.identify(tmp_path)
    with segue.open(tmp_path / "empty") as empty, pytest.raises(NotFoundError, match="empty"):
        empty.identify(clip)


def test_workers_below_one_make_no_sense(unheard: Library, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="workers is 0"):
        unheard.identify(cut(tmp_path / "clip.flac", 0, 5.0), workers=0)


def test_a_library_that_cannot_be_written(unheard: Library, heard: Path, tmp_path: Path) -> None:
    clip = cut(tmp_path / "clip.flac", 5, 5.0)
    with (
        segue.open(unheard.path, read_only=True) as library,
        pytest.raises(LibraryError, match="cannot be written"),
    ):
        library.identify(clip)
    with segue.open(heard, read_only=True) as library:
        assert len(library.identify(clip).matches) == 1


def titles(library: Library, tmp_path: Path) -> list[str]:
    """Return what a cut of each song is identified as."""
    found = []
    for number in range(len(INSIDE)):
        clip = cut(tmp_path / f"{number}.flac", number, 5.0)
        found += [match.track.title for match in library.identify(clip, workers=1).matches]
    return found


def test_the_index_is_kept_and_follows_the_library(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landmark_search, "_STORED_FROM", 1)
    monkeypatch.setattr(landmark_search, "_OFF", 0.3)
    expected = [piece.title for piece in INSIDE]
    assert titles(library, tmp_path) == expected
    cache = library.path / "cache"
    first = load_artifact(cache, "landmarks").folder
    with segue.open(library.path) as again:
        assert titles(again, tmp_path) == expected
        assert load_artifact(cache, "landmarks").folder == first
        again.forget(INSIDE[0].title)  # one of eight: the index goes on
        assert titles(again, tmp_path) == expected[1:]
        assert load_artifact(cache, "landmarks").folder == first
        with again._catalog.database.transaction() as connection:
            connection.execute("DELETE FROM landmark WHERE track_id = 2")
        assert titles(again, tmp_path) == expected[1:]  # one was heard again: beside the index
        assert load_artifact(cache, "landmarks").folder == first
        for piece in INSIDE[1:4]:
            again.forget(piece.title)
        assert titles(again, tmp_path) == expected[4:]
        assert load_artifact(cache, "landmarks").folder != first


@pytest.mark.parametrize("name", ["places.npy", "starts.npy", "tracks.npy", "model.json"])
def test_an_index_that_is_damaged_is_made_again(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(landmark_search, "_STORED_FROM", 1)
    clip = cut(tmp_path / "clip.flac", 6, 5.0)
    library.identify(clip)
    file = load_artifact(library.path / "cache", "landmarks").folder / name
    whole = file.read_bytes()
    for damage in (b"", b"{}", whole[: len(whole) // 2]):
        file = load_artifact(library.path / "cache", "landmarks").folder / name
        file.write_bytes(damage)
        with segue.open(library.path) as again:
            assert len(again.identify(clip).matches) == 1


def test_long_music_is_heard_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "long.flac", played(INSIDE[0]), RATE, "FLAC", "PCM_16")
    whole = hear_song(os.fsencode(path))
    monkeypatch.setattr(landmark_listening, "_PART_FRAMES", 250)
    monkeypatch.setattr(landmark_listening, "_PART_SECONDS", 8.0)
    parts = hear_song(os.fsencode(path))
    assert parts.seconds == whole.seconds
    assert shared(parts.peaks, whole.peaks) > 0.9


def shared(some: Peaks, others: Peaks) -> float:
    return float(np.isin(some, others).mean())


def test_music_that_is_cut_short_is_heard_as_far_as_it_goes(tmp_path: Path) -> None:
    path = write(tmp_path / "whole.flac", played(INSIDE[0]), RATE, "FLAC", "PCM_16")
    whole = hear_song(os.fsencode(path))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    half = hear_song(os.fsencode(path))
    assert 0.3 < len(half.peaks) / len(whole.peaks) < 0.7
    assert shared(half.peaks, whole.peaks) > 0.9


def heard_in(home: Path) -> int:
    try:
        with closing(sqlite3.connect(f"file:{home / FILE_NAME}?mode=ro", uri=True)) as database:
            return int(database.execute("SELECT count(*) FROM landmark").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


@pytest.mark.skipif(os.name != "posix", reason="signals are sent")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_an_interrupted_run_goes_on_where_it_was(
    library: Library, tmp_path: Path, number: int, status: int
) -> None:
    for i in range(16):
        write(tmp_path / "more" / f"{i}.flac", melody(i, 60, RATE), RATE, "FLAC", "PCM_16")
    library.add(tmp_path / "more", workers=1)
    clip = cut(tmp_path / "clip.flac", 0, 5.0)
    running = command("identify", clip, "--library", library.path)
    before = heard_in(library.path)
    deadline = time.monotonic() + 60
    while heard_in(library.path) == before and time.monotonic() < deadline:
        time.sleep(0.005)
    running.send_signal(number)
    _, said = running.communicate()
    assert running.returncode == status
    assert "Traceback" not in said
    kept = heard_in(library.path)
    assert before < kept < before + 16
    told: list[AddProgress] = []
    assert len(library.identify(clip, workers=1, on_progress=told.append).matches) == 1
    assert told[-1].total == before + 16 - kept
    assert heard_in(library.path) == before + 16


def test_two_at_once_listen_to_each_song_once(unheard: Library, tmp_path: Path) -> None:
    clip = cut(tmp_path / "clip.flac", 0, 5.0)
    running = [command("identify", clip, "--library", unheard.path, "--json") for _ in range(2)]
    outputs = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0, 0], outputs
    answers = [json.loads(out) for out, _ in outputs]
    assert answers[0] == answers[1]
    assert heard_in(unheard.path) == len(INSIDE)


def test_a_clip_is_no_more_than_its_first_minute(library: Library, tmp_path: Path) -> None:
    long = np.concatenate([played(INSIDE[7])[0], *(melody(i, 60, RATE) for i in (1, 2))])
    clip = write(tmp_path / "long.flac", long, RATE, "FLAC", "PCM_16")
    found = library.identify(clip)
    assert found.seconds == pytest.approx(60, abs=0.1)
    assert decode(os.fsencode(clip), sample_rate=SAMPLE_RATE).duration > 100
    assert [match.track.title for match in found.matches] == [INSIDE[7].title]
