"""A clerk's keypad as a member of a bus: asked in turn, or speaking by itself; each stroke becomes one event, once.

Holds the polling, our word that a key was heard, and the rule that a key pressed while nobody listened is thrown away: it
was meant for a moment that has passed. What a key does is the display's affair.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from drivers.codecs.collector import Collector
from drivers.codecs.keypad_frame import Key, Keypad, RegisterReader
from drivers.codecs.led_frame import Panel
from drivers.codecs.template import Found
from drivers.devices.bus import Bus, Line, Member
from drivers.devices.led_panel import MAX_ADDRESS, LedPanel
from drivers.devices.modbus_talk import ModbusTalk
from drivers.devices.showing import Show, Shown
from drivers.health import Health
from drivers.protocols import ProtocolError, load_protocols

if TYPE_CHECKING:
    from drivers.config import SlotConfig
    from drivers.quirks import Quirks
    from drivers.registry import Parts

ROLES = ("keypad",)
OPTIONS: dict[str, type] = {"protocol": str, "address": int, "poll_s": float, "digits": int, "gap_s": float, "echo": bool}
KEEP_OPEN = True
REFUSED_S = 5.0
STALE_S = 1.0  # so long unheard, a keypad may hold a key that was pressed for nobody
MAX_WRONG = 5
Publish = Callable[[str, dict[str, Any]], None]


def check(wanted: SlotConfig, quirks: Quirks) -> None:
    if load_protocols(*quirks.folders).keypad(_protocol(wanted)).mode == "strokes":
        raise ProtocolError(f"protocol {_protocol(wanted)} is a USB keyboard's: its driver is number-pad")
    if wanted.options.get("address", 1) > MAX_ADDRESS:
        raise ProtocolError(f"address is 1 to {MAX_ADDRESS}")


def facts(wanted: SlotConfig) -> dict[str, Any]:
    return {"protocol": _protocol(wanted), "address": wanted.options.get("address", 1)}


def member(wanted: SlotConfig, parts: Parts) -> CallKeypad:
    protocols, options = load_protocols(*parts.quirks.folders), wanted.options
    keypad = protocols.keypad(_protocol(wanted))
    screen = protocols.panels[keypad.display] if keypad.display else None
    shape = {key: options[key] for key in ("address", "poll_s", "digits") if key in options}
    return CallKeypad(wanted.role, keypad, parts.publish, screen=screen, **shape)


def build(wanted: SlotConfig, parts: Parts) -> Bus:
    return Bus([member(wanted, parts)], gap_s=wanted.options.get("gap_s", 0.005), echo=wanted.options.get("echo", False))


def _protocol(wanted: SlotConfig) -> str:
    if "protocol" not in wanted.options:
        raise ProtocolError("say which protocol = “…” the keypad speaks (docs/wire/keypad.md lists them)")
    return str(wanted.options["protocol"])


class CallKeypad(Member):
    """One keypad. `screen` is its own little display, where it has one."""

    def __init__(
        self,
        slot: str,
        keypad: Keypad,
        publish: Publish,
        *,
        screen: Panel | None = None,
        address: int = 1,
        poll_s: float = 0.0,
        digits: int = 0,
    ) -> None:
        super().__init__(slot, address)
        self._keypad, self._publish = keypad, publish
        self._poll_s = poll_s or keypad.poll_s
        self._screen = LedPanel(slot, screen, address=address, digits=digits, idle="") if screen is not None else None
        self._heard = Collector(keypad.event) if keypad.event is not None else None
        self._reader = RegisterReader(keypad)
        self._modbus = ModbusTalk() if keypad.modbus is not None else None
        self._answered_at = -math.inf
        self._wrong = 0

    @property
    def facts(self) -> dict[str, Any]:
        return {"shows": self._screen is not None}

    # ------------------------------------------------------------ Member
    def appear(self) -> None:
        super().appear()
        self._answered_at = -math.inf
        self._reader.forget()
        if self._screen is not None:
            self._screen.appear()
            self._screen.next_at = math.inf
        if self._keypad.mode == "unsolicited":
            self.next_at = math.inf

    def lose(self) -> None:
        if self._heard is not None:
            self._heard.reset()

    def turn(self, line: Line) -> None:
        if self._screen is not None and self._screen.next_at <= time.monotonic() and not self.misses:
            self._screen.turn(line)
        if self._keypad.mode == "polled":
            self._poll(line)
        else:
            self.next_at = self._screen.next_at if self._screen is not None else math.inf
        self._mind_screen()

    def act(self, line: Line, command: Show) -> Shown:
        if self._screen is None:
            return Shown(self.slot, "not_shown", "refused", "this keypad has no display")
        self._screen.misses = self.misses
        shown = self._screen.act(line, command)
        self.next_at = min(self.next_at, self._screen.next_at)
        self._mind_screen()
        return shown

    def _mind_screen(self) -> None:
        """A keypad whose keys work and whose display refuses is not well: nobody would look for that in the display's own account."""
        if self._screen is None:
            return
        if self._screen.health.code == "refused" and self.health.well:
            self.health = self._screen.health
        elif self._screen.health.well and self.health.code == "refused" and self._keypad.mode == "unsolicited":
            self.health = Health()

    def refuse(self, command: Show, health: Health) -> Shown:
        return Shown(self.slot, "not_shown", health.code, health.detail)

    def hear(self, data: bytes, now: float) -> None:
        """A keypad that speaks by itself. Asked ones are listened to only in their own turn."""
        if self._keypad.mode != "unsolicited" or self._heard is None:
            return
        wrong = self._heard.wrong
        for found in self._heard.feed(data):
            if self._ours(found):
                self._wrong, self.health = 0, Health()
                self._tell(self._keypad.key_of(found))
        self._wrong += self._heard.wrong - wrong
        if self._wrong >= MAX_WRONG:
            self.health = Health("garbled", f"{self._wrong} frames in a row with a wrong check")

    # ------------------------------------------------------------ polling
    def _poll(self, line: Line) -> None:
        keys, came, why = self._read(line) if self._modbus is not None else self._ask(line)
        if why:
            self.denied(why, REFUSED_S)
        elif keys is None:
            self.missed(came, self._poll_s)
        else:
            stale = time.monotonic() - self._answered_at > STALE_S
            self._answered_at = time.monotonic()
            self.fine(0.0 if keys and self._modbus is None else self._poll_s)
            for key in [] if stale else keys:
                self._tell(key)

    def _ask(self, line: Line) -> tuple[list[Key] | None, int, str]:
        """One question in frames, and our thanks for a key, so that the keypad does not say it again."""
        keypad = self._keypad
        if keypad.poll is None:
            return None, 0, "this protocol has no poll"
        templates = [one for one in (keypad.event, keypad.nothing) if one is not None]
        collector = Collector(*templates)

        def take(data: bytes) -> Found | None:
            return next((one for one in collector.feed(data) if self._ours(one)), None)

        answer, came = line.ask(keypad.poll.build(address=self.address), take, keypad.answer_s)
        if answer is None:
            return None, came, ""
        if answer.template is keypad.nothing:
            return [], came, ""
        if keypad.taken is not None:
            line.tell(keypad.taken.build(address=self.address))
        return [keypad.key_of(answer)], came, ""

    def _read(self, line: Line) -> tuple[list[Key] | None, int, str]:
        registers, talk = self._keypad.modbus, self._modbus
        if registers is None or talk is None:
            return None, 0, "this protocol has no registers"
        values, came, why = talk.read(line, self.address, registers.register, registers.count, self._keypad.answer_s)
        if values is None:
            if self.misses:  # twice unheard: what stands there now may have been pressed for nobody
                self._reader.forget()
            return None, came, why
        keys = self._reader.feed(values)
        if registers.reading == "latch" and any(values):
            clear = talk.write(self.address, registers.register, [0] * registers.count)
            if talk.confirm(line, clear, self.address, 16, self._keypad.answer_s)[1] == "ack":
                self._reader.taken()
            else:
                return [], came, ""  # not cleared: it will be read again, and told then
        return keys, came, ""

    def _ours(self, found: Found) -> bool:
        return found.values.get("address", self.address) == self.address

    def _tell(self, key: Key) -> None:
        self._publish("key", {"slot": self.slot, "address": self.address, **key.as_json()})
