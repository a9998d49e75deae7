"""What the columns of a table about songs mean, told by their names alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import erf, sqrt
from typing import Final

from segue.catalog.incoming import FeatureRecord, Skip
from segue.catalog.records import TrackRecord
from segue.sources.guard import clean, number
from segue.sources.spotify_uri import track_key

SAMPLE: Final = 1_000
"""Rows that tell the units of a table that does not name them."""

_ALIASES: Final = {  # names as `column_name` gives them, the surest first
    "id": (
        "trackuri spotifytrackuri spotifyuri uri spotifyid spotifytrackid trackid songid songuri "
        "url trackurl id"
    ),
    "deezer": "dzrsngid deezerid",
    "isrc": "isrc",
    "title": "trackname songname tracktitle songtitle title song name track",
    "artist": (
        "artistnames trackartist artistname artistsname artists artist trackartists performer band"
    ),
    "artist_ids": "artisturis artistids artistid artisturi idartists",
    "album": "albumname trackalbumname albumtitle album",
    "album_id": "albumuri albumid trackalbumid",
    "duration": (
        "durationms trackdurationms trackduration msduration durationinms tracklengthms lengthms "
        "durations durationsec durationseconds lengthseconds duration length time"
    ),
    "disc": "discnumber",
    "number": "tracknumber",
    "date": "albumreleasedate trackalbumreleasedate releasedate year releaseyear releasedyear",
    "popularity": "popularity trackpopularity",
    "key": "key",
    "mode": "mode",
    "tempo": "tempo bpm tempobpm",
    "loudness": "loudness loudnessdb",
    "arousal": "arousal",
} | {
    name: f"{name} {name}percent"
    for name in (
        "valence energy danceability acousticness instrumentalness liveness speechiness"
    ).split()
}
_GENRES: Final = frozenset(
    "genres genre trackgenre trackgenres playlistgenre playlistsubgenre subgenre topgenre "
    "artistgenres artistgenre".split()
)
_UNIT: Final = (
    "valence energy arousal danceability acousticness instrumentalness liveness speechiness".split()
)
_SOUND: Final = frozenset((*_UNIT, "loudness", "tempo"))
_RANGES: Final = {
    "loudness": (-100.0, 10.0),
    "tempo": (0.0, 1_000.0),
    "popularity": (0.0, 100.0),
}
_EMPTY: Final = frozenset(("", "na", "n/a", "nan", "none", "null", "-", "?"))
_PITCHES: Final = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_SPOTIFY_ID: Final = re.compile(r"(?:spotify:(track|artist|album|playlist):)?([0-9A-Za-z]{22})")
_QUOTED: Final = r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\""
_LITERAL: Final = re.compile(_QUOTED, re.DOTALL)
_LIST: Final = re.compile(rf"\[\s*(?:(?:{_QUOTED})\s*(?:,\s*|(?=\])))*\]", re.DOTALL)
_CLOCK: Final = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):(\d{2})(?:\.\d+)?", re.ASCII)
_SONGS_LONGER: Final = 3_600  # a typical value above so many seconds must be of milliseconds


def column_name(cell: str) -> str:
    """Return a column's name as it is compared: letters and digits only, ``%`` as a word.

    >>> [column_name(cell) for cell in ("Artist Name(s)", "track_name", "valence_%")]
    ['artistnames', 'trackname', 'valencepercent']
    """
    return "".join(c for c in cell.casefold().replace("%", "percent") if c.isalnum())


def spotify_key(text: str, kind: str = "track") -> str:
    """Return ``spotify:<id>`` of an id or a URI of one kind, or a track's link; else empty.

    >>> spotify_key("67Hna13dNDkZvBpTXRIaOJ"), spotify_key("spotify:track:67Hna13dNDkZvBpTXRIaOJ")
    ('spotify:67Hna13dNDkZvBpTXRIaOJ', 'spotify:67Hna13dNDkZvBpTXRIaOJ')
    >>> spotify_key("spotify:album:67Hna13dNDkZvBpTXRIaOJ"), spotify_key("12")
    ('', '')
    """
    match = _SPOTIFY_ID.fullmatch(text)
    if match:
        return f"spotify:{match[2]}" if match[1] in (None, kind) else ""
    return track_key(text) if kind == "track" else ""


def listed(cell: str, separators: str) -> tuple[str, ...]:
    r"""Return the members of a cell: of a Python or JSON list, else parted at the separators.

    A separator after a backslash is part of a name.

    >>> listed("['Simon', \"O'Connor\"]", ","), listed("Tyler\\, The Creator, Kali", ",")
    (('Simon', "O'Connor"), ('Tyler, The Creator', 'Kali'))
    """
    cell = cell.strip()
    if not cell:
        return ()
    if cell[0] == "[" and _LIST.fullmatch(cell):  # and no name in brackets, such as [:SITD:]
        found = [
            re.sub(r"\\(.)", r"\1", one or other, flags=re.DOTALL)
            for one, other in _LITERAL.findall(cell)
        ]
    else:
        parts = re.split(rf"(?<!\\)[{re.escape(separators)}]", cell)
        found = [re.sub(r"\\([,;])", r"\1", part) for part in parts]
    return tuple(name for part in found if (name := clean(part)))


def credited(names: str, ids: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    r"""Return the artist as people read it, every artist's name, and their keys.

    Names hold commas themselves ("Earth, Wind & Fire"), so they are parted only where the list
    is written as one, at semicolons, or where that gives as many names as there are ids.

    >>> credited("Earth, Wind & Fire", "")
    ('Earth, Wind & Fire', (), ())
    >>> credited("A;B", "")
    ('A, B', ('A', 'B'), ())
    """
    keys = tuple(spotify_key(part, "artist") for part in listed(ids, ",;"))
    ways = [listed(names, ";"), listed(names, ",")]
    artists = next((way for way in ways if keys and len(way) == len(keys)), ways[0])
    if len(artists) == len(keys):
        return ", ".join(artists), artists, keys if all(keys) else ()
    if len(artists) == 1:
        return artists[0], (), ()
    return ", ".join(artists), artists, ()


@dataclass(frozen=True)
class FeatureColumns:
    """Where in the rows of a table each property of a song stands, and in which unit.

    Attributes
    ----------
    places
        The column of each property that has one.
    genres
        Every column that names genres.
    percent
        The properties given as 0..100 instead of 0..1.
    milliseconds
        Whether durations are in milliseconds and not in seconds.
    """

    places: dict[str, int]
    genres: tuple[int, ...] = ()
    percent: frozenset[str] = frozenset()
    milliseconds: bool = True

    @classmethod
    def of(cls, header: Sequence[str], sample: Iterable[Sequence[str]] = ()) -> FeatureColumns:
        """Tell the columns from a table's header, and units it does not name from some rows."""
        names = [column_name(cell) for cell in header]
        places = {
            role: names.index(name)
            for role, aliases in _ALIASES.items()
            if (name := next((n for n in aliases.split() if n in names), None)) is not None
        }
        genres = tuple(place for place, name in enumerate(names) if name in _GENRES)
        rows = list(sample)
        percent = _percent(places, names, rows)
        return cls(places, genres, percent, _milliseconds(places, names, rows))

    @property
    def tell_sound(self) -> bool:
        """Whether there is a column about the sound, and one that tells which song it is of."""
        named = "title" in self.places and "artist" in self.places
        return bool(_SOUND & self.places.keys()) and named

    def cell(self, row: Sequence[str], role: str) -> str:
        """Return a row's text for a property; empty where it has none."""
        place = self.places.get(role)
        text = row[place].strip() if place is not None else ""
        return "" if text.casefold() in _EMPTY and role not in {"title", "artist"} else text

    def key(self, row: Sequence[str]) -> str:
        """Return what the song is known by (see `TrackRecord.key`), or an empty string."""
        deezer = self.cell(row, "deezer")
        if re.fullmatch(r"\d{1,18}", deezer, re.ASCII):
            return f"deezer:{int(deezer)}"
        return spotify_key(self.cell(row, "id"))

    def genres_of(self, row: Sequence[str]) -> tuple[str, ...]:
        """Return the genres a row names, each once."""
        found: dict[str, None] = {}
        for place in self.genres:
            found |= dict.fromkeys(listed(row[place], ",;|"))
        return tuple(name for name in found if name.casefold() not in _EMPTY)

    def track(self, row: Sequence[str]) -> TrackRecord:
        """Return a row's song; its title, artist and key may be empty."""
        artist, artists, keys = credited(self.cell(row, "artist"), self.cell(row, "artist_ids"))
        isrc = self.cell(row, "isrc").replace("-", "").upper()
        year = re.match(r"\d{4}(?!\d)", self.cell(row, "date"), re.ASCII)
        return TrackRecord(
            clean(self.cell(row, "title")),
            artist,
            clean(self.cell(row, "album")),
            track_number=_count(self.cell(row, "number")),
            disc_number=_count(self.cell(row, "disc")),
            year=int(year[0]) if year and int(year[0]) >= 1000 else None,
            duration=self._duration(self.cell(row, "duration")),
            outside_ids=(("isrc", isrc),) if re.fullmatch("[A-Z0-9]{12}", isrc) else (),
            key=self.key(row),
            artists=artists,
            artist_keys=keys,
            album_key=spotify_key(self.cell(row, "album_id"), "album"),
        )

    def features(
        self, row: Sequence[str], track: TrackRecord, genres: tuple[str, ...], where: str
    ) -> Iterator[FeatureRecord | Skip]:
        """Yield the properties of a row's song, after a `Skip` for each that makes no sense."""
        values: dict[str, float | None] = {}
        for role in (*_UNIT, *_RANGES):
            text = self.cell(row, role)
            value = _number(text)
            if value is None:
                if text:
                    yield Skip("not a number", f"{where}: {role} {clean(text, 40)}")
                continue
            if role in {"valence", "arousal"} and "deezer" in self.places:
                value = 0.5 * (1 + erf(value / sqrt(2)))
            elif role in self.percent:
                value /= 100
            low, high = _RANGES.get(role, (0.0, 1.0))
            if not low <= value <= high:
                yield Skip("a value out of range", f"{where}: {role} {clean(text, 40)}")
            elif role != "tempo" or value > 0:  # 0 is Spotify's way to say "unknown"
                values[role] = value
        yield FeatureRecord(
            track,
            **values,
            key=_pitch(self.cell(row, "key")),
            mode={"1": 1, "0": 0, "major": 1, "minor": 0}.get(
                self.cell(row, "mode").casefold().removesuffix(".0")
            ),
            genres=genres,
        )

    def _duration(self, text: str) -> float | None:
        clock = _CLOCK.fullmatch(text)
        if clock:
            hours, minutes, seconds = (int(part or 0) for part in clock.groups())
            return float(hours * 3600 + minutes * 60 + seconds)
        value = _number(text)
        if value is None or not 0 < value < 1e10:
            return None
        return value / 1000 if self.milliseconds else value


def _percent(
    places: dict[str, int], names: Sequence[str], rows: Sequence[Sequence[str]]
) -> frozenset[str]:
    """Tell the properties given as 0..100: those named so, else where every value says so.

    A whole column of zeros and ones says nothing; it is in the unit of the others.
    """
    declared, whole, sure = set(), set(), False
    for role in _UNIT:
        place = places.get(role)
        if place is None:
            continue
        if names[place].endswith("percent"):
            declared.add(role)
            continue
        values = [value for row in rows if (value := _number(row[place])) is not None]
        if values and all(value == 0 or 1 <= value <= 100 for value in values):
            whole.add(role)
            sure = sure or max(values) > 1
    return frozenset(declared | whole if sure else declared)


def _milliseconds(
    places: dict[str, int], names: Sequence[str], rows: Sequence[Sequence[str]]
) -> bool:
    place = places.get("duration")
    if place is None or "ms" in names[place]:
        return True
    if names[place] not in {"duration", "trackduration", "length", "time"}:
        return False  # the name says seconds
    values = sorted(value for row in rows if (value := _number(row[place])) is not None)
    return bool(values) and values[len(values) // 2] > _SONGS_LONGER


def _number(text: str) -> float | None:
    text = text.strip().removesuffix("%")
    if "," in text and "." not in text:  # as tables parted by semicolons write it
        text = text.replace(",", ".")
    return number(text)


def _count(text: str) -> int | None:
    value = _number(text)
    return int(value) if value is not None and 0 < value < 10_000 else None


def _pitch(text: str) -> int | None:
    """Return a key's number from 0 (C) to 11 (B), of a number or a name such as ``F#``."""
    value = _number(text)
    if value is not None:
        return int(value) if value in range(12) else None
    match = re.fullmatch(r"([A-G])([#♯b♭]?)", text)
    if match is None:
        return None
    return (_PITCHES[match[1]] + {"#": 1, "♯": 1, "b": -1, "♭": -1}.get(match[2], 0)) % 12
