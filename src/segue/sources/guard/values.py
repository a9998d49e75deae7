"""Single values of strangers: of the type and the range that is wanted, or None."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Final

from segue.sources.guard.strings import clean

_DECIMAL: Final = re.compile(
    r"\s*[+-]?(\d{1,300}(\.\d{0,300})?|\.\d{1,300})(e[+-]?\d{1,4})?\s*", re.A | re.I
)
_LARGEST: Final = 2**63  # what SQLite's integers hold


def text(value: object) -> str | None:
    r"""Return a value as clean text; None where it is no text, or nothing is left of it.

    >>> text(" Teardrop\0"), text(""), text(7), text(None)
    ('Teardrop', None, None, None)
    """
    return clean(value) or None if isinstance(value, str) else None


def number(value: object, low: float = -math.inf, high: float = math.inf) -> float | None:
    """Return a number, also one written as text; None outside `low` .. `high` or of a wrong type.

    >>> number("0.5", 0, 1), number(2, 0, 1), number(True), number(float("nan")), number("x")
    (0.5, None, None, None, None)
    """
    if isinstance(value, str):
        value = float(value) if len(value) < 1_000 and _DECIMAL.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not low <= value <= high or abs(value) > 1e300:  # also drops NaN and infinity
        return None
    return float(value)


def integer(value: object) -> int | None:
    """Return a whole number of 64 bits, also one written as text or as a float; else None.

    >>> integer(7), integer("7"), integer(7.0), integer(7.5), integer(True), integer(2**64)
    (7, 7, 7, None, None, None)
    """
    if isinstance(value, str):
        if len(value) < 30 and re.fullmatch(r"\s*[+-]?\d+\s*", value, re.A):
            value = int(value)
        else:
            value = number(value)
    if isinstance(value, float) and value.is_integer():  # False of NaN and infinity
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if -_LARGEST <= value < _LARGEST else None


def timestamp(value: object) -> int | None:
    """Return an ISO 8601 date as seconds since the epoch; UTC where it names no zone.

    None for another type or form, and for dates before 1970, which stand for "never".

    >>> timestamp("2024-05-06T18:43:00Z"), timestamp("2024-05-06 20:43+02:00")
    (1715020980, 1715020980)
    >>> timestamp("2024-05-06"), timestamp("0001-01-01T00:00:00Z"), timestamp("soon")
    (1714953600, None, None)
    """
    if not isinstance(value, str) or len(value) > 64:
        return None
    try:
        moment = datetime.fromisoformat(value.strip().removesuffix(" UTC"))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = math.floor(moment.timestamp())
    except (ValueError, OverflowError):
        return None
    return seconds if seconds >= 0 else None
