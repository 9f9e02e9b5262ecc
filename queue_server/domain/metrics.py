"""Figures as folds over a day's events: integer milliseconds, integer sums, whole-second histograms that merge exactly.

A ticket counts on the business day of its issue. `called` is called at least once; a wait runs from `available_from` to
the first call of a step and a recall does not restart it. Intervals that nobody observed (inferred starts, steps closed
by the machine or entered late) are counted and kept out of the means.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from queue_server.domain.visit import Step, Ticket

COUNTS = (
    "issued",
    "arrived",
    "called",
    "served",
    "no_show",
    "cancelled",
    "expired",
    "moved",
    "recalls",
    "transfers",
    "machine_closed",
    "entered_late",
    "voided",
    "carried",
    "priority",
    "priority_confirmed",
    "priority_refused",
)
ENDED = {"completed": "served", "no_show": "no_show", "cancelled": "cancelled", "expired": "expired", "moved": "moved"}
DEFINITIONS = {
    "issued": "tickets issued on the business day",
    "arrived": "tickets that came from another site with somebody who had taken them there",
    "called": "of both, called at least once",
    "served": "of both, completed",
    "wait_s": "per step: first call minus available_from, recalls do not restart it; whole seconds, rounded down",
    "before_opening_s": "per step: time between arrival and the service's opening, not in wait_s",
    "over_breaks_s": "per step: the part of wait_s that fell outside opening hours",
    "service_s": "per step: end minus start minus time on hold; inferred starts and machine-closed steps left out",
    "wrap_up_s": "per stretch of paperwork after a person: from the clerk's word to the next call, resume, pause or close",
    "paused_s": "per pause of a counter, from the pause to its end; what the day's close ended is in neither",
    "entered_late": "tickets of which something was told after it had happened; such a step is in no wait and no service time",
    "priority": "tickets with a priority class now; priority_confirmed and priority_refused are what an attendant decided",
    "carried": "tickets that were not served on their day and waited again on the next; yesterday's step is in no wait",
    "percentile": "nearest rank on whole seconds: the smallest x with F(x) >= p",
}


@dataclass(slots=True)
class Spread:
    """Durations that can be added up in any order: how many, their sum, and how often each whole second came."""

    n: int = 0
    sum_ms: int = 0
    histogram: Tally[int] = field(default_factory=Tally)

    def add(self, duration_ms: int) -> None:
        """One more duration."""
        self.n += 1
        self.sum_ms += duration_ms
        self.histogram[duration_ms // 1000] += 1

    def merge(self, other: Spread) -> None:
        """All of another's durations; exact, and the order does not matter."""
        self.n += other.n
        self.sum_ms += other.sum_ms
        self.histogram.update(other.histogram)

    def percentile(self, p: int) -> int | None:
        """Nearest rank in whole seconds; None of nothing."""
        rank, seen = -(-p * self.n // 100), 0
        for second in sorted(self.histogram):
            seen += self.histogram[second]
            if seen >= rank:
                return second
        return None

    def as_data(self) -> dict[str, Any]:
        """Plain JSON values; the mean is rounded once, here."""
        return {
            "n": self.n,
            "sum_ms": self.sum_ms,
            "mean_s": (self.sum_ms + 500 * self.n) // (1000 * self.n) if self.n else None,
            "p50_s": self.percentile(50),
            "p90_s": self.percentile(90),
            "p95_s": self.percentile(95),
            "histogram": {str(second): count for second, count in sorted(self.histogram.items())},
        }


@dataclass(slots=True)
class Figures:
    """The figures of any set of tickets."""

    counts: Tally[str] = field(default_factory=Tally)
    live: Tally[str] = field(default_factory=Tally)
    wait: Spread = field(default_factory=Spread)
    before_opening: Spread = field(default_factory=Spread)
    over_breaks: Spread = field(default_factory=Spread)
    service: Spread = field(default_factory=Spread)

    def add(self, ticket: Ticket) -> None:
        """One more ticket with all its steps."""
        self.counts["issued" if ticket.moved_from is None else "arrived"] += 1
        self.counts["called"] += any(step.first_called_at is not None for step in ticket.steps)
        if ticket.state in ENDED:
            self.counts[ENDED[ticket.state]] += 1
        else:
            self.live[ticket.state] += 1
        self.counts["recalls"] += sum(step.recalls for step in ticket.steps)
        self.counts["transfers"] += sum(step.outcome == "transferred" for step in ticket.steps)
        self.counts["machine_closed"] += ticket.machine_closed
        self.counts["entered_late"] += any(step.entered_late for step in ticket.steps)
        self.counts["voided"] += ticket.voided
        self.counts["carried"] += ticket.carried_to is not None
        self.counts["priority"] += ticket.priority_class is not None
        if ticket.priority_check is not None:
            self.counts[f"priority_{ticket.priority_check}"] += 1
        for step in ticket.steps:
            self._add_step(step)

    def _add_step(self, step: Step) -> None:
        if step.wait_ms is not None and not step.entered_late:
            self.wait.add(step.wait_ms)
            self.over_breaks.add(step.over_breaks_ms)
            self.before_opening.add(step.before_opening_ms)
        served = service_ms(step)
        if served is not None:
            self.service.add(served)

    def merge(self, other: Figures) -> None:
        """All of another set's tickets."""
        self.counts.update(other.counts)
        self.live.update(other.live)
        for name in ("wait", "before_opening", "over_breaks", "service"):
            getattr(self, name).merge(getattr(other, name))

    def as_data(self) -> dict[str, Any]:
        """Plain JSON values with every count present."""
        return {
            "counts": {name: self.counts[name] for name in COUNTS},
            "now": {state: self.live[state] for state in ("waiting", "called", "serving", "held")},
            "wait": self.wait.as_data(),
            "before_opening": self.before_opening.as_data(),
            "over_breaks": self.over_breaks.as_data(),
            "service_time": self.service.as_data(),
        }


def service_ms(step: Step) -> int | None:
    """The observed service time of an ended step, or None where nobody observed it."""
    if step.started_at is None or step.ended_at is None or step.start_inferred or step.machine_closed or step.entered_late:
        return None
    return max(0, step.ended_at - step.started_at - step.held_ms)


def spells(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """How long counters wrapped up and stood paused, of finished stretches with `state`, `counter`, `began_at` and `ended_at`."""
    found: dict[str, Spread] = {"wrapping_up": Spread(), "paused": Spread()}
    counters: dict[str, dict[str, int]] = {}
    for row in rows:
        found[row["state"]].add(row["ended_at"] - row["began_at"])
        own = counters.setdefault(row["counter"], {"wrap_up_n": 0, "wrap_up_ms": 0, "paused_n": 0, "paused_ms": 0})
        name = "wrap_up" if row["state"] == "wrapping_up" else "paused"
        own[f"{name}_n"] += 1
        own[f"{name}_ms"] += row["ended_at"] - row["began_at"]
    return {"wrap_up": found["wrapping_up"].as_data(), "paused": found["paused"].as_data(), "by_counter": counters}


def figures(tickets: Iterable[Ticket]) -> Figures:
    """The figures of these tickets."""
    result = Figures()
    for ticket in tickets:
        result.add(ticket)
    return result
