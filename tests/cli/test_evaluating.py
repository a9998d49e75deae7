from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import slices
from segue.cli.main import segue


@pytest.fixture
def held_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file of playlists that a library of 60 others has not."""
    monkeypatch.setenv("COLUMNS", "80")
    file = slices.write(tmp_path / "mpd.slice.0-999.json", slices.playlists(60))
    assert run("add", file).return_value == 0
    others = slices.playlists(6, first=500)
    others[0]["tracks"].append(slices.track(999))
    return slices.write(tmp_path / "held.json", others)


def run(*arguments: str | Path | int) -> Result:
    done = CliRunner().invoke(segue, [str(a) for a in arguments], standalone_mode=False)
    assert done.exception is None, done.exception
    return done


def evaluated(*arguments: str | Path) -> Any:
    done = run("evaluate", *arguments, "--json")
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_json_is_all_that_is_printed(held_out: Path) -> None:
    found = evaluated("--held-out", held_out, "--model", "popularity")
    assert set(found) == {"models", "data"}
    (model,) = found["models"].values()
    assert set(model["seeds"]) == {"0", "1", "5", "10", "25", "100"}
    one = model["seeds"]["1"]
    assert one["n"] == 6
    assert 0 < one["ndcg_low"] <= one["ndcg"] <= one["ndcg_high"] < 1
    assert one["ms_per_query"] > 0
    assert (model["seeds"]["10"]["n"], model["seeds"]["10"]["ndcg"]) == (0, None)
    assert found["data"]["held_out_unknown"] == 1


def test_a_table_for_people(held_out: Path) -> None:
    arguments = ("--model", "popularity", "--model", "implicit_cosine", "--seeds", "0,5")
    done = run("evaluate", "--held-out", held_out, *arguments)
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == "0 seeds, the title alone: 6 playlists"
    assert "5 seeds, the first of the playlist: 6 playlists" in lines
    heading = next(line for line in lines if "NDCG" in line)
    assert heading.split() == ["model", "R-prec", "NDCG", "95", "%", "clicks", "r@100", "ms"]
    after = lines.index("5 seeds, the first of the playlist: 6 playlists")
    rows = {line.split()[0]: line.split() for line in lines[after + 1 : after + 7] if "0." in line}
    assert rows["implicit_cosine"][2].endswith("*")
    assert not rows["popularity"][2].endswith("*")
    assert lines[-2].startswith("Fitted on 60 playlists, 90 tracks; 6 held out, 6 of them asked")
    assert lines[-1] == "1.1% of their songs are in none of the fitted: nobody can find them."
    told = done.stderr.splitlines()
    assert told[0] == "Reading the library ..."
    assert told.count("Asking popularity ...") == 1


def test_without_a_file_a_sixth_is_held_out(held_out: Path) -> None:
    assert held_out.exists()
    found = evaluated("--model", "popularity", "--seeds", "1", "--order", "random")
    assert (found["data"]["playlists"], found["data"]["held_out"]) == (50, 10)
    assert found["data"]["order"] == "random"
    few = evaluated("--model", "popularity", "--seeds", "1", "--sample", "4")
    assert few["models"]["popularity"]["seeds"]["1"]["n"] == 4


def test_playlists_that_are_in_the_library_are_warned_of(held_out: Path) -> None:
    file = held_out.parent / "mpd.slice.0-999.json"
    done = run("evaluate", "--held-out", file, "--model", "popularity", "--seeds", "1")
    assert "60 held-out playlists are in the library" in done.stderr


def refused(*arguments: str | Path) -> str:
    done = CliRunner().invoke(segue, ["evaluate", *map(str, arguments)], standalone_mode=False)
    assert done.return_value == 2
    return done.stderr


def test_wrong_use(held_out: Path) -> None:
    assert "is no list of numbers" in refused("--seeds", "1,x")
    assert "expected at least 0" in refused("--seeds", "1,-1")
    assert "there is no model 'x'" in refused("--model", "x")
    assert "there is no file" in refused(
        "--model", "popularity", "--held-out", held_out.parent / "none.json"
    )
    assert "--next-song has no" in refused("--next-song", "--order", "random")
    assert "the library has no sessions" in refused("--next-song", "--model", "popularity")


def test_no_library_is_made(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        segue, ["evaluate", "--library", str(tmp_path / "none")], standalone_mode=False
    )
    assert done.return_value == 1
    assert not (tmp_path / "none").exists()


def test_next_songs_of_listening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    plays = [
        {
            "ts": f"2024-01-{day:02}T10:{4 * place:02}:00Z",
            "ms_played": 200_000,
            "spotify_track_uri": slices.uri(100 + (7 * day + place) % 12),
            "master_metadata_track_name": f"song {(7 * day + place) % 12}",
            "master_metadata_album_artist_name": "Somebody",
        }
        for day in range(1, 25)
        for place in range(4)
    ]
    file = tmp_path / "Streaming_History_Audio_2024_0.json"
    file.write_text(json.dumps(plays), "utf-8")
    assert run("add", file).return_value == 0
    found = evaluated("--next-song", "--model", "popularity")
    by_rows = found["models"]["popularity"]
    assert set(by_rows) == {"sessions", "histories"}
    assert (by_rows["sessions"]["sessions"], by_rows["sessions"]["songs"]) == (4, 12)
    assert (found["data"]["sessions"], found["data"]["listeners"]) == (20, 1)
    lines = run("evaluate", "--next-song", "--model", "popularity").stdout.splitlines()
    assert lines[0] == "The next song: 12 songs"
    assert lines[-1].startswith("Fitted on 20 sessions, 12 tracks; 4 held out, 4 of them asked")
