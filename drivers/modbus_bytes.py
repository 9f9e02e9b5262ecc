"""Modbus RTU as its master speaks it: the one file that imports pymodbus, and only as a maker and reader of bytes.

Holds requests as bytes and the reading of one answer. Ports, deadlines and turns are the bus's affair; pymodbus's own
clients, threads and retries are not used.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from pymodbus.exceptions import ModbusException
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)

MAX_FRAME_BYTES = 256


class NoAnswer(Exception):
    """What came is no answer to what was asked."""


class Refusal(Exception):
    """The device understood and refused; `code` is Modbus's exception code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code}")
        self.code = code


class Master:
    """Requests to units, and their answers. Holds no state but the decoder's table."""

    def __init__(self) -> None:
        # A line with noise on it would fill the log with what is an everyday matter here.
        logging.getLogger("pymodbus").setLevel(logging.CRITICAL + 1)
        logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL + 1)
        self._framer = FramerRTU(DecodePDU(False))

    def write(self, unit: int, register: int, values: Sequence[int], function: int = 16) -> bytes:
        request: ModbusPDU
        if function == 6:
            request = WriteSingleRegisterRequest(address=register, registers=list(values[:1]), dev_id=unit)
        else:
            request = WriteMultipleRegistersRequest(address=register, registers=list(values), dev_id=unit)
        return self._framer.buildFrame(request)

    def read(self, unit: int, register: int, count: int) -> bytes:
        return self._framer.buildFrame(ReadHoldingRegistersRequest(address=register, count=count, dev_id=unit))

    def answer(self, data: bytes, unit: int, function: int) -> list[int] | None:
        """The registers in `data` (none for a write), or None while more must come. Raises Refusal and NoAnswer."""
        try:
            _, answer = self._framer.handleFrame(data, unit, 0)
        except (ModbusException, ValueError, IndexError, KeyError) as error:
            raise NoAnswer(type(error).__name__) from error
        if answer is None:
            if len(data) >= MAX_FRAME_BYTES:
                raise NoAnswer("too long")
            return None
        if isinstance(answer, ExceptionResponse):
            raise Refusal(answer.exception_code)
        if answer.function_code != function:
            raise NoAnswer(f"function {answer.function_code}")
        return list(answer.registers) if function == 3 else []
