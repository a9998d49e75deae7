"""Reading in a process of its own brings what reading here brings."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from segue.catalog.catalog import Catalog
from segue.catalog.incoming import Part, PlaylistRecord, Record, Skip, TrackList
from segue.catalog.records import TrackRecord
from segue.errors import SegueError, SourceError
from segue.service import importing
from segue.service.importing import add_source
from segue.service.readahead import BATCH, ReadAhead, batches
from segue.sources.feature_table import FeatureTable
from segue.sources.million_playlist import MillionPlaylist


@dataclass
class Cut:
    """A source whose second part cannot be read to its end."""

    location: str = "/cut"
    kind: str = "m3u"

    def parts(self) -> Iterator[Part]:
        for name in ("one", "two", "three"):
            yield Part(name, "1", 1, Reads(name))


@dataclass
class Reads:
    name: str

    def __call__(self) -> Iterator[Record]:
        yield TrackRecord(self.name, "Somebody", key=f"spotify:{self.name}")
        if self.name == "two":
            raise SourceError("two is cut off")


def slices(folder: Path, count: int) -> Path:
    for number in range(count):
        playlists = [
            {
                "name": f"list {pid}",
                "pid": pid,
                "tracks": [
                    {
                        "track_uri": f"spotify:track:{(pid * 7 + place) % 90:022}",
                        "track_name": f"Song {(pid * 7 + place) % 90}",
                        "artist_name": f"Artist {(pid * 7 + place) % 11}",
                    }
                    for place in range(20)
                ],
            }
            for pid in range(number * 50, number * 50 + 50)
        ]
        path = folder / f"mpd.slice.{number * 50}-{number * 50 + 49}.json"
        path.write_text(json.dumps({"playlists": playlists}))
    return folder


def content(catalog: Catalog) -> list[list[tuple[object, ...]]]:
    return [
        catalog.database.query(query)
        for query in (
            "SELECT id, key, title, artist, song_id FROM track ORDER BY id",
            "SELECT key, name, items FROM playlist ORDER BY key",
            "SELECT name, stamp FROM part ORDER BY name",
        )
    ]


def test_a_source_is_read_the_same_in_both_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slices").mkdir()
    source = MillionPlaylist(slices(tmp_path / "slices", 4))
    here, there = Catalog(tmp_path / "here"), Catalog(tmp_path / "there")
    one = add_source(here, source, lambda _: None)
    monkeypatch.setattr(importing, "_LARGE", 1)
    monkeypatch.setattr(importing, "cores", lambda: 2)
    two = add_source(there, source, lambda _: None)
    assert replace(one, seconds=0.0) == replace(two, seconds=0.0)
    assert (two.playlists, two.entries, two.tracks) == (200, 4_000, 90)
    assert content(here) == content(there)
    here.close()
    there.close()


def test_each_track_is_described_when_it_first_comes(tmp_path: Path) -> None:
    source = MillionPlaylist(slices(tmp_path, 2))
    with ReadAhead(source, [part.name for part in source.parts()]) as ahead:
        records = [record for _ in range(2) for batch in ahead.batches() for record in batch]
    described = [
        track.key
        for record in records
        if isinstance(record, PlaylistRecord)
        for track in map(record.tracks.described, range(len(record.tracks)))
        if track is not None
    ]
    assert len(described) == len(set(described)) == 90


def test_what_came_before_a_cut_is_kept_and_the_next_part_is_read() -> None:
    source = Cut()
    with ReadAhead(source, ["one", "two", "three"]) as ahead:
        assert [len(batch) for batch in ahead.batches()] == [1]
        rest = ahead.batches()
        assert len(next(rest)) == 1
        with pytest.raises(SourceError, match="two is cut off"):
            next(rest)
        assert [len(batch) for batch in ahead.batches()] == [1]


def test_a_reader_that_dies_is_told(tmp_path: Path) -> None:
    source = MillionPlaylist(slices(tmp_path, 2))
    with ReadAhead(source, [part.name for part in source.parts()]) as ahead:
        os.kill(ahead._process.pid, signal.SIGKILL)
        with pytest.raises(SegueError, match="the process that reads the source died"):
            list(ahead.batches())


def test_no_reader_outlives_its_context(tmp_path: Path) -> None:
    source = MillionPlaylist(slices(tmp_path, 2))
    with ReadAhead(source, [part.name for part in source.parts()]) as ahead:
        next(ahead.batches())
    assert ahead._process.returncode is not None


def test_batches_are_cut_by_entries() -> None:
    tracks = TrackList.of([TrackRecord("A", key="spotify:a")] * (BATCH // 2))
    lists = [PlaylistRecord(f"x:{n}", "", tracks) for n in range(5)]
    assert [len(batch) for batch in batches([*lists, Skip("a podcast")])] == [2, 2, 2]


@pytest.mark.parametrize("large", [1, 1 << 40])
def test_progress_moves_within_a_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: int
) -> None:
    monkeypatch.setattr(importing, "_LARGE", large)
    monkeypatch.setattr(importing, "cores", lambda: 2)
    (tmp_path / "a.csv").write_text(
        "track_name,artist_name,valence\n"
        + "".join(f"Song {n},Artist {n % 50},0.5\n" for n in range(2 * BATCH))
    )
    catalog = Catalog(tmp_path / "library")
    done: list[float] = []
    add_source(
        catalog,
        FeatureTable(tmp_path / "a.csv"),
        lambda state: done.append(state.done / state.total),
    )
    catalog.close()
    assert done == sorted(done)
    assert done[-1] == 1.0
    assert any(0 < share < 1 for share in done)
