"""Turning a two-wire line: RTS is high while we speak and never longer, and a line that cannot turn says so."""

from __future__ import annotations

import os
import pty
import time
import tty
from collections.abc import Iterator

import pytest

from drivers.ports.base import FdPort, OpenFailed, Timeout
from drivers.ports.direction import DIRECTIONS, Auto, ByRts, TurningPort
from drivers.ports.opening import open_port, parse_address


class Recorded:
    """The lines of an adaptor, written down as they move."""

    def __init__(self) -> None:
        self.moves: list[str] = []

    @property
    def rts(self) -> bool:
        return bool(self.moves) and self.moves[-1] == "rts"

    @rts.setter
    def rts(self, high: bool) -> None:
        self.moves.append("rts" if high else "not rts")

    def flush(self) -> None:
        self.moves.append("drained")


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    near, far = os.pipe()
    os.set_blocking(far, False)
    yield near, far
    for fd in (near, far):
        os.close(fd)


def test_rts_is_high_while_we_speak_and_falls_when_the_last_bit_is_out(ends: tuple[int, int]) -> None:
    line = Recorded()
    port = TurningPort(FdPort(ends[1], lambda: None), ByRts(line))
    assert port.write(b"frame", time.monotonic() + 5) == 5
    assert line.moves == ["not rts", "rts", "drained", "not rts"]
    assert os.read(ends[0], 9) == b"frame"


def test_rts_falls_even_where_the_write_fails(ends: tuple[int, int]) -> None:
    line = Recorded()
    port = TurningPort(FdPort(ends[1], lambda: None), ByRts(line))
    with pytest.raises(Timeout):
        port.write(bytes(1_000_000), time.monotonic() + 0.05)
    assert line.moves[-2:] == ["drained", "not rts"]


def test_auto_moves_nothing(ends: tuple[int, int]) -> None:
    assert TurningPort(FdPort(ends[1], lambda: None), Auto()).write(b"x", time.monotonic() + 5) == 1


@pytest.mark.parametrize("how", [how for how in DIRECTIONS if how != "auto"])
def test_a_line_that_cannot_turn_says_so(how: str) -> None:
    """A pseudo-terminal has neither RTS nor the kernel's RS-485 mode."""
    near, far = pty.openpty()
    tty.setraw(far)
    try:
        with pytest.raises(OpenFailed, match=f"rs485={how}") as refused:
            open_port(parse_address(f"serial:{os.ttyname(far)}?baud=9600&rs485={how}"))
        assert refused.value.code == "error"
    finally:
        os.close(near)
        os.close(far)


def test_an_unknown_way_is_refused_when_the_configuration_is_read() -> None:
    with pytest.raises(ValueError, match="rs485 must be one of auto, kernel, rts"):
        parse_address("serial:/dev/ttyUSB0?rs485=magic")
