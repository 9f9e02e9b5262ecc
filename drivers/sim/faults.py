"""The faults a simulated device can be given, at the start or while it runs.

`paper-out` holds at once; `paper-out@3` from the third slip's end on; `paper-out@120r` after 120 more rows, so in the
middle of a slip. `unplug` pulls the cable until the fault is taken away; `keeps-buffer` is a printer that knows no command to
forget a slip it could not finish, and prints it after new paper.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

PRINTER_FAULTS = (
    *("paper-low", "paper-out", "cover-open", "cutter", "overheat", "offline"),
    *("silent", "slow", "garbage", "partial", "unplug", "keeps-buffer"),
)
SCANNER_FAULTS = (
    *("silent", "garbage", "split", "slow", "partial", "unplug", "no-end"),
    *("wrong-encoding", "prefix", "wrong-layout"),
)
LED_FAULTS = ("silent", "garbage", "slow", "partial", "nak", "wrong-checksum", "unplug")
KEYPAD_FAULTS = LED_FAULTS
_FORM = re.compile(r"([a-z-]+)(?:@([0-9]{1,6})(r?))?")


@dataclass(frozen=True)
class Fault:
    """`slips` and `rows`: how many must have passed since it was set; both None is at once."""

    name: str
    slips: int | None = None
    rows: int | None = None


def parse_faults(text: str, known: tuple[str, ...]) -> list[Fault]:
    """Raises ValueError naming the known ones."""
    faults = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        found = _FORM.fullmatch(part)
        if found is None or found[1] not in known:
            raise ValueError(f"unknown fault {part!r}; known: {', '.join(known)}")
        count = None if found[2] is None else int(found[2])
        faults.append(Fault(found[1], None if found[3] else count, count if found[3] else None))
    return faults
