"""Logging in to Spotify and out, and what is known of it on this machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from segue.sources.spotify_connect import Addresses, accounts
from segue.sources.spotify_login import PORT, Callback, Login, redirect_uri
from segue.sources.spotify_tokens import TokenFile, find_app, token_path
from segue.types import SCHEMA_VERSION


def log_in(
    show: Callable[[str], None], *, port: int = PORT, paste: Callable[[], str] | None = None
) -> None:
    """Log a user in and keep the token.

    Parameters
    ----------
    show
        Called with the address of the page where the user agrees.
    port
        Of this machine, where the browser comes back to; the app must be registered with
        ``http://127.0.0.1:<port>/callback``.
    paste
        Returns the address that a browser on another machine was sent to; None waits for the
        browser to come back to this one.

    Raises
    ------
    UsageError
        If no app is known, the port is taken, or what was pasted is not the answer to this login.
    ServiceError
        If the login is refused, or nobody comes back in time.
    """
    file = TokenFile(token_path())
    app = find_app(file)
    url = Addresses.find().accounts
    if paste is not None:
        login = Login(app, redirect_uri(port), accounts_url=url)
        show(login.address)
        redirected = paste()
    else:
        with Callback(port) as callback:
            login = Login(app, callback.redirect, accounts_url=url)
            show(login.address)
            redirected = callback.wait(login)
    file.save(app, login.finish(redirected, accounts()))


def log_out() -> bool:
    """Forget the token, and the app where it is kept with it; return whether there was any."""
    return TokenFile(token_path()).delete()


def login_status() -> dict[str, Any]:
    """Return which app is known and who is logged in, as JSON values; no secret is among them.

    `logged_in` is ``user``, ``app`` or None; `expires_at` is when the token ends (seconds since the
    epoch), after which the next one is fetched.

    Raises
    ------
    UsageError
        If no app is known, or the file of the token cannot be read.
    """
    file = TokenFile(token_path())
    app = find_app(file)
    token = file.token(app)
    return {
        "schema": SCHEMA_VERSION,
        "client_id": app.client_id,
        "has_secret": bool(app.client_secret),
        "logged_in": None if token is None else "user" if token.refresh else "app",
        "expires_at": None if token is None else token.expires_at,
        "scope": "" if token is None else token.scope,
        "file": str(file.path),
    }
