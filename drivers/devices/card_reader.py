"""A code scanner on a serial line as a device: bytes in, one small event per card out.

Holds the joining of framing, text and recognition. Keeps no payload: what leaves is `card_qr.event`, and the frame's
own bytes are overwritten as soon as they are read.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from drivers.codecs import card_qr, scan_text
from drivers.codecs.framing import Frame, Framer
from drivers.health import Health
from drivers.ports.base import Port, Timeout, Waker

if TYPE_CHECKING:
    from drivers.config import SlotConfig
    from drivers.registry import Parts

ROLES = ("reader",)
OPTIONS: dict[str, type] = {"max_bytes": int, "idle_s": float}

READ_BYTES = 1024
LISTEN_S = 3600.0
REFUSED_KINDS = 3  # so many unreadable scans in a row are the scanner's setting, not the card


def build(wanted: SlotConfig, parts: Parts) -> SerialScanner:
    options = wanted.options
    return SerialScanner(
        lambda card: parts.publish("card", card), max_bytes=options.get("max_bytes", 4096), idle_s=options.get("idle_s", 0.4)
    )


class SerialScanner:
    """The `Device` behind a reader slot. It is never spoken to, only listened to."""

    def __init__(self, publish: Callable[[dict[str, Any]], None], *, max_bytes: int = 4096, idle_s: float = 0.4) -> None:
        self._publish = publish
        self._limits = (max_bytes, idle_s)
        self._framer = Framer(max_bytes, idle_s)
        self._unreadable = 0

    def greet(self, port: Port) -> Health:
        """What lay in the buffer was scanned for nobody who is here now."""
        for _ in range(64):
            try:
                port.read(READ_BYTES, 0.0)
            except Timeout:
                break
        self.lose()
        return Health()

    def tend(self, port: Port, waker: Waker) -> Health:
        now = time.monotonic()
        due = self._framer.due
        try:
            data = port.read(READ_BYTES, now + LISTEN_S if due is None else due, waker)
        except Timeout:
            data = b""
        now = time.monotonic()
        frames = self._framer.feed(data, now) if data else self._framer.idle(now)
        for frame in frames:
            self._tell(frame)
        return self._health()

    def act(self, port: Port, command: Any) -> tuple[Any, Health]:
        return None, self._health()

    def refuse(self, command: Any, health: Health) -> Any:
        return None

    def lose(self) -> None:
        self._framer = Framer(*self._limits)
        self._unreadable = 0

    def _tell(self, frame: Frame) -> None:
        scan = card_qr.Unreadable("too_long") if frame.overlong else card_qr.parse(scan_text.decode(frame.data).text)
        if scan == card_qr.Unreadable("empty"):
            return
        self._unreadable = self._unreadable + 1 if isinstance(scan, card_qr.Unreadable) else 0
        self._publish(card_qr.event(scan))

    def _health(self) -> Health:
        if self._unreadable >= REFUSED_KINDS:
            return Health("error", f"{self._unreadable} unreadable scans in a row: set the scanner to UTF-8")
        return Health()
