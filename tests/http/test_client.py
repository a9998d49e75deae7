from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor

import pytest

from clocks import Clock
from segue.errors import ServiceError
from segue.http.client import JsonClient
from segue.http.limiter import RateLimiter
from segue.http.retry import Backoff
from servers.spotify import SpotifyServer
from servers.spotify_behaviour import Behaviour
from servers.spotify_catalogue import Catalogue


class Key:
    """One token for ever."""

    def __init__(self, token: str) -> None:
        self.token = token

    def header(self) -> str:
        return f"Bearer {self.token}"

    def renew(self, refused: str) -> bool:
        assert refused == self.header()
        return False


def client(server: SpotifyServer, clock: Clock, tries: int = 8) -> JsonClient:
    return JsonClient(
        f"{server.url}/v1",
        authorisation=Key(server.accounts.new_token()["access_token"]),
        limiter=RateLimiter(clock=clock, sleep=clock.sleep),
        backoff=Backoff(tries, draw=lambda: 0.5, sleep=clock.sleep),
        timeout=5,
    )


def test_json_comes_back() -> None:
    with SpotifyServer() as server, client(server, Clock()) as http:
        data = http.get("/search/", {"q": "love", "type": "playlist"})
    assert data["playlists"]["limit"] == 5


def test_refusals_say_who_said_what() -> None:
    with SpotifyServer() as server, client(server, Clock()) as http:
        with pytest.raises(ServiceError) as caught:
            http.get("playlists/nowhere/items")
        port = server.server_port
    assert str(caught.value) == (
        f"127.0.0.1:{port} answered 404 (Not Found) to GET /playlists/nowhere/items: "
        "Resource not found"
    )
    assert caught.value.status == 404


def test_a_401_that_cannot_be_mended_is_told() -> None:
    with SpotifyServer() as server, client(server, Clock()) as http:
        server.accounts.expire_tokens()
        with pytest.raises(ServiceError, match="The access token expired") as caught:
            http.get("search", {"q": "a", "type": "playlist"})
    assert caught.value.status == 401


def test_a_service_that_is_down_is_given_up_with_its_status() -> None:
    with SpotifyServer(behaviour=Behaviour(faults={"error": 1.0})) as server:
        clock = Clock()
        with client(server, clock, tries=3) as http, pytest.raises(ServiceError) as caught:
            http.get("search", {"q": "a", "type": "playlist"})
        assert server.total("search") == 3
    assert (caught.value.status, clock.slept) == (500, [0.25, 0.5])


def test_a_pause_that_never_ends_is_given_up_with_its_time() -> None:
    behaviour = Behaviour(faults={"quota": 1.0}, retry_after="3")
    with SpotifyServer(behaviour=behaviour) as server:
        clock = Clock()
        with client(server, clock, tries=3) as http, pytest.raises(ServiceError) as caught:
            http.get("search", {"q": "a", "type": "playlist"})
    assert "QUOTA_EXCEEDED" in str(caught.value)
    assert (caught.value.status, caught.value.retry_after) == (429, 3)
    assert clock.slept == [3, 3]


def test_a_redirection_is_an_error_that_explains_itself() -> None:
    with SpotifyServer() as server, JsonClient(server.url) as http:
        query = {
            "client_id": "segue-test-app",
            "response_type": "code",
            "redirect_uri": "http://127.0.0.1:1/callback",
            "code_challenge_method": "S256",
            "code_challenge": "x" * 43,
            "state": "s",
        }
        with pytest.raises(ServiceError, match="redirects are not followed") as caught:
            http.get("authorize", query)
    assert caught.value.status == 302


def test_many_threads_share_one_client() -> None:
    faults = dict.fromkeys(
        ("throttled", "error", "gateway", "unavailable", "dropped", "half"), 0.05
    )
    catalogue = Catalogue(playlists=100, tracks=200, odd=0.0)
    clock = Clock()
    with SpotifyServer(catalogue, Behaviour(faults=faults)) as server:
        with client(server, clock, tries=12) as http, ThreadPoolExecutor(8) as pool:
            asked = [
                pool.submit(http.get, "search", {"q": "a", "type": "playlist", "offset": n})
                for n in range(50)
            ]
            got = [answer.result()["playlists"]["offset"] for answer in asked]
        assert got == list(range(50))
        assert server.total("fault") > 5
    gc.collect()  # a socket left open would be a warning, and so an error


def test_closing_waits_for_the_requests_under_way() -> None:
    behaviour = Behaviour(faults={"slow": 0.5}, slow=0.05)
    with SpotifyServer(behaviour=behaviour) as server, ThreadPoolExecutor(6) as pool:
        http = client(server, Clock(), tries=1)
        asked = [pool.submit(http.get, "search", {"q": "a", "type": "playlist"}) for _ in range(60)]
        while not all(answer.done() for answer in asked):
            http.close()
        assert all(answer.result()["playlists"] for answer in asked)
        http.close()
    gc.collect()


def test_closing_twice_does_no_harm() -> None:
    http = JsonClient("http://127.0.0.1:9/v1")
    http.close()
    http.close()
    assert repr(http) == "JsonClient('127.0.0.1:9')"
