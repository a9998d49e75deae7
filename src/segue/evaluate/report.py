"""The results of an evaluation: as JSON values, and as tables for people."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from segue.evaluate.bootstrap import Estimate, difference, estimate
from segue.evaluate.runner import MEASURES, Measured, Run
from segue.evaluate.sessions import NEXT_MEASURES, NextSong

_DIGITS: Final = 6
_LESS_IS_BETTER: Final = ("clicks",)
_NDCG: Final = MEASURES.index("ndcg")
_BESIDE: Final = {  # what accuracy hides: the heading, and digits after the point
    "popularity_rank": ("rank", 0),
    "artist_diversity": ("differ", 3),
    "company_diversity": ("apart", 3),
    "novelty": ("bits", 1),
    "artists": ("artists", 3),
}

Table = tuple[str, tuple[str, ...], list[tuple[str, ...]]]
"""A title, the headings, and rows of cells, of which the first is the name of the model."""


@dataclass(frozen=True, eq=False)
class ModelResult:
    """What came of one model.

    Attributes
    ----------
    fit_seconds, peak_rss_mb
        What fitting it took, or None where it is not known. Memory is that of the whole process.
    """

    run: Run
    fit_seconds: float | None = None
    peak_rss_mb: float | None = None


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Recommenders measured on the same held-out playlists.

    Attributes
    ----------
    models
        By name, in the order they were run.
    data
        JSON values that tell what they were fitted on and asked: see the command's page.
    """

    models: Mapping[str, ModelResult]
    data: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return all figures as JSON values; None where one is not defined.

        Beside each measure stand the ends of its 95 % interval, ``ndcg_low`` and ``ndcg_high``;
        ``ndcg_to_best`` is the difference to the model whose NDCG is highest, on the same
        playlists.
        """
        return {
            "models": {
                name: {
                    "seeds": {
                        str(k): _figures(measured, self._best(k))
                        for k, measured in result.run.by_seeds.items()
                    },
                    "coverage": _number(result.run.coverage),
                    "artist_coverage": _number(result.run.artist_coverage),
                    "fit_seconds": _number(result.fit_seconds),
                    "peak_rss_mb": _number(result.peak_rss_mb),
                }
                for name, result in self.models.items()
            },
            "data": dict(self.data),
        }

    def tables(self, *, wide: bool) -> Iterator[Table]:
        """Yield a table for each number of seeds, then one of what accuracy hides.

        The best of each column is marked ``*``: the highest, of clicks and times the lowest.
        ``~`` follows an NDCG that is not clearly lower than the best.

        Parameters
        ----------
        wide
            With recall@10, recall@500 and the diversity by playlists.
        """
        order = {"random": "any of the playlist"}
        for k in self._seeds():
            measured = {name: result.run.by_seeds[k] for name, result in self.models.items()}
            n = max(map(len, measured.values()))
            given = order.get(self.data.get("order", ""), "the first of the playlist")
            given = given if k else "the title alone"
            title = f"{k} {'seed' if k == 1 else 'seeds'}, {given}: {n:,} playlists"
            yield title, *self._accuracy(k, measured, wide=wide)
        yield "Beside accuracy, over all these answers", *self._beside(wide=wide)

    def _seeds(self) -> list[int]:
        return list(next(iter(self.models.values())).run.by_seeds) if self.models else []

    def _best(self, k: int) -> Measured:
        """Return what the model with the highest NDCG at `k` seeds was worth."""
        measured = [result.run.by_seeds[k] for result in self.models.values()]
        return max(measured, key=lambda one: _high(one.estimate.mean[_NDCG]))

    def _accuracy(
        self, k: int, measured: Mapping[str, Measured], *, wide: bool
    ) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        recalls = ("recall@10", "recall@100", "recall@500") if wide else ("recall@100",)
        shown = ("r_precision", "ndcg", "clicks", *recalls)
        best = self._best(k)
        figures = {
            name: [*(one.estimate.mean[MEASURES.index(m)] for m in shown), _mean(one.milliseconds)]
            for name, one in measured.items()
        }
        less = [measure in _LESS_IS_BETTER for measure in shown] + [True]
        marks = _marks(list(figures.values()), less)
        rows = []
        for place, (name, one) in enumerate(measured.items()):
            mark = marks[place]
            if mark[1] != "*" and _not_clearly_lower(one, best):
                mark[1] = "~"
            digits = [2 if measure == "clicks" else 3 for measure in shown] + [1]
            r_prec, ndcg, *rest = map(_cell, figures[name], digits, mark)
            rows.append((name, r_prec, ndcg, _interval(one.estimate, _NDCG), *rest))
        headings = ("model", "R-prec", "NDCG", "95 %", "clicks")
        return (*headings, *(f"r@{m.partition('@')[2]}" for m in recalls), "ms"), rows

    def _beside(self, *, wide: bool) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        shown = [measure for measure in _BESIDE if wide or measure != "company_diversity"]
        figures = []
        for result in self.models.values():
            values = np.concatenate([one.values for one in result.run.by_seeds.values()])
            means = estimate(values).mean
            figures.append([result.run.coverage, *(means[MEASURES.index(m)] for m in shown)])
        marks = _marks(figures, [False] * len(figures[0]) if figures else [])
        digits = [3, *(_BESIDE[measure][1] for measure in shown)]
        rows = []
        for place, (name, result) in enumerate(self.models.items()):
            cells = map(_cell, figures[place], digits, marks[place])
            fit = (_cell(result.fit_seconds, 1), _cell(result.peak_rss_mb, 0))
            rows.append((name, *cells, *fit))
        headings = ("model", "cover", *(_BESIDE[measure][0] for measure in shown), "fit s", "MB")
        return headings, rows


@dataclass(frozen=True, eq=False)
class NextSongEvaluation:
    """Recommenders measured on the next songs of sessions, by what they were fitted on.

    Attributes
    ----------
    models
        By name, then by what they were fitted on: ``sessions`` or ``histories``.
    """

    models: Mapping[str, Mapping[str, NextSong]]
    data: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return all figures as JSON values."""
        return {
            "models": {
                name: {
                    rows: {
                        "sessions": len(found.songs),
                        "songs": int(found.songs.sum()),
                        **_with_intervals(NEXT_MEASURES, found.estimate),
                    }
                    for rows, found in by_rows.items()
                }
                for name, by_rows in self.models.items()
            },
            "data": dict(self.data),
        }

    def tables(self, *, wide: bool) -> Iterator[Table]:  # noqa: ARG002  # as of Evaluation
        """Yield one table; the best of each column is marked ``*``."""
        found = {
            (name, rows): one
            for name, by_rows in self.models.items()
            for rows, one in by_rows.items()
        }
        figures = [list(one.estimate.mean) for one in found.values()]
        marks = _marks(figures, [False] * len(NEXT_MEASURES))
        rows = []
        for place, ((name, fitted_on), one) in enumerate(found.items()):
            cells = map(_cell, figures[place], [3, 3, 3], marks[place])
            rows.append((name, fitted_on, *cells, _interval(one.estimate, 2)))
        songs = int(max((one.songs.sum() for one in found.values()), default=0))
        headings = ("model", "fitted on", "hit@10", "hit@20", "MRR@20", "95 %")
        yield f"The next song: {songs:,} songs", headings, rows


def _figures(measured: Measured, best: Measured) -> dict[str, Any]:
    behind = difference(measured.values[:, [_NDCG]], best.values[:, [_NDCG]])
    times = measured.milliseconds
    return {
        "n": len(measured),
        **_with_intervals(MEASURES, measured.estimate),
        **_with_intervals(("ndcg_to_best",), behind),
        "ms_per_query": _number(_mean(times)),
        "ms_per_query_p50": _number(_percentile(times, 50)),
        "ms_per_query_p99": _number(_percentile(times, 99)),
    }


def _with_intervals(measures: tuple[str, ...], found: Estimate) -> dict[str, float | None]:
    figures = {}
    for column, measure in enumerate(measures):
        figures[measure] = _number(found.mean[column])
        figures[f"{measure}_low"] = _number(found.low[column])
        figures[f"{measure}_high"] = _number(found.high[column])
    return figures


def _not_clearly_lower(one: Measured, best: Measured) -> bool:
    behind = difference(one.values[:, [_NDCG]], best.values[:, [_NDCG]])
    return bool(behind.high[0] >= 0)


def _marks(figures: list[list[float]], less: list[bool]) -> list[list[str]]:
    """Return for each figure ``*`` where it is the best of its column, else a space."""
    values = np.array(figures, dtype=np.float64).reshape(len(figures), len(less))
    values = np.where(np.isfinite(values), values * np.where(less, -1, 1), -np.inf)
    best = (values == values.max(axis=0, initial=-np.inf)) & np.isfinite(values)
    return [["*" if mark else " " for mark in row] for row in best.tolist()]


def _interval(found: Estimate, column: int) -> str:
    if not math.isfinite(found.low[column]):
        return ""
    return f"{_cell(found.low[column], 3)}-{_cell(found.high[column], 3)}"


def _cell(value: float | None, digits: int, mark: str = "") -> str:
    if value is None or not math.isfinite(value):
        return f"-{mark}"
    return f"{value:,.{digits}f}{mark}"


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(float(value), _DIGITS)


def _high(value: float) -> float:
    return value if math.isfinite(value) else -math.inf


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else math.nan


def _percentile(values: NDArray[np.float64], which: float) -> float:
    return float(np.percentile(values, which)) if len(values) else math.nan
