"""What a card said, made into something of the same shape that is nobody's: for recordings that leave the machine.

Pure. Bytes in, bytes of the same length out, in whatever encoding they are: ASCII letters and digits are replaced, what is
not ASCII (the marks of Vietnamese letters, which carry an encoding fault) stays. The same number becomes the same number.
"""

from __future__ import annotations

import re

# Invented, and plainly so: twelve digits that begin with the first province, a man, the year 1990.
_CARD, _DATE, _OLD = b"001090", b"01011990", b"1"
_PAIR_LEADS = b"\x00\x01\x1e"
_TOKEN = re.compile(rb"[A-Za-z0-9]+")
_HEX = re.compile(rb"(?=[0-9a-f]*[a-f])(?:[0-9a-f]{2}){6,}")
_FAKE_NAME = b"4e677579656e2056616e2041"
# Not a person's: a letter of GB 18030 in four bytes, what a code begins with, the names of its parts.
_KEPT = re.compile(
    rb"[\x81-\xfe][0-9][\x81-\xfe][0-9]|https?://[^/\s]+/(?:[a-z]{1,8}/)*|[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.H[0-9]{2}-[0-9]{6}-|\][A-Za-z][0-9A-Za-z]"
)
RECORD_BYTES = 24
_EV_KEY, _EV_MSC = 1, 4
_DIGIT_KEYS, _LETTER_KEYS = range(2, 12), (*range(16, 26), *range(30, 39), *range(44, 51))


class Anonymiser:
    """One per recording: what it replaced once it replaces again in the same way."""

    def __init__(self) -> None:
        self._numbers: dict[bytes, bytes] = {}

    def text(self, data: bytes) -> bytes:
        """A scanner's bytes."""
        out, at = bytearray(), 0
        for kept in _KEPT.finditer(data):
            out += self._plain(data[at : kept.start()]) + kept[0]
            at = kept.end()
        return bytes(out + self._plain(data[at:]))

    def _plain(self, data: bytes) -> bytes:
        out, at = bytearray(), 0
        for token in _TOKEN.finditer(data):
            out += data[at : token.start()]
            # Half of a two-byte letter looks like a letter of its own: it stays.
            paired = token.start() > 0 and data[token.start() - 1] in _PAIR_LEADS
            word = token[0]
            out += word[:1] + self._word(word[1:]) if paired else self._word(word)
            at = token.end()
        return bytes(out + data[at:])

    def _word(self, word: bytes) -> bytes:
        if _HEX.fullmatch(word):
            return (_FAKE_NAME * (len(word) // len(_FAKE_NAME) + 1))[: len(word)]
        if word.isdigit():
            return self._number(word)
        return bytes(78 if 65 <= one <= 90 else 110 if 97 <= one <= 122 else 49 for one in word)

    def _number(self, digits: bytes) -> bytes:
        if digits not in self._numbers:
            count = len(self._numbers) + 1
            if len(digits) == 12:
                self._numbers[digits] = _CARD + b"%06d" % (count % 1_000_000)
            elif len(digits) == 8:
                self._numbers[digits] = _DATE
            else:
                self._numbers[digits] = (_OLD * len(digits))[: len(digits)]
        return self._numbers[digits]

    @staticmethod
    def keys(data: bytes) -> bytes:
        """A keyboard's records: every digit is a 1, every letter an n, shift and end stay."""
        out = bytearray(data)
        for at in range(0, len(data) - RECORD_BYTES + 1, RECORD_BYTES):
            kind = int.from_bytes(data[at + 16 : at + 18], "little")
            code = int.from_bytes(data[at + 18 : at + 20], "little")
            if kind == _EV_KEY and code in _DIGIT_KEYS:
                out[at + 18 : at + 20] = (2).to_bytes(2, "little")
            elif kind == _EV_KEY and code in _LETTER_KEYS:
                out[at + 18 : at + 20] = (49).to_bytes(2, "little")
            elif kind == _EV_MSC:
                out[at + 20 : at + 24] = bytes(4)
        return bytes(out)


def printed(data: bytes) -> bytes:
    """Our own bytes to a printer: commands stay, the dots of a picture do not."""
    return data if len(data) <= 64 else data[:16] + b"\x55" * (len(data) - 32) + data[-16:]
