"""A ListenBrainz user's listens and feedback, over the API.

The API is described at https://listenbrainz.readthedocs.io ("Core" and "Feedback"); other programs
speak it, too. A listen's time is when it began.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, Self
from urllib.parse import quote, urlsplit

from segue.catalog.incoming import ListenRecord, Part, RatingRecord, Record, Skip
from segue.errors import ServiceError, UsageError
from segue.http.limiter import Limited, RateLimiter
from segue.http.message import Answer, Request, Sender
from segue.http.retry import Backoff, Retrying, retry_after
from segue.http.wire import Wire
from segue.sources.guard import number
from segue.sources.listenbrainz_json import (
    EARLIEST,
    LATEST,
    listen_record,
    listened_track,
    mbid,
)

ADDRESS: Final = "https://api.listenbrainz.org"
PAGE: Final = 1_000
"""The most listens, and feedback, that the service gives at once (its MAX_ITEMS_PER_GET)."""
_LONGEST: Final = 3_600.0  # seconds; the service's windows last 10
_LARGEST: Final = 64 << 20  # bytes of a page; a listen may have 10 KiB
_ADVICE: Final = {
    401: "; the token is not the right one: copy it anew from the user's settings there, and set "
    "SEGUE_LISTENBRAINZ_TOKEN",
    404: "; check the user's name, and the address of the service if it is not ListenBrainz's own",
}


class ListenBrainzApi:
    """What a user listened to, newest first, then what they loved and hated.

    Listens come in one part, which may take long (a page of 1,000 about every second). A sync that
    was broken off goes on by two calls: one with `since`, the newest second that was known
    before, and `until`, the oldest that the broken one brought; one with `since`, the newest.
    Listens at these very seconds come again, so that none of the same second is missed.

    Parameters
    ----------
    user
        The user's name there.
    token
        The user's token; without one, what is public can be read.
    address
        Of the service, without ``/1``.
    since, until
        Only listens from this second on, and up to this one (seconds since the epoch); None: all.
        Feedback always comes whole.
    limiter
        None: one of its own, which makes the pauses that the service asks for.

    Raises
    ------
    UsageError
        If the user is empty, or the address none or with credentials in it.

    Examples
    --------
    >>> ListenBrainzApi("rob", token="secret", since=1_700_000_000)
    ListenBrainzApi('https://api.listenbrainz.org/1/user/rob')
    """

    kind: str = "listenbrainz_api"

    def __init__(
        self,
        user: str,
        *,
        token: str = "",
        address: str = ADDRESS,
        since: int | None = None,
        until: int | None = None,
        limiter: RateLimiter | None = None,
    ) -> None:
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
            raise UsageError(
                f"the address of a ListenBrainz service was expected, such as {ADDRESS}, without "
                "user or token in it; what was given is none"
            )
        if not user:
            raise UsageError("whose listens are wanted? Give a ListenBrainz user's name")
        self._path = quote(user, safe="")
        self._address = address.rstrip("/").removesuffix("/1")
        self._token = token
        self._since = since
        self._until = until
        self._limiter = limiter or RateLimiter()

    def __repr__(self) -> str:
        return f"ListenBrainzApi({self.location!r})"

    @property
    def location(self) -> str:
        """The address that all of the user's listens are below."""
        return f"{self._address}/1/user/{self._path}"

    def parts(self) -> Iterator[Part]:
        """Yield the listens, then the feedback; nothing is asked before they are read.

        Reading raises `ServiceError` if the service does not answer, or refuses: with status 401
        the token, with 404 the name.
        """
        yield Part("listens", "", 0, self._listens)
        yield Part("feedback", "", 0, self._feedback)

    def _listens(self) -> Iterator[Record]:
        """Yield the listens from newest to oldest.

        A page has what is older than a second. Several listens may be of one second and a page
        may end among them, so the next one starts with that second again, and what is known of it
        is passed by; after a page that brings nothing new, the next starts below that second.
        """
        path = f"1/user/{self._path}/listens"
        since = self._since or 0
        before = None if self._until is None else self._until + 1
        oldest, known = -1, set[ListenRecord | Skip]()  # a second, and what came of it
        stuck = False
        with self._service() as service:
            while True:
                params = {"count": PAGE} if before is None else {"count": PAGE, "max_ts": before}
                rows = service.ask(path, params, _has_listens)["payload"]["listens"]
                dated = []
                for at, listen in map(_listen, rows):
                    if at is None:
                        yield listen
                    elif before is None or at < before:  # else it was not asked for
                        dated.append((at, listen))
                if not dated:
                    return
                if stuck:  # the page before held no older ones, though there are
                    yield Skip("more listens of one second than a page holds", f"at {oldest}")
                fresh = [(at, listen) for at, listen in dated if listen not in known]
                yield from (listen for at, listen in fresh if at >= since)
                second = min(at for at, _ in dated)
                if second < since:
                    return
                stuck = not fresh
                before = second if stuck else second + 1
                of_second = {listen for at, listen in dated if at == second}
                known = known | of_second if second == oldest else of_second
                oldest = second

    def _feedback(self) -> Iterator[Record]:
        path = f"1/feedback/user/{self._path}/get-feedback"
        page: dict[str, str | int] = {"count": PAGE, "metadata": "true"}
        passed = 0
        last: list[Any] = []
        with self._service() as service:
            while True:
                rows = service.ask(path, {**page, "offset": passed}, _has_feedback)["feedback"]
                if not rows or rows == last:  # the same for ever, where offsets are not known
                    return
                yield from map(_rating, rows)
                last = rows
                passed += len(rows)

    def _service(self) -> _Service:
        return _Service(self._address, self._token, self._limiter)


class _Service:
    """The service's JSON; its connections are closed at the end of a `with` block."""

    def __init__(self, address: str, token: str, limiter: RateLimiter) -> None:
        self._wire = Wire(address, max_bytes=_LARGEST)
        obeying = _Obeying(Limited(self._wire, limiter), limiter)
        self._sender = Retrying(obeying, limiter, Backoff())
        # With each request, where it is known as a secret that no message may show.
        self._headers = {"Authorization": f"Token {token}"} if token else {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._wire.close()

    def ask(self, path: str, params: Mapping[str, str | int], valid: Callable[[Any], bool]) -> Any:
        answer = self._sender.send(
            Request("GET", path, params=params, headers=self._headers, valid=valid)
        )
        if 200 <= answer.status < 300:
            return answer.data
        words = f": {answer.words}" if answer.words else ""
        advice = _ADVICE.get(answer.status, "")
        raise ServiceError(
            f"{self._wire.host} answered {answer.status} to /{path}{words}{advice}",
            status=answer.status,
            retry_after=retry_after(answer.headers),
        )


class _Obeying:
    """A sender that makes the pauses which the service's own headers ask for.

    ``X-RateLimit-Remaining`` tells how many requests are left, ``X-RateLimit-Reset-In`` after how
    many seconds there are more; an answer 429 has these and no ``Retry-After``.
    """

    def __init__(self, sender: Sender, limiter: RateLimiter) -> None:
        self._sender = sender
        self._limiter = limiter

    def send(self, request: Request) -> Answer:
        answer = self._sender.send(request)
        seconds = number(answer.headers.get("x-ratelimit-reset-in"), 0, _LONGEST)
        left = number(answer.headers.get("x-ratelimit-remaining"))
        if seconds is not None and (answer.status == 429 or (left is not None and left <= 0)):
            self._limiter.pause(seconds)
        return answer


def _has_listens(data: Any) -> bool:
    payload = data.get("payload") if isinstance(data, dict) else None
    return isinstance(payload, dict) and isinstance(payload.get("listens"), list)


def _has_feedback(data: Any) -> bool:
    return isinstance(data, dict) and isinstance(data.get("feedback"), list)


def _listen(row: Any) -> tuple[int | None, ListenRecord | Skip]:
    """Return when a song was listened to, where that is known, with the listen."""
    if not isinstance(row, dict):
        return None, Skip("not an object")
    at = number(row.get("listened_at"), EARLIEST, LATEST)
    return None if at is None else int(at), listen_record(row)


def _rating(row: Any) -> RatingRecord | Skip:
    if not isinstance(row, dict):
        return Skip("not an object")
    where = " ".join(filter(None, (mbid(row.get(f"recording_{id_}id")) for id_ in ("mb", "ms"))))
    score = number(row.get("score"))
    if score not in (-1, 0, 1):
        return Skip("feedback that is neither love nor hate", where)
    track = listened_track(row)
    if track is None:
        return Skip("feedback on a recording that has no name", where, bad=False)
    recording = mbid(row.get("recording_mbid"))
    if recording and not track.key:
        ids = (("musicbrainz_recording", recording), *track.outside_ids)
        track = replace(track, key=f"musicbrainz:{recording}", outside_ids=ids)
    at = number(row.get("created"), EARLIEST, LATEST)
    return RatingRecord(track, score, None if at is None else int(at))
