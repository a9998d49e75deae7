from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from records import analysis
from segue.catalog.catalog import Catalog
from segue.catalog.records import DescriptorRecord


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path)
    yield catalog
    catalog.close()


def test_everything_written_is_read_back(catalog: Catalog) -> None:
    catalog.write(
        [
            analysis(
                b"/a.flac", "Jóga", "Björk", "Homogenic",
                words=(("slow", 1.2), ("electronic", 1.9)),
                lyrics="all these accidents",
                outside_ids=(("isrc", "GBAAA9700001"), ("isrc", "GBAAA9700001")),
            )
        ]
    )  # fmt: skip
    track = catalog.tracks.get([1])[1]
    assert (track.title, track.artist, track.album) == ("Jóga", "Björk", "Homogenic")
    assert (track.genres, track.duration, track.path) == (("Rock",), 180.0, b"/a.flac")
    assert list(catalog.tracks.words([1])[1].items()) == [("electronic", 1.9), ("slow", 1.2)]
    assert catalog.tracks.descriptors([1])[1] == DescriptorRecord(
        tempo=120.0, key=9, mode=0, loudness=-14.0
    )
    details = catalog.tracks.details(1)
    assert details["lyrics"] == "all these accidents"
    assert details["outside_ids"] == [{"kind": "isrc", "value": "GBAAA9700001"}]
    assert [file["path"] for file in details["files"]] == [b"/a.flac"]
    assert catalog.tracks.of_file(b"/a.flac") == 1


def test_writing_again_replaces_all_that_was_known(catalog: Catalog) -> None:
    catalog.write([analysis(b"/a", "Old", words=(("slow", 1.0),), lyrics="la", seed=1)])
    catalog.write([analysis(b"/a", "New", mtime_ns=2, seed=2)])
    assert [track.title for track in catalog.tracks.get([1, 2]).values()] == ["New"]
    assert catalog.tracks.words([1]) == {1: {}}
    assert catalog.tracks.details(1)["lyrics"] is None
    assert catalog.search("Old", 5) == []
    assert catalog.search("New", 5) == [(1, 100.0)]


def test_more_tracks_than_one_statement_takes(catalog: Catalog) -> None:
    catalog.write(
        [analysis(f"/{i}".encode(), f"S{i}", words=(("slow", 1.0),)) for i in range(1_100)]
    )
    ids = range(1, 1_101)
    assert len(catalog.tracks.get([*ids, 5_000, 5])) == 1_100
    assert len(catalog.tracks.words(ids)) == len(catalog.tracks.descriptors(ids)) == 1_100
    assert catalog.tracks.word_counts() == {"slow": 1_100}


def test_present_are_those_with_a_file(catalog: Catalog) -> None:
    catalog.write([analysis(b"/a"), analysis(b"/b"), analysis(b"/c")])
    known = catalog.files.get(b"/b")
    assert known is not None
    catalog.mark([known.id], "missing")
    assert sorted(catalog.tracks.present()) == [1, 3]
    assert catalog.tracks.get([2])[2].path is None
    catalog.mark([known.id], "ok")
    assert sorted(catalog.tracks.present()) == [1, 2, 3]


@pytest.mark.parametrize(
    ("having", "lacking", "expected"),
    [
        ((), (), [1, 2, 3]),
        (("slow",), (), [1, 2]),
        (("slow", "loud"), (), [2]),
        (("slow",), ("loud",), [1]),
        ((), ("slow",), [3]),
        (("jazz",), (), []),
    ],
)
def test_filtering_by_words(
    catalog: Catalog, having: tuple[str, ...], lacking: tuple[str, ...], expected: list[int]
) -> None:
    catalog.write(
        [
            analysis(b"/a", words=(("slow", 1.0),)),
            analysis(b"/b", words=(("slow", 1.0), ("loud", 1.0))),
            analysis(b"/c", words=(("loud", 1.0),)),
            analysis(b"/gone", words=(("slow", 1.0),)),
        ]
    )
    gone = catalog.files.get(b"/gone")
    assert gone is not None
    catalog.mark([gone.id], "missing")
    assert sorted(catalog.tracks.with_words(having, lacking)) == expected


def test_a_track_goes_with_its_last_file_and_takes_everything_along(catalog: Catalog) -> None:
    catalog.write(
        [
            analysis(b"/a", content=b"x", words=(("slow", 1.0),), lyrics="la"),
            analysis(b"/b", content=b"x"),
        ]
    )
    files = {path: known.id for path, known in catalog.files.under(b"/").items()}
    catalog.forget([files[b"/a"]])
    assert catalog.tracks.get([1])[1].path == b"/b"
    catalog.forget([files[b"/b"]])
    catalog.refresh()
    for table in ("track", "file", "word", "lyrics", "descriptors", "vector", "song_text"):
        assert catalog.database.query_one(f"SELECT count(*) FROM {table}") == (0,)


def test_ids_are_never_used_again(catalog: Catalog, tmp_path: Path) -> None:
    seen: list[int] = []
    for i in range(3):
        path = f"/{i}".encode()
        ((id_, new),) = [o for o in catalog.write([analysis(path)]) if o is not None]
        assert new
        seen.append(id_)
        known = catalog.files.get(path)
        assert known is not None
        catalog.forget([known.id])
        again = Catalog(tmp_path)  # nor after the library was opened anew
        again.close()
    assert seen == [1, 2, 3]
