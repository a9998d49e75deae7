from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from company import MODELS, genres, long_playlists, open_library, piece, playlists, write
from incoming import playlist
from segue.cli.main import segue


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("SEGUE_HOME", str(tmp_path / "library"))
    with open_library(tmp_path / "library", [*playlists(), *genres()]):
        return tmp_path / "library"


def run(*arguments: str | Path) -> Result:
    done = CliRunner().invoke(segue, [str(a) for a in arguments], standalone_mode=False)
    assert done.exception is None, done.exception
    return done


def read(*arguments: str | Path) -> Any:
    done = run(*arguments, "--json")
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_fit_tells_what_it_took(home: Path) -> None:
    assert home.exists()
    done = run("fit", *MODELS)
    assert done.return_value == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "Learned from 60 playlists, 360 entries of 27 tracks."
    for name in MODELS:
        (line,) = (line for line in lines if line.strip().startswith(name))
        assert line.split()[2] == "s"
        assert "MiB" in line
        assert line.strip().endswith("MB")
    assert "item_knn (2 of 3): counting pairs ..." in done.stderr
    assert "Reading the library ..." in done.stderr
    again = run("fit", *MODELS)
    assert again.stdout.count("it learned the same already") == 3
    assert "item_knn: as it was" in again.stderr
    assert "as it was" not in run("fit", "popularity", "--force").stdout


def test_fit_as_json(home: Path) -> None:
    assert home.exists()
    found = read("fit", "popularity")
    assert (found["schema"], found["from"], found["rows"]) == (1, "playlists", 60)
    (model,) = found["models"]
    assert model["name"] == "popularity"
    assert model["bytes"] > 1000
    assert model["peak_rss_mb"] > 1
    assert found["problems"] == {}


def test_a_model_that_cannot_learn_is_told_of(home: Path) -> None:
    assert run("sources", "--library", home, "--remove", "1").return_value is None
    done = run("fit", "popularity")
    assert done.return_value == 2
    assert "nothing to learn from" in done.stderr
    with open_library(home, playlists(2)):
        pass
    done = run("fit", "popularity", "word2vec")
    assert done.return_value == 1
    assert "! word2vec: word2vec has nothing to learn from" in done.stderr


def test_what_is_not_named_and_has_too_little_is_left_out_in_one_line(home: Path) -> None:
    assert home.exists()
    why = "blend needs at least 100 playlists of more than 10 songs; there are 0"
    done = run("fit")
    assert done.return_value == 0
    assert f"blend was left out: {why}." in done.stdout.splitlines()
    assert why not in done.stderr
    done = run("fit", "blend")
    assert done.return_value == 1
    assert f"! blend: {why}" in done.stderr.splitlines()


def test_all_are_fitted_and_the_blend_answers(home: Path) -> None:
    with open_library(home, long_playlists()):
        pass
    done = run("fit")
    assert done.return_value == 0
    assert "left out" not in done.stdout
    assert "blend (7 of 7): growing trees ..." in done.stderr
    assert any(line.split()[:1] == ["blend"] for line in run("models").stdout.splitlines())
    assert read("models")["models"][1]["options"] == {"candidates": 1200}
    found = read("recommend", "--like", "granite one")
    assert found["model"] == "blend"
    assert all(hit["title"].startswith("Granite") for hit in found["hits"][:8])


def test_fit_of_what_is_not_there(home: Path) -> None:
    assert run("fit", "nope").return_value == 2
    assert "there is no model 'nope'" in run("fit", "nope").stderr
    assert run("fit", "--from", "sessions", "popularity").return_value == 2
    done = run("fit", "--library", home.parent / "none")
    assert done.return_value == 1
    assert "there is no library" in done.stderr


def test_models_are_listed_and_removed(home: Path) -> None:
    assert "No recommender is fitted yet" in run("models").stdout
    assert read("models") == {"schema": 1, "models": []}
    run("fit", "popularity", "item_knn")
    shown = run("models").stdout
    assert "60 playlists" in shown
    assert read("models")["models"][0]["options"]["n_neighbors"] == 500
    assert "the same" in shown
    assert "has changed" not in shown
    with open_library(home, []) as library:
        write(library, [playlist("million_playlist:x", piece("neon", 1))])
    assert "The library has changed" in run("models").stdout
    assert [(m["name"], m["changed"]) for m in read("models")["models"]] == [
        ("item_knn", True),
        ("popularity", True),
    ]
    assert "item_knn is out" in run("models", "--remove", "item_knn").stdout
    assert [m["name"] for m in read("models", "--remove", "popularity")["models"]] == []
    assert run("models", "--remove", "als").return_value == 1


def test_options_are_set_by_name(home: Path) -> None:
    assert home.exists()
    run("fit", "item_knn", "--set", "n_neighbors=5")
    (model,) = read("models")["models"]
    assert model["options"]["n_neighbors"] == 5
    done = CliRunner().invoke(segue, ["fit", "item_knn", "--set", "n_neighbors"])
    assert "is not of the form OPTION=VALUE" in done.stderr
