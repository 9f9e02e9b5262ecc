"""The people behind the counters in the simulation, and the desk: each at a console that repeats what was not answered.

Holds what they press and when. Every command has one request id, repeated until somebody answers, as consoles do it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

from queue_server.client import Client, Problem, Unreachable
from queue_server.contract import times
from tests.sim.kiosk import Person
from tests.sim.world import World

Order = Generator[float, None, Any]


@dataclass(frozen=True)
class Pressed:
    """One command as its console sent it: told at the end, `code` where it was refused."""

    at_ms: int
    who: str
    request_id: str
    command: str
    counter: str
    ticket: str
    answer: Any = None
    code: str = ""


class Staff:
    """Somebody with a console. Consoles do not die here; their line may."""

    def __init__(self, world: World, name: str, client: Client, pressed: list[Pressed]) -> None:
        self.world, self.name, self.client, self.pressed = world, name, client, pressed
        self.dice = world.dice(name)
        self._n = 0
        self.home = False

    def begin(self, program: Iterator[float], after_s: float = 0.0) -> None:
        def step() -> None:
            pause_s = next(program, None)
            if pause_s is not None:
                self.world.after(pause_s, step)

        self.world.after(after_s, step)

    def order(self, command: str, call: Callable[[str], Any], counter: str = "", ticket: str = "") -> Order:
        self._n += 1
        request_id = f"{self.name}-{self._n}"
        pause_s = 0.5
        while True:
            pause_s = min(60.0, pause_s * 1.5)
            try:
                told, code = call(request_id), ""
            except Unreachable:
                yield self.dice.uniform(0.5, 1.0) * min(pause_s, 5.0)
                continue
            except Problem as refused:
                if refused.status in (429, 503):
                    yield pause_s
                    continue
                told, code = None, refused.code
            self.pressed.append(Pressed(self.world.now_ms, self.name, request_id, command, counter, ticket, told, code))
            return told


class Clerk(Staff):
    """One counter. `wild` presses everything, at any time, twice."""

    def __init__(self, world: World, counter: str, client: Client, pressed: list[Pressed], *, wild: bool) -> None:
        super().__init__(world, f"clerk-{counter}", client, pressed)
        self._counter, self._wild = counter, wild
        self._held: list[str] = []
        self._shown = "nobody"

    def work(self) -> Iterator[float]:
        yield from self.order("open", lambda r: self.client.counter_command(r, self._counter, "open"), self._counter)
        while not self.home:
            if self._wild and self.world.weather.doubled and self.dice.random() < 0.3:
                yield from self._press()
            told = yield from self.order("next", lambda r: self.client.next(r, self._counter), self._counter)
            if told is None:
                yield self.dice.uniform(2, 10)
                yield from self.order("open", lambda r: self.client.counter_command(r, self._counter, "open"), self._counter)
            elif told["ticket"] is None:
                yield from self._quiet()
            else:
                self._shown = told["ticket"]["id"]
                yield from self._one(self._shown)
        yield from self._quiet()

    def _quiet(self) -> Iterator[float]:
        """Nobody waits: whoever is kept is asked in again. Once all is calm the clerk looks at the console's own list of them, for a
        key that arrived late may have kept somebody whom the clerk has forgotten."""
        if not self.world.weather.doubled:
            with contextlib.suppress(Problem, Unreachable):
                self._held = [kept["id"] for kept in self.client.counter(self._counter)["held"]]
        while self._held:
            ticket = self._held.pop()
            if (yield from self._on(ticket, "resume")):
                yield self.dice.uniform(20, 60)
                yield from self._on(ticket, "complete", outcome="done")
        yield self.dice.uniform(40, 120)

    def _on(self, ticket: str, command: str, **fields: Any) -> Order:
        return self.order(command, lambda r: self.client.on_ticket(r, ticket, command, self._counter, **fields), self._counter, ticket)

    def _undo(self) -> Order:
        return self.order("undo", lambda r: self.client.undo(r, self._counter), self._counter)

    def _one(self, ticket: str) -> Iterator[float]:
        chance = self.dice.random()
        if chance < 0.06:
            yield self.dice.uniform(1, 4)
            yield from self._undo()
            return
        if chance < 0.18:
            for _ in range(2):
                yield self.dice.uniform(15, 30)
                yield from self._on(ticket, "recall")
            yield from self._on(ticket, "no-show")
            if self.dice.random() < 0.3:
                yield 2.0
                yield from self._undo()
            return
        if chance < 0.26:
            yield from self._on(ticket, "release", reason="mistake")
            return
        yield from self._serve(ticket, chance)

    def _serve(self, ticket: str, chance: float) -> Iterator[float]:
        yield self.dice.uniform(5, 20)
        if not (yield from self._on(ticket, "serve")):
            return
        yield self.dice.lognormvariate(0, 0.5) * 110
        if chance < 0.38:
            yield from self._on(ticket, "transfer", to={"service": self.dice.choice("abc")})
        elif chance < 0.44:
            self._held.append(ticket)
            yield from self._on(ticket, "hold", reason="papers")
        elif chance < 0.65:
            yield from self._on(ticket, "complete", outcome="done")
            if self.dice.random() < 0.15:
                yield 2.0
                yield from self._undo()
                return
            if self.dice.random() < 0.3:
                yield from self.order("rate", lambda r: self.client.rate(r, ticket, 4), "", ticket)
        # Else the next `next` ends it.

    def _press(self) -> Iterator[float]:
        """Everything, whether it makes sense or not."""
        for _ in range(self.dice.randint(1, 4)):
            what = self.dice.choice(("recall", "serve", "hold", "no-show", "complete", "undo", "pause", "resume", "next", "undo"))
            if what == "undo":
                yield from self._undo()
            elif what in ("pause", "resume"):
                yield from self.order(what, lambda r, w=what: self.client.counter_command(r, self._counter, w), self._counter)
            elif what == "next":
                yield from self.order("next", lambda r: self.client.next(r, self._counter), self._counter)
            else:
                # The console says whom it shows: a copy that arrives late must not meet somebody else.
                told = yield from self.order(
                    what, lambda r, w=what: self.client.at_counter(r, self._counter, w, self._shown), self._counter
                )
                if what == "hold" and told:
                    self._held.append(told["id"])
            yield self.dice.uniform(0.2, 3.0)
        yield from self.order("open", lambda r: self.client.counter_command(r, self._counter, "open"), self._counter)
        yield from self.order("resume", lambda r: self.client.counter_command(r, self._counter, "resume"), self._counter)


class Attendant(Staff):
    """The desk: numbers for those whom the kiosk did not serve, and what is done to tickets away from a counter."""

    def __init__(self, world: World, client: Client, pressed: list[Pressed], people: list[Person]) -> None:
        super().__init__(world, "desk", client, pressed)
        self._people = people

    def help(self, person: Person) -> Iterator[float]:
        about = {"service": person.service, "priority_class": "elderly" if person.elderly else None}
        told = yield from self.order("issue", lambda r: self.client.issue(r, source="desk", **about))
        if told is not None:
            person.labels.append((self.world.now_ms, told["id"], told["label"]))

    def work(self) -> Iterator[float]:
        while not self.home:
            yield self.dice.uniform(60, 240)
            known = [label for person in self._people[-8:] for label in person.labels]
            if not known:
                continue
            ticket = self.dice.choice(known)[1]
            what = self.dice.random()
            if what < 0.3:
                yield from self.order("cancel", lambda r, t=ticket: self.client.cancel(r, t, "left"), "", ticket)
            elif what < 0.6:
                yield from self.order("amend", lambda r, t=ticket: self.client.amend(r, t, priority_class="elderly"), "", ticket)
            elif what < 0.8:
                yield from self.order("readmit", lambda r, t=ticket: self.client.readmit(r, t, "is back"), "", ticket)
            else:
                yield from self.order("amend", lambda r, t=ticket: self.client.amend(r, t, service="a"), "", ticket)


class Alone(Staff):
    """A machine that gives out leased numbers while it has no line, and settles them when it has."""

    def work(self, given: list[dict[str, Any]]) -> Iterator[float]:
        lease = yield from self.order("lease", lambda r: self.client.lease(r, "A", 8))
        if lease is None:
            return
        mine: list[dict[str, Any]] = []
        for entry in lease["entries"]:
            yield self.dice.uniform(60, 190)
            at_ms = self.world.now_ms
            told = {
                "number": entry["number"],
                "ticket_id": entry["ticket_id"],
                "service": "a",
                "issued_at": times.encode(at_ms),
                "print": "printed",
            }
            mine.append(told)
            given.append({"at_ms": at_ms, "ticket": entry["ticket_id"], "label": entry["label"]})
            if self.dice.random() < 0.5:
                some = [dict(one) for one in mine[-3:]]
                yield from self.order("settle", lambda r, some=some: self.client.settle(r, lease["id"], some))
        yield from self.order("settle", lambda r: self.client.settle(r, lease["id"], mine))
        while not self.home:
            yield 300.0
        yield from self.order("settle", lambda r: self.client.settle(r, lease["id"], mine))  # whatever became of the server meanwhile
