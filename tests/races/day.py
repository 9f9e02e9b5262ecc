"""What may happen in a day, as rules of the state machine: people come, clerks work, commands are repeated and taken back,
time goes on, stands back or passes midnight.

Most commands are sensible ones, or a day would consist of refusals; the rest is whatever comes to mind.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from queue_server.domain.errors import Refusal
from queue_server.services import attending, calling, command, counters, days, issuing, leasing, undoing
from tests.hall import CLERK
from tests.races.machine import Centre
from tests.races.model import SERIES, SERVED

DESK = st.sampled_from(sorted(SERVED))
SERVICE = st.sampled_from(sorted(SERIES))
WHICH = st.integers(0, 11)
YES = st.booleans()
TASKS = st.lists(SERVICE, min_size=1, max_size=3, unique=True)
SENSE = st.sampled_from([True, True, True, True, False])
DAY_MS = 86_400_000

NOBODY = ("next", "next", "next", "call", "resume-held", "resume-held", "release-held", "close", "pause", "wrap-up")
CALLED = ("next", "absent", "absent", "requeue", "recall", "serve", "serve", "hold", "no-show", "complete", "release", "transfer", "call")
SERVING = ("next", "next", "hold", "hold", "complete", "transfer", "transfer", "reclassify", "call")
CLOSED = ("open",)
STOPPED = ("resume", "resume", "open", "close", "serve", "complete")
ANYTHING = tuple(sorted({*NOBODY, *CALLED, *SERVING, *CLOSED, *STOPPED}))
PREVIOUS = {"next": None, "absent": "no_show", "requeue": "requeue"}

ARGUMENTS: dict[str, dict[str, Any]] = {
    "work": {
        "desk": DESK, "n": st.integers(0, 47), "sense": SENSE, "which": WHICH, "service": SERVICE, "counter": DESK, "yes": YES, "back": YES,
    },
    "issue": {"tasks": TASKS, "elderly": YES, "holder": st.sampled_from([None, None, "h1", "h2"])},
    "lease": {"series": st.sampled_from("AC"), "count": st.integers(1, 3)},
    "settle": {
        "which": WHICH, "some": st.lists(st.integers(0, 3), min_size=1, max_size=3), "back_s": st.integers(-50, 900), "elderly": YES,
        "other": YES,
    },
    "amend": {"which": WHICH, "service": st.none() | SERVICE, "counter": st.none() | DESK, "elderly": st.none() | YES},
    "attend": {"which": WHICH, "name": st.sampled_from(["cancel", "readmit", "readmit", "readmit", "printed", "unknown"])},
    "undo": {"desk": DESK, "back": st.integers(-5, 6)},
    "repeat": {"back": st.integers(0, 20), "other": YES},
    "time": {"seconds": st.sampled_from([0.5, 3, 8, 12, 60, 500, 1500]) | st.integers(-400, -1), "night": st.integers(0, 4), "turn": YES},
}  # fmt: skip
OFTEN = {"work": 20, "issue": 4, "lease": 1, "settle": 2, "amend": 3, "attend": 4, "undo": 6, "repeat": 2, "time": 3}
STEP = st.sampled_from([name for name, times in OFTEN.items() for _ in range(times)]).flatmap(
    lambda name: st.tuples(st.just(name), st.fixed_dictionaries(ARGUMENTS[name]))
)


class Day(Centre):
    """A centre with a day before it."""

    @initialize(people=st.lists(TASKS, min_size=3, max_size=7), desks=st.lists(DESK, min_size=2, unique=True))
    def morning(self, people: list[list[str]], desks: list[str]) -> None:
        self.configure()
        for tasks in people:
            self.issue(tasks, elderly=False, holder=None)
        for desk in desks:
            self._counter(desk, "open", services=None, take_over=False)

    @rule(what=STEP)
    def step(self, what: tuple[str, dict[str, Any]]) -> None:
        """One rule for all: with a rule each, most days would lack half of what makes them hard."""
        getattr(self, what[0])(**what[1])

    # ------------------------------------------------------------ people come
    def issue(self, tasks: list[str], elderly: bool, holder: str | None) -> None:
        own = f"{self.site}-{self.n}"
        fields: dict[str, Any] = {"service": tasks[0]} if len(tasks) == 1 else {"tasks": tasks}
        fields |= {"priority_class": "elderly" if elderly else None, "holder_key": holder, "ticket_id": own}
        label, body = self.ask("issue", lambda unit: issuing.issue(unit, **fields), lambda: self.book.issue(own, tasks, elderly, holder))
        assert body is None or body["label"] == label

    def lease(self, series: str, count: int) -> None:
        def note() -> None:
            self.book.happened = True

        _, body = self.ask("lease", lambda unit: leasing.lease(unit, series=series, count=count), note)
        assert body is not None
        ids = [entry["ticket_id"] for entry in body["entries"]]
        assert self.book.lease(body["id"], series, count, ids) == [entry["number"] for entry in body["entries"]]

    def settle(self, which: int, some: list[int], back_s: int, elderly: bool, other: bool) -> None:
        if not self.book.leases:
            return
        lease_id = sorted(self.book.leases)[which % len(self.book.leases)]
        lease = self.book.leases[lease_id]
        entries = [*lease["entries"].items(), (650, "nobody")]
        service = ("b" if other else "a") if lease["series"] == "A" else "c"
        at = self.clock.at_ms - 1000 * back_s
        told = [
            {"number": number, "ticket_id": own, "issued_at": at, "service": service, "elderly": elderly}
            for number, own in (entries[n % len(entries)] for n in some)
        ]
        sent = [one | {"priority_class": "elderly" if elderly else None} for one in told]
        said, body = self.ask("settle", lambda unit: leasing.settle(unit, lease_id, tickets=sent), lambda: self.book.settle(lease_id, told))
        assert body is not None
        assert [one["result"] for one in body["tickets"]] == said

    # ------------------------------------------------------------ at a counter
    def work(self, desk: str, n: int, sense: bool, which: int, service: str, counter: str, yes: bool, back: bool) -> None:
        names = self._sensible(desk) if sense else ANYTHING
        name = names[n % len(names)]
        if name in PREVIOUS:
            self._next(desk, PREVIOUS[name])
        elif name == "call":
            self._call(desk, self.pick(which))
        elif name in ("open", "close", "pause", "resume", "wrap-up"):
            fields = {"services": [service] if yes else None, "take_over": back} if name == "open" else {}
            self._counter(desk, name, **fields)
        elif name in ("recall", "serve", "hold", "no-show", "complete") and (yes or not sense):
            self.ask(name, lambda unit: calling.on_counter(unit, desk, name), lambda: self.book.at(desk, name))
        else:
            to = {"transfer": {"to": {"service": service} if yes else {"counter": counter}, "return_to_me": back}}
            fields = to.get(name, {"service": service} if name == "reclassify" else {})
            self._on(desk, name.removesuffix("-held"), self._whom(desk, name, which, sense), **fields)

    def _sensible(self, desk: str) -> tuple[str, ...]:
        state, there = self.book.desks[desk]["state"], self.book.there(desk)
        if state in ("closed", "paused"):
            return CLOSED if state == "closed" else STOPPED
        return NOBODY if there is None else CALLED if there["state"] == "called" else SERVING

    def _whom(self, desk: str, name: str, which: int, sense: bool) -> str | None:
        there = self.book.there(desk)
        away = [t["id"] for t in self.book.tickets.values() if t["counter"] == desk and t["state"] == "held"]
        if sense and name.endswith("-held") and away:
            return str(away[which % len(away)])
        return str(there["id"]) if sense and there else self.pick(which)

    def _counter(self, desk: str, name: str, **fields: Any) -> None:
        self.ask(name, lambda unit: counters.command(unit, desk, name, **fields), lambda: self.book.counter(desk, name, **fields))

    def _next(self, desk: str, previous: str | None) -> None:
        called, body = self.ask(
            "next", lambda unit: calling.next_ticket(unit, desk, previous=previous), lambda: self.book.next(desk, previous)
        )
        assert body is None or (body["ticket"] or {}).get("id") == called

    def _call(self, desk: str, one: str | None) -> None:
        if one is not None:
            self.ask("call", lambda unit: calling.call_chosen(unit, desk, ticket=one, reason="r"), lambda: self.book.choose(desk, one))

    def _on(self, desk: str, name: str, one: str | None, **fields: Any) -> None:
        if one is not None:
            self.ask(
                name,
                lambda unit: calling.on_ticket(unit, one, name, counter=desk, **fields),
                lambda: self.book.act(desk, one, name, **fields),
            )

    # ------------------------------------------------------------ away from the counter
    def amend(self, which: int, service: str | None, counter: str | None, elderly: bool | None) -> None:
        again = [t["id"] for t in self.book.queue() if t["came_back"]]
        if (one := again[0] if again and which < 6 else self.pick(which)) is not None:
            fields = {"service": service, "counter": counter, "priority_class": {None: None, True: "elderly", False: "none"}[elderly]}
            self.ask("amend", lambda unit: attending.amend(unit, one, **fields), lambda: self.book.amend(one, service, counter, elderly))

    def attend(self, which: int, name: str) -> None:
        absent = [t["id"] for t in self.book.tickets.values() if t["state"] == "no_show"]
        one = absent[which % len(absent)] if absent and name == "readmit" and which < 10 else self.pick(which)
        if one is None:
            return
        if name in ("printed", "unknown"):
            self.ask("print", lambda unit: attending.print_outcome(unit, one, outcome=name), lambda: self.book.print_outcome(one, name))
        else:
            self.ask(name, lambda unit: getattr(attending, name)(unit, one), lambda: getattr(self.book, name)(one))

    # ------------------------------------------------------------ taken back, repeated
    def undo(self, desk: str, back: int) -> None:
        """The last command of a counter, or an earlier one, or even the close of a day."""
        there = [cmd for cmd, traces in self.book.did.items() if any(trace["counter"] == desk for trace in traces)]
        last_night = f"job:day-close:{date.fromordinal(date(1970, 1, 1).toordinal() + self.book.day - 1)}"
        earlier = there[-1 - back % len(there)] if there and back < 5 else last_night
        cmd = None if back < 0 else earlier
        undone, body = self.ask("undo", lambda unit: undoing.undo(unit, desk, cmd=cmd), lambda: self.book.undo(desk, cmd))
        assert body is None or [ticket["id"] for ticket in body["tickets"]] == undone

    def repeat(self, back: int, other: bool) -> None:
        """A request id comes again: with the same body the same answer and no effect, with another body a refusal."""
        kept = [cmd for cmd in self.answered if self.book.answers.get(cmd, 0) > self.clock.at_ms - 29 * DAY_MS]
        if not kept:
            return
        cmd = kept[-1 - back % len(kept)]
        what, use_case, body = self.answered[cmd]
        order = command.Command(cmd, self.site, CLERK, what, "another body" if other else cmd)
        if other:
            with pytest.raises(Refusal, match="request_id_reused"):
                command.run(self.store, order, use_case)
            return
        answer = command.run(self.store, order, use_case)
        assert (answer.replayed, answer.body) == (True, body)
        with self.book.command(self.clock.at_ms, cmd):
            pass

    # ------------------------------------------------------------ time
    def time(self, seconds: float, night: int, turn: bool) -> None:
        """Time goes on or the clock is put back; now and then a night passes, and the timed job comes before the first
        command of the day or after it."""
        if night == 4:
            self.clock.at_ms = (self.book.day + 1) * DAY_MS - 7 * 3_600_000
        self.clock.forward(min(seconds, 12) if night == 4 else seconds)
        if turn:
            self._turn()

    def _turn(self) -> None:
        was = self.book.day
        if max(self.clock.at_ms, self.book.last_at) >= (was + 1) * DAY_MS - 7 * 3_600_000:
            with self.book.command(self.clock.at_ms, "job:"):
                pass
        assert days.turn(self.store, self.site) is (self.book.day != was)
