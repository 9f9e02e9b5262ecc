"""A slot that has no line of its own: it looks like any other from outside, and its turns are the shared bus's.

Holds how a line's state and a member's health become one status. The line's own life is `link.Slot`'s, the turns `bus.Bus`'s.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from drivers.devices.bus import Bus, Member
from drivers.devices.link import Slot
from drivers.model import SlotStatus, State


class BusSlot:
    """One member of a shared line. Safe from any thread."""

    def __init__(
        self, role: str, driver: str, member: Member, line: SharedLine, facts: dict[str, Any], publish: Callable[[SlotStatus], None]
    ) -> None:
        self._role, self._driver, self._member, self._line = role, driver, member, line
        self._facts, self._publish = facts, publish
        self._said: tuple[State, str] | None = None
        self._since = time.monotonic()

    @property
    def status(self) -> SlotStatus:
        line = self._line.slot.status
        open_ = line.state in (State.READY, State.DEGRADED)
        health = self._member.health if open_ else line.health
        state = (State.READY if health.well else State.DEGRADED) if open_ else line.state
        facts = {"bus": self._line.name, **self._facts, **self._member.facts, "answer_ms": self._member.answer_ms}
        return SlotStatus(self._role, self._driver, state, health, line.device, self._since, facts)

    @property
    def alive(self) -> bool:
        return self._line.slot.alive

    def start(self) -> None:
        self._line.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        self._line.stop(timeout_s)

    def wake(self) -> None:
        self._line.slot.wake()

    def submit(self, command: Any) -> Future[Any]:
        return self._line.slot.submit((self._member, command))

    def tell(self) -> None:
        """Say how it stands where that is news."""
        status = self.status
        news = (status.state, status.health.code)
        if status.state is not State.OPENING and news != self._said:
            self._said, self._since = news, time.monotonic()
            self._publish(self.status)


@dataclass
class SharedLine:
    """The bus behind several slots: started with the first, ended with the first that ends."""

    name: str
    bus: Bus
    slot: Slot = field(init=False)
    slots: dict[str, BusSlot] = field(default_factory=dict)
    _begun: bool = False

    def join(self, slot: Slot, slots: Sequence[BusSlot]) -> None:
        self.slot = slot
        self.slots = {one.status.role: one for one in slots}
        self.bus.told = lambda member: self.slots[member.slot].tell()

    def on_line(self, _: SlotStatus) -> None:
        """The line came or went: so did everybody on it."""
        for one in self.slots.values():
            one.tell()

    def start(self) -> None:
        if not self._begun:
            self._begun = True
            self.slot.start()

    def stop(self, timeout_s: float) -> None:
        if self._begun and self.slot.alive:
            self.slot.stop(timeout_s)
