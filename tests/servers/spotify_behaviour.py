"""How the local server is to behave, and how it says no."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

APP, SECRET = "segue-test-app", "s3cret-of-the-app"
FAULTS = (
    "expired",  # 401: the token ends, unless it is new
    "throttled",  # 429 with Retry-After
    "quota",  # 429 as since July 2026, with Retry-After
    "error",  # 500
    "gateway",  # 502, a page of HTML
    "unavailable",  # 503
    "slow",  # an answer after `Behaviour.slow` seconds
    "dropped",  # the connection ends without an answer
    "half",  # the connection ends in the middle of the body
    "nonsense",  # JSON of another shape
    "other_shape",  # entries with `item` where there is `track`, and the other way round
)
ON_PURPOSE = ("long", "no_items")  # a Retry-After of a day; a search page whose items are null


@dataclass
class Behaviour:
    """How the server behaves; may be changed while it runs.

    Attributes
    ----------
    shape
        Which of the two paths of a playlist's entries there is: ``tracks``, ``items`` or ``both``.
    restricted
        Whether the app is one that was registered after the restrictions.
    faults
        The probability of each of `FAULTS` and `ON_PURPOSE` at any request.
    """

    shape: str = "both"
    restricted: bool = False
    search_limit: int = 50
    max_offset: int = 1_000
    token_seconds: int = 3_600
    faults: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    retry_after: str = "1"
    slow: float = 1.0
    denies: bool = False


class Refusal(Exception):  # noqa: N818
    """An error answer of the API."""

    def __init__(self, status: int, message: str, **more: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"status": status, "message": message, **more}}


def mixed_faults(share: float) -> dict[str, float]:
    """Return faults of every kind, together at this share of all requests."""
    return dict.fromkeys(FAULTS, share / len(FAULTS))
