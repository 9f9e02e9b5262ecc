"""The figures of one or more days in parts that add up to the whole: by service, counter and channel, and by half hour of coming.

A step belongs to its own service and counter; a visit to the service and the counter of its last step. So the parts of any of the
tables merge into the figures of all. What is kept of a closed day is exactly this, and its digest is over it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from queue_server.domain.calendar import DAY_MS, MINUTE_MS
from queue_server.domain.event import canonical
from queue_server.domain.metrics_figures import TARGETS_S, Figures, StepTold, VisitTold
from queue_server.domain.metrics_spread import Spread, merged
from queue_server.domain.visit import Ticket

RULES = "2"  # of these definitions: figures by other rules have another digest
NOBODY = "-"  # in place of the counter where nobody was called
HALF_HOUR_MS = 30 * MINUTE_MS
SPELLS = {"wrapping_up": "wrap_up", "paused": "paused"}
Cell = tuple[str, str, str]
K = TypeVar("K")


def half_hour(at_ms: int, offset_min: int) -> str:
    """The beginning of the half hour of an instant, as `HH:MM` local time."""
    minutes = (at_ms + offset_min * MINUTE_MS) % DAY_MS // HALF_HOUR_MS * 30
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


@dataclass(slots=True)
class Days:
    """`cells` by (service, counter, channel), `halves` by (service, half hour), `desks`: counters' own time by counter."""

    cells: dict[Cell, Figures] = field(default_factory=dict)
    halves: dict[tuple[str, str], Figures] = field(default_factory=dict)
    desks: dict[str, dict[str, Spread]] = field(default_factory=dict)

    def add(self, ticket: Ticket, offset_min: int) -> None:
        """One more visit with all its steps."""
        last = next((step.counter for step in reversed(ticket.steps) if step.counter), None) or NOBODY
        visit = VisitTold(ticket)
        _at(self.cells, (ticket.service, last, ticket.channel)).take_visit(visit)
        _at(self.halves, (ticket.service, half_hour(ticket.issued_at, offset_min))).take_visit(visit)
        for each in ticket.steps:
            step = StepTold(ticket, each)
            _at(self.cells, (each.service, each.counter or NOBODY, ticket.channel)).take_step(step)
            _at(self.halves, (each.service, half_hour(each.available_from, offset_min))).take_step(step)

    def add_spell(self, row: Mapping[str, Any]) -> None:
        """A finished stretch of a counter's time: `counter`, `state`, `began_at`, `ended_at`."""
        desk = self.desks.setdefault(row["counter"], {})
        desk.setdefault(SPELLS[row["state"]], Spread()).add(row["ended_at"] - row["began_at"])

    def merge(self, other: Days) -> None:
        """All of other days, or of another site."""
        for cell, figures in other.cells.items():
            _at(self.cells, cell).merge(figures)
        for half, figures in other.halves.items():
            _at(self.halves, half).merge(figures)
        for counter, desk in other.desks.items():
            merged(self.desks.setdefault(counter, {}), desk)

    def at_site(self, site: str) -> Days:
        """The same under counters that name their site: two sites may each have a counter 1."""
        cells = {(service, f"{site}/{counter}", channel): each for (service, counter, channel), each in self.cells.items()}
        return Days(cells, dict(self.halves), {f"{site}/{counter}": desk for counter, desk in self.desks.items()})

    # ------------------------------------------------------------ parts
    def whole(self, service: str | None = None) -> Figures:
        """Everything, or everything of one service."""
        found = Figures()
        for cell, figures in self.cells.items():
            if service is None or cell[0] == service:
                found.merge(figures)
        return found

    def by(self, part: int, service: str | None = None) -> dict[str, Figures]:
        """The cells by service (0), counter (1) or channel (2)."""
        return _grouped(((cell[part], each) for cell, each in self.cells.items() if service in (None, cell[0])))

    def by_half_hour(self, service: str | None = None) -> dict[str, Figures]:
        """By the half hour of coming: of the visit for its counts and times, of the step for its own."""
        return _grouped((half, each) for (code, half), each in self.halves.items() if service in (None, code))

    def as_data(self, *, service: str | None = None, services: Iterable[str] = (), targets_s: Sequence[int] = TARGETS_S) -> dict[str, Any]:
        """Plain JSON values: the whole (of one service, where one is named) and its tables. `services`: named even with nothing."""
        by_service = {code: Figures() for code in services} | self.by(0)
        spent: dict[str, Spread] = {}
        for desk in self.desks.values():
            merged(spent, desk)
        return {
            **self.whole(service).as_data(targets_s),
            **{name: spent.get(name, Spread()).as_data() for name in SPELLS.values()},
            "by_service": _table(by_service, targets_s),
            "by_counter": self._counters(service, targets_s),
            "by_channel": _table(self.by(2, service), targets_s),
            "by_half_hour": _table(self.by_half_hour(service), targets_s),
        }

    def _counters(self, service: str | None, targets_s: Sequence[int]) -> dict[str, Any]:
        """A counter's own time is the counter's, whatever service was asked for."""
        found = dict.fromkeys(self.desks) | self.by(1, service)
        rows = {}
        for code in sorted(found):
            desk = self.desks.get(code, {})
            own = {name: desk.get(name, Spread()) for name in SPELLS.values()}
            spent = {key: value for name, each in own.items() for key, value in ((f"{name}_n", each.n), (f"{name}_ms", each.sum_ms))}
            rows[code] = (found[code] or Figures()).brief(targets_s) | spent
        return rows

    # ------------------------------------------------------------ kept
    def stored(self) -> dict[str, Any]:
        """All that it holds, in a form whose text is always the same."""
        return {
            "rules": RULES,
            "cells": [[*cell, each.stored()] for cell, each in sorted(self.cells.items())],
            "halves": [[*half, each.stored()] for half, each in sorted(self.halves.items())],
            "desks": [
                [counter, {name: each.stored() for name, each in sorted(desk.items())}] for counter, desk in sorted(self.desks.items())
            ],
        }

    @classmethod
    def restored(cls, values: Mapping[str, Any]) -> Days:
        """What `stored` was made from."""
        return cls(
            {(row[0], row[1], row[2]): Figures.restored(row[3]) for row in values["cells"]},
            {(row[0], row[1]): Figures.restored(row[2]) for row in values["halves"]},
            {counter: {name: Spread.restored(each) for name, each in desk.items()} for counter, desk in values["desks"]},
        )

    def digest(self, **about: str) -> str:
        """SHA-256 over the canonical text of all of it and of what it is about (site, date), as 64 hex digits."""
        return hashlib.sha256(canonical(self.stored() | about).encode()).hexdigest()


def _at(table: dict[K, Figures], key: K) -> Figures:
    """The figures at a place of a table, new where there were none."""
    found = table.get(key)
    if found is None:
        found = table[key] = Figures()
    return found


def _grouped(rows: Iterable[tuple[str, Figures]]) -> dict[str, Figures]:
    found: dict[str, Figures] = {}
    for key, each in rows:
        _at(found, key).merge(each)
    return found


def _table(rows: Mapping[str, Figures], targets_s: Sequence[int]) -> dict[str, Any]:
    return {key: rows[key].brief(targets_s) for key in sorted(rows)}


def days_of(tickets: Iterable[Ticket], spells: Iterable[Mapping[str, Any]] = (), *, offset_min: int) -> Days:
    """The figures of these visits and of these stretches of counters' time."""
    result = Days()
    for ticket in tickets:
        result.add(ticket, offset_min)
    for row in spells:
        result.add_spell(row)
    return result


def grouped(tickets: Iterable[Ticket], key: Callable[[Ticket], str]) -> dict[str, Figures]:
    """The figures of visits by anything one can say of a whole visit."""
    found: dict[str, Figures] = {}
    for ticket in tickets:
        _at(found, key(ticket)).add(ticket)
    return found
