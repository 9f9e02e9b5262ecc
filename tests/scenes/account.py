"""The account of a day, from its log alone and by rules written down a second time: who stood where after each row.

Imports nothing of the product. Each finding is one sentence; empty is good.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

THERE = ("called", "serving")
ENDS = ("completed", "no_show", "cancelled", "expired")
# what happened -> (from which states, to which)
ARROWS: dict[str, tuple[tuple[str, ...], str]] = {
    "called": (("waiting",), "called"),
    "recalled": (("called",), "called"),
    "serving_started": (("called",), "serving"),
    "held": (THERE, "held"),
    "resumed": (("held",), "serving"),
    "released": (("called", "held"), "waiting"),
    "transferred": ((*THERE, "held"), "waiting"),
    "completed": (THERE, "completed"),
    "no_show": (("called",), "no_show"),
    "readmitted": (("no_show",), "waiting"),
    "cancelled": (("waiting", "called", "held"), "cancelled"),
    "expired": (("waiting", "held"), "expired"),
}


@dataclass(frozen=True)
class Person:
    """One number's person as the rows tell."""

    label: str
    state: str = "waiting"
    counter: str | None = None
    steps: int = 1
    calls: int = 0


@dataclass
class Account:
    """Where everybody is, and what is wrong."""

    people: dict[str, Person] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    _there: dict[str, str] = field(default_factory=dict)
    _before: dict[int, tuple[str, Person]] = field(default_factory=dict)
    _labels: set[tuple[str, str]] = field(default_factory=set)
    _last: dict[tuple[str, str], int] = field(default_factory=dict)

    def take(self, row: Any) -> None:
        if row.ticket is None:
            return
        if row.type == "issued":
            self._issued(row)
            return
        person = self.people.get(row.ticket)
        if person is None:
            self._say(row, "of nobody")
            return
        after = self._undone(row, person) if row.type == "undone" else self._moved(row, person)
        self._before[row.seq] = (row.ticket, person)
        self._stand(row, person, after)
        self.people[row.ticket] = after

    def _say(self, row: Any, what: str) -> None:
        self.wrong.append(f"row {row.seq}, {row.type} {row.label}: {what}")

    def _issued(self, row: Any) -> None:
        key = (row.business_day, row.data["series"])
        if (row.business_day, row.label) in self._labels:
            self._say(row, "a number given twice")
        if row.data["number"] != self._last.get(key, 0) + 1:
            self._say(row, "a number left out")
        self._labels.add((row.business_day, row.label))
        self._last[key] = row.data["number"]
        self.people[row.ticket] = Person(row.label)

    def _moved(self, row: Any, person: Person) -> Person:
        if row.type not in ARROWS:
            return person
        sources, target = ARROWS[row.type]
        if person.state not in sources:
            self._say(row, f"was {person.state}")
        counter = row.counter if target in (*THERE, "held") else None
        more = row.type == "transferred"
        return replace(person, state=target, counter=counter, steps=person.steps + more, calls=person.calls + (row.type == "called"))

    def _undone(self, row: Any, person: Person) -> Person:
        whose, before = self._before.get(row.data["undoes_seq"], ("", person))
        if whose != row.ticket:
            self._say(row, "takes back what never happened")
        return replace(before, calls=person.calls)

    def _stand(self, row: Any, before: Person, after: Person) -> None:
        """Nobody stands at two desks, and no desk has two people."""
        if before.state in THERE and self._there.get(str(before.counter)) == row.ticket:
            del self._there[str(before.counter)]
        if after.state in THERE:
            other = self._there.setdefault(str(after.counter), row.ticket)
            if other != row.ticket:
                self._say(row, f"counter {after.counter} has somebody already")


def of(log: Iterable[Any]) -> Account:
    made = Account()
    for row in log:
        made.take(row)
    return made


def findings(log: Sequence[Any], came: Sequence[str], records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Everything that is wrong with a day of which these people came and these records stand at the dossier system."""
    account = of(log)
    wrong = list(account.wrong)
    if len(set(came)) != len(came):
        wrong.append("somebody's ticket is somebody else's")
    if set(came) != account.people.keys():
        wrong.append(f"came, or issued, but not both: {set(came) ^ account.people.keys()}")
    told: Counter[str] = Counter(str(record["MaLuot"]) for record in records)
    steps = {(record["MaLuot"], record["BuocThu"]) for record in records}
    if len(steps) != len(records) or len({record["MaBanGhi"] for record in records}) != len(records):
        wrong.append("a step has two records")
    for ticket, person in account.people.items():
        if person.state not in ENDS:
            wrong.append(f"{person.label} is still {person.state}")
        if person.state in ("completed", "no_show") and not person.calls:
            wrong.append(f"{person.label} was never called")
        # Who left before the step began has nothing to be told of that step but that it was left.
        if told[ticket] != person.steps:
            wrong.append(f"{person.label} went through {person.steps} steps, {told[ticket]} are recorded ({person.state})")
    return wrong
