"""Listens to the drivers: cards become events of the session, the printer's health becomes what a slip may expect.

Holds the reconnecting and the reading of one message. A card's number passes through one function call into the keyed
hash; it is put in no variable that outlives the message, in no log and in no error.
"""

from __future__ import annotations

import threading
from typing import Any

from kiosk import keys
from kiosk.agent import Agent
from kiosk.devices import Devices, DriversAway
from kiosk.events import Printer, PrinterSays, Wake

REDIAL_S = 1.0
_LOW = ("paper_low",)
_OUT = ("paper_out",)
_USABLE = ("ok", "timeout", "busy")  # a printer that will not talk back may still print


class Reader:
    def __init__(self, agent: Agent, devices: Devices) -> None:
        self._agent, self._devices = agent, devices
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._slots: dict[str, dict[str, Any]] = {}

    def threads(self) -> list[threading.Thread]:
        return [threading.Thread(target=self._run, name="reader", daemon=True)]

    def stop(self) -> None:
        self._stopping.set()

    def slots(self) -> list[dict[str, Any]]:
        with self._lock:
            return list(self._slots.values())

    def width_dots(self) -> int | None:
        width = self._of("printer").get("width_dots")
        return width if isinstance(width, int) else None

    def wire_bytes_per_s(self) -> float | None:
        """How fast the line to the printer is."""
        speed = self._of("printer").get("wire_bytes_per_s")
        return float(speed) if isinstance(speed, (int, float)) else None

    def _of(self, role: str) -> dict[str, Any]:
        with self._lock:
            return next((slot for slot in self._slots.values() if slot.get("role") == role), {})

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                for event, data in self._devices.events():
                    self.take(event, data)
                    if self._stopping.is_set():
                        return
            except DriversAway:
                pass
            self._away()
            self._stopping.wait(REDIAL_S)

    def _away(self) -> None:
        with self._lock:
            self._slots.clear()
        self._agent.post(PrinterSays(Printer.FAULT))

    def take(self, event: str, data: dict[str, Any]) -> None:
        if event == "snapshot":
            with self._lock:
                self._slots = {str(slot.get("role")): slot for slot in data.get("slots", [])}
            self._tell_printer()
        elif event == "health":
            with self._lock:
                self._slots[str(data.get("role"))] = data
            self._tell_printer()
        elif event == "card":
            year = data.get("birth_year")
            kind, code = str(data.get("kind")), data.get("code")
            birth_year = year if isinstance(year, int) else None
            self._agent.card(kind, number=data.get("number"), birth_year=birth_year, code=code, token=data.get("token"))
        elif event == "touch":
            self._agent.post(Wake())
        elif str(data.get("slot")).startswith("tactile"):
            self._by_hand(event, data)

    def _by_hand(self, event: str, data: dict[str, Any]) -> None:
        if event == "key":
            keys.press(self._agent, str(data.get("key")))
        elif event == "jack":
            keys.headphones(self._agent, data.get("plugged") is True)

    def _tell_printer(self) -> None:
        slot = self._of("printer")
        code = slot.get("code")
        if not slot or slot.get("state") in ("absent", "lost", "backoff"):
            says = Printer.FAULT
        elif code in _OUT:
            says = Printer.OUT
        elif code in _LOW:
            says = Printer.LOW
        else:
            says = Printer.READY if code in _USABLE else Printer.FAULT
        self._agent.post(PrinterSays(says))
