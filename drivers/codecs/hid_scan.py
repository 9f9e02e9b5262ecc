"""What a scanner types as a keyboard: key strokes collected into frames.

Holds modifiers, Caps Lock, the two ways of typing letters no keyboard has (Alt with decimal digits on the keypad,
Ctrl+Shift+U with hexadecimal ones) and the ends of a scan: Enter, Tab or silence. Reads no time of its own and knows no
card; a frame's bytes are UTF-8 for `scan_text`. Sources of the typing modes: `docs/wire/scanner-wedge.md`.
"""

from __future__ import annotations

from drivers.codecs import hid_keymap as keys
from drivers.codecs.framing import Frame, wipe
from drivers.codecs.hid_keymap import Stroke, Strokes

MAX_LETTERS = 512
GAP_S = 0.15
CODE_DIGITS = 7  # the longest number that can be a letter: 1114111
_ENDS = frozenset((keys.ENTER, keys.KEYPAD_ENTER, keys.TAB))
_HEX = frozenset("0123456789abcdef")
_CONTROL_ENDS = frozenset("mji")  # Ctrl+M, Ctrl+J and Ctrl+I are CR, LF and Tab


class KeyFramer:
    """The wedge's counterpart of `framing.Framer`: the same `feed`, `idle` and `due`."""

    def __init__(self, max_letters: int = MAX_LETTERS, gap_s: float = GAP_S) -> None:
        self._max, self._gap_s = max_letters, gap_s
        self._strokes = Strokes()
        self._frame = bytearray()
        self._down: set[int] = set()
        self._caps = self._overlong = self._lost = False
        self._alt = ""  # digits typed under Alt
        self._hex: str | None = None  # digits typed after Ctrl+Shift+U
        self._count = 0
        self._last: float | None = None  # by the caller's clock
        self._stamp: float | None = None  # by the kernel's

    @property
    def due(self) -> float | None:
        return None if self._last is None else self._last + self._gap_s

    def feed(self, data: bytes, now: float) -> list[Frame]:
        """Gaps are judged by the kernel's stamps: what waited for a busy machine was typed in time."""
        frames: list[Frame] = []
        for stroke in self._strokes.feed(data):
            if stroke.type == keys.EV_SYN and stroke.code == keys.SYN_DROPPED:
                self._drop(now)
            if stroke.type != keys.EV_KEY:
                continue
            if self._stamp is not None and stroke.at_s - self._stamp > self._gap_s:
                frames += self._end()
            self._stamp = stroke.at_s
            self._last = now
            frames += self._key(stroke)
        return frames

    def idle(self, now: float) -> list[Frame]:
        """The frame that silence has ended by `now`, if any."""
        due = self.due
        return self._end() if due is not None and now >= due else []

    # ------------------------------------------------------------ one key
    def _key(self, stroke: Stroke) -> list[Frame]:
        code = stroke.code
        if code in keys.MODIFIERS:
            return self._modifier(code, stroke.value)
        if stroke.value != keys.PRESSED:
            return []  # releases say nothing, repeats are the keyboard's and not the card's
        if code == keys.CAPS_LOCK:
            self._caps = not self._caps
            return []
        if self._down & keys.ALT:
            self._alt = (self._alt + keys.KEYPAD.get(code, ""))[: CODE_DIGITS + 1]
            return []
        if code == keys.KEY_U and self._down & keys.CTRL and self._down & keys.SHIFT:
            frames = self._commit_hex()
            self._hex = ""
            return frames
        return self._hex_key(code) if self._hex is not None else self._plain(code)

    def _modifier(self, code: int, value: int) -> list[Frame]:
        if value == keys.PRESSED:
            if code in keys.ALT:
                self._alt = ""
            self._down.add(code)
            return []
        if value != keys.RELEASED:
            return []
        self._down.discard(code)
        if code in keys.ALT:
            digits, self._alt = self._alt, ""
            return self._letter(int(digits)) if digits else []
        # Digits typed while Ctrl and Shift were held end with them; else a space or Enter ends them.
        return self._commit_hex() if self._hex and code in keys.CTRL | keys.SHIFT else []

    def _plain(self, code: int) -> list[Frame]:
        pair = keys.KEYS.get(code)
        if self._down & (keys.CTRL | keys.META):
            return self._end() if pair is not None and pair[0] in _CONTROL_ENDS and self._down & keys.CTRL else []
        if code in _ENDS:
            return self._end()
        if code in keys.KEYPAD:
            self._add(keys.KEYPAD[code])
        elif pair is not None:
            shifted = bool(self._down & keys.SHIFT)
            self._add(pair[shifted != (self._caps and pair[0].isalpha())])
        return []

    # ------------------------------------------------------------ letters by number
    def _hex_key(self, code: int) -> list[Frame]:
        digit = keys.KEYPAD.get(code) or keys.KEYS.get(code, ("", ""))[0]
        if digit in _HEX and digit:
            self._hex = ((self._hex or "") + digit)[: CODE_DIGITS + 1]
            return []
        frames = self._commit_hex()
        return frames if code in (keys.SPACE, keys.ENTER, keys.KEYPAD_ENTER) else frames + self._plain(code)

    def _commit_hex(self) -> list[Frame]:
        digits, self._hex = self._hex, None
        return self._letter(int(digits, 16)) if digits else []

    def _letter(self, number: int) -> list[Frame]:
        if number in (9, 10, 13):
            return self._end()
        if number > 0x10FFFF or 0xD800 <= number < 0xE000:
            self._add("\ufffd")
        elif number >= 0x20:
            self._add(chr(number))
        return []

    # ------------------------------------------------------------ the frame
    def _add(self, letter: str) -> None:
        if self._count < self._max:
            self._count += 1
            self._frame += letter.encode()
        else:
            self._overlong = True

    def _drop(self, now: float) -> None:
        """The kernel's own buffer ran over: keys are missing, so what is here is worth nothing."""
        self._forget()
        self._lost, self._last = True, now

    def _end(self) -> list[Frame]:
        frames = self._commit_hex()
        if self._lost or self._overlong:
            frames = [Frame(b"", overlong=self._overlong, lost=self._lost)]
        elif self._frame:
            frames.append(Frame(self._frame))
            self._frame = bytearray()
        held = self._down
        self._forget()
        self._down = held  # a modifier still pressed at the end of a scan is pressed at the start of the next
        return frames

    def _forget(self) -> None:
        wipe(self._frame)
        self._frame.clear()
        self._down = set()
        self._caps = self._overlong = self._lost = False
        self._alt, self._hex = "", None
        self._count = 0
        self._last = self._stamp = None
