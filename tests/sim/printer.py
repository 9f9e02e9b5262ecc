"""A ticket printer in the simulation: our driver and its journal, the true wire, the simulated printer at its far end.

Holds the port between them, whose time is the simulation's, the death of the drivers' process, and slips drawn as
letters in bytes instead of letters in dots, so that whoever finds the paper can read it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drivers.devices import confirmation, printer_talk, slip_sending, ticket_printer
from drivers.devices.journal import Journal
from drivers.devices.ticket_printer import TicketPrinter
from drivers.health import Health
from drivers.model import PrintJob
from drivers.ports.base import Gone, Timeout, Waker
from drivers.quirks import Profile
from drivers.sim.faults import Fault
from drivers.sim.printer import PrinterSim, Slip
from kiosk.devices import DriversAway
from kiosk.raster import Raster
from kiosk.slip import Slip as Text
from tests.sim.world import Crash, Edged, Process, World

WIDTH = 576
ROW = WIDTH // 8
FAULTS = ("paper-out", "paper-out@{}r", "cover-open", "silent", "unplug", "garbage", "offline", "paper-out@{}r,keeps-buffer")


def draw(slip: Text, width: int) -> Raster:
    """The slip's lines as ASCII in the rows of the picture."""
    data = json.dumps({"lines": [[str(line.role), line.text] for line in slip.lines], "qr": slip.qr}).encode()
    rows = -(-len(data) // ROW)
    return Raster(WIDTH, rows, data.ljust(rows * ROW))


@dataclass(frozen=True)
class Paper:
    """One slip as it fell out: its rows, where and when."""

    at_ms: int
    kiosk: str
    rows: tuple[bytes, ...]


class LineTime:
    """The drivers' steady clock: the world's, and what was spent waiting on a wire."""

    def __init__(self, world: World) -> None:
        self._world, self._ahead_s = world, 0.0

    def monotonic(self) -> float:
        return self._world.now_ms / 1000 + self._ahead_s

    def reach(self, deadline: float) -> None:
        self._ahead_s += max(0.0, deadline - self.monotonic())


MODULES = (confirmation, printer_talk, slip_sending, ticket_printer)


class Cable:
    """The port: a far end that answers at once, later, or never; a plug that can be pulled in mid-slip."""

    def __init__(self, sim: PrinterSim, time: LineTime) -> None:
        self._sim, self._time = sim, time
        self._coming = b""
        self.pull_after: int | None = None
        self.gone = False

    def _alive(self) -> None:
        if self.gone or self._sim.has("unplug"):
            self.gone = True
            raise Gone("unplugged")

    def read(self, size: int, deadline: float, waker: Waker | None = None) -> bytes:
        self._alive()
        self._coming += self._sim.late_answers()
        if not self._coming:
            self._time.reach(deadline)
            raise Timeout("nothing came before the deadline")
        data, self._coming = self._coming[:size], self._coming[size:]
        return data

    def write(self, data: bytes, deadline: float) -> int:
        self._alive()
        if self.pull_after is not None and len(data) > self.pull_after:
            taken, self.gone = data[: self.pull_after], True
            self._sim.feed(taken)
            raise Gone("unplugged", len(taken))
        if self.pull_after is not None:
            self.pull_after -= len(data)
        if self._sim.room < len(data):
            taken = data[: self._sim.room]
            self._coming += self._sim.feed(taken)
            self._time.reach(deadline)
            raise Timeout("the printer takes no more", len(taken))
        self._coming += self._sim.feed(data)
        return len(data)

    def idle(self, deadline: float, waker: Waker) -> str:
        return "time"

    def rest(self) -> None: ...

    def close(self) -> None: ...


class Drivers(Process):
    """The drivers' process of one kiosk, and the printer beside it, which lives on when the process dies."""

    def __init__(self, world: World, name: str, folder: Path, time: LineTime, paper: list[Paper]) -> None:
        super().__init__(world, f"drivers-{name}")
        self._kiosk, self._folder, self._time, self._paper = name, folder, time, paper
        self.sim = PrinterSim(WIDTH)
        self.sim.on_slip = self._fell
        self.cable: Cable | None = None
        folder.mkdir(parents=True)

    def _fell(self, slip: Slip) -> None:
        self._paper.append(Paper(self.world.now_ms, self._kiosk, tuple(slip.rows)))

    def build(self) -> None:
        self._journal = Journal(self._folder / "jobs.sqlite3")
        self._journal._db = Edged(self._journal._db, self.edge)  # type: ignore[assignment]
        self._device = TicketPrinter(Profile("simulated", WIDTH, confirm=("process_id", "sensor")), self._journal)
        self.cable = None

    def drop(self) -> None:
        self._journal.close()
        self.sim.disconnect()

    def _port(self) -> Cable | None:
        if self.cable is not None and not self.cable.gone:
            return self.cable
        if self.sim.has("unplug"):
            return None
        if self.cable is not None:
            self._device.lose()
            self.sim.disconnect()
        self.cable = Cable(self.sim, self._time)
        try:
            self._device.greet(self.cable)
        except (Gone, Timeout):
            return None
        return self.cable

    def trouble(self) -> Iterator[float]:
        """What happens to a printer in a bad hall."""
        while True:
            yield self.dice.uniform(200, 1500)
            words = self.dice.choice(FAULTS).format(self.dice.randint(1, 12))
            faults = [_fault(word) for word in words.split(",")]
            self.sim.set_faults(faults)
            if self.cable is not None and self.dice.random() < 0.3:
                self.cable.pull_after = self.dice.randint(0, 400)
            yield self.dice.uniform(20, 300)
            self.mend()

    def mend(self) -> None:
        self.sim.set_faults([])
        if self.cable is not None:
            self.cable.pull_after = None

    # ------------------------------------------------------------ what the kiosk asks
    def _ask(self, act: Callable[[], Any]) -> Any:
        if not self.up:
            raise DriversAway("offline", maybe_done=False)
        try:
            return act()
        except Crash:
            self.die()
            raise DriversAway("offline", maybe_done=True) from None

    def print_raster(self, job_id: str, raster: bytes, width_dots: int, height: int) -> dict[str, Any]:
        def act() -> dict[str, Any]:
            known = self._journal.accept(job_id)
            if known is not None:
                return known.as_json()
            job, port = PrintJob(job_id, width_dots, height, raster), self._port()
            result = self._device.refuse(job, Health("absent")) if port is None else self._device.act(port, job)[0]
            return dict(result.as_json())

        told: dict[str, Any] = self._ask(act)
        if self.dice.random() < self.world.weather.answer_lost:
            raise DriversAway("timeout", maybe_done=True)
        return told

    def job(self, job_id: str) -> dict[str, Any] | None:
        def act() -> dict[str, Any] | None:
            found = self._journal.find(job_id)
            return found.as_json() if found else None

        told: dict[str, Any] | None = self._ask(act)
        return told

    def events(self) -> Iterator[tuple[str, dict[str, Any]]]:
        yield "snapshot", {"slots": [{"role": "printer", "state": "ready", "code": "ok", "width_dots": WIDTH}]}

    def say(self, parts: Any, volume: int, *, append: bool = False) -> None: ...


def _fault(word: str) -> Fault:
    name, _, rows = word.partition("@")
    return Fault(name, rows=int(rows[:-1]) if rows else None)
