"""Recovery figures for the benchmark: from a server's death to the next call by its standby, a kiosk alone, and backups of a
long history.

Holds the measuring and its section of the page. The faults of the other processes are measured by `make chaos`. Run as a
program it measures this section alone and puts it into the page: `python -m tests.bench.recovery`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from queue_server.bootstrap import prepare
from queue_server.client import Client, Problem, Unreachable
from queue_server.services import access, configuring
from tests.bench import alone
from tests.bench.history import grow
from tests.bench.report import table
from tests.hall import SITE
from tests.standby.conftest import SCOPES, Building, together
from tests.web.helpers import until


def takeover_s(folder: Path) -> float:
    """Seconds from SIGKILL of the server until a keypad's next call is answered, with a person who promotes at once."""
    store = prepare(f"sqlite:///{folder}/server.db")
    configuring.init_site(store, site=SITE, kind="demo")
    key = store.write("", lambda rows: access.create_key(rows, name="all", scopes=SCOPES, sites=(SITE,)))
    store.close()
    building = Building(folder, key)
    with building.stack:
        server = building.serve()
        standby = building.follow(server)
        keypad = building.client(server, standby)
        until(together(building.client(server)))
        keypad.counter_command("open", "1", "open")
        for n in range(20):
            keypad.issue(f"i{n}", service="ho-tich")
        server.kill()
        died = time.monotonic()
        building.client(standby).promote("promote")
        until(lambda: _calls(keypad), 60)
        return time.monotonic() - died


def _calls(keypad: Client) -> bool:
    try:
        return keypad.next("call", "1")["ticket"] is not None
    except (Problem, Unreachable):
        return False


def copies(folder: Path, tickets: int) -> dict[str, float]:
    """Seconds and MB of an online backup of so many finished tickets and of restoring it."""
    url, copy = f"sqlite:///{folder}/site.db", folder / "copy.db"
    grow(url, tickets)
    backup_s = _run("backup", "--db", url, str(copy))
    restored = folder / "restored.db"
    restore_s = _run("restore", "--db", f"sqlite:///{restored}", str(copy))
    return {"tickets": tickets, "mb": copy.stat().st_size / 1e6, "backup_s": backup_s, "restore_s": restore_s}


def _run(*words: str) -> float:
    begun = time.monotonic()
    subprocess.run([sys.executable, "-m", "toiluot", "server", *words], check=True, capture_output=True)
    return time.monotonic() - begun


def section(*, quick: bool = False) -> str:
    """Measure, and the section of the page."""
    deaths, rows = [], []
    for _ in range(1 if quick else 5):
        with tempfile.TemporaryDirectory() as folder:
            deaths.append(takeover_s(Path(folder)))
    for tickets in (10_000,) if quick else (100_000, 1_000_000):
        with tempfile.TemporaryDirectory() as folder:
            found = copies(Path(folder), tickets)
            rows.append([f"{tickets:,}", f"{found['mb']:,.0f}", f"{found['backup_s']:.1f}", f"{found['restore_s']:.1f}"])
    load = f"Load of the machine in the last quarter of an hour: {os.getloadavg()[2]:.0f} on {os.cpu_count()} cores."
    grown = table(["finished tickets", "MB", "backup s", "restore s"], rows)
    return (
        "## Recovery\n\n"
        f"Server killed, standby promoted at once, until a keypad's next call is answered: median {median(deaths):.2f} s,"
        f" worst {max(deaths):.2f} s of {len(deaths)}.\nBackup and restore are whole commands, starting the program included. Each other"
        " fault's recovery: [faults of real processes](chaos.md).\n" + alone.told(quick=quick) + f"\n{load}\n\n" + grown
    )


def main() -> None:
    """This section anew, in the page as it is."""
    page = Path(__file__).parents[2] / "docs" / "benchmarks.md"
    measured = section(quick="--quick" in sys.argv)
    whole = page.read_text(encoding="utf-8")
    parts = re.split(r"(?m)^(?=## )", whole)
    assert sum(part.startswith("## Recovery\n") for part in parts) == 1
    page.write_text("".join(f"{measured}\n\n" if part.startswith("## Recovery\n") else part for part in parts), encoding="utf-8")
    print(measured)


if __name__ == "__main__":
    main()
