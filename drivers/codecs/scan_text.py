"""Text out of a scanner's bytes, whatever its factory setting made of Vietnamese.

Holds the order in which encodings are tried and says which one it was. Frames are `framing`'s affair, meaning is
`card_qr`'s. Nothing is guessed silently: `exact` is False where letters may be wrong (digits and ASCII never are).
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass, field

SCANNER_ENCODINGS = ("utf-8", "utf-16be-mix", "latin1", "cp1258", "gbk", "gb18030", "utf-8-sig", "utf-16", "hex")
_PAIR_LEADS = frozenset((0x00, 0x01, 0x1E))
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
_HEX_DUMP = re.compile(rb"(?:[0-9A-Fa-f]{2}){16,}")
_SYMBOLOGY = re.compile(rb"\][A-Za-z][0-9A-Za-z]")  # ISO/IEC 15424: what kind of code was read, put before it


@dataclass(frozen=True)
class ScanText:
    """What was read. The text stays out of `repr`: it may be a person's."""

    text: str = field(repr=False)
    encoding: str
    exact: bool


def decode(raw: bytes | bytearray) -> ScanText:
    """BOM, UTF-8 (with its Latin-1 accident repaired), mixed UTF-16BE, GB 18030, CP1258, Latin-1; always NFC."""
    raw = bytes(raw)
    for bom, name in _BOMS:
        if raw.startswith(bom):
            return _with_bom(raw, bom, name)
    # A NUL before a letter is half of it; a NUL at the end is only an end.
    data = raw.lstrip(b"\r\n\x02\x03").rstrip(b"\r\n\x00\x02\x03")
    if found := _SYMBOLOGY.match(data):
        raw = data = data[found.end() :]
    if not _has_pairs(data):
        text = _utf8(data)
        if text is not None:
            return _dumped(data) or _repaired(text)
    elif _is_little_endian(raw):
        return _with_bom(raw, b"", "utf-16-le")
    else:
        # Unstripped: the second half of a letter may look like an end.
        text = _mixed(raw)
        if text is not None:
            return _done(text, "utf-16be-mix", True)
    return _gb18030(data) or _eight_bit(data)


def _has_pairs(data: bytes) -> bool:
    return any(byte in _PAIR_LEADS for byte in data)


def _is_little_endian(raw: bytes) -> bool:
    """UTF-16LE without its mark begins with ASCII in pairs. Mixed scanners never put ASCII into a pair, so it is not theirs."""
    return len(raw) >= 8 and not any(raw[1:8:2]) and all(0x20 <= byte < 0x7F for byte in raw[0:8:2])


def _dumped(data: bytes) -> ScanText | None:
    """A scanner set to hexadecimal output writes every byte as two digits. Twelve digits alone are a number, not a dump."""
    if not _HEX_DUMP.fullmatch(data):
        return None
    inside = _utf8(bytes.fromhex(data.decode("ascii")))
    return _done(inside, "hex", True) if inside and all(letter >= " " for letter in inside.strip("\r\n\t")) else None


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


def _gb18030(data: bytes) -> ScanText | None:
    """Chinese scanners' factory code page. GBK alone has few Vietnamese letters and puts `?` for the rest.

    Taken for it only where every letter is a Latin one: other code pages, read as GBK, give ideographs.
    """
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        return None
    strange = [letter for letter in text if letter >= "\x80"]
    if not strange or not all(_is_latin(letter) for letter in strange):
        return None
    whole = any(len(letter.encode("gb18030")) == 4 for letter in strange)
    return _done(text, "gb18030" if whole else "gbk", whole)


def _is_latin(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith(("LATIN ", "COMBINING "))


def _eight_bit(data: bytes) -> ScanText:
    """CP1258 writes a tone as a byte after its vowel; where tones stand after anything else it is not CP1258."""
    try:
        text = data.decode("cp1258")
    except UnicodeDecodeError:
        return _done(data.decode("latin-1"), "latin-1", False)
    tones = [at for at, letter in enumerate(text) if letter in _TONES]
    if tones and all(at and unicodedata.normalize("NFD", text[at - 1])[0] in "aeiouyAEIOUY" for at in tones):
        return _done(text, "cp1258", False)
    name = "cp1258" if any(letter in "ăĂđĐơƠưƯ" for letter in text) else "latin-1"
    return _done(data.decode(name), name, False)


def encode(text: str, encoding: str) -> bytes:
    """The other direction, for far ends: how a scanner set to `encoding` would send `text`."""
    text = unicodedata.normalize("NFC", text)
    if encoding == "utf-16be-mix":
        return b"".join(letter.encode("ascii") if letter < "\x80" else letter.encode("utf-16-be") for letter in text)
    if encoding == "latin1":
        return text.encode("utf-8").decode("latin-1").encode("utf-8")
    if encoding == "hex":
        return text.encode("utf-8").hex().upper().encode("ascii")
    if encoding == "cp1258":
        return _apart(text).encode("cp1258", "replace")
    return text.encode(encoding, "replace")


def _apart(text: str) -> str:
    """The way CP1258 writes Vietnamese: a letter it has as it is, every other as vowel and tone."""
    parts = []
    for letter in text:
        try:
            letter.encode("cp1258")
        except UnicodeEncodeError:
            marks = unicodedata.normalize("NFD", letter)
            tones = "".join(mark for mark in marks if mark in _TONES)
            letter = unicodedata.normalize("NFC", "".join(mark for mark in marks if mark not in _TONES)) + tones
        parts.append(letter)
    return "".join(parts)
