from __future__ import annotations

import dataclasses
import json
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.types import Answer, Hit, Ranking, Seed, Track, display_path

TRACK = Track(
    7, "Тихая вода", "Хор", "Album", track_number=3, year=1999, genres=("Choir",),
    duration=61.5, path="/m/тихая.flac".encode(),
)  # fmt: skip


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (b"/music/a song.mp3", "/music/a song.mp3"),
        ("/music/八ビット.mp3".encode(), "/music/八ビット.mp3"),
        (b"/music/caf\xe9.mp3", r"/music/caf\xe9.mp3"),
        (b"/music/a\nb\x1b[31m.mp3", r"/music/a\nb\x1b[31m.mp3"),
    ],
)
def test_display_path(path: bytes, shown: str) -> None:
    assert display_path(path) == shown


@given(st.binary(max_size=40))
def test_any_path_can_be_shown_on_one_line(path: bytes) -> None:
    shown = display_path(path)
    assert shown.isprintable()
    assert json.loads(json.dumps(shown)) == shown
    shown.encode("utf-8")


def test_name_without_an_artist_is_the_title() -> None:
    assert Track(1, "Alone").name == "Alone"
    assert TRACK.name == "Хор - Тихая вода"


def test_a_track_as_json_has_every_field_and_survives() -> None:
    values = TRACK.to_json()
    assert set(values) == {field.name for field in dataclasses.fields(Track)}
    assert values["path"] == "/m/тихая.flac"
    assert values["genres"] == ["Choir"]
    assert json.loads(json.dumps(values)) == values
    assert Track(1, "x").to_json()["path"] is None


def test_a_path_is_given_back_as_the_system_takes_it() -> None:
    hit = Hit(Track(1, "x", path=b"/m/\xff.mp3"), 0.5)
    assert hit.path is not None
    assert os.fsencode(hit.path) == b"/m/\xff.mp3"
    assert Hit(Track(1, "x"), 0.5).path is None


def test_an_answer_is_a_sequence_of_its_hits_and_numbers_them_in_json() -> None:
    hits = (Hit(TRACK, 0.91239, ("both: choir",)), Hit(Track(8, "Other"), 0.5))
    answer = Answer(Track(0, "Seed"), hits, (Track(9, "Also"),), "plain/1")
    assert len(answer) == 2
    assert list(answer) == list(hits)
    assert (answer[0], answer[-1], answer[1:]) == (hits[0], hits[1], hits[1:])
    assert (answer[0].id, answer[0].title, answer[0].artist) == (7, "Тихая вода", "Хор")
    values = json.loads(json.dumps(answer.to_json()))
    assert set(values) == {"schema", "seed", "embedder", "hits", "others"}
    assert [hit["rank"] for hit in values["hits"]] == [1, 2]
    assert values["hits"][0]["score"] == 0.9124
    assert values["hits"][0]["reasons"] == ["both: choir"]
    assert values["others"][0]["title"] == "Also"
    assert values["seed"]["title"] == "Seed"


@pytest.mark.parametrize(
    "value", [TRACK, Seed(np.ones((1, 2), np.float32)), Hit(TRACK, 1.0), Answer(TRACK, ())]
)
def test_values_cannot_be_changed(value: object) -> None:
    name = dataclasses.fields(value)[0].name  # type: ignore[arg-type]
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, name, None)


def test_a_ranking_is_as_long_as_its_ids() -> None:
    assert len(Ranking(np.array([4, 2]), np.array([0.9, 0.1], dtype=np.float32))) == 2
