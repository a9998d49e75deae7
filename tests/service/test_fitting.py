from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import segue
from blending import long_planted
from company import (
    MODELS,
    database_of,
    group_of,
    listens,
    long_playlists,
    open_library,
    piece,
    playlists,
    write,
)
from contracts.recommender import planted
from incoming import playlist
from segue.errors import LibraryError, NotFoundError, UsageError
from segue.models.artifact import load_artifact
from segue.models.recommender import FitProgress
from segue.models.registry import MODELS as REGISTERED
from segue.models.registry import model_class
from segue.recommend.blend import PARTS
from segue.service.fitted import BLEND, load_model
from segue.service.fitting import (
    NAMES,
    FitState,
    compact_options,
    fingerprint,
    fit_models,
    with_parts,
)
from segue.service.learning import LearnFrom
from segue.service.library import Library
from segue.types import Seed


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with open_library(tmp_path / "library") as library:
        yield library


def folder_of(library: Library, name: str) -> str:
    return load_artifact(library.path / "models", name).folder.name


def test_the_same_data_have_the_same_fingerprint_and_others_another() -> None:
    data = planted()
    assert fingerprint(data) == fingerprint(planted())
    swapped = data.indices.copy()
    swapped[[0, 1]] = swapped[[1, 0]]
    others = [
        replace(data, indices=swapped),
        replace(data, weights=np.ones(len(data.indices), dtype=np.float32)),
        replace(data, artist_ids=data.artist_ids + 1),
        replace(data, times=data.times + 1),
        replace(data, titles=[*data.titles[:-1], "x"]),
        replace(data, descriptions=[*data.titles]),
        replace(data, track_titles=[*data.track_titles[1:], "x"]),
        replace(data, artist_names={}),
        data.rows(np.arange(len(data) - 1)),
    ]
    marks = {fingerprint(other) for other in (data, *others)}
    assert len(marks) == len(others) + 1


def test_names_of_other_artists_do_not_count() -> None:
    data = planted()
    more = replace(data, artist_names={**data.artist_names, 99_999: "somebody else"})
    assert fingerprint(more) == fingerprint(data)


def test_the_blend_brings_what_it_is_of_and_names_are_in_order() -> None:
    assert with_parts(["blend"]) == [name for name in NAMES if name != "popularity"]
    assert with_parts(["item_knn", "popularity", "item_knn"]) == ["popularity", "item_knn"]
    assert set(REGISTERED) - set(PARTS) == {"knn_baseline", "popularity"}
    with pytest.raises(UsageError, match="there is no model 'nope'"):
        with_parts(["nope"])


@pytest.mark.parametrize("name", PARTS)
def test_compact_options_are_options(name: str) -> None:
    options = compact_options(name)
    model = model_class(name)(**options)
    assert {key: model.options[key] for key in options} == options
    assert options != model_class(name)().options


def test_in_memory() -> None:
    told: list[FitProgress] = []
    data = long_planted(102)
    fitted = fit_models(data, ["popularity", "blend"], told.append)
    assert list(fitted) == ["popularity", "blend"]
    assert fitted["popularity"].model.recommend(Seed(), 1).ids.tolist()
    assert fitted["blend"].fit_seconds >= fitted["popularity"].fit_seconds > 0
    assert fitted["blend"].peak_rss_mb >= fitted["popularity"].peak_rss_mb > 1
    known = fitted["blend"].track_ids
    assert known is not None
    assert known.tolist() == data.track_ids.tolist()
    assert any(state.step == "blend: growing trees" for state in told)


def test_stored_with_what_it_is_of(library: Library) -> None:
    report = library.fit(*MODELS)
    assert (report.source, report.rows, report.tracks, report.entries) == ("playlists", 60, 27, 360)
    assert [model.name for model in report.models] == list(MODELS)
    assert not report.problems
    for model in report.models:
        assert not model.reused
        assert model.size > 1000
        assert model.fit_seconds > 0
        assert model.peak_rss_mb > 1
    meta = load_artifact(library.path / "models", "item_knn").meta
    assert meta["options"] == model_class("item_knn")().options
    assert meta["metrics"] == {}
    assert {"segue", "numpy"} <= set(meta["versions"])
    json.dumps(report.to_json())
    stored = library.models()
    assert [model.name for model in stored] == sorted(MODELS)
    assert {(model.rows, model.source, model.changed) for model in stored} == {
        (60, "playlists", False)
    }


def test_stored_and_in_memory_answer_alike(library: Library) -> None:
    library.fit("item_knn")
    loaded = load_model(library.path / "models", "item_knn")
    known = loaded.track_ids
    assert known is not None
    seed = Seed(likes=known[:2].astype(np.int64))
    from segue.catalog.interactions import load_interactions

    fresh = fit_models(load_interactions(database_of(library), texts=True), ["item_knn"])
    ours = fresh["item_knn"].model.recommend(seed, 9)
    np.testing.assert_array_equal(loaded.model.recommend(seed, 9).ids, ours.ids)


def test_what_learned_the_same_is_used_again(library: Library) -> None:
    library.fit(*MODELS)
    before = folder_of(library, "item_knn")
    assert [model.reused for model in library.fit(*MODELS).models] == [True] * 3
    assert folder_of(library, "item_knn") == before
    assert not library.fit("item_knn", force=True).models[0].reused
    assert folder_of(library, "item_knn") != before
    assert not library.fit("item_knn", compact=True).models[0].reused
    write(library, [playlist("million_playlist:x", piece("neon", 1), piece("neon", 9))])
    assert [model.changed for model in library.models()] == [True] * 3
    assert [model.reused for model in library.fit(*MODELS).models] == [False] * 3
    assert [model.changed for model in library.models()] == [False] * 3


def test_what_does_not_concern_a_model_changes_nothing(library: Library) -> None:
    library.fit("popularity")
    write(library, listens(piece("neon", 1)))
    assert [model.changed for model in library.models()] == [False]
    write(library, [playlist("spotify:x", piece("neon", 1))], kind="spotify_api")
    assert [model.changed for model in library.models()] == [True]  # it cannot tell yet ...
    assert library.fit("popularity").models[0].reused
    assert [model.changed for model in library.models()] == [False]  # ... and then it can


def test_what_forbids_training_is_left_out_unless_asked_for(tmp_path: Path) -> None:
    with segue.open(tmp_path) as library:
        write(library, playlists(6), kind="spotify_api")
        with pytest.raises(UsageError, match="all 6 playlists came from Spotify's Web API"):
            library.fit("popularity")
        assert library.fit("popularity", learn_from=LearnFrom(api_content=True)).rows == 6


def test_sessions_where_there_are_no_playlists(tmp_path: Path) -> None:
    heard = [piece("neon", i % 9) for i in range(30)]
    with open_library(tmp_path, listens(*heard[:20], gap=600)) as library:
        report = library.fit("popularity", "titles")
        assert (report.source, report.rows, report.entries) == ("sessions", 1, 20)
        apart = library.fit("popularity", learn_from=LearnFrom(gap=60.0))
        assert apart.rows == 20
        whole = library.fit("popularity", learn_from=LearnFrom("histories"))
        assert (whole.source, whole.rows, whole.entries) == ("histories", 1, 9)
        with pytest.raises(UsageError, match="the library has no playlists"):
            library.fit("popularity", learn_from=LearnFrom("playlists"))
        with pytest.raises(UsageError, match="from is 'x'"):
            library.fit("popularity", learn_from=LearnFrom("x"))


def test_nothing_to_learn_from(tmp_path: Path) -> None:
    with segue.open(tmp_path) as library:
        with pytest.raises(UsageError, match="nothing to learn from"):
            library.fit()
        assert library.models() == []


def test_a_model_that_cannot_learn_keeps_no_other_from_it(tmp_path: Path) -> None:
    few: Any = playlists(2)  # too few for word2vec, which wants a song in four
    with open_library(tmp_path, few) as library:
        told: list[FitState] = []
        report = library.fit("word2vec", "popularity", on_state=told.append)
        assert [model.name for model in report.models] == ["popularity"]
        assert "nothing to learn from" in report.problems["word2vec"]
        assert any(state.problem for state in told)
        with pytest.raises(UsageError, match="nothing to learn from"):
            library.fit("word2vec")


def test_progress_tells_which_model_and_how_far(library: Library) -> None:
    told: list[FitState] = []
    library.fit("popularity", "item_knn", on_state=told.append)
    assert told[0].model == ""
    assert {(s.model, s.number, s.models) for s in told[1:]} == {
        ("popularity", 1, 2),
        ("item_knn", 2, 2),
    }
    assert [s.finished.name for s in told if s.finished] == ["popularity", "item_knn"]


def test_an_interrupted_fit_leaves_the_old_model(library: Library) -> None:
    library.fit("item_knn")
    before = folder_of(library, "item_knn")

    def interrupt(state: FitState) -> None:
        if state.progress.step == "writing":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        library.fit("item_knn", force=True, on_state=interrupt)
    assert folder_of(library, "item_knn") == before
    assert library.recommend("granite one").hits


def test_two_fits_at_once(library: Library) -> None:
    problems: list[BaseException] = []

    def fit() -> None:
        try:
            for _ in range(5):
                library.fit("popularity", force=True)
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=fit) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert library.recommend("granite one", 3).model == "popularity"
    assert len(list((library.path / "models" / "popularity").iterdir())) == 2


def test_a_model_of_another_version_is_told_of_and_fitted_again(library: Library) -> None:
    library.fit("item_knn")
    file = load_artifact(library.path / "models", "item_knn").folder / "model.json"
    meta = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps({**meta, "arrays": ["track_ids"]}), "utf-8")
    with pytest.raises(LibraryError, match="fit it again with `segue fit item_knn`"):
        library.recommend("granite one")
    assert not library.fit("item_knn").models[0].reused
    file = load_artifact(library.path / "models", "item_knn").folder / "model.json"
    file.write_text(json.dumps({**meta, "options": {"gone": 1}}), "utf-8")
    with pytest.raises(LibraryError, match="another version"):
        library.recommend("granite one")


def test_a_model_is_removed(library: Library) -> None:
    library.fit("popularity", "item_knn")
    library.remove_model("item_knn")
    assert [model.name for model in library.models()] == ["popularity"]
    with pytest.raises(NotFoundError, match="no fitted model 'item_knn'"):
        library.remove_model("item_knn")


def test_all_are_fitted_and_the_blend_is_read_with_what_it_is_of(tmp_path: Path) -> None:
    with open_library(tmp_path / "library", long_playlists()) as library:
        report = library.fit()
        assert [model.name for model in report.models] == list(NAMES)
        assert (report.problems, report.left_out) == ({}, {})
        found = library.recommend("granite one", 8)
        assert found.model == BLEND
        assert [group_of(hit.title) for hit in found.hits] == ["granite"] * 8
        assert all("alike playlists have it" in hit.reasons[0] for hit in found.hits)
        assert [model.reused for model in library.fit().models] == [True] * len(NAMES)
        loaded = load_model(library.path / "models", BLEND)
        assert loaded.fit_seconds > sum(model.fit_seconds for model in report.models[:-1]) * 0.99
        write(library, [playlist("million_playlist:x", piece("neon", 1), piece("neon", 9))])
        library.fit("titles")
        with pytest.raises(NotFoundError, match=r"did not learn from the same.* `segue fit`"):
            load_model(library.path / "models", BLEND)
        assert library.recommend("granite one").model == "playlist_knn"
        library.remove_model("als")
        with pytest.raises(NotFoundError, match="the blend needs the model als"):
            load_model(library.path / "models", BLEND)
        assert library.recommend("granite one").model == "playlist_knn"


def test_a_compact_blend_is_of_compact_models(tmp_path: Path) -> None:
    with open_library(tmp_path / "library", long_playlists(102)) as library:
        library.fit("blend", compact=True)
        meta = load_artifact(library.path / "models", BLEND).meta
        made = {name: model_class(name)(**compact_options(name)).options for name in PARTS}
        assert meta["parts"] == made
        assert library.recommend("granite one").model == BLEND
        assert library.fit("blend", compact=True).models[-1].reused
        assert library.recommend("velvet two", 5).model == BLEND


def test_what_was_not_named_and_has_too_little_is_left_out(library: Library) -> None:
    report = library.fit()
    assert [model.name for model in report.models] == [n for n in NAMES if n != BLEND]
    assert report.problems == {}
    why = "blend needs at least 100 playlists of more than 10 songs; there are 0"
    assert report.left_out == {BLEND: why}
    assert report.to_json()["left_out"] == {BLEND: why}
    named = library.fit(BLEND)
    assert (named.problems, named.left_out) == ({BLEND: why}, {})


def test_a_blend_without_one_of_its_models(tmp_path: Path) -> None:
    few: Any = playlists(2)  # too few for word2vec, which wants a song in four
    with open_library(tmp_path, few) as library:
        report = library.fit(BLEND)
        assert list(report.left_out) == ["word2vec"]
        assert report.problems[BLEND].startswith("blend needs word2vec, and word2vec has nothing")


def test_a_library_that_cannot_be_written_is_not_fitted(library: Library) -> None:
    with segue.open(library.path, read_only=True) as reading:
        with pytest.raises(LibraryError, match="cannot be written"):
            reading.fit("popularity")
        with pytest.raises(LibraryError, match="cannot be written"):
            reading.remove_model("popularity")
        assert reading.models() == []


def test_options_of_the_one_model_that_is_named(library: Library) -> None:
    library.fit("word2vec", options={"window": "3", "sg": "true", "epochs": "2", "sample": "1e-5"})
    meta = load_artifact(library.path / "models", "word2vec").meta
    assert [meta["options"][name] for name in ("window", "sg", "epochs")] == [3, True, 2]
    assert meta["options"]["sample"] == 1e-5
    assert set(meta["metrics"]) == {"loss"}
    library.fit("word2vec", options={"window": "all", "epochs": "1"})
    assert load_artifact(library.path / "models", "word2vec").meta["options"]["window"] == "all"
    for options, names, said in (
        ({"windows": "3"}, ("word2vec",), "no option 'windows'"),
        ({"window": "wide"}, ("word2vec",), "window is 'wide', expected something like 100"),
        ({"epochs": "0"}, ("word2vec",), "expected at least 1"),
        ({"window": "3"}, ("word2vec", "als"), "options are those of one model"),
        ({"window": "3"}, (), "options are those of one model"),
        ({"candidates": "3"}, ("blend",), "options are those of one model"),
    ):
        with pytest.raises(UsageError, match=said):
            library.fit(*names, options=options)


def test_a_blend_whose_models_have_other_options_since_does_not_answer(tmp_path: Path) -> None:
    with open_library(tmp_path / "library", long_playlists()) as library:
        library.fit()
        assert library.recommend(segue.Wish(title="x")).model == BLEND
        library.fit("item_knn", options={"n_neighbors": "7"})
        assert library.recommend(segue.Wish(title="x")).model != BLEND
        with pytest.raises(NotFoundError, match="other options"):
            library.recommend(segue.Wish(title="x", model=BLEND))
