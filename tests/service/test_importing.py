"""Adding files of every kind: counts, again, changed, cut off, stopped, killed, two at once."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import segue
from dumps import content, everything
from libraries import command
from samples import (
    MAKERS,
    million_playlist,
    spotify_id,
    write_sample,
    write_slice,
    write_slices,
    write_zip,
)
from segue.config import FILE_NAME
from segue.errors import LibraryError, SourceError
from segue.service import readahead
from segue.service.add import AddProgress
from segue.service.importing import SourceReport

COUNTS = {
    "million_playlist": {"tracks": 2, "playlists": 2, "entries": 3},
    "challenge_set": {"tracks": 4, "playlists": 3, "entries": 6},
    "spotify_history": {"tracks": 2, "listens": 2},
    "spotify_account": {"tracks": 2, "playlists": 1, "entries": 1, "listens": 1, "ratings": 1},
    "listenbrainz": {"tracks": 1, "listens": 1, "ratings": 1},
    "listenbrainz_dump": {"tracks": 1, "listens": 1},
    "cookbook": {"tracks": 3, "playlists": 2, "entries": 3},
    "cookbook_db": {"tracks": 4},
    "exportify": {"tracks": 2, "playlists": 1, "entries": 2, "features": 2},
    "feature_table": {"tracks": 2, "features": 2},
    "itunes": {
        "tracks": 1,
        "playlists": 1,
        "entries": 1,
        "ratings": 1,
        "play_counts": 1,
        "features": 1,
    },
    "rekordbox": {"tracks": 1, "playlists": 1, "entries": 1, "features": 1},
    "xspf": {"tracks": 1, "playlists": 1, "entries": 1},
    "jspf": {"tracks": 1, "playlists": 1, "entries": 1},
    "netease": {"tracks": 3, "playlists": 1, "entries": 3},
    "m3u": {"tracks": 2, "playlists": 1, "entries": 2},
}
NAMES = "tracks playlists entries listens ratings play_counts features".split()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "library"


def add(home: Path, *what: Path, **options: Any) -> list[SourceReport]:
    with segue.open(home) as library:
        return library.add(*what, **options).sources


def new(report: SourceReport) -> dict[str, int]:
    return {name: n for name in NAMES if (n := getattr(report, name))}


@pytest.mark.parametrize("kind", MAKERS)
def test_a_sample_and_again(home: Path, tmp_path: Path, kind: str) -> None:
    place = write_sample(kind, tmp_path / "in")
    (report,) = add(home, place)
    assert (report.kind, report.failed, report.known_parts) == (kind, 0, 0)
    assert new(report) == COUNTS[kind]
    before = everything(home)
    for options in ({}, {"kind": kind}):
        (again,) = add(home, place, **options)
        assert everything(home) == before
        assert new(again) == {}
        assert (again.parts, again.known_parts) == (0, report.parts)
    json.dumps(again.to_json())


def test_all_samples_as_a_folder_are_the_same_as_one_by_one(home: Path, tmp_path: Path) -> None:
    places = [write_sample(kind, tmp_path / "in") for kind in MAKERS]
    reports = add(home, tmp_path / "in")
    assert sum(report.failed for report in reports) == 0
    one_by_one = tmp_path / "other"
    for place in places:
        add(one_by_one, place)
    for name in ("playlist", "listen"):
        assert content(home)[name] == content(one_by_one)[name], name
    (state,) = {
        frozenset(row[0] for row in content(where)["track"]) for where in (home, one_by_one)
    }
    assert len(state) > 10


@pytest.mark.parametrize("name", [b"caf\xe9.m3u", b"\xff\xfe\n.m3u", "日本 \u202e.m3u".encode()])
def test_names_that_are_no_text(home: Path, tmp_path: Path, name: bytes) -> None:
    place = Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name)))
    place.write_text("a.mp3\nb.mp3\n")
    told: list[AddProgress] = []
    (report,) = add(home, place, on_progress=told.append)
    assert (report.playlists, report.failed) == (1, 0)
    assert report.location.isprintable()
    json.dumps(report.to_json(), ensure_ascii=False).encode()
    (again,) = add(home, place)
    assert again.known_parts == 1


def test_a_changed_file_is_read_again(home: Path, tmp_path: Path) -> None:
    place = tmp_path / "a.m3u"
    place.write_text("a.mp3\nb.mp3\n")
    add(home, place)
    place.write_text("b.mp3\nc.mp3\na.mp3\n")
    (report,) = add(home, place)
    assert (report.parts, report.changed_playlists, report.tracks) == (1, 1, 1)
    with segue.open(home) as library:
        assert library.status()["entries"] == 3
    folder = write_slices(tmp_path / "slices", 300)
    add(home, folder)
    write_slice(folder, 100, million_playlist(100, 1))
    (report,) = add(home, folder)
    assert (report.parts, report.known_parts) == (1, 2)
    assert (report.playlists, report.changed_playlists) == (0, 1)


def test_what_is_cut_off_gives_what_is_good_and_is_read_again(home: Path, tmp_path: Path) -> None:
    folder = write_slices(tmp_path / "slices", 300)
    broken = folder / "mpd.slice.100-1099.json"
    whole = broken.read_bytes()
    broken.write_bytes(whole[: len(whole) // 2])
    (report,) = add(home, folder)
    assert (report.parts, report.failed) == (2, 1)
    assert 200 < report.playlists < 300
    assert "cut off" in report.problems[0][1]
    (again,) = add(home, folder)
    assert (again.known_parts, again.failed, again.playlists) == (2, 1, 0)
    broken.write_bytes(whole)
    (mended,) = add(home, folder)
    assert (mended.failed, mended.known_parts) == (0, 2)
    assert mended.playlists == 300 - report.playlists
    other = tmp_path / "other"
    add(other, folder)
    assert content(home) == content(other)


def test_one_of_several_that_cannot_be_read_stops_no_other(home: Path, tmp_path: Path) -> None:
    good = write_sample("xspf", tmp_path)
    torn = write_zip(tmp_path / "torn.zip", good)
    torn.write_bytes(torn.read_bytes()[:-30])
    with pytest.raises(SourceError, match=r"torn\.zip"):
        add(home, torn, kind="netease")
    shutil.copy(good, tmp_path / "again.xspf")
    bad, fine, last = add(home, torn, write_sample("netease", tmp_path), torn, kind="netease")
    assert (bad.failed, fine.playlists, last.failed) == (1, 1, 1)
    assert "torn.zip" in bad.problems[0][1]


def stop_after(records: int) -> Any:
    def tell(state: AddProgress) -> None:
        if state.phase == "read" and state.records >= records:
            raise KeyboardInterrupt

    return tell


@pytest.fixture
def slices(tmp_path: Path) -> Path:
    return write_slices(tmp_path / "slices", 600, per_slice=200)


@pytest.mark.parametrize("records", [0, 1, 3_000, 4_000, 9_000, 12_000])
def test_ctrl_c_keeps_what_was_read(
    home: Path, tmp_path: Path, slices: Path, records: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readahead, "BATCH", 1_000)
    with pytest.raises(KeyboardInterrupt):
        add(home, slices, on_progress=stop_after(records))
    with segue.open(home) as library:
        assert library.status()["entries"] >= records
    add(home, slices)
    add(tmp_path / "other", slices)
    assert content(home) == content(tmp_path / "other")


def test_where_batches_end_does_not_matter(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They also end by the clock, which must not decide what is merged into what."""
    place = tmp_path / "lists"
    place.mkdir()
    lines = []
    for i in range(60):
        link = (
            f"spotify:track:{spotify_id(i)}",
            f"https://www.deezer.com/track/{i + 1}",
            f"{i}.mp3",
        )
        lines += [f"#EXTINF:{200 + i % 3},Artist {i % 4} - Song {i % 20}", link[i % 3]]
    (place / "a.m3u").write_text("\n".join(lines[:60]))
    (place / "b.m3u").write_text("\n".join(lines[60:] + lines[:20]))
    add(home, place)
    monkeypatch.setattr(readahead, "BATCH", 1)
    add(tmp_path / "other", place)
    assert content(home) == content(tmp_path / "other")
    assert content(home)["merge"]


def playlists(home: Path) -> int:
    path = home / FILE_NAME
    if not path.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT count(*) FROM playlist").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


@pytest.mark.skipif(os.name != "posix", reason="signals are sent")
def test_a_killed_process_loses_nothing_that_the_next_does_not_bring(
    home: Path, tmp_path: Path
) -> None:
    folder = write_slices(tmp_path / "slices", 3_000, per_slice=250, length=60)
    chance = random.Random(5)
    kills = 0
    for _ in range(4):
        before = playlists(home)
        running = command("add", folder, "--library", home)
        deadline = time.monotonic() + 60
        while running.poll() is None and playlists(home) <= before:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.4))
        running.send_signal(signal.SIGKILL)
        running.communicate()
        kills += running.returncode == -signal.SIGKILL
    assert kills
    add(home, folder)
    add(tmp_path / "other", folder)
    assert content(home) == content(tmp_path / "other")
    assert playlists(home) == 3_000
    with closing(sqlite3.connect(home / FILE_NAME)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_two_processes_at_once_both_finish(home: Path, tmp_path: Path) -> None:
    first = write_slices(tmp_path / "slices", 400)
    second = write_sample("itunes", tmp_path / "in")
    running = [command("add", what, "--library", home) for what in (first, second)]
    outputs = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0, 0], outputs
    add(tmp_path / "other", first)
    add(tmp_path / "other", second)
    assert content(home)["playlist"] == content(tmp_path / "other")["playlist"]


def test_a_full_disk_is_told_and_nothing_is_lost(
    home: Path, tmp_path: Path, slices: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readahead, "BATCH", 500)
    add(home, write_slice(tmp_path, 0, million_playlist(999_999, 1, 2)))
    with segue.open(home) as library:
        connection = library._catalog.database.connection
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 60}")
        with pytest.raises(LibraryError, match="is full"):
            library.add(slices)
        assert library.search("Song 1")
    assert 1 < playlists(home) < 601
    add(home, slices)
    other = tmp_path / "other"
    add(other, tmp_path / "mpd.slice.0-999.json")
    add(other, slices)
    assert content(home) == content(other)


def test_nothing_and_one_song(home: Path, tmp_path: Path) -> None:
    (report,) = add(home, write_slice(tmp_path, 0))
    assert (new(report), report.failed, report.parts) == ({}, 0, 1)
    (tmp_path / "one.m3u").write_text("a.mp3")
    (report,) = add(home, tmp_path / "one.m3u")
    assert new(report) == {"tracks": 1, "playlists": 1, "entries": 1}
    (tmp_path / "none.m3u").write_text("#EXTM3U\n")
    (report,) = add(home, tmp_path / "none.m3u")
    assert (new(report), report.skipped) == ({}, {"an empty playlist": 1})


def test_a_playlist_of_many_entries(home: Path, tmp_path: Path) -> None:
    (tmp_path / "long.m3u").write_text("".join(f"{i % 900}.mp3\n" for i in range(20_000)))
    (report,) = add(home, tmp_path / "long.m3u")
    assert new(report) == {"tracks": 900, "playlists": 1, "entries": 20_000}


def test_wrong_types_everywhere(home: Path, tmp_path: Path) -> None:
    odd: list[Any] = [None, True, 7, -1, 2**70, 1e400, "", "\0\ud800x", [], {}, [[]], {"a": {}}]
    rows = []
    for pid, value in enumerate(odd * 2):
        playlist = million_playlist(pid, 1, 2)
        playlist["tracks"][0] = dict.fromkeys(playlist["tracks"][0], value)
        playlist["tracks"][1] |= {"track_name": value, "duration_ms": value, "pos": value}
        rows.append({**playlist, "name": value, "num_followers": value, "modified_at": value})
    rows += [million_playlist(0, 1), *odd]
    (report,) = add(home, write_slice(tmp_path, 0, *rows))
    assert report.playlists == 2 * len(odd)
    assert report.failed == 0
    assert report.skipped["a second playlist of one number"] == 1
    assert report.bad >= len(odd)
    assert len(report.problems) <= 100
    with segue.open(home) as library:
        library.status()
        library.search("Song 1")


def test_a_source_that_brought_nothing_is_not_on_record(home: Path, tmp_path: Path) -> None:
    (tmp_path / "no.xml").write_bytes(b"\0\1nonsense")
    report = add(home, tmp_path / "no.xml", kind="itunes")
    assert [source.failed for source in report] == [1]
    with segue.open(home) as library:
        assert library.sources() == []
