"""What is written does not depend on where batches end, which the clock has a say in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dumps import content
from segue.catalog.catalog import Catalog
from segue.catalog.incoming import PlaylistRecord, Record, TrackList
from segue.catalog.records import TrackRecord

KEYS = "spotify:a spotify:b spotify:c path:/x path:/y musicbrainz:m netease:1".split()


def tracks(key: str) -> st.SearchStrategy[TrackRecord]:
    ids = [(), (("isrc", "AAAAA0000001"),), (("isrc", "AAAAA0000002"),), (("path", "/x"),)]
    return st.builds(
        TrackRecord,
        st.sampled_from(["Song", "Song - Live", "Other", "Song feat. Bo"]),
        st.sampled_from(["Al", "Al, Bo", "Bo"]),
        duration=st.sampled_from([None, 200.0, 201.0, 203.0, 212.0, 260.0]),
        key=st.just(key),
        outside_ids=st.sampled_from(ids),
    )


POOL = st.tuples(*map(tracks, KEYS), st.just(TrackRecord("Song", "Al")))


def written(folder: Path, *batches: Sequence[Record]) -> object:
    catalog = Catalog(folder)
    importer = catalog.importer("kind", "/place")
    for batch in batches:
        importer.write(batch)
    catalog.refresh()
    catalog.close()
    return content(folder)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(pool=POOL, data=st.data())
def test_cut_anywhere(
    tmp_path_factory: pytest.TempPathFactory, pool: tuple[TrackRecord, ...], data: st.DataObject
) -> None:
    some = st.sampled_from(pool)
    playlists = st.builds(
        lambda songs, number: PlaylistRecord(f"p:{number}", "n", TrackList.of(songs)),
        st.lists(some, max_size=4),
        st.integers(0, 2),
    )
    records = data.draw(st.lists(some | playlists, min_size=1, max_size=9))
    whole = written(tmp_path_factory.mktemp("whole"), records)
    single = written(tmp_path_factory.mktemp("single"), *([record] for record in records))
    assert single == whole


def test_a_title_that_comes_later_is_taken(tmp_path: Path) -> None:
    bare, named = TrackRecord("", key="spotify:a"), TrackRecord("Song", "Al", key="spotify:a")
    bare_list, named_list = (
        PlaylistRecord(f"p:{number}", "", TrackList.of([track, track]))
        for number, track in enumerate((bare, named))
    )
    contents = [
        written(tmp_path / "1", [bare_list, named_list]),
        written(tmp_path / "2", [bare_list], [bare_list, named_list]),
        written(tmp_path / "3", [named_list, bare_list]),
        written(tmp_path / "4", [named_list], [bare], [bare_list]),
    ]
    assert all(each == contents[0] for each in contents)
    assert ("Song", "Al") in [row[1:3] for row in contents[0]["track"]]  # type: ignore[index]


def test_nothing_but_skips_or_nothing(tmp_path: Path) -> None:
    assert written(tmp_path / "1", []) == written(tmp_path / "2")
