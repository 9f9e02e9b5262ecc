"""A closer look at one device than its health takes: how fast it answers, whether noise comes with it, whether it takes data.

Holds the questions put to a printer; it prints nothing (a NUL is no character). Runs on the slot's own thread, or on a port
that doctor opened while the service is away.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from drivers.codecs.escpos_status import REAL_TIME, is_real_time
from drivers.health import Health
from drivers.ports.base import Gone, Port, Timeout

LOAD_BYTES = 9_216  # more than the buffer of a small printer
LOAD_S = 2.0
SLOW_S = 0.35
QUIET_S = 0.06
READ_BYTES = 256


@dataclass(frozen=True)
class Examine:
    """The command a slot carries out with it."""


def examine_printer(port: Port, bytes_per_s: float = 200_000.0) -> list[Health]:
    """What is not as it should be; empty where all is well. `PortError` where it leaves meanwhile."""
    answered, noise = 0, 0
    for question in REAL_TIME:
        got = _ask(port, question.value)
        fitting = sum(1 for byte in got if is_real_time(byte))
        answered += bool(fitting)
        noise += len(got) - min(fitting, 1)
    if not answered:
        return [Health("garbled", f"{noise} bytes came, none an answer") if noise else Health("timeout", "no answer to DLE EOT")]
    found = [Health("garbled", f"{noise} bytes nobody asked for")] if noise > len(REAL_TIME) else []
    return found + _load(port, bytes_per_s)


def _ask(port: Port, question: bytes) -> bytes:
    """Everything that comes until it is quiet."""
    _drain(port)
    port.write(question, time.monotonic() + LOAD_S)
    got, deadline = b"", time.monotonic() + 0.6
    while True:
        try:
            got += port.read(READ_BYTES, deadline)
        except Timeout:
            return got
        deadline = time.monotonic() + QUIET_S


def _drain(port: Port) -> None:
    for _ in range(64):
        try:
            port.read(READ_BYTES, 0.0)
        except Timeout:
            return


def _load(port: Port, bytes_per_s: float) -> list[Health]:
    wire_s = LOAD_BYTES / bytes_per_s
    started = time.monotonic()
    try:
        port.write(bytes(LOAD_BYTES), started + LOAD_S + wire_s)
        port.write(REAL_TIME[0].value, started + LOAD_S + wire_s)
        port.read(READ_BYTES, started + LOAD_S + wire_s)
    except Timeout as error:
        taken = error.written if 0 < error.written < LOAD_BYTES else 0
        return [Health("stalls", f"{taken} of {LOAD_BYTES} bytes taken" if taken else f"no answer behind {LOAD_BYTES} bytes")]
    except Gone:
        return [Health("absent", "it left during the examination")]
    took_s = time.monotonic() - started - wire_s
    return [Health("slow", f"{took_s * 1000:.0f} ms for {LOAD_BYTES} bytes")] if took_s > SLOW_S else []
