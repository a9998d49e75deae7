"""The accounts service of the local server: logins and tokens."""

from __future__ import annotations

import base64
import hashlib
import random
import threading
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from servers.spotify_behaviour import APP, SECRET, Behaviour, Refusal

OLD = 10  # requests after which a token may end


class AccountsError(Exception):
    """An error answer of the accounts service, always with status 400."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error)
        self.body = {"error": error, "error_description": description}


class AccountsService:
    """Gives tokens, knows which are good, and ends them."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._lock = threading.Lock()
        self._random = random.Random(behaviour.seed)
        self._tokens: dict[str, tuple[float, bool]] = {}  # when it ends, whether a user's
        self._refreshers: set[str] = set()
        self._codes: dict[str, tuple[str, str]] = {}  # challenge and redirection
        self._used: Counter[str] = Counter()
        self._given = 0

    def expire(self, token: str) -> bool:
        """End an access token, unless it is new; return whether it ends now."""
        with self._lock:
            worn = self._used[token] >= OLD and token in self._tokens
            if worn:
                self._tokens[token] = (0.0, self._tokens[token][1])
            return worn

    def expire_tokens(self) -> None:
        """End every access token."""
        with self._lock:
            self._tokens = {token: (0.0, user) for token, (_, user) in self._tokens.items()}

    def new_token(self, *, user: bool = False, refresh: bool = False) -> dict[str, Any]:
        """Return the accounts service's answer with a new token."""
        with self._lock:
            self._given += 1
            token = f"access-{self._given}-{self._random.randrange(1 << 60):x}"
            seconds = self._behaviour.token_seconds
            self._tokens[token] = (time.monotonic() + seconds, user)
            answer: dict[str, Any] = {
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": seconds,
            }
            if refresh:
                answer["refresh_token"] = f"refresh-{self._given}"
                answer["scope"] = "playlist-read-private"
                self._refreshers.add(answer["refresh_token"])
            return answer

    def check(self, token: str) -> bool:
        """Return whether a token is a user's; refuse one that is not good."""
        with self._lock:
            ends, user = self._tokens.get(token, (None, False))
        if ends is None:
            raise Refusal(401, "Invalid access token" if token else "No token provided")
        if ends < time.monotonic():
            raise Refusal(401, "The access token expired")
        with self._lock:
            self._used[token] += 1
        return user

    def authorise(self, query: Mapping[str, str]) -> str:
        """Return where the browser is sent after a user agreed, or did not."""
        redirect = query.get("redirect_uri", "")
        if urlsplit(redirect).hostname != "127.0.0.1":
            raise Refusal(400, "INVALID_CLIENT: Insecure redirect URI")
        if query.get("client_id") != APP or query.get("response_type") != "code":
            raise Refusal(400, "INVALID_CLIENT: Invalid client")
        if query.get("code_challenge_method") != "S256" or len(query["code_challenge"]) != 43:
            raise Refusal(400, "code_challenge_method must be S256")
        answer = {"state": query["state"]}
        if self._behaviour.denies:
            answer["error"] = "access_denied"
        else:
            with self._lock:
                code = f"code-{len(self._codes)}-{self._random.randrange(1 << 60):x}"
                self._codes[code] = (query["code_challenge"], redirect)
            answer["code"] = code
        return f"{redirect}?{urlencode(answer)}"

    def give_token(self, form: Mapping[str, str], authorization: str) -> dict[str, Any]:
        """Answer ``/api/token``.

        Raises
        ------
        AccountsError
            If there is none to be had.
        """
        kind = form.get("grant_type")
        pair = base64.b64encode(f"{APP}:{SECRET}".encode()).decode()
        if kind == "client_credentials":
            if authorization != f"Basic {pair}":
                raise AccountsError("invalid_client", "Invalid client")
            return self.new_token()
        if form.get("client_id") != APP:
            raise AccountsError("invalid_client", "Invalid client")
        if kind == "authorization_code":
            with self._lock:
                expected, redirect = self._codes.pop(form.get("code", ""), ("", ""))
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            given = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            if given != expected or form.get("redirect_uri") != redirect:
                raise AccountsError("invalid_grant", "Invalid authorization code")
        elif kind == "refresh_token":
            with self._lock:
                known = form.get("refresh_token", "") in self._refreshers
                self._refreshers.discard(form.get("refresh_token", ""))
            if not known:
                raise AccountsError("invalid_grant", "Refresh token revoked")
        else:
            raise AccountsError("unsupported_grant_type", "grant_type is not supported")
        return self.new_token(user=True, refresh=True)
