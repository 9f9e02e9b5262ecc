"""Text out of a scanner's bytes, whatever its factory setting made of Vietnamese.

Holds the order in which encodings are tried and says which one it was. Frames are `framing`'s affair, meaning is
`card_qr`'s. Nothing is guessed silently: `exact` is False where letters may be wrong (digits and ASCII never are).
"""

from __future__ import annotations

import codecs
import unicodedata
from dataclasses import dataclass, field

_PAIR_LEADS = frozenset((0x00, 0x01, 0x1E))
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True)
class ScanText:
    """What was read. The text stays out of `repr`: it may be a person's."""

    text: str = field(repr=False)
    encoding: str
    exact: bool


def decode(raw: bytes) -> ScanText:
    """BOM, UTF-8 (with its Latin-1 accident repaired), mixed UTF-16BE, CP1258, Latin-1; always NFC."""
    for bom, name in _BOMS:
        if raw.startswith(bom):
            return _with_bom(raw, bom, name)
    # A NUL before a letter is half of it; a NUL at the end is only an end.
    data = raw.lstrip(b"\r\n\x02\x03").rstrip(b"\r\n\x00\x02\x03")
    if not _has_pairs(data):
        text = _utf8(data)
        if text is not None:
            return _repaired(text)
    else:
        # Unstripped: the second half of a letter may look like an end.
        text = _mixed(raw)
        if text is not None:
            return _done(text, "utf-16be-mix", True)
    return _eight_bit(data)


def _has_pairs(data: bytes) -> bool:
    return any(byte in _PAIR_LEADS for byte in data)


def _done(text: str, encoding: str, exact: bool) -> ScanText:
    return ScanText(unicodedata.normalize("NFC", text).strip("\r\n\x00\x02\x03\ufeff"), encoding, exact)


def _with_bom(raw: bytes, bom: bytes, name: str) -> ScanText:
    body = raw[len(bom) :]
    if name != "utf-8" and len(body) % 2:
        body = body[:-1]
    text = body.decode(name, "replace")
    return _done(text, name, "\ufffd" not in text)


def _utf8(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _repaired(text: str) -> ScanText:
    """UTF-8 that somebody took for Latin-1 and encoded once more comes back letter by letter."""
    if any("\x80" <= letter <= "\xff" for letter in text):
        try:
            return _done(text.encode("latin-1").decode("utf-8"), "utf-8-as-latin-1", True)
        except UnicodeError:
            pass
    return _done(text, "utf-8", True)


def _mixed(data: bytes) -> str | None:
    """ASCII as single bytes, every other letter as one UTF-16BE pair."""
    letters, at = [], 0
    while at < len(data):
        byte = data[at]
        if byte in _PAIR_LEADS and at + 1 < len(data):
            letters.append(chr(byte << 8 | data[at + 1]))
            at += 2
        elif byte < 0x80:
            letters.append(chr(byte))
            at += 1
        else:
            return None
    return "".join(letters)


def _eight_bit(data: bytes) -> ScanText:
    try:
        return _done(data.decode("cp1258"), "cp1258", False)
    except UnicodeDecodeError:
        return _done(data.decode("latin-1"), "latin-1", False)


def encode(text: str, encoding: str) -> bytes:
    """The other direction, for far ends: how a scanner set to `encoding` would send `text`."""
    if encoding == "utf-16be-mix":
        return b"".join(letter.encode("ascii") if letter < "\x80" else letter.encode("utf-16-be") for letter in text)
    if encoding == "latin1":
        return text.encode("utf-8").decode("latin-1").encode("utf-8")
    if encoding == "cp1258":
        return unicodedata.normalize("NFC", text).encode("cp1258", "replace")
    return text.encode(encoding)
