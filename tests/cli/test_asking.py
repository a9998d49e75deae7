from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from segue.cli.main import segue
from sounds import song


@pytest.fixture(autouse=True)
def home(demo_library: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEGUE_HOME", str(demo_library))
    monkeypatch.setenv("COLUMNS", "100")
    return demo_library


def run(*arguments: str | Path) -> Result:
    done = CliRunner().invoke(segue, [str(a) for a in arguments], standalone_mode=False)
    assert done.exception is None, done.exception
    return done


def read(*arguments: str | Path) -> Any:
    done = run(*arguments, "--json")
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_similar_as_json() -> None:
    answer = read("similar", "hedgrow", "ines", "alder", "-k", "4")
    assert set(answer) == {"schema", "seed", "embedder", "hits", "others"}
    assert answer["seed"]["title"] == "Hedgerow"
    assert [hit["rank"] for hit in answer["hits"]] == [1, 2, 3, 4]
    for hit in answer["hits"]:
        assert {"id", "title", "artist", "album", "duration", "path", "score", "reasons"} <= set(
            hit
        )
        assert 0 <= hit["score"] <= 1


@pytest.mark.parametrize("columns", ["60", "80", "100", "160"])
def test_similar_as_a_table(monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    hits = read("similar", "hedgerow")["hits"]
    shown = run("similar", "hedgerow").stdout
    lines = shown.splitlines()
    assert lines[0].startswith("Sounds like Ines Alder - Hedgerow")
    assert all(len(line) <= int(columns) for line in lines)
    table = [line for line in lines if " 0:" in line]
    assert len(table) == 10
    for line, hit in zip(table, hits, strict=True):
        rank, score, *words = line.split()
        assert (rank, score) == (str(hit["rank"]), f"{hit['score']:.2f}")
        assert words[0].rstrip("…") in hit["title"]


def test_others_that_may_have_been_meant_are_named() -> None:
    done = run("similar", "odile", "marchetti", "-k", "2")
    others = read("similar", "odile", "marchetti", "-k", "2")["others"]
    assert others
    for track in others:
        assert f"{track['artist']} - {track['title']} ({track['id']})" in done.stderr


def test_filters() -> None:
    with_word = read("similar", "1", "-k", "40", "--with", "electronic")["hits"]
    without = read("similar", "1", "-k", "40", "--without", "electronic")["hits"]
    assert with_word
    assert without
    assert len(with_word) + len(without) == 39
    both = read("similar", "1", "-k", "40", "--with", "electronic", "--without", "synth")["hits"]
    assert len(both) < len(with_word)
    done = run("similar", "1", "--with", "polka")
    assert done.return_value == 2
    assert "'polka' is not a word" in done.stderr


def test_a_playlist_of_the_answer(tmp_path: Path) -> None:
    target = tmp_path / "next.m3u8"
    done = run("similar", "hedgerow", "-k", "5", "--m3u", target)
    assert f"5 songs written to {target}" in done.stdout
    hits = read("similar", "hedgerow", "-k", "5")["hits"]
    lines = target.read_text("utf-8").splitlines()
    assert lines[0] == "#EXTM3U"
    assert lines[2::2] == [hit["path"] for hit in hits]
    assert (
        lines[1] == f"#EXTINF:{round(hits[0]['duration'])},{hits[0]['artist']} - {hits[0]['title']}"
    )
    assert all(os.path.exists(path) for path in lines[2::2])
    assert run("similar", "1", "--m3u", tmp_path / "no" / "such.m3u").return_value == 1
    answer = read("similar", "hedgerow", "-k", "5", "--m3u", target)
    assert len(answer["hits"]) == 5


def test_opening_a_player(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    launched: list[str] = []

    def launch(url: str) -> int:
        launched.append(url)
        return len(launched) - 1

    monkeypatch.setattr(click, "launch", launch)
    target = tmp_path / "next.m3u8"
    assert run("similar", "1", "--open", "--m3u", target).return_value is None
    assert launched == [str(target)]
    done = run("similar", "1", "--open", "--m3u", target)
    assert done.return_value == 1
    assert "no player" in done.stderr


def test_a_file_outside(tmp_path: Path) -> None:
    path = song(tmp_path / "Out There.flac", seed=3, seconds=6)
    answer = read("similar", path, "-k", "3")
    assert (answer["seed"]["id"], answer["seed"]["title"]) == (0, "Song Out There")
    assert len(answer["hits"]) == 3
    (tmp_path / "bad.mp3").write_bytes(b"")
    done = run("similar", tmp_path / "bad.mp3")
    assert done.return_value == 1
    assert "0 bytes" in done.stderr


def test_search() -> None:
    tracks = read("search", "ines", "alder")["tracks"]
    assert {track["artist"] for track in tracks} == {"Ines Alder"}
    assert len(read("search", "ines", "alder", "-n", "2")["tracks"]) == 2
    shown = run("search", "ines", "alder")
    assert shown.return_value == 0
    for track in tracks:
        assert track["title"] in shown.stdout
        assert f" {track['id']} " in shown.stdout
    nothing = run("search", "qqqq", "zzzz")
    assert nothing.return_value == 1
    assert nothing.stdout == ""
    assert "Nothing is called" in nothing.stderr
    empty = run("search", "qqqq", "zzzz", "--json")
    assert (empty.return_value, json.loads(empty.stdout)) == (1, {"schema": 1, "tracks": []})


def test_show() -> None:
    known = read("show", "hedgerow")
    assert {
        "schema",
        "id",
        "title",
        "words",
        "descriptors",
        "files",
        "lyrics",
        "outside_ids",
    } <= set(known)
    shown = run("show", "hedgerow").stdout
    for text in ("Hedgerow", "Ines Alder", "LUFS", "BPM", known["descriptors"]["key_name"]):
        assert text in shown
    assert known["path"].rpartition("/")[2] in shown.replace("\n", "")


def test_titles_cannot_steer_the_terminal(
    tmp_path: Path, no_ear: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert no_ear is None
    monkeypatch.setenv("SEGUE_HOME", str(tmp_path / "library"))
    song(tmp_path / "music" / "a.flac", seed=1, title="\x1b[31mRed[bold]\x07", artist="[/]")
    song(tmp_path / "music" / "b.flac", seed=2, title="\u202eBackwards\x9b2J")
    assert run("add", tmp_path / "music", "--workers", "1").return_value == 0
    for arguments in (
        ["similar", "1"],
        ["similar", "2"],
        ["search", "red"],
        ["show", "1"],
        ["show", "2"],
    ):
        done = run(*arguments)
        assert done.return_value in (0, None)
        assert not set(done.output) & set("\x1b\x07\x9b\u202e")
    assert "Red[bold]" in run("search", "red").stdout  # nor is it taken for markup
