"""The table of the matrix: every fault with its beginning, how long it lasts and within which time all must be well again;
and every step of a citizen's and a clerk's way.

Data only: how a cell is played stands in cell.py.
"""

from __future__ import annotations

import errno
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from drivers.sim.faults import PRINTER_FAULTS
from tests.chaos.line import Line

DAY_S = 86_400
BRIEF_S = 0.3  # long enough for a touch and a command to meet the fault
PROGRAMS = ("server", "kiosk", "drivers", "display", "dossier")
CITIZEN = ("card", "tapped", "asking", "printing", "waiting", "called", "served")
CLERK = ("next", "recall", "no-show", "undo")
STEPS = (*CITIZEN, *CLERK)


@dataclass(frozen=True)
class Fault:
    """`begin` makes it so, `Line.heal` takes it away. `within_s`: from its end until a stranger has a number on paper, the
    clerk's command is answered and the board shows what the server knows."""

    name: str
    begin: Callable[[Line], object]
    hold_s: float
    within_s: float


def _signal(number: int, name: str, line: Line) -> None:
    line.send(name, number)


def _way(way: str, line: Line) -> None:
    line.proxy.way = way


def _printer(name: str, line: Line) -> None:
    line.printer(name)


def _scanner(name: str, line: Line) -> None:
    line.scanner(name)


def _partner(line: Line) -> None:
    line.partner(down=True)


def _disk(name: str, numbers: dict[str, int], line: Line) -> None:
    line.watched.troubles[name].set(**numbers)


def _all() -> Iterator[Fault]:
    for name in PRINTER_FAULTS:
        yield Fault(f"printer {name}", partial(_printer, name), BRIEF_S, 20)
    yield Fault("scanner unplug", partial(_scanner, "unplug"), BRIEF_S, 20)
    for name in PROGRAMS:
        yield Fault(f"{name} kill -9", partial(_signal, signal.SIGKILL, name), 0.0, 30)
        yield Fault(f"{name} SIGSTOP", partial(_signal, signal.SIGSTOP, name), 1.5, 20)
    for way, hold_s in (("cut", 1.0), ("stalled", 1.5), ("half-open", 1.5), ("answer-lost", 0.3)):
        yield Fault(f"network {way}", partial(_way, way), hold_s, 25)
    yield Fault("dossier system away", _partner, 0.8, 25)
    for name in ("server", "kiosk", "drivers", "dossier"):
        yield Fault(f"{name} disk full", partial(_disk, name, {"write": errno.ENOSPC}), BRIEF_S, 20)
    yield Fault("server disk read-only", partial(_disk, "server", {"write": errno.EROFS}), BRIEF_S, 20)
    yield Fault("server flush fails", partial(_disk, "server", {"flush": errno.EIO}), BRIEF_S, 20)
    for name in ("server", "kiosk"):
        for leap in (DAY_S, -DAY_S):
            yield Fault(f"{name} clock {leap // DAY_S:+d} day", partial(_disk, name, {"clock_s": leap}), BRIEF_S, 20)


FAULTS = tuple(_all())
# Two at once: what a power cut, a bad cable or one full disk under two programs does, and a fault while another is mended.
TOGETHER = (
    ("server kill -9", "kiosk kill -9", "asking"),
    ("server kill -9", "drivers kill -9", "printing"),
    ("server kill -9", "dossier kill -9", "next"),
    ("server kill -9", "printer paper-out", "tapped"),
    ("kiosk kill -9", "drivers kill -9", "printing"),
    ("network cut", "kiosk kill -9", "asking"),
    ("network cut", "printer partial", "printing"),
    ("network cut", "kiosk disk full", "tapped"),
    ("network answer-lost", "kiosk SIGSTOP", "asking"),
    ("network half-open", "server kill -9", "undo"),
    ("server disk full", "kiosk disk full", "tapped"),
    ("server clock +1 day", "kiosk kill -9", "waiting"),
    ("display kill -9", "server SIGSTOP", "recall"),
    ("dossier kill -9", "dossier system away", "served"),
)


def both(one: Fault, other: Fault) -> Fault:
    """Two faults that begin together and end together."""

    def begin(line: Line) -> None:
        one.begin(line)
        other.begin(line)

    within_s = max(one.within_s, other.within_s) + 5
    return Fault(f"{one.name} + {other.name}", begin, max(one.hold_s, other.hold_s), within_s)


def together() -> list[tuple[Fault, str]]:
    """The chosen pairs, each at its step."""
    known = {fault.name: fault for fault in FAULTS}
    return [(both(known[one], known[other]), step) for one, other, step in TOGETHER]


def diagonal(turn: int = 0) -> list[tuple[Fault, str]]:
    """Each fault once and each step at least once. All turns together, as many as there are steps, are the whole table."""
    return [(fault, STEPS[(n + turn) % len(STEPS)]) for n, fault in enumerate(FAULTS)]
