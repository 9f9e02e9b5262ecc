"""Password-authenticated connection (PACE, Doc 9303-11, 4.4): generic mapping on elliptic curves, AES for the rest of the talk.

Holds what each step says and what follows from the answer. The order of the steps is `dialogue`. Other mappings (integrated, chip
authentication) and the multiplicative group are not spoken; a chip that offers only these is opened by BAC.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass

from drivers.codecs.mrtd import tlv
from drivers.codecs.mrtd.apdu import Command
from drivers.codecs.mrtd.ciphers import FOR_ENCRYPTION, FOR_SEALING, Key, aes_cbc, aes_mac, derive
from drivers.codecs.mrtd.curves import BY_NUMBER, Curve, Point
from drivers.codecs.mrtd.errors import Garbled
from drivers.codecs.mrtd.keys import AccessKey
from drivers.codecs.mrtd.secure import Channel

Random = Callable[[int], bytes]
# id-PACE-ECDH-GM-AES-CBC-CMAC-128, -192, -256 -> bytes of the keys
PROTOCOLS = {
    bytes.fromhex("04007F00070202040202"): 16,
    bytes.fromhex("04007F00070202040203"): 24,
    bytes.fromhex("04007F00070202040204"): 32,
}
NONCE, OUR_MAPPING, CHIPS_MAPPING, OUR_KEY, CHIPS_KEY, OUR_TOKEN, CHIPS_TOKEN = 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86


@dataclass(frozen=True)
class Offer:
    """One line of EF.CardAccess that we can speak. `named`: the curve must be named, for the chip offers several."""

    protocol: bytes
    number: int
    named: bool = False

    @property
    def curve(self) -> Curve:
        return BY_NUMBER[self.number]

    @property
    def key_size(self) -> int:
        return PROTOCOLS[self.protocol]


def offers(card_access: bytes) -> list[Offer]:
    """What of EF.CardAccess (a set of SecurityInfo) can be spoken, the chip's order kept."""
    found = []
    for info in tlv.items(tlv.only(card_access, 0x31)):
        parts = [part for part in tlv.items(info.value) if part.tag in (0x06, 0x02)] if info.tag == 0x30 else []
        if len(parts) == 3 and parts[0].value in PROTOCOLS and (number := int.from_bytes(parts[2].value, "big")) in BY_NUMBER:
            found.append(Offer(parts[0].value, number))
    return [Offer(one.protocol, one.number, sum(other.protocol == one.protocol for other in found) > 1) for one in found]


def begin(offer: Offer, reference: int) -> Command:
    """MSE:Set AT."""
    data = tlv.encode(0x80, offer.protocol) + tlv.encode(0x83, bytes([reference]))
    return Command(0x00, 0x22, 0xC1, 0xA4, data + (tlv.encode(0x84, bytes([offer.number])) if offer.named else b""))


def step(tag: int | None, value: bytes = b"", *, last: bool = False) -> Command:
    """One GENERAL AUTHENTICATE."""
    inner = b"" if tag is None else tlv.encode(tag, value)
    return Command(0x00 if last else 0x10, 0x86, 0x00, 0x00, tlv.encode(0x7C, inner), 256)


def answered(data: bytes, tag: int) -> bytes:
    value = tlv.first(tlv.only(data, 0x7C), tag)
    if value is None:
        raise Garbled(f"PACE: no {tag:X} in the answer")
    return value


def nonce(offer: Offer, key: AccessKey, hidden: bytes) -> int:
    if len(hidden) != 16:
        raise Garbled("PACE: the nonce is not one block")
    return int.from_bytes(aes_cbc(key.pace_key(offer.key_size), hidden, bytes(16), encrypt=False), "big")


def scalar(curve: Curve, random: Random) -> int:
    """A private key, from 1 to n-1, evenly enough: eight bytes more than the order has."""
    return int.from_bytes(random(curve.size + 8), "big") % (curve.n - 1) + 1


def mapped(curve: Curve, number: int, ours: int, theirs: bytes) -> tuple[int, int]:
    """The generator both ends use from here: s·G + H, where H is the point of the first agreement."""
    meeting = curve.multiply(ours, curve.decode(theirs))
    generator = curve.add(curve.multiply(number, curve.generator), meeting)
    if meeting is None or generator is None:
        raise Garbled("PACE: the mapping ends in nothing")
    return generator


def agreed(curve: Curve, ours: int, theirs: bytes) -> bytes:
    """The shared secret: the x of the second agreement."""
    meeting: Point = curve.multiply(ours, curve.decode(theirs))
    if meeting is None:
        raise Garbled("PACE: the agreement ends in nothing")
    return meeting[0].to_bytes(curve.size, "big")


def channel(offer: Offer, secret: bytes) -> Channel:
    return Channel(derive(secret, FOR_ENCRYPTION, offer.key_size), derive(secret, FOR_SEALING, offer.key_size))


def token(offer: Offer, sealing: Key, others_key: bytes) -> bytes:
    """The proof of having the same keys: a seal over the other end's public key."""
    return aes_mac(sealing, tlv.encode(0x7F49, tlv.encode(0x06, offer.protocol) + tlv.encode(0x86, others_key)))


def proves(offer: Offer, sealing: Key, our_public: bytes, their_token: bytes) -> bool:
    return hmac.compare_digest(their_token, token(offer, sealing, our_public))
