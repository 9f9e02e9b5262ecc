"""The figures of any set of steps and visits: tallies and spreads that merge exactly, and their form as plain JSON."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from queue_server.domain import metrics_steps, metrics_visits
from queue_server.domain.metrics_spread import Spread, merged
from queue_server.domain.metrics_visits import COUNTS
from queue_server.domain.visit import LIVE, Step, Ticket

TARGETS_S = (900, 1800)  # within which share of 15 and 30 minutes; a setting of the site
NOW = ("waiting", "called", "serving", "held")
BRIEF = ("wait", "unserved", "call_to_arrival", "service_time", "sojourn")
NOTHING = Spread()
TABLES = ("counts", "live", "marks", "tallies", "lengths")


class StepTold:
    """What one step adds, worked out once for every table that it goes into; of a void visit nothing."""

    __slots__ = ("intervals", "marks")

    def __init__(self, ticket: Ticket, step: Step) -> None:
        void = ticket.voided
        self.marks = () if void else tuple(metrics_steps.marks(step, ticket))
        self.intervals = () if void else tuple(metrics_steps.intervals(step, step.n == 1 and metrics_steps.estimated(ticket)))


class VisitTold:
    """What one visit adds as a whole, worked out once."""

    __slots__ = ("counts", "intervals", "length", "live", "tallies")

    def __init__(self, ticket: Ticket) -> None:
        self.counts = tuple((name, n) for name, n in metrics_visits.counts(ticket) if n)
        self.live = ticket.state if ticket.state in LIVE else None
        self.tallies = tuple(metrics_visits.tallies(ticket))
        self.intervals = tuple(metrics_visits.intervals(ticket))
        self.length = str(len(ticket.steps))


@dataclass(slots=True)
class Figures:
    """`steps` and `visits` are spreads by name; `lengths`: of how many steps the visits were that are over."""

    counts: Tally[str] = field(default_factory=Tally)
    live: Tally[str] = field(default_factory=Tally)
    marks: Tally[str] = field(default_factory=Tally)
    tallies: Tally[str] = field(default_factory=Tally)
    lengths: Tally[str] = field(default_factory=Tally)
    steps: dict[str, Spread] = field(default_factory=dict)
    visits: dict[str, Spread] = field(default_factory=dict)

    def add(self, ticket: Ticket) -> None:
        """One more visit with all its steps."""
        self.take_visit(VisitTold(ticket))
        for step in ticket.steps:
            self.take_step(StepTold(ticket, step))

    def take_visit(self, told: VisitTold) -> None:
        """A visit as a whole, without its steps."""
        for name, n in told.counts:
            self.counts[name] += n
        if told.live is not None:
            self.live[told.live] += 1
            return
        for name in told.tallies:
            self.tallies[name] += 1
        self.lengths[told.length] += 1
        _add(self.visits, told.intervals)

    def take_step(self, told: StepTold) -> None:
        """One step of a visit."""
        for name in told.marks:
            self.marks[name] += 1
        _add(self.steps, told.intervals)

    def merge(self, other: Figures) -> None:
        """All of another set's steps and visits."""
        for name in TABLES:
            own: Tally[str] = getattr(self, name)
            for key, n in getattr(other, name).items():
                own[key] += n
        merged(self.steps, other.steps)
        merged(self.visits, other.visits)

    # ------------------------------------------------------------ shown
    def as_data(self, targets_s: Sequence[int] = TARGETS_S) -> dict[str, Any]:
        """Plain JSON values with everything present."""
        visits = {name: self.visits.get(name, NOTHING).as_data() for name in metrics_visits.SPREADS}
        return {
            "counts": self._counts(),
            "now": {state: self.live[state] for state in NOW},
            "marks": {name: self.marks[name] for name in metrics_steps.MARKS},
            **{name: self.steps.get(name, NOTHING).as_data() for name in metrics_steps.SPREADS},
            "shares": shares(self.steps, targets_s),
            "visit": {
                **{name: self.tallies[name] for name in metrics_visits.TALLIES},
                "steps": dict(sorted(self.lengths.items(), key=lambda item: int(item[0]))),
                **visits,
                "shares": shares(self.visits, targets_s),
            },
        }

    def brief(self, targets_s: Sequence[int] = TARGETS_S) -> dict[str, Any]:
        """What a table has of each of its rows: the counts beside the commonest times."""
        visits = {name: self.visits.get(name, NOTHING).brief() for name in ("wait", "door_to_door")}
        return {
            **self._counts(),
            "now": {state: self.live[state] for state in NOW},
            **{name: self.steps.get(name, NOTHING).brief() for name in BRIEF},
            "visit": {"over": self.tallies["over"], "several_steps": self.tallies["several_steps"], **visits},
            "shares": shares(self.steps, targets_s),
        }

    def _counts(self) -> dict[str, int]:
        return {name: self.counts[name] for name in COUNTS}

    # ------------------------------------------------------------ kept
    def stored(self) -> list[Any]:
        """All that it holds, in a form whose text is always the same."""
        tallies = [{key: n for key, n in sorted(getattr(self, name).items()) if n} for name in TABLES]
        return [*tallies, *({name: each.stored() for name, each in sorted(table.items())} for table in (self.steps, self.visits))]

    @classmethod
    def restored(cls, values: Sequence[Any]) -> Figures:
        """What `stored` was made from."""
        counts, live, marks, tallies, lengths = (Tally(each) for each in values[:5])
        steps, visits = ({name: Spread.restored(each) for name, each in table.items()} for table in values[5:])
        return cls(counts, live, marks, tallies, lengths, steps, visits)


def _add(spreads: dict[str, Spread], found: Iterable[tuple[str, int]]) -> None:
    for name, duration_ms in found:
        spread = spreads.get(name)
        if spread is None:
            spread = spreads[name] = Spread()
        spread.add(duration_ms)


def shares(spreads: Mapping[str, Spread], targets_s: Sequence[int]) -> list[dict[str, Any]]:
    """Of those who were called, or went uncalled after more than the target: how many were called within it. Who came when no
    clock was known to be right is in neither."""
    wait, gone = spreads.get("wait", NOTHING), spreads.get("unserved", NOTHING)
    no_wait, no_gone = spreads.get("wait_estimated", NOTHING), spreads.get("unserved_estimated", NOTHING)
    found = []
    for target_s in targets_s:
        within = wait.up_to(target_s) - no_wait.up_to(target_s)
        lost = (gone.n - gone.up_to(target_s)) - (no_gone.n - no_gone.up_to(target_s))
        of = wait.n - no_wait.n + lost
        permille = (2000 * within + of) // (2 * of) if of else None
        found.append({"target_s": target_s, "within": within, "of": of, "unserved_over": lost, "permille": permille})
    return found


def figures(tickets: Iterable[Ticket]) -> Figures:
    """The figures of these visits."""
    result = Figures()
    for ticket in tickets:
        result.add(ticket)
    return result
