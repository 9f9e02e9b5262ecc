"""The key a person gives to their card's chip: the card number printed on it (CAN), or three fields of its MRZ.

Holds the checks of form and the check digits. Keys are overwritten with `wipe`; none is ever shown.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from drivers.codecs.mrtd.ciphers import FOR_PACE, derive, wipe

_CAN = re.compile(r"[0-9]{6}")
_DOCUMENT = re.compile(r"[0-9A-Z<]{1,14}")
_DATE = re.compile(r"[0-9]{6}")
_WEIGHTS = (7, 3, 1)


def value(letter: str) -> int:
    """0–9, A–Z as 10–35, the filler as 0."""
    if letter == "<":
        return 0
    return ord(letter) - 48 if letter.isdigit() else ord(letter) - 55


def check_digit(text: str) -> str:
    return str(sum(value(letter) * _WEIGHTS[at % 3] for at, letter in enumerate(text)) % 10)


@dataclass
class AccessKey:
    """`reference` is PACE's name for its kind: 1 the MRZ, 2 the CAN. Only an MRZ key opens BAC."""

    reference: int
    secret: bytearray = field(repr=False)

    def pace_key(self, size: int, *, des: bool = False) -> bytearray:
        return derive(self.secret, FOR_PACE, size, des=des)

    def bac_seed(self) -> bytearray | None:
        return self.secret[:16] if self.reference == 1 else None

    def wipe(self) -> None:
        wipe(self.secret)


def can_key(can: str) -> AccessKey:
    """ValueError where it is not six digits."""
    if not _CAN.fullmatch(can):
        raise ValueError("can: six digits")
    return AccessKey(2, bytearray(can.encode("ascii")))


def mrz_key(document: str, birth: str, expiry: str) -> AccessKey:
    """`birth` and `expiry` as YYMMDD. ValueError names the field that has no such form."""
    number = document.ljust(9, "<")
    if not _DOCUMENT.fullmatch(number):
        raise ValueError("document: letters A–Z and digits, as in the MRZ")
    if not _DATE.fullmatch(birth) or not _DATE.fullmatch(expiry):
        raise ValueError("birth, expiry: six digits, YYMMDD")
    text = "".join(part + check_digit(part) for part in (number, birth, expiry))
    return AccessKey(1, bytearray(hashlib.sha1(text.encode("ascii")).digest()))  # noqa: S324 - the standard's own choice
