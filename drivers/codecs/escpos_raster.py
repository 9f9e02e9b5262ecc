"""Raster images on the way to the printer: what may hide in them, and how the far end reads them back.

Holds the nudge that keeps real-time commands out of image data, and `StreamParser`, the printer's side of the wire used
by the simulator and by tests. Builds no commands for the driver (`drivers.escpos_bytes` does) and opens nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

# DLE EOT, DLE ENQ and DLE DC4 are obeyed by many printers even in the middle of an image.
HIDDEN = (b"\x10\x04", b"\x10\x05", b"\x10\x14")
MAX_SKIP = 65_536


def hidden_commands(data: bytes) -> list[int]:
    """Where a real-time command begins in `data`."""
    return sorted(at for pair in HIDDEN for at in _places(data, pair))


def _places(data: bytes, pair: bytes) -> list[int]:
    places, at = [], data.find(pair)
    while at >= 0:
        places.append(at)
        at = data.find(pair, at + 1)
    return places


def nudge(raster: bytes) -> bytes:
    """The same image with one dot more beside each place where a real-time command would begin.

    0x10 becomes 0x18: that byte neither begins nor ends such a command, so one pass is enough.
    """
    spots = hidden_commands(raster)
    if not spots:
        return raster
    changed = bytearray(raster)
    for at in spots:
        changed[at] = 0x18
    return bytes(changed)


@dataclass(frozen=True)
class Row:
    """One line of dots, 1 = black, most significant bit first."""

    dots: bytes


@dataclass(frozen=True)
class Feed:
    rows: int


@dataclass(frozen=True)
class Cut:
    pass


@dataclass(frozen=True)
class Initialise:
    pass


@dataclass(frozen=True)
class AskSensor:
    """`GS r 1`, answered in its turn."""


@dataclass(frozen=True)
class AskProcess:
    identifier: bytes


@dataclass(frozen=True)
class SetAutoStatus:
    mask: int


@dataclass(frozen=True)
class Unknown:
    """A byte this parser has no meaning for: text, or the wreck of a torn command."""

    byte: int


@dataclass(frozen=True)
class _Passed:
    """Something was read that asks for nothing: go on."""


Command = Row | Feed | Cut | Initialise | AskSensor | AskProcess | SetAutoStatus | Unknown
_Step = Command | _Passed | None
_LINE_ROWS = 24


class StreamParser:
    """Reads a printer's input command by command; `pop` gives None while the next one is incomplete."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._row_bytes = 0
        self._rows_left = 0
        self._skip = 0

    @property
    def backlog(self) -> int:
        return len(self._buffer)

    @property
    def torn(self) -> bool:
        """Whether a command has begun and not ended."""
        return bool(self._buffer or self._rows_left or self._skip)

    def push(self, data: bytes) -> None:
        self._buffer += data

    def clear(self) -> None:
        self._buffer.clear()
        self._row_bytes = self._rows_left = self._skip = 0

    def pop(self) -> Command | None:
        while True:
            step = self._step()
            if not isinstance(step, _Passed):
                return step

    def _step(self) -> _Step:
        buffer = self._buffer
        if self._skip:
            drop = min(self._skip, len(buffer))
            del buffer[:drop]
            self._skip -= drop
            if self._skip:
                return None
        if self._rows_left:
            if len(buffer) < self._row_bytes:
                return None
            self._rows_left -= 1
            return Row(self._eat(self._row_bytes))
        if not buffer:
            return None
        return self._command()

    def _eat(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def _command(self) -> _Step:
        head = self._buffer[0]
        if head == 0x10:
            return self._real_time()
        if head == 0x1B:
            return self._escape()
        if head == 0x1D:
            return self._group()
        self._eat(1)
        return Feed(_LINE_ROWS) if head == 0x0A else Unknown(head)

    def _real_time(self) -> _Step:
        """Obeyed at arrival already; here they are only stepped over."""
        if len(self._buffer) < 3:
            return None
        lengths = {0x04: 3, 0x05: 3, 0x14: 5}
        length = lengths.get(self._buffer[1])
        if length is None:
            return Unknown(self._eat(1)[0])
        if self._buffer[1] == 0x14 and self._buffer[2] == 0x08:
            length = 10
        if len(self._buffer) < length:
            return None
        self._eat(length)
        return _Passed()

    def _escape(self) -> _Step:
        if len(self._buffer) < 2:
            return None
        kind = self._buffer[1]
        if kind == 0x40:
            self._eat(2)
            return Initialise()
        if kind in (0x64, 0x4A):
            if len(self._buffer) < 3:
                return None
            count = self._eat(3)[2]
            return Feed(count * (_LINE_ROWS if kind == 0x64 else 1))
        return Unknown(self._eat(1)[0])

    def _group(self) -> _Step:
        buffer = self._buffer
        if len(buffer) < 3:
            return None
        kind = buffer[1]
        if kind == 0x72:
            return AskSensor() if self._eat(3)[2] in (1, 49) else _Passed()
        if kind == 0x61:
            return SetAutoStatus(self._eat(3)[2])
        if kind == 0x56:
            return self._cut()
        if kind == 0x76:
            return self._raster()
        if kind == 0x28:
            return self._extended()
        return Unknown(self._eat(1)[0])

    def _cut(self) -> _Step:
        needed = 4 if self._buffer[2] in (65, 66, 97, 98) else 3
        if len(self._buffer) < needed:
            return None
        self._eat(needed)
        return Cut()

    def _raster(self) -> _Step:
        if len(self._buffer) < 8:
            return None
        header = self._eat(8)
        self._row_bytes = header[4] | header[5] << 8
        self._rows_left = (header[6] | header[7] << 8) if self._row_bytes else 0
        return _Passed()

    def _extended(self) -> _Step:
        """`GS ( x pL pH …`: only the process identifier means something, the rest is stepped over."""
        buffer = self._buffer
        if len(buffer) < 5:
            return None
        size = buffer[3] | buffer[4] << 8
        if buffer[2] == 0x48 and size == 6:
            if len(buffer) < 11:
                return None
            return AskProcess(self._eat(11)[7:11])
        self._eat(5)
        self._skip = size
        return _Passed()


def read_back(stream: bytes) -> list[bytes]:
    """The slips in a stream, each as its rows joined. For tests and for whoever wants to see what was sent."""
    parser, slips, rows = StreamParser(), [], bytearray()
    parser.push(stream)
    while (command := parser.pop()) is not None:
        if isinstance(command, Row):
            rows += command.dots
        elif isinstance(command, Cut):
            slips.append(bytes(rows))
            rows.clear()
    return slips
