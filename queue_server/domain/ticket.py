"""A ticket, which is one visit: its states, the one transition table, and the one `apply()` that lets an event in.

A visit has steps (a service at a counter, from being available to an outcome); the flat fields are those of the current
step. Whatever a ticket is follows from its events alone: `fold(events)` rebuilds it. What a citizen sees, who may act
and how rows are stored are not here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

from queue_server.domain.errors import illegal
from queue_server.domain.event import Event

STATES = ("waiting", "called", "serving", "held", "completed", "no_show", "cancelled", "expired", "moved")
LIVE = frozenset({"waiting", "called", "serving", "held"})
AT_COUNTER = frozenset({"called", "serving"})
ANY = frozenset(STATES)
OUTCOMES = ("done", "incomplete", "referred", "left", "refused_service", "not_needed")
PRINTS = ("pending", "printed", "sent_unconfirmed", "not_sent", "unknown", "none")


def _from(*states: str) -> frozenset[str]:
    return frozenset(states)


# event -> (states it may happen in, state after). None keeps the state; "?" takes it from the event's data.
TRANSITIONS: dict[str, tuple[frozenset[str], str | None]] = {
    "issued": (frozenset(), "waiting"),
    "arrived": (frozenset(), "waiting"),
    "amended": (_from("waiting", "held"), None),
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
    "closed_by_system": (_from("called", "serving"), "?"),
    "undone": (ANY, "?"),
    "print_outcome": (ANY, None),
    "reprinted": (ANY, None),
    "annotated": (ANY, None),
    "rated": (ANY, None),
    "corrected": (ANY, None),
    "voided": (ANY, None),
}
CLOSED_BY_SYSTEM = {"called": "no_show", "serving": "completed"}


@dataclass(frozen=True, slots=True)
class Step:
    """One service of the visit. Instants in Unix milliseconds; `held_ms` is time sent away
    during service, `held_before_ms` before it began: in neither wait nor service."""

    n: int
    service: str
    available_from: int
    counter: str | None = None
    first_called_at: int | None = None
    last_called_at: int | None = None
    started_at: int | None = None
    start_inferred: bool = False
    ended_at: int | None = None
    recalls: int = 0
    outcome: str | None = None
    wait_ms: int | None = None
    before_opening_ms: int = 0
    over_breaks_ms: int = 0
    held_at: int | None = None
    held_ms: int = 0
    held_before_ms: int = 0
    machine_closed: bool = False
    entered_late: bool = False
    procedures: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as it stands. `effective_at` decides the order; `issued_seq` breaks ties; `for_counter` waits for one
    counter only; `return_to` sends the person back there after this step; `tasks` are services still to come."""

    id: str
    site: str
    business_day: str
    series: str
    number: int
    label: str
    service: str
    state: str
    issued_at: int
    issued_seq: int
    available_from: int
    arrived_from: int
    effective_at: int
    steps: tuple[Step, ...]
    priority_class: str | None = None
    source: str = "api"
    channel: str = "in_person"
    zone: str | None = None
    lang: str = "vi"
    needs: tuple[str, ...] = ()
    quantity: int = 1
    party: int = 1
    on_behalf: bool = False
    dossier_code: str | None = None
    appointment: str | None = None
    tasks: tuple[str, ...] = ()
    counter: str | None = None
    for_counter: str | None = None
    return_to: str | None = None
    held_until: int | None = None
    called_at: int | None = None
    last_called_at: int | None = None
    serving_at: int | None = None
    ended_at: int | None = None
    recalls: int = 0
    readmissions: int = 0
    outcome: str | None = None
    print: str = "pending"
    reprints: int = 0
    rating: int | None = None
    machine_closed: bool = False
    voided: bool = False
    ahead: int = 0
    estimate: dict[str, Any] | None = None
    credits: dict[str, int] | None = None
    token_hash: str | None = None
    lease: str | None = None
    device: str | None = None
    issued_device_at: int | None = None
    boot_id: str | None = None
    boot_ms: int | None = None
    clock_synced: bool | None = None
    revision: int = 1


FIELDS = tuple(f.name for f in fields(Ticket))
STEP_FIELDS = tuple(f.name for f in fields(Step))
Effect = Callable[[Ticket, Event], dict[str, Any]]


def apply(ticket: Ticket | None, event: Event) -> Ticket:
    """The ticket after an event: the only door. `Refusal(illegal_transition)` where the table has no such arrow."""
    sources, target = TRANSITIONS[event.type]
    if ticket is None:
        if sources:
            raise illegal(event.type, "none", sources)
        return _issue(event)
    if ticket.state not in sources:
        raise illegal(event.type, ticket.state, sources)
    if event.type == "undone":
        return restore(ticket, event.data["restore"])
    changes = EFFECTS[event.type](ticket, event)
    if target == "?":
        target = CLOSED_BY_SYSTEM[ticket.state]
    if target is not None:
        changes["state"] = target
    return replace(ticket, **changes)


def fold(events: Iterable[Event]) -> Ticket | None:
    """The ticket that a run of its events, in order, makes."""
    ticket: Ticket | None = None
    for event in events:
        ticket = apply(ticket, event)
    return ticket


def current(ticket: Ticket) -> Step:
    """The step that the flat fields describe."""
    return ticket.steps[-1]


def _issue(event: Event) -> Ticket:
    data = dict(event.data)
    data["needs"], data["tasks"] = tuple(data.get("needs", ())), tuple(data.get("tasks", ()))
    step = Step(1, event.service or "", data["available_from"], before_opening_ms=data.pop("before_opening_ms", 0))
    return Ticket(
        id=event.ticket or "",
        site=event.site,
        label=event.label or "",
        service=event.service or "",
        state="waiting",
        issued_seq=event.seq,
        arrived_from=data["available_from"],
        steps=(step,),
        **{name: value for name, value in data.items() if name in FIELDS},
    )


def _step(ticket: Ticket, **changes: Any) -> tuple[Step, ...]:
    return (*ticket.steps[:-1], replace(ticket.steps[-1], **changes))


def _amended(ticket: Ticket, event: Event) -> dict[str, Any]:
    changes = {name: value for name, value in event.data["to"].items() if name in FIELDS}
    if "needs" in changes:
        changes["needs"] = tuple(changes["needs"])
    if "service" in changes:
        changes["steps"] = _step(ticket, service=changes["service"])
    return changes


def _called(ticket: Ticket, event: Event) -> dict[str, Any]:
    step = current(ticket)
    first = step.first_called_at is None
    times: dict[str, Any] = {"counter": event.counter, "last_called_at": event.at}
    if first:
        times |= {
            "first_called_at": event.at,
            "wait_ms": event.data["wait_ms"],
            "over_breaks_ms": event.data["over_breaks_ms"],
        }
    return {
        "counter": event.counter,
        "for_counter": None,
        "called_at": event.at if first else step.first_called_at,
        "last_called_at": event.at,
        "steps": _step(ticket, **times),
    }


def _recalled(ticket: Ticket, event: Event) -> dict[str, Any]:
    steps = _step(ticket, last_called_at=event.at, recalls=current(ticket).recalls + 1)
    return {"recalls": ticket.recalls + 1, "last_called_at": event.at, "steps": steps}


def _serving(ticket: Ticket, event: Event) -> dict[str, Any]:
    step = current(ticket)  # who was sent back to the pool from a first service starts anew
    times = {"started_at": event.at, "held_ms": 0, "held_before_ms": step.held_before_ms + step.held_ms}
    return {"serving_at": event.at, "steps": _step(ticket, **times)}


def _held(ticket: Ticket, event: Event) -> dict[str, Any]:
    return {"held_until": event.data.get("until"), "steps": _step(ticket, held_at=event.at)}


def _away_ms(ticket: Ticket, at: int) -> dict[str, Any]:
    """The step's time away, closed at `at` when it is still running."""
    step = current(ticket)
    if step.held_at is None:
        return {}
    total = "held_before_ms" if step.started_at is None else "held_ms"
    return {"held_at": None, total: getattr(step, total) + at - step.held_at}


def _resumed(ticket: Ticket, event: Event) -> dict[str, Any]:
    started = current(ticket).started_at
    times = _away_ms(ticket, event.at) | ({"started_at": event.at} if started is None else {})
    return {"held_until": None, "serving_at": started if started is not None else event.at, "steps": _step(ticket, **times)}


def _released(ticket: Ticket, event: Event) -> dict[str, Any]:
    return {"counter": None, "held_until": None, "steps": _step(ticket, **_away_ms(ticket, event.at))}


def _ended(ticket: Ticket, event: Event, outcome: str | None) -> dict[str, Any]:
    """The changes that end the current step at this event; a start that nobody marked is inferred from the last call."""
    step, data = current(ticket), event.data
    times: dict[str, Any] = {"ended_at": event.at, "outcome": outcome} | _away_ms(ticket, event.at)
    if data.get("start_inferred") and step.started_at is None:
        times |= {"started_at": step.last_called_at, "start_inferred": True}
    if data.get("machine_closed"):
        times["machine_closed"] = True
    if data.get("dossier_code"):
        times["procedures"] = (*step.procedures, {"dossier_code": data["dossier_code"]})
    return {"ended_at": event.at, "outcome": outcome, "held_until": None, "steps": _step(ticket, **times)}


def _transferred(ticket: Ticket, event: Event) -> dict[str, Any]:
    data = event.data
    ended = _ended(ticket, event, "transferred")["steps"]
    step = Step(len(ended) + 1, data["service"], event.at)
    return {
        "service": data["service"],
        "counter": None,
        "for_counter": data.get("for_counter"),
        "return_to": data.get("return_to"),
        "tasks": tuple(data.get("tasks", ticket.tasks)),
        "zone": data.get("zone"),
        "effective_at": data["effective_at"],
        "available_from": event.at,
        "credits": data["credits"],
        "called_at": None,
        "last_called_at": None,
        "serving_at": None,
        "held_until": None,
        "recalls": 0,
        "steps": (*ended, step),
    }


def _completed(ticket: Ticket, event: Event) -> dict[str, Any]:
    return _ended(ticket, event, event.data["outcome"])


def _closed_by_system(ticket: Ticket, event: Event) -> dict[str, Any]:
    outcome = "no_show" if ticket.state == "called" else "done"
    return _ended(ticket, event, outcome) | {"machine_closed": True}


def _readmitted(ticket: Ticket, event: Event) -> dict[str, Any]:
    """The same step lives again: its wait stays the one to the first call, and its record gets a new revision."""
    return {
        "counter": None,
        "serving_at": None,
        "ended_at": None,
        "outcome": None,
        "readmissions": ticket.readmissions + 1,
        "effective_at": event.data["effective_at"],
        "credits": event.data["credits"],
        "revision": ticket.revision + 1,
        "steps": _step(ticket, counter=None, started_at=None, start_inferred=False, ended_at=None, outcome=None),
    }


def _print_outcome(ticket: Ticket, event: Event) -> dict[str, Any]:
    return {"print": event.data["outcome"]}


def _annotated(ticket: Ticket, event: Event) -> dict[str, Any]:
    procedures = event.data.get("procedures")
    if procedures is None:
        return {}
    return {"revision": ticket.revision + 1, "steps": _step(ticket, procedures=tuple(procedures))}


def _corrected(ticket: Ticket, event: Event) -> dict[str, Any]:
    service = event.data.get("service")
    changes: dict[str, Any] = {"revision": ticket.revision + 1}
    return changes | ({"service": service, "steps": _step(ticket, service=service)} if service else {})


EFFECTS: dict[str, Effect] = {
    "amended": _amended,
    "called": _called,
    "recalled": _recalled,
    "serving_started": _serving,
    "held": _held,
    "resumed": _resumed,
    "released": _released,
    "transferred": _transferred,
    "moved": lambda t, e: _ended(t, e, "moved"),
    "completed": _completed,
    "no_show": lambda t, e: _ended(t, e, "no_show"),
    "readmitted": _readmitted,
    "cancelled": lambda t, e: _ended(t, e, "cancelled"),
    "expired": lambda t, e: _ended(t, e, "expired"),
    "closed_by_system": _closed_by_system,
    "print_outcome": _print_outcome,
    "reprinted": lambda t, e: {"reprints": t.reprints + 1},
    "annotated": _annotated,
    "rated": lambda t, e: {"rating": e.data["stars"], "revision": t.revision + 1},
    "corrected": _corrected,
    "voided": lambda t, e: {"voided": True},
}


# ---------------------------------------------------------------- undo
def as_data(ticket: Ticket) -> dict[str, Any]:
    """The ticket as plain JSON values, one member per field."""
    data = {f.name: getattr(ticket, f.name) for f in fields(Ticket)}
    data["needs"], data["tasks"] = list(ticket.needs), list(ticket.tasks)
    data["steps"] = [{f.name: getattr(step, f.name) for f in fields(Step)} | {"procedures": list(step.procedures)} for step in ticket.steps]
    return data


def steps_from(rows: Iterable[dict[str, Any]]) -> tuple[Step, ...]:
    """Steps from plain JSON values; members that we do not know are left out."""
    return tuple(_step_from(row) for row in rows)


def _step_from(row: dict[str, Any]) -> Step:
    values: dict[str, Any] = {name: row[name] for name in STEP_FIELDS if name in row}
    return Step(**values | {"procedures": tuple(values.get("procedures", ()))})


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
