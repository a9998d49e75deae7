"""What is written and drawn on a map of a library's songs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from segue.plots.coloring import Coloring
from segue.plots.fonts import Fonts
from segue.plots.labels import Label, centres, spread
from segue.plots.listener_map import ListenerMap, draw_listener
from segue.plots.song_map import SongMap, draw_map
from segue.service.map_report import Listener
from segue.types import Track

_NAMED: Final = 600  # artists that may get a label
_FEW: Final = 400  # songs, up to which a map names songs as well
_TITLES: Final = {"sound": "Songs by how they sound"}
_TITLE: Final = "Songs by the company they keep"


def labels_of(
    tracks: Sequence[Track], points: NDArray[np.float32], coloring: Coloring
) -> list[Label]:
    """Return names of artists where their songs lie together; of songs too, where they are few."""
    counts = np.array([track.playlists for track in tracks], dtype=np.float64) + 1
    members: dict[str, list[int]] = {}
    for i, track in enumerate(tracks):
        if track.artist:
            members.setdefault(track.artist, []).append(i)
    most = sorted(members, key=lambda name: (-counts[members[name]].sum(), name))[:_NAMED]
    few = len(tracks) <= _FEW
    groups = {name: np.array(members[name], dtype=np.int64) for name in most}
    colors = {name: color for name, color, _ in coloring.legend if coloring.what == "artist"}
    found = [
        Label(
            label.text,
            label.x,
            label.y,
            label.weight,
            colors.get(label.text),
            f"#{tracks[members[label.text][0]].id}",
        )
        for label in centres(points, counts, groups, 2 if few else 3)
    ]
    found.sort(key=lambda label: label.color is None)  # those of the legend first
    found = spread(found)
    if few:
        found += [
            Label(t.title, float(x), float(y), 0, None, f"#{t.id}")
            for t, (x, y) in zip(tracks, points.tolist(), strict=True)
        ]
    return found


def draw(
    model: str,
    tracks: Sequence[Track],
    points: NDArray[np.float32],
    coloring: Coloring,
    labels: Sequence[Label],
    listener: Listener | None,
    out: Path | None,
    gif: Path | None,
) -> tuple[Fonts | None, list[str]]:
    """Draw what is asked for; return the fonts and the names that are in the picture."""
    if out is None and gif is None:
        return None, []
    names = [label.text for label in labels]
    title = _TITLES.get(model, _TITLE)
    about = f"{len(tracks):,} most played songs" if model != "sound" else f"{len(tracks):,} songs"
    about = f"{about} · {model} vectors, laid out by t-SNE · coloured by {coloring.what}"
    if not coloring.known.all():
        about += f" ({int(coloring.known.sum()):,} have one)"
    song_map = SongMap(points, coloring, labels, title, about)
    if listener is None:
        assert out is not None, "without a listener there is no animation"
        return draw_map(song_map, out), names
    likes = [_label(t, xy) for t, xy in zip(listener.likes, listener.like_points, strict=True)]
    near = [_label(tracks[one.place], points[one.place], one.score) for one in listener.neighbors]
    some = f"the mean of {len(likes)} songs" if len(likes) > 1 else "one song"
    song_map = SongMap(
        points,
        coloring,
        labels,
        "A listener among the songs",
        f"{some[0].upper()}{some[1:]} and what is nearest to it · {about}",
    )
    x, y = listener.point.tolist()
    fonts = draw_listener(ListenerMap(song_map, likes, (x, y), near), out, gif)
    return fonts, [*names, *(label.text for label in (*likes, *near))]


def _label(track: Track, xy: NDArray[np.float32], weight: float = 0.0) -> Label:
    return Label(track.name, float(xy[0]), float(xy[1]), weight, None, f"#{track.id}")
