"""What a title says: the song's own words, and what is written behind them."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final, NamedTuple

from segue.catalog.text import fold


class Title(NamedTuple):
    """A title, read.

    Attributes
    ----------
    words
        The song's own, squashed (see `squash`); empty where there is no title.
    version
        Sorted words of what makes it another recording: ``live``, ``loud luxury remix``. Empty
        for the studio recording.
    cut
        ``short`` (radio edit), ``long`` (extended version), ``original`` (mix, version), ``mix``
        (of the single, of the album); else empty.
    behind
        All of that as it stands there: guests, remixers, the pressing.
    """

    words: str
    version: str = ""
    cut: str = ""
    behind: str = ""


def read_title(title: str) -> Title:
    """Tell a title's own words from guests, the pressing and the version.

    >>> read_title("Let It Be - Remastered 2009")
    Title(words='letitbe', version='', cut='', behind='Remastered 2009')
    >>> read_title("Hello (feat. Someone) [Live at Wembley]")[:2]
    ('hello', 'live wembley')
    >>> read_title("Nervous (The Ooh Song) - Radio Edit")[:3]
    ('nervoustheoohsong', '', 'short')
    """
    if title.isascii() and not _is_marked(title):
        read = Title(squash(split_words(title)), "", "", "")
    else:
        read = _read(unicodedata.normalize("NFKC", title))
    if not read.words:  # "(Live)" may be all there is, or "$"
        read = read._replace(words=squash(split_words(title)) or symbols(title))
    return read


def split_words(text: str) -> list[str]:
    """Return the folded words; what is written in several ways is written in one of them.

    >>> split_words("Rock 'n' Roll & Livin', Pt. II")
    ['rock', 'and', 'roll', 'and', 'livin', 'part', '2']
    """
    if "&" in text or "+" in text:
        text = text.replace("&", " and ").replace("+", " and ")
    if "$" in text:
        text = _STYLED_S.sub("s", text)
    if text.isascii():
        folded = text.translate(_TO_SPACE)
    else:
        folded = fold(text.casefold().translate(_LIGATURES))
    if " n " in folded:
        folded = folded.replace(" n ", " and ")
    if "ing" in folded:
        folded = _DROPPED_G.sub(r"\1", folded)
    words = folded.split()
    if _RESPELLED.isdisjoint(words):
        return words
    line = " ".join([_ONE_WAY.get(word, word) for word in words])
    return _ROMAN.sub(lambda match: f"{match[1]} {_ARABIC[match[2]]}", line).split()


def squash(words: list[str]) -> str:
    """Join words without spaces, but for those between numbers, and without a leading article.

    Where a word ends is the least certain of all: Even Flow, Jay-Z, 2 AM, T.N.T.

    >>> squash(["the", "even", "flow"]), squash(["4", "40"])
    ('evenflow', '4 40')
    """
    if len(words) > 1 and words[0] in _ARTICLES:
        words = words[1:]
    joined = "".join(words)
    return joined if joined.isalpha() else _NOT_BETWEEN_DIGITS.sub("", " ".join(words))


def symbols(text: str) -> str:
    """Return text that has no letter or digit as it is, without spaces: ``$``, ``/``."""
    normal = unicodedata.normalize("NFKC", text)
    return "".join(c for c in normal if c.isprintable() and not c.isspace())


def without_guests(text: str) -> str:
    """Cut off what follows "feat."."""
    lower = text.lower()
    return _GUESTS.sub("", text) if "feat" in lower or "ft" in lower else text


_TO_SPACE: Final = "".join(c.lower() if c.isalnum() else " " for c in map(chr, range(128)))
_LIGATURES: Final = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ı": "i"})
_STYLED_S: Final = re.compile(r"(?<=[A-Za-z])\$|\$(?=[A-Za-z])")  # Ke$ha, Ty Dolla $ign
_DROPPED_G: Final = re.compile(r"\b(\w{3,}in)g\b")  # livin', living
_ONE_WAY: Final = {
    word: one_way
    for one_way in ("part", "volume", "chapter")
    for word in (one_way, f"{one_way}s", {"part": "pt", "volume": "vol"}.get(one_way, "chap"))
} | {"pts": "part"}
_RESPELLED: Final = frozenset(_ONE_WAY)
_ROMAN: Final = re.compile(r"\b(part|volume|chapter) (i{1,3}|iv|v|vi{0,3})\b")
_ARABIC: Final = dict(zip("i ii iii iv v vi vii viii".split(), "12345678", strict=True))
_ARTICLES: Final = frozenset({"the", "a", "an"})
_NOT_BETWEEN_DIGITS: Final = re.compile(r"(?<!\d) | (?!\d)")

_GUESTS: Final = re.compile(r"[\s(\[,_-]+(?:feat|ft|featuring)\b(?=.*\w).*", re.I | re.S)
_BRACKET: Final = re.compile(r"[(\[{<【〔]([^()\[\]{}<>【】〔〕]*)(?:[)\]}>】〕]|$)")
_OPENING: Final = re.compile(r"[(\[{<【〔]")
_TAIL: Final = re.compile(r"\s+[-–—―]\s*|[-–—―]\s+")
_PIECES: Final = re.compile(
    r"\s*;\s*|\s+/\s+|/(?=(?:soundtrack|score|live|acoustic|remaster|original|from)\b)", re.I
)
_YEAR: Final = re.compile(r"(?:19|20)\d\d").fullmatch

# Scripts without spaces, and words that only count behind a title: "Remix版", "(ライブ)".
_OTHER_SCRIPTS: Final = re.compile(
    "(?P<live>ライブ|ライヴ|现场|現場|演唱会|演唱會|라이브|концерт\\w*|живой|вживую)"
    "|(?P<remix>リミックス|混音|리믹스|ремикс)"
    "|(?P<instrumental>伴奏|纯音乐|純音樂|インストゥルメンタル|インスト|반주|минус)"
    "|(?P<karaoke>カラオケ|卡拉ok|караоке|노래방)"
    "|(?P<acoustic>アコースティック|不插电|不插電|어쿠스틱|акустик\\w*|акустическ\\w*)"
    "|(?P<cover>翻唱|カバー|カヴァー|커버|кавер)"
    "|(?P<demo>デモ|데모)"
    "|(?P<version>版|バージョン|ヴァージョン|버전|версия|ver(?=$|[^a-z]))"
    "|(?P<remastered>リマスター|重制|리마스터|ремастер\\w*)",
    re.I,
)
_PHRASES: Final = (
    (re.compile(r"\bre (record|master|mix|work|imagin|edit)"), r"re\1"),
    (re.compile(r"\brerecord\w*"), "rerecorded"),
    (re.compile(r"\b(?:remixed by|remixed|rmx|remezcla)\b"), "remix"),
    (re.compile(r"\b(?:en vivo|ao vivo|dal vivo|en directo|en public|en concert)\b"), "live"),
    (re.compile(r"\bvivo\b"), "live"),
    (re.compile(r"\b(?:acustic[oa]|acoustique|akustik)\b"), "acoustic"),
    (re.compile(r"\b(?:inst|instrumentale?|instrumentals)\b"), "instrumental"),
    (re.compile(r"\bspeed up\b"), "sped up"),
    (re.compile(r"\bmash up\b"), "mashup"),
    (re.compile(r"\b(?:a cappella|acapella|acappella|accapella|a capella)\b"), "cappella"),
    (re.compile(r"\b(?:originally per\w*ed|made famous|in the style of)\b"), "cover"),
    (re.compile(r"\b(?:version|versione|versao|verison|ver)\b"), "version"),
)  # fmt: skip
_REMASTER: Final = re.compile(
    r"\b(?:(?:19|20)\d\d )?(?:digital(?:ly)? )*rema(?:ste?r|steris)\w*(?: in)?(?: (?:19|20)\d\d)?\b"
    r"|\bmaster(?:in|ed)\b.*"
)
_OTHER_TAKE: Final = frozenset(
    "live directo concert unplugged session sessions performance performed recorded take takes "
    "remix mixed rework reworked bootleg mashup dub vip flip refix dubstep nightcore sped slowed "
    "slow fast reverb 8d chopped screwed acoustic stripped piano orchestra orchestral symphony "
    "symphonic philharmonic strin strins string strings choir solo duet instrumental karaoke "
    "cappella vocal voice spoken commentary demo demos alternate alternative outtake outtakes "
    "rehearsal early rerecorded revisited revised reimagined cover covered tribute parody lullaby "
    "reprise medley freestyle salsa bachata banda".split()
)
_TAKE_NUMBER: Final = re.compile(r"\b(?:version|v) ?\d+\b").search
_PRESSING: Final = frozenset(
    "album lp single ep original official main explicit clean edited amended dirty censored "
    "uncensored bonus track tracks deluxe anniversary edition expanded reissue mono stereo digital "
    "digitally version cd studio non hidden soundtrack ost motion picture film movie score video "
    "music lyric lyrics audio visualizer hd hq".split()
)
_SHORT: Final = frozenset("edit radio short 7 45".split())
_LONG: Final = frozenset("extended long longer 12".split())
_FILLING: Final = frozenset(
    "version the at in on from of de du la le a an by and en official original inch".split()
)
_NAMED: Final = frozenset("version mix edit cut remix".split())  # "X version" is X's
_GUEST_WORDS: Final = frozenset("feat ft featurin prod produced starrin".split())
_NOT_A_GUEST: Final = frozenset(
    "me you us him her them it my your our his a te no or out this that someone somebody rap sax "
    "vocals intro outro drums bass horns".split()
)
_ORCHESTRAS: Final = frozenset(
    "orchestra symphony philharmonic choir band strins strings lyrics".split()
)
_VENUES: Final = frozenset(
    "center centre theatre theater hall arena stadium festival tour church studios".split()
)
_FILM: Final = re.compile(
    r"^(?:theme |music |taken )?from (?:the )?"
    r"(?:[\"'“‘«「『]|(?:film|movie|motion|original|musical|soundtrack|series|vault)\b)"
    "|.*(?:主题曲|主題曲|插曲|片[头頭尾]曲|主題歌|テーマ曲|オープニング|エンディング)",
    re.I,
).match


def _is_marked(title: str) -> bool:
    """Tell whether anything may be written behind an ASCII title; quick, and may say so in vain."""
    if "(" in title or "-" in title or "[" in title or "{" in title or "<" in title:
        return True
    lower = title.lower()
    return "feat" in lower or " ft" in lower or "remix" in lower


class _Behind(NamedTuple):
    """What one bracket or tail says."""

    title: str = ""
    version: str = ""
    cut: str = ""
    remastered: bool = False


def _read(text: str) -> Title:
    found: list[_Behind] = []
    said: list[str] = []

    def take(match: re.Match[str]) -> str:
        said.append(match[1])
        found.append(_classify(match[1].strip(), tail=False))
        return f" {found[-1].title} "

    while _OPENING.search(text):  # the inmost brackets first
        text = _BRACKET.sub(take, text)
    first, *tails = _TAIL.split(text.strip())
    own = [without_guests(first)]
    said += [first[len(own[0]) :], *tails]
    for tail in tails:
        behind = _classify(tail.strip(), tail=True)
        if behind.title and any(other.version for other in found):
            # "Live at the Hall - November 2010" is all about the take.
            behind = _Behind(version=" ".join(split_words(behind.title)))
        found.append(behind)
        own.append(behind.title)
    words = split_words(" ".join(own))
    version = {word for behind in found for word in behind.version.split()}
    if any(behind.remastered for behind in found) and all(map(_YEAR, version)):
        version = set()  # "2010 - Remaster"
    if len(words) > 1 and words[-1] == "remix":  # written without a dash
        version.add(words.pop())
    cuts = {behind.cut for behind in found} - {""}
    return Title(
        squash(words), " ".join(sorted(version)), " ".join(sorted(cuts)), " ".join(said).strip()
    )


@lru_cache(maxsize=1 << 15)
def _classify(segment: str, *, tail: bool) -> _Behind:
    """Tell what a bracket says, or what follows a dash."""
    pieces = [_classify_piece(piece, tail) for piece in _PIECES.split(segment)]
    if all(piece.title for piece in pieces):
        return _Behind(title=segment)
    return _Behind(
        " ".join(piece.title for piece in pieces if piece.title),
        " ".join(piece.version for piece in pieces if piece.version),
        next((piece.cut for piece in pieces if piece.cut), ""),
        any(piece.remastered for piece in pieces),
    )


def _classify_piece(piece: str, tail: bool) -> _Behind:
    text = without_guests(f" {piece}").strip()
    if not text.isascii():
        text = _OTHER_SCRIPTS.sub(lambda match: f" {match.lastgroup} ", text)
    words = split_words(text)
    if not words or _is_guest(text, words):
        return _Behind()
    line = " ".join(words)
    for phrase, one_way in _PHRASES:
        line = phrase.sub(one_way, line)
    line, remasters = _REMASTER.subn(" ", line)
    known = set(line.split())
    cut = "long" if known & _LONG else "short" if known & _SHORT else ""
    if (
        known & _OTHER_TAKE
        or _TAKE_NUMBER(line)
        or (words[0] == "from" and known & _VENUES and not _FILM(text))
    ):
        if known & {"remix", "mix"}:
            return _Behind("", " ".join(known - _FILLING - _SHORT - _LONG), cut)
        return _Behind("", " ".join(known - _FILLING - {"album", "lp"}))
    of_album = "version" in known and known & {"album", "lp"}  # "American Idiot Album Version"
    if of_album or (tail and words[0] == "from") or _FILM(text) or _is_of_film(known):
        return _Behind("", "", cut if of_album else "", bool(remasters))
    edition = _classify_edition(piece, known, cut)
    if remasters:
        version = edition.version if edition.version != "version" else ""
        return _Behind("", version, edition.cut, True)
    return edition


def _classify_edition(piece: str, known: set[str], cut: str) -> _Behind:
    """Tell the pressing from an edit, from a version somebody gave a name, from the title."""
    years = {word for word in known if _YEAR(word)}
    if known <= years | {"version"}:
        return _Behind("", " ".join(years or known))
    if "original" in known and known <= {"original", "mix", "version"}:
        return _Behind("", "", "original")
    rest = known - _PRESSING - _SHORT - _LONG - years
    if not rest and not all(map(str.isdigit, known)):
        return _Behind("", "", cut)
    if rest == {"mix"} and known != {"mix"}:  # a mono mix is of the same take
        return _Behind("", "", cut or ("" if years or known & {"mono", "stereo"} else "mix"))
    if known & _NAMED and known != {"cut"}:
        return _Behind("", " ".join(known - _FILLING - _SHORT - _LONG or known), cut)
    return _Behind(title=piece)


def _is_of_film(known: set[str]) -> bool:
    if known & {"soundtrack", "ost", "film"}:
        return True
    return "cast" in known and bool(known & {"recordin", "album"})


def _is_guest(piece: str, words: list[str]) -> bool:
    if words[0] in _GUEST_WORDS or piece[0] == "&" or piece[:2].lower() == "w/":
        return True
    if words[:2] == ["duet", "with"] or words[:3] == ["a", "dueto", "con"]:
        return True
    with_someone = words[0] in {"with", "con"} and len(words) > 1 and words[1] not in _NOT_A_GUEST
    return with_someone and _ORCHESTRAS.isdisjoint(words)
