from __future__ import annotations

import logging
import socket
import threading
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from segue.errors import ServiceError, UsageError
from segue.http.retry import Backoff
from segue.sources.spotify_authorisation import Accounts
from segue.sources.spotify_connect import accounts
from segue.sources.spotify_login import Callback, Login, redirect_uri
from segue.sources.spotify_tokens import App, TokenFile
from servers.spotify import SpotifyServer
from servers.spotify_behaviour import APP, Behaviour

PUBLIC = App(APP)


def accounts_of(server: SpotifyServer) -> Accounts:
    return accounts(environment=server.environment(), backoff=Backoff(3, sleep=lambda _: None))


def login_at(server: SpotifyServer, redirect: str = "http://127.0.0.1:8888/callback") -> Login:
    return Login(PUBLIC, redirect, accounts_url=server.url)


def agreed(login: Login) -> str:
    """Open the page, agree, and return where the browser is sent."""
    answer = httpx.get(login.address)
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def test_what_the_page_is_asked() -> None:
    login = Login(PUBLIC, redirect_uri(), draw=lambda count: "x" * count)
    address = urlsplit(login.address)
    assert f"{address.scheme}://{address.netloc}{address.path}" == (
        "https://accounts.spotify.com/authorize"
    )
    query = {name: value for name, (value,) in parse_qs(address.query).items()}
    assert query == {
        "client_id": APP,
        "response_type": "code",
        "redirect_uri": "http://127.0.0.1:8888/callback",
        "state": "x" * 24,
        "scope": "playlist-read-private playlist-read-collaborative user-library-read",
        "code_challenge_method": "S256",
        "code_challenge": query["code_challenge"],
    }
    assert len(query["code_challenge"]) == 43
    assert "x" * 64 not in login.address  # the verifier stays here


def test_every_login_is_another_one() -> None:
    one, two = Login(PUBLIC, redirect_uri()), Login(PUBLIC, redirect_uri())
    assert one.address != two.address
    verifier = one._verifier
    assert 43 <= len(verifier) <= 128  # RFC 7636, 4.1
    assert verifier not in repr(one)


def test_a_login_by_pasting_the_address() -> None:
    with SpotifyServer() as server:
        login = login_at(server)
        token = login.finish(f"  {agreed(login)}\n", accounts_of(server))
        assert server.accounts.check(token.access)  # a user's
    assert token.refresh
    assert token.scope == "playlist-read-private"
    assert token.access not in repr(token)
    assert token.refresh not in repr(token)


def test_a_login_through_the_browser(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with SpotifyServer() as server, Callback(0) as callback:
        login = login_at(server, callback.redirect)
        address = agreed(login)
        shown: list[httpx.Response] = []
        browser = threading.Thread(target=lambda: shown.append(httpx.get(address)))
        browser.start()
        token = login.finish(callback.wait(login, 10), accounts_of(server))
        browser.join(10)
        assert server.accounts.check(token.access)
    assert (shown[0].status_code, "Logged in" in shown[0].text) == (200, True)
    assert token.access not in caplog.text
    assert login._verifier not in caplog.text


def test_only_the_answer_to_this_login_ends_the_waiting() -> None:
    with SpotifyServer() as server, Callback(0) as callback:
        login = login_at(server, callback.redirect)
        right, base = agreed(login), callback.redirect
        with pytest.raises(ServiceError, match="nobody came back"):
            callback.wait(login, 0)
        with socket.create_connection(("127.0.0.1", urlsplit(base).port or 0)):  # as browsers do
            wrong = [
                httpx.get(address).status_code
                for address in (
                    base.replace("callback", "favicon.ico"),
                    base,
                    f"{base}?code=stolen&state=guessed",
                    f"{base}?state=%FF%00",
                )
            ]
            with pytest.raises(ServiceError, match="nobody came back"):
                callback.wait(login, 0)
            assert httpx.get(right).status_code == 200
        assert login.code(callback.wait(login, 10)).startswith("code-")
    assert wrong == [404, 400, 400, 400]


def test_a_browser_that_is_early_is_kept_waiting() -> None:
    with SpotifyServer() as server, Callback(0) as callback:
        login = login_at(server, callback.redirect)
        address = agreed(login)
        asked = threading.Event()
        shown: list[int] = []

        def browse() -> None:
            with httpx.Client() as browser, browser.stream("GET", address) as answer:
                shown.append(answer.status_code)

        take = callback._take

        def taken(path: str) -> tuple[int, str]:
            asked.set()
            return take(path)

        callback._take = taken  # type: ignore[method-assign]
        browser = threading.Thread(target=browse)
        browser.start()
        assert asked.wait(10)  # it is here, and nobody waits for it yet
        assert callback.wait(login, 10)
        browser.join(10)
    assert shown == [200]


def test_a_user_who_says_no() -> None:
    with SpotifyServer(behaviour=Behaviour(denies=True)) as server, Callback(0) as callback:
        login = login_at(server, callback.redirect)
        address = agreed(login)
        with pytest.raises(ServiceError, match="nobody came back"):
            callback.wait(login, 0)
        assert "refused" in httpx.get(address).text
        with pytest.raises(ServiceError, match="access_denied") as caught:
            login.finish(callback.wait(login, 10), accounts_of(server))
    assert caught.value.status == 403


@pytest.mark.parametrize(
    "address",
    [
        "",
        "http://127.0.0.1:8888/callback",
        "http://127.0.0.1:8888/callback?code=x&state=other",
        "http://127.0.0.1:8888/callback?code=x&state=ü",
        "http://[::1/callback?code=x",
        "what I copied \ud800 by mistake",
    ],
)
def test_other_addresses_are_not_taken(address: str) -> None:
    with pytest.raises(UsageError, match="not the answer to this login"):
        Login(PUBLIC, redirect_uri()).code(address)


def test_an_answer_without_a_code_is_not_taken() -> None:
    login = Login(PUBLIC, redirect_uri(), draw=lambda count: "x" * count)
    with pytest.raises(UsageError, match="no code"):
        login.code(f"{redirect_uri()}?state={'x' * 24}")


def test_a_code_is_good_once_and_for_its_own_login_only() -> None:
    with SpotifyServer() as server:
        one, two = login_at(server), login_at(server)
        address = agreed(one)
        code = one.code(address)
        with pytest.raises(ServiceError, match="invalid_grant: Invalid authorization code"):
            accounts_of(server).token_of_code(PUBLIC, code, two._verifier, redirect_uri())
        with pytest.raises(ServiceError, match="400") as caught:
            one.finish(address, accounts_of(server))
    assert code not in str(caught.value)


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port}"), Callback(port):
            pass


def test_after_the_login_nobody_listens() -> None:
    with Callback(0) as callback:
        address = callback.redirect
    with pytest.raises(httpx.ConnectError):
        httpx.get(address)


def test_the_token_of_a_login_is_kept(tmp_path: Path) -> None:
    with SpotifyServer() as server:
        login = login_at(server)
        token = login.finish(agreed(login), accounts_of(server))
    file = TokenFile(tmp_path / "settings" / "spotify.json")
    file.save(PUBLIC, token)
    assert file.token(PUBLIC) == token
