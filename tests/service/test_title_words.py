from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.service.title_words import TitleWords


def words(title: str) -> list[str]:
    return TitleWords().of(title)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Summer Vibes 2024", ["summer", "vibes", "2024"]),
        ("SUMMER summer Summer", ["summer"]),
        ("hip-hop/rap_old  school", ["hip", "hop", "rap", "old", "school"]),
        ("R&B, drum & bass", ["r&b", "drum", "bass"]),
        ("Don’t stop, rock'n'roll '90s", ["don't", "stop", "rock'n'roll", "90s"]),
        ("a I x 1 é я", []),
        ("Café Été Straße", ["café", "été", "strasse"]),
        ("Cafe\u0301", ["café"]),
        ("лето и музыка", ["лето", "музыка"]),
        ("موسيقى الصيف", ["موسيقى", "الصيف"]),
        ("हिन्दी गाने", ["हिन्दी", "गाने"]),
        ("می\u200cخواهم", ["می\u200cخواهم"]),
        ("เพลงไทย ฮิต", ["เพลงไทย", "ฮิต"]),
        ("감성 발라드 봄", ["감성", "발라드", "봄"]),
        ("韓國 노래", ["韓國", "노래"]),
        ("✨🎧 chill ❤️ 1️⃣👨\u200d👩\u200d👧 mix", ["chill", "mix"]),
        ("𝓬𝓱𝓲𝓵𝓵 ＦＵＬＬ", ["chill", "full"]),
        ("x" * 65, []),
        ("", []),
        ("\ud800 \0 --- \u200d'", []),
    ],
)
def test_words_of_scripts_with_spaces(title: str, expected: list[str]) -> None:
    assert words(title) == expected


def test_chinese_is_segmented() -> None:
    pytest.importorskip("rjieba")
    assert words("睡前听的华语歌曲") == ["睡前", "听", "的", "华语", "歌曲"]
    assert words("2024年 最热歌曲 mix") == ["2024", "年", "最", "热", "歌曲", "mix"]


def test_japanese_is_told_by_its_kana_and_segmented() -> None:
    pytest.importorskip("janome")
    assert words("夏に聴きたいドライブの曲") == ["夏", "聴き", "たい", "ドライブ", "曲"]
    assert words("J-POP ﾋｯﾄ曲") == ["pop", "ヒット", "曲"]


def test_without_segmenters_titles_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rjieba", None)
    monkeypatch.setitem(sys.modules, "janome.tokenizer", None)
    title_words = TitleWords()
    assert title_words.of("华语 pop 音乐") == ["pop"]
    assert title_words.of("流行") == []
    assert title_words.of("夏の曲") == []
    assert title_words.of("韓國 노래") == ["韓國", "노래"]
    assert title_words.unsegmented == {"Chinese": 2, "Japanese": 1}


def test_with_segmenters_nothing_is_counted() -> None:
    pytest.importorskip("rjieba")
    pytest.importorskip("janome")
    title_words = TitleWords()
    for title in ("流行", "夏の曲", "plain"):
        title_words.of(title)
    assert title_words.unsegmented == {}


@given(st.text(max_size=60))
def test_any_title_gives_words_fit_for_the_catalogue(title: str) -> None:
    title_words = TitleWords()
    found = title_words.of(title)
    assert found == title_words.of(title)
    assert len(set(found)) == len(found)
    for word in found:
        assert 0 < len(word) <= 64
        assert "\0" not in word
        assert word == "".join(word.split())
        word.encode()
