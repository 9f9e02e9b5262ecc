"""Far ends on a line: a LED panel and a keypad as their own machines, with faults.

Holds what each does with bytes it hears and what it says. The line that carries them is `line_wire`, the page `line_page`.
A station hears everything on its line and answers only what is meant for its address.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from drivers.codecs.collector import Collector
from drivers.codecs.keypad_frame import Keypad
from drivers.codecs.led_frame import Panel
from drivers.codecs.modbus_rtu import Holding, Request, Requests, framed
from drivers.codecs.template import Found, Template
from drivers.sim.faults import KEYPAD_FAULTS, LED_FAULTS

NOISE = b"\xfe\x7f\x9d\x00\xff\x1b"
SLOW_S = 0.06
MAX_KEYS = 8
REGISTERS = 256


class Station:
    """One device. `hear` gives what it answers; `spoken` what it says by itself."""

    kind = ""
    known_faults: tuple[str, ...] = ()

    def __init__(self, address: int, protocol: str, faults: set[str] | None = None) -> None:
        self.address, self.protocol = address, protocol
        self.faults = set(faults or ())
        self.lock = threading.RLock()
        self.wrong = 0
        self.heard = 0  # questions and orders meant for it
        self._spoken: deque[bytes] = deque(maxlen=MAX_KEYS)

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.address}"

    @property
    def delay_s(self) -> float:
        return SLOW_S if "slow" in self.faults else 0.0

    def hear(self, data: bytes) -> bytes:
        if "unplug" in self.faults:
            return b""
        with self.lock:
            answers = [answer for answer in self._take(data) if answer]
            self.heard += len(answers)
            return b"".join(map(self._worsen, answers))

    def spoken(self) -> bytes:
        with self.lock:
            said = b"".join(self._worsen(frame) for frame in self._spoken)
            self._spoken.clear()
        return b"" if "unplug" in self.faults else said

    def _worsen(self, frame: bytes) -> bytes:
        if "silent" in self.faults:
            return b""
        if "garbage" in self.faults:
            return NOISE
        if "partial" in self.faults:
            return frame[: len(frame) // 2]
        return frame[:-1] + bytes([frame[-1] ^ 1]) if "wrong-checksum" in self.faults else frame

    def _take(self, data: bytes) -> list[bytes]:
        """The answers to what `data` completes."""
        return []

    def look(self) -> dict[str, Any]:
        """What a person sees of it."""
        return {
            "name": self.name,
            "kind": self.kind,
            "address": self.address,
            "protocol": self.protocol,
            "faults": sorted(self.faults),
            "known_faults": list(self.known_faults),
        }


class LedSim(Station):
    """A panel: rows of letters that stay until others come."""

    kind = "led"
    known_faults = LED_FAULTS

    def __init__(self, panel: Panel, address: int = 1, faults: set[str] | None = None, digits: int = 0, rows: int = 0) -> None:
        super().__init__(address, panel.name, faults)
        self.panel, self.digits = panel, digits or panel.digits
        self.rows = [" " * self.digits for _ in range(rows or panel.rows)]
        self.blink = False
        self.writes = 0
        self._frames = Collector(panel.show) if panel.show is not None else None
        self._requests = Requests()
        self._holding = Holding(REGISTERS, self._written)

    def _take(self, data: bytes) -> list[bytes]:
        if self._frames is None:
            asked = [request for request in self._requests.feed(data) if request.unit == self.address]
            return [self._refuse(request) or self._holding.answer(request) for request in asked]
        wrong = self._frames.wrong
        answers = [self._obey(found) for found in self._frames.feed(data) if found.values.get("address", self.address) == self.address]
        self.wrong += self._frames.wrong - wrong
        return answers

    def _refuse(self, request: Request) -> bytes:
        return framed(request.unit, bytes([request.function | 0x80, 4])) if "nak" in self.faults else b""

    def _obey(self, found: Found) -> bytes:
        if "nak" in self.faults:
            return self._say(self.panel.nak)
        row = int(found.values.get("row", 1))
        if not 1 <= row <= len(self.rows):
            return self._say(self.panel.nak)
        self.rows[row - 1] = str(found.values.get("text", ""))[: self.digits].ljust(self.digits)
        self.blink = found.values.get("blink") == "on"
        self.writes += 1
        return self._say(self.panel.ack)

    def _say(self, template: Template | None) -> bytes:
        return template.build(address=self.address) if template is not None else b""

    def _written(self, register: int, values: tuple[int, ...]) -> None:
        registers = self.panel.modbus
        if registers is None:
            return
        self.writes += 1
        if registers.blink_register is not None and register == registers.blink_register:
            self.blink = values[0] == registers.blink_on
            return
        row = (register - registers.register) // registers.row_step if registers.row_step else 0
        if 0 <= row < len(self.rows):
            text = registers.text(values)
            self.rows[row] = (text.rjust(self.digits) if registers.encode == "number" else text.ljust(self.digits))[: self.digits]

    def look(self) -> dict[str, Any]:
        with self.lock:
            shown = {"rows": list(self.rows), "digits": self.digits, "blink": self.blink, "writes": self.writes, "wrong": self.wrong}
            return super().look() | shown


class KeypadSim(Station):
    """A keypad: a key waits until it is asked for, or speaks at once; some show digits of their own."""

    kind = "keypad"
    known_faults = KEYPAD_FAULTS

    def __init__(self, keypad: Keypad, screen: Panel | None = None, address: int = 1, faults: set[str] | None = None) -> None:
        super().__init__(address, keypad.name, faults)
        self.keypad = keypad
        self.screen = LedSim(screen, address) if screen is not None else None
        self.presses = self.taken = 0
        self._waiting: deque[str] = deque(maxlen=MAX_KEYS)
        self._polls = Collector(*(one for one in (keypad.poll, keypad.taken) if one is not None)) if keypad.poll is not None else None
        self._requests = Requests()
        self._holding = Holding(REGISTERS, self._written)

    def press(self, key: str) -> None:
        """One stroke. ValueError for a key it does not have."""
        code = next((code for code, name in self.keypad.keys.items() if key in (name, code)), None)
        if code is None:
            raise ValueError(f"keys: {', '.join(self.keypad.keys.values())}")
        with self.lock:
            self.presses += 1
            if self.keypad.modbus is not None:
                self._press_register(int(code))
            elif self.keypad.mode == "polled":
                self._waiting.append(key if key in self.keypad.keys.values() else self.keypad.keys[code])
            elif self.keypad.event is not None:
                self._spoken.append(self.keypad.event.build(address=self.address, key=self.keypad.keys[code]))

    def _press_register(self, code: int) -> None:
        registers = self.keypad.modbus
        if registers is None:
            return
        values, at = self._holding.values, registers.register
        if registers.reading == "bits":
            values[at + code // 16] |= 1 << code % 16
        elif registers.reading == "latch":
            values[at] = code
        else:
            values[at] = ((values[at] >> 8) + 1 & 0xFF) << 8 | code

    def _take(self, data: bytes) -> list[bytes]:
        answers = []
        if self.screen is not None:
            self.screen.faults = self.faults & {"nak"}
            if self.keypad.modbus is None:
                answers += self.screen._take(data)
        if self.keypad.modbus is not None:
            answers += [self._answer(request) for request in self._requests.feed(data) if request.unit == self.address]
        elif self._polls is not None:
            answers += [self._polled(found) for found in self._polls.feed(data) if found.values.get("address") == self.address]
        return answers

    def _polled(self, found: Found) -> bytes:
        keypad = self.keypad
        if found.template is keypad.taken:
            if self._waiting:
                self._waiting.popleft()
                self.taken += 1
            return b""
        if not self._waiting or keypad.event is None:
            return keypad.nothing.build(address=self.address) if keypad.nothing is not None else b""
        key = self._waiting[0] if keypad.taken is not None else self._waiting.popleft()
        return keypad.event.build(address=self.address, key=key)

    def _answer(self, request: Request) -> bytes:
        if "nak" in self.faults:
            return framed(request.unit, bytes([request.function | 0x80, 4]))
        answer = self._holding.answer(request)
        registers = self.keypad.modbus
        if registers is not None and registers.reading == "bits" and request.register == registers.register:
            self._holding.values[registers.register] = 0  # the finger leaves the key once it was seen down
        return answer

    def _written(self, register: int, values: tuple[int, ...]) -> None:
        if self.screen is not None:
            self.screen._written(register, values)

    def look(self) -> dict[str, Any]:
        with self.lock:
            seen = super().look() | {"keys": list(self.keypad.keys.values()), "presses": self.presses, "waiting": len(self._waiting)}
            return seen | {"screen": self.screen.look() if self.screen is not None else None}
