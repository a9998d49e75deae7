from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from records import analysis
from segue.catalog.catalog import Catalog
from segue.catalog.records import FileStamp, KnownFile


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path)
    yield catalog
    catalog.close()


def known(catalog: Catalog, path: bytes) -> KnownFile:
    found = catalog.files.get(path)
    assert found is not None
    return found


def test_outcomes_tell_track_novelty_and_failure(catalog: Catalog) -> None:
    failure = (FileStamp(b"/c", 0, 0), "empty", "it is empty")
    assert catalog.write([analysis(b"/a"), failure, analysis(b"/b")]) == [
        (1, True),
        None,
        (2, True),
    ]
    assert catalog.write([analysis(b"/a")]) == [(1, False)]


def test_a_copy_joins_the_track_it_equals(catalog: Catalog) -> None:
    outcomes = catalog.write([analysis(b"/a", content=b"x"), analysis(b"/b", content=b"x")])
    assert outcomes == [(1, True), (1, False)]
    assert (catalog.counts()["tracks"], catalog.counts()["files"]) == (1, 2)
    assert len(catalog.files.with_fingerprint(b"x")) == 2


def test_a_file_with_edited_tags_stays_its_track(catalog: Catalog) -> None:
    catalog.write([analysis(b"/a", "Typo", content=b"x")])
    assert catalog.write([analysis(b"/a", "Right", content=b"y")]) == [(1, False)]
    assert catalog.tracks.get([1])[1].title == "Right"


def test_a_file_that_is_another_song_now_is_another_track(catalog: Catalog) -> None:
    catalog.write([analysis(b"/a", "One", content=b"x", duration=100)])
    assert catalog.write([analysis(b"/a", "Two", content=b"y", duration=200)]) == [(2, True)]
    assert sorted(catalog.tracks.get([1, 2])) == [2]
    assert catalog.counts()["tracks"] == 1


def test_a_changed_copy_leaves_the_track_of_the_other(catalog: Catalog) -> None:
    catalog.write([analysis(b"/a", "Old", content=b"x"), analysis(b"/b", "Old", content=b"x")])
    assert catalog.write([analysis(b"/b", "Edited", content=b"y")]) == [(2, True)]
    assert {t.title for t in catalog.tracks.get([1, 2]).values()} == {"Old", "Edited"}
    assert known(catalog, b"/a").track_id == 1


def test_two_files_that_become_equal_become_one_track(catalog: Catalog) -> None:
    catalog.write([analysis(b"/a", content=b"x"), analysis(b"/b", content=b"y", duration=99)])
    assert catalog.write([analysis(b"/b", content=b"x")]) == [(1, False)]
    assert catalog.counts()["tracks"] == 1


def test_all_of_a_batch_or_nothing(catalog: Catalog) -> None:
    bad = analysis(b"/b", words=(("slow", 1.0), ("slow", 2.0)))  # twice the same key
    with pytest.raises(Exception, match="UNIQUE"):
        catalog.write([analysis(b"/a"), bad])
    assert catalog.counts()["files"] == catalog.counts()["tracks"] == 0


def test_relocating_keeps_the_track(catalog: Catalog) -> None:
    catalog.write([analysis(b"/a", "Kept"), analysis(b"/b", "Overwritten")])
    catalog.relocate([(known(catalog, b"/a"), FileStamp(b"/b", 7, 8))], {})
    assert list(catalog.files.under(b"/")) == [b"/b"]
    assert known(catalog, b"/b").stamp == FileStamp(b"/b", 7, 8)
    assert catalog.tracks.get([1, 2])[1].path == b"/b"
    assert list(catalog.tracks.get([1, 2])) == [1]
    assert catalog.search("overwritten", 5) == []


def test_relocating_brings_a_missing_file_back(catalog: Catalog) -> None:
    catalog.write([analysis(b"/a")])
    catalog.mark([known(catalog, b"/a").id], "missing")
    catalog.relocate([(known(catalog, b"/a"), FileStamp(b"/b", 7, 8))], {})
    assert catalog.tracks.present() == [1]


def test_files_that_swap_names_keep_their_tracks(catalog: Catalog) -> None:
    catalog.write([analysis(b"/a", "A"), analysis(b"/b", "B")])
    a, b = known(catalog, b"/a"), known(catalog, b"/b")
    catalog.relocate([(a, FileStamp(b"/b", 1000, 2)), (b, FileStamp(b"/a", 1000, 2))], {})
    assert {path: file.track_id for path, file in catalog.files.under(b"/").items()} == {
        b"/b": 1,
        b"/a": 2,
    }


def test_counts(catalog: Catalog) -> None:
    nothing = {
        "tracks": 0, "files": 0, "failed": 0, "missing": 0, "hours": 0.0, "problems": 0,
        "known_tracks": 0, "songs": 0, "artists": 0, "albums": 0, "playlists": 0, "entries": 0,
        "listens": 0, "ratings": 0, "play_counts": 0, "listeners": 0, "features": 0, "merges": {},
    }  # fmt: skip
    assert catalog.counts() == nothing
    catalog.write(
        [
            analysis(b"/a", "A", duration=1800),
            analysis(b"/b", "B", duration=1800, content=b"/a"),
            analysis(b"/c", "C", duration=3600, problem=("damaged", "in part")),
            analysis(b"/d", "D", duration=3600),
            (FileStamp(b"/e", 0, 0), "empty", "it is empty"),
        ]
    )
    catalog.mark([known(catalog, b"/d").id], "missing")
    assert catalog.counts() == nothing | {
        "tracks": 2, "files": 3, "failed": 1, "missing": 1, "hours": 1.5, "problems": 2,
        "known_tracks": 3, "songs": 3, "artists": 1,
    }  # fmt: skip
