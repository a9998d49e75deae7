from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.catalog.incoming import ListenRecord, RatingRecord, Record, Skip
from segue.errors import ServiceError, UsageError
from segue.http.limiter import RateLimiter
from segue.sources.listenbrainz_api import PAGE, ListenBrainzApi
from segue.sources.source import Source
from servers.listenbrainz import TOKEN, USER, ListenBrainz, feedback, listen, uuid

START = 1_600_000_000


@contextmanager
def serve(server: ListenBrainz, **options: Any) -> Iterator[ListenBrainzApi]:
    with server.running() as address:
        yield ListenBrainzApi(USER, **{"address": address, **options})


def read(source: ListenBrainzApi, name: str = "listens") -> list[Record]:
    return [record for part in source.parts() if part.name == name for record in part.read()]


def heard(records: list[Record]) -> list[tuple[int, str]]:
    """Return second and title of each listen; there must be nothing else."""
    found = [each for each in records if isinstance(each, ListenRecord)]
    assert len(found) == len(records)
    return [(each.at, each.track.title) for each in found]


def all_of(server: ListenBrainz) -> list[tuple[int, str]]:
    rows = [(row["listened_at"], row["track_metadata"]["track_name"]) for row in server.listens]
    return sorted(rows)


def test_all_pages_come_newest_first() -> None:
    server = ListenBrainz([listen(START + 180 * n, n) for n in range(2 * PAGE + 345)])
    with serve(server) as source:
        found = heard(read(source))
    assert found == all_of(server)[::-1]
    assert isinstance(source, Source)
    assert all(asked.query["count"] == str(PAGE) for asked in server.asked)
    assert "max_ts" not in server.asked[0].query
    assert len(server.asked) == 5  # three pages, one with nothing new, and an empty one


def test_a_listen_is_read_as_in_an_export() -> None:
    metadata = {
        "artist_name": "Björk",
        "track_name": "Hunter\0",
        "release_name": "Homogenic",
        "additional_info": {"recording_mbid": uuid(1).upper(), "duration_ms": 255_000},
    }
    with serve(ListenBrainz([listen(START, 1, track_metadata=metadata)])) as source:
        (record,) = read(source)
    assert isinstance(record, ListenRecord)
    assert (record.at, record.listener, record.seconds) == (START, "me", None)
    track = record.track
    assert (track.title, track.artist, track.album) == ("Hunter", "Björk", "Homogenic")
    assert (track.key, track.duration) == (f"musicbrainz:{uuid(1)}", 255.0)
    assert USER not in repr(record)


@given(st.integers(0, 10_000), st.integers(2, 12), st.integers(1, 60), st.integers(1, 40))
def test_equal_seconds_over_a_page_border(seed: int, most: int, count: int, spread: int) -> None:
    # With at most `most - 1` listens in a second nothing may be lost, and nothing come twice.
    draw = random.Random(seed)
    seconds: list[int] = []
    while len(seconds) < count:
        second = START + draw.randrange(spread)
        if seconds.count(second) < most - 1:
            seconds.append(second)
        else:
            spread += 1
    server = ListenBrainz([listen(at, n) for n, at in enumerate(seconds)], most=most)
    since, until = sorted((START + draw.randrange(spread), START + draw.randrange(spread)))
    assert_pages(server, None, None)
    assert_pages(server, since, until)


def assert_pages(server: ListenBrainz, since: int | None, until: int | None) -> None:
    """Read without a network, which a hundred examples would wait for."""
    source = ListenBrainzApi(USER, since=since, until=until)
    records = next(iter(source.parts())).read
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("segue.sources.listenbrainz_api._Service.ask", ask_of(server))
        found = heard(list(records()))
    wanted = [
        (at, title)
        for at, title in all_of(server)
        if (since is None or at >= since) and (until is None or at <= until)
    ]
    assert sorted(found) == wanted
    assert [at for at, _ in found] == sorted((at for at, _ in found), reverse=True)


def ask_of(server: ListenBrainz) -> Any:
    from servers.loopback import Asked

    def ask(_: Any, path: str, params: dict[str, Any], valid: Any) -> Any:
        query = {name: str(value) for name, value in params.items()}
        reply = server.answer(Asked("GET", f"/{path}", query, {}, {}))
        assert reply.status == 200
        assert valid(reply.body)
        return reply.body

    return ask


def test_more_of_one_second_than_a_page_holds_are_told_not_waited_for() -> None:
    server = ListenBrainz([listen(START + (n > 0), n) for n in range(30)], most=10)
    with serve(server) as source:
        records = read(source)
    assert [each for each in records if isinstance(each, Skip)] == [
        Skip("more listens of one second than a page holds", f"at {START + 1}")
    ]
    assert len([each for each in records if isinstance(each, ListenRecord)]) == 11


def test_no_listen_comes_twice_where_those_of_one_second_have_no_order() -> None:
    server = ListenBrainz([listen(START, n) for n in range(30)], most=10)
    draw = random.Random(7)

    def meddle(body: dict[str, Any]) -> dict[str, Any]:
        if body["payload"]["listens"]:
            body["payload"]["listens"] = draw.sample(server.listens, 10)
        return body

    server.meddle = meddle
    with serve(server) as source:
        found = heard(read(source))
    assert 10 <= len(found) == len(set(found))


def test_a_broken_sync_goes_on_where_it_stopped() -> None:
    server = ListenBrainz([listen(START + n // 3, n) for n in range(90)], most=20)
    with serve(server) as source:
        reading = next(iter(source.parts())).read()
        first = [next(reading) for _ in range(31)]
        reading.close()  # type: ignore[attr-defined]  # it is a generator
        oldest = min(at for at, _ in heard(first))
    with serve(server, until=oldest) as source:
        rest = read(source)
    assert sorted({*heard(first), *heard(rest)}) == all_of(server)
    assert len(heard(rest)) <= 90 - 31 + 3
    server.listens += [listen(START + 100 + n, 100 + n) for n in range(5)]
    server.asked.clear()
    with serve(server, since=START + 29) as source:
        new = heard(read(source))
    assert [at for at, _ in new] == [*range(START + 104, START + 99, -1), *[START + 29] * 3]
    assert len(server.asked) == 1


def test_nothing_listened_to() -> None:
    with serve(ListenBrainz()) as source:
        assert read(source) == []
        assert read(source, "feedback") == []


def test_a_service_that_knows_no_max_ts_is_not_asked_for_ever() -> None:
    server = ListenBrainz([listen(START + n, n) for n in range(50)], most=10)
    newest = server._listens

    def listens(asked: Any, size: int) -> Any:
        asked.query.pop("max_ts", None)
        return newest(asked, size)

    server._listens = listens  # type: ignore[method-assign]
    with serve(server) as source:
        assert len(heard(read(source))) == 10


def test_wrong_types_are_left_out_and_counted() -> None:
    good = listen(START, 1)
    wrong: list[Any] = [
        None,
        [good],
        {**good, "listened_at": None},
        {**good, "listened_at": "soon"},
        {**good, "listened_at": -5},
        {**good, "listened_at": 1 << 60},
        {**good, "track_metadata": None},
        {**good, "track_metadata": {"track_name": 7}},
    ]
    server = ListenBrainz([good])

    def meddle(body: dict[str, Any]) -> dict[str, Any]:
        if body["payload"]["listens"]:
            body["payload"]["listens"] += wrong
        return body

    server.meddle = meddle
    with serve(server, since=START + 1) as source:  # one page is enough
        records = read(source)
    assert [each.reason for each in records if isinstance(each, Skip)] == (
        ["not an object"] * 2 + ["no date, or one that cannot be"] * 4
    )
    with serve(server) as source:
        records = read(source)
    assert [each.track.title for each in records if isinstance(each, ListenRecord)] == ["Song 1"]
    assert [each.reason for each in records if isinstance(each, Skip)].count("no title") == 2


def test_the_token_is_sent_as_a_header_and_shown_nowhere() -> None:
    server = ListenBrainz([listen(START, 1)], [feedback(1, 1)], private=True)
    with serve(server, token=TOKEN) as source:
        assert len(read(source)) == len(read(source, "feedback")) == 1
    assert {asked.headers["authorization"] for asked in server.asked} == {f"Token {TOKEN}"}
    assert all(TOKEN not in str(asked.query) for asked in server.asked)
    assert TOKEN not in repr(source) + source.location + repr(list(source.parts()))


@pytest.mark.parametrize("token", ["wrong-token-123", ""])
@pytest.mark.parametrize("name", ["listens", "feedback"])
def test_a_wrong_token(name: str, token: str) -> None:
    with (
        serve(ListenBrainz(private=True), token=token) as source,
        pytest.raises(ServiceError, match="set SEGUE_LISTENBRAINZ_TOKEN") as caught,
    ):
        read(source, name)
    assert caught.value.status == 401
    assert "wrong-token-123" not in str(caught.value)


def test_an_unknown_user() -> None:
    with (
        ListenBrainz().running() as address,
        pytest.raises(ServiceError, match="check the user's name") as caught,
    ):
        read(ListenBrainzApi("nobody", address=address))
    assert caught.value.status == 404


class Clock:
    """A time that passes only in sleep."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def limiter(self, longest: float = 120.0) -> RateLimiter:
        return RateLimiter(longest=longest, clock=lambda: self.now, sleep=self.sleep)


def test_the_allowance_is_kept() -> None:
    clock = Clock()
    server = ListenBrainz([listen(START + n, n) for n in range(200)], most=20)
    server.window, server.clock = 3, lambda: clock.now
    with serve(server, limiter=clock.limiter()) as source:
        assert len(heard(read(source))) == 200
    assert server.refused == 0
    assert clock.slept == [10.0] * (len(server.asked) // 3)


def test_after_a_429_the_pause_it_asks_for_is_made() -> None:
    clock = Clock()
    server = ListenBrainz([listen(START, 1)], clock=lambda: clock.now)
    server.window, server._used, server._ends = 5, 9, 7.0  # somebody else used it up
    with serve(server, limiter=clock.limiter()) as source:
        assert len(heard(read(source))) == 1
    assert server.refused == 1
    assert clock.slept[0] == 7.0


def test_too_long_a_pause_ends_the_reading_and_says_when_to_go_on() -> None:
    clock = Clock()
    server = ListenBrainz([listen(START, 1)], clock=lambda: clock.now)
    server.window, server._used, server._ends = 5, 9, 900.0
    with (
        serve(server, limiter=clock.limiter()) as source,
        pytest.raises(ServiceError, match="15 minutes") as caught,
    ):
        read(source)
    assert (caught.value.status, caught.value.retry_after) == (429, 900.0)


def test_loved_and_hated_recordings() -> None:
    rows = [feedback(n, 1 if n % 2 else -1) for n in range(PAGE + 7)]
    with serve(ListenBrainz(feedback=rows)) as source:
        found = read(source, "feedback")
    assert [each.value for each in found if isinstance(each, RatingRecord)] == [
        row["score"] for row in rows
    ]
    last = found[-1]
    assert isinstance(last, RatingRecord)
    assert (last.track.title, last.at) == (f"Song {PAGE + 6}", 1_700_000_000 + PAGE + 6)
    assert last.track.key == f"musicbrainz:{uuid(PAGE + 6)}"
    assert last.track.outside_ids == (("musicbrainz_recording", uuid(PAGE + 6)),)


def test_feedback_that_says_too_little() -> None:
    rows: list[Any] = [
        feedback(1, 0),
        feedback(2, 5),
        feedback(3, 1, track_metadata=None),
        7,
        feedback(4, 1, created="soon", recording_mbid=None),
    ]
    with serve(ListenBrainz(feedback=rows)) as source:
        zero, five, nameless, nothing, last = read(source, "feedback")
    assert isinstance(zero, RatingRecord)
    assert zero.value == 0
    assert five == Skip("feedback that is neither love nor hate", uuid(2))
    assert nameless == Skip("feedback on a recording that has no name", uuid(3), bad=False)
    assert nothing == Skip("not an object")
    assert isinstance(last, RatingRecord)
    assert (last.track.key, last.at) == ("", None)


def test_a_service_that_knows_no_offset_is_not_asked_for_ever() -> None:
    server = ListenBrainz(feedback=[feedback(1, 1)])
    server.meddle = lambda body: {**body, "feedback": [feedback(1, 1)]}
    with serve(server) as source:
        assert len(read(source, "feedback")) == 1


@pytest.mark.parametrize(
    "address", ["api.listenbrainz.org", "ftp://x", "https://u:secret@x", "https://"]
)
def test_addresses_that_are_none(address: str) -> None:
    with pytest.raises(UsageError, match="ListenBrainz service") as caught:
        ListenBrainzApi(USER, address=address)
    assert "secret" not in str(caught.value)


def test_a_user_is_wanted() -> None:
    with pytest.raises(UsageError, match="whose listens"):
        ListenBrainzApi("")


def test_the_location_is_the_users_own() -> None:
    source = ListenBrainzApi(USER, address="https://lb.lan/api/1/")
    assert source.location == "https://lb.lan/api/1/user/anna%20maria%2F%C3%A9"
