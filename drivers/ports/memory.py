"""A null modem inside one process: two ends, with delay, loss, one byte at a time, and a plug to pull. For tests and rehearsals."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from drivers.ports.base import FdPort, PortError, Waker


@dataclass(frozen=True)
class Weather:
    """What the line does to bytes. `loses(n)` says whether the n-th byte ever sent from this end is lost."""

    delay_s: float = 0.0
    one_byte: bool = False
    loses: Callable[[int], bool] | None = None


class MemoryPort:
    """One end of the line. A real descriptor lies below, so that deadlines and wakers work as they do on devices."""

    def __init__(self, sock: socket.socket, weather: Weather) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._weather = weather
        self._sent = 0
        fd = sock.fileno()
        self._inner = FdPort(fd, sock.close)
        self._timers: list[threading.Timer] = []

    def read(self, size: int, deadline: float, waker: Waker | None = None) -> bytes:
        return self._inner.read(1 if self._weather.one_byte else size, deadline, waker)

    def write(self, data: bytes, deadline: float) -> int:
        loses = self._weather.loses
        kept = data if loses is None else bytes(byte for at, byte in enumerate(data) if not loses(self._sent + at))
        self._sent += len(data)
        if self._weather.delay_s:
            timer = threading.Timer(self._weather.delay_s, self._later, (kept,))
            timer.daemon = True
            self._timers.append(timer)
            timer.start()
        elif kept:
            self._inner.write(kept, deadline)
        return len(data)

    def _later(self, data: bytes) -> None:
        try:
            self._inner.write(data, time.monotonic() + 1.0)
        except PortError:  # the line was pulled meanwhile: the bytes are lost
            return

    def idle(self, deadline: float, waker: Waker) -> str:
        return self._inner.idle(deadline, waker)

    def rest(self) -> None:
        """A memory line stays open."""

    def close(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._inner.close()


def null_modem(near: Weather | None = None, far: Weather | None = None) -> tuple[MemoryPort, MemoryPort]:
    """Two ends of one line. Closing either is pulling the plug: the other sees `Gone`."""
    one, two = socket.socketpair()
    for end in (one, two):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
    return MemoryPort(one, near or Weather()), MemoryPort(two, far or Weather())
