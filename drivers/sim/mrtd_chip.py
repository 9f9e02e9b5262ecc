"""The chip of an identity card, at the far end of secure messaging: BAC, PACE with CAN or MRZ, four files and no photograph.

Holds what a chip answers to each command and the faults it can be given. The wire to a reader is `vpcd`; the card's contents are
`mrtd_person`. Random numbers are an argument, so that a worked example can be replayed against it.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from drivers.codecs.mrtd import bac, lds, pace, tlv
from drivers.codecs.mrtd.apdu import END_REACHED, NOT_FOUND, OK, Command, parse_command
from drivers.codecs.mrtd.ciphers import aes_cbc, des3_cbc, pad, retail_mac
from drivers.codecs.mrtd.curves import BY_NUMBER
from drivers.codecs.mrtd.errors import Garbled, MrtdError
from drivers.codecs.mrtd.keys import AccessKey, can_key, mrz_key
from drivers.codecs.mrtd.secure import DATA, LE, SEAL, STATUS, Channel
from drivers.sim.mrtd_person import Authority, Person, com, dg1, make_authority, sod

MRTD_FAULTS = ("wrong-key", "moved", "no-anchor", "slow", "silent", "stall", "garbage", "forged", "not-id-card")
ATR = bytes.fromhex("3B80800101")
REFUSED, DENIED, NO_SUCH, WRONG_DATA, WRONG_LENGTH = 0x6300, 0x6982, 0x6D00, 0x6A80, 0x6700
MOVED_AFTER = 3  # pieces of files read before the card is taken away
SLOW_S = 0.05
FREE = {lds.EF_CARD_ACCESS}


@dataclass
class Made:
    """What stands on the card, and the anchor that a trust list would hold for it."""

    person: Person
    files: dict[int, bytes] = field(repr=False)
    anchor: bytes


def make(person: Person, faults: set[str], authority: Authority | None = None, curve: int = 13) -> Made:
    issuer = authority or make_authority()
    group = dg1(person)
    info = tlv.encode(0x06, next(iter(pace.PROTOCOLS))) + tlv.encode(0x02, b"\x02") + tlv.encode(0x02, bytes([curve]))
    files = {
        lds.EF_CARD_ACCESS: tlv.encode(0x31, tlv.encode(0x30, info)),
        lds.EF_COM: com(),
        lds.EF_DG1: dg1(Person("001090654321")) if "forged" in faults else group,  # invented
        lds.EF_SOD: sod(issuer, {1: group, 13: b"a group that is not read"}),
    }
    return Made(person, files, (make_authority() if "no-anchor" in faults else issuer).anchor)


class Moved(Exception):
    """The card is taken from the reader now."""


class Chip:
    """One card. `answer` is called for each command, in order; `reset` when the reader's field goes off."""

    def __init__(self, made: Made, faults: set[str], random: Callable[[int], bytes], access: str = "both", curve: int = 13) -> None:
        self.made, self.faults, self._random, self._access = made, faults, random, access
        self._curve = BY_NUMBER[curve]
        person = made.person
        self._keys = {1: mrz_key(person.document, person.birth, person.expiry), 2: can_key(person.can)}
        self.selected_ever: list[int] = []
        self.reset()

    def reset(self) -> None:
        self._channel: Channel | None = None
        self._file: bytes | None = None
        self._challenge = b""
        self._pace: _Pace | None = None
        self._pieces = 0

    def answer(self, raw: bytes) -> bytes:
        """The bytes of an answer; empty for none at all. `Moved`: the card is gone before it could answer."""
        if "slow" in self.faults:
            time.sleep(SLOW_S)
        if "silent" in self.faults or ("stall" in self.faults and raw[1:2] not in (b"\xa4", b"\xb0")):
            return b""
        try:
            reply = self._protected(raw) if raw[:1] == b"\x0c" and self._channel else self._plain(raw)
        except MrtdError:
            self._channel = None
            reply = status(0x6988)
        if "garbage" in self.faults and self._channel is not None and len(reply) > 12:
            return reply[:8] + bytes([reply[8] ^ 0x5A]) + reply[9:]
        return reply

    def _plain(self, raw: bytes) -> bytes:
        command = parse_command(raw)
        data, sw = self._do(command, secure=False)
        return data + status(sw)

    def _protected(self, raw: bytes) -> bytes:
        channel = self._channel
        if channel is None:
            raise Garbled("no channel")
        data, sw = self._do(accept(channel, raw), secure=True)
        return wrap(channel, data, sw)

    def _do(self, command: Command, *, secure: bool) -> tuple[bytes, int]:
        match command.ins, command.p1:
            case 0xA4, 0x04:
                return self._application(command.data)
            case 0xA4, 0x02:
                return self._select(int.from_bytes(command.data, "big"), secure=secure)
            case 0xA4, _:
                return b"", OK
            case 0xB0, _:
                return self._read(command)
            case 0x84, _:
                self._challenge = self._random(8)
                return self._challenge, OK
            case 0x82, _:
                return self._bac(command.data)
            case 0x22, _:
                return self._begin(command.data)
            case 0x86, _:
                return self._general(command)
        return b"", NO_SUCH

    # ------------------------------------------------------------ files
    def _application(self, name: bytes) -> tuple[bytes, int]:
        return b"", OK if name == lds.APPLICATION and "not-id-card" not in self.faults else NOT_FOUND

    def _select(self, name: int, *, secure: bool) -> tuple[bytes, int]:
        self.selected_ever.append(name)
        absent = name not in self.made.files or (name == lds.EF_CARD_ACCESS and (self._access == "bac" or "not-id-card" in self.faults))
        if absent:
            return b"", NOT_FOUND
        if name not in FREE and not secure:
            return b"", DENIED
        self._file = self.made.files[name]
        return b"", OK

    def _read(self, command: Command) -> tuple[bytes, int]:
        if self._file is None:
            return b"", 0x6986
        self._pieces += 1
        if "moved" in self.faults and self._pieces > MOVED_AFTER:
            raise Moved
        offset = command.p1 << 8 | command.p2
        piece = self._file[offset : offset + (command.le or 0)]
        return piece, OK if len(piece) == command.le else END_REACHED

    # ------------------------------------------------------------ BAC
    def _bac(self, data: bytes) -> tuple[bytes, int]:
        seed = self._keys[1].bac_seed()
        if self._access == "pace" or not self._challenge or len(data) != 40 or seed is None:
            return b"", DENIED
        keys = bac.document_keys(seed)
        hidden, seal = data[:32], data[32:]
        if "wrong-key" in self.faults or not hmac.compare_digest(seal, retail_mac(keys[1], pad(hidden, 8))):
            return b"", REFUSED
        shown = des3_cbc(keys[0], hidden, encrypt=False)
        our_key = self._random(16)
        reply = des3_cbc(keys[0], self._challenge + shown[:8] + our_key, encrypt=True)
        self._channel = bac.session(self._challenge, shown[:8], shown[16:], our_key)
        self._challenge = b""
        return reply + retail_mac(keys[1], pad(reply, 8)), OK

    # ------------------------------------------------------------ PACE
    def _begin(self, data: bytes) -> tuple[bytes, int]:
        protocol, reference = tlv.first(data, 0x80), tlv.first(data, 0x83)
        key = self._keys.get((reference or b"\0")[0])
        if protocol not in pace.PROTOCOLS or key is None or self._access == "bac":
            return b"", WRONG_DATA
        self._pace = _Pace(pace.Offer(protocol, next(number for number, curve in BY_NUMBER.items() if curve is self._curve)), key)
        return b"", OK

    def _general(self, command: Command) -> tuple[bytes, int]:
        if self._pace is None:
            return b"", 0x6985
        found = list(tlv.items(tlv.only(command.data, 0x7C)))
        tag, value = (found[0].tag, found[0].value) if found else (0, b"")
        reply = self._pace.step(tag, value, self._random)
        if reply is None or (tag == pace.OUR_TOKEN and "wrong-key" in self.faults):
            self._pace = None
            return b"", REFUSED
        if tag == pace.OUR_TOKEN:
            self._channel, self._pace = self._pace.channel, None
        return tlv.encode(0x7C, reply), OK


@dataclass
class _Pace:
    """The chip's half of one PACE."""

    offer: pace.Offer
    key: AccessKey
    channel: Channel | None = None
    _number: int = 0
    _generator: tuple[int, int] = (0, 0)
    _public: bytes = b""
    _theirs: bytes = b""

    def step(self, tag: int, value: bytes, random: Callable[[int], bytes]) -> bytes | None:
        """The answer's object; None where the other end has not proved the key."""
        curve = self.offer.curve
        if tag == 0:
            number = random(16)
            self._number = int.from_bytes(number, "big")
            hidden = aes_cbc(self.key.pace_key(self.offer.key_size), number, bytes(16), encrypt=True)
            return tlv.encode(pace.NONCE, hidden)
        if tag == pace.OUR_MAPPING:
            ours = pace.scalar(curve, random)
            self._generator = pace.mapped(curve, self._number, ours, value)
            return tlv.encode(pace.CHIPS_MAPPING, curve.encode(curve.multiply(ours, curve.generator)))
        if tag == pace.OUR_KEY:
            ours = pace.scalar(curve, random)
            self._theirs, self._public = value, curve.encode(curve.multiply(ours, self._generator))
            self.channel = pace.channel(self.offer, pace.agreed(curve, ours, value))
            return tlv.encode(pace.CHIPS_KEY, self._public)
        if tag != pace.OUR_TOKEN or self.channel is None or not pace.proves(self.offer, self.channel.sealing, self._public, value):
            return None
        return tlv.encode(pace.CHIPS_TOKEN, pace.token(self.offer, self.channel.sealing, self._theirs))


def status(sw: int) -> bytes:
    return sw.to_bytes(2, "big")


def accept(channel: Channel, raw: bytes) -> Command:
    """The command within a protected one. `Garbled` where its seal does not fit."""
    outer = parse_command(raw)
    count = channel.step()
    found = {item.tag: item for item in tlv.items(outer.data)}
    body = b"".join(item.raw for item in tlv.items(outer.data) if item.tag != SEAL)
    head = raw[:4]
    wanted = channel.seal(count, pad(head, channel.block) + body if body else head)
    if SEAL not in found or not hmac.compare_digest(found[SEAL].value, wanted):
        raise Garbled("the seal of a command does not fit")
    data = channel.show(count, found[DATA].value[1:]) if DATA in found else b""
    le = (found[LE].value[0] or 256) if LE in found else None
    return Command(outer.cla & ~0x0C, outer.ins, outer.p1, outer.p2, data, le)


def wrap(channel: Channel, data: bytes, sw: int) -> bytes:
    count = channel.step()
    body = tlv.encode(DATA, b"\x01" + channel.hide(count, data)) if data else b""
    body += tlv.encode(STATUS, status(sw))
    return body + tlv.encode(SEAL, channel.seal(count, body)) + status(sw)
