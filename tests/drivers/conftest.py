"""Far ends on true wires and slots of our own, opened and closed for each test. Asserts nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from drivers.devices.card_reader import SerialScanner
from drivers.devices.journal import Journal
from drivers.devices.link import Slot
from drivers.devices.ticket_printer import TicketPrinter
from drivers.model import JobResult, PrintJob, SlotStatus
from drivers.ports.base import Port
from drivers.ports.opening import open_port, parse_address
from drivers.quirks import Profile, load_quirks
from drivers.sim.faults import PRINTER_FAULTS, parse_faults
from drivers.sim.printer import PrinterSim
from drivers.sim.printer_wire import PtyWire, TcpWire
from drivers.sim.scanner import ScannerSim

# These start in a process of their own, under umockdev's preload: test_umockdev.py runs them.
collect_ignore = ["umockdev"]
FAST = Profile("fast", 576, answer_s=0.5, stall_s=1.5, confirm_s=2.5, print_dots_per_s=4000, confirm=("sensor",))


def _until(condition: Callable[[], Any], what: str = "", within_s: float = 10.0) -> Any:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        threading.Event().wait(0.01)
    pytest.fail(f"did not happen within {within_s} s: {what or condition}")


@pytest.fixture
def until() -> Callable[..., Any]:
    """Poll a condition with a deadline."""
    return _until


def a_raster(width: int = 576, height: int = 300, seed: int = 7) -> bytes:
    """A pattern with no two equal rows and no real-time command hidden in it."""
    size = width // 8
    raster = bytes((seed + row * 31 + column * 17) & 0xE7 for row in range(height) for column in range(size))
    assert not any(pair in raster for pair in (b"\x10\x04", b"\x10\x05", b"\x10\x14"))
    return raster


@pytest.fixture
def raster() -> Callable[..., bytes]:
    return a_raster


@dataclass
class Bench:
    """A simulated printer on a wire, and the slot that drives it."""

    sim: PrinterSim
    wire: TcpWire | PtyWire
    slot: Slot
    journal: Journal
    told: list[SlotStatus] = field(default_factory=list)

    def print(self, job_id: str = "job-1", height: int = 300, within_s: float = 20.0) -> JobResult:
        result: JobResult = self.submit(job_id, height).result(within_s)
        return result

    def submit(self, job_id: str = "job-1", height: int = 300) -> Any:
        return self.slot.submit(PrintJob(job_id, 576, height, a_raster(576, height)))

    def fault(self, text: str) -> None:
        self.sim.set_faults(parse_faults(text, PRINTER_FAULTS))

    @property
    def code(self) -> str:
        return self.slot.status.health.code

    @property
    def state(self) -> str:
        return str(self.slot.status.state)


@pytest.fixture
def make_bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    """`make_bench("tcp" | "pty", faults)`: a printer, its wire and a started slot."""
    opened: list[Bench] = []

    def make(kind: str = "tcp", faults: str = "", profile: Profile = FAST, **sim: Any) -> Bench:
        """`kind`: tcp, pty (as a serial line) or usblp (the same node opened as the kernel's printer class is)."""
        machine = PrinterSim(576, parse_faults(faults, PRINTER_FAULTS), **sim)
        wire = TcpWire(machine, "127.0.0.1", 0) if kind == "tcp" else PtyWire(machine, tmp_path / "lp")
        threading.Thread(target=wire.run, daemon=True).start()
        node = f"{'usblp' if kind == 'usblp' else 'serial'}:{tmp_path}/lp"
        address = parse_address(f"tcp://{wire.address}" if isinstance(wire, TcpWire) else node)
        journal = Journal(tmp_path / "jobs.sqlite3")
        told: list[SlotStatus] = []

        def opener() -> tuple[Port, str]:
            return open_port(address), address.text

        slot = Slot(
            "printer",
            "escpos",
            TicketPrinter(profile, journal, poll_s=0.2),
            opener,
            publish=told.append,
            place=address.text,
            backoff_s=(0.05, 0.1, 0.2),
        )
        bench = Bench(machine, wire, slot, journal, told)
        opened.append(bench)
        slot.start()
        return bench

    yield make
    for bench in opened:
        bench.slot.stop()
        bench.wire.close()
        bench.journal.close()


@dataclass
class ReaderBench:
    sim: ScannerSim
    slot: Slot
    cards: list[dict[str, Any]]


@pytest.fixture
def make_reader(tmp_path: Path) -> Iterator[Callable[..., ReaderBench]]:
    opened: list[ReaderBench] = []

    def make(**options: Any) -> ReaderBench:
        sim = ScannerSim(tmp_path / "scanner", **options)
        cards: list[dict[str, Any]] = []
        address = parse_address(f"serial:{sim.link}?baud=115200")

        def opener() -> tuple[Port, str]:
            return open_port(address), address.text

        slot = Slot("reader", "serial-scanner", SerialScanner(cards.append), opener, backoff_s=(0.05, 0.1))
        slot.start()
        bench = ReaderBench(sim, slot, cards)
        opened.append(bench)
        _until(lambda: slot.status.state == "ready", "reader ready")
        return bench

    yield make
    for bench in opened:
        bench.slot.stop()
        bench.sim.close()


@pytest.fixture
def profiles() -> dict[str, Profile]:
    return load_quirks().profiles
