"""From settings to a client: which Spotify, which app, whose token."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from segue.errors import UsageError
from segue.http.client import JsonClient
from segue.http.limiter import RateLimiter
from segue.http.retry import Backoff
from segue.sources.spotify_api import SpotifyClient
from segue.sources.spotify_authorisation import Accounts, SpotifyAuthorisation
from segue.sources.spotify_tokens import TokenFile, find_app, token_path

API_VARIABLE: Final = "SEGUE_SPOTIFY_API"
ACCOUNTS_VARIABLE: Final = "SEGUE_SPOTIFY_ACCOUNTS"

REQUESTS: Final = 90
WINDOW: Final = 30.0
"""Seconds in which at most `REQUESTS` start: Spotify counts over as long, up to a number that it
does not publish, and says so with a 429, which all threads heed."""


@dataclass(frozen=True)
class Addresses:
    """Where Spotify is; elsewhere for tests."""

    api: str = "https://api.spotify.com/v1"
    accounts: str = "https://accounts.spotify.com"

    @classmethod
    def find(cls, environment: Mapping[str, str] | None = None) -> Addresses:
        """Return the addresses, as the environment has them.

        Raises
        ------
        UsageError
            If tokens would go over a network unencrypted.
        """
        names = os.environ if environment is None else environment
        found = cls(
            names.get(API_VARIABLE, "").strip() or cls.api,
            names.get(ACCOUNTS_VARIABLE, "").strip() or cls.accounts,
        )
        for name, address in ((API_VARIABLE, found.api), (ACCOUNTS_VARIABLE, found.accounts)):
            parts = urlsplit(address)
            local = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1", "localhost"}
            if not local and (parts.scheme != "https" or not parts.hostname):
                raise UsageError(
                    f"{name} is {address!r}; an https address is needed, or http on 127.0.0.1"
                )
        return found


def accounts(
    *, environment: Mapping[str, str] | None = None, backoff: Backoff | None = None
) -> Accounts:
    """Return Spotify's accounts service, for a login; raises `UsageError` as `connect` does."""
    found = Addresses.find(environment)
    return Accounts(JsonClient(found.accounts, backoff=backoff))


def connect(
    *,
    limiter: RateLimiter | None = None,
    backoff: Backoff | None = None,
    file: TokenFile | None = None,
    environment: Mapping[str, str] | None = None,
    timeout: float = 30.0,
) -> SpotifyClient:
    """Return a client of the Web API, as the settings have it; nothing is asked yet.

    Parameters
    ----------
    limiter
        None: `REQUESTS` in `WINDOW` seconds; pauses of up to two minutes are waited for.
    backoff
        How often and after how long a request is tried again.
    file
        Where the token is; None: in the user's folder of settings.
    environment
        None: the process's own.
    timeout
        Seconds of silence after which the service is given up.

    Raises
    ------
    UsageError
        If no app is known, or an address would send tokens unencrypted.
    """
    found = Addresses.find(environment)
    kept = file or TokenFile(token_path())
    authorisation = SpotifyAuthorisation(
        find_app(kept, environment), accounts(environment=environment, backoff=backoff), kept
    )
    return SpotifyClient(
        JsonClient(
            found.api,
            authorisation=authorisation,
            limiter=limiter or RateLimiter(REQUESTS, WINDOW),
            backoff=backoff,
            timeout=timeout,
        )
    )
