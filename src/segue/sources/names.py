"""What the names of a file and its folders tell of a track: better nothing than a bad guess."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from segue.sources.walk import is_audio_name


@dataclass(frozen=True)
class Guess:
    """What a path tells; `title` is never empty, the rest is None where it tells nothing."""

    title: str
    artist: str | None = None
    album: str | None = None
    track: int | None = None
    disc: int | None = None
    year: int | None = None


_GENERIC: Final = frozenset(
    # folders that sort or store, and so name neither an artist nor an album
    (
        "music musik musique musica música muzyka muzika "
        "музыка 音乐 音楽 audio audios sound sounds "
        "sfx bgm data mp3 mp3s m4a flac flacs ogg opus wav wma aac ape alac lossless lossy hi-res "
        "hires media medias downloads download téléchargements descargas desktop documents "
        "documentos incoming complete completed temp tmp new newer old misc miscellaneous other "
        "others various unsorted unknown untitled singles single album albums song songs track "
        "tracks tracklist playlist playlists artist artists artistes soundtrack soundtracks ost "
        "osts original_soundtrack score scores themes theme unknown_album unknown_artist "
        "collection collections compilation compilations library itunes spotify amazon bandcamp "
        "soundcloud youtube beets torrents torrent share shared public usr var opt srv mnt home "
        "users user volumes volume nas storage sdcard external backup backups archive archives "
        "files file folder content contents resources resource res assets asset game games lib "
        "libs src test tests samples sample loops stems mods levels menu ingame battle ambient "
        "ambience effects voices voice speech demo demos live remixes remix covers cover lyrics "
        "karaoke instrumental instrumentals podcast podcasts audiobook audiobooks books radio "
        "recordings recording rips cds cd vinyl tapes blues country dance disco funk hip-hop "
        "hiphop jazz metal pop rap reggae rock techno classical classic klassik folk electronic "
        "electronica house trance punk soul indie latin world christmas party workout chill "
        "favorites favourites favoriten best "
    ).split()
)
_NO_ARTIST: Final = frozenset(
    "va v.a. v/a|various artists|various|unknown artist|unknown|<unknown>|artist|no artist".replace(
        " v", "|v"
    ).split("|")
)
_MOUNT: Final = re.compile(  # these name people and disks
    r"^/(?:home/[^/]+|Users/[^/]+|mnt/[^/]+|Volumes/[^/]+|(?:run/)?media/[^/]+/[^/]+)(?=/)"
)
_VERSION: Final = re.compile(
    r"^(?:live|remix(?:ed)?|acoustic|instrumental|demo|intro|outro|interlude|reprise|"
    r"bonus(?: track)?|radio edit|edit|extended(?: mix| version)?|original mix|"
    r"remaster(?:ed)?(?: \d{4})?|"
    r"\d{4} remaster(?:ed)?|karaoke(?: version)?|mono|stereo|"
    r".* (?:version|mix|remix|edit|take \d+)|"
    r"live (?:at|in|from)\b.*|part \w+|pt\.? ?\w+|[ivx]+\. .*|(?:act|no|op)\.? ?\d+.*)$",
    re.IGNORECASE,
)
_WORK: Final = re.compile(
    r"\bop(?:us|\.)? ?\d|\bbwv\b|\bk\.? ?\d{2,}|\bkv ?\d|\bno\. ?\d|\bnr\. ?\d|\bsuite\b|\bsymphon|"
    r"\bsonat|\bconcert[oi]\b|\bquartet\b|\bprelude\b|"
    r"\bin [a-g](?:[- ](?:flat|sharp))? (?:major|minor)\b",
    re.IGNORECASE,
)
_DISC_FOLDER: Final = re.compile(
    r"^(?:(?:cd|dis[ck]|disque|disco)[ .\-#]*(\d{1,2})\b.*|side [a-d1-4])$", re.IGNORECASE
)
_DISC_LAST: Final = re.compile(r"[ (\[,\-]+(?:cd|dis[ck])[ .#]*(\d{1,2})[)\]]?$", re.IGNORECASE)
_LIBRARY: Final = frozenset("music musik musique música muzyka musica mp3 flac".split())
_YEAR: Final = r"(1[89]\d\d|20\d\d)"
_YEAR_FIRST: Final = re.compile(rf"^[\[(]?{_YEAR}[\])]?\s*[-_.]?\s+(?=\S)")
_YEAR_LAST: Final = re.compile(rf"\s*[\[(]{_YEAR}(?:-\d\d-\d\d)?[\])]$|\s+-\s+{_YEAR}$")
_FORMAT_NOTE: Final = re.compile(
    r"\s*(?:\[[^\]]*\]|\{[^}]*\}|\((?:flac|mp3|web|cd|vinyl|lossless|320|v0|vbr|"
    r"\d+ ?kbps)[^)]*\))$",
    re.IGNORECASE,
)
_DISC_TRACK: Final = re.compile(r"^(\d)[-.](\d\d)(?:\s*[-.]\s*|\s+)(?=\S)")
_TRACK: Final = re.compile(
    r"^\(?\[?(\d{1,3})(?:[\])]\s*[-.]?\s*|\s*[.)]\s+|\.(?=[^\d\s])|\s+-\s+|-)(?=\S)"
)
_ZERO_TRACK: Final = re.compile(r"^(0\d{1,2})\s+(?=\S)")
_SCENE: Final = re.compile(r"\d{2,3}-[^-\s]+-[^-\s]+")  # 05-some_artist-some_title
_BARE_TRACK: Final = re.compile(r"^([1-3]\d)\s+(?=\S)")
_NUMBERED: Final = re.compile(
    r"^(?:track|titel|piste|pista|audiotrack)[ .\-]*(\d{1,3})$", re.IGNORECASE
)
_PACKAGE: Final = re.compile(r"[-. ](?:data|musics?|sounds|audio|songs)$")
_DASH: Final = re.compile(r"\s+[-–—]\s+")
_PLACEHOLDER_STEMS: Final = frozenset(
    {"song", "audio", "music", "track", "full", "mix", "music track"}
)
_MAX_NAME: Final = 255  # what file systems allow
_MAX_FOLDERS: Final = 8
_DISC_AND_TRACK: Final = 101  # 203 is track 3 of disc 2


def guess_from_path(path: bytes) -> Guess:
    """Return what a path tells of its track.

    Understood are ``Artist/Album/01 - Title``, ``Artist - Album (1999)/03. Title``,
    ``Artist - Title``, ``01 Artist - Title``, ``2-03 Title`` and ``203 - Title`` (disc 2, track 3),
    folders such as ``CD1`` between, and underscores for spaces. An artist is taken from a folder
    only where a track number, a year or a music folder above show that folders mean that.

    Never raises; bytes that are not UTF-8 come out as U+FFFD.

    >>> guess = guess_from_path(b"Boards of Canada/Geogaddi (2002)/05 - Sunshine Recorder.mp3")
    >>> guess.artist, guess.album, guess.year, guess.track, guess.title
    ('Boards of Canada', 'Geogaddi', 2002, 5, 'Sunshine Recorder')
    >>> guess_from_path(b"/usr/share/games/rogue/data/music/cave.ogg")
    Guess(title='cave', artist=None, album=None, track=None, disc=None, year=None)
    """
    *above, name = _MOUNT.sub("", path.decode("utf-8", "replace")).split("/")
    if is_audio_name(name.encode("utf-8", "replace")):
        name = name[: name.rindex(".")]
    folders = [_cleaned(part) for part in above[-_MAX_FOLDERS:] if part not in ("", ".", "..")]
    disc = None
    while folders and (match := _DISC_FOLDER.match(folders[-1])):
        disc = disc or int(match.group(1) or 0) or None
        folders.pop()
    if folders and (match := _DISC_LAST.search(folders[-1])) and match.start():
        disc = disc or int(match.group(1)) or None
        folders[-1] = folders[-1][: match.start()]
    in_library = any(name.lower() in _LIBRARY for name in folders[-3:-1])
    folder = replace(_from_folders(folders, in_library=in_library), disc=disc)
    if "_" in name and len(name) <= _MAX_NAME and _SCENE.fullmatch(name):
        name = name.replace("-", "_-_")
    parent = folders[-1] if folders and not _is_generic(folders[-1]) else None
    return _from_stem(_cleaned(name), folder, parent, in_library=in_library)


def _from_folders(folders: list[str], *, in_library: bool) -> Guess:
    """Read the two folders above a file; a folder that sorts or stores ends the reading."""
    grandparent = folders[-2] if len(folders) > 1 and not _is_generic(folders[-2]) else None
    if not folders or (_is_generic(folders[-1]) and not _is_number(folders[-1], grandparent)):
        return Guess("")
    album, year = _without_year(folders[-1])
    artist = _artist(_without_year(grandparent)[0]) if grandparent else None
    parts = _DASH.split(album)
    if len(parts) == 3 and re.fullmatch(_YEAR, parts[1]):
        return Guess("", _artist(parts[0]), parts[2], year=int(parts[1]))
    if len(parts) == 2 and not _WORK.search(parts[0]) and not _VERSION.match(parts[1]):
        if artist is None or parts[0].lower() == artist.lower():
            return Guess("", _artist(parts[0]), parts[1], year=year)
        # "Eno/Ambient 1 - Music for Airports" or "From Anna/Eno - Music for Airports"
        return Guess("", artist if in_library else None, album, year=year)
    if artist and _DASH.search(artist):
        artist = None  # a folder of some other meaning
    return Guess("", artist, album or None, year=year)


def _from_stem(stem: str, folder: Guess, parent: str | None, *, in_library: bool) -> Guess:
    """Join what the file's name tells to what its folders tell, where these can be relied on."""
    if match := _NUMBERED.match(stem):
        track, disc, artist, album = int(match.group(1)) or None, None, None, None
        title = f"Track {match.group(1)}"
    else:
        title, track, disc = _number(stem, in_album=folder.artist is not None)
        title, artist, album, track = _dashed(title, folder, track)
    named = parent is not None and _DASH.search(parent) is not None
    if track is None and folder.year is None and not in_library and not named:
        if title.lower() in _PLACEHOLDER_STEMS and parent and artist is None:
            return Guess(parent, disc=folder.disc)
        proper = folder.artist is not None and folder.album != (folder.album or "").lower()
        folder = replace(folder, artist=None, album=folder.album if proper else None)
    elif track is None and folder.year is None and folder.artist is None:
        folder = replace(folder, album=None)  # one folder only: an artist's, or a heap
    if artist and folder.album and artist.lower() == folder.album.lower():
        folder = replace(folder, album=None)  # Artist/Artist - Title
    return Guess(
        title=title or stem or "?",
        artist=artist or folder.artist,
        album=album or folder.album,
        track=track,
        disc=disc or folder.disc,
        year=folder.year,
    )


def _dashed(
    name: str, folder: Guess, track: int | None
) -> tuple[str, str | None, str | None, int | None]:
    """Split ``Artist - Album - 03 - Title`` and shorter forms: title, artist, album, track."""
    parts = [part for part in _DASH.split(name) if part]
    if track is None:
        for position in (2, 1):
            if position < len(parts) - 1 and re.fullmatch(r"\d{1,2}", parts[position]):
                title = " - ".join(parts[position + 1 :])
                album = parts[1] if position == 2 else None
                return title, _artist(parts[0]), album, int(parts[position]) or None
    if len(parts) < 2 or not _splits(parts, folder, numbered=track is not None):
        return name, None, None, track
    artist = _artist(parts[0])
    if track is None and folder.album and _BARE_TRACK.match(parts[0]):
        artist = None  # "11 Moby", or "10 Years"
    return " - ".join(parts[1:]), artist, None, track


def _number(stem: str, *, in_album: bool) -> tuple[str, int | None, int | None]:
    """Take a track number, and a disc's, off the front; titles may begin with numbers, too."""
    if match := _DISC_TRACK.match(stem):
        return stem[match.end() :], int(match.group(2)) or None, int(match.group(1)) or None
    match = _TRACK.match(stem) or _ZERO_TRACK.match(stem)
    if match is None and in_album:
        match = _BARE_TRACK.match(stem)
    if match is None:
        return stem, None, None
    number, rest = int(match.group(1)), stem[match.end() :]
    if number < _DISC_AND_TRACK:
        return rest, number or None, None
    if not 1 <= number % 100 <= 40:
        return stem, None, None
    return rest, number % 100, number // 100


def _splits(parts: list[str], folder: Guess, *, numbered: bool) -> bool:
    """Tell whether ``a - b`` in a file's name is artist and title, not one title with a dash."""
    first, second = parts[0], parts[1]
    if _WORK.search(first) or _VERSION.match(second) or first.isdecimal() or len(first) > 80:
        return False
    if first.lower() == (folder.artist or "").lower():
        return True
    # Below Artist/Album, a numbered "a - b" may be either; the folder is the safer word.
    return not (numbered and folder.artist is not None)


def _cleaned(name: str) -> str:
    name = "".join(char if char.isprintable() else " " for char in name[:_MAX_NAME])
    if "_" in name and " " not in name:
        name = name.replace("_", " ")
    return " ".join(name.split())


def _without_year(folder: str) -> tuple[str, int | None]:
    name, year = folder, None
    for _ in range(3):  # "Album (1999) [FLAC]"
        if match := _YEAR_LAST.search(name) or _YEAR_FIRST.match(name):
            year = year or int(next(group for group in match.groups() if group))
            shorter = name[: match.start()] if match.start() else name[match.end() :]
        else:
            shorter = _FORMAT_NOTE.sub("", name)
        if not shorter.strip() or shorter == name:
            break
        name = shorter.strip()
    return name, year


def _is_generic(folder: str) -> bool:
    name = folder.lower()
    return (
        name in _GENERIC
        or name.replace(" ", "_") in _GENERIC
        or (name == folder and _PACKAGE.search(name) is not None)
        or not any(char.isalpha() for char in name)
    )


def _is_number(folder: str, artist: str | None) -> bool:
    """Tell an album named by a number ("Adele/21") from a folder named by a year."""
    return artist is not None and folder.isdecimal() and not re.fullmatch(_YEAR, folder)


def _artist(name: str) -> str | None:
    name = name.strip(" .-")
    usable = name.lower() not in _NO_ARTIST and any(char.isalpha() for char in name)
    return name if usable else None
