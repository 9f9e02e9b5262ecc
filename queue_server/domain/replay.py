"""Whether a device's number was used before: the highest seen, and which of the 63 below it.

Pure. A device numbers its requests upwards; they may overtake each other on the way, so not only the highest counts
(the sliding window of RFC 4303, section 3.4.3). What lies below the window cannot be told from a repeat and is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

WIDTH = 64
MASK = (1 << WIDTH) - 1
Verdict = Literal["new", "seen", "old"]


@dataclass(frozen=True, slots=True)
class Window:
    """`seen` has bit n where `high - n` was used. Nothing was seen where `high` is 0: numbers begin at 1."""

    high: int = 0
    seen: int = 0

    def verdict(self, number: int) -> Verdict:
        """`new` may be taken; `seen` was used; `old` lies below the window."""
        if number > self.high:
            return "new"
        behind = self.high - number
        if behind >= WIDTH or number < 1:
            return "old"
        return "seen" if self.seen >> behind & 1 else "new"

    def take(self, number: int) -> Window:
        """The window after a number that is new."""
        if number > self.high:
            ahead = number - self.high
            return Window(number, ((self.seen << ahead) | 1) & MASK if ahead < WIDTH else 1)
        return Window(self.high, self.seen | 1 << (self.high - number))

    def joined(self, other: Window) -> Window:
        """What either has seen."""
        upper, lower = (self, other) if self.high >= other.high else (other, self)
        behind = upper.high - lower.high
        return Window(upper.high, (upper.seen | lower.seen << behind) & MASK if behind < WIDTH else upper.seen)
