from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from records import analysis
from segue.catalog.catalog import Catalog
from segue.catalog.records import FileStamp
from segue.service.scan import Plan, scan
from segue.sources.fingerprint import fingerprint


class Folder:
    """A music folder beside a catalogue; what its files hold does not matter to a scan."""

    def __init__(self, root: Path, catalog: Catalog) -> None:
        self.root = root
        self.catalog = catalog

    def put(self, name: str, content: bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, ns=(0, 10**18))
        return path

    def settle(self, failing: frozenset[str] = frozenset(), kind: str = "empty") -> None:
        """Record every file that a scan wants, as if it had been heard or had failed."""
        for stamp in self.scan().todo:
            if os.fsdecode(stamp.path).rpartition("/")[2] in failing:
                self.catalog.write([(stamp, kind, "made to fail")])
            else:
                self.catalog.write(
                    [
                        analysis(
                            stamp.path,
                            content=fingerprint(stamp.path, stamp.size),
                            size=stamp.size,
                            mtime_ns=stamp.mtime_ns,
                        )
                    ]
                )

    def scan(self) -> Plan:
        return scan(self.catalog, [os.fsencode(self.root)])

    def id_of(self, name: str) -> int:
        known = self.catalog.files.get(os.fsencode(self.root / name))
        assert known is not None
        return known.id

    def names(self, stamps: list[FileStamp]) -> list[str]:
        return [os.path.relpath(os.fsdecode(stamp.path), self.root) for stamp in stamps]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    catalog = Catalog(tmp_path / "library")
    (tmp_path / "music").mkdir()
    yield Folder(tmp_path / "music", catalog)
    catalog.close()


def test_new_files_are_to_be_heard_in_order(folder: Folder) -> None:
    for name in ("b.mp3", "a.flac", "in/c.ogg", "in/d.mod", ".hidden.mp3"):
        folder.put(name, name.encode())
    plan = folder.scan()
    assert folder.names(plan.todo) == ["a.flac", "b.mp3", "in/c.ogg"]
    assert not plan.updating
    assert plan.unchanged == 0


def test_nothing_changed_nothing_to_do(folder: Folder) -> None:
    folder.put("a.mp3", b"one")
    folder.put("b.mp3", b"two")
    folder.settle()
    assert folder.scan() == Plan(unchanged=2)


def test_a_folder_named_twice_or_within_another_counts_once(folder: Folder) -> None:
    folder.put("in/a.mp3", b"one")
    root = os.fsencode(folder.root)
    plan = scan(folder.catalog, [root, root, root + b"/in", root + b"/in/a.mp3"])
    assert folder.names(plan.todo) == ["in/a.mp3"]


def test_a_file_only_touched_is_not_heard_again(folder: Folder) -> None:
    path = folder.put("a.mp3", b"one")
    folder.settle()
    os.utime(path, ns=(0, 2 * 10**18))
    plan = folder.scan()
    assert plan.todo == []
    ((known, stamp),) = plan.moved
    assert (known.id, stamp.path) == (folder.id_of("a.mp3"), os.fsencode(path))
    assert stamp.mtime_ns == 2 * 10**18


@pytest.mark.parametrize("content", [b"other", b"ONE"])
def test_a_changed_file_is_heard_again(folder: Folder, content: bytes) -> None:
    path = folder.put("a.mp3", b"one")
    folder.settle()
    path.write_bytes(content)
    plan = folder.scan()
    assert folder.names(plan.todo) == ["a.mp3"]
    assert plan.updating == {os.fsencode(path)}
    assert plan.moved == []


def test_a_moved_file_is_known_again(folder: Folder) -> None:
    path = folder.put("a.mp3", b"one")
    folder.settle()
    (folder.root / "in").mkdir()
    path.rename(folder.root / "in" / "renamed.flac")
    plan = folder.scan()
    assert (plan.todo, plan.gone) == ([], [])
    ((known, stamp),) = plan.moved
    assert known.id == folder.id_of("a.mp3")
    assert stamp.path.endswith(b"in/renamed.flac")


def test_a_copy_is_a_new_file(folder: Folder) -> None:
    folder.put("a.mp3", b"one")
    folder.settle()
    folder.put("b.mp3", b"one")
    plan = folder.scan()
    assert folder.names(plan.todo) == ["b.mp3"]
    assert plan.moved == []


def test_of_two_equal_files_one_moved_is_known_again(folder: Folder) -> None:
    folder.put("a.mp3", b"one")
    folder.put("b.mp3", b"one")
    folder.settle()
    (folder.root / "b.mp3").rename(folder.root / "c.mp3")
    plan = folder.scan()
    assert [known.id for known, _ in plan.moved] == [folder.id_of("b.mp3")]
    assert (plan.todo, plan.gone) == ([], [])


def test_two_equal_files_that_moved_are_two_again(folder: Folder) -> None:
    folder.put("a.mp3", b"one")
    folder.put("b.mp3", b"one")
    folder.settle()
    (folder.root / "in").mkdir()
    for name in ("a.mp3", "b.mp3"):
        (folder.root / name).rename(folder.root / "in" / name)
    plan = folder.scan()
    assert plan.todo == []
    assert {known.id for known, _ in plan.moved} == {folder.id_of("a.mp3"), folder.id_of("b.mp3")}
    folder.catalog.relocate(plan.moved, {})
    assert folder.scan() == Plan(unchanged=2)


def test_files_that_took_each_others_names_keep_their_tracks(folder: Folder) -> None:
    """A renumbered album: 01 became 02, and 02 became 03."""
    for name, content in (("01.mp3", b"one"), ("02.mp3", b"two")):
        os.utime(folder.put(name, content), (len(name), content[0]))  # of different times
    folder.settle()
    of_file = folder.catalog.tracks.of_file
    first, second = (of_file(os.fsencode(folder.root / name)) for name in ("01.mp3", "02.mp3"))
    (folder.root / "02.mp3").rename(folder.root / "03.mp3")
    (folder.root / "01.mp3").rename(folder.root / "02.mp3")
    plan = folder.scan()
    folder.catalog.relocate(plan.moved, {})
    folder.catalog.mark(plan.gone, "missing")
    folder.settle()
    assert of_file(os.fsencode(folder.root / "02.mp3")) == first
    assert of_file(os.fsencode(folder.root / "03.mp3")) == second
    assert folder.scan() == Plan(unchanged=2)


def test_gone_and_back(folder: Folder) -> None:
    path = folder.put("a.mp3", b"one")
    folder.settle()
    path.unlink()
    plan = folder.scan()
    assert plan.gone == [folder.id_of("a.mp3")]
    folder.catalog.mark(plan.gone, "missing")
    assert folder.scan() == Plan()
    folder.put("a.mp3", b"one")
    plan = folder.scan()
    assert plan.back == [folder.id_of("a.mp3")]
    assert plan.todo == []


def test_back_under_another_name(folder: Folder) -> None:
    path = folder.put("a.mp3", b"one")
    folder.settle()
    path.unlink()
    folder.catalog.mark(folder.scan().gone, "missing")
    folder.put("b.mp3", b"one")
    plan = folder.scan()
    assert [known.id for known, _ in plan.moved] == [folder.id_of("a.mp3")]
    assert plan.todo == []


def test_what_failed_is_tried_again_only_when_it_changed_or_may_pass(folder: Folder) -> None:
    path = folder.put("a.mp3", b"junk")
    folder.settle(frozenset({"a.mp3"}), "undecodable")
    plan = folder.scan()
    assert (plan.todo, plan.unchanged, plan.failing) == ([], 1, 1)
    path.write_bytes(b"mended")
    assert folder.names(folder.scan().todo) == ["a.mp3"]


@pytest.mark.parametrize("kind", ["crashed", "timeout", "changed", "unreadable", "missing"])
def test_failures_that_may_pass_are_tried_again(folder: Folder, kind: str) -> None:
    folder.put("a.mp3", b"one")
    folder.settle(frozenset({"a.mp3"}), kind)
    assert folder.names(folder.scan().todo) == ["a.mp3"]


def test_a_failed_file_that_is_gone_is_forgotten(folder: Folder) -> None:
    path = folder.put("a.mp3", b"junk")
    folder.settle(frozenset({"a.mp3"}))
    path.unlink()
    plan = folder.scan()
    assert plan.mended == [folder.id_of("a.mp3")]
    assert plan.gone == []


def refuse(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    scandir = os.scandir

    def refusing(path: bytes) -> object:
        if path == os.fsencode(folder):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr("segue.sources.walk.os.scandir", refusing)


def test_a_folder_that_cannot_be_read_is_a_problem_and_its_files_are_not_gone(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.put("in/a.mp3", b"one")
    folder.put("into/b.mp3", b"two")
    folder.settle()
    (folder.root / "into" / "b.mp3").unlink()
    refuse(monkeypatch, folder.root / "in")
    plan = folder.scan()
    ((path, kind, message),) = plan.unread
    assert (path, kind) == (os.fsencode(folder.root / "in"), "unreadable_folder")
    assert "Permission denied" in message
    assert plan.gone == [folder.id_of("into/b.mp3")]  # a namesake is not below it
    folder.catalog.write([(FileStamp(path, 0, 0), kind, message)])
    monkeypatch.undo()
    assert folder.scan().mended == [folder.id_of("in")]


def test_a_root_that_is_gone_takes_nothing_along(folder: Folder) -> None:
    folder.put("a.mp3", b"one")
    folder.settle()
    folder.root.rename(folder.root.with_name("unplugged"))
    plan = folder.scan()
    assert plan.gone == []
    assert [kind for _, kind, _ in plan.unread] == ["unreadable_folder"]


def test_a_file_that_cannot_be_read_when_it_may_have_moved_is_to_be_heard(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.put("a.mp3", b"one")
    folder.settle()
    folder.put("b.mp3", b"two")

    def refused(*_: object) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("segue.service.scan.fingerprint", refused)
    assert folder.names(folder.scan().todo) == ["b.mp3"]
