"""Everything a printer could answer and everything it could be sent: no exception, bounded memory, nothing out of nothing.

A thousand inputs of each kind in `make test`, 20,000 in `make verify`, a million by `make fuzz`.
The inputs are true answers and true slips with
bytes changed, cut, doubled and shuffled: noise alone would hardly get past the first byte.
"""

from __future__ import annotations

import random
import resource
from collections.abc import Callable

import pytest

from drivers.codecs import escpos_write
from drivers.codecs.escpos_raster import Row, StreamParser, hidden_commands, nudge, read_back
from drivers.codecs.escpos_status import PrinterStatus, Question, StatusReader, ask_process, process_id
from drivers.health import CODES, printer_health
from drivers.sim.printer import PrinterSim
from tests.drivers.fuzzing import INPUTS, SEED

MOST_BYTES = 8 * 1024 * 1024  # more than the allocator's own coming and going, less than a leak of a few bytes each
ANSWERS = [
    *(bytes([byte]) for byte in (0x12, 0x1A, 0x16, 0x32, 0x52, 0x1E, 0x72, 0x7E, 0x00, 0x03, 0x0C)),
    b"\x14\x00\x00\x0f",
    b"\x37\x25\x00",
    *(b"\x37\x22" + process_id(number) + b"\x00" for number in (1, 77, 0x1234)),
    b"\xff\x13\x11\x14\x00\x00\x0f\xa5\x9c",
]
DOTS = bytes((7 + row * 31 + column * 17) & 0xFF for row in range(24) for column in range(8))
DANGEROUS = bytes((0x10, 0x04, 0x05, 0x14, 0x1D, 0x00, 0xFF, 0x10)[byte % 8] for byte in range(256))
SLIPS = [
    escpos_write.INITIALISE
    + b"".join(escpos_write.raster_bands(DOTS, 64, rows))
    + escpos_write.finish(cut, 6)
    + ask_process(process_id(5))
    + Question.SENSOR.value
    for rows in (1, 7, 24)
    for cut in escpos_write.CUTS
]
COMMANDS = [question.value for question in Question] + [b"\x1d\x61\xff", b"\x10\x05\x02", b"\x1d\x28\x4c\x02\x00\x30\x32", b"\x1b\x4a\x40"]


def _mangled(dice: random.Random, seed: bytes) -> bytes:
    data = bytearray(seed)
    for _ in range(dice.randrange(1, 5)):
        at = dice.randrange(len(data) + 1)
        match dice.randrange(5):
            case 0 if data:
                data[dice.randrange(len(data))] = dice.randrange(256)
            case 1:
                del data[at : at + dice.randrange(1, 30)]
            case 2:
                data[at:at] = data[at : at + dice.randrange(1, 40)]
            case 3:
                data[at:at] = dice.randbytes(dice.randrange(1, 9))
            case 4:
                data[at:at] = dice.choice(COMMANDS)
    return bytes(data)


class Answers:
    """One reader for all inputs: what one leaves behind meets the next."""

    def __init__(self) -> None:
        self._reader = StatusReader()

    def one(self, dice: random.Random) -> None:
        data = _mangled(dice, b"".join(dice.choices(ANSWERS, k=dice.randrange(1, 6))))
        asked = set(dice.sample(list(Question), dice.randrange(4)))
        for answer in self._reader.feed(data, asked):
            assert answer.question in asked
            assert len(answer.payload) == {Question.PROCESS: 4, Question.CLEAR: 0}.get(answer.question, 1)
        bits = [dice.choice((None, byte)) for byte in data[:4].ljust(4, b"\x12")]
        code = printer_health(PrinterStatus(*bits)).code
        assert code in CODES
        assert code != "ok" or None not in (bits[0], bits[3]), "silence is never well"


class Streams:
    """The printer's side: a parser that is fed in pieces."""

    def __init__(self) -> None:
        self._parser = StreamParser()

    def one(self, dice: random.Random) -> None:
        data = _mangled(dice, dice.choice(SLIPS))
        while data:
            cut = dice.randrange(1, len(data) + 1)
            self._parser.push(data[:cut])
            data = data[cut:]
            while (command := self._parser.pop()) is not None:
                assert not isinstance(command, Row) or len(command.dots) <= 0xFFFF
        # A torn band may wait for 64 kB a row; what waits is never more than that and the command behind it.
        assert self._parser.backlog <= 0xFFFF + 16
        if dice.randrange(50) == 0:
            self._parser.clear()


class Pictures:
    """What we build ourselves, from any dots."""

    def one(self, dice: random.Random) -> None:
        width, rows = 8 * dice.randrange(1, 73), dice.randrange(1, 40)
        dots = dice.randbytes(width // 8 * rows).translate(DANGEROUS)
        bands = escpos_write.raster_bands(dots, width, dice.randrange(1, 2048))
        stream = escpos_write.INITIALISE + b"".join(bands) + escpos_write.finish()
        assert hidden_commands(stream) == []
        (back,) = read_back(stream)
        assert back == b"".join(nudge(band[8:]) for band in bands)
        assert (int.from_bytes(back) ^ int.from_bytes(dots)).bit_count() == back.count(0x18), "one dot more in each such place"


class Machines:
    """The simulator whole, with all it may be sent."""

    def __init__(self) -> None:
        self._sim = PrinterSim(64)

    def one(self, dice: random.Random) -> None:
        answers = self._sim.feed(_mangled(dice, dice.choice(SLIPS)))
        assert len(answers) < 4096
        assert self._sim.hanging_rows <= 10_000


WAYS: dict[str, Callable[[], Answers | Streams | Pictures | Machines]] = {
    "answers": Answers,
    "streams": Streams,
    "pictures": Pictures,
    "machines": Machines,
}


def _resident_bytes() -> int:
    with open("/proc/self/statm") as pages:
        return int(pages.read().split()[1]) * resource.getpagesize()


def _fuzz(way: str, count: int, seed: int) -> None:
    dice, tried = random.Random(seed), WAYS[way]()
    for _ in range(min(count, 500)):  # caches and the last slips fill first
        tried.one(dice)
    before = _resident_bytes()
    for _ in range(count):
        tried.one(dice)
    assert _resident_bytes() - before < MOST_BYTES


@pytest.mark.parametrize("way", WAYS)
def test_a_thousand_inputs(way: str) -> None:
    _fuzz(way, 1_000, seed=20261121)


@pytest.mark.full
@pytest.mark.slow(reason="many inputs of each kind")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("way", WAYS)
def test_many_inputs(way: str) -> None:
    _fuzz(way, INPUTS, seed=SEED)
