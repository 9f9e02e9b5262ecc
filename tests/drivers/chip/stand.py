"""A card, a reader and the slot that drives it, at two levels: in memory, and through a real pcscd. Asserts nothing."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from drivers.codecs.mrtd.certificates import load
from drivers.devices.chip_outcome import ChipResult
from drivers.devices.chip_reader import ChipReader
from drivers.devices.chip_request import parse
from drivers.devices.link import Slot
from drivers.model import SlotStatus
from drivers.ports.base import Gone, Port, Timeout, Waker
from drivers.ports.card import CardAway
from drivers.ports.pcsc import open_pcsc
from drivers.sim.mrtd_chip import Chip, Moved, make
from drivers.sim.mrtd_person import Authority, Person, make_authority
from drivers.sim.vpcd import VpcdWire
from tests.drivers.chip.pcscd import Pcscd

BY_CAN = {"can": "123456"}
BY_ZONE = {"document": "001090123456", "birth": "1990-01-01", "expiry": "2030-01-01"}
EVENT = {"kind": "id_card", "number": "001090123456", "birth_year": 1990, "proof": "chip", "trust": "verified"}


class MemoryCard:
    """A card port with the chip on its other side, and no reader between."""

    def __init__(self, chip: Chip, laid: threading.Event) -> None:
        self.chip, self._laid = chip, laid
        self._answer = b""
        self.pulled = False

    def meet(self, deadline: float) -> None:
        if self.pulled:
            raise Gone("pulled")
        if not self._laid.wait(max(0.0, deadline - time.monotonic())):
            raise Timeout("no card")
        self.chip.reset()

    def write(self, data: bytes, deadline: float) -> int:
        if self.pulled:
            raise Gone("pulled")
        try:
            self._answer = self.chip.answer(data)
        except Moved:
            self._laid.clear()
            raise CardAway("taken") from None
        return len(data)

    def read(self, size: int, deadline: float, waker: Waker | None = None) -> bytes:
        if not self._answer:
            threading.Event().wait(max(0.0, deadline - time.monotonic()))
            raise Timeout("silent")
        return self._answer[:size]

    def idle(self, deadline: float, waker: Waker) -> str:
        if self.pulled:
            raise Gone("pulled")
        return "woken" if waker.wait(deadline - time.monotonic()) else "time"

    def rest(self) -> None:
        self.chip.reset()

    def close(self) -> None:
        self.pulled = True


@dataclass
class Stand:
    """One card and one slot. `take` and `lay` are the person's hand."""

    level: str
    chip: Chip
    slot: Slot
    take: Callable[[], None]
    lay: Callable[[], None]
    closing: Callable[[], None]
    cards: list[dict[str, Any]] = field(default_factory=list)
    told: list[SlotStatus] = field(default_factory=list)

    def read(self, body: dict[str, Any], within_s: float = 30.0) -> ChipResult:
        result: ChipResult = self.slot.submit(parse(body)).result(within_s)
        return result

    def close(self) -> None:
        self.slot.stop()
        self.closing()


def stand(level: str, pcscd: Pcscd | None, authority: Authority, faults: str = "", access: str = "both", **options: Any) -> Stand:
    """`anchored=False`: a machine without a trust list. `laid=False`: no card on the reader yet."""
    names = set(filter(None, faults.split(",")))
    made = make(Person(), names, authority)
    chip = Chip(made, names, os.urandom, access)
    cards: list[dict[str, Any]] = []
    told: list[SlotStatus] = []
    anchors = (load(made.anchor),) if options.get("anchored", True) else ()
    device = ChipReader(cards.append, anchors, wait_s=options.get("wait_s", 5.0), answer_s=options.get("answer_s", 1.0))
    if pcscd is None:
        laid = threading.Event()
        hands: tuple[Callable[[], None], Callable[[], None], Callable[[], None]] = (laid.clear, laid.set, lambda: None)
        opener: Callable[[], tuple[Port, str]] = lambda: (MemoryCard(chip, laid), "memory")  # noqa: E731
    else:
        wire = VpcdWire(chip, "127.0.0.1", pcscd.port, away_s=0.5)
        wire.take()
        thread = threading.Thread(target=wire.run, daemon=True)
        thread.start()

        def closing() -> None:
            wire.close()
            thread.join(5.0)

        hands = (wire.take, wire.lay, closing)
        name = options.get("name", pcscd.reader)
        opener = lambda: (open_pcsc(name), name)  # noqa: E731
    slot = Slot("reader-2", "mrtd", device, opener, publish=told.append, backoff_s=(0.05, 0.1, 0.2))
    made_stand = Stand(level, chip, slot, *hands, cards, told)
    if options.get("laid", True):
        made_stand.lay()
    slot.start()
    return made_stand


def an_authority() -> Authority:
    return make_authority()
