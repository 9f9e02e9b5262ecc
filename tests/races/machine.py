"""The services on a real store beside the notebook, command by command, and what must hold after each.

A command is predicted in the notebook and run, and both must say the same: the same refusal, or the same people in the
same places. Which commands a day consists of is `day`'s affair.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine, invariant

from queue_server.audit.compare import findings
from queue_server.domain.errors import Refusal
from queue_server.domain.ticket import fold
from queue_server.services import command, configuring
from queue_server.services.unit import Unit
from queue_server.storage.store import Store
from tests.hall import CLERK, MORNING, HandClock
from tests.races.clerk import Clerk
from tests.races.model import LIVE, QUOTA, SERIES, SERVED, No, place

DOCUMENT = {
    "name": "Trung tâm thử",
    "services": [{"code": code, "name": code, "series": SERIES[code], "quota_day": QUOTA.get(code)} for code in SERIES],
    "counters": [{"code": code, "name": code, "services": None if code == "2" else list(own)} for code, own in SERVED.items()],
    "priority_classes": [{"code": "elderly", "name": "75"}],
    "policy": {"holder_limit": 2},
}  # fmt: skip
_sites = itertools.count(1)


class Centre(RuleBasedStateMachine):
    """One centre of its own in a shared database, beside its notebook."""

    def __init__(self, store: Store, clock: HandClock) -> None:
        super().__init__()
        self.store, self.clock = store, clock
        self.site, self.n = f"M{next(_sites)}", 0
        self.answered: dict[str, tuple[str, Callable[[Unit], dict[str, Any]], dict[str, Any]]] = {}
        self.seq, self.out, self.given = 0, set[str](), set[tuple[str, str, int]]()
        clock.at_ms = MORNING
        configuring.init_site(store, site=self.site, kind="demo")
        self.book = Clerk(clock.at_ms)

    def configure(self) -> None:
        self.ask("configure", lambda unit: configuring.apply(unit, document=DOCUMENT), lambda: setattr(self.book, "happened", True))

    # ------------------------------------------------------------ asking both
    def ask(self, what: str, use_case: Callable[[Unit], dict[str, Any]], predict: Callable[[], Any]) -> tuple[Any, dict[str, Any] | None]:
        """Predict, run, compare. What the notebook said, and the answer; (None, None) where both refused."""
        self.n += 1
        cmd = f"{what}-{self.n}"
        said: Any = None
        refused = None
        try:
            with self.book.command(self.clock.at_ms, cmd):
                said = predict()
        except No as no:
            refused = str(no)
        order = command.Command(cmd, self.site, CLERK, what, cmd)
        answer = told = None
        try:
            answer = command.run(self.store, order, use_case)
        except Refusal as no:
            told = no.code
        assert told == refused, f"{what}: refused with {told}, expected {refused}"
        if answer is None:
            return None, None
        assert not answer.replayed
        self.answered[cmd] = what, use_case, answer.body
        return said, answer.body

    def pick(self, which: int) -> str | None:
        """Somebody: those who are still here come first, newest first."""
        known = sorted(self.book.tickets.values(), key=lambda t: (t["state"] not in LIVE, -t["n"]))
        return str(known[which % len(known)]["id"]) if known else None

    # ------------------------------------------------------------ what must always hold
    @invariant()
    def the_log_goes_on_and_rows_follow_from_it(self) -> None:
        with self.store.read() as reader:
            new = reader.events_after(self.site, self.seq, 10_000)
            assert [event.seq for event in new] == list(range(self.seq + 1, self.seq + 1 + len(new))), "the log has a gap"
            self.seq += len(new)
            for ticket_id in {str(event.ticket) for event in new if event.ticket}:
                assert fold(reader.events_of(self.site, f"ticket:{ticket_id}")) == reader.ticket(self.site, ticket_id)
            row = reader.site(self.site)
        assert row is not None
        assert (row["seq"], row["last_at"]) == (self.seq, self.book.last_at)
        for event in new:
            self._follow(event)

    def _follow(self, event: Any) -> None:
        """Read one row as a stranger would: a number is given out once, and nobody is called while called."""
        if event.type == "issued":
            number = (event.data["business_day"], event.data["series"], event.data["number"])
            assert number not in self.given, f"{event.label} twice"
            self.given.add(number)
        elif event.type == "called":
            assert event.ticket not in self.out, f"{event.label} was called and did not wait"
            self.out.add(event.ticket)
        elif event.type in ("released", "transferred", "readmitted"):
            self.out.discard(event.ticket)
        elif event.type == "undone":
            (self.out.discard if event.data["restore"].get("state") == "waiting" else self.out.add)(event.ticket)

    @invariant()
    def the_hall_is_as_the_notebook_says(self) -> None:
        with self.store.read() as reader:
            waiting, held, called = reader.waiting(self.site), reader.held(self.site), reader.at_counters(self.site)
            desks = {desk.code: desk for desk in reader.counters(self.site) if desk.code in SERVED}
            firsts = {code: reader.next_for(self.site, code, desk.services) for code, desk in desks.items() if desk.services}
        book = self.book
        assert [t.id for t in waiting] == [t["id"] for t in book.queue()], "another order"
        assert {t.id for t in held} == {t["id"] for t in book.tickets.values() if t["state"] == "held"}
        at = {t.counter: t.id for t in called}
        assert len(at) == len(called), "two people at one counter"
        assert at == {code: there["id"] for code in SERVED if (there := book.there(code))}
        for row in (*waiting, *held, *called):
            mine = book.tickets[row.id]
            told = (row.state, row.service, row.counter, row.for_counter, row.return_to, row.tasks, row.effective_at, row.number, row.print)
            noted = (*(mine[name] for name in ("state", "service", "counter", "for", "back_to", "tasks")), place(mine))
            theirs = (*noted, mine["number"], mine["printed"])
            assert told == theirs, f"{row.label}: {told} is not {theirs}"
        for code, desk in desks.items():
            mine = book.desks[code]
            assert (desk.state, desk.undo_cmd) == (mine["state"], mine["undo"]), code
            assert desk.state == "closed" or desk.services == mine["services"]
            assert desk.state != "closed" or code not in at, "somebody stands at a closed counter"
            first = book.first_for(code)
            assert code not in firsts or (firsts[code].id if firsts[code] else None) == (first["id"] if first else None)

    def teardown(self) -> None:
        with self.store.read() as reader:
            ended = {t["id"]: t["state"] for t in self.book.tickets.values() if t["state"] not in LIVE}
            for ticket_id, state in ended.items():
                row = reader.ticket(self.site, ticket_id)
                assert row is not None
                assert row.state == state
            assert findings(reader, self.site) == []
