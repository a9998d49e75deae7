"""Logging in to Spotify without giving anybody the app's secret: the code flow with PKCE.

RFC 7636, with method S256; and RFC 8252, which lets the browser come back to a port of this machine
by its number, 127.0.0.1 (Spotify takes no "localhost"). Where there is no browser on this machine,
the address that another one was sent to can be pasted.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from segue.errors import ServiceError, UsageError
from segue.sources.spotify_authorisation import Accounts
from segue.sources.spotify_tokens import App, Token

if TYPE_CHECKING:
    from http.server import ThreadingHTTPServer

PORT: Final = 8888
"""Where the browser comes back to, unless told otherwise; the app must be registered with it."""
_EARLY: Final = 10.0  # seconds that a browser may come back too early
SCOPES: Final = ("playlist-read-private", "playlist-read-collaborative", "user-library-read")


def redirect_uri(port: int = PORT) -> str:
    """Return the address to register with the app.

    >>> redirect_uri()
    'http://127.0.0.1:8888/callback'
    """
    return f"http://127.0.0.1:{port}/callback"


class Login:
    """One attempt to log in.

    Parameters
    ----------
    redirect
        Where Spotify sends the browser; exactly as the app was registered.
    accounts_url
        Spotify's accounts service.
    draw
        Draws so many random bytes as URL-safe text; for tests.
    """

    def __init__(
        self,
        app: App,
        redirect: str,
        *,
        accounts_url: str = "https://accounts.spotify.com",
        draw: Callable[[int], str] = secrets.token_urlsafe,
    ) -> None:
        self._app = app
        self._redirect = redirect
        self._accounts_url = accounts_url.rstrip("/")
        self._verifier = draw(64)
        self._state = draw(24)

    def __repr__(self) -> str:
        return f"Login({self._app!r}, {self._redirect!r})"

    @property
    def address(self) -> str:
        """The page to open in a browser; it holds nothing that is secret for long."""
        query = {
            "client_id": self._app.client_id,
            "response_type": "code",
            "redirect_uri": self._redirect,
            "state": self._state,
            "scope": " ".join(SCOPES),
            "code_challenge_method": "S256",
            "code_challenge": challenge(self._verifier),
        }
        return f"{self._accounts_url}/authorize?{urlencode(query)}"

    def code(self, redirected: str) -> str:
        """Return the code in the address that the browser was sent to.

        Raises
        ------
        UsageError
            If it is not the answer to this login: no code, or another state, as a page that wants
            to slip in its own login would bring.
        ServiceError
            If the user or Spotify said no, with status 403.
        """
        try:
            answer = parse_qs(urlsplit(redirected.strip()).query)
        except ValueError:
            answer = {}
        state = answer.get("state", [""])[0]
        if not hmac.compare_digest(state.encode(errors="replace"), self._state.encode()):
            raise UsageError(
                "this address is not the answer to this login (its state differs); paste the whole "
                "address that the browser shows after you agreed, or start again"
            )
        if error := answer.get("error", [""])[0]:
            shown = "".join(char for char in error[:60] if char.isprintable())
            raise ServiceError(f"Spotify refused the login: {shown}", status=403)
        if not (code := answer.get("code", [""])[0]):
            raise UsageError("this address has no code in it; start the login again")
        return code

    def finish(self, redirected: str, accounts: Accounts) -> Token:
        """Return the token for the address that the browser was sent to; raises as `code` does."""
        code = self.code(redirected)
        return accounts.token_of_code(self._app, code, self._verifier, self._redirect)


class Callback:
    """A tiny server on this machine that the browser comes back to, once.

    Only the answer to the given login ends it; anything else is told that it is wrong here.

    Parameters
    ----------
    port
        0 takes a free one; see `redirect` for which.

    Raises
    ------
    UsageError
        On entering, if the port is taken.
    """

    def __init__(self, port: int = PORT) -> None:
        self._port = port
        self._server: ThreadingHTTPServer | None = None
        self._login: Login | None = None
        self._redirected: str | None = None
        self._expected = threading.Event()
        self._done = threading.Event()

    @property
    def redirect(self) -> str:
        """The address that Spotify is to send the browser to."""
        return redirect_uri(self._server.server_port if self._server else self._port)

    def __enter__(self) -> Self:
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

        callback = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 10  # seconds; browsers open connections that they never use

            def do_GET(self) -> None:
                status, words = callback._take(self.path)
                body = f"<!doctype html><title>Segue</title><p>{words}</p>".encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(body)
                if status == 200:
                    callback._done.set()

            def log_message(self, *_: object) -> None:  # the address has the code in it
                pass

        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        except OSError as error:
            raise UsageError(
                f"port {self._port} of this machine is taken ({error.strerror}); choose another, "
                "and register the app with it, or paste the address"
            ) from error
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def wait(self, login: Login, seconds: float = 300.0) -> str:
        """Return the address that the browser was sent to, once it answers this login.

        A browser that comes back before this is called is kept waiting for a while.

        Raises
        ------
        ServiceError
            If it did not come in time.
        """
        self._login = login
        self._expected.set()
        if not self._done.wait(seconds) or self._redirected is None:
            raise ServiceError(
                f"nobody came back from Spotify's page within {seconds:.0f} seconds; start again"
            )
        return self._redirected

    def _take(self, path: str) -> tuple[int, str]:
        """Return the status and the words to answer a request with."""
        if urlsplit(path).path != "/callback":
            return 404, "There is nothing here."
        if not self._expected.wait(_EARLY) or self._login is None:
            return 503, "Not ready yet: load this page again."
        address = f"http://127.0.0.1{path}"
        try:
            self._login.code(address)
        except UsageError:
            return 400, "This is not the answer to the login that was started."
        except ServiceError:
            words = "The login was refused. You can close this page."
        else:
            words = "Logged in. You can close this page."
        self._redirected = address
        return 200, words


def challenge(verifier: str) -> str:
    """Return the S256 challenge of a verifier (RFC 7636, 4.2; the example is its appendix B).

    >>> challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
    """
    from base64 import urlsafe_b64encode
    from hashlib import sha256

    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
