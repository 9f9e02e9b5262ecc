"""What the log teaches the estimate: facts of visits and pauses, as they happened, and all that is still known of them at a start.

Reading and sorting only. Learning is `estimating.learned`'s; nothing here is kept, for the tables can tell it all again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from queue_server.domain import calendar
from queue_server.domain.config import SiteConfig
from queue_server.domain.event import Event
from queue_server.domain.visit import Step
from queue_server.estimating.facts import Absent, Called, Fact, Paused, Served, Taken
from queue_server.estimating.foreseeing import raw_from
from queue_server.estimating.scene import Raw
from queue_server.services.unit import pool

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader
    from queue_server.storage.sql import Row

VISITS_MOST = 500  # of each service: more than the models remember
OLDEST_DAYS = 60
TOLD_BY_CALL = frozenset({"called", "completed", "no_show", "transferred"})
TAKEN, PAUSE_OVER = "issued", frozenset({"counter.resumed", "counter.closed", "counter.paused"})


def at_start(reader: Reader, site: str, config: SiteConfig, now: int) -> list[Fact]:
    """Everything the tables still tell, oldest first: the newest visits of each service and the pauses of the last days."""
    since = now - OLDEST_DAYS * calendar.DAY_MS
    found: list[Fact] = []
    for code in config.services:
        for row in reader.past_visits(site, code, since, VISITS_MOST):
            found.extend(of_visit(reader, config, row))
    for days_ago in range(7):
        day = calendar.business_day(now - days_ago * calendar.DAY_MS, config.utc_offset_min)
        found.extend(of_pauses(reader.spells(site, day)))
    return sorted(found, key=lambda fact: (fact.at_ms, type(fact).__name__))


def of_events(reader: Reader, site: str, config: SiteConfig, events: Iterable[Event]) -> list[Fact]:
    """What these rows of the log teach, in their order. A visit is read as it stands, and only what happened at a row's own instant
    is taken from it, so that nothing is told twice."""
    found: list[Fact] = []
    pauses: dict[str, dict[int, Row]] = {}
    for event in events:
        if event.type == TAKEN and event.service:
            found.append(Taken(event.at, event.service, privileged=bool(event.data.get("credits"))))
        elif event.type in TOLD_BY_CALL and event.ticket:
            row = reader.visit(site, event.ticket)
            found.extend(fact for fact in of_visit(reader, config, row) if fact.at_ms == event.at) if row else None
        elif event.type in PAUSE_OVER:
            day = event.business_day
            if day not in pauses:
                pauses[day] = {int(row["seq"]): row for row in reader.spells(site, day)}
            found.extend(of_pauses([pauses[day][event.seq]] if event.seq in pauses[day] else ()))
    return found


# ---------------------------------------------------------------- one visit
def of_visit(reader: Reader, config: SiteConfig, row: Row) -> Iterator[Fact]:
    """The calls and ends of a visit. What a machine closed or somebody told afterwards teaches nothing: nobody saw when it was."""
    if row["voided"]:
        return
    raw = {} if row["lease"] or row["moved_from"] else raw_from(reader.told_of(row))
    for step in reader.steps_of(row):
        if step.first_called_at is None or step.entered_late or step.service not in config.services:
            continue
        yield _called(config, row, step, raw if step.n == 1 else {})
        if step.ended_at is not None and not step.machine_closed and step.counter:
            yield from _ended(step, row["quantity"])


def _called(config: SiteConfig, row: Row, step: Step, raw: Mapping[str, Raw]) -> Called:
    at, offset = step.first_called_at or 0, config.utc_offset_min
    return Called(
        at_ms=at,
        day=calendar.business_day(at, offset),
        service=step.service,
        counter=step.counter or "",
        available_from_ms=step.available_from,
        waited_s=calendar.open_ms(config.calendar_of(step.service), row["issued_at"], at, offset) / 1000,
        pool=pool(config, step.service),
        raw=raw,
    )


def _ended(step: Step, quantity: int) -> Iterator[Fact]:
    """Somebody left a desk, or never came to it."""
    called, ended = step.first_called_at or 0, step.ended_at or 0
    began = step.last_called_at or called
    waited_s = max(0, called - step.available_from) / 1000
    if step.outcome == "no_show":
        yield Absent(ended, step.service, step.counter or "", waited_s, (ended - called) / 1000)
    else:
        took_ms = ended - began - step.held_ms - step.held_before_ms
        yield Served(ended, step.service, step.counter or "", max(0, took_ms) / 1000, max(1, quantity), waited_s)


def of_pauses(spells: Iterable[Row]) -> Iterator[Fact]:
    """Pauses of counters that have ended; paperwork is part of the visit before it."""
    for row in spells:
        if row["state"] == "paused":
            yield Paused(row["ended_at"], row["counter"], (row["ended_at"] - row["began_at"]) / 1000)
