"""A service that answers in JSON, asked politely by many threads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

from segue.errors import ServiceError
from segue.http.auth import Authorisation, Authorised
from segue.http.limiter import Limited, RateLimiter
from segue.http.message import Answer, Request, Sender
from segue.http.retry import Backoff, Retrying, retry_after
from segue.http.wire import MAX_BYTES, Wire


class JsonClient:
    """Gets and posts, under one rate limit for all threads, trying again where that may help.

    From the outside in: what may be bad luck is tried again (`Retrying`), credentials are added
    and renewed (`Authorised`), each request waits for its turn (`Limited`), and goes over the
    `Wire`.

    Parameters
    ----------
    base_url
        What every path is below: ``https://api.spotify.com/v1``.
    authorisation
        Where the credentials come from; None: there are none.
    headers
        Sent with every request.
    limiter
        One may serve several clients; None: no limit but the pauses that the service asks for.
    backoff
        How often and after how long a request is tried again.
    timeout
        Seconds of silence after which the service is given up.
    max_bytes
        The largest answer taken.
    """

    def __init__(
        self,
        base_url: str,
        *,
        authorisation: Authorisation | None = None,
        headers: Mapping[str, str] | None = None,
        limiter: RateLimiter | None = None,
        backoff: Backoff | None = None,
        timeout: float = 30.0,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._wire = Wire(base_url, headers=headers, timeout=timeout, max_bytes=max_bytes)
        shared = limiter or RateLimiter()
        sender: Sender = Limited(self._wire, shared)
        if authorisation is not None:
            sender = Authorised(sender, authorisation)
        self._sender = Retrying(sender, shared, backoff or Backoff())

    def __repr__(self) -> str:
        return f"JsonClient({self._wire.host!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._wire.close()

    def get(
        self,
        path: str,
        params: Mapping[str, str | int] | None = None,
        *,
        valid: Callable[[Any], bool] | None = None,
    ) -> Any:
        """Return the JSON below a path; None for an empty answer.

        Parameters
        ----------
        valid
            Whether it has the expected shape; if not, it is asked for again, as if it were broken.

        Raises
        ------
        ServiceError
            With the HTTP status if the service refuses, 0 if no answer comes. With 429, at once,
            if it wants to be left alone for longer than is waited for.
        """
        return self._ask(Request("GET", path.strip("/"), params=params or {}, valid=valid))

    def post(
        self,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        form: Mapping[str, str] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send a form or JSON, and return the JSON that comes back; raises as `get` does."""
        return self._ask(
            Request(
                "POST",
                path.strip("/"),
                params=params or {},
                form=form,
                json=json,
                headers=headers or {},
            )
        )

    def _ask(self, request: Request) -> Any:
        answer = self._sender.send(request)
        if 200 <= answer.status < 300:
            return answer.data
        raise ServiceError(
            self._told(request, answer),
            status=answer.status,
            retry_after=retry_after(answer.headers),
        )

    def _told(self, request: Request, answer: Answer) -> str:
        from http import HTTPStatus

        try:
            name = f" ({HTTPStatus(answer.status).phrase})"
        except ValueError:
            name = ""
        words = f": {answer.words}" if answer.words else ""
        if 300 <= answer.status < 400:
            words = ": redirects are not followed; the address given for the service is not its own"
        return (
            f"{self._wire.host} answered {answer.status}{name} to {request.method} "
            f"/{request.path}{words}"
        )
