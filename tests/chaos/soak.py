"""Many hours on the scaled clock: one server, kiosks and clerks at work, and what the server takes from the machine meanwhile.

Holds the load, the samples and the slopes. Simulated hours pass at `SPEED`; whoever issues and calls does so as fast as a
busy centre would in simulated time.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import linear_regression

from queue_server.client import Client, Problem
from tests.chaos.server import SERVICE, Server

SPEED = 120.0
START = "2026-11-23T06:00:00+07:00"
SAMPLE_S = 1.0
LAWFUL = {"counter_closed", "counter_taken", "outside_hours", "service_closed", "quota_full", "conflict"}
SETTLED = 0.4  # the first part of a run fills caches and pools: slopes are of the rest


@dataclass
class Soak:
    """`rows`: simulated hour, resident MB, open files, threads, MB of the write-ahead log."""

    rows: list[tuple[float, float, int, int, float]] = field(default_factory=list)
    issued: int = 0
    broken: list[Exception] = field(default_factory=list)

    def slope(self, column: int) -> float:
        """How much a figure grows in a simulated hour, once the beginning is over."""
        settled = self.rows[int(len(self.rows) * SETTLED) :]
        return float(linear_regression([row[0] for row in settled], [row[column] for row in settled]).slope)

    def most(self, column: int) -> float:
        return max(row[column] for row in self.rows)


def look(pid: int, wal: Path) -> tuple[float, int, int, float]:
    """What a process takes now."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    size = wal.stat().st_size if wal.exists() else 0
    return int(status["VmRSS"].split()[0]) / 1024, len(os.listdir(f"/proc/{pid}/fd")), int(status["Threads"]), size / 1e6


Beside = Callable[[threading.Event, float], None]


def soak(server: Server, hours: float, per_hour: int = 120, beside: Beside | None = None) -> Soak:
    """So many simulated hours with so many tickets in each, a call for every ticket and a board read for each. `beside` goes on
    in this thread meanwhile, until the event it is given is set; the other argument is when it began."""
    found, begun = Soak(), time.monotonic()
    end, gap_s = begun + hours * 3600 / SPEED, 3600 / SPEED / per_hour
    stopped = threading.Event()
    with server.start(clock=f"{START}@{SPEED}") as client:
        assert server.process is not None
        watcher = threading.Thread(target=_watch, args=(server, found, stopped, begun), daemon=True)
        watcher.start()
        worker = threading.Thread(target=_work, args=(client, found, end, gap_s, stopped), daemon=True)
        worker.start()
        try:
            if beside is not None:
                beside(stopped, begun)
            worker.join()
        finally:
            stopped.set()
            worker.join()
            watcher.join()
    if found.broken:
        raise found.broken[0]
    return found


def _work(client: Client, found: Soak, end: float, gap_s: float, stopped: threading.Event) -> None:
    try:
        _issue_and_call(client, found, end, gap_s, stopped)
    except Exception as no:  # noqa: BLE001 - a thread's failure is told to whoever began it
        found.broken.append(no)
    stopped.set()


def _issue_and_call(client: Client, found: Soak, end: float, gap_s: float, stopped: threading.Event) -> None:
    serial = 0
    while time.monotonic() < end and not stopped.is_set():
        serial += 1
        for call in (
            lambda n=serial: client.issue(f"s{n}", service=SERVICE),
            lambda n=serial: client.next(f"n{n}", "1"),
            lambda n=serial: client.counter_command(f"o{n}", "1", "open"),  # midnight and the end of the day close it
            client.board,
        ):
            try:
                call()
            except Problem as no:
                if no.code not in LAWFUL:
                    raise
        found.issued = serial
        stopped.wait(gap_s)


def _watch(server: Server, found: Soak, stopped: threading.Event, begun: float) -> None:
    assert server.process is not None
    wal = server.disk / "site.db-wal"
    while not stopped.wait(SAMPLE_S):
        hour = (time.monotonic() - begun) * SPEED / 3600
        found.rows.append((hour, *look(server.process.pid, wal)))
