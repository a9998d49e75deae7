"""Talking to a Subsonic server: its address, the ways to log in, and its errors in plain words."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import md5
from typing import Any, Final, Self
from urllib.parse import unquote, urlsplit

from segue.errors import ServiceError, UsageError
from segue.http.client import JsonClient
from segue.http.retry import Backoff
from segue.sources.subsonic_json import items

_CLIENT: Final = "segue"
_LARGEST: Final = 256 << 20  # a playlist comes in one piece, with all of its songs
_SILENCE: Final = 120.0  # seconds; small machines take long over a large page
_TRIES: Final = 5
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}

# Codes of the Subsonic API (OpenSubsonic, schema "Error"); they come with HTTP status 200.
_OTHER_WAY: Final = frozenset({10, 20, 30, 41, 42, 43})  # log in another way, if there is one
_STATUS: Final = {40: 401, 41: 401, 42: 401, 43: 401, 44: 401, 50: 403, 60: 402, 70: 404}
_ADVICE: Final = {
    20: "this server wants a newer client",
    30: "this server is too old for what was asked; update it",
    40: "check the user and the password",
    41: "give the user's password, as this server takes no tokens",
    42: "this server takes no such login; give user and password instead of an API key, or an "
    "API key instead of them",
    43: "give either an API key, or user and password",
    44: "the API key is not known to the server; make a new one there",
    50: "this user may not do that; ask the server's administrator",
    60: "the server's trial period is over",
    70: "it is gone from the server",
}


class SubsonicError(ServiceError):
    """What a Subsonic server refused, by its own code; its messages say what to do."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message, status=_STATUS.get(code, 200))
        self.code = code

    def __reduce__(self) -> tuple[type[SubsonicError], tuple[str, int]]:
        return type(self), (str(self), self.code)


@dataclass(frozen=True)
class Credentials:
    """Who logs in: a user with a password, or an API key, or both ways; no repr shows any."""

    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)


def split_address(address: str) -> tuple[str, Credentials]:
    """Return a server's address without secrets, and what the address told of them.

    A leading ``subsonic+``, a ``/rest`` at the end, a default port, query and fragment are
    dropped.

    Raises
    ------
    UsageError
        If it is no ``http`` or ``https`` address; the message does not repeat it, for it may
        hold a password.

    Examples
    --------
    >>> split_address("subsonic+http://ann:secret@Music.lan:80/sub/rest/")[0]
    'http://music.lan/sub'
    """
    wrong = UsageError(
        "the address of a Subsonic server was expected, such as http://music.lan:4533 or "
        "https://user:password@example.org/music; what was given is none"
    )
    try:
        parts = urlsplit(address.strip().removeprefix("subsonic+"))
        port = parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise wrong
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    if port is not None and port != _DEFAULT_PORTS[parts.scheme]:
        host += f":{port}"
    path = parts.path.rstrip("/").removesuffix("/rest").rstrip("/")
    login = Credentials(unquote(parts.username or ""), unquote(parts.password or ""))
    return f"{parts.scheme}://{host}{path}", login


class SubsonicServer:
    """A server, logged in to when it is first asked for anything.

    The end of a `with` block closes its connections; asked again, it opens new ones.

    Ways to log in, the best first: an API key, where the server lists that extension; a token,
    which is salted and does not tell the password; and, only where the server refuses tokens as
    such, the password itself, hex-encoded. Where the server lists the extension ``formPost``, no
    credentials are in addresses, which proxies and servers note down.

    Parameters
    ----------
    location
        Its address without secrets, as `split_address` gives it.
    """

    def __init__(self, location: str, credentials: Credentials) -> None:
        self._credentials = credentials
        self._client = JsonClient(
            location, timeout=_SILENCE, max_bytes=_LARGEST, backoff=Backoff(tries=_TRIES)
        )
        self._host = urlsplit(location).netloc
        self._login: Mapping[str, str] | None = None
        self._by_post = False

    def __repr__(self) -> str:
        return f"SubsonicServer({self._host!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ask(self, method: str, **params: str | int) -> Mapping[str, Any]:
        """Return the ``subsonic-response`` to a method such as ``getAlbum``.

        Raises
        ------
        SubsonicError
            If the server refuses, also to log in.
        ServiceError
            If it does not answer, or is no Subsonic server.
        UsageError
            If there are no credentials.
        """
        return self._ask(method, {**self.log_in(), **params})

    def log_in(self) -> Mapping[str, str]:
        """Return the parameters of a login that the server takes, found the first time.

        Raises as `ask` does.
        """
        if self._login is None:
            self._login = self._accepted()
        return self._login

    def _accepted(self) -> Mapping[str, str]:
        extensions = self._extensions()
        refused: SubsonicError | None = None
        self._by_post = "formPost" in extensions
        for login in self._logins(with_key="apiKeyAuthentication" in extensions):
            try:
                self._ask("ping", login)
            except SubsonicError as error:
                refused = error
                if error.code not in _OTHER_WAY:
                    break
            else:
                return login
        if refused is not None:
            raise refused
        if self._credentials.api_key:
            raise UsageError(
                f"{self._host} takes no API keys; give a user and a password (SEGUE_SUBSONIC_USER "
                "and SEGUE_SUBSONIC_PASSWORD)"
            )
        raise UsageError(
            f"{self._host} wants a user and a password: set SEGUE_SUBSONIC_USER and "
            "SEGUE_SUBSONIC_PASSWORD (or SEGUE_SUBSONIC_API_KEY), or write them into the address "
            "as user:password@"
        )

    def _logins(self, *, with_key: bool) -> Iterator[Mapping[str, str]]:
        who = self._credentials
        if who.api_key and with_key:
            yield {"apiKey": who.api_key, "v": "1.16.1"}
        if who.user and who.password:
            salt = secrets.token_hex(8)
            # The protocol's own choice, not ours.
            token = md5((who.password + salt).encode(), usedforsecurity=False).hexdigest()
            yield {"u": who.user, "t": token, "s": salt, "v": "1.13.0"}
            # An older server refuses a client that says it speaks a newer version.
            yield {"u": who.user, "p": "enc:" + who.password.encode().hex(), "v": "1.8.0"}

    def _extensions(self) -> frozenset[str]:
        """Return the names of the server's extensions: it tells them without a login, if any."""
        try:
            response = self._ask("getOpenSubsonicExtensions", {"v": "1.16.1"})
        except ServiceError as error:
            if error.status in {0, 429}:  # no answer at all, not a "no"
                raise
            return frozenset()
        return frozenset(
            name
            for extension in items(response, "openSubsonicExtensions")
            if isinstance(extension, dict) and isinstance(name := extension.get("name"), str)
        )

    def _ask(self, method: str, params: Mapping[str, str | int]) -> Mapping[str, Any]:
        every = {**params, "c": _CLIENT, "f": "json"}
        path = f"rest/{method}.view"
        if self._by_post:
            data = self._client.post(path, form={name: str(every[name]) for name in every})
        else:
            data = self._client.get(path, every)
        response = data.get("subsonic-response") if isinstance(data, dict) else None
        if not isinstance(response, dict):
            raise ServiceError(
                f"{self._host} answers, but not as a Subsonic server does; check the address "
                "(without /rest, but with the path that the server lies below, if any)",
                status=200,
            )
        if response.get("status") != "ok":
            raise self._refused(method, response.get("error"))
        return response

    def _refused(self, method: str, error: Any) -> SubsonicError:
        error = error if isinstance(error, dict) else {}
        given, words = error.get("code"), error.get("message")
        code = int(given) if re.fullmatch(r"\d{1,4}", str(given), re.ASCII) else 0
        said = "".join(filter(str.isprintable, words)) if isinstance(words, str) else ""
        for secret in (self._credentials.password, self._credentials.api_key):
            said = said.replace(secret, "***") if secret else said
        advice = _ADVICE.get(code, "")
        return SubsonicError(
            f"{self._host} refused {method} (Subsonic error {code})"
            + (f": {said[:200]}" if said else "")
            + (f"; {advice}" if advice else ""),
            code,
        )
