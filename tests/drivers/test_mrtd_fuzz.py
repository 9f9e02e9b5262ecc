"""Whatever comes from a chip, or stands in a trust list: nothing but the codec's own errors, bounded memory, and never a forged card.

Some hundreds of examples of each kind in `make test`, 20,000 inputs in `make verify`, a million by `make fuzz`.
Noise alone would hardly get past the
first length, so most inputs are good files and answers with bytes changed, cut and doubled.
"""

from __future__ import annotations

import contextlib
import random
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.codecs.mrtd import curves, dialogue, keys, lds, pace, tlv
from drivers.codecs.mrtd.apdu import parse_answer, parse_command
from drivers.codecs.mrtd.certificates import load
from drivers.codecs.mrtd.errors import MrtdError
from drivers.codecs.mrtd.passive import Trust, verify
from drivers.codecs.mrtd.secure import Channel
from drivers.sim.mrtd_chip import Chip, make
from drivers.sim.mrtd_person import Person, dg1, make_authority
from tests.drivers.chip import golden as g
from tests.drivers.fuzzing import INPUTS, SEED

MOST_KB = 8192  # the garbage of a few thousand refused certificates comes and goes
AUTHORITY = make_authority()
GROUP = dg1(Person())
ANCHORS = (load(AUTHORITY.anchor),)
FILES = (g.D_COM, GROUP, g.BSI_DG1, g.G_CARD_ACCESS, tlv.encode(0x7C, tlv.encode(0x80, g.G_HIDDEN)))


def channel() -> Channel:
    return Channel(bytearray(g.G_KS_ENC), bytearray(g.G_KS_MAC), 4)


def holder_of_nobody_else(data: bytes) -> object:
    """A zone whose check digits happen to fit may come out of noise; only what was signed is believed."""
    return verify(g.BSI_SOD, {1: data}, ANCHORS) if data != g.BSI_DG1 else None


READERS: dict[str, tuple[Callable[[bytes], object], tuple[bytes, ...]]] = {
    "tlv": (lambda data: list(tlv.items(data)), FILES),
    "answer": (parse_answer, tuple(one.received for one in g.G_SESSION)),
    "command": (parse_command, tuple(one.sent for one in g.G_SESSION)),
    "secure messaging": (lambda data: channel().unprotect(data), tuple(one.received for one in g.G_SESSION)),
    "offers": (pace.offers, (g.G_CARD_ACCESS,)),
    "pace answer": (lambda data: pace.answered(data, pace.NONCE), FILES),
    "point": (curves.BRAINPOOL256.decode, (g.G_PUB_MAP_IC, g.G_PUB_DH_IC)),
    "contents": (lds.contents, FILES),
    "holder": (lds.holder, FILES),
    "signed group": (holder_of_nobody_else, (GROUP, g.BSI_DG1)),
    "security object": (lambda data: verify(data, {1: g.BSI_DG1}, ANCHORS), (g.BSI_SOD,)),
    "certificate": (load, (AUTHORITY.anchor, ANCHORS[0].certificate.dump())),
}


def mangled(dice: random.Random, seed: bytes) -> bytes:
    data = bytearray(seed)
    for _ in range(dice.randrange(1, 4)):
        at = dice.randrange(len(data) + 1)
        match dice.randrange(5):
            case 0 | 1 if data:
                data[dice.randrange(len(data))] = dice.randrange(256)
            case 2:
                del data[at : at + dice.randrange(1, 9)]
            case 3:
                data[at:at] = data[at : at + dice.randrange(1, 40)]
            case 4:
                data[at:at] = dice.choice((b"\x30\x80", b"\x82\xff\xff", b"\x84\x7f\xff\xff\xff", b"\x7f\x49", dice.randbytes(4)))
    return bytes(data)


def survive(read: Callable[[bytes], object], data: bytes) -> None:
    with contextlib.suppress(MrtdError):
        read(data)


def fuzz(kind: str, count: int, seed: int) -> None:
    read, seeds = READERS[kind]
    dice = random.Random(seed)
    tracemalloc.start()
    try:
        for _ in range(count):
            survive(read, mangled(dice, dice.choice(seeds)))
        assert tracemalloc.get_traced_memory()[1] < MOST_KB * 1024
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", READERS)
def test_mangled_bytes(kind: str) -> None:
    fuzz(kind, 300, seed=4)


@pytest.mark.full
@pytest.mark.slow(reason="many inputs of each kind")
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("kind", READERS)
def test_many_inputs(kind: str) -> None:
    fuzz(kind, INPUTS, seed=SEED)


@pytest.mark.parametrize("kind", READERS)
def test_noise(kind: str) -> None:
    read = READERS[kind][0]

    @given(st.binary(max_size=400))
    def play(data: bytes) -> None:
        survive(read, data)

    play()


@given(st.lists(st.binary(max_size=60), max_size=30))
def test_a_chip_that_talks_nonsense_ends_the_talk(answers: list[bytes]) -> None:
    for key in (keys.can_key("123456"), keys.mrz_key(*g.G_KEY)):
        talk = dialogue.read(key, bytes)
        next(talk)
        with contextlib.suppress(MrtdError):
            for answer in answers:
                talk.send(answer)
        talk.close()


def spoiled(turn: int, at: int, change: int) -> dialogue.Reading | None:
    """A talk with a good chip, one byte of one answer changed on the way; None where it was noticed."""
    dice = random.Random(turn * 1000 + at)
    chip = Chip(make(Person(), set(), AUTHORITY), set(), dice.randbytes)
    talk = dialogue.read(keys.mrz_key("090123456", "900101", "300101"), dice.randbytes)
    said, count = next(talk), 0
    try:
        while True:
            answer = bytearray(chip.answer(said))
            if count == turn:
                answer[at % len(answer)] ^= change
            count += 1
            said = talk.send(bytes(answer))
    except StopIteration as done:
        reading: dialogue.Reading = done.value
        return reading
    except MrtdError:
        return None


@settings(max_examples=40)
@given(st.integers(0, 22), st.integers(0, 600), st.integers(1, 255))
def test_one_changed_byte_anywhere_in_the_talk_gives_no_other_card(turn: int, at: int, change: int) -> None:
    """The first words are in the clear and may steer us to another way in; what comes out is the true card, or nothing."""
    reading = spoiled(turn, at, change)
    if reading is not None:
        assert reading.dg1 == GROUP
        assert verify(reading.sod, {1: reading.dg1}, ANCHORS) is Trust.VERIFIED
