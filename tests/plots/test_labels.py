from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from segue.plots.labels import FAR, SIDES, Label, centres, place, spread

FRAME = (0.0, 0.0, 100.0, 100.0)
names = st.lists(
    st.builds(
        Label,
        st.text("abc", min_size=1, max_size=9),
        st.floats(0, 1),
        st.floats(0, 1),
        st.just(1.0),
    ),
    max_size=30,
)


def size(_: int, label: Label) -> tuple[float, float]:
    return 4.0 * len(label.text), 8.0


def at(x: float, y: float) -> tuple[float, float]:
    return 100 * x, 100 * y


@given(names)
def test_no_label_overlaps_another_or_leaves_the_frame(labels: list[Label]) -> None:
    placed = place(labels, size, at, FRAME, 20, taken=[(40, 40, 60, 60)])
    assert len(placed) <= 20
    boxes = [(40.0, 40.0, 60.0, 60.0), *(box for _, box in placed)]
    for one, other in itertools.combinations(boxes, 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
    assert all(box[0] >= 0 and box[1] >= 0 and box[2] <= 100 and box[3] <= 100 for box in boxes)


def test_the_first_label_takes_its_own_place_and_the_next_moves() -> None:
    labels = [Label("one", 0.5, 0.5, 2), Label("two", 0.5, 0.52, 1)]
    placed = dict(place(labels, size, at, FRAME, 10))
    assert placed[0] == (44.0, 46.0, 56.0, 54.0)
    assert placed[1][1] >= 54


def test_a_name_that_must_be_written_may_stand_farther_off() -> None:
    labels = [Label("name", 0.5, 0.5, 1)] * 12
    near = place(labels, size, at, FRAME, 12)
    assert len(near) < len(place(labels, size, at, FRAME, 12, sides=(*SIDES, *FAR)))


def test_no_part_of_the_map_takes_all_names() -> None:
    labels = [Label(str(i), 0.01 * i, 0.05, 10 - i) for i in range(6)] + [Label("far", -1, 1, 0)]
    assert [label.text for label in spread(labels)] == ["0", "1", "2", "far"]


def test_a_scattered_group_is_named_where_most_of_it_is() -> None:
    points = np.array(
        [[-0.9, 0], [-0.9, 0.02], [-0.88, 0], [0.9, 0.9], [0, 0.5], [0.5, 0.5], [0.5, 0.51]],
        dtype=np.float32,
    )
    groups = {"most": np.arange(5), "two": np.array([5, 6])}
    (label,) = centres(points, np.ones(7), groups)
    assert label.text == "most"
    np.testing.assert_allclose((label.x, label.y), (-0.893, 0.007), atol=1e-2)
    assert {label.text for label in centres(points, np.ones(7), groups, 2)} == {"most", "two"}


def test_what_is_played_most_comes_first() -> None:
    points = np.zeros((6, 2), dtype=np.float32)
    groups = {"less": np.arange(3), "more": np.arange(3, 6)}
    found = centres(points, np.array([1.0, 1, 1, 5, 5, 5]), groups)
    assert [label.text for label in found] == ["more", "less"]
