"""What is known beyond the files, and where from: sources, merges, versions, show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from segue.cli.main import segue


@pytest.fixture
def added(collection: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder whose table, then its playlist, are in the library."""
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("features.csv", "late.m3u8"):
        assert run("add", collection / name).return_value == 0
    return collection


def run(*arguments: str | Path | int) -> Result:
    done = CliRunner().invoke(segue, [str(a) for a in arguments], standalone_mode=False)
    assert done.exception is None, done.exception
    return done


def read(*arguments: str | Path | int) -> Any:
    done = run(*arguments, "--json")
    assert done.stderr == ""
    return json.loads(done.stdout)


def ids(state: str = "merged") -> list[tuple[int, int]]:
    return [(m["track_id"], m["into_id"]) for m in read("merges", "--state", state)["merges"]]


def test_sources_are_listed(added: Path) -> None:
    found = read("sources")
    assert found["schema"] == 1
    assert [(s["id"], s["kind"], s["location"]) for s in found["sources"]] == [
        (1, "feature_table", str(added / "features.csv")),
        (2, "m3u", str(added / "late.m3u8")),
    ]
    table, playlist = found["sources"]
    assert (table["tracks"], table["features"], table["playlists"]) == (3, 3, 0)
    assert (playlist["tracks"], playlist["features"], playlist["playlists"]) == (3, 0, 1)
    assert set(table) >= {"added_at", "listens", "ratings", "play_counts"}
    lines = run("sources").stdout.splitlines()
    assert lines[0].startswith("1  Table of audio features, added 2")
    assert lines[1:3] == [f"   {added / 'features.csv'}", "   3 tracks, 3 feature rows"]
    assert lines[3].startswith("2  M3U playlist, added 2")
    assert lines[5] == "   1 playlist, 3 tracks"


def test_there_may_be_no_source(collection: Path) -> None:
    run("add", collection / "late.m3u8")
    run("sources", "--remove", "1")
    assert "No source but music" in run("sources").stdout
    assert read("sources") == {"schema": 1, "sources": []}


def test_a_source_is_removed_with_what_it_alone_brought(added: Path) -> None:
    done = run("sources", "--remove", "2")
    assert done.return_value is None
    assert done.stdout.splitlines()[0] == (f"Source 2 is out: M3U playlist, {added / 'late.m3u8'}")
    status = read("status")
    assert (status["playlists"], status["known_tracks"], status["features"]) == (0, 3, 3)
    assert run("search", "sakura").return_value == 1
    assert run("search", "さくら").return_value == 1
    assert run("add", added / "late.m3u8").stdout.count("1 playlist") == 1  # it can come back


def test_merges_say_what_why_and_how_certain(added: Path) -> None:
    assert added.exists()
    found = read("merges")
    assert (found["schema"], found["counts"]) == (1, {"merged": 1, "doubtful": 1})
    (merge,) = found["merges"]
    assert (merge["track"]["key"], merge["into"]["key"]) == (
        "path:/music/teardrop.mp3",
        "spotify:67Hna13dNDkZvBpTXRIaOJ",
    )
    assert (merge["track_id"], merge["into_id"]) == (merge["track"]["id"], merge["into"]["id"])
    assert (merge["state"], merge["certainty"]) == ("merged", 1.0)
    lines = run("merges").stdout.splitlines()
    assert lines == [
        f"{merge['track_id']}  Massive Attack - Teardrop  (5:31, path)",
        f"{merge['into_id']}  Massive Attack - Teardrop  (5:31, spotify)",
        f"   merged, 1.00: {merge['reason']}",
        "In all: 1 merged, 1 doubtful.",
    ]


def test_a_doubtful_merge_is_accepted(added: Path) -> None:
    assert added.exists()
    ((track, into),) = ids("doubtful")
    assert run("merges", "--accept", into, track).return_value == 1  # the other way round
    done = run("merges", "--accept", track, into)
    assert "Massive Attack - Angel" in done.stdout
    assert "In all: 2 merged." in done.stdout
    assert ids("doubtful") == []
    assert (track, into) in ids()
    assert read("show", track)["id"] == into


def test_merges_are_undone_and_stay_so(added: Path) -> None:
    ((track, into),) = ids()
    assert read("show", track)["id"] == into
    done = run("merges", "--undo", track)
    assert "In all: 1 doubtful, 1 undone." in done.stdout
    assert read("show", track)["id"] == track
    (added / "late.m3u8").write_text((added / "late.m3u8").read_text("utf-8") + "#\n", "utf-8")
    run("add", added)
    assert ids() == []
    assert ids("undone") == [(track, into)]
    assert "In all: 1 merged, 1 doubtful." in run("merges", "--accept", track, into).stdout


def test_all_merges_are_undone_at_once(added: Path) -> None:
    assert added.exists()
    run("merges", "--accept", *ids("doubtful")[0])
    done = run("merges", "--undo-all", "-n", "1")
    assert len(done.stdout.splitlines()) == 5  # one merge, how many more, and the sum
    assert "and 1 more" in done.stdout
    assert "In all: 2 undone." in done.stdout
    assert read("merges", "--undo-all")["merges"] == []


def test_versions_of_a_song(added: Path) -> None:
    assert added.exists()
    (track,) = read("search", "teardrop", "--versions")["tracks"]
    assert {t["key"] for t in track["versions"]} == {
        "spotify:67Hna13dNDkZvBpTXRIaOJ",
        "spotify:0000000000000000000001",
    }
    assert "versions" not in read("search", "teardrop")["tracks"][0]
    plain, every = (run("search", "teardrop", *o).stdout for o in ([], ["--versions"]))
    assert ("TEARDROP - Rem" in plain, "TEARDROP - Rem" in every) == (False, True)
    assert ("Mezzanine" in plain, "Mezzanine" in every) == (False, True)  # 80 columns
    assert all(len(line) <= 80 for line in every.splitlines())


@pytest.mark.parametrize("columns", ["60", "80", "120"])
def test_titles_in_any_script_line_up(
    added: Path, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    assert added.exists()
    monkeypatch.setenv("COLUMNS", columns)
    shown = run("search", "さくら").stdout
    assert "さくら" in shown
    assert "path" in shown
    wide = sum(2 if ord(c) > 0x2E80 else 1 for c in shown.splitlines()[3])
    assert wide == int(columns)


def test_show_tells_what_all_sources_say(added: Path) -> None:
    assert added.exists()
    known = read("show", "massive", "attack", "teardrop")
    assert (known["key"], known["playlists"]) == ("spotify:67Hna13dNDkZvBpTXRIaOJ", 1)
    (row,) = known["features"]
    assert row["source"] == f"feature_table: {added / 'features.csv'}"
    assert (row["valence"], row["tempo"], row["genres"]) == (0.31, 77.5, ["trip hop"])
    assert [track["key"] for track in known["merged"]] == ["path:/music/teardrop.mp3"]
    assert [track["key"] for track in known["versions"]] == ["spotify:0000000000000000000001"]
    assert {"kind": "path", "value": "/music/teardrop.mp3"} in known["outside_ids"]
    assert known["listening"] == {
        "listens": 0, "skips": 0, "first_listen": None, "last_listen": None, "ratings": [],
        "play_count": None,
    }  # fmt: skip
    shown = run("show", "massive", "attack", "teardrop").stdout
    for text in ("spotify:67Hna13dNDkZvBpTXRIaOJ", "valence 0.31", "77.5 BPM", "key A♭ major"):
        assert text in shown
    assert "merged with" in shown
    assert "version" in shown


def test_show_tells_of_listening(tmp_path: Path) -> None:
    export = tmp_path / "my history"
    export.mkdir()
    plays = [
        {
            "ts": f"2021-0{month}-01T10:00:00Z",
            "ms_played": seconds * 1000,
            "master_metadata_track_name": "Teardrop",
            "master_metadata_album_artist_name": "Massive Attack",
            "spotify_track_uri": "spotify:track:67Hna13dNDkZvBpTXRIaOJ",
            "reason_end": reason,
        }
        for month, seconds, reason in ((1, 330, "trackdone"), (3, 9, "fwdbtn"), (2, 40, "fwdbtn"))
    ]
    (export / "Streaming_History_Audio_2021_0.json").write_text(json.dumps(plays), "utf-8")
    assert "3 listens" in run("add", export).stdout
    listening = read("show", "teardrop")["listening"]
    assert (listening["listens"], listening["skips"]) == (3, 1)
    shown = run("show", "teardrop").stdout
    assert "3 listens, 1 cut short, 2021-01-01 to 2021-03-01" in shown
