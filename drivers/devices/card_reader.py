"""A code scanner as a device: bytes in, one small event per card out.

Holds the joining of frames, text and recognition, for scanners on a serial line; `wedge` puts key strokes in their
place. Keeps no payload: what leaves is `card_qr.event`, and the frame's own bytes are overwritten as soon as they are
read. Of the last card a keyed hash stays for a few seconds, so that a card left on the glass is read once.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from drivers.codecs import card_qr, scan_text
from drivers.codecs.card_qr import Scan, Unreadable
from drivers.codecs.framing import Frame, Framer
from drivers.codecs.scan_setting import SettingWatch
from drivers.health import Health
from drivers.ports.base import Port, Timeout, Waker, drop_stale

if TYPE_CHECKING:
    from drivers.config import SlotConfig
    from drivers.registry import Parts

ROLES = ("reader",)
OPTIONS: dict[str, type] = {"max_bytes": int, "idle_s": float, "repeat_s": float}

READ_BYTES = 1024
LISTEN_S = 3600.0
REPEAT_S = 3.0
UNREADABLE_IN_A_ROW = 5  # codes that are whole and of no kind we know: worth a look, even without a wrong setting


def build(wanted: SlotConfig, parts: Parts) -> SerialScanner:
    options = wanted.options
    return SerialScanner(
        lambda card: parts.publish("card", card),
        max_bytes=options.get("max_bytes", 4096),
        idle_s=options.get("idle_s", 0.4),
        repeat_s=options.get("repeat_s", REPEAT_S),
    )


Publish = Callable[[dict[str, Any]], None]


class Collector(Protocol):
    """What ends a scan: bytes on a line (`Framer`) or key strokes (`KeyFramer`)."""

    @property
    def due(self) -> float | None: ...
    def feed(self, data: bytes, now: float) -> list[Frame]: ...
    def idle(self, now: float) -> list[Frame]: ...


class Reader:
    """The `Device` behind a reader slot. It is only listened to."""

    def __init__(self, publish: Publish, collector: Callable[[], Collector], repeat_s: float = REPEAT_S) -> None:
        self._publish, self._new = publish, collector
        self._framer = collector()
        self._same = SameCard(repeat_s)
        self._settings = SettingWatch()
        self._unreadable = 0

    def greet(self, port: Port) -> Health:
        """What lay in the buffer was scanned for nobody who is here now."""
        drop_stale(port)
        self.lose()
        return Health()

    def tend(self, port: Port, waker: Waker) -> Health:
        due = self._framer.due
        try:
            data = port.read(READ_BYTES, time.monotonic() + LISTEN_S if due is None else due, waker)
        except Timeout:
            frames = self._framer.idle(time.monotonic())
        else:
            frames = self._framer.feed(data, time.monotonic())
        for frame in frames:
            self._tell(frame)
        return self._health()

    def act(self, port: Port, command: Any) -> tuple[Any, Health]:
        return None, self._health()

    def refuse(self, command: Any, health: Health) -> Any:
        return None

    def lose(self) -> None:
        self._framer = self._new()
        self._settings = SettingWatch()
        self._unreadable = 0

    def _tell(self, frame: Frame) -> None:
        scanned, scan = understand(frame)
        frame.wipe()
        if scan == Unreadable("empty"):
            return
        self._settings.look(scanned, scan)
        unreadable = isinstance(scan, Unreadable)
        self._unreadable = self._unreadable + 1 if unreadable else 0
        if unreadable or scanned is None or not self._same.seen(scanned.text, time.monotonic()):
            self._publish(card_qr.event(scan))

    def _health(self) -> Health:
        if found := self._settings.found:
            return Health(*found)
        if self._unreadable >= UNREADABLE_IN_A_ROW:
            return Health("scan_unknown", f"{self._unreadable} in a row")
        return Health()


class SerialScanner(Reader):
    """Bytes on a serial line or a USB-COM port."""

    def __init__(self, publish: Publish, *, max_bytes: int = 4096, idle_s: float = 0.4, repeat_s: float = REPEAT_S) -> None:
        super().__init__(publish, lambda: Framer(max_bytes, idle_s), repeat_s)


def understand(frame: Frame) -> tuple[scan_text.ScanText | None, Scan]:
    """One frame's text and meaning; no text where the frame came without its bytes."""
    if frame.lost or frame.overlong:
        return None, Unreadable("lost_keys" if frame.lost else "too_long")
    scanned = scan_text.decode(frame.data)
    return scanned, card_qr.parse(scanned.text)


class SameCard:
    """Whether this is the card of a moment ago. As long as it lies there and is read again, the moment goes on."""

    def __init__(self, repeat_s: float) -> None:
        self._repeat_s = repeat_s
        self._key = secrets.token_bytes(16)
        self._last: tuple[bytes, float] | None = None

    def seen(self, text: str, now: float) -> bool:
        mark = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=self._key, digest_size=16).digest()
        last, self._last = self._last, (mark, now)
        return last is not None and last[0] == mark and now - last[1] < self._repeat_s
