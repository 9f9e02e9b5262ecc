"""Rows to values and back: which columns hold JSON or truth values, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from queue_server.domain.counter import Counter
from queue_server.domain.event import Event, canonical
from queue_server.domain.visit import STEP_FIELDS, Ticket, steps_from

TICKET_COLUMNS = tuple(f.name for f in fields(Ticket))
EVENT_COLUMNS = tuple(f.name for f in fields(Event))
COUNTER_COLUMNS = tuple(f.name for f in fields(Counter))
_LISTS = ("needs", "tasks")
_OBJECTS = ("estimate", "credits")
_FLAGS = ("on_behalf", "machine_closed", "voided")


def dumps(value: Any) -> str:
    """JSON text as stored."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def ticket_row(ticket: Ticket) -> dict[str, Any]:
    """The columns of a ticket."""
    row = {name: getattr(ticket, name) for name in TICKET_COLUMNS}
    for name in (*_LISTS, *_OBJECTS):
        row[name] = dumps(row[name])
    for name in _FLAGS:
        row[name] = int(row[name])
    if ticket.clock_synced is not None:
        row["clock_synced"] = int(ticket.clock_synced)
    row["steps"] = dumps([{name: getattr(step, name) for name in STEP_FIELDS} for step in ticket.steps])
    return row


def ticket_of(row: Mapping[str, Any]) -> Ticket:
    """The ticket of a row."""
    values = {name: row[name] for name in TICKET_COLUMNS}
    for name in _LISTS:
        values[name] = tuple(json.loads(values[name]))
    for name in _OBJECTS:
        values[name] = json.loads(values[name])
    for name in _FLAGS:
        values[name] = bool(values[name])
    if values["clock_synced"] is not None:
        values["clock_synced"] = bool(values["clock_synced"])
    values["steps"] = steps_from(json.loads(values["steps"]))
    return Ticket(**values)


def event_row(event: Event) -> dict[str, Any]:
    """The columns of an event; its data in the very form that was hashed."""
    row = {name: getattr(event, name) for name in EVENT_COLUMNS}
    row["data"] = canonical(event.data)
    return row


def event_of(row: Mapping[str, Any]) -> Event:
    """The event of a row."""
    values = {name: row[name] for name in EVENT_COLUMNS}
    values["data"] = json.loads(values["data"])
    return Event(**values)


def counter_row(counter: Counter) -> dict[str, Any]:
    """The columns of a counter."""
    return {name: getattr(counter, name) for name in COUNTER_COLUMNS} | {"services": dumps(list(counter.services))}


def counter_of(row: Mapping[str, Any]) -> Counter:
    """The counter of a row."""
    return Counter(**{name: row[name] for name in COUNTER_COLUMNS} | {"services": tuple(json.loads(row["services"]))})
