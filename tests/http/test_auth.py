from __future__ import annotations

from segue.http.auth import Authorised
from segue.http.message import Answer, Request


class Keys:
    """Credentials that go from k0 to k1 and on with each renewal."""

    def __init__(self, most: int = 9) -> None:
        self.number = 0
        self.most = most
        self.refused: list[str] = []

    def header(self) -> str:
        return f"Bearer k{self.number}"

    def renew(self, refused: str) -> bool:
        self.refused.append(refused)
        self.number += self.number < self.most
        return self.number < self.most


class Door:
    """Opens for some keys only."""

    def __init__(self, *good: str) -> None:
        self.good = good
        self.tried: list[str] = []

    def send(self, request: Request) -> Answer:
        self.tried.append(request.headers["Authorization"])
        return Answer(200 if request.headers["Authorization"][7:] in self.good else 401, {}, None)


def test_every_request_carries_the_credentials() -> None:
    door = Door("k0")
    assert Authorised(door, Keys()).send(Request("GET", "a", headers={"X": "1"})).status == 200
    assert door.tried == ["Bearer k0"]


def test_a_401_renews_and_sends_again() -> None:
    door, keys = Door("k1"), Keys()
    assert Authorised(door, keys).send(Request("GET", "a")).status == 200
    assert (door.tried, keys.refused) == (["Bearer k0", "Bearer k1"], ["Bearer k0"])


def test_a_new_token_that_another_thread_ended_is_renewed_once_more() -> None:
    door = Door("k2")
    assert Authorised(door, Keys()).send(Request("GET", "a")).status == 200


def test_there_is_an_end_to_renewing() -> None:
    door, keys = Door(), Keys()
    assert Authorised(door, keys).send(Request("GET", "a")).status == 401
    assert len(door.tried) == 3
    assert len(keys.refused) == 2


def test_where_nothing_new_is_to_be_had_the_401_is_passed_on() -> None:
    door = Door()
    assert Authorised(door, Keys(most=0)).send(Request("GET", "a")).status == 401
    assert len(door.tried) == 1


def test_secrets_are_known_and_not_shown() -> None:
    request = Request(
        "POST",
        "api/token",
        params={"q": "love", "token": "t0k", "t": "md5", "p": "x"},
        form={"refresh_token": "r3f", "grant_type": "refresh_token"},
        headers={"authorization": "Bearer acc"},
    )
    assert request.secrets == ("acc", "t0k", "md5", "r3f")
    assert repr(request) == "Request(method='POST', path='api/token')"
