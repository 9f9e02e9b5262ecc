"""The policy under any sequence of a hall's days, held against a small model that knows nothing of the server's code.

Bounds that must hold whatever happens:

* Order and no starvation: `next` always calls the waiting person whose arrival less credits is earliest. So somebody is overtaken
  only by people who came at most `MOST_CREDIT_S` after them (a priority, an appointment and the transfers they have had), and when
  nobody comes any more, everybody who waits is called by as many calls as there are people.
* Credits are never other than the policy's; a class over its cap gets none, and gets it again below.
* An appointment kept in time stands as if its person had come the credit before the slot.
* An amendment keeps the arrival. Leftovers come before who comes the next day and keep their order; no two people hold one label.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from queue_server.audit import compare
from queue_server.domain.errors import Refusal
from queue_server.services import days, issuing, queries
from queue_server.services.issuing import Booked
from tests.hall import MORNING, SITE, Hall, HandClock, make_hall, open_store

PRIORITY_S, APPOINTMENT_S, TRANSFER_S, CARRY_S, CAP_PERCENT, LEAST_CALLS = 1200, 1500, 420, 900, 40, 10
MOST_CREDIT_S = PRIORITY_S + APPOINTMENT_S
SERVES = {"1": ("ho-tich",), "2": ("ho-tich", "dat-dai")}
SERVICES = ("ho-tich", "dat-dai")
HOUR_MS, DAY_MS, MINUTE_MS = 3_600_000, 86_400_000, 60_000
SPANS = ((0, 4 * HOUR_MS + 30 * MINUTE_MS), (6 * HOUR_MS + 30 * MINUTE_MS, 10 * HOUR_MS))  # after seven o'clock


@dataclass
class Person:
    """Somebody with a number, as the model has it."""

    id: str
    label: str
    service: str
    arrived: int
    seq: int
    named: str | None = None
    credits: dict[str, int] = field(default_factory=dict)
    state: str = "waiting"
    counter: str | None = None
    called_at: int | None = None
    carried: bool = False
    transfers: int = 0

    @property
    def place(self) -> tuple[int, int]:
        return self.arrived - 1000 * sum(self.credits.values()), self.seq


def opens_after(at: int) -> int:
    """The instant from which who comes at `at` is served: now, after the break, or tomorrow."""
    seven = MORNING + (at - MORNING) // DAY_MS * DAY_MS
    for begin, end in SPANS:
        if at < seven + end:
            return max(at, seven + begin)
    return seven + DAY_MS


def waited_open(begin: int, end: int) -> int:
    """Milliseconds of opening hours between two instants."""
    first, total = MORNING + (begin - MORNING) // DAY_MS * DAY_MS, 0
    while first < end:
        total += sum(max(0, min(end, first + to) - max(begin, first + start)) for start, to in SPANS)
        first += DAY_MS
    return total


def empty_hall(folder: Path) -> Path:
    """A centre that has not been opened yet, made once and copied for every example."""
    path = folder / "empty.db"
    hall = make_hall(f"sqlite:///{path}")
    hall.configure(
        calendars={"office": {"weekly": {str(day): [["07:00", "11:30"], ["13:30", "17:00"]] for day in range(1, 8)}}},
        services=[{"code": code, "name": code, "series": "A", "calendar": "office"} for code in SERVICES],
        counters=[{"code": code, "name": code, "services": list(served)} for code, served in SERVES.items()],
        priority_classes=[
            {"code": "elderly", "name": "Người cao tuổi", "credit_s": PRIORITY_S, "cap_share": CAP_PERCENT},
            {"code": "merit", "name": "Người có công", "credit_s": PRIORITY_S},
        ],
        policy={
            "appointment_credit_s": APPOINTMENT_S, "transfer_credit_s": TRANSFER_S, "leftovers": "carry", "carry_credit_s": CARRY_S,
            "dossiers_per_turn": 0,
        },
        help_service=None,
    )  # fmt: skip
    hall.store.close()
    return path


class Policy(RuleBasedStateMachine):
    """Days of a hall."""

    empty: Path

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="toiluot-policy-"))
        for part in self.empty.parent.glob(f"{self.empty.name}*"):
            shutil.copy(part, self.folder / part.name)
        clock = HandClock()
        self.hall = Hall(open_store(f"sqlite:///{self.folder}/{self.empty.name}", clock), clock, n=1000)
        self.people: dict[str, Person] = {}
        self.issued = 0
        self.both_open()

    def teardown(self) -> None:
        if not hasattr(self, "hall"):
            return
        try:
            self.everybody_is_called()
            with self.hall.store.read() as reader:
                assert compare.findings(reader, SITE) == []
        finally:
            self.hall.store.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    # ------------------------------------------------------------ helpers
    @property
    def now(self) -> int:
        return self.hall.clock.at_ms

    def of(self, state: str) -> list[Person]:
        return [one for one in self.people.values() if one.state == state]

    def pick(self, state: str, n: int) -> Person | None:
        found = self.of(state)
        return found[n % len(found)] if found else None

    def over_cap(self, named: str | None) -> bool:
        if named != "elderly":
            return False
        calls = [one for one in self.people.values() if one.called_at is not None and one.called_at > self.now - HOUR_MS]
        return len(calls) >= LEAST_CALLS and 100 * sum(one.named == named for one in calls) // len(calls) >= CAP_PERCENT

    def ready(self, counter: str) -> bool:
        return self.hall.look(queries.counter, counter)["state"] != "closed"

    def leave(self, person: Person, state: str) -> None:
        person.state, person.counter = state, None if state == "waiting" else person.counter

    def both_open(self) -> None:
        for counter in SERVES:
            if not self.ready(counter):
                self.hall.open(counter)

    # ------------------------------------------------------------ what may happen
    @rule(minutes=st.integers(0, 25))
    def time_passes(self, minutes: int) -> None:
        self.hall.clock.forward(60 * minutes)

    @rule(service=st.sampled_from(SERVICES), named=st.sampled_from([None, None, "elderly", "elderly", "merit"]), slot=st.integers(-2, 6))
    def somebody_comes(self, service: str, named: str | None, slot: int) -> None:
        """With a slot from 1 on: on time for an appointment so many quarters of an hour from now."""
        self.hall.clock.forward(1)
        booked = Booked(f"b{self.issued}", self.now + slot * 15 * MINUTE_MS, timely=True) if slot > 0 else None
        capped, opens = self.over_cap(named), opens_after(self.now)
        tomorrow = opens - self.now > 12 * HOUR_MS
        try:
            body = self.hall.do(lambda unit: issuing.issue(unit, service=service, priority_class=named, booked=booked))
        except Refusal:
            assert tomorrow  # nobody is turned away while the house is open today
            return
        assert not tomorrow
        self.issued += 1
        arrived = max(opens, booked.not_before_ms) if booked else opens
        credits = {"priority": PRIORITY_S} if named and not capped else {}
        credits |= {"appointment": APPOINTMENT_S} if booked else {}
        self.people[body["id"]] = Person(body["id"], body["label"], service, arrived, self.issued, named, credits)

    @rule(
        people=st.lists(st.sampled_from([None, "elderly", "elderly", "merit"]), min_size=6, max_size=10),
        service=st.sampled_from(SERVICES),
        minutes=st.integers(0, 3),
        left=st.integers(0, 5),
    )
    def a_busy_while(self, people: list[str | None], service: str, minutes: int, left: int) -> None:
        """A crowd comes, both counters work at it, and some are left."""
        for named in people:
            self.somebody_comes(service, named, 0)
        self.both_open()
        for n in range(max(0, len(self.of("waiting")) - left)):
            self.hall.clock.forward(60 * minutes)
            self.the_next_is_called("2" if service == "dat-dai" or n % 2 else "1", None)

    @rule(counter=st.sampled_from("12"), previous=st.sampled_from([None, "completed", "no_show", "requeue"]))
    def the_next_is_called(self, counter: str, previous: str | None) -> None:
        there = next((one for one in self.people.values() if one.counter == counter and one.state in ("called", "serving")), None)
        if not self.ready(counter) or (there is not None and there.state == "serving" and previous in ("no_show", "requeue")):
            return
        self.hall.clock.forward(1)
        if there is not None:
            self.leave(there, {"no_show": "no_show", "requeue": "waiting"}.get(previous or "", "completed"))
        queue = sorted((one for one in self.of("waiting") if one.service in SERVES[counter]), key=lambda one: one.place)
        called = self.hall.next(counter, previous=previous)
        assert (called or {}).get("id") == (queue[0].id if queue else None)
        if queue:
            first = queue[0]
            for other in queue[1:]:
                bound = 1000 * (MOST_CREDIT_S + TRANSFER_S * first.transfers)
                assert first.carried or first.arrived - other.arrived <= bound
            first.state, first.counter, first.called_at = "called", counter, self.now

    @precondition(lambda self: self.of("called"))
    @rule(n=st.integers(0, 9), how=st.sampled_from(["serve", "hold", "transfer", "release"]), to=st.sampled_from(SERVICES))
    def at_the_desk(self, n: int, how: str, to: str) -> None:
        person = self.pick("called", n)
        assert person is not None
        fields: dict[str, Any] = {"to": {"service": to}} if how == "transfer" else {}
        self.hall.on({"id": person.id}, how, counter=person.counter or "", **fields)
        if how == "transfer":
            person.credits["transfer"] = person.credits.get("transfer", 0) + TRANSFER_S
            person.service, person.called_at, person.transfers = to, None, person.transfers + 1
        self.leave(person, {"serve": "serving", "hold": "held"}.get(how, "waiting"))

    @precondition(lambda self: self.of("waiting"))
    @rule(n=st.integers(0, 30), service=st.sampled_from(SERVICES), named=st.sampled_from([None, "elderly", "merit", "none"]))
    def a_number_is_amended(self, n: int, service: str, named: str | None) -> None:
        person = self.pick("waiting", n)
        assert person is not None
        capped = self.over_cap(named)
        self.hall.attend({"id": person.id}, "amend", service=service, priority_class=named)
        person.service = service
        if named is not None:
            person.named = None if named == "none" else named
            person.credits.pop("priority", None)
            person.credits |= {"priority": PRIORITY_S} if person.named and not capped else {}

    @precondition(lambda self: self.of("waiting"))
    @rule(n=st.integers(0, 30))
    def a_number_is_given_up(self, n: int) -> None:
        person = self.pick("waiting", n)
        assert person is not None
        self.hall.attend({"id": person.id}, "cancel")
        self.leave(person, "cancelled")

    @rule()
    def a_day_ends(self) -> None:
        """All at once until seven of the next morning, and the timed job looks."""
        seven = MORNING + ((self.now - MORNING) // DAY_MS + 1) * DAY_MS
        self.hall.clock.at_ms = seven
        days.turn(self.hall.store, SITE)
        for person in self.people.values():
            if person.state in ("called", "serving"):
                self.leave(person, "closed")
            elif person.state in ("waiting", "held") and person.carried:
                self.leave(person, "expired")
            elif person.state in ("waiting", "held"):
                waited_s = waited_open(person.arrived, seven) // 1000
                person.credits = person.credits | {"carried": CARRY_S + waited_s}
                person.arrived, person.carried, person.called_at = seven, True, None
                self.leave(person, "waiting")
        self.both_open()

    # ------------------------------------------------------------ what must be true
    @invariant()
    def the_queue_is_the_models(self) -> None:
        if not hasattr(self, "hall"):
            return
        shown = self.hall.look(queries.queue)["tickets"]
        waiting = sorted(self.of("waiting"), key=lambda one: one.place)
        assert [row["id"] for row in shown] == [one.id for one in waiting]
        for row, one in zip(shown, waiting, strict=True):
            assert row["reason"]["credits_s"] == {rule: credit for rule, credit in one.credits.items() if credit}
        labels = [one.label for one in self.people.values() if one.state in ("waiting", "held", "called", "serving")]
        assert len(labels) == len(set(labels))

    def everybody_is_called(self) -> None:
        """Nobody comes any more: one call each, and nobody waits."""
        if not self.ready("2"):
            self.hall.open("2")
        for _ in range(len(self.of("waiting"))):
            self.the_next_is_called("2", None)
        assert self.of("waiting") == []
        assert self.hall.next("2") is None


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> type[Policy]:
    class Made(Policy):
        empty = empty_hall(tmp_path_factory.mktemp("policy"))

    return Made


@pytest.mark.slow("whole days of a hall, drawn by chance")
def test_the_policy_holds_on_any_day(machine: type[Policy]) -> None:
    run_state_machine_as_test(machine, settings=settings(max_examples=12, stateful_step_count=30, deadline=None, derandomize=True))


@pytest.mark.full
@pytest.mark.slow("the same, ten times as many days")
def test_the_policy_holds_on_many_days(machine: type[Policy]) -> None:
    run_state_machine_as_test(machine, settings=settings(max_examples=250, stateful_step_count=60, deadline=None))


def test_the_model_itself_would_notice_an_unjust_order() -> None:
    first, second = Person("a", "A001", "x", 1000, 1), Person("b", "A002", "x", 2000, 2, credits={"priority": 1})
    assert sorted([second, first], key=lambda one: one.place)[0] is first
    assert replace(second, credits={"priority": 2}).place < first.place
