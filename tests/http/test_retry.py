from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clocks import Clock
from segue.errors import ServiceError
from segue.http.limiter import Limited, RateLimiter
from segue.http.message import Answer, LostError, Request
from segue.http.retry import Backoff, Retrying, retry_after

ASKED = Request("GET", "thing")


class Script:
    """Answers as told, in order."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self.answers = list(answers)
        self.sent = 0

    def send(self, request: Request) -> Answer:
        assert request == ASKED
        self.sent += 1
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def status(code: int, after: str | None = None) -> Answer:
    return Answer(code, {} if after is None else {"retry-after": after}, {"code": code})


def send(clock: Clock, script: Script, tries: int = 4, draw: float = 1.0) -> Answer:
    limiter = RateLimiter(clock=clock, sleep=clock.sleep)
    backoff = Backoff(tries, draw=lambda: draw, sleep=clock.sleep)
    return Retrying(Limited(script, limiter), limiter, backoff).send(ASKED)


@pytest.mark.parametrize("code", [200, 204, 301, 400, 401, 403, 404, 410])
def test_what_asking_again_does_not_mend_is_passed_on(code: int) -> None:
    clock = Clock()
    script = Script(status(code))
    assert send(clock, script).status == code
    assert (script.sent, clock.slept) == (1, [])


@pytest.mark.parametrize("code", [408, 500, 502, 503, 504, 599])
def test_bad_luck_is_tried_again_after_growing_delays(code: int) -> None:
    clock = Clock()
    script = Script(status(code), status(code), status(code), status(200))
    assert send(clock, script).status == 200
    assert clock.slept == [0.5, 1, 2]


def test_lost_answers_are_asked_for_again() -> None:
    clock = Clock()
    script = Script(LostError("no answer"), LostError("half of it"), status(200))
    assert send(clock, script).status == 200
    assert clock.slept == [0.5, 1]


def test_the_jitter_is_full() -> None:
    clock = Clock()
    send(clock, Script(status(500), status(500), status(200)), draw=0.25)
    assert clock.slept == [0.125, 0.25]


def test_delays_have_a_cap() -> None:
    assert Backoff(draw=lambda: 1.0).delay(50) == 30


def test_after_the_last_try_the_answer_is_passed_on_without_waiting() -> None:
    clock = Clock()
    script = Script(*[status(500)] * 4)
    assert send(clock, script).status == 500
    assert (script.sent, len(clock.slept)) == (4, 3)
    with pytest.raises(LostError, match="third"):
        send(clock, Script(LostError("first"), LostError("second"), LostError("third")), tries=3)


def test_a_429_waits_as_long_as_it_says() -> None:
    clock = Clock()
    script = Script(status(429, "100"), status(200))
    assert send(clock, script, draw=0.0).status == 200
    assert clock.slept == [100]


def test_a_429_with_a_date_waits_until_then() -> None:
    clock = Clock()
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    headers = {
        "retry-after": format_datetime(now.replace(second=42), usegmt=True),
        "date": format_datetime(now, usegmt=True),
    }
    send(clock, Script(Answer(429, headers, None), status(200)), draw=0.0)
    assert clock.slept == [42]


@pytest.mark.parametrize("after", [None, "", "soon", "-5", "nan", "0"])
def test_a_429_that_names_no_time_backs_off(after: str | None) -> None:
    clock = Clock()
    send(clock, Script(status(429, after), status(429, after), status(200)))
    assert clock.slept == [0.5, 1]


def test_a_429_for_too_long_ends_it_at_once() -> None:
    clock = Clock()
    script = Script(status(429, "86400"))
    with pytest.raises(ServiceError) as caught:
        send(clock, script)
    assert (caught.value.status, caught.value.retry_after) == (429, 86_400)
    assert (script.sent, clock.slept) == (1, [])


def test_a_503_that_names_a_time_pauses_everybody() -> None:
    clock = Clock()
    limiter = RateLimiter(clock=clock, sleep=clock.sleep)
    sender = Retrying(
        Script(status(503, "9"), status(200)), limiter, Backoff(draw=lambda: 0.0, sleep=clock.sleep)
    )
    assert sender.send(ASKED).status == 200
    assert clock.slept == []  # the script itself is not limited
    limiter.acquire()
    assert clock.slept == [9]


@given(st.text(max_size=40))
def test_any_header_is_a_time_or_nothing(value: str) -> None:
    seconds = retry_after({"retry-after": value}, now=lambda: 1e9)
    assert seconds is None or 0 <= seconds <= 366 * 86_400


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 1.5 ", 1.5),
        ("9" * 400, 366 * 86_400.0),
        ("٣", None),
        ("Sun, 09 Sep 2001 01:46:50 GMT", 10.0),
        ("Sun, 09 Sep 2001 01:46:30 GMT", 0.0),
        ("Sun, 09 Sep 2001 01:46:50 -0000", 10.0),
    ],
)
def test_times_that_are_told(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}, now=lambda: 1e9) == seconds
