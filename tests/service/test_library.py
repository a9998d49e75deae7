from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import segue
from segue.config import FILE_NAME
from segue.errors import LibraryError, NotFoundError, UsageError
from segue.service.library import Library, install_ear
from sounds import song


@pytest.fixture
def library(demo_library: Path, tmp_path: Path) -> Iterator[Library]:
    """Return a library that may be changed; its music may not."""
    shutil.copytree(demo_library, tmp_path / "library")
    with segue.open(tmp_path / "library") as library:
        yield library


def titles(library: Library) -> set[str]:
    return {track.title for track in library.tracks()}


def test_where_a_library_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGUE_HOME", str(tmp_path / "home"))
    with segue.open() as library:
        assert library.path == tmp_path / "home"
    with segue.open(tmp_path / "named") as library:
        assert library.path == tmp_path / "named"
    monkeypatch.setenv("HOME", str(tmp_path))
    with segue.open("~/tilde") as library:
        assert library.path == tmp_path / "tilde"
    monkeypatch.delenv("SEGUE_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with segue.open() as library:
        assert library.path.name == "library"
        assert tmp_path in library.path.parents


def test_tracks_come_in_the_order_of_their_ids(library: Library) -> None:
    ids = [track.id for track in library.tracks()]
    assert ids == sorted(set(ids))
    assert len(ids) == 40


def test_search_and_find(library: Library) -> None:
    track = library.search("hedgerow")[0]
    assert library.find("hedgrow") == library.find(track.id) == track
    assert library.search("qqqq zzzz") == []
    assert len(library.search("ines alder", limit=2)) == 2
    with pytest.raises(UsageError, match="limit is 0"):
        library.search("x", limit=0)
    with pytest.raises(NotFoundError):
        library.find("qqqq zzzz")


def test_find_does_not_take_a_file_outside(library: Library, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="not in the library; add it first"):
        library.find(song(tmp_path / "outside.flac"))


def test_forgetting_a_song_a_file_and_a_folder(library: Library, demo_music: Path) -> None:
    track, other = library.find("Hedgerow"), library.find("Old Mill Lane")
    assert track.path is not None
    assert other.path is not None
    assert library.forget("ines alder hedgerow") == [os.fsdecode(track.path)]
    with pytest.raises(NotFoundError):
        library.find(track.id)
    with pytest.raises(NotFoundError):
        library.forget(track.id)
    assert library.forget(os.fsdecode(other.path)) == [os.fsdecode(other.path)]
    assert not {"Hedgerow", other.title} & titles(library)
    assert library.forget(demo_music / "Halogen Twins")
    assert not any(track.artist == "Halogen Twins" for track in library.tracks())
    assert os.path.exists(os.fsdecode(track.path))  # the music itself is not touched
    assert len(library.forget(demo_music)) > 20
    assert library.status()["tracks"] == library.status()["files"] == 0
    assert library.status()["folders"] == []


@pytest.mark.parametrize("words", ["hedgrow", "ines alder", "hedge", "qqqq"])
def test_what_is_not_named_in_full_is_not_forgotten(library: Library, words: str) -> None:
    with pytest.raises(NotFoundError):
        library.forget(words)
    assert len(titles(library)) == 40


def test_forgetting_by_number_takes_no_file_of_that_name(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    song(tmp_path / "1")
    monkeypatch.chdir(tmp_path)
    assert len(library.forget(1)) == 1
    assert 1 not in [track.id for track in library.tracks()]


def test_what_was_forgotten_comes_back_under_a_new_number(tmp_path: Path, no_ear: None) -> None:
    assert no_ear is None
    song(tmp_path / "music" / "a.flac")
    with segue.open(tmp_path / "library") as library:
        library.add(tmp_path / "music", workers=1)
        assert len(library.forget("tester song a")) == 1
        assert library.add(workers=1).added == 1
        assert [track.id for track in library.tracks()] == [2]


def test_music_that_moved_as_a_whole_is_not_heard_again(tmp_path: Path, no_ear: None) -> None:
    assert no_ear is None
    for i in range(3):
        song(tmp_path / "old" / "in" / f"{i}.flac", seed=i)
    with segue.open(tmp_path / "library") as library:
        library.add(tmp_path / "old", workers=1)
        before = {track.title: track.id for track in library.tracks()}
        (tmp_path / "old").rename(tmp_path / "new disk")
        assert library.move(tmp_path / "old", tmp_path / "new disk") == 3
        report = library.add(workers=1)
        assert (report.unchanged, report.added, report.moved) == (3, 0, 0)
        assert {track.title: track.id for track in library.tracks()} == before
        assert all(os.path.exists(hit.path or "") for hit in library.similar(1, k=2))
        with pytest.raises(NotFoundError, match="no file at or below"):
            library.move(tmp_path / "old", tmp_path / "elsewhere")


def test_backup_and_restore(library: Library, tmp_path: Path) -> None:
    backup = tmp_path / "safe" / "backup.db"
    backup.parent.mkdir()
    library.backup(backup)
    assert [path.name for path in backup.parent.iterdir()] == ["backup.db"]
    before = titles(library)
    answer = [hit.id for hit in library.similar(2)]
    library.forget("Hedgerow")
    library.forget(1)
    library.restore(backup)
    assert titles(library) == before
    assert [hit.id for hit in library.similar(2)] == answer
    with segue.open(tmp_path / "another") as another:
        another.restore(backup)
        assert titles(another) == before


def test_a_backup_is_replaced_whole_or_not_at_all(library: Library, tmp_path: Path) -> None:
    backup = tmp_path / "backup.db"
    backup.touch()
    library.backup(backup)  # an older one
    library.backup(backup)
    with sqlite3.connect(backup) as connection:
        assert connection.execute("SELECT count(*) FROM track").fetchone() == (40,)
    connection.close()
    with pytest.raises(LibraryError):
        library.backup(tmp_path / "absent" / "backup.db")


def test_another_reader_works_on_while_a_backup_is_restored(
    library: Library, tmp_path: Path
) -> None:
    library.backup(tmp_path / "backup.db")
    with segue.open(library.path) as server:
        expected = [hit.id for hit in server.similar(2)]
        library.forget(expected[0])
        assert expected[0] not in [hit.id for hit in server.similar(2)]
        library.restore(tmp_path / "backup.db")
        assert [hit.id for hit in server.similar(2)] == expected


@pytest.mark.parametrize("content", [b"", b"Dear diary " * 100])
def test_what_is_no_backup_is_not_restored(
    library: Library, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "no-backup.db").write_bytes(content)
    for name in ("no-backup.db", "absent.db", "."):
        with pytest.raises(LibraryError):
            library.restore(tmp_path / name)
    assert len(titles(library)) == 40


CHANGES: dict[str, Callable[[Library], object]] = {
    "add": lambda library: library.add(library.path),
    "forget": lambda library: library.forget(1),
    "move": lambda library: library.move("/a", "/b"),
    "restore": lambda library: library.restore(library.path / FILE_NAME),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_read_only_library_answers_and_is_not_changed(
    demo_library: Path, tmp_path: Path, change: str
) -> None:
    with segue.open(demo_library, read_only=True) as library:
        assert library.read_only
        assert len(library.similar(1)) == 10
        assert library.status()["tracks"] == 40
        library.backup(tmp_path / "backup.db")
        with pytest.raises(LibraryError, match="cannot be written"):
            CHANGES[change](library)


def test_a_folder_that_cannot_be_written_is_opened_for_reading(
    library: Library, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    library.close()
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: access(path, mode) and not mode & os.W_OK)
    with segue.open(library.path) as opened:
        assert opened.read_only
        assert len(opened.similar(1)) == 10
        with pytest.raises(LibraryError, match="cannot be written"):
            opened.add(tmp_path)
    with pytest.raises(LibraryError, match="no library can be made"):
        segue.open(tmp_path / "new" / "library")


def test_reading_needs_a_library(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="no library"):
        segue.open(tmp_path / "absent", read_only=True)
    assert not (tmp_path / "absent").exists()


def test_threads_ask_one_library(library: Library) -> None:
    expected = {id_: [hit.id for hit in library.similar(id_)] for id_ in range(1, 9)}
    found: dict[int, list[int]] = {}

    def ask(id_: int) -> None:
        found[id_] = [hit.id for hit in library.similar(id_)]

    threads = [threading.Thread(target=ask, args=(id_,)) for id_ in expected]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected


def test_the_ear_is_not_fetched_again(ear_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segue.audio.ear.install", lambda *_, **__: pytest.fail("it was fetched"))
    assert install_ear() == ear_folder


def test_a_backup_never_overwrites_something_else(tmp_path: Path) -> None:
    song = tmp_path / "a.ogg"
    song.write_bytes(b"OggS music")
    with segue.open(tmp_path / "library") as library:
        for file in (song, ""):
            with pytest.raises(UsageError):
                library.backup(file)
    assert song.read_bytes() == b"OggS music"
