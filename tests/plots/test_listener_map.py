from __future__ import annotations

import itertools
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image, ImageSequence

from segue.errors import UsageError
from segue.plots.coloring import by_group
from segue.plots.labels import Label
from segue.plots.listener_map import ListenerMap, draw_listener
from segue.plots.song_map import SongMap


@pytest.fixture
def listener() -> ListenerMap:
    points = np.random.default_rng(0).uniform(-1, 1, (50, 2)).astype(np.float32)
    song_map = SongMap(points, by_group("genre", [["pop"]] * 50), (), "A listener", "of 2 songs")
    likes = [Label("Abba - SOS", -0.5, 0.2, 0), Label("Björk - Jóga", 0.5, -0.2, 0)]
    near = [Label(f"Near {i}", 0.02 * i, -0.02, 0.9 - i / 10) for i in range(4)]
    return ListenerMap(song_map, likes, (0.0, 0.0), near)


def texts(path: Path) -> list[str]:
    root = ElementTree.parse(path).getroot()
    return ["".join(n.itertext()) for n in root.iter("{http://www.w3.org/2000/svg}text")]


def test_likes_and_neighbours_are_named(tmp_path: Path, listener: ListenerMap) -> None:
    draw_listener(listener, tmp_path / "a.svg", None)
    found = texts(tmp_path / "a.svg")
    for text in ("Abba - SOS", "Björk - Jóga", "Near 0", "0.90", "Near 3", "0.60", "4"):
        assert text in found


def test_the_animation_goes_step_by_step(tmp_path: Path, listener: ListenerMap) -> None:
    draw_listener(listener, None, tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as image:
        frames = [
            np.asarray(frame.convert("RGB"), dtype=np.int16)
            for frame in ImageSequence.Iterator(image)
        ]
    # The map, two likes, their mean, the part shown larger, four neighbours.
    assert len(frames) == 1 + 2 + 1 + 1 + 4
    right = frames[0].shape[1] * 6 // 10
    changed = [
        (
            bool(np.abs(now - before)[:, :right].max() > 60),
            bool(np.abs(now - before)[:, right:].max() > 60),
        )
        for before, now in itertools.pairwise(frames)
    ]
    assert changed[:3] == [(True, False)] * 3
    assert all(part for _, part in changed[3:])


def test_one_song_without_neighbours(tmp_path: Path, listener: ListenerMap) -> None:
    alone = ListenerMap(listener.song_map, listener.likes[:1], (-0.5, 0.2), ())
    draw_listener(alone, tmp_path / "a.png", tmp_path / "a.gif")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_names_are_checked_before_anything_is_drawn(tmp_path: Path, listener: ListenerMap) -> None:
    with pytest.raises(UsageError, match=r"a\.mp4 does not end in \.gif"):
        draw_listener(listener, tmp_path / "a.png", tmp_path / "a.mp4")
    assert list(tmp_path.iterdir()) == []
