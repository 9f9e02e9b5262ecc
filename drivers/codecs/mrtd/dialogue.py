"""The whole talk with a chip, as a generator: it yields what to send and is given what came back. It ends with what was read.

Holds the order of things: PACE where the chip offers it and BAC where not, then three small files. Waits for nothing and opens nothing.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TypeVar

from drivers.codecs.mrtd import bac, lds, pace, tlv
from drivers.codecs.mrtd.apdu import NOT_FOUND, Answer, Command, parse_answer, read_binary, select_application, select_file
from drivers.codecs.mrtd.ciphers import wipe
from drivers.codecs.mrtd.errors import Garbled, NoPace, NotIdCard, WrongKey
from drivers.codecs.mrtd.keys import AccessKey
from drivers.codecs.mrtd.pace import Random
from drivers.codecs.mrtd.secure import Channel

T = TypeVar("T")
Talk = Generator[bytes, bytes, T]
# What fits into a short answer with its encryption and its seal around it.
PIECE_BYTES = 223
MAX_PARTS = 8
SELECT_MASTER = Command(0x00, 0xA4, 0x00, 0x0C, lds.MASTER_FILE.to_bytes(2, "big"))


@dataclass
class Reading:
    """What was read, and how the chip was opened: "pace" or "bac"."""

    dg1: bytearray = field(repr=False)
    sod: bytes = field(repr=False)
    access: str

    def wipe(self) -> None:
        wipe(self.dg1)


def read(key: AccessKey, random: Random) -> Talk[Reading]:
    """Ends with a `Reading`, or with one of `errors`."""
    offer = yield from _offer()
    if offer is not None:
        channel = yield from _pace(offer, key, random)
    else:
        channel = yield from _bac(key, random)
    try:
        if offer is not None and not (yield from _send(select_application(lds.APPLICATION), channel)).fine:
            raise NotIdCard("no travel-document application")
        com = yield from _file(lds.EF_COM, channel)
        if com is None or lds.DG1_TAG not in lds.contents(com).tags:
            raise NotIdCard("no DG1 on the card")
        dg1, sod = (yield from _file(lds.EF_DG1, channel)), (yield from _file(lds.EF_SOD, channel))
    finally:
        channel.wipe()
    if dg1 is None or sod is None:
        raise NotIdCard("DG1 or SOD is missing")
    return Reading(bytearray(dg1), sod, "bac" if offer is None else "pace")


def _send(command: Command, channel: Channel | None = None) -> Talk[Answer]:
    """One command; an answer that comes in parts (61xx) is fetched whole."""
    raw = yield (command if channel is None else channel.protect(command)).encode()
    answer = parse_answer(raw)
    data = answer.data
    for _ in range(MAX_PARTS):
        if answer.sw >> 8 != 0x61:
            break
        answer = parse_answer((yield Command(0x00, 0xC0, 0x00, 0x00, le=(answer.sw & 0xFF) or 256).encode()))
        data += answer.data
    if channel is None:
        return Answer(data, answer.sw)
    return channel.unprotect(data + answer.sw.to_bytes(2, "big"))


def _file(file_id: int, channel: Channel | None = None) -> Talk[bytes | None]:
    """A whole file, or None where the card has none of this name."""
    selected = yield from _send(select_file(file_id), channel)
    if selected.sw == NOT_FOUND:
        return None
    if not selected.fine:
        raise Garbled(f"file {file_id:04X}: {selected.sw:04X}")
    data = yield from _piece(file_id, 0, 4, channel)
    _, start, size = tlv.head(data)
    total = start + size
    if total > lds.MAX_BYTES[file_id]:
        raise Garbled(f"file {file_id:04X} says it has {total} bytes")
    while len(data) < total:
        data += yield from _piece(file_id, len(data), min(PIECE_BYTES, total - len(data)), channel)
    return data[:total]


def _piece(file_id: int, offset: int, size: int, channel: Channel | None) -> Talk[bytes]:
    answer = yield from _send(read_binary(offset, size), channel)
    if not answer.fine or not 0 < len(answer.data) <= size:
        raise Garbled(f"file {file_id:04X} at {offset}: {answer.sw:04X}")
    return answer.data


def _offer() -> Talk[pace.Offer | None]:
    """What PACE the chip offers that we can speak; a chip without a readable EF.CardAccess knows BAC only."""
    yield from _send(SELECT_MASTER)  # some chips have no master file to select, and are in the right place already
    try:
        data = yield from _file(lds.EF_CARD_ACCESS)
    except Garbled:
        return None
    found = [] if data is None else pace.offers(data)
    return found[0] if found else None


def _pace(offer: pace.Offer, key: AccessKey, random: Random) -> Talk[Channel]:
    curve = offer.curve
    if not (yield from _send(pace.begin(offer, key.reference))).fine:
        raise NoPace("the chip does not take this kind of key")
    number = pace.nonce(offer, key, (yield from _step(None, b"", pace.NONCE)))
    ours = pace.scalar(curve, random)
    theirs = yield from _step(pace.OUR_MAPPING, curve.encode(curve.multiply(ours, curve.generator)), pace.CHIPS_MAPPING)
    generator = pace.mapped(curve, number, ours, theirs)
    ours = pace.scalar(curve, random)
    public = curve.encode(curve.multiply(ours, generator))
    theirs = yield from _step(pace.OUR_KEY, public, pace.CHIPS_KEY)
    if theirs == public:
        raise Garbled("PACE: the chip sent our own key back")
    channel = pace.channel(offer, pace.agreed(curve, ours, theirs))
    answer = yield from _send(pace.step(pace.OUR_TOKEN, pace.token(offer, channel.sealing, theirs), last=True))
    if not answer.fine:
        raise WrongKey(f"PACE: {answer.sw:04X}")
    if not pace.proves(offer, channel.sealing, public, pace.answered(answer.data, pace.CHIPS_TOKEN)):
        raise Garbled("PACE: the chip's token does not fit")
    return channel


def _step(tag: int | None, value: bytes, expected: int) -> Talk[bytes]:
    answer = yield from _send(pace.step(tag, value))
    if not answer.fine:
        raise Garbled(f"PACE: {answer.sw:04X}")
    return pace.answered(answer.data, expected)


def _bac(key: AccessKey, random: Random) -> Talk[Channel]:
    if not (yield from _send(select_application(lds.APPLICATION))).fine:
        raise NotIdCard("no travel-document application")
    seed = key.bac_seed()
    if seed is None:
        raise NoPace("the chip offers no PACE that we speak")
    keys = bac.document_keys(seed)
    wipe(seed)
    challenge = yield from _send(bac.GET_CHALLENGE)
    if not challenge.fine:
        raise Garbled(f"challenge: {challenge.sw:04X}")
    our_number, our_key = random(8), bytearray(random(16))
    try:
        answer = yield from _send(bac.authenticate(keys, challenge.data, our_number, our_key))
        if not answer.fine:
            raise WrongKey(f"BAC: {answer.sw:04X}")
        return bac.channel(keys, answer.data, challenge.data, our_number, our_key)
    finally:
        wipe(*keys, our_key)
