"""The drivers' service when nothing happens, and slots that lose their device ten thousand times: figures for `make bench`.

A printer on TCP, a scanner, a panel and a keypad on lines, all simulated in this process; the service is a process of its own
and its figures are the kernel's. Plugs are pulled on memory lines under the true supervisor.
"""

from __future__ import annotations

import gc
import os
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from drivers import supervision
from tests.bench.report import table
from tests.drivers.far_ends import Hall
from tests.drivers.scenarios.levels import fds
from tests.drivers.test_supervision import Machine, cycle, resident_bytes

TICK = os.sysconf("SC_CLK_TCK")
TEXT = {
    "all four devices": "a printer asked every 5 s, a scanner, a panel refreshed every 30 s, a keypad polled as its protocol says",
    "printer and scanner": "a kiosk: a printer asked every 5 s, a scanner that is only listened to",
}


def figures(scale: float) -> dict[str, Any]:
    seconds = max(5.0, 60.0 * scale)
    return {
        "seconds": seconds,
        "rows": [{"with": name, **idle(seconds, slots)} for name, slots in (("all four devices", 4), ("printer and scanner", 2))],
        "plugs": plugs(int(10_000 * scale) or 100),
    }


def idle(seconds: float, slots: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        hall = Hall(Path(folder))
        text = hall.config.read_text().replace("poll_s = 0.2\n", "").replace("refresh_s = 0.2\n", "")
        hall.config.write_text("[slot.".join(text.split("[slot.")[: slots + 1]))
        try:
            hall.serve()
            pid = hall.process.pid if hall.process else 0
            _settle(seconds / 10)
            before, switched = _cpu_s(pid), _switches(pid)
            _settle(seconds)
            used, woken = _cpu_s(pid) - before, _switches(pid) - switched
            return {"cpu_percent": 100 * used / seconds, "wakes_per_s": woken / seconds, "rss_mb": _rss_mb(pid), "fds": _fds(pid)}
        finally:
            hall.close()


def _settle(seconds: float) -> None:
    """Time that passes is what is measured here."""
    threading.Event().wait(seconds)


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def _switches(pid: int) -> int:
    """How often its threads were woken."""
    total = 0
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        total += sum(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("voluntary_ctxt"))
    return total


def _rss_mb(pid: int) -> float:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def _fds(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def plugs(cycles: int) -> dict[str, Any]:
    """In and out on a memory line, under the supervisor, told each time as udev tells it."""
    settle, supervision.SETTLE_S = supervision.SETTLE_S, 0.0
    machine = Machine(3600.0)
    try:
        cycle(machine, 200)
        gc.collect()
        before, resident, began = fds(), resident_bytes(), time.perf_counter()
        cycle(machine, cycles)
        took_s = time.perf_counter() - began
        gc.collect()
        grown = {"fds": fds() - before, "rss_kb": (resident_bytes() - resident) / 1024}
    finally:
        supervision.SETTLE_S = settle
        machine.close()
    return {"cycles": cycles, "per_s": cycles / took_s, **grown}


def section(found: dict[str, Any]) -> str:
    rows = [
        [row["with"], f"{row['cpu_percent']:.2f} %", f"{row['wakes_per_s']:.1f}", f"{row['rss_mb']:.1f} MB", f"{row['fds']}"]
        for row in found["rows"]
    ]
    plugged = found["plugs"]
    return "\n".join(
        [
            "## Drivers' service, idle",
            "",
            f"Over {found['seconds']:.0f} s each, with simulated devices on their true wires and nobody at the kiosk.",
            "",
            table(["with", "processor", "wakes/s", "resident", "open files"], rows),
            "",
            *(f"- {name}: {about}." for name, about in TEXT.items()),
            "",
            f"{plugged['cycles']:,} times plugged in and pulled out (memory line, the true supervisor and slot, told each time as udev "
            f"tells it): {plugged['per_s']:,.0f} a second, {plugged['fds']:+d} open files, {plugged['rss_kb']:+,.0f} KB resident.",
        ]
    )


if __name__ == "__main__":
    print(section(figures(0.25)))
