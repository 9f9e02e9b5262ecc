"""Figures of a kiosk without its server: leased numbers a minute, and how long the server takes to enter them afterwards."""

from __future__ import annotations

import itertools
import tempfile
import time
from pathlib import Path
from typing import Any

from queue_server.bootstrap import prepare
from queue_server.client import Client
from queue_server.services import access, configuring
from tests.hall import SITE
from tests.kiosk.conftest import KioskProcess
from tests.standby.conftest import SCOPES, Building
from tests.web.helpers import until

SERVICES = ("ho-tich", "chung-thuc", "dat-dai", "bao-tro", "nhan-ket-qua")
EACH = 20  # numbers of a lease
BATCH = 50  # of what a kiosk settles at once
LEASE = 100


def tickets_per_minute(folder: Path) -> tuple[int, float]:
    """Touch after touch at a kiosk process whose server hangs up, with a printer that takes no time: how many numbers are on
    paper, and how many that is in a minute."""
    kiosk = KioskProcess(folder)
    kiosk.server.leasing = True
    try:
        kiosk.start()
        kiosk.on("home")
        until(kiosk.drivers.listening.is_set, 20)
        until(lambda: kiosk.server.reserved >= 700 + 7 * EACH, 30)  # seven series
        kiosk.server.down = True
        until(lambda: kiosk.state()["notice"].startswith("Mất kết nối"), 30)
        wanted = [each for each in SERVICES for _ in range(EACH)]
        begun = time.monotonic()
        for service in wanted:
            kiosk.choose(service)
            until(lambda: (kiosk.state()["ticket"] or {}).get("paper") not in (None, "printing"), 20)
            kiosk.home()
        return len(wanted), 60 * len(wanted) / (time.monotonic() - begun)
    finally:
        kiosk.close()


def settling_s(folder: Path, tickets: int) -> float:
    """Seconds until a server process has entered so many leased numbers, told as a kiosk tells them: one batch after another."""
    store = prepare(f"sqlite:///{folder}/server.db")
    configuring.init_site(store, site=SITE, kind="demo")
    key = store.write("", lambda rows: access.create_key(rows, name="all", scopes=SCOPES, sites=(SITE,)))
    store.close()
    building = Building(folder, key)
    with building.stack:
        client = building.client(building.serve(), timeout=30.0)
        given = [given_out(client, n) for n in range(tickets // LEASE)]
        begun = time.monotonic()
        for n, (lease, told) in enumerate(given):
            for first in range(0, LEASE, BATCH):
                results = client.settle(f"s{n}-{first}", lease, told[first : first + BATCH])["tickets"]
                assert {one["result"] for one in results} == {"settled"}
        return time.monotonic() - begun


def given_out(client: Client, n: int) -> tuple[str, list[dict[str, Any]]]:
    """A lease of which every number was given."""
    by_series = {one["series"]: one["code"] for one in client.services()["services"]}
    series = next(itertools.islice(itertools.cycle(sorted(by_series)), n, None))
    lease = client.lease(f"l{n}", series, LEASE)
    now = client.heartbeat({"device": "kiosk-01", "role": "kiosk"})["now"]
    about = {"service": by_series[series], "issued_at": now, "print": "printed"}
    return lease["id"], [{"number": one["number"], "ticket_id": one["ticket_id"], **about} for one in lease["entries"]]


def told(*, quick: bool = False) -> str:
    """Measure, and the sentences of the page."""
    tickets = 200 if quick else 1000
    with tempfile.TemporaryDirectory() as folder:
        given, per_minute = tickets_per_minute(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        taken_s = settling_s(Path(folder), tickets)
    return (
        f"A kiosk without a server, leased numbers on disk and on paper one after another with a printer that takes no time:"
        f" {per_minute:,.0f} a minute\n({given} given). A server enters {tickets:,} of them, in batches of {BATCH} one after another, in"
        f" {taken_s:.1f} s ({tickets / taken_s:,.0f}/s)."
    )
