"""One cell of the matrix: a person's way up to a step, the fault, its end, and whether all is well again.

Holds the ways of citizen and clerk and what must be true afterwards. A person tries a touch once and waits; a keypad sends
its command until it is answered.
"""

from __future__ import annotations

import contextlib
import itertools
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from queue_server.client import Problem, Unreachable
from tests.chaos.line import SERVICE, Line, persistently
from tests.chaos.table import CLERK, Fault
from tests.web.helpers import until

PATIENCE_S = 15.0
_numbers = itertools.count(1)


@dataclass
class Seen:
    """What people and keypads were told so far on one line, and what is on paper."""

    shown: dict[str, str] = field(default_factory=dict)  # ticket id → label, as a screen showed it
    answered: dict[str, Any] = field(default_factory=dict)  # request id → the answer, or the refusal
    paper: list[str] = field(default_factory=list)  # the token of each slip, as its code reads


class Cell:
    def __init__(self, line: Line, seen: Seen, fault: Fault, step: str) -> None:
        self.line, self.seen, self.fault, self.step = line, seen, fault, step

    def play(self) -> float:
        """How long recovery took, in seconds. AssertionError where it took too long."""
        self._ready()
        act = self._clerk if self.step in (*CLERK, "called", "served") else self._citizen
        finish, desk, visits = act(), self._desk(), self._visits()
        threading.Event().wait(self.fault.hold_s)  # the fault lasts so long: that is the fault
        self.line.heal()
        ended = time.monotonic()
        until_s = ended + self.fault.within_s
        finish(until_s)
        desk(until_s)
        for visit in visits:
            visit(until_s)
        self._probe(until_s)
        self._board(until_s)
        if "dossier" in self.fault.name:
            assert self.line.fed(max(1.0, until_s - time.monotonic())), f"the dossier feed stands at {self.line.feed_position()}"
        return time.monotonic() - ended

    # ------------------------------------------------------------ before
    def _ready(self) -> None:
        """The first screen, somebody waiting, and a clerk at the counter."""
        self._home(time.monotonic() + PATIENCE_S)
        self._order("issue", lambda rid: self.line.eye.issue(rid, service=SERVICE))
        self._order("open", lambda rid: self.line.eye.counter_command(rid, self.line.counter, "open"))
        if "dossier" in self.fault.name:
            self._order("open", lambda rid: self.line.eye.counter_command(rid, self.line.facts["counters"][1], "open"))
            self._order("issue", lambda rid: self.line.eye.issue(rid, service=SERVICE))
        if self.step in ("called", "served", "recall", "no-show", "undo"):
            self._order("call", lambda rid: self.line.eye.next(rid, self.line.counter))

    def _order(self, what: str, call: Callable[[str], Any]) -> Any:
        request_id = f"{what}-{next(_numbers)}"
        answer = self.seen.answered[request_id] = persistently(lambda: call(request_id), PATIENCE_S)
        return answer

    def _home(self, until_s: float) -> dict[str, Any]:
        """The first screen again, as the next person in line gets it."""

        def there() -> bool:
            seen = self.line.state()
            self._look(seen)
            if seen["screen"] not in ("home", "paused", "issuing", ""):
                self.line.touch("home", visit=seen["visit"])
            return bool(seen["screen"] == "home")

        until(there, until_s - time.monotonic())
        return self.line.state()

    def _look(self, state: dict[str, Any]) -> None:
        ticket = state["ticket"]
        if ticket and ticket.get("id") and ticket.get("label"):
            self.seen.shown[ticket["id"]] = ticket["label"]

    # ------------------------------------------------------------ the step under the fault
    def _citizen(self) -> Callable[[float], None]:
        line, begin = self.line, self.fault.begin
        if self.step == "card":
            begin(line)
            line.lay_card()
            return lambda _: None
        visit = line.state()["visit"]
        if self.step == "tapped":
            begin(line)
        line.touch("choose", service=SERVICE, visit=visit)
        if self.step == "asking":
            begin(line)
        elif self.step in ("printing", "waiting"):
            wanted = ("printing",) if self.step == "printing" else ("printed",)
            until(lambda: (line.state()["ticket"] or {}).get("paper") in (*wanted, "printed"), PATIENCE_S)
            begin(line)
        return lambda _: None

    def _clerk(self) -> Callable[[float], None]:
        line, counter = self.line, self.line.counter
        sent: dict[str, Callable[[str], Any]] = {
            "next": lambda rid: line.clerk.next(rid, counter),
            "undo": lambda rid: line.clerk.undo(rid, counter),
            "served": lambda rid: line.clerk.at_counter(rid, counter, "serve"),
            "called": lambda rid: line.clerk.at_counter(rid, counter, "recall"),
        }
        self.fault.begin(line)
        return self._press(self.step, sent.get(self.step, lambda rid: line.clerk.at_counter(rid, counter, self.step)))

    def _desk(self) -> Callable[[float], None]:
        """In every cell somebody also asks for a number at the desk, so that every fault meets a command."""
        return self._press("desk", lambda rid: self.line.clerk.issue(rid, service=SERVICE, source="desk"))

    def _visits(self) -> list[Callable[[float], None]]:
        """Where the dossier feed is in trouble, a step ends meanwhile at another counter, so that there is a record to send."""
        if "dossier" not in self.fault.name:
            return []
        other = self.line.facts["counters"][1]
        return [self._press("visit", lambda rid: self.line.clerk.next(rid, other)) for _ in range(2)]

    def _press(self, what: str, call: Callable[[str], Any]) -> Callable[[float], None]:
        """One command of a person who goes on until it is answered; what is returned waits for the answer."""
        request_id, told = f"{what}-{next(_numbers)}", []

        def press() -> None:
            with contextlib.suppress(AssertionError):  # no answer in time: whoever waits says so
                told.append(persistently(lambda: call(request_id), self.fault.hold_s + self.fault.within_s))

        hand = threading.Thread(target=press, daemon=True)
        hand.start()

        def finish(until_s: float) -> None:
            hand.join(max(0.1, until_s - time.monotonic()))
            assert told, f"{what} was not answered"
            self.seen.answered[request_id] = told[0]

        return finish

    # ------------------------------------------------------------ after
    def _probe(self, until_s: float) -> None:
        """A stranger comes and gets a number on paper."""
        line = self.line

        def printed() -> bool:
            visit = self._home(until_s)["visit"]
            line.touch("choose", service=SERVICE, visit=visit)
            end = time.monotonic() + 6
            while time.monotonic() < min(end, until_s):
                state = line.state()
                self._look(state)
                if (state["ticket"] or {}).get("paper") not in (None, "printing"):
                    return bool(state["ticket"]["paper"] == "printed")
                threading.Event().wait(0.03)
            return False

        until(printed, max(1.0, until_s - time.monotonic()))

    def _board(self, until_s: float) -> None:
        """The display tells a browser that comes now what the server knows now."""

        def same() -> bool:
            try:
                known = self.line.eye.board()
            except (Problem, Unreachable):
                return False
            told = self.line.board()
            return bool(told) and f'"position":"{known["position"]}"' in told

        until(same, max(1.0, until_s - time.monotonic()))


# ---------------------------------------------------------------- what is on paper
def read_paper(line: Line, folder: Path) -> list[str]:
    """The code on each slip that lies before the printer, by a program that knows nothing of ours: the token in it."""
    page = line.facts["devices"]["printer"]["page"].rstrip("/")
    paths = []
    for slip in line.http.get(f"{page}/slips").json()["slips"]:
        paths.append(folder / f"slip-{slip['number']}.png")
        paths[-1].write_bytes(line.http.get(page + slip["png"]).content)
    read = subprocess.run(["zbarimg", "-q", "--raw", *paths], capture_output=True, text=True, timeout=120, check=False).stdout.split()
    assert len(read) == len(paths), "a slip's code cannot be read"
    return [text.rpartition("/t/")[2] for text in read]
