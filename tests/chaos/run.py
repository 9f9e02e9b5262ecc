"""`make chaos`: the whole table of faults and steps with the recovery time of each fault, or with `--soak` twelve hours on the
scaled clock. Writes what it found to docs/chaos.md, each to its own part; ends with 1 where anything was wrong."""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from tests.bench.report import table
from tests.browser import chromium
from tests.chaos import troubles
from tests.chaos.matrix import Turn, play
from tests.chaos.server import Server
from tests.chaos.soak import SETTLED, SPEED, soak
from tests.chaos.table import FAULTS, STEPS, TOGETHER, Fault, diagonal, together
from tests.chaos.visits import NAMES, Visits, kiosk_of, visit_until

HEAD = ["fault", "cells", "recovery median s", "worst s", "promised s"]
SOAKED = "## Twelve hours"
PAGE = Path(__file__).parents[2] / "docs" / "chaos.md"
INTRO = """# Faults of real processes

Written by `make chaos`. Server, drivers, kiosk, display and dossier feed run as programs with a simulated printer and scanner; every
client reaches the server through a TCP proxy. A cell is one fault at one step:
{steps}.
**Recovery** is the time from the end of the fault until the clerk's command and a number asked for at the desk are answered, a stranger
has a slip from the kiosk and the board shows what the server knows; where the dossier feed or its partner had the fault, until the feed has
answered for the whole log, too. In the end the log is audited, every screen and every slip (read by its printed code) is compared with it,
and the dossier system must have accepted each version of each ended step's record exactly once.

"""


def rows_of(turns: list[Turn], faults: Iterable[Fault]) -> list[list[str]]:
    """A row for each fault that was played."""
    rows = []
    for fault in faults:
        times = [each for turn in turns for (name, _), each in turn.recovery_s.items() if name == fault.name]
        if times:
            rows.append([fault.name, str(len(times)), f"{median(times):.1f}", f"{max(times):.1f}", f"{fault.within_s:.0f}"])
    return rows


def page(turns: list[Turn], pairs: Turn) -> str:
    """The report as Markdown."""
    everything = [*turns, pairs]
    cells, wrong = sum(len(turn.recovery_s) for turn in turns), [each for turn in everything for each in turn.wrong]
    tickets, records = (sum(getattr(turn, name) for turn in everything) for name in ("tickets", "records"))
    told = f"{cells} of {len(FAULTS) * len(STEPS)} cells and {len(pairs.recovery_s)} of {len(TOGETHER)} pairs played,"
    told += f" {tickets} numbers shown, {records} records taken, {len(wrong)} findings.\n\n"
    one = table(HEAD, rows_of(turns, FAULTS))
    two = table(HEAD, rows_of([pairs], (fault for fault, _ in together())))
    found = f"{one}\n\n## Two at once\n\nBoth begin together and end together.\n\n{two}"
    return INTRO.format(steps=", ".join(STEPS)) + told + found + "".join(f"\n- {each}" for each in wrong) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--soak", action="store_true", help="twelve simulated hours instead of the table")
    parser.add_argument("--hours", type=float, default=12.0)
    parser.add_argument("--turns", type=int, default=len(STEPS), help="of the eleven; all of them are the whole table")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        library = troubles.built(folder)
        if options.soak:
            return long(Server(folder, library), options.hours)
        turns = []
        for name, cells in (*((str(n), diagonal(n)) for n in range(options.turns)), ("together", together())):
            own = folder / name
            own.mkdir()
            turns.append(play(own, library, cells, lambda line: print(line, flush=True)))
    *singles, pairs = turns
    text = page(singles, pairs)
    soaked = "".join(PAGE.read_text(encoding="utf-8").partition(SOAKED)[1:])
    PAGE.write_text(text + (f"\n{soaked}" if soaked else ""), encoding="utf-8")
    print(text)
    return int(any(turn.wrong for turn in turns))


def long(server: Server, hours: float) -> int:
    """The soak of a server and of a kiosk with its page, and their slopes, into the page."""
    seen: list[Visits] = []

    def beside(stopped: threading.Event, begun: float) -> None:
        with chromium() as browser, kiosk_of(server, server.folder) as kiosk:
            seen.append(visit_until(kiosk, browser, stopped, begun))

    found = soak(server, hours, beside=beside)
    visits = seen[0]
    names = ("server resident MB", "server open files", "server threads", "write-ahead log MB")
    figures = [*((name, found.most(n), found.slope(n)) for n, name in enumerate(names, 1))]
    figures += [(name, visits.most(n), visits.slope(n)) for n, name in enumerate(NAMES, 1)]
    rows = [[name, f"{most:.1f}", f"{slope:+.3f}"] for name, most, slope in figures]
    server.kill()
    wrong = server.findings()
    told = (
        f"{hours:g} simulated hours in {60 * hours / SPEED:.0f} minutes: {found.issued:,} numbers issued and called, and {visits.count:,}"
    )
    told += " visits at a kiosk\nwhose page is open in Chromium. Growth is of the last "
    told += f"{1 - SETTLED:.0%}. Audit: {len(wrong)} findings."
    text = f"{SOAKED}\n\n{told}\n\n" + table(["figure", "most", "growth a simulated hour"], rows) + "".join(f"\n- {each}" for each in wrong)
    PAGE.write_text(PAGE.read_text(encoding="utf-8").partition(SOAKED)[0].rstrip("\n") + f"\n\n{text}\n", encoding="utf-8")
    print(text)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
