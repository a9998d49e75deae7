"""Spotify's accounts service: where tokens come from, and when the next one is due."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from segue.errors import ServiceError, UsageError
from segue.http.client import JsonClient
from segue.sources.spotify_tokens import CLIENT_SECRET_VARIABLE, App, Token, TokenFile

_EARLY: Final = 60.0  # seconds before its end from which a token is renewed


class Accounts:
    """Spotify's accounts service, which gives tokens.

    Parameters
    ----------
    http
        A client for ``https://accounts.spotify.com``.
    """

    def __init__(self, http: JsonClient, *, clock: Callable[[], float] = time.time) -> None:
        self._http = http
        self._clock = clock

    def token_of_app(self, app: App) -> Token:
        """Return a token for the app itself: no user's own data, no login (client credentials).

        Raises
        ------
        ServiceError
            If the service refuses, or does not answer.
        """
        from base64 import b64encode

        pair = b64encode(f"{app.client_id}:{app.client_secret}".encode()).decode()
        form = {"grant_type": "client_credentials"}
        return self._token(form, headers={"Authorization": f"Basic {pair}"})

    def token_of_code(self, app: App, code: str, verifier: str, redirect_uri: str) -> Token:
        """Return a user's token for the code of a login (PKCE); raises as `token_of_app` does."""
        return self._token(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": redirect_uri,
                "client_id": app.client_id,
                "code_verifier": verifier,
            }
        )

    def renewed(self, app: App, token: Token) -> Token:
        """Return a user's next token; raises as `token_of_app` does.

        The token to renew it with next time may have changed; where it has not, it is kept.
        """
        fresh = self._token(
            {
                "grant_type": "refresh_token",
                "refresh_token": token.refresh,
                "client_id": app.client_id,
            }
        )
        return replace(
            fresh, refresh=fresh.refresh or token.refresh, scope=fresh.scope or token.scope
        )

    def _token(self, form: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Token:
        try:
            data = self._http.post("api/token", form=form, headers=headers)
        finally:
            self._http.close()  # the next token is an hour away
        data = data if isinstance(data, dict) else {}
        access, seconds = data.get("access_token"), data.get("expires_in")
        if not isinstance(access, str) or not access.isascii() or not access.isprintable():
            raise ServiceError("Spotify's accounts service answered without a token")
        if not isinstance(seconds, int | float) or isinstance(seconds, bool):
            seconds = 3600
        refresh, scope = data.get("refresh_token"), data.get("scope")
        return Token(
            access,
            self._clock() + seconds,
            refresh if isinstance(refresh, str) else "",
            scope if isinstance(scope, str) else "",
        )


class SpotifyAuthorisation:
    """The credentials of requests to the API, renewed before they end; threads share it.

    A user who logged in comes first; else the app itself, which needs its secret.
    """

    def __init__(
        self,
        app: App,
        accounts: Accounts,
        file: TokenFile,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._app = app
        self._accounts = accounts
        self._file = file
        self._clock = clock
        self._lock = threading.Lock()
        self._token: Token | None = None

    def header(self) -> str:
        """Return ``Bearer <token>``, renewed first where it is about to end.

        Raises
        ------
        ServiceError
            If no token is to be had.
        UsageError
            If nobody is logged in and the app has no secret.
        """
        with self._lock:
            if self._token is None or self._token.expires_at - self._clock() < _EARLY:
                self._token = self._fetched(refused="")
            return f"Bearer {self._token.access}"

    def renew(self, refused: str) -> bool:
        """Get a new token unless another thread did since; raises as `header` does."""
        with self._lock:
            self._token = self._fetched(refused)
        return True

    def _fetched(self, refused: str) -> Token:
        with self._file.locked():
            known = self._file.token(self._app)  # another thread or process may have renewed it
            if (
                known is not None
                and known.expires_at - self._clock() >= _EARLY
                and f"Bearer {known.access}" != refused
            ):
                return known
            fresh = self._fresh(known)
            self._file.save(self._app, fresh)
            return fresh

    def _fresh(self, known: Token | None) -> Token:
        if known is not None and known.refresh:
            try:
                return self._accounts.renewed(self._app, known)
            except ServiceError as error:
                if error.status not in {400, 401}:
                    raise
                raise ServiceError(
                    f"the Spotify login has ended ({error}); log in again: `segue spotify login`",
                    status=401,
                ) from error
        if not self._app.client_secret:
            raise UsageError(
                "nobody is logged in to Spotify: `segue spotify login`, or set "
                f"{CLIENT_SECRET_VARIABLE} to use the app without a user"
            )
        try:
            return self._accounts.token_of_app(self._app)
        except ServiceError as error:
            if error.status not in {400, 401}:
                raise
            # Not a 400 as requests get it, which says something of the request.
            raise ServiceError(
                f"Spotify takes the app's id and secret for wrong ({error}); copy them anew from "
                "https://developer.spotify.com/dashboard",
                status=401,
            ) from error
