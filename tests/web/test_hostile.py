"""Whatever is thrown at a call: a clear refusal, never a 5xx, never a traceback, and the server goes on."""

from __future__ import annotations

import json
import re
import socket
from typing import Any

import pytest

from queue_server.contract.vocabulary import MAX_BODY_BYTES
from queue_server.web.routes import ROUTES, full_path
from tests.web.helpers import Site, rid

# What only an enrolled device may ask, a key is refused before its body is read: tests/identity and tests/web/test_signed.py sign theirs.
COMMANDS = [route for route in ROUTES if route.message is not None and route.needs != ("device",)]
JSON = {"Content-Type": "application/json"}
NASTY: tuple[Any, ...] = (10**20, "x" * 10_000, "a\x00b", "\ud800", {"a": {"b": 1}})


def raw_body(text: Any) -> bytes:
    return json.dumps(text).encode()


BODIES = {
    "empty": (b"", 400),
    "not json": (b"{", 400),
    "a list": (b"[]", 400),
    "null": (b"null", 400),
    "a number": (b"1", 400),
    "bad utf-8": (b'{"request_id":"\xff"}', 400),
    "utf-16": ('{"request_id":"a"}'.encode("utf-16"), 400),
    "twice the same field": (b'{"request_id":"a","request_id":"b"}', 400),
    "not a number": (b'{"request_id":NaN}', 400),
    "endless digits": (b'{"request_id":' + b"9" * 10_000 + b"}", 400),
    "deep": (b"[" * 30_000, 400),
    "deep and closed": (b'{"a":' * 25 + b"1" + b"}" * 25, 400),
    "oversize": (raw_body({"request_id": "x" * MAX_BODY_BYTES}), 413),
    "unknown field": (raw_body({"request_id": "a", "no_such_field": 1}), 422),
    "no request id": (b"{}", 422),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_bad_body_is_refused_by_every_call(site: Site, name: str) -> None:
    body, status = BODIES[name]
    http = site.http()
    for route in COMMANDS:
        answer = http.post(address(route), content=body, headers=JSON)
        check(answer)
        assert answer.status_code == status, (route.name, answer.text)


def address(route: Any) -> str:
    return re.sub(r"\{\w+\}", "1", full_path(route))


def check(answer: Any) -> None:
    assert answer.status_code < 500
    assert "Traceback" not in answer.text
    if answer.status_code >= 400 and answer.headers["Content-Type"].startswith("application/problem"):
        body = answer.json()
        assert {"type", "title", "status", "detail", "code", "request_id"} <= set(body)
        assert body["status"] == answer.status_code


@pytest.mark.parametrize("value", NASTY, ids=lambda value: repr(value)[:20])
def test_nasty_values_in_every_field_are_refused_by_name(site: Site, value: Any) -> None:
    http = site.http()
    for route in COMMANDS:
        if route.root:
            continue
        for name in vars(route.message)["__dataclass_fields__"]:
            if name in ("document", "profile") and isinstance(value, dict):
                continue  # any object will do for the message; its own room says what is wrong inside it
            answer = http.post(address(route), content=raw_body({"request_id": rid("nasty"), name: value}), headers=JSON)
            check(answer)
            assert answer.status_code == 422, (route.name, name, answer.text)
            assert any(fault["pointer"].startswith(f"/{name}") for fault in answer.json()["errors"])


@pytest.mark.parametrize(
    "kind", ["text/plain", "", "application/xml", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"]
)
def test_another_content_type_is_refused(site: Site, kind: str) -> None:
    answer = site.http().post("/api/v1/tickets", content=b'{"request_id":"a","service":"ho-tich"}', headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_type")


def test_json_with_a_charset_is_json(site: Site) -> None:
    body = raw_body({"request_id": rid(), "service": "ho-tich"})
    sent = {"Content-Type": "application/json; charset=utf-8"}
    assert site.http().post("/api/v1/tickets", content=body, headers=sent).status_code == 201


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/tickets/..%2f..%2fetc%2fpasswd", "/api/v1/tickets/%00", "/api/v1/tickets/%ff%fe", "/api/v1/tickets/" + "x" * 5000,
        "/api/v1/../../etc/passwd", "/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/b/static/../board.html",
        "/b/static/%2e%2e/templates/board.html", "/b/static/..%2f..%2fapp.py", "/b/static//etc/passwd", "/b/%00", "/t/%00.json",
        "/t/" + "x" * 300 + ".json", "/api/v1/counters/%E2%80%AE", "/api/v1/tickets/' OR 1=1--", "/api//v1//tickets", "/%", "/api/v1/%zz",
        "/api/v1/counters/1/next/", "/login/../healthz?x=%ff", "/api/v1/tickets?label=%ff%fe&day=%00", "/api/v1/events?after=%00",
        "/api/v1/board?zone=%00%ff", "/api/v1/board?zone=" + "z" * 3000, "/api/v1/metrics/day?date=0000-00-00", "/api/v1/stream?after=%00",
        "/api/v1/metrics/day?date=9999-99-99",
    ],
)  # fmt: skip
def test_tricks_in_the_path_lead_nowhere(site: Site, path: str) -> None:
    answer = raw(site.base, f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {site.key()}\r\nConnection: close\r\n\r\n".encode())
    status = int(answer.split(b" ", 2)[1])
    assert status in (200, 304, 400, 404, 405, 408, 413, 422), answer[:300]
    for never in (b"root:", b"Traceback", b"create_app", b"import annotations"):
        assert never not in answer


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /healthz HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"GARBAGE\r\n\r\n", b"GET\r\n\r\n", b"\x00" * 500,
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET /api/v1/board?zone=\xff\xfe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /\xc3\xa9 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"POST /api/v1/tickets HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\nConnection: close\r\n\r\n",
        b"POST /api/v1/tickets HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\nConnection: close\r\n\r\n",
        b"POST /api/v1/tickets HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nZZ\r\n",
        b"GET /api/v1/stream HTTP/1.1\r\nHost: x\r\nCookie: \xff=\xff; toiluot_board=\x01\r\nConnection: close\r\n\r\n",
    ],
)  # fmt: skip
def test_bytes_that_are_no_http_do_no_harm(site: Site, request_bytes: bytes) -> None:
    answer = raw(site.base, request_bytes)
    assert b"Traceback" not in answer
    assert not re.match(rb"HTTP/1.1 5", answer), answer[:300]
    assert site.nobody().get("/healthz").status_code == 200


def test_a_chunked_body_is_read_and_limited_like_any_other(site: Site) -> None:
    key = site.key()
    head = f"POST /api/v1/tickets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"
    chunked = (head + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n").encode()
    body = raw_body({"request_id": rid(), "service": "ho-tich"})
    good = raw(site.base, chunked + f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n")
    assert good.startswith(b"HTTP/1.1 201"), good[:300]
    big = raw(site.base, chunked + (b"ffff\r\n" + b"x" * 0xFFFF + b"\r\n") * 3 + b"0\r\n\r\n")
    assert big.startswith(b"HTTP/1.1 413") or big == b"", big[:300]


def test_an_announced_giant_is_refused_before_it_is_sent(site: Site) -> None:
    head = b"POST /api/v1/tickets HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\nConnection: close\r\n\r\n"
    assert raw(site.base, head).startswith(b"HTTP/1.1 413")


def test_slow_senders_hold_no_thread(site: Site) -> None:
    """More half-sent commands than there are threads: others are served all the same."""
    head = b"POST /api/v1/tickets HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n{"
    slow = [connect(site.base) for _ in range(60)]
    for sock in slow:
        sock.sendall(head)
    try:
        assert site.client().issue(rid(), service="ho-tich")["number"] == 1
    finally:
        for sock in slow:
            sock.close()


def test_foreign_revoked_and_expired_keys(site: Site) -> None:
    nobody = site.nobody()
    expired = site.store.write("", lambda rows: _key(rows, site.code, expires_at=1))
    assert nobody.get("/api/v1/services", headers={"Authorization": f"Bearer {expired}"}).status_code == 401
    foreign = site.http(key=site.key(sites=["FIRST"]))
    assert foreign.get("/api/v1/services", params={"site": site.code}).status_code == 404


def _key(rows: Any, code: str, **options: Any) -> str:
    from queue_server.services import access

    return access.create_key(rows, name="old", scopes=("read",), sites=(code,), **options)


def test_errors_speak_the_readers_language(site: Site) -> None:
    nobody = site.nobody()
    for accept, title in (("", "Chưa đăng nhập"), ("vi", "Chưa đăng nhập"), ("en", "Not signed in"), ("fr, en;q=0.8", "Not signed in")):
        assert nobody.get("/api/v1/services", headers={"Accept-Language": accept}).json()["title"] == title
    page = nobody.get("/no/such/page", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "Không tìm thấy" in page.text


# ---------------------------------------------------------------- raw sockets
def connect(base: str) -> socket.socket:
    host, port = base.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=15)


def raw(base: str, sent: bytes) -> bytes:
    """What comes back for these bytes; the far end is told that no more will come."""
    with connect(base) as sock:
        try:
            sock.sendall(sent)
            if b"Connection: close" not in sent:
                sock.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: sock.recv(65536), b""))
        except (ConnectionResetError, BrokenPipeError):
            return b""
