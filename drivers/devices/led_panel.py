"""A LED panel as a member of a bus: it shows what it was last asked to, says so again after a while, and never an old thing.

Holds the wanted face, its holding time, and the exchange in frames or Modbus registers. What the numbers mean is not known
here. A panel that comes back after a power cut is shown its face again without anybody asking.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from drivers.codecs.collector import Collector
from drivers.codecs.led_frame import Panel
from drivers.codecs.template import Found, FrameError, Template
from drivers.devices.bus import Bus, Line, Member
from drivers.devices.modbus_talk import ModbusTalk
from drivers.devices.showing import Show, Shown
from drivers.health import Health
from drivers.protocols import ProtocolError, load_protocols

if TYPE_CHECKING:
    from drivers.config import SlotConfig
    from drivers.quirks import Quirks
    from drivers.registry import Parts

ROLES = ("led",)
OPTIONS: dict[str, type] = {
    "protocol": str, "address": int, "digits": int, "rows": int, "idle": str, "refresh_s": float, "gap_s": float, "echo": bool,
}  # fmt: skip
KEEP_OPEN = True
REFRESH_S = 30.0
AGAIN_S = 0.2
REFUSED_S = 5.0
MAX_ADDRESS = 255


def check(wanted: SlotConfig, quirks: Quirks) -> None:
    panel = load_protocols(*quirks.folders).panel(_protocol(wanted))
    options = wanted.options
    if options.get("address", 1) > MAX_ADDRESS:
        raise ProtocolError(f"address is 1 to {MAX_ADDRESS}")
    LedPanel(wanted.role, panel, **_shape(options)).probe()


def facts(wanted: SlotConfig) -> dict[str, Any]:
    return {"protocol": wanted.options.get("protocol", ""), "address": wanted.options.get("address", 1)}


def member(wanted: SlotConfig, parts: Parts) -> LedPanel:
    panel = load_protocols(*parts.quirks.folders).panel(_protocol(wanted))
    return LedPanel(wanted.role, panel, **_shape(wanted.options))


def build(wanted: SlotConfig, parts: Parts) -> Bus:
    return Bus([member(wanted, parts)], gap_s=wanted.options.get("gap_s", 0.005), echo=wanted.options.get("echo", False))


def _protocol(wanted: SlotConfig) -> str:
    if "protocol" not in wanted.options:
        raise ProtocolError("say which protocol = “…” the panel speaks (docs/wire/led.md lists them)")
    return str(wanted.options["protocol"])


def _shape(options: dict[str, Any]) -> dict[str, Any]:
    return {key: options[key] for key in ("address", "digits", "rows", "idle", "refresh_s") if key in options}


class LedPanel(Member):
    """One panel. `idle` is what it shows when nobody told it anything (any more)."""

    def __init__(
        self, slot: str, panel: Panel, *, address: int = 1, digits: int = 0, rows: int = 0, idle: str = "--", refresh_s: float = REFRESH_S
    ) -> None:
        super().__init__(slot, address)
        self._panel, self._refresh_s = panel, refresh_s
        self.digits, self.rows = digits or panel.digits, rows or panel.rows
        self._idle = Show((idle,))
        self._face = self._idle
        self._until: float | None = None
        self._modbus = ModbusTalk() if panel.modbus is not None else None

    @property
    def facts(self) -> dict[str, Any]:
        return {"shows": True, "digits": self.digits, "rows": self.rows, "confirms": self._panel.confirms}

    def probe(self) -> None:
        """Whether this protocol can say anything at this address: FrameError with the reason where it cannot."""
        self._frames(self._idle)

    # ------------------------------------------------------------ Member
    def turn(self, line: Line) -> None:
        self._expire()
        self._send(line)

    def act(self, line: Line, command: Show) -> Shown:
        self._face = command
        self._until = None if command.hold_s is None else time.monotonic() + command.hold_s
        if self.misses >= 2:  # it does not answer: the face is kept, and shown when it is heard again
            return self._result("not_shown")
        try:
            self._send(line)
        except FrameError as error:
            self._face = self._idle
            self.denied(str(error), AGAIN_S)
            return Shown(self.slot, "not_shown", "refused", str(error))
        good = self.health.well and not self.misses
        return self._result(("shown" if self._panel.confirms else "sent") if good else "not_shown")

    def refuse(self, command: Show, health: Health) -> Shown:
        """The line is not there now; what shall be shown is remembered all the same."""
        self._face = command
        self._until = None if command.hold_s is None else time.monotonic() + command.hold_s
        return Shown(self.slot, "not_shown", health.code, health.detail)

    def _result(self, outcome: str) -> Shown:
        code = self.health.code if outcome != "not_shown" or not self.health.well else "timeout"
        return Shown(self.slot, outcome, code, self.health.detail, tuple(self._rows(self._face)))

    def _expire(self) -> None:
        if self._until is not None and time.monotonic() >= self._until:
            self._face, self._until = self._idle, None

    # ------------------------------------------------------------ the wire
    def _rows(self, face: Show) -> list[str]:
        rows = [self._panel.fit(row, self.digits) for row in face.rows[: self.rows]]
        return rows + [" " * self.digits] * (self.rows - len(rows))

    def _frames(self, face: Show) -> list[bytes]:
        registers = self._panel.modbus
        if registers is None:
            return self._panel.frames(self.address, self._rows(face), blink=face.blink)
        if self._modbus is None:
            raise RuntimeError("registers without Modbus")
        writes = [(registers.register + n * registers.row_step, registers.values(row)) for n, row in enumerate(self._rows(face))]
        if registers.blink_register is not None:
            writes.append((registers.blink_register, [registers.blink_on if face.blink else registers.blink_off]))
        return [self._modbus.write(self.address, register, values, registers.function) for register, values in writes]

    def _send(self, line: Line) -> None:
        for frame in self._frames(self._face):
            came, answer = self._exchange(line, frame)
            if answer == "":
                self.missed(came, AGAIN_S)
                return
            if answer != "ack":
                self.denied(answer, REFUSED_S)
                return
        left_s = self._refresh_s if self._until is None else max(0.0, self._until - time.monotonic())
        self.fine(min(self._refresh_s, left_s))

    def _exchange(self, line: Line, frame: bytes) -> tuple[int, str]:
        """How many bytes came, and "ack", a reason, or "" for no answer."""
        if self._modbus is not None:
            registers = self._panel.modbus
            return self._modbus.confirm(line, frame, self.address, registers.function if registers else 16, self._panel.answer_s)
        if self._panel.ack is None:
            line.tell(frame)
            return 0, "ack"
        templates = [one for one in (self._panel.ack, self._panel.nak) if one is not None]
        collector = Collector(*templates)

        def take(data: bytes) -> Found | None:
            return next((one for one in collector.feed(data) if self._ours(one)), None)

        answer, came = line.ask(frame, take, self._panel.answer_s)
        return came, "" if answer is None else "ack" if self._is(answer, self._panel.ack) else "it answered NAK"

    @staticmethod
    def _is(found: Found, template: Template) -> bool:
        return found.template is template

    def _ours(self, found: Found) -> bool:
        return found.values.get("address", self.address) == self.address
