from __future__ import annotations

import json
from typing import Any

import numpy as np

from segue.evaluate.report import Evaluation, ModelResult, NextSongEvaluation
from segue.evaluate.runner import MEASURES, Measured, Run
from segue.evaluate.sessions import NextSong


def measured(ndcg: float, n: int = 40, spread: float = 0.1) -> Measured:
    rng = np.random.default_rng(0)  # the same playlists are hard for all
    values = np.full((n, len(MEASURES)), 0.5)
    values[:, MEASURES.index("ndcg")] = ndcg + spread * rng.standard_normal(n)
    values[:, MEASURES.index("clicks")] = 10 * (1 - ndcg)
    return Measured(values, np.linspace(1, 2, n), np.arange(3))


def result(**by_seeds: Measured) -> ModelResult:
    return ModelResult(Run({int(k[1:]): one for k, one in by_seeds.items()}, 0.25, 0.5), 1.5, 80.0)


def evaluation() -> Evaluation:
    return Evaluation(
        {
            "worse": result(k0=measured(0.2), k5=measured(0.2)),
            "better": result(k0=measured(0.3), k5=measured(0.3)),
        },
        {"order": "first", "playlists": 7},
    )


def test_the_form_that_is_promised() -> None:
    found = json.loads(json.dumps(evaluation().to_json(), allow_nan=False))
    assert set(found) == {"models", "data"}
    assert list(found["models"]) == ["worse", "better"]
    model = found["models"]["better"]
    assert set(model) == {"seeds", "coverage", "artist_coverage", "fit_seconds", "peak_rss_mb"}
    assert (model["coverage"], model["fit_seconds"], model["peak_rss_mb"]) == (0.25, 1.5, 80.0)
    assert list(model["seeds"]) == ["0", "5"]
    five = model["seeds"]["5"]
    assert set(five) >= {
        *("n", "r_precision", "ndcg", "ndcg_low", "ndcg_high", "clicks", "ms_per_query"),
        *("recall@10", "recall@100", "recall@500", "challenge_r_precision", "ms_per_query_p99"),
        *("popularity_rank", "artist_diversity", "company_diversity", "novelty", "artists"),
    }
    assert five["n"] == 40
    assert five["ms_per_query"] == 1.5
    assert five["ndcg_low"] < five["ndcg"] < five["ndcg_high"]
    assert five["ndcg_to_best"] == five["ndcg_to_best_low"] == 0
    worse = found["models"]["worse"]["seeds"]["5"]
    assert round(worse["ndcg_to_best_high"], 3) == -0.1  # for every playlist the same
    assert found["data"] == {"order": "first", "playlists": 7}


def test_what_is_not_defined_is_null() -> None:
    nobody = Measured(np.zeros((0, len(MEASURES))), np.zeros(0), np.zeros(0, dtype=np.int64))
    found = Evaluation({"one": ModelResult(Run({100: nobody}, 0.0, 0.0))}).to_json()
    model = json.loads(json.dumps(found, allow_nan=False))["models"]["one"]
    assert model["fit_seconds"] is None
    assert model["seeds"]["100"]["n"] == 0
    assert model["seeds"]["100"]["ndcg"] is model["seeds"]["100"]["ms_per_query_p50"] is None


def cells(table: Any) -> dict[str, dict[str, str]]:
    _, headings, rows = table
    assert all(len(row) == len(headings) for row in rows)
    return {row[0]: dict(zip(headings, row, strict=True)) for row in rows}


def test_tables_mark_the_best() -> None:
    tables = list(evaluation().tables(wide=True))
    assert [title for title, *_ in tables] == [
        "0 seeds, the title alone: 40 playlists",
        "5 seeds, the first of the playlist: 40 playlists",
        "Beside accuracy, over all these answers",
    ]
    five = cells(tables[1])
    assert five["better"]["NDCG"].endswith("*")
    assert five["worse"]["NDCG"].endswith(" ")  # clearly lower
    assert (five["better"]["clicks"], five["worse"]["clicks"]) == ("7.00*", "8.00 ")
    assert five["better"]["R-prec"] == five["worse"]["R-prec"] == "0.500*"
    low, high = five["better"]["95 %"].split("-")
    assert 0.2 < float(low) < float(high) < 0.4
    assert five["better"]["ms"] == "1.5*"
    beside = cells(tables[2])["better"]
    assert (beside["cover"], beside["fit s"], beside["MB"]) == ("0.250*", "1.5", "80")


def test_what_is_not_clearly_lower_is_marked() -> None:
    rng = np.random.default_rng(1)
    near = measured(0.3)
    near.values[:, MEASURES.index("ndcg")] += 0.1 * rng.standard_normal(40) - 0.002
    found = Evaluation({"best": result(k1=measured(0.3)), "near": result(k1=near)})
    marks = {name: row["NDCG"][-1] for name, row in cells(next(found.tables(wide=False))).items()}
    assert sorted(marks.values()) == ["*", "~"]


def test_a_narrow_terminal_has_fewer_columns() -> None:
    wide, narrow = (
        [headings for _, headings, _ in evaluation().tables(wide=w)] for w in (True, False)
    )
    assert set(wide[0]) - set(narrow[0]) == {"r@10", "r@500"}
    assert set(wide[-1]) - set(narrow[-1]) == {"apart"}


def test_next_songs() -> None:
    values = np.array([[0.5, 0.5, 0.25], [0.0, 1.0, 0.125]])
    better, worse = NextSong(values, np.array([4.0, 1.0])), NextSong(values / 2, np.ones(2))
    found = NextSongEvaluation({"als": {"sessions": better, "histories": worse}}, {"asked": 2})
    told = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert told["data"] == {"asked": 2}
    sessions = told["models"]["als"]["sessions"]
    assert (sessions["sessions"], sessions["songs"]) == (2, 5)
    assert (sessions["hit_rate@10"], sessions["hit_rate@20"], sessions["mrr@20"]) == (
        *(0.4, 0.6, 0.225),
    )
    assert sessions["mrr@20_low"] <= sessions["mrr@20"] <= sessions["mrr@20_high"]
    ((title, _, rows),) = found.tables(wide=False)
    assert title == "The next song: 5 songs"
    assert [row[:3] for row in rows] == [
        ("als", "sessions", "0.400*"),
        ("als", "histories", "0.125 "),
    ]
