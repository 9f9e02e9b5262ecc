"""A scanner that types as a keyboard, as a device: key strokes in, one small event per card out.

Holds what differs from a scanner on a serial line: frames come from keys, lamps are put out at the start. The port has
taken every node of the scanner for us alone. Only digits and ASCII are trusted: a keyboard has no Vietnamese letters,
and `card_qr.event` needs none.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from drivers.codecs.hid_keymap import lamps
from drivers.codecs.hid_scan import GAP_S, MAX_LETTERS, KeyFramer
from drivers.devices.card_reader import REPEAT_S, Publish, Reader
from drivers.health import Health
from drivers.ports.base import Port, PortError

if TYPE_CHECKING:
    from drivers.config import SlotConfig
    from drivers.registry import Parts

ROLES = ("reader",)
OPTIONS: dict[str, type] = {"max_letters": int, "gap_s": float, "repeat_s": float}
PORTS = {"input": "evdev"}

LAMPS_S = 0.2


def build(wanted: SlotConfig, parts: Parts) -> Wedge:
    options = wanted.options
    return Wedge(
        lambda card: parts.publish("card", card),
        max_letters=options.get("max_letters", MAX_LETTERS),
        gap_s=options.get("gap_s", GAP_S),
        repeat_s=options.get("repeat_s", REPEAT_S),
    )


class Wedge(Reader):
    def __init__(self, publish: Publish, *, max_letters: int = MAX_LETTERS, gap_s: float = GAP_S, repeat_s: float = REPEAT_S) -> None:
        super().__init__(publish, lambda: KeyFramer(max_letters, gap_s), repeat_s)

    def greet(self, port: Port) -> Health:
        """Some scanners look at the Caps Lock lamp and turn their letters round: they shall see it dark.

        A scanner without lamps, or one opened for reading only, is as good as one with them.
        """
        with contextlib.suppress(PortError):
            port.write(lamps(caps=False, num=True), time.monotonic() + LAMPS_S)
        return super().greet(port)
