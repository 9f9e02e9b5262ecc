"""Who speaks on a two-wire line: the strategies by which an RS-485 adaptor is turned from listening to speaking and back.

`auto`: the adaptor turns by itself (most USB ones do), or the kernel does. `rts`: we raise RTS, write, wait until the last bit is
out, and lower it. Holds the strategies; opening and setting a line is `serial`'s affair. No adaptor was at hand: `rts` is tried
against a recorded line only.
"""

from __future__ import annotations

from typing import Protocol

from drivers.ports.base import FdPort, Port, Waker

DIRECTIONS = ("auto", "kernel", "rts")


class Lines(Protocol):
    """What `rts` needs of a serial line; pyserial's has it."""

    rts: bool

    def flush(self) -> None:
        """Return when the last bit has left."""


class Auto:
    """Nothing to do."""

    def speak(self) -> None:
        """The adaptor sees bytes and turns."""

    def listen(self) -> None:
        """The adaptor sees silence and turns back."""


class ByRts:
    """RTS high while we speak. What is left low too late cuts off the answer, so it falls as soon as the last bit is out."""

    def __init__(self, line: Lines) -> None:
        self._line = line
        line.rts = False

    def speak(self) -> None:
        self._line.rts = True

    def listen(self) -> None:
        self._line.flush()
        self._line.rts = False


class TurningPort:
    """A port that turns its line around every write, however the write ends."""

    def __init__(self, inner: FdPort, direction: Auto | ByRts) -> None:
        self._inner: Port = inner
        self._direction = direction

    def read(self, size: int, deadline: float, waker: Waker | None = None) -> bytes:
        return self._inner.read(size, deadline, waker)

    def write(self, data: bytes, deadline: float) -> int:
        self._direction.speak()
        try:
            return self._inner.write(data, deadline)
        finally:
            self._direction.listen()

    def idle(self, deadline: float, waker: Waker) -> str:
        return self._inner.idle(deadline, waker)

    def rest(self) -> None:
        self._inner.rest()

    def close(self) -> None:
        self._inner.close()
