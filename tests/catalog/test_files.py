from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from records import analysis
from segue.catalog.catalog import Catalog
from segue.catalog.records import FileStamp

ODD = b"/music/\xff caf\xe9/%_'\".flac"


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path)
    yield catalog
    catalog.close()


def paths(catalog: Catalog, folder: bytes = b"/") -> set[bytes]:
    return set(catalog.files.under(folder))


def test_what_was_written_is_read_back(catalog: Catalog) -> None:
    catalog.write([analysis(ODD, size=2**40, mtime_ns=1_700_000_000_123_456_789, content=b"c")])
    known = catalog.files.get(ODD)
    assert known is not None
    assert known.stamp == FileStamp(ODD, 2**40, 1_700_000_000_123_456_789)
    assert (known.state, known.fingerprint, known.problem_kind) == ("ok", b"c", None)
    assert catalog.files.with_fingerprint(b"c") == [known]
    assert catalog.files.sizes() == {2**40}
    assert catalog.files.get(b"/other") is None


def test_under_a_folder_is_not_under_its_namesakes(catalog: Catalog) -> None:
    names = [b"/m/a.flac", b"/m/x/b.flac", b"/m2/c.flac", b"/m.flac", b"/m/x\xff/d.flac", b"/m x/e"]
    catalog.write([analysis(name) for name in names])
    assert paths(catalog, b"/m") == {b"/m/a.flac", b"/m/x/b.flac", b"/m/x\xff/d.flac"}
    assert paths(catalog, b"/m/") == paths(catalog, b"/m")
    assert paths(catalog, b"/m/x/b.flac") == {b"/m/x/b.flac"}
    assert paths(catalog, b"/") == set(names)
    assert paths(catalog, b"/none") == set()


def test_a_failure_is_recorded_once_and_mended(catalog: Catalog) -> None:
    stamp = FileStamp(b"/a.mp3", 5, 5)
    catalog.write([(stamp, "empty", "the file is empty")])
    catalog.write([(stamp, "undecodable", "it is damaged")])
    (problem,) = catalog.files.problems()
    assert (problem.path, problem.kind, problem.message, problem.state) == (
        b"/a.mp3", "undecodable", "it is damaged", "failed",
    )  # fmt: skip
    assert catalog.counts()["failed"] == catalog.counts()["problems"] == 1
    catalog.write([analysis(b"/a.mp3")])
    assert catalog.files.problems() == []
    assert catalog.counts()["files"] == 1


def test_a_file_used_in_part_is_a_problem_that_did_not_fail(catalog: Catalog) -> None:
    catalog.write([analysis(b"/a.mp3", problem=("damaged", "cut short"))])
    (problem,) = catalog.files.problems()
    assert (problem.state, problem.kind) == ("ok", "damaged")
    assert catalog.counts()["files"] == 1


def test_a_missing_file_is_no_problem(catalog: Catalog) -> None:
    catalog.write([(FileStamp(b"/a.mp3", 0, 0), "empty", "it is empty")])
    known = catalog.files.get(b"/a.mp3")
    assert known is not None
    catalog.mark([known.id], "missing")
    assert catalog.files.problems() == []


def test_a_file_that_fails_after_it_was_heard_keeps_its_track(catalog: Catalog) -> None:
    catalog.write([analysis(b"/a.mp3", "Kept")])
    catalog.write([(FileStamp(b"/a.mp3", 5, 5), "undecodable", "it is damaged")])
    known = catalog.files.get(b"/a.mp3")
    assert known is not None
    assert known.track_id == 1
    assert catalog.tracks.get([1])[1].path is None  # not a file that can be played


def test_moving_all_below_a_folder(catalog: Catalog) -> None:
    catalog.write([analysis(b"/old/\xff/a"), analysis(b"/old/b"), analysis(b"/older/c")])
    catalog.files.add_root(b"/old")
    catalog.files.add_root(b"/older")
    assert catalog.move(b"/old", b"/new/place") == 2
    assert paths(catalog) == {b"/new/place/\xff/a", b"/new/place/b", b"/older/c"}
    assert catalog.files.roots() == [b"/new/place", b"/older"]
    assert catalog.move(b"/old", b"/elsewhere") == 0


def test_moving_onto_what_is_there_replaces_it(catalog: Catalog) -> None:
    catalog.write([analysis(b"/old/a", "Old"), analysis(b"/new/a", "New")])
    catalog.move(b"/old", b"/new")
    known = catalog.files.get(b"/new/a")
    assert known is not None
    assert known.track_id == 1
    assert paths(catalog) == {b"/new/a"}
    assert list(catalog.tracks.get([1, 2])) == [1]  # the one that was replaced is gone


def test_moving_into_a_folder_of_its_own(catalog: Catalog) -> None:
    catalog.write([analysis(b"/m/a", "One"), analysis(b"/m/m/a", "Two")])
    assert catalog.move(b"/m", b"/m/m") == 2
    assert {path: known.track_id for path, known in catalog.files.under(b"/").items()} == {
        b"/m/m/a": 1,
        b"/m/m/m/a": 2,
    }


def test_one_file_of_each_track_lacks_an_embedder(catalog: Catalog) -> None:
    catalog.write(
        [
            analysis(b"/a", content=b"same"),
            analysis(b"/b", content=b"same"),
            analysis(b"/c", embedder=("new", "1")),
            analysis(b"/d"),
        ]
    )
    lacking = catalog.files.lacking("new", "1")
    assert [known.stamp.path for known in lacking] == [b"/a", b"/d"]
    assert {known.stamp.path for known in catalog.files.lacking("test", "2")} == {
        b"/a",
        b"/c",
        b"/d",
    }
    known = catalog.files.get(b"/d")
    assert known is not None
    catalog.mark([known.id], "missing")
    assert [known.stamp.path for known in catalog.files.lacking("new", "1")] == [b"/a"]


def test_roots(catalog: Catalog) -> None:
    for root in (b"/b", b"/a", b"/b", b"/a/in"):
        catalog.files.add_root(root)
    assert catalog.files.roots() == [b"/a", b"/a/in", b"/b"]
    catalog.files.delete_roots(b"/a")
    assert catalog.files.roots() == [b"/b"]
