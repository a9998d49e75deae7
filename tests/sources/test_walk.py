from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from segue.sources.walk import (
    AUDIO_EXTENSIONS,
    NO_MEDIA,
    NOT_AUDIO,
    UNREADABLE_FOLDER,
    FoundFile,
    walk,
)

Problem = tuple[bytes, str, str]


def touch(path: Path, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def unexpected(path: bytes, kind: str, message: str) -> None:
    pytest.fail(f"{path!r}: {kind}: {message}")


def found(root: Path | bytes, problems: list[Problem] | None = None) -> list[bytes]:
    """Paths below `root`, relative to it; fails on a problem unless a list for them is given."""

    def on_problem(path: bytes, kind: str, message: str) -> None:
        assert problems is not None, message
        problems.append((path, kind, message))

    top = os.fsencode(root)
    return [os.path.relpath(file.path, top) for file in walk(root, on_problem=on_problem)]


def test_takes_every_audio_extension_in_any_case_and_nothing_else(tmp_path: Path) -> None:
    for extension in AUDIO_EXTENSIONS:
        touch(tmp_path / f"a{extension.decode()}")
        touch(tmp_path / f"b{extension.decode().upper()}")
    for name in "x.mod x.xm x.it x.s3m x.mid x.MIDI x.kar x.jpg x.m3u mp3 x.mp3.part x.".split():
        touch(tmp_path / name)
    assert len(found(tmp_path)) == 2 * len(AUDIO_EXTENSIONS) == 2 * 25


def test_gives_size_time_and_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = touch(tmp_path / "in" / "a.mp3", b"12345")
    os.utime(path, ns=(1, 1_700_000_000_123_456_789))
    monkeypatch.chdir(tmp_path)
    expected = [FoundFile(os.fsencode(path), 5, path.stat().st_mtime_ns)]
    assert list(walk(b"in", on_problem=unexpected)) == expected
    assert list(walk(Path("in") / "a.mp3", on_problem=unexpected)) == expected


def test_order_is_by_bytes_and_depth_first(tmp_path: Path) -> None:
    for name in ["b.mp3", "B.mp3", "a/2.mp3", "a/10.mp3", "a.mp3", "é.mp3", "a/c/z.mp3"]:
        touch(tmp_path / name)
    names = [b"B.mp3", b"a/10.mp3", b"a/2.mp3", b"a/c/z.mp3", b"a.mp3", b"b.mp3"]
    assert found(tmp_path) == [*names, "é.mp3".encode()]


def test_leaves_out_hidden_and_nomedia(tmp_path: Path) -> None:
    for name in [".a.mp3", "._b.mp3", ".h/c.mp3", "n/d.mp3", "n/deep/e.mp3", "n/.nomedia", "f.mp3"]:
        touch(tmp_path / name)
    assert found(tmp_path) == [b"f.mp3"]


def test_a_root_with_nomedia_is_said_to_have_it(tmp_path: Path) -> None:
    touch(tmp_path / "a.mp3")
    touch(tmp_path / ".nomedia")
    problems: list[Problem] = []
    assert found(tmp_path, problems) == []
    assert [(path, kind) for path, kind, _ in problems] == [(os.fsencode(tmp_path), NO_MEDIA)]


def test_a_hidden_root_is_walked(tmp_path: Path) -> None:
    touch(tmp_path / ".music" / "a.mp3")
    assert found(tmp_path / ".music") == [b"a.mp3"]


def test_walks_each_real_folder_once_by_its_real_path(tmp_path: Path) -> None:
    touch(tmp_path / "m" / "real" / "a.mp3")
    touch(tmp_path / "outside" / "b.mp3")
    (tmp_path / "m" / "a_first").symlink_to("real")
    (tmp_path / "m" / "real" / "up").symlink_to("..")
    (tmp_path / "m" / "real" / "out").symlink_to(tmp_path / "outside")
    (tmp_path / "outside" / "again").symlink_to(tmp_path / "m")
    (tmp_path / "m" / "me").symlink_to("me")
    (tmp_path / "m" / "me.mp3").symlink_to("me.mp3")
    assert found(tmp_path / "m") == [b"real/a.mp3", b"real/out/b.mp3"]


def test_follows_links_to_files_and_skips_dangling_ones(tmp_path: Path) -> None:
    touch(tmp_path / "store" / "x", b"123")
    touch(tmp_path / "m" / "plain.mp3")
    (tmp_path / "m" / "link.mp3").symlink_to(tmp_path / "store" / "x")
    (tmp_path / "m" / "gone.mp3").symlink_to(tmp_path / "nowhere")
    files = list(walk(tmp_path / "m", on_problem=unexpected))
    assert [(os.path.basename(file.path), file.size) for file in files] == [
        (b"link.mp3", 3),
        (b"plain.mp3", 1),
    ]


def test_never_opens_what_is_not_a_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.mp3")
    (tmp_path / "dir.mp3").mkdir()
    touch(tmp_path / "dir.mp3" / "in.mp3")
    (tmp_path / "null.mp3").symlink_to("/dev/null")
    with socket.socket(socket.AF_UNIX) as unix, pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)  # a socket's path may be about 100 bytes long
        unix.bind("socket.mp3")
        assert found(tmp_path) == [b"dir.mp3/in.mp3"]


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    top = os.fsencode(tmp_path)
    name = b"caf\xe9 \xff.mp3"
    try:
        os.mkdir(top + b"/d\xe9")
        with open(top + b"/d\xe9/" + name, "wb"):
            pass
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    assert found(tmp_path) == [b"d\xe9/" + name]


def test_reports_folders_that_cannot_be_read_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ["a/1.mp3", "b/2.mp3", "c/3.mp3"]:
        touch(tmp_path / name)
    closed = os.fsencode(tmp_path / "b")
    scandir: Callable[[bytes], object] = os.scandir

    def refuse(path: bytes) -> object:  # the superuser may read every folder, so modes do not do
        if path == closed:
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    problems: list[Problem] = []
    assert found(tmp_path, problems) == [b"a/1.mp3", b"c/3.mp3"]
    assert [(path, kind) for path, kind, _ in problems] == [(closed, UNREADABLE_FOLDER)]
    assert "Permission denied" in problems[0][2]


@pytest.mark.parametrize(
    ("name", "kind"),
    [(b"absent", UNREADABLE_FOLDER), (b"a.txt", NOT_AUDIO), (b"nul\0", UNREADABLE_FOLDER)],
)
def test_a_root_that_cannot_be_walked_is_reported(tmp_path: Path, name: bytes, kind: str) -> None:
    touch(tmp_path / "a.txt")
    problems: list[Problem] = []
    assert list(walk(os.fsencode(tmp_path) + b"/" + name,
                     on_problem=lambda *problem: problems.append(problem))) == []  # fmt: skip
    assert [problem[1] for problem in problems] == [kind]


def test_trees_as_deep_as_paths_may_be_long(tmp_path: Path) -> None:
    depth = (3_900 - len(os.fsencode(tmp_path))) // 2
    assert depth > 1_500
    here = Path.cwd()
    try:
        os.chdir(tmp_path)
        for _ in range(depth):
            Path("d").mkdir()
            os.chdir("d")
        Path("a.mp3").touch()
        assert found(tmp_path) == [b"d/" * depth + b"a.mp3"]
        Path("a.mp3").unlink()
        for _ in range(depth):  # what clears temporary folders away recurses, and fails on this one
            os.chdir("..")
            Path("d").rmdir()
    finally:
        os.chdir(here)
