from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import segue
from libraries import command
from segue.audio.ear import NAME as EAR
from segue.config import EAR_VARIABLE, FILE_NAME
from segue.errors import LibraryError, UsageError
from segue.service.add import AddProgress, AddReport
from segue.service.library import Library
from sounds import melody, song, write


@pytest.fixture
def music(tmp_path: Path, no_ear: None) -> Path:
    """Return a folder with four songs, heard by plain descriptors."""
    assert no_ear is None
    folder = tmp_path / "music"
    for i in range(4):
        song(folder / f"{i}.flac", seed=i)
    return folder


@pytest.fixture
def library(tmp_path: Path, music: Path) -> Any:
    assert music
    with segue.open(tmp_path / "library") as library:
        yield library


def add(library: Library, *folders: Path, **options: Any) -> AddReport:
    return library.add(*folders, workers=1, **options)


def numbers(report: AddReport) -> dict[str, int]:
    """Return what an `add` did, leaving out what it did not do."""
    names = "added updated relistened unchanged moved back missing failed still_failing damaged"
    return {name: n for name in names.split() if (n := getattr(report, name))}


def ids(library: Library) -> dict[str, int]:
    return {track.title: track.id for track in library.tracks()}


def test_a_folder_and_again_and_everything_that_may_happen_to_it(
    library: Library, music: Path
) -> None:
    """One story, since each chapter needs the one before."""
    report = add(library, music)
    assert numbers(report) == {"added": 4}
    assert report.embedder == "plain/1"
    assert report.music_seconds == pytest.approx(12, abs=0.1)
    before = ids(library)
    assert sorted(before) == [f"Song {i}" for i in range(4)]

    assert numbers(add(library, music)) == {"unchanged": 4}
    assert numbers(add(library)) == {"unchanged": 4}  # the folders that were added before

    os.utime(music / "0.flac", (1, 1))
    assert numbers(add(library)) == {"unchanged": 4}

    song(music / "1.flac", seed=1, title="One anew", seconds=3.0)  # its tags were edited
    assert numbers(add(library)) == {"updated": 1, "unchanged": 3}
    assert ids(library)["One anew"] == before["Song 1"]

    (music / "in").mkdir()
    (music / "2.flac").rename(music / "in" / "two.ogg")
    assert numbers(add(library)) == {"moved": 1, "unchanged": 3}
    assert library.find(before["Song 2"]).path == os.fsencode(music / "in" / "two.ogg")

    shutil.copy(music / "3.flac", music / "copy.flac")
    assert numbers(add(library)) == {"added": 1, "unchanged": 4}
    assert library.status()["tracks"] == 4
    assert library.status()["files"] == 5

    kept = (music / "0.flac").read_bytes()
    (music / "0.flac").unlink()
    assert numbers(add(library)) == {"missing": 1, "unchanged": 4}
    assert "Song 0" not in ids(library)
    assert library.status()["missing"] == 1
    assert numbers(add(library)) == {"unchanged": 4}

    (music / "0.flac").write_bytes(kept)
    os.utime(music / "0.flac", (1, 1))
    assert numbers(add(library)) == {"back": 1, "unchanged": 4}
    assert ids(library)["Song 0"] == before["Song 0"]

    song(music / "3.flac", seed=33, title="Another", seconds=6.0)  # another song altogether
    assert numbers(add(library)) == {"updated": 1, "unchanged": 4}
    assert ids(library)["Another"] not in before.values()
    assert ids(library)["Song 3"] == before["Song 3"]  # the copy remains


def test_broken_files_are_recorded_and_the_run_goes_on(library: Library, music: Path) -> None:
    (music / "empty.mp3").write_bytes(b"")
    (music / "text.ogg").write_text("Dear diary " * 100)
    write(music / "short.wav", melody(1, 0.05), 16_000, "WAV", "PCM_16")
    half = song(music / "half.flac", seed=9, seconds=60)
    half.write_bytes(half.read_bytes()[: half.stat().st_size // 2])
    report = add(library, music)
    assert numbers(report) == {"added": 5, "failed": 3, "damaged": 1}
    problems = {Path(os.fsdecode(p.path)).name: p for p in library.problems()}
    assert {name: p.kind for name, p in problems.items()} == {
        "empty.mp3": "empty",
        "text.ogg": "undecodable",
        "short.wav": "too-short",
        "half.flac": "damaged",
    }
    assert problems["half.flac"].state == "ok"
    assert {Path(path).name for path, _ in report.problems} == {
        "empty.mp3",
        "text.ogg",
        "short.wav",
    }

    assert numbers(add(library)) == {"unchanged": 8, "still_failing": 3}
    song(music / "empty.mp3", seed=20)  # mended
    (music / "text.ogg").unlink()
    assert numbers(add(library)) == {"added": 1, "unchanged": 6, "still_failing": 1}
    assert {p.kind for p in library.problems()} == {"too-short", "damaged"}


def test_names_and_tags_in_any_bytes(library: Library, tmp_path: Path) -> None:
    folder = os.path.join(os.fsencode(tmp_path), b"od\xffd", b"caf\xe9 - \xe3\x81\x82")
    os.makedirs(folder)
    plain = write(tmp_path / "plain.wav", melody(5), 16_000, "WAV", "PCM_16")
    for name in (
        b"\xff\xfe.wav",
        b"01 - \x81\x82.wav",
        b"a\nb.wav",
        "光.wav".encode(),
        b"x" * 250 + b".wav",
    ):
        shutil.copyfile(plain, os.path.join(folder, name))
        with open(os.path.join(folder, name), "ab") as file:
            file.write(name)  # so that no two are equal
    report = library.add(os.fsdecode(os.path.join(os.fsencode(tmp_path), b"od\xffd")), workers=1)
    assert numbers(report) == {"added": 5}
    for track in library.tracks():
        assert track.title
        track.name.encode("utf-8")
        assert library.show(track.id)["title"] == track.title
    assert library.search("光")[0].path == os.path.join(folder, "光.wav".encode())


def test_progress_is_told_in_order(library: Library, music: Path) -> None:
    (music / "bad.mp3").write_bytes(b"junk")
    told: list[AddProgress] = []
    add(library, music, on_progress=told.append)
    assert [(p.phase, p.done, p.total) for p in told] == [
        ("scan", 0, 0),
        *(("listen", done, 5) for done in range(6)),
    ]
    assert told[-1].failed == 1
    assert told[-1].music_seconds == pytest.approx(12, abs=0.1)
    assert told[1].path == b""
    assert [os.path.basename(p.path) for p in told[2:]] == [
        b"0.flac", b"1.flac", b"2.flac", b"3.flac", b"bad.mp3",
    ]  # fmt: skip


def test_a_run_that_is_stopped_keeps_what_it_finished(library: Library, music: Path) -> None:
    def stop(state: AddProgress) -> None:
        if state.done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        add(library, music, on_progress=stop)
    assert len(ids(library)) == 2
    assert numbers(add(library, music)) == {"added": 2, "unchanged": 2}


def test_a_full_disk_stops_the_run_and_keeps_what_was_written(
    library: Library, music: Path, tmp_path: Path
) -> None:
    add(library, music)
    for i in range(40):
        song(music / "more" / f"{i}.flac", seed=100 + i, seconds=0.5)
    connection = library._catalog.database.connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 3}")
    with pytest.raises(LibraryError, match="is full"):
        add(library, music)
    kept = library.status()["tracks"]
    assert kept >= 4
    library.close()
    with segue.open(tmp_path / "library") as again:
        assert numbers(add(again, music)) == {"added": 44 - kept, "unchanged": kept}


@pytest.mark.parametrize("workers", [0, -1])
def test_wrong_use(library: Library, music: Path, workers: int) -> None:
    with pytest.raises(UsageError, match="expected at least 1"):
        library.add(music, workers=workers)
    with pytest.raises(UsageError, match="does not exist"):
        library.add(music / "absent")
    with pytest.raises(UsageError, match="no folder was added"):
        library.add()
    assert library.status()["folders"] == []


def test_a_single_file_can_be_added(library: Library, music: Path) -> None:
    assert numbers(add(library, music / "1.flac")) == {"added": 1}
    assert numbers(add(library)) == {"unchanged": 1}


def test_an_unplugged_disk_is_left_as_it_is(library: Library, music: Path, tmp_path: Path) -> None:
    add(library, music)
    song(tmp_path / "other" / "x.flac", seed=50)
    add(library, tmp_path / "other")
    music.rename(tmp_path / "unplugged")
    assert numbers(add(library)) == {"unchanged": 1}
    assert library.status()["files"] == 5
    assert library.problems() == []


def rows(library: Path) -> int:
    """Return how many tracks another process has written so far."""
    path = library / FILE_NAME
    if not path.exists():
        return 0
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=30)) as connection:
        try:
            return int(connection.execute("SELECT count(*) FROM track").fetchone()[0])
        except sqlite3.OperationalError:
            return 0  # it is just being made


def until(condition: Callable[[], bool]) -> None:
    """Wait for what must come, as long as a slow machine may need."""
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail("it did not come")


@pytest.mark.skipif(os.name != "posix", reason="signals are sent")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_nothing_finished_is_lost_when_the_process_is_stopped(
    tmp_path: Path, demo_music: Path, no_ear: None, number: int, status: int
) -> None:
    assert no_ear is None
    music = tmp_path / "music"
    for copy in range(3):  # enough to be at for a while, each file with a content of its own
        for i, piece in enumerate(sorted(demo_music.rglob("*.flac"))):
            path = music / str(copy) / f"{i}.flac"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(piece.read_bytes() + bytes([copy]))
    home = tmp_path / "library"
    running = command("add", music, "--library", home, "--workers", "1")
    until(lambda: rows(home) > 0)
    running.send_signal(number)
    _, said = running.communicate()
    assert running.returncode == status
    assert "Traceback" not in said
    kept = rows(home)
    assert 0 < kept < 120
    with segue.open(home) as library:
        report = add(library, music)
        assert numbers(report) == {"added": 120 - kept, "unchanged": kept}
        state = library.status()
        assert state["tracks"] == state["files"] == state["vectors"] == 120


def test_two_at_once_do_not_double_anything(tmp_path: Path, music: Path) -> None:
    for i in range(4, 12):
        song(music / f"{i}.flac", seed=i)
    home = tmp_path / "library"
    running = [command("add", music, "--library", home, "--workers", "1") for _ in range(2)]
    outputs = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0, 0], outputs
    assert sorted("12 added" in out for out, _ in outputs) == [False, True]
    assert sorted("12 unchanged" in out for out, _ in outputs) == [False, True]
    with segue.open(home) as library:
        state = library.status()
        assert state["tracks"] == state["files"] == state["vectors"] == 12


def test_when_the_ear_arrives_songs_are_heard_again_and_answers_go_on(
    tmp_path: Path, music: Path, ear_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with segue.open(tmp_path / "library") as library:
        add(library, music)
        assert library.words() == {}
        plain = library.similar(1, k=2)
        assert plain.embedder == "plain/1"
    monkeypatch.setenv(EAR_VARIABLE, str(ear_folder))
    answers = []
    with segue.open(tmp_path / "library") as library:
        assert library.similar(1, k=2).embedder == "plain/1"
        song(music / "new.flac", seed=70)

        def ask(_: AddProgress) -> None:
            answers.append(library.similar(1, k=2).embedder)

        report = add(library, music, on_progress=ask)
        assert numbers(report) == {"added": 1, "relistened": 4, "unchanged": 4}
        assert set(answers) == {"plain/1"}  # all of them are written in one go, at the end
        assert library.similar(1, k=2).embedder == f"{EAR}/1"
        assert [e["name"] for e in library.status()["embedders"]] == [EAR]
        assert library.status()["vectors"] == 5
        assert library.words()
        assert numbers(add(library)) == {"unchanged": 5}

    # Without the ear, new songs get plain vectors, and the others keep what the ear heard.
    monkeypatch.setenv(EAR_VARIABLE, str(tmp_path / "no-ear"))
    with segue.open(tmp_path / "library") as library:
        song(music / "newer.flac", seed=71)
        assert numbers(add(library)) == {"added": 1, "unchanged": 5}
        assert {e["name"]: e["tracks"] for e in library.status()["embedders"]} == {
            EAR: 5,
            "plain": 1,
        }
        assert library.similar(1, k=2).embedder == f"{EAR}/1"
        assert library.words()
    monkeypatch.setenv(EAR_VARIABLE, str(ear_folder))
    with segue.open(tmp_path / "library") as library:
        assert numbers(add(library)) == {"relistened": 1, "unchanged": 6}
        assert [e["name"] for e in library.status()["embedders"]] == [EAR]


def test_the_number_of_workers_does_not_change_what_is_heard(
    tmp_path: Path, music: Path, library: Library
) -> None:
    library.add(music, workers=1)
    with segue.open(tmp_path / "other") as other:
        other.add(music, workers=3)
        (embedder,) = other._catalog.vectors.embedders()
        one, two = (lib._catalog.vectors.matrix(embedder)[1] for lib in (library, other))
        np.testing.assert_array_equal(one, two)
        assert ids(library) == ids(other)
