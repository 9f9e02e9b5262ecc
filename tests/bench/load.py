"""A load of HTTP clients in one process, as light as Python allows: raw HTTP/1.1 over kept connections on an event loop.

Run as a program: reads one JSON order from standard input, prints one JSON result. It shares the two cores with the server,
as every figure of this benchmark does.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import uvloop


class Connection:
    """One kept connection."""

    def __init__(self, host: str, port: int, key: str) -> None:
        self._host, self._port = host, port
        self._head = f"Host: {host}:{port}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)

    async def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Status and body of one exchange."""
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        self._writer.write(f"{method} {path} HTTP/1.1\r\n{self._head}{length}\r\n".encode() + body)
        head = await self._reader.readuntil(b"\r\n\r\n")
        low = head.lower()
        at = low.find(b"content-length:")
        size = int(low[at + 15 : low.find(b"\r\n", at)]) if at >= 0 else 0
        return int(head[9:12]), await self._reader.readexactly(size) if size else b""

    def close(self) -> None:
        self._writer.close()


async def one_client(order: dict[str, Any], n: int, left: list[int], times: list[float], bad: list[int]) -> None:
    connection = Connection(order["host"], order["port"], order["key"])
    await connection.open()
    while left[0] > 0:
        left[0] -= 1
        path, body = request_of(order, n, left[0])
        begun = time.perf_counter()
        status, _ = await connection.ask(order["method"], path, body)
        times.append(time.perf_counter() - begun)
        if status >= 300:
            bad.append(status)
    connection.close()


def request_of(order: dict[str, Any], n: int, serial: int) -> tuple[str, bytes]:
    """The path and body of a request: `{n}` is the client, `{serial}` a number of its own, `{counter}` the client's counter."""
    fill = {"n": n, "serial": serial, "counter": n % order.get("counters", 8) + 1}
    body = order.get("body")
    return order["path"].format(**fill), json.dumps({k: v.format(**fill) for k, v in body.items()}).encode() if body else b""


async def rate(order: dict[str, Any]) -> dict[str, Any]:
    """`requests` exchanges over `clients` connections: how many a second, and how long each took."""
    left, times, bad = [order["requests"]], [], []
    begun = time.perf_counter()
    await asyncio.gather(*(one_client(order, n, left, times, bad) for n in range(order["clients"])))
    seconds = time.perf_counter() - begun
    times.sort()
    return {
        "per_s": len(times) / seconds,
        "p50_ms": 1000 * times[len(times) // 2],
        "p99_ms": 1000 * times[int(len(times) * 0.99)],
        "bad": len(bad),
        "n": len(times),
    }


async def one_stream(order: dict[str, Any], arrivals: dict[int, list[float]], ready: list[int], stop: asyncio.Event) -> None:
    reader, writer = await asyncio.open_connection(order["host"], order["port"], limit=1 << 20)
    head = f"GET /api/v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {order['key']}\r\n\r\n"
    writer.write(head.encode())
    opened = False
    try:
        while not stop.is_set():
            line = await reader.readline()
            if not line:
                break
            if line.startswith(b"event: snapshot"):
                opened = True
                ready[0] += 1
            elif opened and line.startswith(b"id: "):
                seq = int(line.rpartition(b"-")[2])
                arrivals.setdefault(seq, []).append(time.perf_counter())
    finally:
        writer.close()


async def streams(order: dict[str, Any]) -> dict[str, Any]:
    """`streams` open streams while one client issues `per_s` tickets a second: from the answer of an issue to the last stream."""
    arrivals: dict[int, list[float]] = {}
    ready, stop = [0], asyncio.Event()
    tasks = []
    for _ in range(order["streams"]):
        tasks.append(asyncio.create_task(one_stream(order, arrivals, ready, stop)))
        if len(tasks) % 100 == 0:
            await asyncio.sleep(0.02)
    deadline = time.perf_counter() + 120
    while ready[0] < order["streams"] and time.perf_counter() < deadline:
        await asyncio.sleep(0.05)
    connection = Connection(order["host"], order["port"], order["key"])
    await connection.open()
    times, begun_at = [], []
    for n in range(order["requests"]):
        due = time.perf_counter() + 1 / order["per_s"]
        path, body = request_of(order, 0, n)
        begun = time.perf_counter()
        await connection.ask("POST", path, body)
        times.append(time.perf_counter() - begun)
        begun_at.append(begun)
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
    await asyncio.sleep(1.0)
    stop.set()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    whole = [seen for _, seen in sorted(arrivals.items()) if len(seen) == order["streams"]]
    delays = sorted(1000 * (at - begun) for begun, seen in zip(begun_at, whole, strict=False) for at in seen)
    last = sorted(1000 * (max(seen) - begun) for begun, seen in zip(begun_at, whole, strict=False))
    times.sort()
    return {
        "open": ready[0],
        "complete": len(whole),
        "p99_ms": delays[int(len(delays) * 0.99)] if delays else None,
        "last_ms": last[int(len(last) * 0.99)] if last else None,
        "issue_p99_ms": 1000 * times[int(len(times) * 0.99)],
    }


if __name__ == "__main__":
    wanted = json.load(sys.stdin)
    result = uvloop.run({"rate": rate, "streams": streams}[wanted["do"]](wanted))
    print(json.dumps(result))
