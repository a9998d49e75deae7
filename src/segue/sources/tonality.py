"""Musical keys as DJs' programs write them."""

from __future__ import annotations

import re
from typing import Final

_NAMED: Final = re.compile(
    r"([A-G])\s*([#♯b♭]?)\s*(m|min|minor|maj|major|dur|moll)?", re.IGNORECASE
)
_WHEEL: Final = re.compile(r"0?([1-9]|1[0-2])\s*([ABdm])", re.IGNORECASE)
_PITCH: Final = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_FIFTH: Final = 7  # semitones from one hour of the wheel to the next


def parse_key(tonality: str) -> tuple[int, int] | None:
    """Return a key's pitch class (0 is C) and mode (1 major, 0 minor); None where it is none.

    Understood are names ("Am", "F#m", "Bb", "E♭ minor"), the Camelot wheel ("8A" is A minor, "8B"
    C major) and Open Key ("1m" is A minor, "1d" C major).

    >>> parse_key("Am"), parse_key("Bb"), parse_key("8A"), parse_key("1d"), parse_key("All")
    ((9, 0), (10, 1), (9, 0), (0, 1), None)
    """
    tonality = tonality[:20].strip()
    if match := _WHEEL.fullmatch(tonality):
        hour, ring = int(match[1]), match[2].upper()
        first = 8 if ring in "AB" else 1  # where C major and A minor stand
        tonic, mode = (9, 0) if ring in "AM" else (0, 1)
        return (tonic + _FIFTH * (hour - first)) % 12, mode
    if match := _NAMED.fullmatch(tonality):
        letter, accidental, word = match.groups()
        shift = {"": 0, "#": 1, "♯": 1}.get(accidental, -1)
        minor = (word or "").lower() in ("m", "min", "minor", "moll")
        return (_PITCH[letter.upper()] + shift) % 12, int(not minor)
    return None
