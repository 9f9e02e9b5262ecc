"""How a wedge scanner types a text: key strokes of a US keyboard, with the makers' ways round letters no keyboard has.

Holds the typing only; which descriptor the records go to is `scanner`'s affair. Sources: docs/wire/scanner-wedge.md.
"""

from __future__ import annotations

from collections.abc import Iterator

from drivers.codecs import hid_keymap as keys

Records = Iterator[tuple[int, int, int]]
LETTERS = ("drop", "alt", "alt-bytes", "hex", "hex-held")
_EV_MSC, _MSC_SCAN = 4, 4
_KEY_OF = {sign: (code, shift) for code, pair in reversed(keys.KEYS.items()) for shift, sign in enumerate(pair)}
_PAD_OF = {digit: code for code, digit in keys.KEYPAD.items()}
_ENDS = {"\r": keys.ENTER, "\n": keys.ENTER, "\t": keys.TAB}
# A French board, as far as cards need it: digits are shifted, and two pairs of letters change places.
_FRENCH = {code: code for code in keys.KEYS} | {16: 30, 30: 16, 17: 44, 44: 17}
SYNC = (keys.EV_SYN, keys.SYN_REPORT, 0)


def typed(text: str, letters: str = "drop", *, french: bool = False) -> Records:
    """`letters`: what becomes of everything beyond ASCII."""
    for sign in text:
        if sign in _ENDS:
            yield from _tap(_ENDS[sign])
        elif sign in _KEY_OF:
            yield from _sign(sign, french)
        elif letters == "alt":
            yield from _alt(f"0{ord(sign)}")
        elif letters == "alt-bytes":
            for byte in sign.encode():
                yield from _alt(f"0{byte}")
        elif letters.startswith("hex"):
            yield from _hex(f"{ord(sign):04x}", held=letters == "hex-held")


def press(code: int, value: int) -> Records:
    yield (keys.EV_KEY, code, value)
    yield SYNC


def _tap(code: int) -> Records:
    yield (_EV_MSC, _MSC_SCAN, 0x70000 + code)
    yield from press(code, keys.PRESSED)
    yield from press(code, keys.RELEASED)


def _sign(sign: str, french: bool) -> Records:
    code, shift = _KEY_OF[sign]
    if french:
        code, shift = _FRENCH[code], shift != (sign.isdigit())
    if not shift:
        yield from _tap(code)
        return
    yield from press(keys.LEFT_SHIFT, keys.PRESSED)
    yield from _tap(code)
    yield from press(keys.LEFT_SHIFT, keys.RELEASED)


def _alt(digits: str) -> Records:
    yield from press(keys.LEFT_ALT, keys.PRESSED)
    for digit in digits:
        yield from _tap(_PAD_OF[digit])
    yield from press(keys.LEFT_ALT, keys.RELEASED)


def _hex(digits: str, *, held: bool) -> Records:
    for code in (keys.LEFT_CTRL, keys.LEFT_SHIFT):
        yield from press(code, keys.PRESSED)
    yield from _tap(keys.KEY_U)
    if held:
        yield from _digits(digits)
    for code in (keys.LEFT_SHIFT, keys.LEFT_CTRL):
        yield from press(code, keys.RELEASED)
    if not held:
        yield from _digits(digits)
        yield from _tap(keys.SPACE)


def _digits(digits: str) -> Records:
    for digit in digits:
        yield from _tap(_KEY_OF[digit][0])
