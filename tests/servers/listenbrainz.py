"""A stand-in for ListenBrainz's API: listens by time, feedback, tokens and its rate limit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from servers.loopback import Asked, Reply, serving

USER: Final = "anna maria/é"
TOKEN: Final = "0e7f2c1a-5b1d-4f5e-9f4c-token"
MOST: Final = 1_000

Row = dict[str, Any]


def uuid(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-000000000000"


def listen(at: int, number: int, **fields: Any) -> Row:
    """Return a listen as the API gives it."""
    return {
        "inserted_at": at + 1,
        "listened_at": at,
        "recording_msid": uuid(number),
        "user_name": USER,
        "track_metadata": {
            "artist_name": f"Artist {number % 7}",
            "track_name": f"Song {number}",
            "additional_info": {"recording_msid": uuid(number)},
            "mbid_mapping": None,
        },
        **fields,
    }


def feedback(number: int, score: int, **fields: Any) -> Row:
    """Return what a user thinks of a recording, as the API gives it with metadata."""
    return {
        "created": 1_700_000_000 + number,
        "recording_mbid": uuid(number),
        "recording_msid": None,
        "score": score,
        "user_id": USER,
        "track_metadata": {"artist_name": "Artist", "track_name": f"Song {number}"},
        **fields,
    }


@dataclass
class ListenBrainz:
    """What the service has, how it behaves, and what it was asked.

    Attributes
    ----------
    private
        Whether it takes no request without the token.
    most
        Rows a page at most.
    window
        How many requests are answered before the time is `reset` seconds further; None: all.
    clock
        The time in seconds.
    """

    listens: list[Row] = field(default_factory=list)
    feedback: list[Row] = field(default_factory=list)
    private: bool = False
    most: int = MOST
    window: int | None = None
    reset: int = 10
    clock: Callable[[], float] = lambda: 0.0
    meddle: Callable[[Row], Row] = lambda body: body
    asked: list[Asked] = field(default_factory=list)
    refused: int = 0
    _used: int = 0
    _ends: float = 0.0

    @contextmanager
    def running(self) -> Iterator[str]:
        """Serve until the block ends; gives the address."""
        with serving(self.answer) as address:
            yield address

    def answer(self, asked: Asked) -> Reply:
        """Answer one request."""
        headers = self._allowance()
        if headers.get("X-RateLimit-Remaining") == "-1":
            self.refused += 1
            headers["X-RateLimit-Remaining"] = "0"
            return Reply({"code": 429, "error": "Rate limit exceeded"}, 429, headers)
        self.asked.append(asked)
        given = asked.headers.get("authorization", "")
        if (given and given != f"Token {TOKEN}") or (self.private and not given):
            words = f"Invalid authorization token {given.removeprefix('Token ')}."
            return Reply({"code": 401, "error": words}, 401, headers)
        _, version, *path = asked.path.split("/")
        if version != "1" or unquote(path[-2]) != USER:
            return Reply({"code": 404, "error": "Cannot find user"}, 404, headers)
        size = min(int(asked.query["count"]), self.most)
        if path == ["user", path[1], "listens"]:
            body = self._listens(asked, size)
        elif path == ["feedback", "user", path[2], "get-feedback"]:
            assert asked.query["metadata"] == "true"
            start = int(asked.query["offset"])
            rows = self.feedback[start : start + size]
            body = {"feedback": rows, "count": len(rows), "offset": start}
            body["total_count"] = len(self.feedback)
        else:
            return Reply({"code": 404, "error": "Not found"}, 404, headers)
        return Reply(self.meddle(body), 200, headers)

    def _listens(self, asked: Asked, size: int) -> Row:
        before = int(asked.query.get("max_ts", 1 << 40))
        rows = [row for row in self.listens if row["listened_at"] < before]
        rows.sort(key=lambda row: (-row["listened_at"], row["recording_msid"]))
        rows = rows[:size]
        return {"payload": {"count": len(rows), "user_id": USER, "listens": rows}}

    def _allowance(self) -> dict[str, str]:
        if self.window is None:
            return {}
        now = self.clock()
        if now >= self._ends:
            self._used, self._ends = 0, now + self.reset
        self._used += 1
        return {
            "X-RateLimit-Limit": str(self.window),
            "X-RateLimit-Remaining": str(max(self.window - self._used, -1)),
            "X-RateLimit-Reset-In": str(int(self._ends - now)),
        }
