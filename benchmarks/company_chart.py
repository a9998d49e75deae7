"""Cost against size, drawn from the results of ``company.py``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from segue.plots.palette import COLORS, INK, PAPER, SOFT

# Each with its colour of Okabe and Ito's; the eighth is black.
_MODELS: Final = {
    "item_knn": COLORS[0],
    "playlist_knn": COLORS[1],
    "als": COLORS[2],
    "word2vec": COLORS[3],
    "titles": COLORS[4],
    "popularity": "#000000",
}
_PANELS: Final = (
    ("fit_s", "fitting", "seconds"),
    ("peak_mib", "most memory while fitting", "MiB"),
    ("disk_mib", "files", "MiB"),
    ("p99_ms", "99th percentile of an answer to ten songs", "ms"),
)


def draw(reports: Sequence[dict[str, Any]], path: Path) -> None:
    """Draw what models cost as SVG or PNG; of results for one model and size the last one counts.

    A fit that went over the rows less often than the model does by itself is drawn as long as it
    would have been, with an open dot.
    """
    import matplotlib
    from matplotlib.figure import Figure

    found = {
        (result["model"], result["compact"], result["playlists"]): result
        for report in reports
        for result in report["results"]
        if result["model"] in _MODELS and "problem" not in result
    }
    matplotlib.rcdefaults()
    matplotlib.rcParams.update(
        {
            "svg.fonttype": "none",  # text stays text
            "svg.hashsalt": "segue",
            "font.family": "sans-serif",
            "text.color": INK,
            "axes.edgecolor": SOFT,
            "axes.labelcolor": SOFT,
            "xtick.color": SOFT,
            "ytick.color": SOFT,
        }
    )
    figure = Figure(figsize=(9, 7.2), dpi=110, facecolor=PAPER)
    panels = figure.subplots(2, 2)
    reckoned = False
    for axes, (key, title, unit) in zip(panels.flat, _PANELS, strict=True):
        for name, color in _MODELS.items():
            for compact in (False, True):
                points = sorted(
                    (playlists, result)
                    for (model, small, playlists), result in found.items()
                    if (model, small) == (name, compact)
                )
                if points:
                    reckoned |= _line(axes, key, points, color, compact)
        axes.set(xscale="log", yscale="log")
        axes.set_title(f"{title}, {unit}", loc="left", size=11)
        axes.grid(which="major", color="#E4E7EA", linewidth=0.8)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
        axes.minorticks_off()
        sizes = sorted({playlists for _, _, playlists in found})
        axes.set_xticks([10**i for i in range(3, 8) if sizes[0] <= 10**i <= sizes[-1]] or sizes)
    for axes in panels[1]:
        axes.set_xlabel("playlists")
    _legend(figure, found, reckoned)
    figure.subplots_adjust(left=0.08, right=0.975, top=0.86, bottom=0.075, hspace=0.25, wspace=0.17)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def _line(
    axes: Any, key: str, points: list[tuple[int, dict[str, Any]]], color: str, compact: bool
) -> bool:
    """Draw one model, and return whether a point of it is reckoned."""
    few = [_missing(result) > 0 and key == "fit_s" for _, result in points]
    sizes = [playlists for playlists, _ in points]
    values = [result[key] + (_missing(result) if key == "fit_s" else 0.0) for _, result in points]
    style = {"linestyle": "--", "marker": "s"} if compact else {"linestyle": "-", "marker": "o"}
    axes.plot(sizes, values, color=color, linewidth=1.8, markersize=0, **style)
    for size, value, open_ in zip(sizes, values, few, strict=True):
        axes.plot(
            size,
            value,
            marker=style["marker"],
            markersize=5.5,
            color=color,
            markerfacecolor=PAPER if open_ else color,
        )
    return any(few)


def _missing(result: dict[str, Any]) -> float:
    """Return the seconds that the passes left out would take."""
    return float(
        (result.get("default_passes", 0) - result.get("passes", 0)) * result.get("pass_s", 0)
    )


def _legend(figure: Any, found: dict[tuple[str, bool, int], Any], reckoned: bool) -> None:
    from matplotlib.lines import Line2D

    names = [name for name in _MODELS if any(model == name for model, _, _ in found)]
    handles = [Line2D([], [], color=_MODELS[name], marker="o", label=name) for name in names]
    if any(compact for _, compact, _ in found):
        handles.append(Line2D([], [], color=SOFT, linestyle="--", marker="s", label="compact"))
    if reckoned:
        handles.append(
            Line2D(
                [],
                [],
                color=SOFT,
                linestyle="",
                marker="o",
                markerfacecolor=PAPER,
                label="reckoned from fewer passes",
            )
        )
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0.02, 0.945),
        ncols=len(handles),
        frameon=False,
        fontsize=9,
        columnspacing=1.1,
        handletextpad=0.4,
        handlelength=1.7,
    )
    figure.text(0.028, 0.965, "What models cost by the number of playlists", size=14, weight="bold")
