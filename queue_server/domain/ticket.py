"""A ticket's one transition table and the one `apply()` that lets an event in.

Whatever a ticket is follows from its events alone: `fold(events)` rebuilds it. The values are `visit`'s, what an event does
to the fields is `effects`'. What a citizen sees, who may act and how rows are stored are not here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from queue_server.domain.effects import EFFECTS, issue
from queue_server.domain.errors import illegal
from queue_server.domain.event import Event
from queue_server.domain.visit import FIELDS, LIVE, STATES, Step, Ticket, as_data, steps_from

ANY = frozenset(STATES)


def _from(*states: str) -> frozenset[str]:
    return frozenset(states)


# event -> (states it may happen in, state after). None keeps the state; "?" takes it from the event's data.
TRANSITIONS: dict[str, tuple[frozenset[str], str | None]] = {
    "issued": (frozenset(), "waiting"),
    "arrived": (frozenset(), "waiting"),
    "amended": (_from("waiting", "held"), None),
    "let_passed": (_from("waiting"), "waiting"),
    "called": (_from("waiting"), "called"),
    "recalled": (_from("called"), "called"),
    "serving_started": (_from("called"), "serving"),
    "held": (_from("called", "serving"), "held"),
    "resumed": (_from("held"), "serving"),
    "released": (_from("called", "held"), "waiting"),
    "transferred": (_from("called", "serving", "held"), "waiting"),
    "moved": (LIVE, "moved"),
    "completed": (_from("called", "serving"), "completed"),
    "no_show": (_from("called"), "no_show"),
    "readmitted": (_from("no_show"), "waiting"),
    "cancelled": (_from("waiting", "called", "held"), "cancelled"),
    "expired": (_from("waiting", "held"), "expired"),
    "carried": (_from("waiting", "held"), "waiting"),
    "closed_by_system": (_from("called", "serving"), "?"),
    "undone": (ANY, "?"),
    "print_outcome": (ANY, None),
    "reprinted": (ANY, None),
    "print_wanted": (ANY, None),
    "priority_confirmed": (LIVE, None),
    "priority_refused": (_from("waiting", "held"), None),
    "annotated": (ANY, None),
    "rated": (ANY, None),
    "corrected": (ANY, None),
    "voided": (ANY, None),
}
CLOSED_BY_SYSTEM = {"called": "no_show", "serving": "completed"}


def apply(ticket: Ticket | None, event: Event) -> Ticket:
    """The ticket after an event: the only door. `Refusal(illegal_transition)` where the table has no such arrow."""
    sources, target = TRANSITIONS[event.type]
    if ticket is None:
        if sources:
            raise illegal(event.type, "none", sources)
        return issue(event)
    if ticket.state not in sources:
        raise illegal(event.type, ticket.state, sources)
    if event.type == "undone":
        return restore(ticket, event.data["restore"])
    changes = EFFECTS[event.type](ticket, event)
    if target == "?":
        target = CLOSED_BY_SYSTEM[ticket.state]
    if target is not None:
        changes["state"] = target
    if event.data.get("entered_late"):
        changes["steps"] = _told_late(changes.get("steps", ticket.steps), len(ticket.steps) - 1)
    return replace(ticket, **changes)


def _told_late(steps: tuple[Step, ...], n: int) -> tuple[Step, ...]:
    """The step that an event told afterwards happened to, so marked: nobody observed when."""
    return (*steps[:n], replace(steps[n], entered_late=True), *steps[n + 1 :])


def fold(events: Iterable[Event]) -> Ticket | None:
    """The ticket that a run of its events, in order, makes."""
    ticket: Ticket | None = None
    for event in events:
        ticket = apply(ticket, event)
    return ticket


# ---------------------------------------------------------------- undo
def difference(now: Ticket, before: Ticket) -> dict[str, Any]:
    """What an `undone` event must carry to take `now` back to `before`: the fields that differ, with the old values."""
    new, old = as_data(now), as_data(before)
    return {name: old[name] for name in old if old[name] != new[name]}


def restore(ticket: Ticket, values: dict[str, Any]) -> Ticket:
    """The ticket with the fields of an `undone` event put back."""
    changes = {name: value for name, value in values.items() if name in FIELDS}
    for name in ("needs", "tasks"):
        if name in changes:
            changes[name] = tuple(changes[name])
    if "steps" in changes:
        changes["steps"] = steps_from(changes["steps"])
    return replace(ticket, **changes)
