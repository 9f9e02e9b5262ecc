"""A kiosk with its page in Chromium, visited again and again beside the soak: what the page takes from the browser and the program
from the machine."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import linear_regression

from playwright.sync_api import Browser, expect

from tests.chaos.server import SERVICE, Server
from tests.chaos.soak import SETTLED, SPEED, look
from tests.kiosk.conftest import KioskProcess
from tests.web.helpers import until

SAMPLE_S = 5.0
NAMES = ("page heap MB", "page nodes", "page listeners", "kiosk resident MB", "kiosk open files", "kiosk threads")


@dataclass
class Visits:
    """`rows`: simulated hour, then what NAMES says; the heap after the browser has tidied up."""

    rows: list[tuple[float, ...]] = field(default_factory=list)
    count: int = 0

    def slope(self, column: int) -> float:
        """How much a figure grows in a simulated hour, once the beginning is over."""
        settled = self.rows[int(len(self.rows) * SETTLED) :]
        return float(linear_regression([row[0] for row in settled], [row[column] for row in settled]).slope)

    def most(self, column: int) -> float:
        return max(row[column] for row in self.rows)


@contextmanager
def kiosk_of(server: Server, folder: Path) -> Iterator[KioskProcess]:
    """A kiosk process of a running server, with a printer that takes no time."""
    kiosk = KioskProcess(folder)
    kiosk.servers = server.base
    (kiosk.folder / "key").write_text(server.key)
    try:
        kiosk.start()
        kiosk.on("home")
        until(kiosk.drivers.listening.is_set, 20)
        yield kiosk
    finally:
        kiosk.close()


def visit_until(kiosk: KioskProcess, browser: Browser, stopped: threading.Event, begun: float) -> Visits:
    """One person after another, each of whom sees a number on the page, until it is enough."""
    found, page = Visits(), browser.new_page()
    wire = page.context.new_cdp_session(page)
    wire.send("Performance.enable")
    page.goto(kiosk.url)
    sampled = 0.0
    while not stopped.is_set():
        kiosk.choose(SERVICE)
        seen = kiosk.on("number")
        expect(page.locator("body")).to_contain_text(seen["label"], timeout=20_000)
        kiosk.home()
        found.count += 1
        if time.monotonic() - sampled > SAMPLE_S:
            sampled = time.monotonic()
            wire.send("HeapProfiler.collectGarbage")
            told = {one["name"]: one["value"] for one in wire.send("Performance.getMetrics")["metrics"]}
            assert kiosk.process is not None
            resident, files, threads, _ = look(kiosk.process.pid, kiosk.folder / "none")
            hour = (sampled - begun) * SPEED / 3600
            page_takes = (told["JSHeapUsedSize"] / 1e6, told["Nodes"], told["JSEventListeners"])
            found.rows.append((hour, *page_takes, resident, files, threads))
    page.close()
    return found
