"""Requests that are almost right: each gets a documented refusal, changes nothing, and leaves nothing in the log."""

from __future__ import annotations

import json
import re

import httpx
import pytest

from tests.hostile.raw import exchange, status
from tests.web.helpers import Process, Site, rid, until

IDENTITY = "001090123456"


def ask(
    site: Site, target: str, *lines: str, method: str = "GET", body: bytes = b"", version: str = "1.1", key: str | None = None
) -> bytes:
    head = [f"{method} {target} HTTP/{version}", "Host: x", f"Authorization: Bearer {key or site.key()}", "Connection: close", *lines]
    return exchange(site.base, "\r\n".join(head).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body)


def post(site: Site, text: bytes) -> httpx.Response:
    return site.http().post("/api/v1/tickets", content=text, headers={"Content-Type": "application/json"})


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (b'"service":"ho-tich","quantity":1e400', 422),
        (b'"service":"ho-tich","quantity":-Infinity', 400),
        (b'"service":"ho-tich","quantity":1e2', 422),
        (b'"service":"ho-tich","quantity":1.0', 422),
        (b'"service":"ho-tich","quantity":true', 422),
        (b'"service":"ho-tich","quantity":"1"', 422),
        (b'"service":"ho-tich","quantity":9223372036854775808', 422),
        (b'"service":"ho-tich","quantity":-0', 422),
        (b'"service":"ho-tich","quantity":' + b"9" * 5000, 400),
        (b'"service":"ho-tich","lang":"vi\\u0000"', 422),
        (b'"service":"ho-tich","zone":"\\ud800"', 422),
        (b'"service":"ho-tich","zone":"\\udc00\\ud800"', 422),
        (b'"service":"ho-tich\\r\\nSet-Cookie: a=b"', 422),
        (b'"service":"ho-tich","\\u0000":1', 422),
        (b'"service":"ho-tich","__proto__":{}', 422),
        (b'"service":"ho-tich","service":"ho-tich"', 400),
        (b'"service":"ho-tich","tasks":["ho-tich"]', 422),
        (b'"tasks":[]', 422),
        (b'"tasks":[["ho-tich"]]', 422),
        (b'"tasks":["a","b","c","d","e","f","g","h","i","j","k"]', 422),
        (b'"service":"' + "\u0301".encode() * 64 + b'"', 409),
        (b'"service":"ho-tich",', 400),
        (b"'service':'ho-tich'", 400),
        (b'"service":"ho-tich"} {"x":1', 400),
        (b'/* a comment */ "service":"ho-tich"', 400),
    ],
)
def test_values_at_the_edge(site: Site, fields: bytes, expected: int) -> None:
    before = site.client().queue()["tickets"]
    answer = post(site, b'{"request_id":"%s",%s}' % (rid("edge").encode(), fields))
    assert answer.status_code in ({409, 422, 404} if expected == 409 else {expected}), answer.text
    assert site.client().queue()["tickets"] == before


def test_a_byte_order_mark_and_white_space_around(site: Site) -> None:
    good = b'{"request_id":"%s","service":"ho-tich"}'
    assert post(site, b" \r\n\t" + good % rid("space").encode() + b"\n").status_code == 201
    assert post(site, b"\xef\xbb\xbf" + good % rid("bom").encode()).status_code == 400


@pytest.mark.parametrize(
    "target",
    [
        "//api/v1/services", "/api/v1//services", "/api/v1/./services", "/api/v1/x/../services", "/api/v1/%2e%2e/v1/services",
        "/api/v1/services;a=b",
        "/api%2fv1%2fservices", "/API/V1/SERVICES", "/api/v1/services%00", "/api/v1/services%0d%0aX-Evil:%201", "/api/v1/services%20",
        "/api/v1/tickets/..;/counters", "/api/v1/counters/%2e%2e", "/api/v1/counters/1%2fnext", "/t/..%2f..%2fetc%2fpasswd.json",
        "/t/%2e%2e.json",
        "/b/..%2f..%2fsecret", "/static/....//app.py", "/static/%252e%252e/app.py", "/static/..%5capp.py",
        "/static/C:%5cwindows", "/static//etc/passwd",
    ],
)  # fmt: skip
def test_another_spelling_of_a_path_is_another_path(site: Site, target: str) -> None:
    answer = ask(site, target)
    assert status(answer) in (308, 400, 404, 405), answer[:300]
    assert b"X-Evil: 1\r\n" not in answer
    assert b"root:" not in answer


def test_an_absolute_address_and_a_foreign_host_are_this_server(site: Site) -> None:
    assert status(ask(site, "http://elsewhere.example/api/v1/services")) == 200
    assert status(ask(site, "*", method="OPTIONS")) in (400, 404, 405)
    assert status(ask(site, "elsewhere.example:443", method="CONNECT")) in (0, 400, 404, 405)


@pytest.mark.parametrize("method", ["TRACE", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "PROPFIND", "get"])
def test_other_methods_do_nothing(site: Site, method: str) -> None:
    answer = ask(site, "/api/v1/tickets", method=method)
    assert status(answer) in (400, 404, 405, 422), answer[:200]
    assert b"Bearer" not in answer.replace(b"WWW-Authenticate: Bearer", b"").replace(b"www-authenticate: Bearer", b"")


def test_old_http_is_answered_and_closed(site: Site) -> None:
    answer = exchange(site.base, b"GET /healthz HTTP/1.0\r\n\r\n")
    assert status(answer) == 200
    assert b"transfer-encoding" not in answer.lower() or b"HTTP/1.1" in answer
    older = exchange(site.base, b"GET /healthz\r\n\r\n", end=True)  # some parsers take it for HTTP/0.9
    assert status(older) in (0, 400) or b"connection: close" in older.lower()


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: 5", "Content-Length: 6"),
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
        ("Content-Length: +5",),
        ("Content-Length: 5, 5",),
        ("Content-Length: 0x5",),
        ("Transfer-Encoding: chunked, identity",),
        ("Transfer-Encoding: gzip, chunked",),
        ("Transfer-Encoding : chunked",),
        ("X: a\rb",),
        (" folded: x",),
        ("No colon",),
        (": no name",),
    ],
)
def test_ambiguous_lengths_and_broken_headers_are_never_two_requests(site: Site, lines: tuple[str, ...]) -> None:
    """Whatever a proxy in front believed, the second request hidden in the body is not served."""
    hidden = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    chunked = b"0\r\n\r\n" + hidden
    head = "\r\n".join(("POST /api/v1/tickets HTTP/1.1", "Host: x", "Connection: close", *lines))
    answer = exchange(site.base, head.encode() + b"\r\n\r\n" + chunked, end=True)
    assert answer.count(b"HTTP/1.1 ") <= 1, answer[:400]
    assert b'"status":"ok"' not in answer
    assert status(answer) in (0, 400, 401, 408, 415)


@pytest.mark.parametrize("length", [1, pytest.param(10_000, marks=[pytest.mark.full, pytest.mark.slow(reason="a body has ten seconds")])])
def test_a_length_that_lies(site: Site, length: int) -> None:
    body = b'{"request_id":"%s","service":"ho-tich"}' % rid("lie").encode()
    answer = ask(site, "/api/v1/tickets", "Content-Type: application/json", f"Content-Length: {length}", method="POST", body=body + b"\r\n")
    assert status(answer) in (0, 400, 408), answer[:200]


def test_header_values_do_not_travel_into_answers(site: Site) -> None:
    odd = ('If-None-Match: "a b", W/"' + "x" * 5000 + '"', "Accept-Language: " + "a," * 3000, "X-Request-Id: evil")
    answer = ask(site, "/api/v1/board", *odd)
    assert status(answer) == 200
    assert b"evil" not in answer
    login = site.nobody().get("/login?next=%0d%0aX-Evil:%201")
    assert "x-evil" not in login.headers
    page = site.nobody().get(f"/b/{site.board_token}/?zone=%0d%0aX-Evil:%201%ff")
    assert "x-evil" not in page.headers
    assert page.status_code == 308


@pytest.mark.parametrize("zone", ["đông", "x\r\nX-Evil: 1", '"><script>', "\u202e", "z" * 64])
def test_a_zone_of_any_letters_is_only_a_zone(site: Site, zone: str) -> None:
    answer = site.http().get("/api/v1/board", params={"zone": zone})
    assert answer.status_code in (200, 422)
    assert "x-evil" not in answer.headers
    if answer.status_code == 200:
        assert site.http().get("/api/v1/board", params={"zone": zone}, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    page = site.nobody().get(f"/b/{site.board_token}", params={"zone": zone})
    assert '<script>"' not in page.text
    assert '"><script>' not in page.text


def test_a_revoked_key_dies_within_a_second_or_two(site: Site) -> None:
    key = site.key("read")
    http = site.http(key=key)
    assert http.get("/api/v1/services").status_code == 200
    with site.store.read() as reader:
        newest = max(reader.keys(), key=lambda row: row["created_at"])["id"]
    site.store.write("", lambda rows: rows.revoke_key(newest, rows.now_ms))
    until(lambda: http.get("/api/v1/services").status_code == 401, 3)


def test_nothing_that_was_sent_is_in_the_log(site: Site, server: Process) -> None:
    key = site.key()
    for target in (
        f"/api/v1/tickets/{IDENTITY}",
        f"/t/{IDENTITY}.json",
        f"/b/{IDENTITY}",
        f"/api/v1/tickets?label={IDENTITY}",
        f"/{IDENTITY}",
    ):
        ask(site, target, f"Cookie: toiluot_session={IDENTITY}", f"User-Agent: {IDENTITY}", key=key)
    exchange(site.base, f"GET /{IDENTITY} HTTP/9.9\r\n{IDENTITY}\r\n\r\n".encode(), end=True)
    post(site, json.dumps({"request_id": IDENTITY, "service": IDENTITY, IDENTITY: IDENTITY}).encode())
    site.nobody().post("/login", json={"login": IDENTITY, "password": IDENTITY})
    said = server.log.read_text()
    assert IDENTITY not in said
    assert key not in said
    assert "Traceback" not in said
    assert not re.search(r"Invalid HTTP request", said)


def test_an_upgrade_is_not_taken_up(site: Site) -> None:
    for kind in ("websocket", "h2c"):
        answer = exchange(
            site.base, f"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: {kind}\r\n\r\n".encode(), end=True
        )
        assert status(answer) in (0, 200, 400)
