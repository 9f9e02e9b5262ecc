"""Modbus RTU as a device hears it: requests out of a stream, answers to them. For simulators.

Holds a server's small part of the protocol, written from the specification (MODBUS Application Protocol V1.1b3): read
holding registers (03), write one (06), write several (16). Our own master speaks through pymodbus (`drivers.modbus_bytes`),
so the two ends share no line. PURE.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from drivers.codecs.template import MAX_BYTES, crc16

READ, WRITE_ONE, WRITE_MANY = 0x03, 0x06, 0x10
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3


def framed(unit: int, pdu: bytes) -> bytes:
    frame = bytes([unit]) + pdu
    return frame + crc16(frame).to_bytes(2, "little")


@dataclass(frozen=True)
class Request:
    unit: int
    function: int
    register: int
    count: int
    values: tuple[int, ...] = ()


class Requests:
    """The requests in a stream; what is no request is skipped byte by byte."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> list[Request]:
        self._buffer += data
        found = []
        at = 0
        while at + 8 <= len(self._buffer):
            size = self._size(at)
            if size and at + size <= len(self._buffer) and crc16(self._buffer[at : at + size]) == 0:
                found.append(self._read(self._buffer[at : at + size]))
                self._buffer, at = self._buffer[at + size :], 0
            else:
                at += 1
        self._buffer = self._buffer[-MAX_BYTES:]
        return found

    def reset(self) -> None:
        self._buffer = b""

    def _size(self, at: int) -> int:
        """0 where no request we know begins there. A CRC over a frame with its own CRC is 0."""
        function = self._buffer[at + 1]
        return 8 if function in (READ, WRITE_ONE) else 9 + self._buffer[at + 6] if function == WRITE_MANY else 0

    @staticmethod
    def _read(frame: bytes) -> Request:
        unit, function = frame[0], frame[1]
        register, word = int.from_bytes(frame[2:4], "big"), int.from_bytes(frame[4:6], "big")
        if function == READ:
            return Request(unit, function, register, word)
        body = frame[4:6] if function == WRITE_ONE else frame[7:-2]
        values = tuple(int.from_bytes(body[n : n + 2], "big") for n in range(0, len(body) - 1, 2))
        return Request(unit, function, register, 1 if function == WRITE_ONE else word, values)


class Holding:
    """A device's holding registers. `changed(register, values)` is told of every write."""

    def __init__(self, size: int, changed: Callable[[int, tuple[int, ...]], None] = lambda _, __: None) -> None:
        self.values = [0] * size
        self.changed = changed

    def answer(self, request: Request) -> bytes:
        """The whole frame; to a broadcast (unit 0) nothing is answered."""
        pdu = self._pdu(request)
        return framed(request.unit, pdu) if request.unit else b""

    def _pdu(self, request: Request) -> bytes:
        last = request.register + request.count
        if not 1 <= request.count <= 123 or (request.function != READ and request.count != len(request.values)):
            return bytes([request.function | 0x80, ILLEGAL_VALUE])
        if last > len(self.values):
            return bytes([request.function | 0x80, ILLEGAL_ADDRESS])
        if request.function == READ:
            words = b"".join(value.to_bytes(2, "big") for value in self.values[request.register : last])
            return bytes([READ, len(words)]) + words
        self.values[request.register : last] = request.values
        self.changed(request.register, request.values)
        word = request.values[0] if request.function == WRITE_ONE else request.count
        return bytes([request.function]) + request.register.to_bytes(2, "big") + word.to_bytes(2, "big")
