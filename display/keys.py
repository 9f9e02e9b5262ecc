"""Keys of clerks' keypads, from the drivers' stream to one command at the server, within the moment they were pressed.

Holds the listening, the one question and the one command a key may cost, and the limit of time after which a key is dead.
What a key does is `keypad_bridge`'s table; what a keypad shows is `panels`'. Keys live on one event loop; the calls go out in
threads. Nothing is stored: a key that could not be obeyed is gone.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable
from typing import Any

from display import keypad_bridge as bridge
from display.keypad_bridge import Desk, Order, Pad
from display.led_output import Plan
from display.panels import Panels
from display.plan import Devices, PadPlan
from display.relay import Relay
from drivers.client import DriversClient, DriversError
from queue_server.client import Client, Problem, Unreachable
from queue_server.contract import times
from toiluot_edge import Clock

KEY_LIFE_S = 3.0  # asked, sent and answered within this, or not at all
SERVER_S = 1.5
DIAL_S = 1.0

Took = Callable[[str, dict[str, Any]], None]


class Keys:
    """The keypads of one display."""

    def __init__(self, devices: Devices, server: Client, relay: Relay, panels: Panels, clock: Clock, log: Any) -> None:
        self._plans = {plan.slot: plan for plan in devices.keypads}
        self._devices, self._server, self._relay, self._panels = devices, server, relay, panels
        self._clock, self._log = clock, log
        self._pads: dict[str, Pad] = {}
        self._screens: set[str] = set()
        self._running: set[asyncio.Task[None]] = set()
        self._ended = threading.Event()

    # ------------------------------------------------------------ listening
    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()

        def took(event: str, data: dict[str, Any]) -> None:
            if not self._ended.is_set():
                loop.call_soon_threadsafe(self._take, event, data)

        listener = threading.Thread(target=self._listen, args=(took,), name="keypads", daemon=True)
        listener.start()
        try:
            await asyncio.Event().wait()
        finally:
            self._ended.set()

    def _listen(self, took: Took) -> None:
        """In a thread: the drivers' stream, again and again. What was pressed while nobody listened is never heard."""
        said = ""
        while not self._ended.is_set():
            try:
                with DriversClient(self._devices.drivers) as client:
                    for event, data in client.events():
                        said = ""
                        took(event, data)
                        if self._ended.is_set():
                            return
            except (DriversError, ValueError) as error:
                if str(error) != said:
                    self._log.warning("keypads not heard", why=str(error))
                said = str(error)
            self._ended.wait(DIAL_S)

    def _take(self, event: str, data: dict[str, Any]) -> None:
        if event == "snapshot":
            for slot in data.get("slots", []):
                plan = self._plans.get(slot.get("role", ""))
                if plan is not None and slot.get("shows"):
                    self._screens.add(plan.slot)
                    self._panels.add(Plan(plan.slot, plan.counter))
        elif event == "key" and data.get("slot") in self._plans:
            self.pressed(self._plans[data["slot"]], str(data.get("key", "")))

    # ------------------------------------------------------------ one key
    def pressed(self, plan: PadPlan, key: str) -> None:
        key = bridge.of_pad(plan.keys.get(key, key), rating=plan.rating)
        live = self._relay.board.primed and self._relay.link() == "live"
        pad, sign = bridge.press(self._pads.get(plan.slot, Pad()), key, self._clock.monotonic(), live=live)
        self._pads[plan.slot] = pad
        if sign is not None:
            self._show(plan, sign, key)
            return
        task = asyncio.create_task(self._obey(plan, key))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _obey(self, plan: PadPlan, key: str) -> None:
        until_s = self._clock.monotonic() + KEY_LIFE_S
        try:
            sign = await asyncio.to_thread(self._ask_and_order, plan.counter, key, until_s)
        finally:
            self._pads[plan.slot] = bridge.done(self._pads[plan.slot])
        self._show(plan, sign, key)

    def _ask_and_order(self, counter: str, key: str, until_s: float) -> str:
        if key in bridge.RATES:  # whose visit it is the server knows
            return self._order(counter, Order("rate", f"key-{secrets.token_hex(12)}", stars=bridge.RATES[key]), until_s)
        try:
            desk = self.desk(self._server.counter(counter))
        except Unreachable:
            return bridge.CUT  # nothing was ordered
        except Problem as no:
            self._log.warning("key refused", counter=counter, code=no.code)
            return bridge.refused(no.code)
        order = bridge.decide(key, desk, f"key-{secrets.token_hex(12)}")
        if isinstance(order, str):
            return order
        return self._order(counter, order, until_s)

    def _order(self, counter: str, order: Order, until_s: float) -> str:
        """The same command until an answer comes or its moment has passed: the server does it once."""
        while True:
            try:
                return bridge.confirmed(order.command, _label(self._send(counter, order), counter))
            except Problem as no:
                if no.code not in bridge.REFUSALS:
                    self._log.warning("key refused", counter=counter, command=order.command, code=no.code)
                return bridge.refused(no.code)
            except Unreachable:
                if self._clock.monotonic() + SERVER_S > until_s:
                    return bridge.UNKNOWN

    def _send(self, counter: str, order: Order) -> dict[str, Any]:
        if order.command == "rate":
            return self._server.rate_at(order.request_id, counter, order.stars)
        if order.command == "next":
            return self._server.next(order.request_id, counter, if_ticket=order.if_ticket)
        if order.command == "undo":
            return self._server.undo(order.request_id, counter, cmd=order.cmd)
        return self._server.at_counter(order.request_id, counter, order.command, if_ticket=order.if_ticket)

    def desk(self, told: dict[str, Any]) -> Desk:
        """The counter as the table needs it."""
        current, now_ms = told.get("current") or {}, self._relay.server_now_ms()
        called = current.get("last_called_at")
        ago = None if called is None or now_ms is None else (now_ms - times.decode(called)) / 1000
        there = current.get("state") if current.get("state") in ("called", "serving") else bridge.NOBODY
        undo = (told.get("undo") or {}).get("cmd") or ""
        guard = (told.get("settings") or {}).get("guard_s")
        guard_s = float(guard) if isinstance(guard, int) else bridge.GUARD_S
        return Desk(str(told.get("state", "")), str(there), current.get("id", ""), current.get("label", ""), undo, ago, guard_s)

    def _show(self, plan: PadPlan, sign: str, key: str) -> None:
        self._log.info("key", slot=plan.slot, counter=plan.counter, key=key, sign=sign)
        above = None if plan.rating else self._devices.panel_of(plan.counter)  # a citizen's face is no matter for the hall
        slot = plan.slot if plan.slot in self._screens else above
        if sign and slot is not None:
            self._panels.sign(slot, sign)


def _label(answer: dict[str, Any], counter: str) -> str:
    """The number that stands at the counter after the command, if one does."""
    tickets = answer.get("tickets") or [answer.get("ticket") if "ticket" in answer else answer]
    there = [one for one in tickets if one and one.get("counter") == counter and one.get("state") in ("called", "serving")]
    return str(there[0]["label"]) if there else ""
