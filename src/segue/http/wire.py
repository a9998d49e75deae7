"""The bottom layer: one request over a connection, one JSON answer or the reason why not."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from segue.http.message import Answer, LostError, Request

if TYPE_CHECKING:
    import httpx

MAX_BYTES: Final = 16 << 20
_PATIENCE: Final = 4  # an answer may take so many time-outs in all, however it drips
_WORDS: Final = 200  # characters of a service's own words that are passed on


class _Discreet(logging.Filter):
    """Takes users and queries out of the addresses that httpx logs: passwords are in some."""

    def filter(self, record: logging.LogRecord) -> bool:
        import httpx

        if isinstance(record.args, tuple):
            record.args = tuple(
                arg.copy_with(userinfo=b"", query=None) if isinstance(arg, httpx.URL) else arg
                for arg in record.args
            )
        return True


_DISCREET: Final = _Discreet()  # one, so that adding it again changes nothing


class Wire:
    """Sends requests to one service; threads share it and its connections.

    No redirect is followed, so that credentials go to no other host, and no cookie is kept. Proxies
    are taken from the environment.

    Parameters
    ----------
    base_url
        What every path is below.
    headers
        Sent with every request.
    timeout
        Seconds of silence after which the other side is given up.
    max_bytes
        The largest answer taken, decompressed.
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = 30.0,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._headers = dict(headers or {})
        self._timeout = timeout
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None
        self._users: Counter[httpx.Client] = Counter()  # how many requests each is lent to

    def __repr__(self) -> str:
        return f"Wire({self.host!r})"

    @property
    def host(self) -> str:
        """The service's host and port, for messages."""
        return urlsplit(self._base_url).netloc.rpartition("@")[2]

    def close(self) -> None:
        """Close all connections, those in use when their request is over.

        The next request opens new ones.
        """
        with self._lock:
            client, self._client = self._client, None
            idle = client is not None and client not in self._users
        if client is not None and idle:
            client.close()

    def send(self, request: Request) -> Answer:
        """Return the answer, whatever its status.

        Raises
        ------
        LostError
            If the service cannot be reached, is silent for too long, breaks off, or if a success
            is too large, not JSON, or of an unexpected shape.
        """
        import httpx

        try:
            status, headers, body = self._exchange(request)
        except httpx.TimeoutException:
            raise LostError(self._said(request, "no answer in time")) from None
        except httpx.ConnectError as error:
            why = _without(str(error), request.secrets)
            raise LostError(
                f"{self.host} cannot be reached ({why}); check the address, the network, and that "
                "the service is running"
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise LostError(self._said(request, _without(str(error), request.secrets))) from None
        ok = 200 <= status < 300
        try:
            data = _decoded(body)
        except ValueError:
            if ok:
                what = f"{len(body):,} bytes that are not whole JSON"
                raise LostError(self._said(request, what)) from None
            data = None
        if ok and request.valid is not None and not request.valid(data):
            what = "JSON of an unexpected shape; perhaps the service changed"
            raise LostError(self._said(request, what))
        return Answer(status, headers, data, "" if ok else _words(data, request.secrets))

    def _exchange(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        deadline = time.monotonic() + _PATIENCE * self._timeout
        with (
            self._connections() as client,
            client.stream(
                request.method,
                f"{self._base_url}/{request.path}",
                params=dict(request.params) or None,
                data=request.form,
                json=request.json,
                headers={**self._headers, **request.headers},
            ) as response,
        ):
            chunks, size = [], 0
            for chunk in response.iter_bytes():
                size += len(chunk)
                if size > self._max_bytes:
                    raise LostError(
                        self._said(request, f"more than {self._max_bytes:,} bytes; none were taken")
                    )
                if time.monotonic() > deadline:
                    raise LostError(self._said(request, "an answer that does not end"))
                chunks.append(chunk)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return response.status_code, headers, b"".join(chunks)

    @contextmanager
    def _connections(self) -> Iterator[httpx.Client]:
        """Lend the connections; httpx loses sockets that are closed while they are in use."""
        from http.cookiejar import CookieJar, DefaultCookiePolicy

        import httpx

        with self._lock:
            if self._client is None:
                logging.getLogger("httpx").addFilter(_DISCREET)
                self._client = httpx.Client(
                    timeout=httpx.Timeout(self._timeout, pool=None),
                    limits=httpx.Limits(max_connections=64, max_keepalive_connections=64),
                    follow_redirects=False,
                    cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
                    headers={"User-Agent": "segue", "Accept": "application/json"},
                )
            client = self._client
            self._users[client] += 1
        try:
            yield client
        finally:
            with self._lock:
                self._users[client] -= 1
                left = not self._users[client]
                if left:
                    del self._users[client]
                closed = client is not self._client
            if left and closed:
                client.close()

    def _said(self, request: Request, what: str) -> str:
        return f"{self.host}: {request.method} /{request.path} brought {what}"


def _decoded(body: bytes) -> Any:
    if not body.strip():
        return None
    try:
        return json.loads(body.decode(), parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _words(data: Any, secrets: tuple[str, ...]) -> str:
    """Return what a service says of an error, in the usual shapes of such answers."""
    if not isinstance(data, dict):
        return ""
    error = data.get("error", data)
    fields: list[Any] = [error, data.get("error_description")]
    if isinstance(error, dict):
        fields = [error.get("message"), error.get("reason")]
    text = ": ".join(field for field in fields if isinstance(field, str) and field)
    return _without(text, secrets)


def _without(text: str, secrets: tuple[str, ...]) -> str:
    """Return a foreign text fit to be shown: one line, of no great length, without secrets."""
    for secret in secrets:
        text = text.replace(secret, "***")
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line[: _WORDS - 1] + "…" if len(line) > _WORDS else line
