"""What passes between a driver and its device, counted always and taken down on request.

Holds the counting and the tape; it changes no byte and no deadline. A tape is bounded, holds what a card says only in this
process, and leaves it only through `codecs.anonymise`.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from drivers.ports.base import CHUNK_BYTES, FdPort, Gone, Port, PortError, Timeout, Waker

MOST_EVENTS, MOST_BYTES = 20_000, 2_000_000
ENDS = (b"\r", b"\n", b"\t", b"\x03", b"\x00")
PAUSE_S = 0.3  # after so long a silence a new burst begins


@dataclass
class Tape:
    """`events`: (seconds since the start, what, bytes). What: open, in, out, torn, gone, close."""

    started: float
    events: list[tuple[float, str, bytes]] = field(default_factory=list, repr=False)
    size: int = 0
    full: bool = False

    def take(self, what: str, data: bytes = b"") -> None:
        if len(self.events) >= MOST_EVENTS or self.size + len(data) > MOST_BYTES:
            self.full = True
            return
        self.size += len(data)
        self.events.append((time.monotonic() - self.started, what, data))


class Tap:
    """One slot's line through all its openings."""

    def __init__(self) -> None:
        self.tape: Tape | None = None
        self.bytes_in = self.bytes_out = self.torn = self.opened = self.lost = 0
        self._said_at = self._burst_from = self._burst_to = 0.0
        self._burst_bytes, self._ended = 0, False
        self._answers_ms: deque[float] = deque(maxlen=16)

    def through(self, port: Port) -> Tapped:
        self.opened += 1
        self.note("open")
        return Tapped(port, self)

    def note(self, what: str, data: bytes = b"") -> None:
        tape = self.tape
        if tape is not None:
            tape.take(what, data)

    def came(self, data: bytes) -> None:
        now = time.monotonic()
        if now - self._burst_to > PAUSE_S:
            self._burst_from, self._burst_bytes = now, 0
        self._burst_to = now
        self._burst_bytes += len(data)
        self._ended = data[-1:] in ENDS
        self.bytes_in += len(data)
        if self._said_at:
            self._answers_ms.append((now - self._said_at) * 1000)
            self._said_at = 0.0
        self.note("in", data)

    def went(self, data: bytes) -> None:
        self.bytes_out += len(data)
        self._said_at = time.monotonic()
        self.note("out", data)

    def facts(self) -> dict[str, Any]:
        """For doctor: quantities alone, nothing of what was said."""
        answers = sorted(self._answers_ms)
        took_ms = (self._burst_to - self._burst_from) * 1000
        return {
            "recording": self.tape is not None,
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
            "opened": self.opened,
            "lost": self.lost,
            "torn": self.torn,
            "answer_ms": round(answers[len(answers) // 2], 1) if answers else None,
            "last_burst": {"bytes": self._burst_bytes, "ms": round(took_ms, 1), "ended": self._ended},
        }


class Tapped:
    """The port inside, with an ear at it. Whatever else a port offers is the inner port's."""

    def __init__(self, inner: Port, tap: Tap) -> None:
        self._inner, self._tap = inner, tap

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def read(self, size: int, deadline: float, waker: Waker | None = None) -> bytes:
        try:
            data = self._inner.read(size, deadline, waker)
        except Gone as error:
            self._gone(error)
            raise
        if data:
            self._tap.came(data)
        return data

    def write(self, data: bytes, deadline: float) -> int:
        try:
            written = self._inner.write(data, deadline)
        except PortError as error:
            self._tap.went(data[: error.written])
            if isinstance(error, Gone):
                self._gone(error)
            else:
                self._tap.torn += 1
                self._tap.note("torn")
            raise
        self._tap.went(data)
        return written

    def idle(self, deadline: float, waker: Waker) -> str:
        if not isinstance(self._inner, FdPort):
            return self._inner.idle(deadline, waker)
        # As FdPort does it, but so that the bytes it throws away are heard.
        try:
            return "bytes" if self.read(CHUNK_BYTES, deadline, waker) else "woken"
        except Timeout:
            return "time"

    def rest(self) -> None:
        self._inner.rest()

    def close(self) -> None:
        self._tap.note("close")
        self._inner.close()

    def _gone(self, error: Gone) -> None:
        self._tap.lost += 1
        self._tap.note("gone", str(error).encode())
