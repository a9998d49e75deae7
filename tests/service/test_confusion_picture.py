from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.errors import SourceError
from segue.service.confusion_picture import GenreResult, Mistake, plot_confusion, read_result

pytest.importorskip("matplotlib")

GOOD: dict[str, Any] = {
    "accuracy": 0.8,
    "confusion": [[4, 1], [0, 0]],
    "labels": ["rock", "演歌"],
    "mistakes": [
        {"file": "/music/a.mp3", "genre": "rock", "predicted": "演歌", "certainty": 0.91},
        {"file": "/music/b\x00\ud800.mp3", "genre": "rock", "predicted": "演歌", "certainty": None},
    ],
}
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda some: (
        st.lists(some, max_size=3) | st.dictionaries(st.text(max_size=5), some, max_size=3)
    ),
    max_leaves=8,
)


def test_a_result_is_read() -> None:
    result = read_result(json.dumps({**GOOD, "mistakes": GOOD["mistakes"][:1]}).encode())
    assert result.confusion.tolist() == [[4, 1], [0, 0]]
    assert result.labels == ("rock", "演歌")
    assert result.accuracy == 0.8
    assert result.mistakes == (Mistake("/music/a.mp3", "rock", "演歌", 0.91),)


def test_names_lose_what_terminals_choke_on() -> None:
    assert GenreResult.from_json(GOOD).mistakes[1] == Mistake("/music/b?.mp3", "rock", "演歌", None)


def test_mistakes_may_be_missing() -> None:
    result = GenreResult.from_json({"confusion": [[1]], "labels": ["a"]})
    assert result.mistakes == ()
    assert GenreResult.from_json({"confusion": [[0]], "labels": ["a"]}).accuracy == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": None}, '"labels" of the result is no list of names'),
        ({"labels": []}, '"labels" of the result is no list of names'),
        ({"labels": ["rock", 3]}, '"labels" of the result is no list of names'),
        ({"labels": ["rock"]}, "no matrix of 1 x 1 counts"),
        ({"confusion": None}, "no matrix of 2 x 2 counts"),
        ({"confusion": [[1, 2], [3]]}, "no matrix of 2 x 2 counts"),
        ({"confusion": [[1, 2], "34"]}, "no matrix of 2 x 2 counts"),
        ({"confusion": [[1, 2], [3, 0.5]]}, "no matrix of 2 x 2 counts"),
        ({"confusion": [[1, 2], [3, True]]}, "no matrix of 2 x 2 counts"),
        ({"confusion": [[1, 2], [3, -1]]}, "no matrix of 2 x 2 counts"),
        ({"confusion": [[1, 2], [3, 10**30]]}, "no matrix of 2 x 2 counts"),
        ({"mistakes": "none"}, '"mistakes" of the result is no list'),
        ({"mistakes": [{"file": "a", "genre": "b"}]}, "a mistake of the result has no"),
        ({"mistakes": [7]}, "a mistake of the result has no"),
    ],
)
def test_a_wrong_shape_is_told_in_one_sentence(change: dict[str, Any], message: str) -> None:
    with pytest.raises(SourceError, match=message) as caught:
        GenreResult.from_json({**GOOD, **change})
    assert "expected what `segue genre evaluate --json` prints" in str(caught.value)


@pytest.mark.parametrize(
    "text", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"labels": NaN}', b"not json"]
)
def test_what_is_not_json(text: bytes) -> None:
    with pytest.raises(SourceError, match="the result is not JSON"):
        read_result(text)
    with pytest.raises(SourceError, match="the result is no JSON object"):
        read_result(b"[]")


@pytest.mark.parametrize("certainty", [None, "0.5", float("nan"), float("inf"), -1, 1.5, [1]])
def test_a_certainty_that_is_none_is_not_told(certainty: object) -> None:
    mistake = {"file": "a", "genre": "b", "predicted": "c", "certainty": certainty}
    result = GenreResult.from_json({**GOOD, "mistakes": [mistake]})
    assert result.mistakes[0].certainty is None


@given(anything, anything, anything)
def test_no_value_is_a_crash(labels: object, confusion: object, mistakes: object) -> None:
    value = {"labels": labels, "confusion": confusion, "mistakes": mistakes}
    with contextlib.suppress(SourceError):
        assert GenreResult.from_json(value).labels


def test_the_picture_tells_what_it_cannot_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("matplotlib.font_manager.findSystemFonts", lambda *_, **__: [])
    picture = plot_confusion(GenreResult.from_json(GOOD), tmp_path / "a.svg")
    assert picture.unreadable == ("演歌",)
    assert "What genre a song is: 80.0 % right" in (tmp_path / "a.svg").read_text("utf-8")
