"""A touch screen as a device: it is there, it is turned the right way, and somebody's finger still moves it.

Holds the watching only. The browser gets the touches from the compositor as before: this driver reads the same node
without taking it, says "touch" on the stream (at most once a second, without a place), and notices a panel that has gone
dead: for hours no touch, while slips went on being printed.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from drivers.codecs.hid_keymap import RECORD, Strokes
from drivers.codecs.touch import MATRICES, PROPERTY, rule, same_matrix, touches
from drivers.health import Health
from drivers.ports.base import Port, Timeout, Waker

if TYPE_CHECKING:
    from drivers.config import SlotConfig
    from drivers.quirks import Quirks
    from drivers.registry import Parts

ROLES = ("touch",)
OPTIONS: dict[str, type] = {"rotate": str, "silent_h": float, "silent_slips": int}
PORTS = {"touch": "watch"}
READ_BYTES = 64 * RECORD.size
LOOK_S = 600.0
TELL_S = 1.0
Publish = Callable[[str, dict[str, Any]], None]


def check(wanted: SlotConfig, _: Quirks) -> None:
    if wanted.address is not None and wanted.address.kind != "watch":
        raise ValueError("a touch screen is watched, not taken: port = “watch:/dev/input/…”, or the page gets no touches")
    if _rotation(wanted) not in MATRICES:
        raise ValueError("rotate is “0”, “90”, “180” or “270” (degrees clockwise)")


def facts(wanted: SlotConfig) -> dict[str, Any]:
    return {"rotate": _rotation(wanted)}


def _rotation(wanted: SlotConfig) -> int:
    text = str(wanted.options.get("rotate", "0"))
    return int(text) if text.isdecimal() else -1


def build(wanted: SlotConfig, parts: Parts) -> TouchScreen:
    from drivers.ports.discovery import node_properties

    return TouchScreen(
        wanted.role,
        parts.publish,
        slips_since=parts.journal.slips_since,
        properties=node_properties,
        rotate=_rotation(wanted),
        silent_s=wanted.options.get("silent_h", 4.0) * 3600,
        silent_slips=wanted.options.get("silent_slips", 20),
    )


class TouchScreen:
    """The `Device` behind a touch slot."""

    def __init__(
        self,
        slot: str,
        publish: Publish,
        *,
        slips_since: Callable[[float], int],
        properties: Callable[[str], dict[str, str]] = lambda _: {},
        rotate: int = 0,
        silent_s: float = 4 * 3600.0,
        silent_slips: int = 20,
        look_s: float = LOOK_S,
        tell_s: float = TELL_S,
    ) -> None:
        self._slot, self._publish = slot, publish
        self._slips_since, self._properties = slips_since, properties
        self._rotate, self._silent_s, self._silent_slips, self._look_s = rotate, silent_s, silent_slips, look_s
        self._tell_s = tell_s
        self._strokes = Strokes()
        self._touched_at, self._told_at = time.monotonic(), -math.inf
        self._turned = Health()

    def greet(self, port: Port) -> Health:
        self.lose()
        self._touched_at, self._told_at = time.monotonic(), -math.inf
        self._turned = self._look_at_rotation(getattr(port, "paths", []))
        return self._health()

    def tend(self, port: Port, waker: Waker) -> Health:
        try:
            data = port.read(READ_BYTES, time.monotonic() + self._look_s, waker)
        except Timeout:
            data = b""
        if touches(self._strokes.feed(data)):
            self._touch(time.monotonic())
        return self._health()

    def act(self, port: Port, command: Any) -> tuple[Any, Health]:
        return None, self._health()

    def refuse(self, command: Any, health: Health) -> Any:
        return None

    def lose(self) -> None:
        self._strokes = Strokes()

    # ------------------------------------------------------------ findings
    def _touch(self, now: float) -> None:
        self._touched_at = now
        if now - self._told_at >= self._tell_s:
            self._told_at = now
            self._publish("touch", {"slot": self._slot})

    def _health(self) -> Health:
        quiet_s = time.monotonic() - self._touched_at
        if quiet_s >= self._silent_s:
            slips = self._slips_since(quiet_s)
            if slips >= self._silent_slips:
                return Health("touch_dead", f"{slips} slips in {quiet_s / 3600:.1f} h and no touch")
        return self._turned

    def _look_at_rotation(self, paths: list[str]) -> Health:
        known = self._properties(paths[0]) if paths else {}
        if not known or same_matrix(known.get(PROPERTY, ""), self._rotate):
            return Health()
        line = rule(known.get("ID_VENDOR_ID", "????"), known.get("ID_MODEL_ID", "????"), self._rotate)
        return Health("touch_turned", f"/etc/udev/rules.d/72-toiluot-touch.rules: {line}")
