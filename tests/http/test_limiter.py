from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clocks import Clock
from segue.errors import ServiceError
from segue.http.limiter import Limited, RateLimiter
from segue.http.message import Answer, Request


def limiter(clock: Clock, requests: int | None = 3, window: float = 30.0) -> RateLimiter:
    return RateLimiter(requests, window, clock=clock, sleep=clock.sleep)


@given(
    requests=st.integers(1, 5),
    gaps=st.lists(st.floats(0, 40, allow_nan=False), min_size=1, max_size=40),
)
def test_no_window_of_time_sees_more_than_its_share(requests: int, gaps: list[float]) -> None:
    clock = Clock(0.0)
    limited = limiter(clock, requests)
    starts = []
    for gap in gaps:
        clock.now += gap
        limited.acquire()
        starts.append(clock.now)
    for first, after in zip(starts, starts[requests:], strict=False):
        assert after - first >= 30 - 1e-6


def test_requests_that_are_far_apart_never_wait() -> None:
    clock = Clock()
    limited = limiter(clock)
    for _ in range(20):
        clock.now += 10.5
        limited.acquire()
    assert clock.slept == []


def test_threads_share_one_limit() -> None:
    clock = Clock(0.0)
    limited = limiter(clock, 10)
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(limited.acquire) for _ in range(200)]:
            done.result()
    assert clock.now >= (200 / 10 - 1) * 30


def test_a_pause_holds_every_request_until_it_ends() -> None:
    clock = Clock(0.0)
    limited = limiter(clock)
    limited.pause(50)
    limited.pause(20)  # ends earlier: changes nothing
    limited.acquire()
    assert clock.now == 50
    limited.acquire()
    assert clock.now == 50


def test_without_a_limit_only_pauses_count() -> None:
    clock = Clock(0.0)
    limited = limiter(clock, None)
    for _ in range(1_000):
        limited.acquire()
    assert clock.slept == []
    limited.pause(7)
    limited.acquire()
    assert clock.slept == [7]


def test_a_pause_that_is_too_long_is_not_waited_for_by_anybody() -> None:
    clock = Clock(0.0)
    limited = limiter(clock)
    limited.pause(86_400)
    for _ in range(2):
        with pytest.raises(ServiceError, match=r"24\.0 hours") as caught:
            limited.acquire()
        assert (caught.value.status, caught.value.retry_after) == (429, 86_400)
    assert clock.slept == []
    clock.now += 86_300
    limited.acquire()  # the rest is short enough
    assert clock.slept == [100]


def test_a_pause_that_comes_while_waiting_is_heeded() -> None:
    clock = Clock(0.0)
    paused = False

    def sleep(seconds: float) -> None:
        nonlocal paused
        clock.sleep(seconds)
        if not paused:
            paused = True
            limited.pause(60)

    limited = RateLimiter(1, 30.0, clock=clock, sleep=sleep)
    limited.acquire()
    limited.acquire()
    assert clock.slept == [30, 60]


def test_a_sleep_that_raises_ends_the_wait() -> None:
    def sleep(_: float) -> None:
        raise KeyboardInterrupt

    limited = RateLimiter(1, clock=Clock(), sleep=sleep)
    limited.acquire()
    with pytest.raises(KeyboardInterrupt):
        limited.acquire()


def test_a_limited_sender_waits_before_it_sends() -> None:
    clock = Clock(0.0)
    sent = []

    class Sender:
        def send(self, request: Request) -> Answer:
            sent.append((clock.now, request.path))
            return Answer(200, {}, None)

    sender = Limited(Sender(), limiter(clock, 1))
    for path in ("a", "b"):
        sender.send(Request("GET", path))
    assert sent == [(0, "a"), (30, "b")]
