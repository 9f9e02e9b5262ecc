"""A USB number pad as a clerk's keypad: the kernel's key strokes in, `key` on the stream.

Holds the choice of the table (a protocol of the mode `strokes`) and the rule that a key pressed while nobody listened is thrown
away. The port has taken every node of the pad, so that no key of it types into a window. What a key does is the display's affair.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from drivers.codecs.hid_keymap import EV_KEY, PRESSED, RECORD, Strokes
from drivers.codecs.keypad_frame import Keypad
from drivers.devices.showing import Show, Shown
from drivers.health import Health
from drivers.ports.base import Port, Timeout, Waker, drop_stale
from drivers.protocols import ProtocolError, load_protocols

if TYPE_CHECKING:
    from drivers.config import SlotConfig
    from drivers.quirks import Quirks
    from drivers.registry import Parts

ROLES = ("keypad",)
OPTIONS: dict[str, type] = {"protocol": str}
PORTS = {"input": "evdev"}
USUAL = "usb-numpad"
READ_BYTES = 64 * RECORD.size
LISTEN_S = 3600.0


def check(wanted: SlotConfig, quirks: Quirks) -> None:
    choose(wanted, quirks)


def facts(wanted: SlotConfig) -> dict[str, Any]:
    return {"protocol": wanted.options.get("protocol", USUAL), "shows": False}


def choose(wanted: SlotConfig, quirks: Quirks) -> Keypad:
    keypad = load_protocols(*quirks.folders).keypad(wanted.options.get("protocol", USUAL))
    if keypad.mode != "strokes":
        raise ProtocolError(f"protocol {keypad.name} is spoken on a line: its driver is call-keypad")
    return keypad


def build(wanted: SlotConfig, parts: Parts) -> NumberPad:
    return NumberPad(wanted.role, choose(wanted, parts.quirks), parts.publish)


class NumberPad:
    """The `Device` behind a number pad's slot."""

    def __init__(self, slot: str, keypad: Keypad, publish: Callable[[str, dict[str, Any]], None]) -> None:
        self._slot, self._keypad, self._publish = slot, keypad, publish
        self._strokes = Strokes()

    def greet(self, port: Port) -> Health:
        """Keys that lie in the buffer were pressed for a moment that has passed."""
        drop_stale(port)
        self.lose()
        return Health()

    def tend(self, port: Port, waker: Waker) -> Health:
        try:
            data = port.read(READ_BYTES, time.monotonic() + LISTEN_S, waker)
        except Timeout:
            data = b""
        for stroke in self._strokes.feed(data):
            if stroke.type == EV_KEY and stroke.value == PRESSED:  # a key that is held repeats and is pressed once
                self._publish("key", {"slot": self._slot, "address": 0, **self._keypad.key_named(stroke.code).as_json()})
        return Health()

    def act(self, port: Port, command: Show) -> tuple[Shown, Health]:
        return self.refuse(command, Health()), Health()

    def refuse(self, command: Show, health: Health) -> Shown:
        return Shown(self._slot, "not_shown", "refused", "a number pad has no display")

    def lose(self) -> None:
        self._strokes = Strokes()
