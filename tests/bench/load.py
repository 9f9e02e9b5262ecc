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
    connection = Connection(order["host"], order["port"], order["keys"][n % len(order["keys"])])  # each client has one site
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


async def paced(order: dict[str, Any]) -> list[tuple[float, float]]:
    """`requests` exchanges, `per_s` a second: when each was begun and answered, on the machine's monotonic clock."""
    connection = Connection(order["host"], order["port"], order["key"])
    await connection.open()
    times = []
    due = time.monotonic()
    for n in range(order["requests"]):
        path, body = request_of(order, 0, n)
        begun = time.monotonic()
        status, answer = await connection.ask(order["method"], path, body)
        times.append((begun, time.monotonic()))
        assert status < 300, answer
        due += 1 / order["per_s"]
        await asyncio.sleep(max(0.0, due - time.monotonic()))
    connection.close()
    return times


if __name__ == "__main__":
    wanted = json.load(sys.stdin)
    result = uvloop.run({"rate": rate, "paced": paced}[wanted["do"]](wanted))
    print(json.dumps(result))
