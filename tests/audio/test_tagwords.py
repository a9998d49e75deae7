from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from segue.audio.musicnn import NETWORKS, TAGS
from segue.audio.tagwords import FACETS, WORDS, word_scores, words

NAMES = [tag for network in NETWORKS for tag in TAGS[network]]


def tags(**probabilities: float) -> NDArray[np.float32]:
    """Return 100 probabilities; an underscore in a name stands for a space."""
    values = {name.replace("_", " "): value for name, value in probabilities.items()}
    assert values.keys() <= set(NAMES)
    return np.array([values.get(name, 0) for name in NAMES], dtype=np.float32)


def said(**probabilities: float) -> list[str]:
    return [word for word, _ in words(tags(**probabilities))]


def test_every_word_rests_on_tags_that_exist() -> None:
    members = [
        tag for facet in FACETS.values() for text in facet.values() for tag in text.split(",")
    ]
    assert set(members) <= set(NAMES)
    assert len(set(members)) == len(members)
    assert len(set(WORDS)) == len(WORDS)


@pytest.mark.parametrize(
    ("probabilities", "word"),
    [
        ({"techno": 0.9}, "techno"),
        ({"house": 0.9}, "techno"),
        ({"no_voice": 0.9}, "no vocals"),
        ({"instrumental": 0.9}, "no vocals"),
        ({"female_vocalists": 0.9}, "female vocals"),
        ({"choral": 0.9}, "choir"),
        ({"soft": 0.9}, "quiet"),
        ({"heavy_metal": 0.9}, "metal"),
    ],
)
def test_a_tag_says_its_word(probabilities: dict[str, float], word: str) -> None:
    assert said(**probabilities) == [word]


def test_a_tag_that_both_networks_have_counts_twice() -> None:
    scores = dict(zip(WORDS, word_scores(tags(rock=0.25, jazz=0.25)).tolist(), strict=True))
    assert scores["rock"] == 0.5
    assert scores["jazz"] == 0.25


@pytest.mark.parametrize(
    ("loser", "winner"),
    [("slow", "fast"), ("quiet", "loud"), ("sad", "happy"), ("no_vocals", "female")],
)
def test_of_opposites_the_stronger_is_said(loser: str, winner: str) -> None:
    both = said(**{loser: 0.5, winner: 0.99})
    assert len(both) == 1
    assert both == said(**{winner: 0.99})
    assert said(**{loser: 0.99, winner: 0.05}) == said(**{loser: 0.99})


def test_nothing_heard_nothing_said() -> None:
    assert words(np.zeros(100, np.float32)) == []


@given(st.lists(st.floats(0, 1, width=32), min_size=100, max_size=100))
def test_words_are_few_and_the_strongest_come_first(values: list[float]) -> None:
    found = words(np.array(values, dtype=np.float32))
    assert len(found) <= 8
    assert all(strength >= 1 for _, strength in found)
    assert all(one[1] >= other[1] for one, other in itertools.pairwise(found))
    assert {word for word, _ in found} <= set(WORDS)
    for pair in ({"fast", "slow"}, {"loud", "quiet"}, {"happy", "sad"}):
        assert not pair <= {word for word, _ in found}
