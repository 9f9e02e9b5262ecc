"""The files of a travel document (Doc 9303-10): EF.COM's list and DG1's machine-readable zone, read as far as a queue needs them.

Of DG1 the number and the date of birth are taken; the name is not looked at. The photograph (DG2), the fingerprints (DG3) and the
Vietnamese DG13 are never read from the card: a queue has no use for them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from drivers.codecs.mrtd import tlv
from drivers.codecs.mrtd.errors import Garbled, NotIdCard
from drivers.codecs.mrtd.keys import check_digit

APPLICATION = bytes.fromhex("A0000002471001")
MASTER_FILE = 0x3F00
EF_CARD_ACCESS, EF_COM, EF_DG1, EF_SOD = 0x011C, 0x011E, 0x0101, 0x011D
# The longest files we read; a longer one is not what it says it is.
MAX_BYTES = {EF_CARD_ACCESS: 2048, EF_COM: 512, EF_DG1: 256, EF_SOD: 16_384}
DG1_TAG = 0x61
_ZONE = re.compile(rb"[0-9A-Z<]{90}")
_NUMBER = re.compile(r"[0-9]{12}")


@dataclass(frozen=True)
class Contents:
    """EF.COM: which data groups there are, by their tags."""

    version: str
    tags: tuple[int, ...]


@dataclass(frozen=True)
class Holder:
    """`born` is the year, where the number and the two digits of the MRZ agree on the century; else None."""

    number: str = field(repr=False)
    born: int | None = field(repr=False)


def contents(data: bytes) -> Contents:
    inner = tlv.only(data, 0x60)
    version, tags = tlv.first(inner, 0x5F01), tlv.first(inner, 0x5C)
    if version is None or tags is None or not version.isdigit() or len(version) != 4:
        raise Garbled("EF.COM")
    return Contents(version.decode("ascii"), tuple(tags))


def zone(data: bytes) -> str:
    """The 90 letters of a card-sized (TD1) zone, its check digits proved. A passport is `NotIdCard`."""
    letters = tlv.first(tlv.only(data, DG1_TAG), 0x5F1F)
    if letters is None:
        raise Garbled("DG1")
    if not _ZONE.fullmatch(letters):
        raise NotIdCard("the zone is not that of a card")
    text = letters.decode("ascii")
    first, second = text[:30], text[30:60]
    fields = (first[5:14], first[14]), (second[:6], second[6]), (second[8:14], second[14])
    whole = first[5:30] + second[:7] + second[8:15] + second[18:29]
    # A long document number has a filler where its check digit would stand; the digit over the whole covers it.
    if any(digit not in (check_digit(part), "<") for part, digit in fields) or second[29] != check_digit(whole):
        raise Garbled("DG1: a check digit does not fit")
    return text


def holder(data: bytes) -> Holder:
    """Who a Vietnamese card belongs to: the twelve digits stand in the first line's optional field."""
    text = zone(data)
    number = text[15:27]
    if text[2:5] != "VNM" or not _NUMBER.fullmatch(number):
        raise NotIdCard("not a Vietnamese identity card")
    year = text[30:32]
    century = 1900 + 100 * (int(number[3]) // 2)
    return Holder(number, century + int(year) if year == number[4:6] else None)
