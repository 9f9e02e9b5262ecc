"""What a LED panel takes: a text made to fit its digits, then frames or register values.

Holds the fitting, the seven-segment table and the way a text becomes registers. Which panel speaks how stands in data
(`drivers/protocols.d`, read by `drivers.protocols`). PURE: the Modbus frame around registers is `drivers.modbus_bytes`'.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from drivers.codecs.template import FrameError, Template

CHARSET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ -.>"
MAX_DIGITS, MAX_ROWS = 32, 8
# Bits a to g from the lowest: the common order of seven-segment modules (0x3F is a zero).
SEGMENTS: Mapping[str, int] = {
    " ": 0x00, "0": 0x3F, "1": 0x06, "2": 0x5B, "3": 0x4F, "4": 0x66, "5": 0x6D, "6": 0x7D, "7": 0x07, "8": 0x7F, "9": 0x6F,
    "A": 0x77, "B": 0x7C, "C": 0x39, "D": 0x5E, "E": 0x79, "F": 0x71, "G": 0x3D, "H": 0x76, "I": 0x30, "J": 0x0E, "K": 0x7A,
    "L": 0x38, "M": 0x55, "N": 0x54, "O": 0x5C, "P": 0x73, "Q": 0x67, "R": 0x50, "S": 0x6D, "T": 0x78, "U": 0x3E, "V": 0x62,
    "W": 0x6A, "X": 0x36, "Y": 0x6E, "Z": 0x49, "-": 0x40,
}  # fmt: skip
ENCODINGS = ("number", "ascii", "segments")


@dataclass(frozen=True)
class Registers:
    """How a panel holds its text in Modbus registers. Two letters a register, the left one high, but for `number`."""

    register: int
    encode: str = "ascii"
    function: int = 16
    row_step: int = 0
    blink_register: int | None = None
    blink_on: int = 1
    blink_off: int = 0
    blank: int = 0
    segments: Mapping[str, int] = field(default_factory=dict)

    def values(self, text: str) -> list[int]:
        if self.encode == "number":
            digits = "".join(letter for letter in text if letter.isdigit())
            return [int(digits) & 0xFFFF if digits else self.blank]
        table = {**SEGMENTS, **self.segments}
        even = text + " " * (len(text) % 2)
        codes = [table.get(letter, 0) if self.encode == "segments" else ord(letter) for letter in even]
        return [high << 8 | low for high, low in zip(codes[::2], codes[1::2], strict=True)]

    def text(self, values: Sequence[int]) -> str:
        """What `values` make the panel show: the way back, for the far end. Letters that look alike come back as the first."""
        if self.encode == "number":
            return "" if not values or values[0] == self.blank else str(values[0])
        codes = [code for value in values for code in (value >> 8, value & 0xFF)]
        if self.encode == "ascii":
            return "".join(chr(code) if 32 <= code < 127 else " " for code in codes)
        shapes: dict[int, str] = {}
        for letter, shape in {**SEGMENTS, **self.segments}.items():
            shapes.setdefault(shape, letter)
        return "".join(shapes.get(code, "?") for code in codes)


@dataclass(frozen=True)
class Panel:
    """One panel protocol. `ack` and `nak` are None where the panel never answers."""

    name: str
    about: str = ""
    source: str = ""
    digits: int = 4
    rows: int = 1
    charset: str = CHARSET
    align: str = "right"
    answer_s: float = 0.2
    show: Template | None = None
    ack: Template | None = None
    nak: Template | None = None
    modbus: Registers | None = None

    @property
    def confirms(self) -> bool:
        return self.ack is not None or self.modbus is not None

    def fit(self, text: str, digits: int) -> str:
        """`text` as this panel can show it: no marks, no letters it lacks, its width. The end is kept: there the number is."""
        plain = unicodedata.normalize("NFD", text).replace("đ", "d").replace("Đ", "D")
        if not any(letter.islower() for letter in self.charset):
            plain = plain.upper()
        plain = "".join(letter for letter in plain if letter in self.charset)[-digits:]
        return plain.ljust(digits) if self.align == "left" else plain.rjust(digits)

    def frames(self, address: int, rows: Sequence[str], *, blink: bool) -> list[bytes]:
        """One frame a row. Raises FrameError for what the protocol cannot say."""
        if self.show is None:
            raise FrameError(f"{self.name} is no protocol of frames")
        word = {"blink": "on" if blink else "off"} if "blink" in self.show.fields else {}
        return [self.show.build(address=address, row=n, text=row, **word) for n, row in enumerate(rows, 1)]
