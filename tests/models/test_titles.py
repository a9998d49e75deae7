from __future__ import annotations

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.recommender import RecommenderContract, group_of, ids, interactions, planted
from segue.errors import UsageError
from segue.models.title_words import features_of, title_of, words_of
from segue.models.titles import Titles
from segue.types import Interactions, Reason, Seed

TITLES = ["rainy evening", "GYM 💪", "夏の歌", "road trip"]


class TestContract(RecommenderContract):
    personal = False

    def make(self) -> Titles:
        return Titles()


@pytest.fixture(scope="module")
def fitted() -> Titles:
    return Titles().fit(planted())


def first_group(model: Titles, title: str, description: str = "") -> list[int]:
    seed = Seed(title=title, description=description)
    return [group_of(track) for track in model.recommend(seed, 6).ids.tolist()]


@pytest.mark.parametrize(
    ("title", "group"),
    [
        ("rainy evening", 0),
        ("Rainy!", 0),
        ("RAINY EVENINGS", 0),
        ("evning", 0),
        ("gym", 1),
        ("💪", 1),
        ("💪🏽", 1),
        ("夏", 2),
        ("夏の歌 2024", 2),
        ("roadtrip", 3),
        ("my róad trips", 3),
    ],
)
def test_titles_written_otherwise(fitted: Titles, title: str, group: int) -> None:
    assert first_group(fitted, title) == [group] * 6


def test_description_stands_in_for_a_title(fitted: Titles) -> None:
    assert first_group(fitted, "", "for the gym") == [1] * 6
    assert first_group(fitted, "road trip", "to the gym") == [3] * 6


def test_likes_and_filters_go_with_a_title(fitted: Titles) -> None:
    every = fitted.recommend(Seed(title="gym"), 12).ids
    seed = Seed(title="gym", likes=every[:2], dislikes=every[2:3], allowed=every[::-1])
    assert fitted.recommend(seed, 50).ids.tolist() == every[3:].tolist()
    np.testing.assert_array_equal(
        fitted.recommend(Seed(title="gym"), 5).ids,
        fitted.recommend(Seed(title="gym", likes=ids(1399)), 5).ids,
    )


def test_scores_and_order_go_with_a_title(fitted: Titles) -> None:
    seed = Seed(title="road trip gym")
    answer = fitted.recommend(seed, 1000)
    rated = answer.scores > 0
    assert rated.sum() > 20
    np.testing.assert_allclose(fitted.score(seed, answer.ids), answer.scores, rtol=1e-5)
    assert np.all(answer.scores <= 1)
    assert fitted.score(seed, ids(77, -5)).tolist() == [0, 0]


def test_a_title_nobody_has_brings_the_most_common(fitted: Titles) -> None:
    common = fitted.recommend(Seed(), 5).ids.tolist()
    assert fitted.recommend(Seed(title="qqqq 0000"), 5).ids.tolist() == common
    assert fitted.recommend(Seed(title="?!\x00\ud800 "), 5).ids.tolist() == common


def test_share_of_playlists_by_hand() -> None:
    data = interactions([[1, 2], [1, 3], [1, 3], [9]], titles=["a b", "A b", "ab?", "zzz"])
    model = Titles(names=0, company=0, prior=1, power=1).fit(data)
    # "a b" in other clothes is one title of two rows; "ab" is another.
    assert model.sizes_.tolist() == [2, 1, 1]
    found = dict(zip([1, 2, 3, 9], model.score(Seed(title="a  B"), ids(1, 2, 3, 9)), strict=True))
    assert found[1] > found[3] > found[2] > found[9] > 0
    alone = Titles(n_neighbors=1, names=0, company=0, prior=1, power=1).fit(data)
    scores = alone.score(Seed(title="a  B"), ids(1, 2, 3, 9))
    np.testing.assert_allclose(
        scores, [(2 + 3 / 4) / 3, (1 + 1 / 4) / 3, (1 + 2 / 4) / 3, (1 / 4) / 3], rtol=1e-5
    )


def named() -> Interactions:
    """Return playlists of artist 7, with songs 70 to 79, of 8, and of others.

    Those of 8 are called by its name and those of song 5 by a word of its title; no other title
    says anything.
    """
    rng = np.random.default_rng(1)
    bases = (70, 80, *range(500, 1200, 100)) * 20
    lists = [(base + rng.permutation(10)[:6]).tolist() for base in bases]
    lists += [[5, 500 + r % 10] for r in range(20)]
    tracks = np.unique(np.concatenate([*lists, [6]]))
    lists += [[6, 501]]
    artists = np.where((tracks >= 70) & (tracks < 90), tracks // 10, 0)
    words = {5: "Jingle", 6: "Silent bells"}
    return interactions(
        lists,
        artist_ids=artists,
        album_ids=np.zeros_like(artists),
        titles=["the red cows" if b == 80 else "" for b in bases] + ["jingle"] * 20 + [""],
        artist_names={7: "The Blue Öxen", 8: "Red Cows"},
        track_titles=[words.get(t, f"no {t}") for t in tracks.tolist()],
    )


def test_a_title_that_names_an_artist() -> None:
    model = Titles().fit(named())
    seed = Seed(title="hits of BLUE OXEN")
    found = model.recommend(seed, 10).ids.tolist()
    assert found[0] // 10 == 7
    assert {track // 10 for track in found} == {7}
    assert model.explain(seed, ids(found[0])) == [Reason("title", count=0)]
    assert Titles(names=0).fit(named()).recommend(seed, 1).ids[0] // 10 != 7


def test_a_title_with_a_word_of_a_songs_title() -> None:
    assert Titles().fit(named()).recommend(Seed(title="bells!"), 1).ids.tolist() == [6]
    assert Titles(names=0).fit(named()).recommend(Seed(title="bells!"), 1).ids.tolist() != [6]


def test_a_name_that_playlists_do_not_mean() -> None:
    titles = [
        "blue oxen" if "cows" in title else "" for title in named().titles
    ]  # none of 7 is in them
    model = Titles(company=0).fit(dataclasses.replace(named(), titles=titles))
    found = model.recommend(Seed(title="blue oxen"), 5).ids.tolist()
    assert {track // 10 for track in found} == {8}
    songs, _ = model.names_.expected(("blue", "oxen"), 5, model.vocabulary_.counts)
    assert len(songs) == 0


def test_titles_of_playlists_with_the_same_songs_vote_too() -> None:
    rows = [[1, 2, 3], [1, 2, 3, 4], [1, 2, 5], [8, 9], [8, 9, 7]] * 3
    data = interactions(rows, titles=["xmas", "noel", "noel", "gym", "run"] * 3)
    seed = Seed(title="xmas")
    with_company, without = (
        Titles(company=c, names=0).fit(data).score(seed, ids(4, 9)) for c in (1, 0)
    )
    assert without[0] < without[1], "alike by name there is nothing but what is common"
    assert with_company[0] > with_company[1]
    model = Titles().fit(data)
    assert model.explain(seed, ids(3, 4, 77)) == [
        Reason("title", count=3),
        Reason("playlists", count=3),
        Reason("popular", count=0),
    ]
    assert Titles(company=0).fit(data).explain(seed, ids(4)) == [Reason("popular", count=3)]


def test_without_texts_it_is_popularity() -> None:
    model = Titles().fit(interactions([[3, 1], [2, 1], [2, 1, 4]]))
    assert model.recommend(Seed(title="gym"), 4).ids.tolist() == [1, 2, 3, 4]


def test_bounded_lists() -> None:
    data = planted()
    model = Titles(max_postings=1, max_tracks=3).fit(data)
    assert model.held_.lengths(np.arange(4, dtype=np.int32)).tolist() == [3] * 4
    for group, title in enumerate(TITLES):
        found = model.recommend(Seed(title=title), 3).ids.tolist()
        assert [group_of(track) for track in found] == [group] * 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("90's  R&B", ["90s", "rnb"]),
        ("r n b, 2000", ["rnb", "2000"]),
        ("2000s / 777", ["00s", "777"]),
        ("1980s / '80s", ["80s", "80s"]),
        ("Sooooo GOOD...", ["soo", "good"]),
        ("I <3 u", ["i", "❤", "u"]),
        ("♥️❤️💕", ["❤", "❤", "❤"]),
        ("Café Ｗｉｄｅ", ["cafe", "wide"]),
        ("jan '17", ["jan", "17"]),
        ("👨‍👩‍👧 👍🏿", ["👨", "👩", "👧", "👍"]),
        ("日本のロック", list("日本のロック")),
        ("가을 노래", list("가을노래")),
        ("Ёлка й", ["елка", "и"]),
        ("", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_last_digits_are_a_year_too() -> None:
    short, long, other = (
        set(features_of(*title_of(t, ""))) for t in ("summer 17", "summer 2017", "summer 2016")
    )
    assert len(short & long) > len(short & other)


@given(st.text(), st.text())
def test_any_text_can_be_a_title(title: str, description: str) -> None:
    features = features_of(*title_of(title, description))
    assert all(0 <= key < 2**32 and weight > 0 for key, weight in features.items())
    model = Titles().fit(
        interactions([[1], [2]], titles=[title, "x"], descriptions=[description, ""])
    )
    assert len(model.recommend(Seed(title=title, description=description), 2)) == 2


def test_hashes_are_the_same_in_another_process() -> None:
    code = (
        "from segue.models.title_words import features_of, title_of;"
        "print(list(features_of(*title_of('Été 💪 夏の歌', 'x'))))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert found == {f"{list(features_of(*title_of('Été 💪 夏の歌', 'x')))}\n"}


@pytest.mark.parametrize("option", ["n_neighbors", "max_postings", "max_tracks", "min_count"])
def test_options_out_of_their_range(option: str) -> None:
    model = Titles(**{option: 0})
    with pytest.raises(UsageError, match=f"{option} is 0, expected at least 1"):
        model.fit(interactions([[1, 2]]))
