"""Basic access control (Doc 9303-11, 4.3): two random numbers, three fields of the MRZ, and 3DES keys for the rest of the talk."""

from __future__ import annotations

import hmac

from drivers.codecs.mrtd.apdu import Command
from drivers.codecs.mrtd.ciphers import FOR_ENCRYPTION, FOR_SEALING, SEAL_BYTES, Key, derive, des3_cbc, pad, retail_mac, wipe
from drivers.codecs.mrtd.errors import Garbled
from drivers.codecs.mrtd.secure import Channel

GET_CHALLENGE = Command(0x00, 0x84, 0x00, 0x00, le=8)


def document_keys(seed: Key) -> tuple[bytearray, bytearray]:
    """For encrypting and for sealing."""
    return derive(seed, FOR_ENCRYPTION, 16, des=True), derive(seed, FOR_SEALING, 16, des=True)


def authenticate(keys: tuple[Key, Key], chips_number: bytes, our_number: bytes, our_key: Key) -> Command:
    """What to answer to the chip's challenge. `our_number` (8 bytes) and `our_key` (16) are random."""
    if len(chips_number) != 8:
        raise Garbled("a challenge that is not eight bytes")
    hidden = des3_cbc(keys[0], our_number + chips_number + bytes(our_key), encrypt=True)
    return Command(0x00, 0x82, 0x00, 0x00, hidden + retail_mac(keys[1], pad(hidden, 8)), 40)


def channel(keys: tuple[Key, Key], answer: bytes, chips_number: bytes, our_number: bytes, our_key: Key) -> Channel:
    """From the chip's answer to `authenticate`."""
    hidden, seal = answer[:32], answer[32:]
    if len(hidden) != 32 or len(seal) != SEAL_BYTES or not hmac.compare_digest(seal, retail_mac(keys[1], pad(hidden, 8))):
        raise Garbled("the seal of the mutual authentication does not fit")
    shown = des3_cbc(keys[0], hidden, encrypt=False)
    if shown[:16] != chips_number + our_number:
        raise Garbled("the chip answered with other numbers")
    return session(chips_number, our_number, our_key, shown[16:])


def session(chips_number: bytes, our_number: bytes, our_key: Key, chips_key: Key) -> Channel:
    """The keys both ends have from here on."""
    seed = bytearray(one ^ other for one, other in zip(our_key, chips_key, strict=True))
    encrypting, sealing = document_keys(seed)
    wipe(seed)
    return Channel(encrypting, sealing, int.from_bytes(chips_number[4:] + our_number[4:], "big"), aes=False)
