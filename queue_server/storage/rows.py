"""Rows to values and back: which columns hold JSON or truth values, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from operator import attrgetter
from typing import Any

import orjson

from queue_server.domain.counter import Counter
from queue_server.domain.event import Event, canonical
from queue_server.domain.visit import STEP_FIELDS, Ticket, steps_from

TICKET_COLUMNS = tuple(f.name for f in fields(Ticket))
EVENT_COLUMNS = tuple(f.name for f in fields(Event))
COUNTER_COLUMNS = tuple(f.name for f in fields(Counter))
_ticket_values, _event_values = attrgetter(*TICKET_COLUMNS), attrgetter(*EVENT_COLUMNS)
_counter_values, _step_values = attrgetter(*COUNTER_COLUMNS), attrgetter(*STEP_FIELDS)
_LISTS = ("needs", "tasks")
_OBJECTS = ("estimate", "credits")
_JSON = frozenset((*_LISTS, *_OBJECTS))
_FLAGS = ("on_behalf", "doubt", "machine_closed", "voided")


def dumps(value: Any) -> str:
    """JSON text as stored."""
    return orjson.dumps(value).decode()


def ticket_row(ticket: Ticket) -> dict[str, Any]:
    """The columns of a ticket."""
    return {name: _stored(name, value) for name, value in zip(TICKET_COLUMNS, _ticket_values(ticket), strict=True)}


def ticket_changes(before: Ticket, after: Ticket) -> dict[str, Any]:
    """The columns in which two states of a ticket differ, as they are after."""
    both = zip(TICKET_COLUMNS, _ticket_values(before), _ticket_values(after), strict=True)
    return {name: _stored(name, new) for name, old, new in both if new is not old and new != old}


def _stored(name: str, value: Any) -> Any:
    """A value of a ticket as its column holds it."""
    if name == "steps":
        return dumps([dict(zip(STEP_FIELDS, _step_values(step), strict=True)) for step in value])
    if name in _JSON:
        return dumps(value)
    return int(value) if value is True or value is False else value


def ticket_of(row: Mapping[str, Any]) -> Ticket:
    """The ticket of a row."""
    values = {name: row[name] for name in TICKET_COLUMNS}
    for name in _LISTS:
        values[name] = tuple(orjson.loads(values[name]))
    for name in _OBJECTS:
        values[name] = orjson.loads(values[name])
    for name in _FLAGS:
        values[name] = bool(values[name])
    if values["clock_synced"] is not None:
        values["clock_synced"] = bool(values["clock_synced"])
    values["steps"] = steps_from(orjson.loads(values["steps"]))
    return Ticket(**values)


def event_row(event: Event) -> dict[str, Any]:
    """The columns of an event; its data in the very form that was hashed."""
    row = dict(zip(EVENT_COLUMNS, _event_values(event), strict=True))
    row["data"] = canonical(event.data)
    return row


def event_of(row: Mapping[str, Any]) -> Event:
    """The event of a row."""
    values = {name: row[name] for name in EVENT_COLUMNS}
    values["data"] = orjson.loads(values["data"])
    return Event(**values)


def counter_row(counter: Counter) -> dict[str, Any]:
    """The columns of a counter."""
    return dict(zip(COUNTER_COLUMNS, _counter_values(counter), strict=True)) | {"services": dumps(list(counter.services))}


def counter_of(row: Mapping[str, Any]) -> Counter:
    """The counter of a row."""
    return Counter(**{name: row[name] for name in COUNTER_COLUMNS} | {"services": tuple(orjson.loads(row["services"]))})
