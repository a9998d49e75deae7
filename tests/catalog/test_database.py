from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from records import analysis
from segue.catalog import database as module
from segue.catalog.catalog import Catalog
from segue.catalog.database import Database
from segue.catalog.landmarks import Landmarks
from segue.catalog.schema import APPLICATION_ID, MIGRATIONS
from segue.config import FILE_NAME
from segue.errors import LibraryError

# A library of format 1: two songs with vectors, words, lyrics and a failed file. Never made anew,
# but its pages were made small.
OLD = Path(__file__).parent / "data" / "v1.db"
SECOND = OLD.with_name("v2.db")  # of format 2: the same, with the songs in their places

TABLES = {"track", "file", "root", "vector", "embedder", "word", "descriptors", "song_text"}


def old_library(path: Path, old: Path = OLD) -> Path:
    """Write the old library as it was, in pages of the usual size."""
    shutil.copy(old, path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA page_size = 4096")
    connection.execute("VACUUM")
    connection.close()
    return path


def tables(database: Database) -> set[str]:
    return {name for (name,) in database.query("SELECT name FROM sqlite_master")}


def version(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    finally:
        connection.close()


def test_a_new_file_has_the_newest_format(tmp_path: Path) -> None:
    database = Database(tmp_path / "in" / "a folder" / FILE_NAME)
    assert tables(database) >= TABLES
    assert database.query_one("PRAGMA application_id")[0] == APPLICATION_ID
    assert database.query_one("PRAGMA journal_mode")[0] == "wal"
    database.close()
    assert version(tmp_path / "in" / "a folder" / FILE_NAME) == len(MIGRATIONS)


def test_a_library_of_the_first_format_can_be_used(tmp_path: Path) -> None:
    old_library(tmp_path / FILE_NAME)
    catalog = Catalog(tmp_path)
    assert catalog.has_old_tracks()
    catalog.place_old_tracks()
    assert not catalog.has_old_tracks()
    first, second = sorted(catalog.tracks.present())
    tracks = catalog.tracks.get([first, second])
    assert [tracks[first].name, tracks[second].name] == ["Björk - Jóga", "宇多田ヒカル - 光"]
    assert [id_ for id_, _ in catalog.search("joga", 5)] == [first]
    (embedder,) = catalog.vectors.embedders()
    ids, vectors = catalog.vectors.matrix(embedder)
    assert ids.tolist() == [first, second]
    assert vectors.shape == (2, 8)
    assert catalog.tracks.words([first])[first] == {"electronic": 1.5}
    assert catalog.tracks.details(second)["lyrics"] == "どんな時だって"
    assert [problem.kind for problem in catalog.files.problems()] == ["empty"]
    catalog.write([analysis(b"/new.flac", "New")])
    assert len(catalog.tracks.present()) == 3
    catalog.close()
    assert version(tmp_path / FILE_NAME) == len(MIGRATIONS)


def test_a_library_of_the_second_format_can_be_used(tmp_path: Path) -> None:
    old_library(tmp_path / FILE_NAME, SECOND)
    assert version(tmp_path / FILE_NAME) == 2
    catalog = Catalog(tmp_path)
    assert not catalog.has_old_tracks()
    assert tables(catalog.database) >= {"landmark", "genre_guess"}
    first, second = sorted(catalog.tracks.present())
    assert [id_ for id_, _ in catalog.search("joga", 5)] == [first]
    assert catalog.tracks.get([second])[second].title == "光"
    landmarks = Landmarks(catalog.database, 1)
    assert [id_ for id_, _ in landmarks.lacking()] == [second, first]
    with catalog.database.transaction() as connection:
        connection.execute("INSERT INTO genre_guess VALUES (?, 'probe', NULL, 0.2, 1.0)", (first,))
    catalog.forget([catalog.files.of_track(first)[0].id])
    assert catalog.database.query("SELECT * FROM genre_guess") == []
    catalog.close()
    assert version(tmp_path / FILE_NAME) == len(MIGRATIONS)


def later(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    monkeypatch.setattr(module, "MIGRATIONS", (*MIGRATIONS, script))


def test_a_later_migration_is_applied_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old_library(tmp_path / FILE_NAME)
    later(monkeypatch, "CREATE TABLE extra (x);\nINSERT INTO extra\n  VALUES (1);\n")
    for _ in range(2):
        database = Database(tmp_path / FILE_NAME)
        assert database.query("SELECT x FROM extra") == [(1,)]
        database.close()
    assert version(tmp_path / FILE_NAME) == len(MIGRATIONS) + 1


def test_a_migration_that_fails_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_library(tmp_path / FILE_NAME)
    later(monkeypatch, "CREATE TABLE extra (x);\nINSERT INTO nowhere VALUES (1);\n")
    with pytest.raises(LibraryError, match="nowhere"):
        Database(tmp_path / FILE_NAME)
    monkeypatch.undo()
    database = Database(tmp_path / FILE_NAME)
    assert "extra" not in tables(database)
    assert version(tmp_path / FILE_NAME) == len(MIGRATIONS)
    database.close()


def test_a_newer_format_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    old_library(path)
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    before = path.read_bytes()
    for read_only in (False, True):
        with pytest.raises(LibraryError, match="newer Segue"):
            Database(path, read_only=read_only)
    after = path.read_bytes()
    assert after[100:] == before[100:]  # the header's counters may change when WAL is set


def test_an_older_format_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_library(tmp_path / FILE_NAME)
    later(monkeypatch, "CREATE TABLE extra (x);")
    with pytest.raises(LibraryError, match="older format"):
        Database(tmp_path / FILE_NAME, read_only=True)


def test_another_programs_database_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    with pytest.raises(LibraryError, match="another program"):
        Database(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]
    connection.close()


@pytest.mark.parametrize("data", [b"no database, " * 100, bytes(5000), OLD.read_bytes()[:9_000]])
def test_a_damaged_file_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(data)
    with pytest.raises(LibraryError):
        Catalog(tmp_path).tracks.get(Catalog(tmp_path).tracks.present())


def test_a_folder_that_cannot_be_made_or_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LibraryError, match="cannot be"):
        Database(tmp_path / "file" / FILE_NAME)
    with pytest.raises(LibraryError, match="no library"):
        Database(tmp_path / "absent" / FILE_NAME, read_only=True)
    assert not (tmp_path / "absent").exists()


def test_what_is_read_only_cannot_be_written(tmp_path: Path) -> None:
    Catalog(tmp_path).close()
    catalog = Catalog(tmp_path, read_only=True)
    with pytest.raises(LibraryError, match="cannot be written"):
        catalog.write([analysis(b"/a.flac")])


def test_a_transaction_that_raises_leaves_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path / FILE_NAME)

    def stop() -> None:
        with database.transaction() as connection:
            connection.execute("INSERT INTO track (title) VALUES ('x')")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert database.query_one("SELECT count(*) FROM track") == (0,)
    with database.transaction() as connection:
        connection.execute("INSERT INTO track (title) VALUES ('y')")
    assert database.query("SELECT title FROM track") == [("y",)]
    database.close()


def test_threads_write_and_read_at_once(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for i in range(25):
                catalog.write([analysis(f"/{number}/{i}.flac".encode(), f"Song {number} {i}")])
                assert catalog.search(f"song {number} {i}", 3)
                assert len(catalog.tracks.present()) > i
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert catalog.counts()["tracks"] == catalog.counts()["files"] == 100
    catalog.close()


WRITER = """
import sys
from pathlib import Path
from records import analysis
from segue.catalog.catalog import Catalog
catalog = Catalog(Path(sys.argv[1]))
for i in range(60):
    catalog.write([analysis(f"/{sys.argv[2]}/{i}.flac".encode(), "Song")])
"""


def test_processes_write_at_once_into_a_library_that_is_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    running = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / "new"), str(number)],
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    assert [process.communicate()[1] for process in running] == ["", ""]
    catalog = Catalog(tmp_path / "new")
    assert catalog.counts()["tracks"] == 120
    assert len(set(catalog.tracks.present())) == 120
    assert catalog.vectors.changes()[1] >= 120
    catalog.close()


def test_a_full_disk_loses_nothing_that_was_written(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    catalog.write([analysis(b"/kept.flac", "Kept")])
    connection = catalog.database.connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    batch = [analysis(f"/{i}.flac".encode(), f"Song {i}", lyrics="la " * 500) for i in range(50)]
    with pytest.raises(LibraryError, match=r"disk .* is full; free some space"):
        catalog.write(batch)
    assert catalog.counts()["tracks"] == 1
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.execute("PRAGMA max_page_count = 100000")
    assert None not in catalog.write(batch)
    assert catalog.counts()["tracks"] == 51
    catalog.close()


def test_a_copy_is_whole_and_one_file(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "one")
    catalog.write([analysis(b"/a.flac", "Copied")])
    with catalog.database.transaction() as connection:  # a writer is at work meanwhile
        connection.execute("INSERT INTO track (title) VALUES ('not yet')")
        reader = Catalog(tmp_path / "one", read_only=True)
        (tmp_path / "two").mkdir()
        reader.database.copy_to(tmp_path / "two" / FILE_NAME)
        reader.close()
    catalog.close()
    assert [path.name for path in (tmp_path / "two").iterdir()] == [FILE_NAME]
    copy = Catalog(tmp_path / "two")
    assert [track.title for track in copy.tracks.get([1, 2]).values()] == ["Copied"]
    copy.close()


def test_taking_over_another_file(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "library")
    catalog.write([analysis(b"/a.flac", "Mine")])
    changes = catalog.vectors.changes()
    catalog.replace_with(old_library(tmp_path / "old.db"))
    assert len(catalog.tracks.present()) == 2
    assert catalog.vectors.changes()[1] > changes[1]  # what was derived of the old is stale
    catalog.close()


@pytest.mark.parametrize("kind", ["text", "foreign", "cut", "newer"])
def test_what_is_no_backup_changes_nothing(tmp_path: Path, kind: str) -> None:
    source = tmp_path / "source.db"
    if kind == "text":
        source.write_text("Dear diary" * 1000)
    elif kind == "cut":
        source.write_bytes(OLD.read_bytes()[: OLD.stat().st_size // 2])
    else:
        if kind == "newer":
            old_library(source)
        with sqlite3.connect(source) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS extra (x)")
            connection.execute("PRAGMA user_version = 99")
        connection.close()
    catalog = Catalog(tmp_path / "library")
    catalog.write([analysis(b"/a.flac", "Mine")])
    with pytest.raises(LibraryError):
        catalog.replace_with(source)
    assert [track.title for track in catalog.tracks.get([1]).values()] == ["Mine"]
    assert catalog.database.query_one("PRAGMA integrity_check") == ("ok",)
    catalog.close()
