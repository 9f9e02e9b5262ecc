"""The printer's and the scanner's wires in memory: our drivers at one end, the simulated printer or a card at the other.

Bytes are the true ones. What a process and its socket add is not here; `tests/demo` has it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from drivers.codecs.scan_text import encode
from drivers.devices.card_reader import SerialScanner
from drivers.devices.journal import Journal
from drivers.devices.ticket_printer import TicketPrinter
from drivers.model import PrintJob
from drivers.ports.base import Timeout, Waker
from drivers.quirks import Profile
from drivers.sim.printer import PrinterSim, Slip
from queue_server.demo.cards import payload

WIDTH = 576


class Wire:
    """A port whose far end answers at once or never."""

    def __init__(self, hears: Callable[[bytes], bytes] = lambda data: b"") -> None:
        self._hears = hears
        self.coming: list[bytes] = []

    def read(self, size: int, deadline: float, waker: Waker | None = None) -> bytes:
        if not self.coming:
            raise Timeout("nothing came before the deadline")
        data = self.coming.pop(0)
        if len(data) > size:
            self.coming.insert(0, data[size:])
        return data[:size]

    def write(self, data: bytes, deadline: float) -> int:
        if answer := self._hears(data):
            self.coming.append(answer)
        return len(data)

    def idle(self, deadline: float, waker: Waker) -> str:
        return "time"

    def rest(self) -> None: ...

    def close(self) -> None: ...


class Drivers:
    """What the kiosk asks of the drivers, answered by the device classes themselves."""

    def __init__(self, folder: Path, dice: random.Random) -> None:
        self.paper: list[Slip] = []
        self._dice = dice
        sim = PrinterSim(WIDTH)
        sim.on_slip = self.paper.append
        self._printer_wire, self._glass = Wire(sim.feed), Wire()
        folder.mkdir(parents=True)
        self._journal = Journal(folder / "jobs.sqlite3")
        self._printer = TicketPrinter(Profile("simulated", WIDTH, confirm=("process_id", "sensor")), self._journal)
        self._printer.greet(self._printer_wire)
        self.seen: list[dict[str, Any]] = []
        self._scanner = SerialScanner(self.seen.append)
        self._waker = Waker()

    def snapshot(self) -> dict[str, Any]:
        return {"slots": [{"role": "printer", "state": "ready", "code": "ok", "width_dots": WIDTH}]}

    def lay(self, card: str) -> dict[str, Any]:
        """What the scanner makes of a card whose bytes come in pieces, cut anywhere."""
        data = encode(payload(card), self._dice.choice(["utf-8", "utf-16be-mix"])) + b"\r"
        while data:
            cut = self._dice.randint(1, len(data))
            self._glass.coming.append(data[:cut])
            data = data[cut:]
        while self._glass.coming:
            self._scanner.tend(self._glass, self._waker)
        return self.seen.pop()

    def print_raster(self, job_id: str, raster: bytes, width_dots: int, height: int) -> dict[str, Any]:
        result, _ = self._printer.act(self._printer_wire, PrintJob(job_id, width_dots, height, raster))
        return result.as_json()

    def job(self, job_id: str) -> dict[str, Any] | None:
        found = self._journal.find(job_id)
        return found.as_json() if found else None

    def events(self) -> Iterator[tuple[str, dict[str, Any]]]:
        yield "snapshot", self.snapshot()

    def close(self) -> None:
        self._journal.close()
        self._waker.close()
