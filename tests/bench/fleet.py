"""Two hundred devices with keys of their own: let in by join keys, then their signed heartbeats once a minute. Figures for `make bench`.

Every device is its own Ed25519 key, counter and client; admission and beats travel as from a real one, checked by the server as
always, with the rules of alerts judging all of them. A beat says what a healthy kiosk says. Run alone it writes its own section:

    python -m tests.bench.fleet [--devices 200] [--minutes 10]
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from queue_server.bootstrap import prepare
from queue_server.client import Client, Problem, Unreachable
from queue_server.contract import device as shared
from queue_server.device import identity
from queue_server.device.counter import Counter
from queue_server.device.signing import SignedBy
from queue_server.services import access, configuring
from tests.bench.house import SITE, House
from tests.bench.report import table

PAGE = Path(__file__).parents[2] / "docs/benchmarks.md"
TITLE = "## Fleet, heartbeats"
EVERY_S = 60.0
HANDS = 4  # more beats at once than these come late


class FleetHouse(House):
    """`toiluot server run` with one live site, so that its alerts are judged, and a key of a technician."""

    def __init__(self, url: str) -> None:
        store = prepare(url)
        configuring.init_site(store, site=SITE, kind="live")
        self.keys = [store.write("", lambda r: access.create_key(r, name="bench", scopes=["fleet", "admin", "read"], sites=[SITE]))]
        store.close()
        words = [sys.executable, "-m", "toiluot", "server", "run", "--db", url, "--bind", "127.0.0.1:0"]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline().decode().rsplit(":", 1)[1])

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class Device:
    """One machine's key, counter and client."""

    def __init__(self, folder: Path, base: str, n: int) -> None:
        self.name = f"kiosk-{n:03d}"
        self.identity = identity.load_or_make(folder / self.name)
        counter = Counter(folder / self.name / "counter")
        self.client = Client(base, timeout=20.0, auth=SignedBy(self.identity, counter), site=SITE)

    def enrol(self, technician: Client) -> None:
        joins = technician.join_key(f"join-{self.name}", role="kiosk", name=self.name, ttl_s=3600)
        public = shared.encode(self.identity.key.public_key().public_bytes_raw())
        hardware = {"serial": self.name, "model": "bench", "mac": "", "image": ""}
        told = self.client.enrol({"public_key": public, "role": "kiosk", "hardware": hardware, "join_key": joins["join_key"]})
        assert told["device"] == self.name, told

    def beat(self) -> float:
        """Seconds until the answer."""
        begun = time.perf_counter()
        told = self.client.heartbeat(
            {
                "device": self.name, "role": "kiosk", "version": "bench", "boot_id": f"boot-{self.name}", "uptime_s": 3600,
                "clock": {"wall": datetime.now(UTC).isoformat(timespec="seconds"), "synced": True, "skew_ms": 12},
                "slots": [{"role": "printer", "state": "ready", "code": "ok", "paper_left": 320},
                          {"role": "reader", "state": "ready", "code": "ok"}],
                "spool": {"waiting": 0}, "temperature_c": 52, "undervoltage": {"now": False, "since_boot": False},
                "storage": {"free_mb": 9000, "errors": 0, "life_pct": 10, "read_only": False, "writable": True},
                "page": {"age_s": 3, "restarts": 0}, "units": {"toiluot-kiosk": 0, "toiluot-drivers": 0, "toiluot-screen": 0},
                "net": {"address": "127.0.0.1"},
            }
        )  # fmt: skip
        assert told["ok"] is True
        return time.perf_counter() - begun


def figures(devices: int = 200, minutes: float = 10.0) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        house = FleetHouse(f"sqlite:///{folder}/site.db")
        try:
            fleet = [Device(folder, house.base, n) for n in range(1, devices + 1)]
            begun, cpu_s = time.perf_counter(), house.cpu_s()
            with Client(house.base, house.keys[0], 20.0, site=SITE) as technician:
                for device in fleet:
                    device.enrol(technician)
            enrolled = {"enrol_s": time.perf_counter() - begun, "enrol_cpu_ms": 1000 * (house.cpu_s() - cpu_s) / devices}
            return {"devices": devices, "rss_before_mb": house.rss_mb(), **enrolled, **beats(house, fleet, minutes * 60)}
        finally:
            house.close()


def beats(house: House, fleet: list[Device], seconds: float) -> dict[str, Any]:
    """Each device once a minute, spread over it."""
    taken: list[float] = []
    lost: list[str] = []
    clock = threading.Event()

    def one(device: Device) -> None:
        try:
            taken.append(device.beat())
        except (Problem, Unreachable) as why:
            lost.append(f"{device.name}: {why}")

    cpu_s, begun = house.cpu_s(), time.perf_counter()
    with ThreadPoolExecutor(HANDS) as hands:
        for n in range(int(seconds / EVERY_S * len(fleet))):
            wait_s = begun + n * EVERY_S / len(fleet) - time.perf_counter()
            if wait_s > 0:
                clock.wait(wait_s)
            hands.submit(one, fleet[n % len(fleet)])
    passed_s = time.perf_counter() - begun
    taken.sort()
    return {
        "seconds": passed_s, "beats": len(taken), "lost": lost, "cpu_percent": 100 * (house.cpu_s() - cpu_s) / passed_s,
        "rss_mb": house.rss_mb(), "p50_ms": 1000 * taken[len(taken) // 2], "p99_ms": 1000 * taken[int(len(taken) * 0.99)],
    }  # fmt: skip


def section(found: dict[str, Any]) -> str:
    head = ["devices", "beats", "time", "server CPU", "RSS before → after", "answer p50 · p99"]
    row = [
        str(found["devices"]), f"{found['beats']:,}, lost {len(found['lost'])}", f"{found['seconds'] / 60:.1f} min",
        f"**{found['cpu_percent']:.1f} %** of one core", f"{found['rss_before_mb']:.0f} → {found['rss_mb']:.0f} MB",
        f"{found['p50_ms']:.1f} · {found['p99_ms']:.1f} ms",
    ]  # fmt: skip
    admitted = f"{found['enrol_s']:.0f} s for all, {found['enrol_cpu_ms']:.0f} ms of the server's processor each"
    return (
        f"{TITLE}\n\nDevices with keys of their own, each let in by a join key ({admitted}), then a signed heartbeat a minute per device\n"
        "with everything a healthy kiosk tells; SQLite, one process, the rules of alerts judging. Clients share the machine.\n\n"
        f"{table(head, [row])}\n\n"
        f"Load of the machine in the last quarter of an hour: {os.getloadavg()[2]:.0f} on {os.cpu_count()} cores.\n"
    )


def put(page: Path, text: str) -> None:
    """The section in its place: instead of the one before, or before the page's last one."""
    old = page.read_text(encoding="utf-8")
    if TITLE in old:
        new = re.sub(re.escape(TITLE) + r".*?(?=\n## |\Z)", lambda _: text, old, flags=re.DOTALL)
    else:
        new = old.replace("## What limits each figure", f"{text}\n## What limits each figure")
    page.write_text(new, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--out", type=Path, default=PAGE)
    chosen = parser.parse_args()
    found = figures(chosen.devices, chosen.minutes)
    print({name: value for name, value in found.items() if name != "lost"}, *found["lost"][:5], sep="\n", flush=True)
    put(chosen.out, section(found))


if __name__ == "__main__":
    main()
