"""Connections that never finish what they say: nobody waits for them, and they are cut within the deadline."""

from __future__ import annotations

import contextlib
import http.client
import re
import resource
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.hostile.conftest import Own
from tests.hostile.raw import connect, exchange, is_open, status
from tests.web.helpers import Process, Site, rid, until
from toiluot_guard import HEAD_BYTES, HEAD_DEADLINE_S, HEAD_LINES, PIPELINED, SWEEP_S

BEGINNINGS = (
    b"",
    b"G",
    b"GET /healthz HTTP/1.1\r\nHost: x\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    b"POST /api/v1/tickets HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n{",
    b"POST /api/v1/tickets HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
    b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 90\r\n\r\nlogin=",
    b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHo",
    b"\r\n",
)
IN_TIME_S = 1.0
MB = 1024


@pytest.fixture
def many() -> Iterator[Callable[[str, int], list[socket.socket]]]:
    """Opens that many half-asked requests, of every kind in turn."""
    opened: list[socket.socket] = []
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    def make(base: str, count: int) -> list[socket.socket]:
        for number in range(count):
            sock = connect(base)
            sock.sendall(BEGINNINGS[number % len(BEGINNINGS)])
            opened.append(sock)
        return opened

    yield make
    for sock in opened:
        sock.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def rss_kb(process: Process) -> int:
    text = Path(f"/proc/{process._process.pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0])


def slowest(work: Callable[[], None], times: int) -> float:
    """The longest of several, in seconds."""
    took = []
    for _ in range(times):
        begun = time.monotonic()
        work()
        took.append(time.monotonic() - begun)
    return max(took)


@pytest.mark.slow(reason="the deadline of a request is ten seconds")
@pytest.mark.parametrize("count", [300, pytest.param(1000, marks=pytest.mark.full)])
def test_half_asked_requests_hold_nothing_up_and_are_cut(
    own_server: Own, many: Callable[[str, int], list[socket.socket]], count: int
) -> None:
    process, site = own_server()
    client, nobody = site.client(), site.nobody()
    client.issue(rid(), service="ho-tich")
    before_kb = rss_kb(process)
    held = many(process.base, count)

    def ask() -> None:
        assert nobody.get("/healthz").status_code == 200
        assert client.issue(rid(), service="ho-tich")["number"]

    assert slowest(ask, 20) < IN_TIME_S
    assert rss_kb(process) - before_kb < 40 * MB
    slow = held[2]  # the classic slow-loris: never silent, never done

    def all_cut() -> bool:
        with contextlib.suppress(OSError):
            slow.sendall(b"X: y\r\n")
        return not any(is_open(sock) for sock in held)

    until(all_cut, HEAD_DEADLINE_S + 2 * SWEEP_S + 3)
    assert slowest(ask, 5) < IN_TIME_S
    assert Path(f"/proc/{process._process.pid}/fd").exists()
    assert len(list(Path(f"/proc/{process._process.pid}/fd").iterdir())) < 60
    assert b"Traceback" not in process.log.read_bytes()


def test_whoever_asks_properly_keeps_the_connection(site: Site) -> None:
    """Between two requests nothing has begun."""
    host, port = site.base.removeprefix("http://").split(":")
    line = http.client.HTTPConnection(host, int(port), timeout=20)
    for _ in range(3):
        line.request("GET", "/healthz")
        assert line.getresponse().read()
        assert is_open(line.sock)
        line.sock.settimeout(20)
    line.close()


def test_headers_have_a_bound_in_bytes_and_in_lines(site: Site) -> None:
    ask = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    many_lines = b"".join(b"X-%d: 1\r\n" % number for number in range(HEAD_LINES + 10))
    assert status(exchange(site.base, ask + many_lines + b"\r\n")) == 431
    assert status(exchange(site.base, ask + b"X: " + b"a" * 40_000 + b"\r\n\r\n")) == 200
    assert status(exchange(site.base, ask + b"X: " + b"a" * (40 * HEAD_BYTES))) in (0, 431)
    assert status(exchange(site.base, b"GET /" + b"a" * (40 * HEAD_BYTES))) in (0, 431)


def test_endless_trailers_and_chunk_extensions_end(site: Site) -> None:
    head = b"POST /api/v1/tickets HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    for endless in (b"0\r\nX: " + b"a" * (40 * HEAD_BYTES), b"1;x=" + b"a" * (40 * HEAD_BYTES), b"0\r\n" + b"X: 1\r\n" * 200_000):
        assert status(exchange(site.base, head + endless)) in (0, 400, 431)


def test_a_trailer_is_no_header(site: Site) -> None:
    """Whoever put a proxy in front has checked the headers; lines after the body he has not seen."""
    body = b'{"request_id":"%s","service":"ho-tich"}' % rid("trailer").encode()
    chunked = b"%x\r\n%s\r\n0\r\n" % (len(body), body)
    head = b"POST /api/v1/tickets HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    head += b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    answer = exchange(site.base, head + chunked + b"Authorization: Bearer %s\r\n\r\n" % site.key().encode())
    assert status(answer) == 401


def test_pipelined_requests_are_answered_in_order_and_have_a_bound(site: Site, server: Process) -> None:
    two = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = exchange(site.base, two)
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"200", b"404"]
    flood = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 5000
    assert exchange(site.base, flood).count(b"HTTP/1.1 200") <= PIPELINED + 1
    for _ in range(20):  # gone while the first of them is being answered
        with connect(site.base) as sock:
            sock.sendall(two * 3)
    assert site.nobody().get("/healthz").status_code == 200
    assert "Traceback" not in server.log.read_text()
