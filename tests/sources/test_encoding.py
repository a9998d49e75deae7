from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.sources.encoding import decode, repair

LATIN = """
Björk|Sigur Rós|Mötley Crüe|Café del Mar|Ænima|Motörhead|Queensrÿche|Blue Öyster Cult|Beyoncé|
Céline Dion|Hüsker Dü|Röyksopp|Ágætis byrjun|Með suð í eyrum við spilum endalaust|Sæglópur|
Ólafur Arnalds|Édith Piaf|Für Elise|Françoise Hardy|Tous les garçons et les filles|
Où est la vérité ?|L'été indien|Ça plane pour moi|Déjà vu|Die Ärzte|Grönemeyer - Männer|
Über den Wolken|Söhne Mannheims|Øystein Sevåg|Åh Åh Åh|Kött Grå Pannor|Mägo de Oz|Ñu|Maná|
¿Dónde jugarán los niños?|¡Qué vida!|João Gilberto|Águas de Março|Canção do Mar|Construção|
São Paulo|Värttinä|Ääniä|Yö|Rakkaus on lumivalkoinen|Ismo Alanko Säätiö|Øl, Mørke og Depresjon|
ÆØÅ|ÅÄÖ|Måneskin|MÖTLEY CRÜE|BJÖRK|Ó|Æ|Così fan tutte|Più bella cosa|©2009|25° Celsius|½ Full|
Pt. 1 · Overture|«Nuit»|Þursaflokkurinn|Þú og ég|Kvæðið um fuglana|Jón Þór|Fauré: Après un rêve|
Béla Bartók|Má vlast|Põhja-Tallinn|Arvo Pärt|Más allá|Él|Ñandú|Mylène Farmer|Désenchantée|°C|
Öövel|§ 175|100 % Ökö|Éé|Naïve|Zoë Keating|Señor Coconut|À la claire fontaine|Ô Abre Alas
""".replace("\n", "").split("|")

# (title, artist) of one file each
FOREIGN = {
    "shift_jis": [
        ("夜空ノムコウ", "スマップ"), ("丸の内サディスティック", "椎名林檎"),
        ("雪の華", "中島美嘉"), ("いつも何度でも", "木村弓"), ("残酷な天使のテーゼ", "高橋洋子"),
        ("紅", "エックス"), ("川の流れのように", "美空ひばり"), ("ロビンソン", "スピッツ"),
        ("アゲハ蝶", "Porno Graffitti"), ("戦場のメリークリスマス", "坂本龍一"),
        ("上を向いて歩こう", "坂本九"), ("メルト", "初音ミク"),
        ("津軽海峡・冬景色", "石川さゆり"), ("序曲", "すぎやまこういち"), ("恋", "星野源のうた"),
        ("世界に一つだけの花", "オリジナル・サウンドトラック"), ("前前前世", "君の名は。"),
    ],
    "gb2312": [
        ("青花瓷", "我很忙"), ("菊花台", "周杰伦"), ("红豆", "王菲的歌"),
        ("月亮代表我的心", "邓丽君"), ("吻别", "张学友"), ("忘情水", "刘德华"),
        ("十年", "黑白灰"), ("遇见", "孙燕姿"), ("江南", "第二天堂"), ("那些花儿", "朴树"),
        ("一无所有", "崔健"), ("高山流水", "古琴"), ("光阴的故事", "罗大佑"),
        ("同桌的你", "老狼"), ("春天里", "汪峰"), ("东风破", "Jay Chou"),
        ("突然好想你", "五月天"), ("爱在西元前", "范特西"),
    ],
    "big5": [
        ("青花瓷", "我很忙"), ("菊花台", "周杰倫"), ("紅豆", "王菲的歌"),
        ("月亮代表我的心", "鄧麗君"), ("吻別", "張學友"), ("忘情水", "劉德華"),
        ("遇見", "孫燕姿的歌"), ("江南", "第二天堂"), ("光陰的故事", "羅大佑"),
        ("說愛你", "蔡依林"), ("聽海", "張惠妹"), ("浪人情歌", "伍佰"), ("寂寞難耐", "李宗盛"),
        ("朋友", "周華健"), ("海闊天空", "Beyond"), ("小情歌", "蘇打綠"),
        ("突然好想你", "五月天"), ("愛在西元前", "范特西"),
    ],
    "euc_kr": [
        ("다시 만난 세계", "소녀시대"), ("거짓말", "빅뱅, 마지막 인사"), ("좋은 날", "아이유"),
        ("밤편지", "IU"), ("난 알아요", "서태지와 아이들"), ("서른 즈음에", "김광석"),
        ("광화문 연가", "이문세"), ("강남스타일", "싸이"), ("봄날", "방탄소년단"),
        ("벚꽃 엔딩", "버스커 버스커"), ("사랑했나봐", "윤도현"), ("두 사람", "성시경"),
        ("취중진담", "김동률"), ("바람기억", "나얼"), ("우산", "에픽하이"), ("행진", "들국화"),
        ("바람이 분다", "이소라"),
    ],
    "cp1251": [
        ("Группа крови", "Кино"), ("Звезда по имени Солнце", "Виктор Цой"),
        ("Владивосток 2000", "Мумий Тролль"), ("Искала", "Земфира"),
        ("Город золотой", "Аквариум"), ("Что такое осень", "ДДТ"), ("Поворот", "Машина времени"),
        ("Выхода нет", "Сплин"), ("Полковнику никто не пишет", "Би-2"),
        ("Кони привередливые", "Владимир Высоцкий"), ("Миллион алых роз", "Алла Пугачёва"),
        ("Нас не догонят", "t.A.T.u."), ("Лесник", "Король и Шут"), ("Обійми", "Океан Ельзи"),
        ("Аргентина — Ямайка 5:0", "Чайф"), ("Всё идёт по плану", "Гражданская Оборона"),
        ("Лебединое озеро", "Чайковский"), ("КАК НА ВОЙНЕ", "Агата Кристи"),
    ],
}  # fmt: skip


def misread(text: str, encoding: str) -> str:
    return text.encode(encoding).decode("latin-1")


@pytest.mark.parametrize("text", LATIN)
def test_latin_text_is_left_alone(text: str) -> None:
    assert repair([text]) == [text]
    assert repair([text, "Greatest Hits", "1999"]) == [text, "Greatest Hits", "1999"]


@pytest.mark.parametrize(
    ("encoding", "title", "artist"),
    [(encoding, *pair) for encoding, pairs in FOREIGN.items() for pair in pairs],
)
def test_a_files_texts_are_repaired_together(encoding: str, title: str, artist: str) -> None:
    texts = [misread(title, encoding), misread(artist, encoding), "Best of 2001"]
    assert repair(texts) == [title, artist, "Best of 2001"]


@pytest.mark.parametrize(
    "text", [*LATIN, *(pair[0] for pairs in FOREIGN.values() for pair in pairs)]
)
def test_utf8_read_as_latin_1_or_cp1252(text: str) -> None:
    assert repair([misread(text, "utf-8")]) == [text]
    mixed = "".join(
        bytes([byte]).decode("cp1252" if byte not in b"\x81\x8d\x8f\x90\x9d" else "latin-1")
        for byte in text.encode()
    )
    assert repair([mixed]) == [text]


def test_a_wrong_repair_is_rarer_than_none() -> None:
    """Alone, many a short title says too little: then it is left as it is, not made another's."""
    repaired = 0
    texts = [(enc, text) for enc, pairs in FOREIGN.items() for pair in pairs for text in pair]
    for encoding, text in texts:
        before = misread(text, encoding)
        [after] = repair([before])
        if after == text:
            repaired += not text.isascii()
        else:  # cp1252's dashes and quotes apart
            assert after.encode("cp1252", "replace") == before.encode("latin-1").decode(
                "cp1252", "replace"
            ).encode("cp1252", "replace")
    assert repaired > 0.7 * len(texts)


def test_short_and_mixed_texts_stay() -> None:
    assert repair(["ÄÄÒ"]) == ["ÄÄÒ"]  # ДДТ, or an exclamation
    assert repair(["日本", "Ö"]) == ["日本", "Ö"]
    assert repair([]) == []


def test_text_that_was_read_right_is_not_touched_by_its_neighbours() -> None:
    assert repair(["Кино", misread("Группа крови", "cp1251")]) == ["Кино", "Группа крови"]


def test_a_character_cut_off_at_the_end_is_left_out() -> None:
    cut = "世界に一つだけの花のうた".encode("shift_jis")[:-1].decode("latin-1")
    assert repair([cut]) == ["世界に一つだけの花のう"]


def test_cp1252_punctuation_takes_the_place_of_control_characters() -> None:
    assert repair(["It\x92s \x93Café\x94 \x96 live"]) == ["It’s “Café” – live"]


@given(st.lists(st.text(), max_size=5))
def test_any_text_is_taken(texts: list[str]) -> None:
    assert len(repair(texts)) == len(texts)


@given(st.lists(st.text(st.characters(min_codepoint=0x80, max_codepoint=0xFF)), max_size=3))
def test_any_high_bytes_are_taken(texts: list[str]) -> None:
    assert len(repair(texts)) == len(texts)


@given(st.lists(st.text(st.characters(max_codepoint=0x7F)), max_size=5))
def test_ascii_is_unchanged(texts: list[str]) -> None:
    assert repair(texts) == texts


@given(st.text(st.characters(min_codepoint=0x100, max_codepoint=0x2FFF)).filter(bool))
def test_text_beyond_cp1252_is_unchanged(text: str) -> None:
    text += "Ω"
    assert repair([text]) == [text]


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (b"", "utf-8"),
        (b"", "utf-16-le"),
        (b"", "utf-16-be"),
        (b"", "latin-1"),
    ],
)
def test_decode_finds_the_encoding(mark: bytes, encoding: str) -> None:
    text = "Où sont\nles neiges d'antan ?"
    assert decode(mark + text.encode(encoding)) == text


@pytest.mark.parametrize("encoding", ["shift_jis", "cp1251"])
def test_decode_falls_back_on_the_guess(encoding: str) -> None:
    text = {"shift_jis": "川の流れのように\nゆるやかに", "cp1251": "Тёплое место\nно улицы ждут"}
    assert decode(text[encoding].encode(encoding)) == text[encoding]


@given(st.binary())
def test_decode_takes_any_bytes(data: bytes) -> None:
    assert isinstance(decode(data), str)
