"""One Modbus exchange in a turn of the bus. The bytes are `drivers.modbus_bytes`', loaded only where a slot speaks Modbus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from drivers.devices.bus import Line

if TYPE_CHECKING:
    from drivers.modbus_bytes import Master

READ, WRITE_MANY = 3, 16


class ModbusTalk:
    """Asks, and gathers an answer that may come in pieces."""

    def __init__(self) -> None:
        from drivers.modbus_bytes import Master

        self._master: Master = Master()

    def write(self, unit: int, register: int, values: Sequence[int], function: int = WRITE_MANY) -> bytes:
        return self._master.write(unit, register, values, function)

    def confirm(self, line: Line, frame: bytes, unit: int, function: int, answer_s: float) -> tuple[int, str]:
        """How many bytes came, and "ack", what the device said against it, or "" for no answer."""
        answer, came, why = self._ask(line, frame, unit, function, answer_s)
        return came, why or ("" if answer is None else "ack")

    def read(self, line: Line, unit: int, register: int, count: int, answer_s: float) -> tuple[list[int] | None, int, str]:
        """The registers, or None; how many bytes came; and what the device said against it."""
        return self._ask(line, self._master.read(unit, register, count), unit, READ, answer_s)

    def _ask(self, line: Line, frame: bytes, unit: int, function: int, answer_s: float) -> tuple[list[int] | None, int, str]:
        from drivers.modbus_bytes import NoAnswer, Refusal

        heard = bytearray()
        refused: list[str] = []

        def take(data: bytes) -> list[int] | None:
            heard.extend(data[:256])
            try:
                return self._master.answer(bytes(heard), unit, function)
            except NoAnswer:
                heard.clear()
                return None
            except Refusal as refusal:
                refused.append(f"Modbus exception {refusal.code}")
                return []

        answer, came = line.ask(frame, take, answer_s)
        return (None if refused else answer), came, refused[0] if refused else ""
