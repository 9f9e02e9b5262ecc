"""Slips: what drawing one costs, and how long it is from a touch to the last byte on the wire beside the wire's own time.

Everything between is real: server, kiosk and drivers' service as processes of their own. The printer is the simulator, on
TCP and on a pseudo-terminal paced to 115,200 baud; its paper begins to move long before the last byte.
"""

from __future__ import annotations

import argparse
import json
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from drivers.client import DriversClient, DriversError
from drivers.sim.printer import PrinterSim
from drivers.sim.printer_wire import PtyWire, TcpWire
from kiosk import raster, slip
from kiosk.i18n import translator
from kiosk.values import Ticket, home_from
from tests.bench.house import House
from tests.bench.report import table

BAUD = 115_200
ETHERNET_BITS_PER_S = 100_000_000
SERVICE = "ho-tich"
TOKEN = "https://toiluot.example.gov.vn/t/k7Qm2xV9bT4wZ1nR8s"


def measure(scale: float) -> dict[str, Any]:
    """Rendering, then touches: full and short slip over each wire."""
    found: dict[str, Any] = {"render": rendering(max(10, int(60 * scale))), "touch": []}
    for wire, touches in (("tcp", max(4, int(40 * scale))), ("serial", max(2, int(5 * scale)))):
        for kind in ("full", "short"):
            found["touch"].append({"wire": wire, "kind": kind, **touched(wire, kind, touches)})
    return found


def rendering(count: int) -> list[dict[str, Any]]:
    """Processor milliseconds of one thread: number, time and code differ on every slip, the rest is as on a true morning."""
    home = home_from({"site": {"name": "Trung tâm Phục vụ hành chính công phường Lang Biang – Đà Lạt"}, "services": [_service()]})
    rows = []
    for width in (576, 384):
        for short in (False, True):
            times, heights = [], []
            for number in range(count):
                ticket = replace(_ticket(), label=f"A{100 + number}", url=f"{TOKEN}{number:04d}")
                begun = time.thread_time()
                made = raster.render(slip.compose(ticket, home, "vi", translator("vi"), short=short), width)
                times.append(1000 * (time.thread_time() - begun))
                heights.append(made.height)
            usual = sorted(times)
            row = {"width": width, "short": short, "rows": heights[-1], "bytes": heights[-1] * width // 8}
            rows.append(row | {"first_ms": times[0], "p50_ms": statistics.median(times), "p99_ms": usual[int(0.99 * (count - 1))]})
    return rows


def _service() -> dict[str, Any]:
    return {"code": SERVICE, "name": "Hộ tịch", "series": "A", "zone": "Khu A, tầng 1", "open": True}


def _ticket() -> Ticket:
    return Ticket("t1", "A105", SERVICE, "Khu A, tầng 1", 6, 1260, 1740, "2026-11-21T07:42:10+07:00", TOKEN)


# ---------------------------------------------------------------- touch → last byte
class Paper:
    """The printer at the end of the wire; knows when the cut of the last slip came in."""

    def __init__(self, wire: str, folder: Path) -> None:
        self.sim = PrinterSim(576)
        self.cut = threading.Event()
        self.cut_at = 0.0
        self.sim.on_slip = lambda _: self._out()
        self._wire = TcpWire(self.sim, "127.0.0.1", 0) if wire == "tcp" else PtyWire(self.sim, folder / "lp", BAUD // 10)
        self.port = f"tcp://{self._wire.address}" if isinstance(self._wire, TcpWire) else f"serial:{folder}/lp?baud={BAUD}"
        self._thread = threading.Thread(target=self._wire.run, daemon=True)
        self._thread.start()

    def _out(self) -> None:
        self.cut_at = time.perf_counter()
        self.cut.set()

    def close(self) -> None:
        self._wire.close()
        self._thread.join(5)


def touched(wire: str, kind: str, touches: int) -> dict[str, Any]:
    """Milliseconds from the touch to the cut's arrival, and how many of them the bytes need on the wire itself."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        paper = Paper(wire, folder)
        stack.callback(paper.close)
        url = stack.enter_context(_kiosk(folder, kind, paper.port))
        times, size = [], 0
        for _ in range(touches + 1):
            visit = _calm(url)
            paper.cut.clear()
            before, begun = paper.sim.received_bytes, time.perf_counter()
            _post(url, "choose", visit=visit, service=SERVICE)
            if not paper.cut.wait(60):
                raise RuntimeError(f"no slip came out: {_get(url)}")
            times.append(1000 * (paper.cut_at - begun))
            size = paper.sim.received_bytes - before
        bits = 10 * size / BAUD if wire == "serial" else 8 * size / ETHERNET_BITS_PER_S
    return {"bytes": size, "first_ms": times[0], "p50_ms": statistics.median(times[1:]), "most_ms": max(times[1:]), "wire_ms": 1000 * bits}


@contextmanager
def _kiosk(folder: Path, kind: str, port: str) -> Iterator[str]:
    """Server, drivers and kiosk; gives the kiosk's address."""
    settings = {"policy": {"slip": kind}, "public_url": "https://toiluot.example.gov.vn"}
    house = House(f"sqlite:///{folder}/site.db", more=settings)
    with ExitStack() as stack:
        stack.callback(house.close)
        (folder / "key").write_text(house.keys[0])
        (folder / "drivers.toml").write_text(f'[slot.printer]\nport = "{port}"\ndriver = "escpos"\n')
        drivers = ["drivers", "serve", "--config", f"{folder}/drivers.toml", "--socket", f"{folder}/drivers.sock", "--state", f"{folder}"]
        with socket.create_server(("127.0.0.1", 0)) as finding:
            bind = f"127.0.0.1:{finding.getsockname()[1]}"
        kiosk = ["kiosk", "run", "--server", f"http://127.0.0.1:{house.port}", "--key-file", f"{folder}/key", "--bind", bind]
        kiosk += ["--drivers", f"{folder}/drivers.sock", "--state", f"{folder}/kiosk", "--name", "kiosk-01"]
        for command in (drivers, kiosk):
            process = subprocess.Popen([sys.executable, "-m", "toiluot", *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            stack.callback(process.wait, 20)
            stack.callback(process.send_signal, signal.SIGTERM)
        _ready(folder / "drivers.sock")
        yield f"http://{bind}"


def _ready(drivers: Path) -> None:
    """The printer has been looked at."""
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        with DriversClient(drivers) as client, suppress(DriversError):
            if client.status()["slots"][0]["state"] == "ready":
                return
        threading.Event().wait(0.05)
    raise RuntimeError("the drivers' service does not find its printer")


def _get(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{url}/api/state", timeout=10) as answer:
        state: dict[str, Any] = json.loads(answer.read())
    return state


def _post(url: str, act: str, **body: Any) -> None:
    request = urllib.request.Request(f"{url}/api/{act}", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        answer.read()


def _calm(url: str) -> str:
    """The first screen with the service on it and the last slip settled; the visit to touch on."""
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        try:
            state = _get(url)
        except OSError:
            state = {}
        if any(choice["id"] == f"service-{SERVICE}" for choice in state.get("choices") or ()):
            return str(state["visit"])
        if state.get("screen") == "number" and state["ticket"]["paper"] != "printing":
            _post(url, "home", visit=state["visit"])
        threading.Event().wait(0.02)
    raise RuntimeError(f"the kiosk does not come to rest: {state}")


# ---------------------------------------------------------------- words
def section(found: dict[str, Any]) -> str:
    """The part of docs/benchmarks.md about slips."""
    drawn = [
        [f"{row['width']} dots, {'short' if row['short'] else 'full'}", f"{row['rows']:,}", f"{row['bytes']:,}"]
        + [f"{row[name]:.0f}" for name in ("p50_ms", "p99_ms", "first_ms")]
        for row in found["render"]
    ]
    names = {"tcp": "TCP", "serial": f"{BAUD:,} baud"}
    sent = [
        [f"{names[row['wire']]}, {row['kind']}", f"{row['bytes']:,}", f"{row['wire_ms']:,.0f}"]
        + [f"{row[name]:,.0f}" for name in ("p50_ms", "most_ms")]
        + [f"{row['p50_ms'] - row['wire_ms']:,.0f}"]
        for row in found["touch"]
    ]
    return "\n".join(
        [
            "## Slips",
            "",
            "Drawing one, in processor milliseconds of one thread (the first of a process loads fonts):",
            "",
            table(["slip", "rows", "bytes", "p50 ms", "p99 ms", "first ms"], drawn),
            "",
            "From the touch on the kiosk to the last byte at the printer: server, kiosk and drivers' service as processes of their own.",
            "The wire alone is 10 bits a byte at 115,200 baud, and 100 Mbit/s for TCP, which here is the machine's own loopback:",
            "",
            table(["wire, slip", "bytes", "the wire alone, ms", "p50 ms", "slowest ms", "everything else, ms"], sent),
        ]
    )


def main() -> None:
    """This part alone, to the screen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    print(section(measure(0.1 if parser.parse_args().quick else 1.0)))


if __name__ == "__main__":
    main()
