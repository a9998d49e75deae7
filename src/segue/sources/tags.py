"""What a file says of itself: its tags, completed by what its path tells."""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

from segue.sources.encoding import repair
from segue.sources.genres import split_genres
from segue.sources.lyrics import lyrics_beside, open_if_regular, plain_lyrics
from segue.sources.names import Guess, guess_from_path
from segue.sources.tagformats import asf
from segue.sources.tagformats.ape import read_ape
from segue.sources.tagformats.asf import read_asf
from segue.sources.tagformats.ffmpeg import FORMATS, read_container
from segue.sources.tagformats.fields import Fields
from segue.sources.tagformats.riff import read_riff
from segue.sources.tagformats.tiny import read_id3, read_mp4
from segue.sources.tagformats.vorbis import read_flac, read_ogg
from segue.sources.walk import extension

__all__ = ["Guess", "Tags", "describe_file", "guess_from_path", "read_tags"]


@dataclass(frozen=True)
class Tags:
    """The tags of one file; None or empty where a field is missing or makes no sense.

    `bpm` is beats a minute (20 to 500), gains are in dB relative to ReplayGain's reference,
    MusicBrainz ids are lower-case UUIDs, `isrc` is 12 characters without hyphens.
    """

    title: str | None = None
    artist: str | None = None
    album_artist: str | None = None
    album: str | None = None
    track: int | None = None
    disc: int | None = None
    year: int | None = None
    genres: tuple[str, ...] = ()
    bpm: float | None = None
    isrc: str | None = None
    musicbrainz_recording_id: str | None = None
    musicbrainz_album_id: str | None = None
    musicbrainz_artist_id: str | None = None
    replaygain_track_gain: float | None = None
    replaygain_album_gain: float | None = None
    comment: str | None = None
    has_cover: bool = False
    lyrics: str | None = None


MAX_LENGTH: Final = 1_000
_CONTROL: Final = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ufeff]+")
_NUMBER: Final = re.compile(r"[+-]?\d{1,6}(?:[.,]\d{1,9})?")
_YEAR: Final = re.compile(r"(?<!\d)(?:18[6-9]\d|19\d\d|20\d\d)")
_ISRC: Final = re.compile(r"[A-Z]{2}[A-Z0-9]{3}\d{7}")
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PLACEHOLDERS: Final = frozenset(
    "unknown|unknown artist|unknown album|unknown title|<unknown>|[unknown]|untitled|no title|"
    "no artist|no album|track|artist|album|title|n/a|none|null|-|?".split("|")
)
_PLACEHOLDER_TITLE: Final = re.compile(
    r"(?:audio ?)?track ?\d*|untitled ?\d*|\d{1,2}", re.IGNORECASE
)
_APE_SUFFIXES: Final = frozenset(b".mp3 .mp2 .ape .wv .mpc .tta .aac".split())
_MP4_ATOMS: Final = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide")  # a file begins so
_ID3_HEADER_BYTES: Final = 10
_R128_TO_REPLAYGAIN: Final = 5.0  # -23 LUFS against -18 LUFS (RFC 7845, section 5.2.1)


def describe_file(path: bytes) -> Tags:
    """Return a file's tags, completed from its path where title, artist or album are missing.

    The title is never empty: where nothing else is known it is the file's name. Never raises.
    """
    tags = read_tags(path)
    guess = guess_from_path(path)
    title, artist = guess.title, guess.artist
    if tags.artist and artist and title.lower() == tags.artist.lower() != artist.lower():
        title = artist  # "Title - Artist"
    return replace(
        tags,
        title=tags.title or _line(title) or "?",
        artist=tags.artist or tags.album_artist or _line(artist or "") or None,
        album=tags.album or _line(guess.album or "") or None,
        track=tags.track or guess.track,
        disc=tags.disc or guess.disc,
        year=tags.year or guess.year,
    )


def read_tags(path: bytes) -> Tags:
    """Return the tags that a file carries, and the lyrics beside it.

    Cover pictures are noted, not read. Tags that are missing, malformed or hostile count as
    missing, and so do all of a file that cannot be opened or is not a regular one. Never raises.
    """
    fields = Fields()
    file = open_if_regular(path)
    if file is not None:
        with file:
            # Readers parse what strangers wrote, in part by code that is not ours: whatever they
            # trip over, the file's other tags and the library's other files still count.
            for reader in (_read_by_content, _read_trailer):
                try:
                    reader(file, path, fields)
                except Exception:  # noqa: S112
                    continue
    tags = _from_fields(fields)
    return tags if tags.lyrics else replace(tags, lyrics=lyrics_beside(path))


def _read_by_content(file: BinaryIO, path: bytes, fields: Fields) -> None:
    """Read the tags of the format that the first bytes tell, whatever the file is called."""
    head = file.read(16)
    file.seek(0)
    if head.startswith(b"ID3"):
        read_id3(file, fields)
        size = sum(
            (byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=False)
        )
        file.seek(_ID3_HEADER_BYTES + size)
        if file.read(4) == b"fLaC":
            file.seek(-4, os.SEEK_CUR)
            read_flac(file, fields)
    elif head.startswith(b"OggS"):
        read_ogg(file, fields)
    elif head.startswith(b"fLaC"):
        read_flac(file, fields)
    elif head[4:8] in _MP4_ATOMS:
        read_mp4(file, fields)
        if not fields.values:  # QuickTime's own keys, which tinytag does not know
            read_container(file, "mov", fields)
    elif head.startswith((b"RIFF", b"RF64", b"FORM")):
        chunk = read_riff(file, fields)
        if chunk is not None:
            inner = Fields()
            read_id3(file, inner, *chunk)
            inner.update_missing(fields)
            fields.values, fields.has_cover = inner.values, inner.has_cover
    elif head.startswith(asf.MAGIC):
        read_asf(file, os.fstat(file.fileno()).st_size, fields)
    elif kind := next((kind for magic, kind in FORMATS.items() if head.startswith(magic)), None):
        read_container(file, kind, fields)
    elif extension(path) in _APE_SUFFIXES:
        read_id3(file, fields)  # ID3v1 at the end


def _read_trailer(file: BinaryIO, path: bytes, fields: Fields) -> None:
    if extension(path) in _APE_SUFFIXES:
        trailer = Fields()
        read_ape(file, os.fstat(file.fileno()).st_size, trailer)
        fields.update_missing(trailer)


def _from_fields(fields: Fields) -> Tags:
    texts = {
        "title": " / ".join(dict.fromkeys(fields.get("title")))[:MAX_LENGTH],
        "artist": _first(fields, "artist", "artists", "author", "performer"),
        "album_artist": _first(fields, "albumartist", "album artist", "ensemble", "band"),
        "album": _first(fields, "album"),
        "comment": _first(fields, "comment", "description"),
    }
    genres = [genre[:MAX_LENGTH] for genre in fields.get("genre")]
    lyrics = next((values for key, values in fields.values.items()
                   if values and key.startswith(("lyrics", "unsyncedlyrics", "unsynchronisedlyrics",
                                                 "uslt", "syncedlyrics"))), [])  # fmt: skip
    # One file's texts are repaired together, so that the long tell the short ones' encoding.
    repaired = repair([*texts.values(), *genres, *lyrics[:1]])
    lines = dict(zip(texts, map(_line, repaired), strict=False))
    genre_lines = [_line(genre) for genre in repaired[len(texts) : len(texts) + len(genres)]]
    return Tags(
        title=None if _PLACEHOLDER_TITLE.fullmatch(lines["title"]) else _meant(lines["title"]),
        artist=_meant(lines["artist"]),
        album_artist=_meant(lines["album_artist"]),
        album=_meant(lines["album"]),
        track=_integer(fields, 999, "track", "tracknumber", "partnumber"),
        disc=_integer(fields, 99, "disc", "discnumber", "disk", "partofset"),
        year=_year(fields),
        genres=split_genres(genre_lines),
        bpm=_real(fields, 20, 500, "bpm", "tbpm", "fbpm", "tempo"),
        isrc=_isrc(fields),
        musicbrainz_recording_id=_uuid(
            fields, "musicbrainz_trackid", "musicbrainz_recordingid", "ufid"
        ),
        musicbrainz_album_id=_uuid(fields, "musicbrainz_albumid", "musicbrainz_releaseid"),
        musicbrainz_artist_id=_uuid(fields, "musicbrainz_artistid"),
        replaygain_track_gain=_gain(fields, "track"),
        replaygain_album_gain=_gain(fields, "album"),
        comment=lines["comment"] or None,
        has_cover=fields.has_cover,
        lyrics=plain_lyrics(repaired[-1]) if lyrics else None,
    )


def _first(fields: Fields, *names: str) -> str:
    values = fields.get(*names)
    return values[0][: 8 * MAX_LENGTH] if values else ""


def _line(text: str) -> str:
    """Return text on one line, without control characters, at most 1,000 characters of it."""
    text = text[: 8 * MAX_LENGTH].encode("utf-8", "replace").decode("utf-8")
    return _CONTROL.sub(" ", text).strip()[:MAX_LENGTH].rstrip()


def _meant(line: str) -> str | None:
    return None if not line or line.lower() in _PLACEHOLDERS else line


def _integer(fields: Fields, highest: int, *names: str) -> int | None:
    match = re.match(r"\s*(\d{1,6})(?!\d)", _first(fields, *names))
    return number if match and 1 <= (number := int(match.group(1))) <= highest else None


def _real(fields: Fields, lowest: float, highest: float, *names: str) -> float | None:
    match = _NUMBER.search(_first(fields, *names))
    number = float(match.group().replace(",", ".")) if match else math.nan
    return number if lowest <= number <= highest else None


def _year(fields: Fields) -> int | None:
    for name in ("date", "year", "originaldate", "originalyear", "tdor", "tory", "tdrl"):
        if match := _YEAR.search(_first(fields, name)[:100]):
            return int(match.group())
    return None


def _isrc(fields: Fields) -> str | None:
    match = _ISRC.search(re.sub(r"[^A-Z0-9]", "", _first(fields, "isrc", "tsrc")[:100].upper()))
    return match.group() if match else None


def _uuid(fields: Fields, *names: str) -> str | None:
    for name in names:
        for value in fields.get(name):
            if match := _UUID.search(value[:200].lower()):
                return match.group()
    return None


def _gain(fields: Fields, scope: str) -> float | None:
    gain = _real(fields, -60, 60, f"replaygain_{scope}_gain")
    if gain is None:  # Opus: Q7.8 fixed point
        r128 = _real(fields, -32768, 32767, f"r128_{scope}_gain")
        gain = None if r128 is None else r128 / 256 + _R128_TO_REPLAYGAIN
    return gain
