"""Thousands of open streams in one process, as cheap as Python allows: bare sockets, one epoll, one look at each piece.

Run as a program: reads one JSON order from standard input, prints one JSON result. Tickets are issued by a process of
its own meanwhile (`load.py`), so that this one's work is not counted as theirs.
"""

from __future__ import annotations

import json
import resource
import select
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

AT_ONCE = 100  # connections under way while the streams are opened
OPEN_WITHIN_S, AFTER_S = 120.0, 10.0


class Listener:
    """One stream: the last row it has heard of in whole."""

    __slots__ = ("rest", "seq", "sock")

    def __init__(self, sock: socket.socket) -> None:
        self.sock, self.rest, self.seq = sock, b"", -1

    def hear(self) -> bool:
        """Whether a later row has come."""
        piece = self.sock.recv(1 << 15)
        assert piece, f"a stream ended: {self.rest[:300]!r}"
        data = self.rest + piece
        whole = data.rfind(b"\n\n") + 2
        if whole < 2:
            self.rest = data
            return False
        self.rest = data[whole:]
        if self.seq < 0:
            at = data.find(b'event: hb\ndata: {"seq":')
            if at < 0:
                self.rest = data
                return False
            self.seq = int(data[at + 23 : data.index(b",", at + 23)])
            return True
        at = data.rfind(b"id: ", 0, whole)
        if at < 0:
            return False
        self.seq = int(data[data.index(b"-", at) + 1 : data.index(b"\n", at)])
        return True


class Crowd:
    """All of them."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._address = (order["host"], order["port"])
        self._ask = f"GET /api/v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {order['key']}\r\n\r\n".encode()
        self._epoll = select.epoll()
        self._all: dict[int, Listener] = {}
        self.opened = 0
        self.heard: list[tuple[float, int, int]] = []  # when, after which row, up to which row

    def open(self, count: int) -> None:
        deadline = time.monotonic() + OPEN_WITHIN_S
        while self.opened < count and time.monotonic() < deadline:
            while len(self._all) < min(count, self.opened + AT_ONCE):
                sock = socket.create_connection(self._address)
                sock.sendall(self._ask)
                sock.setblocking(False)
                self._all[sock.fileno()] = Listener(sock)
                self._epoll.register(sock.fileno(), select.EPOLLIN)
            self.listen(0.5)

    def listen(self, within_s: float) -> None:
        """One look at who has something."""
        for file, _ in self._epoll.poll(within_s):
            listener = self._all[file]
            before = listener.seq
            if listener.hear():
                if before < 0:
                    self.opened += 1
                else:
                    self.heard.append((time.monotonic(), before, listener.seq))

    def behind(self, seq: int) -> int:
        return sum(listener.seq < seq for listener in self._all.values())

    @property
    def newest(self) -> int:
        return max(listener.seq for listener in self._all.values())


def streams(order: dict[str, Any]) -> dict[str, Any]:
    """`streams` open streams while one client issues `per_s` tickets a second: from asking for a ticket to each stream."""
    crowd, begun_s = Crowd(order), time.monotonic()
    crowd.open(order["streams"])
    opened_s = time.monotonic() - begun_s
    first = crowd.newest
    command = [sys.executable, "-m", "tests.bench.load"]
    issuing = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
    assert issuing.stdin is not None
    assert issuing.stdout is not None
    issuing.stdin.write(json.dumps(order | {"do": "paced"}).encode())
    issuing.stdin.close()
    while issuing.poll() is None:
        crowd.listen(0.05)
    times: list[tuple[float, float]] = json.loads(issuing.stdout.read())
    deadline = time.monotonic() + AFTER_S
    while crowd.behind(first + len(times)) and time.monotonic() < deadline:
        crowd.listen(0.05)
    return {"open": crowd.opened, "opened_s": opened_s} | figures(crowd.heard, times, first, order["streams"])


def figures(heard: list[tuple[float, int, int]], times: list[tuple[float, float]], first: int, streams: int) -> dict[str, Any]:
    """Row `first + 1 + n` is ticket n: nothing else happens at the site."""
    delays: list[float] = []
    reached, last = [0] * len(times), [0.0] * len(times)
    for at, after, until in heard:
        for n in range(max(0, after - first), min(until - first, len(times))):
            delays.append(at - times[n][0])
            reached[n] += 1
            last[n] = max(last[n], at - times[n][0])
    delays.sort()
    worst = sorted(late for late, count in zip(last, reached, strict=True) if count == streams)
    took = sorted(done - begun for begun, done in times)
    return {
        "complete": len(worst),
        "events": len(times),
        "p50_ms": _part(delays, 0.5),
        "p99_ms": _part(delays, 0.99),
        "last_ms": _part(worst, 0.99),
        "issue_p99_ms": _part(took, 0.99),
    }


def _part(values: list[float], part: float) -> float | None:
    return 1000 * values[int(len(values) * part)] if values else None


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    print(json.dumps(streams(json.load(sys.stdin))))
