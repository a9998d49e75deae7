from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import segue as package
from segue.cli.main import segue
from segue.errors import EarError
from segue.service.add import AddReport
from sounds import song

SAMPLES = Path(__file__).parents[1] / "sources" / "data"
COUNTS = {
    "tracks", "merged", "doubtful", "playlists", "changed_playlists", "known_playlists", "entries",
    "listens", "ratings", "play_counts", "features", "records", "bad", "skipped",
}  # fmt: skip


@pytest.fixture
def music(tmp_path: Path, no_ear: None) -> Path:
    assert no_ear is None
    for i in range(2):
        song(tmp_path / "music" / f"{i}.flac", seed=i)
    return tmp_path / "music"


def run(*arguments: str | Path) -> Result:
    done = CliRunner().invoke(segue, [str(a) for a in arguments], standalone_mode=False)
    assert done.exception is None, done.exception
    return done


def test_adding_and_adding_again(music: Path) -> None:
    done = run("add", music, "--workers", "1")
    assert done.return_value == 0
    assert done.stdout.startswith("2 added.\n")
    assert "hours of music" in done.stdout
    assert "Listening" in done.stderr
    assert "2/2 files" in done.stderr
    again = run("add")
    assert again.return_value == 0
    assert again.stdout == "2 unchanged.\n"


def test_failed_files_are_status_3(music: Path) -> None:
    (music / "bad.mp3").write_bytes(b"")
    done = run("add", music, "--workers", "1")
    assert done.return_value == 3
    assert "1 failed" in done.stdout
    assert "segue problems" in done.stdout
    again = run("add")
    assert again.return_value == 0  # nothing failed in this run
    assert "segue problems" in again.stdout
    listed = run("problems")
    assert str(music / "bad.mp3") in listed.stdout
    assert "empty (0 bytes)" in listed.stdout


def test_json_alone_on_standard_output(music: Path) -> None:
    (music / "bad.mp3").write_bytes(b"junk")
    done = run("add", music, "--workers", "1", "--json")
    assert done.return_value == 3
    report = json.loads(done.stdout)
    assert {name: report[name] for name in ("schema", "added", "failed", "embedder")} == {
        "schema": 1, "added": 2, "failed": 1, "embedder": "plain/1",
    }  # fmt: skip
    assert [problem["path"] for problem in report["problems"]] == [str(music / "bad.mp3")]
    assert set(report) >= {
        "updated",
        "unchanged",
        "moved",
        "back",
        "missing",
        "music_seconds",
        "seconds",
    }


def test_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    done = run("add", tmp_path / "none")
    assert (done.return_value, done.stdout) == (0, "Nothing found.\n")


def test_start_adds_and_shows_what_to_do_next(music: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch() -> Path:
        raise EarError("there is no network")

    monkeypatch.setattr("segue.service.library.install_ear", fetch)
    done = run("start", music)
    assert done.return_value == 0
    assert "2 added." in done.stdout
    assert "Sounds like Tester - Song 0" in done.stdout
    assert "segue similar" in done.stdout
    assert "there is no network." in done.stderr
    again = run("start", music)
    assert "2 unchanged." in again.stdout


def test_start_without_music_plays_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_ear: None
) -> None:
    assert no_ear is None
    monkeypatch.setattr("segue.service.library.install_ear", lambda: tmp_path)

    def few(folder: Path) -> list[Path]:
        return [song(folder / "x" / "demo.flac"), song(folder / "x" / "other.flac", seed=1)]

    monkeypatch.setattr("segue.audio.demo.write_library", few)
    done = run("start")
    assert done.return_value == 0
    assert "rendering the demo library" in done.stderr
    assert "2 added." in done.stdout


def test_start_with_an_empty_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_ear: None
) -> None:
    assert no_ear is None
    monkeypatch.setattr("segue.service.library.install_ear", lambda: tmp_path)
    (tmp_path / "none").mkdir()
    done = run("start", tmp_path / "none")
    assert done.return_value == 0
    assert "no music in the folder" in done.stdout


def test_watching_tells_every_round(music: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def once(_: object, *folders: str, on_report: object, on_problem: object) -> None:
        assert callable(on_problem)
        assert folders == (str(music),)
        assert callable(on_report)
        on_report(AddReport(added=2))
        raise KeyboardInterrupt

    monkeypatch.setattr(package.Library, "watch", once)
    done = run("watch", music)
    assert done.return_value == 130
    assert "2 added." in done.stdout
    assert "stop with Ctrl-C" in done.stderr
    assert "What was finished is kept" in done.stderr


def test_the_demo_library_is_written_where_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segue.audio.demo.write_library", lambda folder: [folder] * 40)
    done = run("demo", tmp_path / "here")
    assert f"segue add {tmp_path / 'here'}" in done.stdout
    assert "40 pieces" in done.stdout


def test_a_source_is_told_in_a_summary() -> None:
    export = SAMPLES / "my_spotify_account_data.zip"
    done = run("add", export)
    assert done.return_value == 0
    assert done.stdout.splitlines() == [
        f"Spotify's account data: {export}",
        "  New: 1 playlist, 1 entry, 2 tracks, 1 listen, 1 rating.",
        "  Same recordings: 1 merged with another source.",
        "  Left out: 1 x a podcast.",
    ]
    assert "Reading my_spotify_account_data.zip ..." in done.stderr
    again = run("add", export)
    assert again.return_value == 0
    assert again.stdout.splitlines()[1:] == ["  New: nothing.", "  Known: 3 parts."]


def test_a_source_as_json_alone() -> None:
    export = SAMPLES / "my_spotify_account_data.zip"
    done = run("add", export, "--json")
    assert (done.return_value, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert (report["schema"], report["added"], report["embedder"]) == (1, 0, "")
    (source,) = report["sources"]
    assert set(source) >= COUNTS | {"kind", "location", "parts", "known_parts", "seconds", "failed"}
    assert (source["kind"], source["location"]) == ("spotify_account", str(export))
    assert (source["playlists"], source["listens"], source["ratings"]) == (1, 1, 1)
    assert source["skipped"] == {"a podcast": 1}
    assert source["problems"] == []


def test_a_folder_of_sources_is_told_one_by_one(collection: Path) -> None:
    done = run("add", collection)
    assert done.return_value == 0
    table, playlist = (f"{collection}", f"{collection / 'late.m3u8'}")
    lines = done.stdout.splitlines()
    assert lines[0] == f"Table of audio features: {table}"
    assert lines[1] == "  New: 3 tracks, 3 feature rows."
    assert lines[2] == f"M3U playlist: {playlist}"
    assert lines[3] == "  New: 1 playlist, 3 entries, 3 tracks."
    assert lines[4].startswith("  Same recordings: 1 merged with another source, 1 doubtful")
    assert "added" not in done.stdout  # nothing is said of music, of which there is none


def test_music_and_a_source_at_once(music: Path, collection: Path) -> None:
    done = run("add", music, collection / "late.m3u8", "--workers", "1", "--json")
    report = json.loads(done.stdout)
    assert report["added"] == 2
    assert [source["kind"] for source in report["sources"]] == ["m3u"]
    shown = run("add", music, collection / "late.m3u8", "--workers", "1").stdout
    assert "M3U playlist" in shown
    assert shown.endswith("2 unchanged.\n")


def test_what_is_not_recognised_can_be_named(collection: Path) -> None:
    plain = collection / "songs.txt"
    plain.write_text("/music/one.mp3\n/music/two.mp3\n", "utf-8")
    done = run("add", plain)
    assert (done.return_value, done.stdout) == (1, "")
    assert "--as" in done.stderr
    named = run("add", plain, "--as", "m3u")
    assert named.return_value == 0
    assert "  New: 1 playlist, 2 entries, 2 tracks." in named.stdout
    wrong = run("add", plain, "--as", "itunes")
    assert wrong.return_value == 3  # it is one, says the user; nothing of it can be read
    assert "New: nothing." in wrong.stdout
    assert "! songs.txt: " in wrong.stdout


def test_a_source_that_is_damaged_is_status_3_and_keeps_what_was_good(tmp_path: Path) -> None:
    export = tmp_path / "Spotify Account Data"
    export.mkdir()
    plays = [
        {"endTime": f"2024-05-06 18:4{i}", "artistName": "A", "trackName": f"T{i}", "msPlayed": 9e4}
        for i in range(3)
    ]
    whole = json.dumps(plays)
    (export / "StreamingHistory_music_0.json").write_text(whole, "utf-8")
    (export / "StreamingHistory_music_1.json").write_text(whole[: len(whole) // 2], "utf-8")
    done = run("add", export)
    assert done.return_value == 3
    assert "  New: 3 tracks, 3 listens." in done.stdout
    assert "  ! StreamingHistory_music_1.json: " in done.stdout


def test_one_of_several_sources_that_cannot_be_read(collection: Path) -> None:
    shutil.copy(SAMPLES / "rb.xml", collection)
    (collection / "broken.zip").write_bytes(b"PK\3\4 and no more")
    done = run("add", collection / "rb.xml", collection / "broken.zip", "--as", "rekordbox")
    assert done.return_value == 3
    assert "  New: 1 playlist, 1 entry, 1 track, 1 feature row." in done.stdout
    assert "broken.zip" in done.stdout


def test_many_problems_are_not_all_printed(tmp_path: Path) -> None:
    rows = [f"song {i},somebody,much" for i in range(20)]
    table = tmp_path / "t.csv"
    table.write_text("\n".join(["title,artist,valence", *rows]), "utf-8")
    done = run("add", table)
    assert len([line for line in done.stdout.splitlines() if line.startswith("  ! ")]) == 9
    assert "and 12 more" in done.stdout
