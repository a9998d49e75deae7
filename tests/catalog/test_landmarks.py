from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from records import analysis
from segue.catalog.catalog import Catalog
from segue.catalog.landmarks import Landmarks
from segue.catalog.records import FileStamp

PEAKS = np.array([3, 700, 2**31], np.uint32)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path)
    catalog.write([analysis(b"/a", "A"), analysis(b"/b", "B")])
    yield catalog
    catalog.close()


@pytest.fixture
def landmarks(catalog: Catalog) -> Landmarks:
    return Landmarks(catalog.database, 1)


def write(catalog: Catalog, id_: int, path: bytes, found: object = PEAKS, mtime: int = 1) -> bool:
    with catalog.database.transaction() as connection:
        stamp = FileStamp(path, 1000, mtime)
        return Landmarks(catalog.database, 1).write(connection, id_, stamp, found)  # type: ignore[arg-type]


def test_songs_lack_landmarks_until_they_are_written(
    catalog: Catalog, landmarks: Landmarks
) -> None:
    assert landmarks.lacking() == [
        (1, FileStamp(b"/a", 1000, 1)),
        (2, FileStamp(b"/b", 1000, 1)),
    ]
    assert landmarks.stamps() == {}
    assert write(catalog, 1, b"/a")
    assert [id_ for id_, _ in landmarks.lacking()] == [2]
    assert list(landmarks.stamps()) == [1]
    found = dict(landmarks.peaks([2, 1]))
    assert list(found) == [2, 1]
    np.testing.assert_array_equal(found[1], PEAKS)
    assert found[1].dtype == np.uint32
    assert len(found[2]) == 0


def test_what_cannot_be_heard_is_on_record_and_not_tried_again(
    catalog: Catalog, landmarks: Landmarks
) -> None:
    assert write(catalog, 1, b"/a", "it is broken")
    assert [id_ for id_, _ in landmarks.lacking()] == [2]
    assert landmarks.problems() == {1: "it is broken"}
    assert [len(peaks) for _, peaks in landmarks.peaks([1])] == [0]


def test_a_file_with_another_content_is_heard_again(catalog: Catalog, landmarks: Landmarks) -> None:
    write(catalog, 1, b"/a")
    write(catalog, 2, b"/b", "it is broken")
    catalog.write([analysis(b"/a", "A"), analysis(b"/b", "B")])  # as before
    assert landmarks.lacking() == []
    catalog.write([analysis(b"/b", "B", content=b"mended", mtime_ns=2)])
    assert [id_ for id_, _ in landmarks.lacking()] == [2]
    catalog.write([(FileStamp(b"/a", 1000, 2), "undecodable", "broken now")])
    assert list(landmarks.stamps()) == [1]  # what was heard of it stays true of the music
    catalog.write([analysis(b"/a", "A", content=b"other", mtime_ns=3)])
    assert [id_ for id_, _ in landmarks.lacking()] == [1, 2]


def test_another_content_has_another_stamp(catalog: Catalog, landmarks: Landmarks) -> None:
    write(catalog, 1, b"/a")
    before = landmarks.stamps()[1]
    write(catalog, 1, b"/a")
    assert landmarks.stamps()[1] != before


def test_what_was_heard_of_an_older_file_is_not_written(
    catalog: Catalog, landmarks: Landmarks
) -> None:
    assert not write(catalog, 1, b"/a", mtime=7)
    assert not write(catalog, 2, b"/a")
    assert not write(catalog, 99, b"/nowhere")
    assert landmarks.stamps() == {}


def test_they_go_with_their_song(catalog: Catalog, landmarks: Landmarks) -> None:
    write(catalog, 1, b"/a")
    known = catalog.files.get(b"/a")
    assert known is not None
    catalog.forget([known.id])
    assert landmarks.stamps() == {}


def test_another_version_is_heard_anew(catalog: Catalog, landmarks: Landmarks) -> None:
    write(catalog, 1, b"/a")
    newer = Landmarks(catalog.database, 2)
    assert newer.stamps() == {}
    assert [id_ for id_, _ in newer.lacking()] == [1, 2]
    assert [len(peaks) for _, peaks in newer.peaks([1])] == [0]
    with catalog.database.transaction() as connection:
        newer.write(connection, 1, FileStamp(b"/a", 1000, 1), PEAKS[:1])
    assert list(newer.stamps()) == [1]
    assert landmarks.stamps() == {}


@pytest.mark.parametrize("content", [b"odd", b"\x02\0\0\0\x01\0\0\0", "text", 7])
def test_damaged_content_counts_as_none(
    catalog: Catalog, landmarks: Landmarks, content: object
) -> None:
    write(catalog, 1, b"/a")
    with catalog.database.transaction() as connection:
        connection.execute("UPDATE landmark SET content = ?", (content,))
    assert [len(peaks) for _, peaks in landmarks.peaks([1])] == [0]
