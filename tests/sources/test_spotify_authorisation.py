from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clocks import Clock
from segue.errors import ServiceError, UsageError
from segue.http.retry import Backoff
from segue.sources.spotify_authorisation import Accounts, SpotifyAuthorisation
from segue.sources.spotify_connect import Addresses, accounts, connect
from segue.sources.spotify_tokens import App, Token, TokenFile
from servers.spotify import SpotifyServer
from servers.spotify_behaviour import APP, SECRET

WITH_SECRET = App(APP, SECRET)
PUBLIC = App(APP)


@pytest.fixture
def file(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "spotify.json")


def accounts_of(server: SpotifyServer) -> Accounts:
    return accounts(environment=server.environment(), backoff=Backoff(2, sleep=lambda _: None))


def a_user(server: SpotifyServer, expires_at: float) -> Token:
    answer = server.accounts.new_token(user=True, refresh=True)
    return Token(answer["access_token"], expires_at, answer["refresh_token"], "some-scope")


def test_the_app_itself_is_logged_in_once(file: TokenFile) -> None:
    with SpotifyServer() as server:
        authorisation = SpotifyAuthorisation(WITH_SECRET, accounts_of(server), file)
        headers = {authorisation.header() for _ in range(5)}
        assert server.total("token") == 1
        again = SpotifyAuthorisation(WITH_SECRET, accounts_of(server), file)
        assert {again.header()} == headers  # out of the file
        assert server.total("token") == 1
    assert headers.pop().startswith("Bearer access-")


def test_a_wrong_secret_is_told_and_not_shown(
    file: TokenFile, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with SpotifyServer() as server:
        authorisation = SpotifyAuthorisation(App(APP, "wr0ng"), accounts_of(server), file)
        with pytest.raises(ServiceError, match="invalid_client: Invalid client") as caught:
            authorisation.header()
    assert caught.value.status == 401  # a 400 would say something of the request
    assert "wr0ng" not in f"{caught.value} {caplog.text}"


def test_without_a_login_or_a_secret_it_is_told_what_to_do(file: TokenFile) -> None:
    with SpotifyServer() as server:
        authorisation = SpotifyAuthorisation(PUBLIC, accounts_of(server), file)
        with pytest.raises(UsageError, match="segue spotify login"):
            authorisation.header()
        assert server.total("token") == 0


def test_a_user_comes_before_the_app(file: TokenFile) -> None:
    clock = Clock(0.0)
    with SpotifyServer() as server:
        token = a_user(server, 3_600.0)
        file.save(WITH_SECRET, token)
        authorisation = SpotifyAuthorisation(WITH_SECRET, accounts_of(server), file, clock=clock)
        assert authorisation.header() == f"Bearer {token.access}"
        assert server.total("token") == 0


def test_a_token_is_renewed_before_it_ends_and_the_new_key_kept(file: TokenFile) -> None:
    clock = Clock(0.0)
    with SpotifyServer() as server:
        token = a_user(server, 3_600.0)
        file.save(PUBLIC, token)
        own = Accounts(accounts_of(server)._http, clock=clock)
        authorisation = SpotifyAuthorisation(PUBLIC, own, file, clock=clock)
        seen = []
        for now in (0.0, 3_539.0, 3_541.0, 7_000.0, 7_200.0):
            clock.now = now
            seen.append(authorisation.header())
        assert server.total("token") == 2
        assert seen[0] == seen[1] != seen[2] == seen[3] != seen[4]
        kept = file.token(PUBLIC)
        assert kept is not None
        assert kept.refresh not in {"", token.refresh}  # each is good once only
        assert kept.scope == "playlist-read-private"


def test_a_refusal_renews_once_for_all_threads(file: TokenFile) -> None:
    with SpotifyServer() as server:
        authorisation = SpotifyAuthorisation(WITH_SECRET, accounts_of(server), file)
        refused = authorisation.header()
        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(lambda _: authorisation.renew(refused), range(8)))
        assert server.total("token") == 2
        assert authorisation.header() != refused


def test_a_token_that_another_process_renewed_is_taken(file: TokenFile) -> None:
    with SpotifyServer() as server:
        one = SpotifyAuthorisation(WITH_SECRET, accounts_of(server), file)
        two = SpotifyAuthorisation(WITH_SECRET, accounts_of(server), file)
        refused = one.header()
        assert two.header() == refused
        one.renew(refused)
        two.renew(refused)
        assert server.total("token") == 2
        assert one.header() == two.header() != refused


def test_a_login_that_has_ended_is_told(file: TokenFile) -> None:
    clock = Clock(0.0)
    with SpotifyServer() as server:
        file.save(PUBLIC, Token("old", -1.0, "refresh-of-long-ago"))
        authorisation = SpotifyAuthorisation(PUBLIC, accounts_of(server), file, clock=clock)
        with pytest.raises(ServiceError, match="log in again") as caught:
            authorisation.header()
    assert caught.value.status == 401
    assert "refresh-of-long-ago" not in str(caught.value)


def test_an_accounts_service_that_is_down_does_not_end_the_login(file: TokenFile) -> None:
    with SpotifyServer() as server:
        token = a_user(server, -1.0)
        file.save(PUBLIC, token)
    authorisation = SpotifyAuthorisation(PUBLIC, accounts_of(server), file)
    with pytest.raises(ServiceError, match="refused") as caught:
        authorisation.header()
    assert caught.value.status == 0
    assert file.token(PUBLIC) == token


def test_a_client_says_nothing_of_its_secrets(file: TokenFile) -> None:
    with SpotifyServer() as server:
        client = connect(file=file, environment=server.environment())
        client.search_playlists("a")
        known = file.token(WITH_SECRET)
        client.close()
    assert known is not None
    assert known.access not in f"{client!r} {vars(client)!r}"


def test_where_spotify_is() -> None:
    assert Addresses.find({}) == Addresses(
        "https://api.spotify.com/v1", "https://accounts.spotify.com"
    )
    local = {
        "SEGUE_SPOTIFY_API": "http://127.0.0.1:80/v1",
        "SEGUE_SPOTIFY_ACCOUNTS": "http://[::1]",
    }
    assert Addresses.find(local) == Addresses("http://127.0.0.1:80/v1", "http://[::1]")


@pytest.mark.parametrize("address", ["http://api.example/v1", "ftp://127.0.0.1", "https://", "x"])
def test_tokens_never_go_unencrypted(address: str) -> None:
    with pytest.raises(UsageError, match="SEGUE_SPOTIFY_API is"):
        Addresses.find({"SEGUE_SPOTIFY_API": address})
