"""One kiosk in the simulation: the real spool, agent, uplink and printing, their threads' loops as programs.

Holds the loops (each step of them is the product's own function), the death of the process at a commit of its spool, and the
citizen before the glass.
"""

from __future__ import annotations

import queue
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kiosk.agent import Agent
from kiosk.events import Browse, Choose, GoHome, State, Tick
from kiosk.keeper import Keeper
from kiosk.leases import Leases
from kiosk.printing import DOUBT_S, Printing
from kiosk.spool import PrintIntent, Spool
from kiosk.timing import deadline_ms
from kiosk.uplink import FAILURES_TO_PAUSE, RETRY_FIRST_S, RETRY_MOST_S, Uplink
from kiosk.values import home_from
from queue_server.client import Client, Problem, Unreachable
from queue_server.contract import times
from tests.sim.network import Line
from tests.sim.printer import WIDTH, Drivers
from tests.sim.world import Clock, Edged, Process, World

HOME_EVERY_S = 300.0  # an unchanged home tells nothing: the simulation asks less often than a kiosk
KEEP_EVERY_S = 30.0  # while there is nothing to settle
PATIENCE_S = 45


@dataclass
class Person:
    """Somebody who came: which numbers they were told, and where they went without one."""

    name: str
    came_ms: int
    service: str
    elderly: bool
    labels: list[tuple[int, str, str]] = field(default_factory=list)  # when, ticket id, label
    kiosk: str = ""  # who told the number, where it was a kiosk
    left: str = ""


class Kiosk(Process):
    def __init__(self, world: World, name: str, folder: Path, client: Client, line: Line, drivers: Drivers) -> None:
        super().__init__(world, name)
        self._folder, self._client, self.line, self._drivers = folder, client, line, drivers
        self.clock = Clock(world)
        self.agent: Any = None
        self.spool: Any = None
        self._boots = self._machine = 0

    def build(self) -> None:
        self._boots += 1
        if self.dice.random() < 0.2:
            self._machine += 1  # not the program alone: the whole machine was started anew
        self.spool = Spool(self._folder / "spool.sqlite3")
        self.spool._db = Edged(self.spool._db, self.edge)
        leases = Leases(self.spool, boot_id=f"machine-{self._machine}", boot_s=self.clock.monotonic)
        self.agent = Agent(self.spool, self.clock, name=self.name, boot=f"b{self._boots}", leases=leases)
        self._uplink, self._keeper = Uplink(self.agent, self._client), Keeper(self.agent, self._client)
        self._printing = Printing(self.agent, self._drivers, width_dots=lambda: WIDTH)
        self._running = {True: False, False: False}
        self.agent.on_command = self._wake
        for issue in (True, False):
            self._uplink._maybe_sent |= {one.request_id for one in self.spool.pending(issue=issue)}
        self.spawn(self._home())
        self.spawn(self._keep(), 2.0)
        self.spawn(self._ticks(), 1.0)
        self._draining = self._doubting = True
        self.agent.on_print = self._slip
        self.spawn(self._fresh(), 0.1)
        self.spawn(self._doubtful(), 0.2)
        self._wake()

    def drop(self) -> None:
        self.spool.close()
        self.agent = None

    # ------------------------------------------------------------ the loops of its threads
    def _wake(self) -> None:
        for issue in (True, False):
            if not self._running[issue]:
                self._running[issue] = True
                self.spawn(self._lane(issue), 0.01)

    def _lane(self, issue: bool) -> Iterator[float]:
        pause_s = RETRY_FIRST_S
        while [command for command in self.spool.pending(issue=issue) if not self._uplink._settle(command)]:
            yield pause_s * self.dice.uniform(0.7, 1.3)
            pause_s = min(pause_s * 2, RETRY_MOST_S)
        self._running[issue] = False

    def _home(self) -> Iterator[float]:
        failures = 0
        while True:
            try:
                body, _ = self._client.kiosk_home()
                self.agent.learned(home_from(body) if body is not None else None)
                self._beat()
                failures = 0
            except (Problem, Unreachable):
                failures += 1
                if failures >= FAILURES_TO_PAUSE:
                    self.agent.link_lost()
            yield 1.0 if failures else HOME_EVERY_S

    def _beat(self) -> None:
        """The heartbeat, for the server's time alone."""
        told = self._client.heartbeat({"device": self.name, "role": "kiosk", "version": "0", "boot_id": "b", "uptime_s": 1})
        self.agent.server_time(times.decode(told["now"]))

    def _keep(self) -> Iterator[float]:
        """The keeper's thread."""
        while True:
            try:
                self._keeper.round()
            except (Unreachable, Problem):
                pass
            waits = self.spool.waiting() or self.agent.leases.kept("restate")
            yield 2.0 if waits else KEEP_EVERY_S

    def _ticks(self) -> Iterator[float]:
        while True:
            due = deadline_ms(self.agent.session, self.agent.home.settings)
            if due is not None and due <= self.clock.monotonic() * 1000:
                self.agent.post(Tick())
            yield 1.0 if due is not None else 5.0

    def _fresh(self) -> Iterator[float]:
        """One slip after the other, as long as there are any."""
        self._draining = True
        while (intent := _take(self._printing._fresh)) is not None:
            outcome = self._printing._print(intent)
            if outcome is not None:
                self._printing._settle(intent, outcome)
            elif not self._doubting:
                self._doubting = True
                self.spawn(self._doubtful(), 1.0)
            yield 0.5
        self._draining = False

    def _doubtful(self) -> Iterator[float]:
        self._printing._doubt_s = 0.0  # one look at a time: the waiting between two is done here
        while (intent := _take(self._printing._doubtful)) is not None:
            since_ms = self.world.now_ms
            while (outcome := self._printing._ask(intent)) == ("unknown", "no_answer") and self.world.now_ms - since_ms < DOUBT_S * 1000:
                yield 5.0
            if outcome is not None:
                self._printing._settle(intent, outcome)
            yield 1.0
        self._doubting = False

    def _slip(self, intent: PrintIntent) -> None:
        self._printing._fresh.put(intent)
        if not self._draining:
            self._draining = True
            self.spawn(self._fresh(), 0.1)

    # ------------------------------------------------------------ somebody before it
    def visit(self, person: Person) -> Iterator[float]:
        """Touch, wait for the number, go. Dies with the process: then the person goes to the desk."""
        agent = self.agent
        for _ in range(PATIENCE_S):
            if agent.session.state is State.HOME:
                break
            yield 1.0
        else:
            person.left = "kiosk closed"
            return
        agent.post(Browse())
        yield 2.0
        if agent.session.state is not State.CHOOSING:
            person.left = "interrupted"
            return
        visit_no = agent.session.visit_no
        agent.post(Choose(visit_no, person.service))
        if self.dice.random() < 0.1:
            agent.post(Choose(visit_no, person.service))  # an impatient finger
        for _ in range(PATIENCE_S):
            session = agent.session
            if session.visit_no != visit_no or session.state is State.ERROR:
                break
            if session.state is State.NUMBER:
                person.labels.append((self.world.now_ms, session.ticket.id, session.ticket.label))
                person.kiosk = self.name
                break
            yield 1.0
        else:
            person.left = "impatient"
        yield 6.0
        if agent.session.visit_no == visit_no:
            agent.post(GoHome())


def _take(intents: queue.Queue[Any]) -> Any:
    return None if intents.empty() else intents.get_nowait()
