from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from company import MODELS, TITLES, listens, open_library, piece, write
from planted import plant_file
from segue.cli.main import segue


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a library with fitted models; nobody may change it."""
    folder = tmp_path_factory.mktemp("fitted") / "library"
    with open_library(folder) as library:
        write(library, listens(piece("velvet", 0), piece("velvet", 1)))
        plant_file(library._catalog.database, library.search("neon four")[0].id)
        library.fit(*MODELS, "word2vec")
    return folder


@pytest.fixture(autouse=True)
def settings(fitted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("SEGUE_HOME", str(fitted))


def run(*arguments: str | Path) -> Result:
    done = CliRunner().invoke(segue, [str(a) for a in arguments], standalone_mode=False)
    assert done.exception is None, done.exception
    return done


def read(*arguments: str | Path) -> Any:
    done = run(*arguments, "--json")
    assert done.stderr == ""
    return json.loads(done.stdout)


def titles(found: Any) -> list[str]:
    return [hit["title"] for hit in found["hits"]]


def test_recommend_shows_songs_with_reasons() -> None:
    done = run("recommend", "--like", "neon one", "-k", "3")
    lines = done.stdout.splitlines()
    assert lines[0] == "Goes with Night Arcade - Neon One  [playlist_knn]"
    rows = [line for line in lines if "alike playlists have it" in line]
    assert [row.split()[0] for row in rows] == ["1", "2", "3"]
    assert all("Neon" in row for row in rows)


def test_recommend_as_json() -> None:
    found = read("recommend", "--like", "neon one", "--dislike", "neon two", "-k", "3")
    assert found["schema"] == 1
    assert found["model"] == "playlist_knn"
    assert [track["title"] for track in found["likes"]] == ["Neon One"]
    assert found["likes"][0]["weight"] == 1
    assert [track["title"] for track in found["dislikes"]] == ["Neon Two"]
    assert [hit["rank"] for hit in found["hits"]] == [1, 2, 3]
    assert all(hit["reasons"] for hit in found["hits"])
    assert found["playlist"] is None


def test_recommend_from_a_playlist_a_listener_and_a_title() -> None:
    done = run("recommend", "--playlist", TITLES["neon"], "-k", "2")
    first = done.stdout.splitlines()[0]
    assert first == (
        f"Goes with the playlist {TITLES['neon']!r} (6 songs, the largest of 20 of that name)  "
        "[playlist_knn]"
    )
    assert titles(read("recommend", "--user", "-k", "2", "--model", "item_knn"))[0].startswith(
        "Velvet"
    )
    assert titles(read("recommend", "--user", "me", "-k", "2")) == titles(
        read("recommend", "--user", "-k", "2")
    )
    done = run("recommend", "--title", "road trip", "-k", "2")
    assert done.stdout.splitlines()[0] == "Goes with the title 'road trip'  [popularity]"


def test_recommend_with_filters(tmp_path: Path) -> None:
    like = ("recommend", "--like", "neon one", "-k", "9")
    assert all(title.startswith("Velvet") for title in titles(read(*like, "--genre", "jazz")))
    assert len(titles(read(*like, "--artist", "Ella Marsh"))) == 4
    assert "Neon Two" not in titles(read(*like, "--not-artist", "cassette 88"))
    assert titles(read(*like, "--owned")) == ["Neon Four"]
    assert titles(read(*like, "--year", "1984")) == []
    assert "Nothing else was found." in run(*like, "--year", "1980-1989").stdout
    file = tmp_path / "x.m3u8"
    assert f"1 song written to {file}" in run(*like, "--owned", "--m3u", file).stdout
    assert "Neon Four" in file.read_text("utf-8")


@pytest.mark.parametrize("year", ["x", "1990-1980", "1980-x"])
def test_years_that_make_no_sense(year: str) -> None:
    assert run("recommend", "--like", "neon one", "--year", year).return_value == 2


def test_recommend_names_what_may_have_been_meant() -> None:
    done = run("recommend", "--like", "neon", "-k", "2")
    assert "You may have meant: " in done.stderr
    assert run("recommend").return_value == 2
    assert run("recommend", "--like", "qqqq zzzz").return_value == 1


def test_analogy() -> None:
    song = ("analogy", "neon", "one", "--minus", "Night Arcade", "--plus", "Ella Marsh")
    done = run(*song, "-k", "3")
    assert done.stdout.splitlines()[0] == (
        "Night Arcade - Neon One - Night Arcade (artist) + Ella Marsh (artist)"
    )
    assert done.stdout.count("Velvet") == 3
    found = read(*song, "-k", "3")
    assert (found["schema"], found["model"]) == (1, "word2vec")
    assert run("analogy", "neon one").return_value == 2


def test_compare() -> None:
    done = run("compare", "neon one", "neon two")
    lines = done.stdout.splitlines()
    assert lines[0] == "Night Arcade - Neon One  and  Cassette 88 - Neon Two"
    (line,) = (line for line in lines if line.strip().startswith("item_knn"))
    assert "of 27" in line
    assert lines[-1].startswith("Together in ")
    assert run("compare", "neon one", "velvet one").stdout.splitlines()[-1] == (
        "Together in no playlist."
    )
    found = read("compare", "neon one", "neon two")
    assert [model["model"] for model in found["models"]] == sorted([*MODELS, "word2vec"])
    assert run("compare", "neon one", "neon one").return_value == 2


def test_export_vectors(tmp_path: Path) -> None:
    done = run("export", "vectors", "--out", tmp_path / "v.npy")
    assert done.stdout.startswith("27 songs, 1 listener with ")
    assert len(np.load(tmp_path / "v.npy")) == 28
    found = read("export", "vectors", "--format", "word2vec", "--out", tmp_path / "v.txt")
    assert (found["songs"], found["listeners"]) == (27, 1)
    first = (tmp_path / "v.txt").read_text("utf-8").splitlines()[0]
    assert first == f"28 {found['dimensions']}"
    assert run("export", "vectors", "--model", "popularity", "--out", "x").return_value == 2
