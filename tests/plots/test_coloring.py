from __future__ import annotations

import numpy as np

from segue.plots.coloring import by_group, by_mood
from segue.plots.palette import COLORS, OTHER, mood_colors, rgb


def test_the_most_frequent_groups_have_colours() -> None:
    names = [[f"g{i}"] for i in range(9) for _ in range(10 - i)] + [[]]
    coloring = by_group("genre", names)
    assert [entry[0] for entry in coloring.legend[:-1]] == [f"g{i}" for i in range(7)]
    assert [entry[1] for entry in coloring.legend] == [*COLORS, OTHER]
    assert [entry[2] for entry in coloring.legend] == [10, 9, 8, 7, 6, 5, 4, 3 + 2 + 1]
    assert coloring.known.sum() == 49
    np.testing.assert_allclose(coloring.colors[0], rgb(COLORS[0]))
    np.testing.assert_allclose(coloring.colors[-1], rgb(OTHER))
    assert (coloring.groups[0], coloring.groups[-1]) == ("g0", None)


def test_a_song_of_two_groups_goes_by_the_rarer() -> None:
    coloring = by_group("genre", [["pop"], ["pop", "k-pop"], ["pop"]])
    assert coloring.groups == ("pop", "k-pop", "pop")
    assert coloring.legend == (("pop", COLORS[0], 2), ("k-pop", COLORS[1], 1))


def test_no_songs_and_no_groups() -> None:
    assert by_group("genre", []).colors.shape == (0, 3)
    assert by_group("genre", [[], []]).legend == (("other, or not known", OTHER, 2),)


def test_moods_are_a_plane_and_unknown_ones_grey() -> None:
    coloring = by_mood(np.array([0.0, 1.0, np.nan]), np.array([0.0, 1.0, 0.5]))
    assert coloring.known.tolist() == [True, True, False]
    np.testing.assert_allclose(coloring.colors[2], rgb(OTHER))
    sad, happy = coloring.colors[0], coloring.colors[1]
    assert sad[2] > sad[0]  # blue
    assert happy[0] > happy[2]  # yellow


def test_colours_stay_in_range() -> None:
    plane = np.linspace(-0.5, 1.5, 20)
    found = mood_colors(np.repeat(plane, 20), np.tile(plane, 20))
    assert found.min() >= 0
    assert found.max() <= 1


def test_every_two_colours_differ_for_eyes_without_red_and_green() -> None:
    # Viénot, Brettel and Mollon (1999): what a deuteranope sees of linear red, green and blue.
    sees = np.array([[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]])
    seen = np.array([rgb(color) for color in (*COLORS, OTHER)]) ** 2.2 @ sees.T
    shown = np.clip(seen, 0, 1) ** (1 / 2.2)
    apart = np.linalg.norm(shown[:, None] - shown[None], axis=2)
    assert apart[np.triu_indices(len(shown), 1)].min() > 0.1
