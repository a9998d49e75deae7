from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import segue
import slices
from incoming import importer, song
from segue.catalog.catalog import Catalog
from segue.catalog.incoming import ListenRecord
from segue.catalog.interactions import load_interactions
from segue.errors import UsageError
from segue.models.popularity import Popularity
from segue.models.recommender import FitProgress
from segue.service.evaluating import EvaluateOptions, evaluate, evaluate_next_song
from segue.service.fitting import fit_and_store
from segue.types import Seed


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """Return a library with 60 playlists of 15 songs."""
    file = slices.write(tmp_path / "mpd.slice.0-999.json", slices.playlists(60))
    with segue.open(tmp_path / "library") as library:
        library.add(file)
    found = Catalog(tmp_path / "library")
    yield found
    found.close()


def held_out(folder: Path, count: int = 9, strangers: int = 0) -> Path:
    """Return a file of other playlists, to each of which songs that nobody has are added."""
    found = slices.playlists(count, first=500)
    for playlist in found:
        playlist["tracks"] += [slices.track(900 + n) for n in range(strangers)]
    return slices.write(folder / "held.json", found)


def figures(found: Any, model: str, k: int) -> dict[str, Any]:
    chosen: dict[str, Any] = found.to_json()["models"][model]["seeds"][str(k)]
    return chosen


def test_the_measures_are_those_that_are_defined(catalog: Catalog, tmp_path: Path) -> None:
    """Worked out again from the file's own URIs, by the definitions."""
    file = held_out(tmp_path, strangers=3)
    options = EvaluateOptions(held_out=file, models=["popularity"], seeds=(0, 1, 5, 25))
    found = evaluate(catalog, tmp_path / "models", options)
    model = Popularity().fit(load_interactions(catalog.database))
    keys = dict(catalog.database.query("SELECT id, key FROM track"))
    ids_by_key = {key: id_ for id_, key in keys.items()}
    playlists = json.loads(file.read_text("utf-8"))["playlists"]
    for k in (0, 1, 5):
        ndcgs, precisions, clicks = [], [], []
        for playlist in playlists:
            songs = [t["track_uri"].replace("track:", "") for t in playlist["tracks"]]
            likes = np.array([ids_by_key.get(key, 0) for key in songs[:k]], dtype=np.int64)
            answer = [keys[i] for i in model.recommend(Seed(likes=likes), 500).ids.tolist()]
            wanted = set(songs[k:])
            hits = [i for i, key in enumerate(answer) if key in wanted]
            precisions.append(sum(i < len(wanted) for i in hits) / len(wanted))
            best = sum(1 / math.log2(i + 2) for i in range(len(wanted)))
            ndcgs.append(sum(1 / math.log2(i + 2) for i in hits) / best)
            clicks.append(hits[0] // 10 if hits else 51)
        got = figures(found, "popularity", k)
        assert got["n"] == 9
        assert got["r_precision"] == pytest.approx(np.mean(precisions), abs=1e-6)
        assert got["ndcg"] == pytest.approx(np.mean(ndcgs), abs=1e-6)
        assert got["clicks"] == pytest.approx(np.mean(clicks), abs=1e-6)
    assert figures(found, "popularity", 25)["n"] == 0
    assert figures(found, "popularity", 25)["ndcg"] is None


def test_what_it_was_measured_on(catalog: Catalog, tmp_path: Path) -> None:
    file = held_out(tmp_path, strangers=3)
    options = EvaluateOptions(held_out=file, models=["popularity"], sample=5, seeds=(1,))
    data = evaluate(catalog, tmp_path / "models", options).data
    assert data["schema"] == 1
    assert (data["playlists"], data["tracks"], data["entries"]) == (60, 90, 900)
    assert (data["held_out"], data["asked"], data["held_out_seen"]) == (9, 5, 0)
    assert (data["held_out_entries"], data["held_out_unknown"]) == (9 * 18, 9 * 3)
    assert (data["file"], data["order"], data["left_out"]) == (str(file), "first", {})


def test_an_artist_of_a_song_that_nobody_has_is_evidence(catalog: Catalog, tmp_path: Path) -> None:
    """Playlists that begin with strangers by known artists are continued with their group."""
    rows = []
    for group in (1, 2, 3):
        stranger = slices.track(950, artist_name=f"ARTIST {group}1")
        songs = [slices.track(100 * group + n) for n in range(30)]
        rows.append({"name": "", "pid": 900 + group, "tracks": [stranger, *songs]})
    file = slices.write(tmp_path / "held.json", rows)
    options = EvaluateOptions(held_out=file, models=["item_knn"], seeds=(1,))
    found = figures(evaluate(catalog, tmp_path / "models", options), "item_knn", 1)
    assert found["r_precision"] == pytest.approx(1.0)
    assert found["clicks"] == 0


def test_a_part_of_the_library_is_held_out(catalog: Catalog, tmp_path: Path) -> None:
    told: list[FitProgress] = []
    options = EvaluateOptions(models=["popularity", "implicit_cosine"], seeds=(0, 1, 5))
    found = evaluate(catalog, tmp_path / "models", options, told.append)
    assert list(found.models) == ["popularity", "implicit_cosine"]
    assert (found.data["playlists"], found.data["held_out"], found.data["file"]) == (50, 10, None)
    peer, floor = figures(found, "implicit_cosine", 5), figures(found, "popularity", 5)
    assert peer["ndcg"] > 1.3 * floor["ndcg"]  # it keeps to the group
    assert floor["ndcg_to_best_high"] < 0
    model = found.to_json()["models"]["implicit_cosine"]
    assert 0 < model["coverage"] <= 1
    assert model["fit_seconds"] > 0
    assert model["peak_rss_mb"] > 10
    steps = {one.step for one in told}
    assert steps >= {"reading the library", "fitting implicit_cosine", "asking popularity"}
    assert not (tmp_path / "models").exists()


def test_the_same_seed_splits_alike(catalog: Catalog, tmp_path: Path) -> None:
    def ndcg(seed: int, **more: Any) -> float:
        options = EvaluateOptions(models=["popularity"], seeds=(1,), seed=seed, **more)
        value: float = figures(evaluate(catalog, tmp_path, options), "popularity", 1)["ndcg"]
        return value

    assert ndcg(0) == ndcg(0) != ndcg(1)
    assert ndcg(0, order="random") == ndcg(0, order="random") != ndcg(0)


def test_models_of_just_this_are_used_again(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with segue.open(tmp_path / "library") as library:
        library.fit("popularity")
    fitted: list[list[str]] = []

    def noted(folder: Path, data: Any, names: Any, about: Any, **more: Any) -> Any:
        fitted.append(list(names))
        return fit_and_store(folder, data, names, about, **more)

    monkeypatch.setattr("segue.service.evaluating.fit_and_store", noted)
    models = tmp_path / "library" / "models"
    options = EvaluateOptions(held_out=held_out(tmp_path), models=["popularity"], seeds=(1,))
    first = evaluate(catalog, models, options)
    assert fitted == []
    stored = sorted(models.rglob("*"))
    other = slices.write(tmp_path / "mpd.slice.1000-1999.json", slices.playlists(3, first=1000))
    with segue.open(tmp_path / "library") as library:
        library.add(other)
    second = evaluate(catalog, models, options)
    assert fitted == [["popularity"]]  # the library has more playlists now
    assert sorted(models.rglob("*")) == stored  # what serves is left as it is
    assert first.data["fingerprint"] != second.data["fingerprint"]


def test_what_cannot_be_measured_is_told_of(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "surprise", None)

    def nothing(*_: Any, **__: Any) -> None:
        raise UsageError("there is nothing to learn from")

    monkeypatch.setattr(Popularity, "fit", nothing)
    names = ["popularity", "implicit_cosine", "surprise_knn_baseline"]
    found = evaluate(catalog, tmp_path, EvaluateOptions(models=names, seeds=(1,)))
    assert list(found.models) == ["implicit_cosine"]
    assert found.data["left_out"] == {
        "popularity": "there is nothing to learn from",
        "surprise_knn_baseline": "surprise is not installed",
    }
    with pytest.raises(UsageError, match="nothing could be measured: popularity: there is"):
        evaluate(catalog, tmp_path, EvaluateOptions(models=["popularity"], seeds=(1,)))


def test_wrong_use(catalog: Catalog, tmp_path: Path) -> None:
    for options, said in (
        (EvaluateOptions(models=["nonsense"]), "there is no model 'nonsense'"),
        (EvaluateOptions(seeds=(-1,)), "at least 0"),
        (EvaluateOptions(models=["popularity"], share=2), "above 0 and below 1"),
        (EvaluateOptions(held_out=tmp_path / "no.json", models=["popularity"]), "there is no file"),
    ):
        with pytest.raises(UsageError, match=said):
            evaluate(catalog, tmp_path, options)
    empty = Catalog(tmp_path / "empty")
    with pytest.raises(UsageError, match="nothing to learn from"):
        evaluate(empty, tmp_path, EvaluateOptions(models=["popularity"]))
    empty.close()


def listened(folder: Path, listeners: int = 8, sessions: int = 24) -> Catalog:
    """Return a library whose listeners hear one of four groups of songs in a session."""
    catalog = Catalog(folder)
    rng = np.random.default_rng(0)
    records = [
        ListenRecord(
            song(f"song {group} {n}", key=f"spotify:{group}{n}"),
            at=1_500_000_000 + 100_000 * number + 1000 * who + 200 * place,
            listener=f"listenbrainz:{who}",
        )
        for who in range(listeners)
        for number in range(sessions)
        for group in [int(rng.integers(4))]
        for place, n in enumerate(rng.permutation(40)[:5].tolist())
    ]
    importer(catalog.database, "listenbrainz").write(records)
    return catalog


def test_sessions_say_more_than_lifetimes(tmp_path: Path) -> None:
    catalog = listened(tmp_path)
    options = EvaluateOptions(models=["popularity", "implicit_cosine"])
    found = evaluate_next_song(catalog, options)
    catalog.close()
    assert (found.data["sessions"], found.data["listeners"]) == (160, 8)
    assert (found.data["held_out"], found.data["asked"]) == (32, 32)
    told = found.to_json()["models"]["implicit_cosine"]
    assert set(told) == {"sessions", "histories"}
    assert told["sessions"]["songs"] == 32 * 4
    assert told["sessions"]["hit_rate@20"] > told["histories"]["hit_rate@20_high"]


def test_no_listening(catalog: Catalog) -> None:
    with pytest.raises(UsageError, match="the library has no sessions"):
        evaluate_next_song(catalog, EvaluateOptions(models=["popularity"]))
