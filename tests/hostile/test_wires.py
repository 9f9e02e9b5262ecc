"""Garbage on the wires inside the machine: the drivers' Unix socket, the kiosk's and the display's own addresses.

Each program is a real process. After every attack it answers as before, it said nothing of what was sent, and it shows
no traceback.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.display.conftest import Display
from tests.drivers.test_service import Machine
from tests.hostile.raw import connect, exchange, status
from tests.kiosk.conftest import KioskProcess

SECRET = b"001090123456"


@dataclass
class Wire:
    """One program: where it listens, a question it always answers, a call that takes a body, and its log."""

    where: str | Path
    question: str
    call: str
    log: Callable[[], str]

    def alive(self) -> bool:
        ask = f"GET {self.question} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        return status(exchange(self.where, ask)) == 200

    def post(self, body: bytes, head: str = "", *, length: int | None = None) -> bytes:
        lines = f"POST {self.call} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{head}Connection: close\r\n"
        if "Transfer-Encoding" not in head:
            lines += f"Content-Length: {len(body) if length is None else length}\r\n"
        return exchange(self.where, lines.encode() + b"\r\n" + body)


@pytest.fixture(scope="module", params=["drivers", "kiosk", "display"])
def wire(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "drivers":
        machine = Machine(folder)
        yield Wire(machine.socket, "/v1/status", "/v1/print", lambda: machine.log)
        machine.close()
    elif request.param == "kiosk":
        kiosk = KioskProcess(folder)
        kiosk.start()
        yield Wire(kiosk.url, "/api/state", "/api/choose", kiosk.log)
        kiosk.close()
    else:
        display = Display("http://127.0.0.1:9", folder, "--board-token", "TOKEN")
        yield Wire(display.url, "/healthz", "/healthz", lambda: display.log.read_text(encoding="utf-8"))
        display.kill()


RAW = (
    b"GARBAGE\r\n\r\n",
    b"\x00" * 5000,
    b"\x16\x03\x01\x02\x00\x01\x00",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /%00%ff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /static/..%2f..%2fapp.py HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /?x=\xff\xfe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    b"DELETE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
)
BODIES = (
    b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"\x00",
    b"[" * 4000, b'{"a":' * 500 + b"1" + b"}" * 500, b'{"job_id":NaN}', b'{"visit":1e400}',
    b'{"job_id":"a\\u0000b","service":"a\\u0000b"}', b'{"job_id":"\\ud800","service":"\\ud800","visit":"\\ud800"}',
    b'{"job_id":"x","job_id":"y"}',
    b'{"service":' + b"9" * 3500 + b"}", b'{"service":["ho-tich"],"visit":{"a":1}}', b'{"job_id":"%s","service":"%s"}' % (SECRET, SECRET),
)  # fmt: skip


def test_bytes_that_are_no_request_do_no_harm(wire: Wire) -> None:
    for sent in RAW:
        answer = exchange(wire.where, sent, end=True)
        assert status(answer) < 500, (sent[:60], answer[:200])
        assert b"root:" not in answer
        assert b"import annotations" not in answer
    assert wire.alive()
    assert "Traceback" not in wire.log()


def test_bodies_that_say_nothing_are_refused(wire: Wire) -> None:
    for body in BODIES:
        answer = wire.post(body)
        assert 400 <= status(answer) < 500, (body[:60], answer[:300])
        assert b"Traceback" not in answer
    assert wire.alive()
    log = wire.log()
    assert "Traceback" not in log
    assert SECRET.decode() not in log


def test_oversize_bodies_are_refused_announced_or_not(wire: Wire) -> None:
    huge = b"x" * 4_000_000
    assert status(wire.post(huge)) in (0, 404, 413)
    assert status(wire.post(b"{", length=2_000_000_000)) in (0, 404, 413)
    chunks = (b"ffff\r\n" + b"x" * 0xFFFF + b"\r\n") * 60 + b"0\r\n\r\n"
    assert status(wire.post(chunks, "Transfer-Encoding: chunked\r\n")) in (0, 404, 413)
    assert wire.alive()


def test_half_sent_requests_hold_nobody_up(wire: Wire) -> None:
    """More of them than the program has threads."""
    head = f"POST {wire.call} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n{{".encode()
    held: list[socket.socket] = []
    for number in range(60):
        sock = connect(wire.where)
        sock.sendall(head if number % 2 else head[:20])
        held.append(sock)
    try:
        assert wire.alive()
        assert 400 <= status(wire.post(b"{}")) < 500
    finally:
        for sock in held:
            sock.close()
