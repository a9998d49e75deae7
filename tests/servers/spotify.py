"""A local server that answers as Spotify's Web API and its accounts service do, faults included.

Run by itself for a long test: ``python tests/servers/spotify.py --port 8000 --faults 0.2``.
What it counted is at ``/counts``.
"""

from __future__ import annotations

import json
import random
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from servers.spotify_accounts import AccountsError, AccountsService
from servers.spotify_behaviour import APP, SECRET, Behaviour, Refusal, mixed_faults
from servers.spotify_catalogue import Catalogue
from servers.spotify_web import WebApi


class SpotifyServer(ThreadingHTTPServer):
    """The server; `url` while it runs. The API is below ``/v1``, the accounts service at the root.

    Attributes
    ----------
    counts
        How often what was asked for: ``(part, status)``, and ``("fault", name)``.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, catalogue: Catalogue | None = None, behaviour: Behaviour | None = None, port: int = 0
    ) -> None:
        self.catalogue = catalogue or Catalogue(playlists=50, tracks=500)
        self.behaviour = behaviour or Behaviour()
        self.counts: Counter[tuple[str, int | str]] = Counter()
        self.lock = threading.Lock()
        self._random = random.Random(self.behaviour.seed)
        super().__init__(("127.0.0.1", port), Handler)
        self.accounts = AccountsService(self.behaviour)
        self.web = WebApi(f"{self.url}/v1", self.catalogue, self.behaviour)

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def environment(self) -> dict[str, str]:
        """Return what a client's environment has to say to find this server."""
        return {
            "SEGUE_SPOTIFY_API": f"{self.url}/v1",
            "SEGUE_SPOTIFY_ACCOUNTS": self.url,
            "SEGUE_SPOTIFY_CLIENT_ID": APP,
            "SEGUE_SPOTIFY_CLIENT_SECRET": SECRET,
        }

    def total(self, part: str) -> int:
        """Return how many requests a part of the API has had."""
        with self.lock:
            return sum(count for (name, _), count in self.counts.items() if name == part)

    def draw_fault(self, token: str) -> str:
        """Return the fault that befalls this request, mostly none."""
        with self.lock:
            u = self._random.random()
            for name, share in self.behaviour.faults.items():
                if (u := u - share) < 0:
                    if name == "expired" and not self.accounts.expire(token):
                        return ""
                    self.counts["fault", name] += 1
                    return name
        return ""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: SpotifyServer

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        parts, query = self._asked()
        if parts[:1] == ["v1"]:
            self._api(parts[1:], query)
        elif parts == ["authorize"]:
            try:
                self._send(
                    "authorize", 302, {}, {"Location": self.server.accounts.authorise(query)}
                )
            except Refusal as refusal:
                self._send("authorize", refusal.status, refusal.body)
        elif parts == ["counts"]:
            with self.server.lock:
                counts = {
                    f"{a} {b}": n for (a, b), n in sorted(self.server.counts.items(), key=str)
                }
            self._send("counts", 200, counts)
        else:
            self._send("other", 404, {"error": "not found"})

    def do_POST(self) -> None:
        parts, _ = self._asked()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if parts != ["api", "token"]:
            self._send("other", 404, {"error": "not found"})
            return
        form = {name: values[0] for name, values in parse_qs(body).items()}
        try:
            authorization = self.headers.get("Authorization", "")
            answer, status = self.server.accounts.give_token(form, authorization), 200
        except AccountsError as error:
            answer, status = error.body, 400
        self._send("token", status, answer)

    def _asked(self) -> tuple[list[str], dict[str, str]]:
        address = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        return address.path.strip("/").split("/"), query

    def _api(self, parts: list[str], query: dict[str, str]) -> None:
        name = parts[-1] if parts[0] == "playlists" and len(parts) == 3 else parts[0]
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        behaviour = self.server.behaviour
        fault = self.server.draw_fault(token)
        try:
            user = self.server.accounts.check(token)
            broken = {"error": 500, "unavailable": 503}.get(fault)
            if broken:
                raise Refusal(broken, HTTPStatus(broken).phrase)
            if fault == "throttled":
                raise Refusal(429, "API rate limit exceeded")
            if fault in {"quota", "long"}:
                raise Refusal(429, "Too many requests", reason="QUOTA_EXCEEDED")
            answer, status = self.server.web.answer(parts, query, fault, user=user), 200
        except Refusal as refusal:
            answer, status = refusal.body, refusal.status
        headers = {}
        if status == 429:
            headers["Retry-After"] = "86400" if fault == "long" else behaviour.retry_after
        if fault == "slow":
            time.sleep(behaviour.slow)
        if fault == "nonsense":
            answer = {"something": "else"}
        if fault == "gateway":
            self._send(name, 502, None, {"Content-Type": "text/html"}, text="<h1>Bad gateway</h1>")
        elif fault == "dropped":
            self._count(name, 0)
            self._hang_up()
        else:
            self._send(name, status, answer, headers, half=fault == "half")

    def _send(
        self,
        name: str,
        status: int,
        answer: Any,
        headers: Mapping[str, str] | None = None,
        *,
        text: str = "",
        half: bool = False,
    ) -> None:
        body = (text or json.dumps(answer, ensure_ascii=False, separators=(",", ":"))).encode()
        lines = {
            "Content-Type": "application/json; charset=utf-8",
            "Date": self.date_time_string(),
            "Content-Length": str(len(body)),
            **(headers or {}),
        }
        head = "".join(f"{key}: {value}\r\n" for key, value in lines.items())
        first = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{head}\r\n".encode()
        self._count(name, status)
        # One write: two would wait for each other's acknowledgement.
        self.wfile.write(first + (body[: len(body) // 2] if half else body))
        if half:
            self._hang_up()

    def _count(self, name: str, status: int) -> None:
        with self.server.lock:
            self.server.counts[name, status] += 1

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


def main() -> None:
    import argparse

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--playlists", type=int, default=20_000)
    parser.add_argument("--tracks", type=int, default=200_000)
    parser.add_argument("--faults", type=float, default=0.0, help="share of all requests")
    parser.add_argument("--gone", type=float, default=0.0, help="share of playlists with 404")
    parser.add_argument("--private", type=float, default=0.0, help="share of playlists with 403")
    parser.add_argument("--shape", choices=("tracks", "items", "both"), default="both")
    parser.add_argument("--restricted", action="store_true", help="as an app of today")
    parser.add_argument("--max-offset", type=int, default=1_000)
    parser.add_argument("--slow", type=float, default=1.0, help="seconds of a slow answer")
    parser.add_argument("--retry-after", default="1", help="seconds, as the header has them")
    asked = parser.parse_args()
    catalogue = Catalogue(
        asked.seed,
        playlists=asked.playlists,
        tracks=asked.tracks,
        gone=asked.gone,
        private=asked.private,
    )
    behaviour = Behaviour(
        shape=asked.shape,
        restricted=asked.restricted,
        max_offset=asked.max_offset,
        faults=mixed_faults(asked.faults),
        seed=asked.seed,
        slow=asked.slow,
        retry_after=asked.retry_after,
    )
    with SpotifyServer(catalogue, behaviour, asked.port) as server:
        for name, value in server.environment().items():
            sys.stdout.write(f"export {name}={value}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()
