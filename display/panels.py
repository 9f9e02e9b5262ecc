"""Keeps every LED panel at what the board says, through the drivers' service.

Holds when a face is sent: at once where it changed, again before its holding time runs out. A panel whose display dies shows
its idle face by itself (`hold_s`), so no old number stands in a hall for hours. What a face is, is `led_output`'s; one asyncio
task, the sending in threads, so that a slow panel delays no other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from display.led_output import Face, Plan, faces
from display.relay import Relay
from drivers.client import DriversClient, DriversError
from toiluot_edge import Clock

HOLD_S = 90.0
RENEW_S = 25.0
AGAIN_S = 2.0  # after a panel could not be told
TICK_S = 0.5
SIGN_S = 2.5


class Panels:
    """Everything with digits: panels, and the little displays of keypads."""

    def __init__(self, plans: Iterable[Plan], relay: Relay, drivers: DriversClient, clock: Clock, log: Any) -> None:
        self._plans = {plan.slot: plan for plan in plans}
        self._relay, self._drivers, self._clock, self._log = relay, drivers, clock, log
        self._sent: dict[str, tuple[Face, float]] = {}
        self._again: dict[str, float] = {}
        self._signs: dict[str, tuple[str, float]] = {}
        self._sending: dict[str, asyncio.Task[None]] = {}
        self._said: dict[str, str] = {}
        self.changed = asyncio.Event()

    def slots(self) -> list[dict[str, str]]:
        """How each panel took the last face, for the heartbeat."""
        return [
            {"role": slot, "state": "degraded" if self._said[slot] else "ready", "code": self._said[slot][:32] or "ok"}
            for slot in sorted(self._plans) if slot in self._said
        ]  # fmt: skip

    def add(self, plan: Plan) -> None:
        """A keypad that turned out to have digits."""
        self._plans.setdefault(plan.slot, plan)
        self.changed.set()

    def sign(self, slot: str, text: str) -> None:
        """For a moment this instead of the face: an answer to whoever pressed a key."""
        self._signs[slot] = (text, self._clock.monotonic() + SIGN_S)
        self.changed.set()

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                self._tell()
                self.changed.clear()
                waiting = [asyncio.ensure_future(event.wait()) for event in (self.changed, self._relay.changed)]
                try:
                    await asyncio.wait(waiting, timeout=TICK_S, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for one in waiting:
                        one.cancel()
                self._relay.changed.clear()
        finally:
            for task in self._sending.values():
                task.cancel()

    def wanted(self) -> dict[str, Face]:
        """What every panel should show now."""
        now_s = self._clock.monotonic()
        self._signs = {slot: sign for slot, sign in self._signs.items() if sign[1] > now_s}
        now = faces(self._plans.values(), self._relay.board, self._relay.link(), self._relay.server_now_ms())
        signs = {slot: Face((text,)) for slot, (text, _) in self._signs.items() if slot in self._plans}
        return {**now, **signs}

    def _tell(self) -> None:
        now_s = self._clock.monotonic()
        for slot, wanted in self.wanted().items():
            if slot in self._sending and not self._sending[slot].done():
                continue
            before, at_s = self._sent.get(slot, (None, 0.0))
            due = wanted != before or now_s - at_s > RENEW_S
            if due and now_s >= (self._again.get(slot, 0.0) if wanted == before else 0.0):
                self._sent[slot] = (wanted, now_s)
                self._sending[slot] = asyncio.create_task(self._send(slot, wanted))

    async def _send(self, slot: str, wanted: Face) -> None:
        try:
            told = await asyncio.to_thread(self._drivers.show, slot, list(wanted.rows), blink=wanted.blink, hold_s=HOLD_S)
            why = "" if told["outcome"] in ("shown", "sent") else str(told["code"])
        except DriversError as error:
            why = error.code
        if why and why != self._said.get(slot):
            self._log.warning("panel not told", slot=slot, why=why)
        self._said[slot] = why
        if why:  # the service keeps the face where it could take it; where it could not, it is told again soon
            self._sent[slot] = (wanted, self._clock.monotonic() - RENEW_S)
            self._again[slot] = self._clock.monotonic() + AGAIN_S
        self.changed.set()


Make = Callable[[], DriversClient]
