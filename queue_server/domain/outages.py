"""Outages of outside systems, as marks over time: which waits stood under one, and how long a system was out.

A mark is `[started, ended)` in site time. Holds the rules alone: who sets marks, and where they are kept, is not here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

HOW_ENDED = ("said", "day_close")  # somebody said that it works again; or nobody did, and the day was closed
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Mark:
    """One outage as it is known now. `ended_at` None: it goes on. `services` are those that whoever marked it chose; empty means
    every service that depends on the system by the configuration."""

    system: str
    started_at: int
    ended_at: int | None
    services: tuple[str, ...] = ()

    def touches(self, service: str, depends_on: Iterable[str]) -> bool:
        """Whether work on a service needs what is out."""
        return service in self.services if self.services else self.system in depends_on


@dataclass(frozen=True, slots=True)
class Wait:
    """One step's wait: from when the person could be called until the first call. `counted`: it stands in the mean of waits."""

    ticket: str
    service: str
    from_ms: int
    to_ms: int
    counted: bool = True


@dataclass(slots=True)
class Touched:
    """What stood under the outages of one system: visits, waits, and the wait of those that count in means, in full."""

    visits: set[str] = field(default_factory=set)
    waits: int = 0
    n: int = 0
    sum_ms: int = 0

    def add(self, wait: Wait) -> None:
        """One more wait."""
        self.visits.add(wait.ticket)
        self.waits += 1
        if wait.counted:
            self.n += 1
            self.sum_ms += wait.to_ms - wait.from_ms


def union(spans: Iterable[Span]) -> list[Span]:
    """The same time as spans that neither overlap nor touch, in order: two marks over one minute are one minute."""
    merged: list[Span] = []
    for begin, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def under(wait: Wait, marks: Iterable[Mark], depends_on: Iterable[str], now_ms: int) -> bool:
    """Whether any part of a wait fell into an outage of something that its service needs. A wait of no length, called at once,
    stood under one where it happened during it: who is called while the system is out is served under the outage."""
    needed = tuple(depends_on)
    for mark in marks:
        ended_at = now_ms if mark.ended_at is None else mark.ended_at
        overlaps = mark.started_at < wait.to_ms and wait.from_ms < ended_at
        within = wait.from_ms == wait.to_ms and mark.started_at <= wait.from_ms < ended_at
        if mark.touches(wait.service, needed) and (overlaps or within):
            return True
    return False


def touched(waits: Iterable[Wait], marks: Sequence[Mark], depends_on: Mapping[str, Sequence[str]], now_ms: int) -> dict[str, Touched]:
    """What stood under the outages, by system. A wait under outages of two systems counts at both."""
    by_system: dict[str, list[Mark]] = {}
    for mark in marks:
        by_system.setdefault(mark.system, []).append(mark)
    found = {system: Touched() for system in by_system}
    for wait in waits:
        for system, its_marks in by_system.items():
            if under(wait, its_marks, depends_on.get(wait.service, ()), now_ms):
                found[system].add(wait)
    return found
