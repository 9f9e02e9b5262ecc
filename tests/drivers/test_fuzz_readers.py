"""Everything a scanner could send, and much it could not: no exception, bounded memory, and never a card out of nothing.

A thousand inputs of each kind in `make test`, 20,000 in `make verify`, a million by `make fuzz`.
The inputs are cards with bytes changed, cut,
doubled and shuffled: noise alone would hardly get past the first check.
"""

from __future__ import annotations

import random
import resource
from collections.abc import Callable

import pytest

from drivers.codecs import card_qr
from drivers.codecs.framing import Framer
from drivers.codecs.hid_keymap import RECORD, pack
from drivers.codecs.hid_scan import KeyFramer
from drivers.codecs.scan_setting import SettingWatch
from drivers.codecs.scan_text import SCANNER_ENCODINGS, decode, encode
from drivers.devices.card_reader import understand
from drivers.sim.scanner import SAMPLES
from drivers.sim.typist import LETTERS, typed
from tests.drivers.fuzzing import INPUTS, SEED

NUMBERS = {"001090123456", "001148000123", "079203004321"}
SEEDS = [encode(one.payload, encoding) + b"\r" for one in SAMPLES for encoding in SCANNER_ENCODINGS]
KEY_SEEDS = [pack(typed(one.payload + "\r", letters)) for one in SAMPLES for letters in LETTERS]
MOST_BYTES = 8 * 1024 * 1024  # more than the allocator's own coming and going, less than a leak of a few bytes each


def _mangled(dice: random.Random, seed: bytes, step: int = 1) -> bytes:
    """`step`: the size of what is cut and doubled; a byte is changed anywhere."""
    data = bytearray(seed)
    for _ in range(dice.randrange(1, 5)):
        at = dice.randrange(len(data) // step + 1) * step
        match dice.randrange(5):
            case 0 if data:
                data[dice.randrange(len(data))] = dice.randrange(256)
            case 1:
                del data[at : at + dice.randrange(1, 20) * step]
            case 2:
                data[at:at] = data[at : at + dice.randrange(1, 40) * step]
            case 3:
                data[at:at] = dice.randbytes(dice.randrange(1, 9) * step)
            case 4:
                data += dice.choice((b"\r", b"\x00", b"\x02", b"\xff", b"|")) * step
    return bytes(data)


def _line(dice: random.Random, framer: Framer, watch: SettingWatch) -> None:
    data = _mangled(dice, dice.choice(SEEDS))
    for frame in [*framer.feed(data, 0.0), *framer.idle(1e9)]:
        scanned, scan = understand(frame)
        watch.look(scanned, scan)
        assert card_qr.event(scan)["kind"]


def _keys(dice: random.Random, framer: KeyFramer, watch: SettingWatch) -> None:
    seed = dice.choice(KEY_SEEDS)
    at = dice.randrange(len(seed) // RECORD.size) * RECORD.size
    data = _mangled(dice, seed[at : at + 60 * RECORD.size], RECORD.size)
    for frame in [*framer.feed(data, 0.0), *framer.idle(1e9)]:
        scanned, scan = understand(frame)
        watch.look(scanned, scan)
        assert len(frame.data) <= 4 * 512


def _text(dice: random.Random, framer: Framer, watch: SettingWatch) -> None:
    text = decode(dice.randbytes(dice.randrange(200))).text
    watch.look(None, card_qr.parse(text))


WAYS: dict[str, tuple[Callable[..., None], Callable[[], object]]] = {
    "line": (_line, Framer),
    "keys": (_keys, KeyFramer),
    "noise": (_text, Framer),
}


def _resident_bytes() -> int:
    with open("/proc/self/statm") as pages:
        return int(pages.read().split()[1]) * resource.getpagesize()


def _fuzz(way: str, count: int, seed: int) -> None:
    one, make = WAYS[way]
    dice, framer, watch = random.Random(seed), make(), SettingWatch()
    for _ in range(min(count, 200)):  # caches fill first
        one(dice, framer, watch)
    before = _resident_bytes()
    for _ in range(count):
        one(dice, framer, watch)
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


def test_a_card_with_one_digit_changed_or_lost_is_another_number_or_none() -> None:
    """No mangling makes two cards into one: a number that is told stood in the bytes as twelve digits side by side."""
    dice = random.Random(7)
    for _ in range(2_000):
        data = _mangled(dice, dice.choice(SEEDS[: 3 * len(SCANNER_ENCODINGS)]))
        for frame in Framer().feed(data, 0.0):
            event = card_qr.event(understand(frame)[1])
            if event["kind"] == "id_card":
                assert str(event["number"]) in decode(frame.data).text
