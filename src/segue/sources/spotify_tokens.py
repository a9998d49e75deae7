"""An app and its token as they are kept on this machine: in a file that only its owner can read."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from segue.errors import UsageError

CLIENT_ID_VARIABLE: Final = "SEGUE_SPOTIFY_CLIENT_ID"
CLIENT_SECRET_VARIABLE: Final = "SEGUE_SPOTIFY_CLIENT_SECRET"  # noqa: S105  # its name, no secret


@dataclass(frozen=True)
class App:
    """An app as its owner registered it with Spotify; a login by PKCE needs no secret."""

    client_id: str
    client_secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class Token:
    """What opens the API for an hour.

    Attributes
    ----------
    expires_at
        Seconds since the epoch.
    refresh
        What brings the next one without a new login; empty where the app itself is logged in.
    """

    access: str = field(repr=False)
    expires_at: float
    refresh: str = field(default="", repr=False)
    scope: str = ""


class TokenFile:
    """The file of an app and its token: mode 600, replaced in one step.

    Parameters
    ----------
    path
        Usually ``spotify.json`` in the user's folder of settings, see `token_path`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def app(self) -> App | None:
        """Return the app, or None where the file knows none.

        Raises
        ------
        UsageError
            If the file is there and cannot be read.
        """
        known = self._load()
        client_id = known.get("client_id")
        if not isinstance(client_id, str) or not client_id:
            return None
        secret = known.get("client_secret")
        return App(client_id, secret if isinstance(secret, str) else "")

    def token(self, app: App) -> Token | None:
        """Return the token of this app, or None; raises as `app` does."""
        known = self._load()
        access, expires_at = known.get("access_token"), known.get("expires_at")
        if (
            known.get("client_id") != app.client_id
            or not isinstance(access, str)
            or not isinstance(expires_at, int | float)
            or isinstance(expires_at, bool)
        ):
            return None
        refresh, scope = known.get("refresh_token"), known.get("scope")
        return Token(
            access,
            float(expires_at),
            refresh if isinstance(refresh, str) else "",
            scope if isinstance(scope, str) else "",
        )

    def save(self, app: App, token: Token) -> None:
        """Write both, in one step.

        A secret that the file has is kept; one that came from the environment is not written.

        Raises
        ------
        UsageError
            If it cannot be written.
        """
        known = self._load()
        kept = known.get("client_secret") if known.get("client_id") == app.client_id else None
        content = {
            "client_id": app.client_id,
            **({"client_secret": kept} if kept else {}),
            "access_token": token.access,
            "refresh_token": token.refresh,
            "expires_at": token.expires_at,
            "scope": token.scope,
        }
        fresh = self.path.with_name(f".{self.path.name}.{os.getpid()}.{threading.get_ident()}")
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            number = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(number, "w", encoding="utf-8") as file:
                json.dump(content, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            os.replace(fresh, self.path)
        except OSError as error:
            with contextlib.suppress(OSError):
                fresh.unlink()
            raise UsageError(f"{self.path} cannot be written: {error.strerror}") from error

    def delete(self) -> bool:
        """Forget everything, the app as well; return whether there was anything.

        Raises
        ------
        UsageError
            If it cannot be removed.
        """
        try:
            self.path.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise UsageError(f"{self.path} cannot be removed: {error.strerror}") from error
        return True

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from renewing the token: the old one may be worth nothing then."""
        from filelock import FileLock

        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = FileLock(self.path.with_name(f".{self.path.name}.lock"), timeout=120)
            lock.acquire()
        except OSError as error:  # filelock's own time-out is one, too
            raise UsageError(f"{self.path} cannot be locked: {error.strerror or error}") from error
        try:
            yield
        finally:
            lock.release()

    def _load(self) -> Mapping[str, Any]:
        try:
            known = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not JSON"
            raise UsageError(
                f"{self.path} cannot be read: {reason}; remove it and log in again"
            ) from None
        return known if isinstance(known, dict) else {}


def token_path() -> Path:
    """Return where the token is kept: ``spotify.json`` in the user's folder of settings."""
    import platformdirs

    return platformdirs.user_config_path("segue", appauthor=False) / "spotify.json"


def find_app(file: TokenFile, environment: Mapping[str, str] | None = None) -> App:
    """Return the app named by the environment, else by the file.

    Raises
    ------
    UsageError
        If neither names one.
    """
    names = os.environ if environment is None else environment
    known = file.app()
    client_id = names.get(CLIENT_ID_VARIABLE, "").strip() or (known.client_id if known else "")
    if not client_id:
        raise UsageError(
            f"no Spotify app is known: set {CLIENT_ID_VARIABLE} (and {CLIENT_SECRET_VARIABLE}), or "
            f'write {{"client_id": "..."}} to {file.path}; apps are registered at '
            "https://developer.spotify.com/dashboard"
        )
    secret = names.get(CLIENT_SECRET_VARIABLE, "").strip()
    if not secret and known and known.client_id == client_id:
        secret = known.client_secret
    return App(client_id, secret)
