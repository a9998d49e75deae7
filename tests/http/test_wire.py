from __future__ import annotations

import gzip
import json
import logging
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.http.message import LostError, Request
from segue.http.wire import Wire, _decoded, _words

ASKED = Request("GET", "thing", params={"q": "夏 & more"}, headers={"Authorization": "Bearer T0P"})


def request_of(connection: socket.socket) -> bytes:
    """Read a request: its head, and as much of a body as that announces."""
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(65_536)
    announced = re.search(rb"Content-Length: (\d+)", head)
    end = head.index(b"\r\n\r\n") + 4 + (int(announced[1]) if announced else 0)
    while len(head) < end:
        head += connection.recv(65_536)
    return head


@contextmanager
def serving(*replies: bytes | None) -> Iterator[tuple[str, list[bytes]]]:
    """Answer one connection after the other with these bytes, then hang up; None: say nothing."""
    seen: list[bytes] = []
    silent: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def work() -> None:
            for reply in replies:
                connection, _ = listener.accept()
                seen.append(request_of(connection))
                if reply is None:
                    silent.append(connection)
                else:
                    connection.sendall(reply)
                    connection.close()

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1", seen
        thread.join(10)
        for connection in silent:
            connection.close()


def reply(body: bytes | str, status: str = "200 OK", **headers: str) -> bytes:
    raw = body.encode() if isinstance(body, str) else body
    lines = {"Content-Length": str(len(raw)), "Connection": "close", **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + raw


def send(base: str, request: Request = ASKED, **options: Any) -> Any:
    wire = Wire(base, **options)
    try:
        return wire.send(request)
    finally:
        wire.close()


def test_what_is_sent_and_what_comes_back() -> None:
    with serving(reply('{"a": "夏"}', X_Odd="1")) as (base, seen):
        answer = send(base, headers={"X-Own": "yes"})
    assert (answer.status, answer.data, answer.words) == (200, {"a": "夏"}, "")
    assert answer.headers["x-odd"] == "1"
    head = seen[0].decode()
    assert head.startswith("GET /v1/thing?q=%E5%A4%8F+%26+more HTTP/1.1\r\n")
    assert "Authorization: Bearer T0P\r\n" in head
    assert "X-Own: yes\r\n" in head
    assert "User-Agent: segue\r\n" in head


def test_forms_and_json_are_posted() -> None:
    with serving(reply("{}"), reply("{}")) as (base, seen):
        send(base, Request("POST", "api/token", form={"code": "a b"}))
        send(base, Request("POST", "x", json={"a": [1]}))
    assert seen[0].endswith(b"\r\n\r\ncode=a+b")
    assert seen[1].endswith(b'\r\n\r\n{"a":[1]}')


def test_an_error_answer_is_an_answer_with_words() -> None:
    body = {"error": {"status": 429, "message": "Too many\nrequests", "reason": "QUOTA_EXCEEDED"}}
    text = json.dumps(body)
    with serving(reply(text, "429 Too Many Requests", Retry_After="7")) as (base, _):
        answer = send(base)
    assert (answer.status, answer.headers["retry-after"]) == (429, "7")
    assert answer.words == "Too many requests: QUOTA_EXCEEDED"


def test_an_error_page_that_is_not_json_is_an_answer_without_words() -> None:
    with serving(reply("<h1>Bad gateway</h1>", "502 Bad Gateway")) as (base, _):
        answer = send(base)
    assert (answer.status, answer.data, answer.words) == (502, None, "")


@pytest.mark.parametrize(
    "body",
    [
        '{"a": [1, 2',
        "<html>",
        b'{"a": "\xff"}',
        "NaN",
        '{"a": Infinity}',
        "[" * 100_000,
        "9" * 5_000,
    ],
)
def test_a_success_that_is_not_json_is_lost(body: str | bytes) -> None:
    with serving(reply(body)) as (base, _), pytest.raises(LostError, match="not whole JSON"):
        send(base)


def test_no_content_is_no_data() -> None:
    with serving(reply("", "204 No Content")) as (base, _):
        assert send(base).data is None


def test_an_unexpected_shape_is_lost() -> None:
    asked = Request("GET", "thing", valid=lambda data: isinstance(data, dict))
    with serving(reply("[]")) as (base, _), pytest.raises(LostError, match="unexpected shape"):
        send(base, asked)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Encoding: gzip\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"no HTTP at all\r\n\r\n",
    ],
)
def test_broken_connections_are_lost(raw: bytes) -> None:
    with serving(raw) as (base, _), pytest.raises(LostError, match=r"127\.0\.0\.1:\d+: GET /thing"):
        send(base)


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        base = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(LostError, match="refused"):
        send(base)


def test_silence_ends() -> None:
    with serving(None) as (base, _), pytest.raises(LostError, match="no answer in time"):
        send(base, timeout=0.1)


def test_an_answer_has_a_largest_size_even_when_packed() -> None:
    body = gzip.compress(json.dumps("a" * 200_000).encode())
    assert len(body) < 1_000
    with serving(reply(body, Content_Encoding="gzip")) as (base, _):
        assert len(send(base, max_bytes=300_000).data) == 200_000
    with (
        serving(reply(body, Content_Encoding="gzip")) as (base, _),
        pytest.raises(LostError, match="more than 100,000 bytes"),
    ):
        send(base, max_bytes=100_000)


def test_redirects_are_not_followed() -> None:
    with (
        serving(reply("{}")) as (elsewhere, seen),
        serving(reply("", "302 Found", Location=elsewhere)) as (base, _),
    ):
        assert send(base).status == 302
        assert seen == []
        send(elsewhere)


def test_cookies_are_not_kept() -> None:
    with serving(reply("{}", Set_Cookie="spy=1; Path=/"), reply("{}")) as (base, seen):
        wire = Wire(base)
        wire.send(ASKED)
        wire.send(ASKED)
        wire.close()
    assert b"spy" not in seen[1]


def test_secrets_are_in_no_message_and_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    asked = Request(
        "POST",
        "api/token",
        params={"p": "qu3ry"},
        form={"refresh_token": "r3fresh"},
        headers=ASKED.headers,
    )
    body = json.dumps({"error": {"message": "token T0P of r3fresh is bad"}})
    with serving(reply(body, "401 Unauthorized"), b"") as (base, _):
        wire = Wire(base.replace("://", "://user:p4ss@"), headers={"Authorization": "Basic X"})
        answer = wire.send(asked)
        with pytest.raises(LostError) as caught:
            wire.send(asked)
        wire.close()
    assert answer.words == "token *** of *** is bad"
    shown = f"{caught.value} {caught.value!r} {wire!r} {answer!r} {asked!r} {caplog.text}"
    for secret in ("T0P", "r3fresh", "p4ss", "qu3ry"):
        assert secret not in shown
    assert "HTTP Request: POST" in caplog.text  # or this shows nothing


@given(st.recursive(st.none() | st.text() | st.integers(), st.lists))
def test_any_error_body_has_words_or_none(data: Any) -> None:
    for body in (data, {"error": data}, {"error": {"message": data, "reason": data}}):
        words = _words(body, ())
        assert words.isprintable()
        assert len(words) <= 200


@given(st.binary(max_size=200))
def test_any_body_is_json_or_an_error(body: bytes) -> None:
    try:
        data = _decoded(body)
    except ValueError:
        return
    assert data is None or json.loads(body) == data


def test_a_service_that_is_not_there_is_told_with_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        port = taken.getsockname()[1]
        wire = Wire(f"http://127.0.0.1:{port}")
        with pytest.raises(LostError, match=r"cannot be reached .*; check the address"):
            wire.send(Request("GET", "x"))
        wire.close()
