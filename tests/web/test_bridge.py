"""The bridge to WSGI: what PEP 3333 asks of it, told by a small application of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from tests.loops import run_story
from toiluot_bridge import Bridge, answered, environ_of

SCOPE = {
    "type": "http", "method": "POST", "path": "/quầy", "query_string": b"a=%C4%83&b=\xff", "http_version": "1.1", "scheme": "https",
    "server": ("127.0.0.1", 8080), "client": ("10.0.0.7", 4711),
    "headers": [
        (b"content-type", b"text/plain"), (b"content-length", b"3"), (b"x-two", b"1"), (b"x-two", b"2"),
        (b"cookie", b"a=1"), (b"cookie", b"b=2"),
    ],
}  # fmt: skip


class Parts:
    """An answer in parts that wants to be closed."""

    def __init__(self, *parts: bytes) -> None:
        self._parts, self.closed = parts, False

    def __iter__(self) -> Any:
        return iter(self._parts)

    def close(self) -> None:
        self.closed = True


def asked(application: Callable[..., Iterable[bytes]], scope: dict[str, Any] | None = None, body: bytes = b"abc") -> list[dict[str, Any]]:
    """What the bridge sends for one request whose body comes in two pieces."""
    pieces = [{"body": body[:1], "more_body": True}, {"body": body[1:]}]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", **pieces.pop(0)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    run_story(lambda: Bridge(application, 1)(scope or SCOPE, receive, send))
    return sent


def test_the_environment_holds_bytes_read_as_latin_1() -> None:
    environ = environ_of(SCOPE, b"abc")
    assert environ["PATH_INFO"].encode("latin-1").decode() == "/quầy"
    assert environ["QUERY_STRING"].encode("latin-1") == b"a=%C4%83&b=\xff"
    assert (environ["CONTENT_TYPE"], environ["CONTENT_LENGTH"]) == ("text/plain", "3")
    assert (environ["HTTP_X_TWO"], environ["HTTP_COOKIE"]) == ("1,2", "a=1; b=2")
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"], environ["REMOTE_ADDR"]) == ("127.0.0.1", "8080", "10.0.0.7")
    assert environ["wsgi.url_scheme"] == "https"
    assert environ["wsgi.input"].read() == b"abc"


def test_a_unix_socket_has_no_address() -> None:
    assert environ_of(SCOPE | {"server": None, "client": None}, b"")["REMOTE_ADDR"] == ""


def test_an_answer_in_parts_is_sent_whole_and_closed() -> None:
    parts = Parts(b"one", b"two")

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("201 CREATED", [("X-Said", environ["wsgi.input"].read().decode())])
        return parts

    start, body = asked(application)
    assert (start["status"], start["headers"], body["body"]) == (201, [(b"x-said", b"abc")], b"onetwo")
    assert parts.closed


def test_what_is_written_goes_before_what_is_returned() -> None:
    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [])(b"first ")
        return [b"then"]

    assert answered(application, environ_of(SCOPE, b"")).body == b"first then"


def test_what_the_application_raises_is_raised_to_whoever_asked() -> None:
    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        raise LookupError("nothing here")

    with pytest.raises(LookupError, match="nothing here"):
        asked(application)


def test_strangers_choose_names_of_headers_but_not_how_many_are_remembered() -> None:
    from toiluot_bridge import _MOST_NAMES, _NAMES

    for n in range(2 * _MOST_NAMES):
        assert environ_of(SCOPE | {"headers": [(f"x-{n}".encode(), b"v")]}, b"")[f"HTTP_X_{n}"] == "v"
    assert len(_NAMES) <= _MOST_NAMES
