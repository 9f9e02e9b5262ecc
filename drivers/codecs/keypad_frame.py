"""What a clerk's keypad says: keys out of frames, or out of registers that are read again and again.

Holds the values of a keypad protocol and the reading of registers into key strokes. Which keypad speaks how stands in data
(`drivers/protocols.d`). PURE. What a key *does* is not decided here: a key is a word, and its meaning the display's affair.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from drivers.codecs.template import Found, Template

READINGS = ("count-key", "bits", "latch")
MODES = ("unsolicited", "polled", "strokes")
UNKNOWN = "?"


@dataclass(frozen=True)
class Key:
    """One stroke: the protocol's word for it (`?` where its table has none), and the code on the wire."""

    name: str
    code: str

    def as_json(self) -> dict[str, str]:
        return {"key": self.name, "code": self.code}


@dataclass(frozen=True)
class KeyRegisters:
    """How a keypad tells its keys in Modbus holding registers.

    `count-key`: high byte counts strokes, low byte is the last key. `bits`: each bit is a key that is down. `latch`: the last
    key stands there until 0 is written.
    """

    register: int
    count: int = 1
    reading: str = "count-key"


@dataclass(frozen=True)
class Keypad:
    """One keypad protocol. `taken` is our word that a key was heard; `nothing` the keypad's that none was pressed."""

    name: str
    about: str = ""
    source: str = ""
    mode: str = "unsolicited"
    keys: Mapping[str, str] = field(default_factory=dict)
    answer_s: float = 0.1
    poll_s: float = 0.1
    event: Template | None = None
    poll: Template | None = None
    nothing: Template | None = None
    taken: Template | None = None
    modbus: KeyRegisters | None = None
    display: str = ""

    def key_of(self, found: Found) -> Key:
        code = str(found.values.get("key_code", ""))
        return Key(str(found.values.get("key") or UNKNOWN), " ".join(f"{ord(letter):02X}" for letter in code))

    def key_named(self, code: int) -> Key:
        return Key(self.keys.get(str(code), UNKNOWN), str(code))


class RegisterReader:
    """Strokes out of successive readings. The first reading after a silence tells nothing: nobody was there to be asked."""

    def __init__(self, keypad: Keypad) -> None:
        self._keypad = keypad
        self._before: list[int] | None = None

    def forget(self) -> None:
        self._before = None

    def feed(self, values: Sequence[int]) -> list[Key]:
        registers = self._keypad.modbus
        before, self._before = self._before, [value & 0xFFFF for value in values]
        if registers is None or before is None or len(before) != len(values):
            return []
        if registers.reading == "bits":
            rising = [n * 16 + bit for n, value in enumerate(self._before) for bit in range(16) if value & ~before[n] & 1 << bit]
            return [self._keypad.key_named(code) for code in rising]
        if registers.reading == "count-key":
            return [self._keypad.key_named(value & 0xFF) for n, value in enumerate(self._before) if value >> 8 != before[n] >> 8]
        return [self._keypad.key_named(value) for value in self._before if value]

    def taken(self) -> None:
        """The latch was cleared."""
        if self._before is not None:
            self._before = [0] * len(self._before)
