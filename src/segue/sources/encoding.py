"""Make text readable again whose bytes were taken for Latin-1, or whose encoding nobody noted.

ID3v1, and ID3v2 as many programs wrote it, say "Latin-1" and hold whatever the writer's machine
used. All tags of a file come from one machine, so one encoding is chosen for all of them together,
and none when in doubt: text that really is Latin-1 ("Björk") is far more common.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

_CP1252_PUNCTUATION: Final = {  # what cp1252 puts where Latin-1 has control characters
    code: bytes([code]).decode("cp1252")
    for code in range(0x80, 0xA0)
    if code not in {0x81, 0x8D, 0x8F, 0x90, 0x9D}
}
_TO_BYTES: Final = {ord(char): code for code, char in _CP1252_PUNCTUATION.items()}
_HIGH_RUN: Final = re.compile("[\x80-\xff]+")
_PUNCTUATION: Final = "\xa0¡«»¿´°·©®§½¼¾²³ªº\x85\x91\x92\x93\x94\x95\x96\x97\x99"
_OPENING: Final = "\xa0¡«¿´©\x85\x91\x92\x93\x95\x96\x97"  # may stand right before a letter
_AMBIGUOUS: Final = "\x8a\x8c\x8e\x9a\x9c\x9e\x9f"  # Œ, Š, Ž and the like, or half a kanji

_ENOUGH: Final = 4_000  # bytes of a text tell its encoding
_MIN_MARGIN: Final = 0.1
_FAR_AHEAD: Final = 0.7  # enough to believe few or rare characters: other readings are nonsense
_NONSENSE: Final = -2.0

# Characters that make up most of running text and titles in each language.
_SIMPLIFIED: Final = frozenset(
    "的一是不了在有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里"
    "后小么心多天而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动"
    "两长知民样现分将外但身些与高意进把法此实回二理美点月明其种声全工己话儿者向情部正名定女问力机给等几"
    "很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信北少关并内加化由却代军产入先山五"
    "太水万市眼体别处总才场师书比住员九笑性通目华报立马命张活难神数件安表原车白应路期叫死常提感金何更反"
    "合放做系计或司利受光王果亲界及今京务制解各任至清物台象记边共风战干接它许八特觉望直服毛林题建南度统"
    "色字请交爱让认算论百吃义科怎元社术结六功指思非流每青管夫连远资队跟带花快条院变联言权往展该领传近留"
    "红治决周保达办运武半候七必城父强步完革深区即求品士转量空甚众技轻程告江语英基派满式李息写呢识极令黄"
    "德收脸钱党倒未持取设始版双历越史商千片容研像找友孩站广改议形委早房音火际则首单据导影失拿网香似斯专"
    "石若兵弟谁校读志飞观争究包组造落视济喜离虽坐集编宝谈府拉黑且随格尽剑讲布杀微怕母调局根曾准团段终乐"
    "切级克精哪官示冲竟乎男举客证苦照注费足尔招群热推晚响称兴待约阳哥惊吗整支古汉突号绝选吧参刊亚复伤类"
    "备欢另港势刻星断陈掌农夜般念价脑规底故省妈刚句显消衣陆器确破具居批送泪梦歌曲唱恋吻雨雪雾云浪漫伦杰"
    "忘寂寞温柔幸福永愿醉酒舞蝶菊台稻童霍邓丽君菲孙燕姿蔡依五佚名专辑原声带精选演奏琴笛二胡谣"
    "杨赵吴徐朱郭罗梁宋郑谢韩唐冯董萧曹袁许傅沈彭吕卢蒋贾丁魏薛叶余潘杜戴夏钟汪田姜范姚谭廖邹熊郝孔崔康"
    "邱秦顾侯邵孟龙汤尹黎易乔贺赖龚伍俊豪慧婷莉兰莲竹茶蜜甜"
)
_TRADITIONAL: Final = frozenset(
    "的一是不了在有我他這中大來上國個到說們為子和你地出道也時年得就那要下以生會自著去之過家學對可她裡裏"
    "後小麼心多天而能好都然沒日於起還發成事只作當想看文無開手十用主行方又如前所本見經頭面公同三已老從動"
    "兩長知民樣現分將外但身些與高意進把法此實回二理美點月明其種聲全工己話兒者向情部正名定女問力機給等幾"
    "很業最間新什打便位因重被走電四第門相次東政海口使教西再平真聽世氣信北少關並內加化由卻代軍產入先山五"
    "太水萬市眼體別處總才場師書比住員九笑性通目華報立馬命張活難神數件安表原車白應路期叫死常提感金何更反"
    "合放做系計或司利受光王果親界及今京務制解各任至清物臺台象記邊共風戰幹接它許八特覺望直服毛林題建南度"
    "統色字請交愛讓認算論百吃義科怎元社術結六功指思非流每青管夫連遠資隊跟帶花快條院變聯言權往展該領傳近"
    "留紅治決周週保達辦運武半候七必城父強步完革深區即求品士轉量空甚眾技輕程告江語英基派滿式李息寫呢識極"
    "令黃德收臉錢倒未持取設始版雙歷越史商千片容像找友孩站廣改議形早房音火際則首單據導影失拿網香似斯專石"
    "若兵弟誰校讀志飛觀爭究包組造落視濟喜離雖坐集編寶談府拉黑且隨格盡劍講布殺微怕母調局根曾準團段終樂切"
    "級克精哪官示衝竟乎男舉客證苦照注費足爾招群熱推晚響稱興待約陽哥驚嗎整支古漢突號絕選吧參亞復傷類備歡"
    "另港勢刻星斷陳掌農夜般念價腦規底故省媽剛句顯消衣陸器確破具居批送淚夢歌曲唱戀吻雨雪霧雲浪漫倫傑忘寂"
    "寞溫柔幸福永願醉酒舞蝶菊稻童鄧麗君菲孫燕姿蔡依五佚名專輯原聲帶精選演奏琴笛胡謠聰傲蘇打"
    "楊趙吳徐朱郭羅梁宋鄭謝韓唐馮董蕭曹袁許傅沈彭呂盧蔣賈丁魏薛葉余潘杜戴夏鐘鍾汪田姜范姚譚廖鄒熊郝孔崔康"
    "邱秦顧侯邵孟龍湯尹黎易喬賀賴龔伍俊豪慧婷莉蘭蓮竹茶蜜甜"
)
_JAPANESE: Final = frozenset(
    "日一国人年大十二本中長出三時行見月後前生五間上東四今金九入学高円子外八六下来気小七山話女北午百書先"
    "名川千水半男西電校語土木聞食車何南万毎白天母火右読友左休父雨会同事自社発者地業方新場員立開手力問代"
    "明動京目通言理体田主題意不作用度強公持野以思家世多正安院心界教文元重近考画海売知道集別物使品計死特"
    "私始朝運終台広住無真有口少町料工建空急止送切転研足究楽起着店病質待試族銀早映親験英医仕去味写字答夜"
    "音注帰古歌買悪図週室歩風紙黒花春赤青館屋色走秋夏習駅洋旅服夕借曜飲肉貸堂鳥飯勉冬昼茶弟牛魚兄犬妹姉"
    "漢恋愛夢涙星空光影雪桜海恋願永遠幸祈翼奏曲唄詩踊嵐虹蒼紅雅零魂伝説戦闘森林炎神龍剣闇命祭君僕俺君声"
    "編版盤作曲編曲主題歌劇伴演奏交響組章序終幕歳浜崎宇多坂井泉椎名林檎美空松任谷由実中島"
)
_HANGUL: Final = frozenset(
    "가각간갈감갑강같개거건걸검것겨게겠결경계고곡공과관광교구국군권귀그근글금급기긴길김까께꿈나난날남내너"
    "널네년노녀녹놀높누눈눌느는늘능니님다단달담당대더던데도독돈동된되두둘뒤드득든들듯등디따때떠또라락란"
    "람랑래러런럼렇레려력련로록론료루류르른를름리린림립마만말맘매맞머먹면명모목몰못무문물미민밀밖바박반받"
    "발밤방배백버번벌법베벽변별보복본부북분불비빛빠뿐사산살삶상새색생서석선설성세소속손송수순술숨스슬습시"
    "식신실심싫싶써아안않알앞야약양어언얼엄업없었에여역연열영예오온올와완왜외요용우운울움웃원월위유육윤으"
    "은을음의이인일임입있자작잔잘잠장재저적전절점정제조좀종좋주준줄중즐지직진질집짜차참처천철첫청체초추출춤"
    "친침카커크키타태터테토통트특티파편평포표풍프피하학한할함합해했행향헤현형호혼화환활황회후흔희히힘"
)


def decode(data: bytes) -> str:
    """Return a small file's text: by its byte order mark, as UTF-8 or UTF-16, else by `repair`.

    Bytes cut off in the middle of a character at the end are left out. Never raises.

    >>> decode("Björk".encode()), decode("Björk".encode("latin-1"))
    ('Björk', 'Björk')
    """
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16's, which it begins with
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            return data[len(mark) :].decode(name, "replace").removesuffix("\ufffd")
    if (
        b"\0" in data
    ):  # no 8-bit text holds NULs; in UTF-16 they are the ASCII characters' high half
        name = "utf-16-le" if data[1::2].count(0) >= data[::2].count(0) else "utf-16-be"
        return data.decode(name, "replace")
    text = _strict(data, "utf-8")
    return repair([data.decode("latin-1")])[0] if text is None else text


def repair(texts: Sequence[str]) -> list[str]:
    """Return a file's tags as their writer meant them, in the same order.

    Looked for are Shift-JIS, GBK, Big5, EUC-KR, windows-1251 and UTF-8 read as Latin-1. Text of
    characters beyond Latin-1 is taken as it is; cp1252's quotes and dashes are put where Latin-1
    has control characters.

    >>> repair(["Ìóìèé Òðîëëü - Ìåäâåäèöà", "Demo"])
    ['Мумий Тролль - Медведица', 'Demo']
    >>> repair(["Sigur Rós", "Ágætis byrjun"])
    ['Sigur Rós', 'Ágætis byrjun']
    """
    raw = [_raw(text) for text in texts]
    suspects = [data[:_ENOUGH] for data in raw if data is not None]
    if not suspects:
        return list(texts)
    name = _encoding(suspects)
    repaired = []
    for text, data in zip(texts, raw, strict=True):
        better = _strict(data, name) if data is not None and name else None
        repaired.append(text.translate(_CP1252_PUNCTUATION) if better is None else better)
    return repaired


def _raw(text: str) -> bytes | None:
    """Return the bytes that a text was read from; None where it is ASCII or never was Latin-1."""
    if text.isascii():
        return None
    try:
        return text.translate(_TO_BYTES).encode("latin-1")
    except UnicodeEncodeError:
        return None


def _strict(data: bytes, name: str) -> str | None:
    """Decode strictly, but for a last character cut off, as ID3v1 does at 30 bytes."""
    try:
        return codecs.getincrementaldecoder(name)("strict").decode(data, final=False)
    except UnicodeDecodeError:
        return None


def _encoding(suspects: Sequence[bytes]) -> str | None:
    """Choose the one encoding of all `suspects`; None where Latin-1 is as likely."""
    if _is_utf8(suspects):
        return "utf-8"
    if _looks_latin(suspects):
        return None
    scores = sorted(
        (
            (candidate.score(decoded), candidate.name)
            for candidate in _CANDIDATES
            if (decoded := _all_decoded(suspects, candidate.name)) is not None
        ),
        reverse=True,
    )
    if not scores:
        return None
    (best, name), (second, _) = scores[0], (*scores, (_NONSENSE, ""))[1]
    if best > 0:
        short = sum(byte >= 0x80 for data in suspects for byte in data) < 6
        return name if best - second >= (_FAR_AHEAD if short else _MIN_MARGIN) else None
    return name if best > -0.5 and best - second >= _FAR_AHEAD else None


def _is_utf8(suspects: Sequence[bytes]) -> bool:
    """Tell UTF-8, which other text is next to never by chance but for a pair or two of bytes."""
    text = "".join(_all_decoded(suspects, "utf-8") or ())
    chars = [char for char in text if not char.isascii()]
    return len(chars) > 2 or (bool(chars) and all(not "ÿ" < char < "ࠀ" for char in chars))


def _all_decoded(suspects: Sequence[bytes], name: str) -> list[str] | None:
    decoded = []
    for data in suspects:
        text = _strict(data, name)
        if text is None:
            return None
        decoded.append(text)
    return decoded if any(not text.isascii() for text in decoded) else None


def _looks_latin(suspects: Sequence[bytes]) -> bool:
    """Tell whether most high bytes are punctuation, or accented letters among ASCII letters."""
    like = unlike = 0
    for data in suspects:
        text = data.decode("latin-1")
        for run in _HIGH_RUN.finditer(text):
            high = run.group()
            before, after = text[run.start() - 1 : run.start()], text[run.end() : run.end() + 1]
            letters = high.strip(_PUNCTUATION)
            if not letters:
                unlike += after.isalpha() and high[-1] not in _OPENING
            elif len(letters) <= 2 and all(map(_is_letter, letters)):
                in_word = len(high) == 1 or before.isalpha() or after.isalpha()
                like += len(letters) * in_word
                unlike += len(letters) * (not in_word)
            else:
                unlike += sum(char not in _AMBIGUOUS for char in letters)
    return like >= unlike


def _is_letter(char: str) -> bool:
    return char >= "À" and char not in "×÷"


@dataclass(frozen=True)
class _Candidate:
    """An encoding and a score of text decoded with it: above 0 is believable, 1 is beyond doubt."""

    name: str
    score: Callable[[Sequence[str]], float]


def _ideographic(common: frozenset[str], name: str, first: int, last: int) -> _Candidate:
    """Score East Asian text by its share of common characters.

    `first` and `last` bound the two-byte codes of the standard's everyday characters; text read
    with the wrong table falls outside of them.
    """

    def score(texts: Sequence[str]) -> float:
        total, count = 0.0, 0
        for char in "".join(texts):
            if char.isascii():
                continue
            count += 1
            code = int.from_bytes(char.encode(name, "replace"), "big")
            if char in common:
                total += 1.0
            elif "\u3041" <= char <= "\u30ff" or char in "、。「」『』（）・～〜ー―…！？：　《》":
                total += 1.0 if name == "cp932" or char > "\uff00" or char < "\u3041" else -1.0
            elif not first <= code <= last:
                total -= 1.0
        # Two characters are a coin toss, so a short text must be common throughout.
        return (
            total / count - (0.7 if count < 3 else 0.45 if count < 6 else 0.3)
            if count > 1
            else _NONSENSE
        )

    return _Candidate(name, score)


_VOWELS: Final = frozenset("аеёиоуыэюяіїє")
_FREQUENT: Final = frozenset("оеаинтсрвлкмдпуяыь")
_NOT_BETWEEN_LETTERS: Final = re.compile(r"[^\W\d_][«»№„“”…][^\W\d_]|№\s*(?:$|[^\W\d])", re.M)
_CYRILLIC_WORD: Final = re.compile(r"[^\W\d_]+")


def _cyrillic(texts: Sequence[str]) -> float:
    """Score Russian and its neighbours by whole words: one script, regular case, vowels."""
    good = bad = frequent = lower_case = 0
    for word in _CYRILLIC_WORD.findall(" ".join(texts)):
        if word.isascii():
            continue
        lower = word.lower()
        pure = all("а" <= char <= "я" or char in "ёіїєґ" for char in lower)
        regular = word[1:] == lower[1:] or word == word.upper()
        readable = len(word) <= 2 or not _VOWELS.isdisjoint(lower) or len(word) <= 4
        if pure and regular and readable:
            good += len(word) if len(word) > 2 else 0
            lower_case += sum(map(str.islower, word))
            frequent += sum(char in _FREQUENT for char in lower)
        else:
            bad += len(word)
    odd = len(_NOT_BETWEEN_LETTERS.findall("\n".join(texts))) + sum(
        not char.isascii() and not char.isalpha() and char not in "«»—–…“”„’№\xa0"
        for char in "".join(texts)
    )
    if good < 4 or (good < 8 and not lower_case):
        return _NONSENSE  # ДДТ is ÄÄÒ; so short a text could be anything
    return (0.4 * good + 0.6 * frequent - 2 * bad - 2 * odd) / good - 0.5


_CANDIDATES: Final = (
    _ideographic(_JAPANESE, "cp932", 0x889F, 0x9872),
    _ideographic(_SIMPLIFIED, "gbk", 0xB0A1, 0xD7F9),
    _ideographic(_TRADITIONAL, "big5", 0xA440, 0xC67E),
    _ideographic(_HANGUL, "cp949", 0xB0A1, 0xC8FE),
    _Candidate("cp1251", _cyrillic),
)
