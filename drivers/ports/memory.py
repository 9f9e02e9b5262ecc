"""A null modem inside one process: two ends, with delay, loss, one byte at a time, and a plug to pull. For tests and rehearsals."""

from __future__ import annotations

import contextlib
import queue
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
        self._inner = FdPort(fd, self._hang_up)
        self._pulled = threading.Event()
        self._on_the_way: queue.SimpleQueue[tuple[float, bytes] | None] = queue.SimpleQueue()
        if weather.delay_s:
            threading.Thread(target=self._carry, name="null modem", daemon=True).start()

    def read(self, size: int, deadline: float, waker: Waker | None = None) -> bytes:
        return self._inner.read(1 if self._weather.one_byte else size, deadline, waker)

    def write(self, data: bytes, deadline: float) -> int:
        loses = self._weather.loses
        kept = data if loses is None else bytes(byte for at, byte in enumerate(data) if not loses(self._sent + at))
        self._sent += len(data)
        if self._weather.delay_s:
            self._on_the_way.put((time.monotonic() + self._weather.delay_s, kept))
        elif kept:
            self._inner.write(kept, deadline)
        return len(data)

    def _carry(self) -> None:
        """One carrier, so that a late write never overtakes an earlier one: a line delays bytes, it does not shuffle them."""
        while (parcel := self._on_the_way.get()) is not None:
            due, data = parcel
            self._pulled.wait(max(0.0, due - time.monotonic()))
            try:
                self._inner.write(data, time.monotonic() + 1.0)
            except PortError:  # the line was pulled meanwhile: the bytes are lost
                return

    def _hang_up(self) -> None:
        """Told to the far end even while another thread still waits on this one."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()

    def idle(self, deadline: float, waker: Waker) -> str:
        return self._inner.idle(deadline, waker)

    def rest(self) -> None:
        """A memory line stays open."""

    def close(self) -> None:
        self._pulled.set()
        self._on_the_way.put(None)
        self._inner.close()


def null_modem(near: Weather | None = None, far: Weather | None = None) -> tuple[MemoryPort, MemoryPort]:
    """Two ends of one line. Closing either is pulling the plug: the other sees `Gone`."""
    one, two = socket.socketpair()
    for end in (one, two):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
    return MemoryPort(one, near or Weather()), MemoryPort(two, far or Weather())
