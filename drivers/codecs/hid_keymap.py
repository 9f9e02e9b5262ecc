"""The keys of a US keyboard, as the kernel numbers them, and the records in which it hands key strokes over.

Holds the table and the layout of `struct input_event`. What a run of key strokes says is `hid_scan`'s affair. The table
is our own on purpose: the desktop's layout, its Caps Lock and its input method (Telex, VNI) never see these keys.
Numbers are those of the kernel's `input-event-codes.h`; judged in the tests by evdev's names and by libxkbcommon.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import NamedTuple

# Seconds and microseconds of the kernel's clock, then type, code and value, in the machine's own sizes.
RECORD = struct.Struct("@llHHi")
EV_SYN, EV_KEY, EV_LED = 0x00, 0x01, 0x11
SYN_REPORT, SYN_DROPPED = 0, 3
LED_NUM, LED_CAPS = 0, 1
RELEASED, PRESSED, REPEATED = 0, 1, 2

ENTER, KEYPAD_ENTER, TAB, SPACE = 28, 96, 15, 57
LEFT_CTRL, RIGHT_CTRL, LEFT_SHIFT, RIGHT_SHIFT, LEFT_ALT, RIGHT_ALT, LEFT_META, RIGHT_META = 29, 97, 42, 54, 56, 100, 125, 126
CAPS_LOCK, KEY_U = 58, 22
CTRL, SHIFT, ALT = frozenset((LEFT_CTRL, RIGHT_CTRL)), frozenset((LEFT_SHIFT, RIGHT_SHIFT)), frozenset((LEFT_ALT, RIGHT_ALT))
META = frozenset((LEFT_META, RIGHT_META))
MODIFIERS = CTRL | SHIFT | ALT | META


def _row(first: int, plain: str, shifted: str) -> dict[int, tuple[str, str]]:
    return {first + at: pair for at, pair in enumerate(zip(plain, shifted, strict=True))}


# code -> (alone, with Shift). 86 is the extra key of European boards, where a scanner set to one has its bar.
KEYS: dict[int, tuple[str, str]] = {
    **_row(2, "1234567890-=", "!@#$%^&*()_+"),
    **_row(16, "qwertyuiop[]", "QWERTYUIOP{}"),
    **_row(30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    **_row(43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    SPACE: (" ", " "),
    86: ("\\", "|"),
    **_row(55, "*", "*"),
    **_row(74, "-", "-"),
    **_row(78, "+", "+"),
    83: (".", "."),
    98: ("/", "/"),
}
# Digits on the keypad are digits whatever Num Lock says.
KEYPAD = {82: "0", 79: "1", 80: "2", 81: "3", 75: "4", 76: "5", 77: "6", 71: "7", 72: "8", 73: "9"}


class Stroke(NamedTuple):
    """One record of the kernel. `at_s` is the kernel's stamp, good for gaps only."""

    at_s: float
    type: int
    code: int
    value: int


class Strokes:
    """Bytes into records. Whatever the pieces, at most one record's worth waits here."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Stroke]:
        data = self._rest + data
        whole = len(data) - len(data) % RECORD.size
        self._rest = data[whole:]
        return [Stroke(s + us / 1e6, type_, code, value) for s, us, type_, code, value in RECORD.iter_unpack(data[:whole])]


def pack(strokes: Iterable[tuple[int, int, int]], at_s: float = 0.0) -> bytes:
    """Records of one instant, as the kernel would hand them over."""
    seconds, micros = int(at_s), int(at_s % 1 * 1e6)
    return b"".join(RECORD.pack(seconds, micros, *one) for one in strokes)


def lamps(*, caps: bool, num: bool) -> bytes:
    """What is written to a keyboard to set its lamps. A scanner that looks at them must see no Caps Lock."""
    return pack(((EV_LED, LED_CAPS, int(caps)), (EV_LED, LED_NUM, int(num)), (EV_SYN, SYN_REPORT, 0)))
