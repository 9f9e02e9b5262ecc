"""What each event does to a ticket's fields. Whether it may happen at all stands in the table of `ticket`; nothing calls
these functions but its `apply()`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from queue_server.domain.event import Event
from queue_server.domain.visit import FIELDS, Step, Ticket, current

Effect = Callable[[Ticket, Event], dict[str, Any]]


def issue(event: Event) -> Ticket:
    data = dict(event.data)
    data["needs"], data["tasks"] = tuple(data.get("needs", ())), tuple(data.get("tasks", ()))
    late = bool(data.get("entered_late"))
    step = Step(1, event.service or "", data["available_from"], before_opening_ms=data.pop("before_opening_ms", 0), entered_late=late)
    return Ticket(
        id=event.ticket or "",
        site=event.site,
        label=event.label or "",
        service=event.service or "",
        taken_for="" if event.type == "arrived" else event.service or "",
        state="waiting",
        issued_seq=event.seq,
        arrived_from=data.pop("arrived_from", data["available_from"]),
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


def _let_passed(ticket: Ticket, event: Event) -> dict[str, Any]:
    """A later place, as if the person had come so much later: whatever moves the place afterwards counts from there. The wait
    stays the one since the arrival."""
    later_ms = event.data["effective_at"] - ticket.effective_at
    return {
        "effective_at": event.data["effective_at"],
        "arrived_from": ticket.arrived_from + later_ms,
        "let_pass": ticket.let_pass + event.data["count"],
    }


def _called(ticket: Ticket, event: Event) -> dict[str, Any]:
    step = current(ticket)
    first = step.first_called_at is None
    times: dict[str, Any] = {"counter": event.counter, "last_called_at": event.at, "turns": event.data.get("turn", step.turns)}
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
    return {"serving_at": event.at, "doubt": False, "steps": _step(ticket, **times)}


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
    if data.get("elapsed_ms") is not None:
        times["elapsed_ms"] = data["elapsed_ms"]
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
        "quantity": data.get("quantity", ticket.quantity),
        "zone": data.get("zone"),
        "effective_at": data["effective_at"],
        "arrived_from": data.get("arrived_from", ticket.arrived_from),
        "available_from": event.at,
        "credits": data["credits"],
        "called_at": None,
        "last_called_at": None,
        "serving_at": None,
        "held_until": None,
        "recalls": 0,
        "steps": (*ended, step),
    }


def _carried(ticket: Ticket, event: Event) -> dict[str, Any]:
    """Yesterday's step ends with yesterday; the next waits from the opening on, so that no night is in any wait."""
    data, at = event.data, event.data["available_from"]
    ended = _ended(ticket, event, "carried")["steps"]
    return {
        "carried_to": data["to_day"],
        "counter": None,
        "effective_at": data["effective_at"],
        "available_from": at,
        "arrived_from": at,
        "credits": data["credits"],
        "called_at": None,
        "last_called_at": None,
        "serving_at": None,
        "held_until": None,
        "recalls": 0,
        "steps": (*ended, Step(len(ended) + 1, ticket.service, at)),
    }


def _completed(ticket: Ticket, event: Event) -> dict[str, Any]:
    return _ended(ticket, event, event.data["outcome"])


def _closed_by_system(ticket: Ticket, event: Event) -> dict[str, Any]:
    outcome = "no_show" if ticket.state == "called" else "done"
    return _ended(ticket, event, outcome) | {"machine_closed": True}


def _readmitted(ticket: Ticket, event: Event) -> dict[str, Any]:
    """The same step lives again: its wait stays the one to the first call, and its record gets a new revision. Whatever
    moves the place later (a class given, a transfer) counts from the second arrival."""
    return {
        "arrived_from": event.at,
        "doubt": False,
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
    return {"print": event.data["outcome"], "doubt": bool(event.data.get("doubt"))}


def _print_wanted(ticket: Ticket, event: Event) -> dict[str, Any]:
    """Somebody stands before whoever wants it, so the number is in no doubt; a first slip is still to come."""
    again: dict[str, Any] = {"reprints": ticket.reprints + 1} if event.data["reprint"] else {"print": "pending"}
    return again | {"doubt": False}


def _priority_refused(ticket: Ticket, event: Event) -> dict[str, Any]:
    """The ordinary place; that it was asked for and refused is counted."""
    moved = {name: event.data[name] for name in ("credits", "effective_at")}
    return moved | {"priority_class": None, "priority_check": "refused"}


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
    "let_passed": _let_passed,
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
    "carried": _carried,
    "closed_by_system": _closed_by_system,
    "print_outcome": _print_outcome,
    "reprinted": lambda t, e: {"reprints": t.reprints + 1, "doubt": False},
    "print_wanted": _print_wanted,
    "priority_confirmed": lambda t, e: {"priority_check": "confirmed"},
    "priority_refused": _priority_refused,
    "annotated": _annotated,
    "rated": lambda t, e: {"rating": e.data["stars"], "revision": t.revision + 1},
    "corrected": _corrected,
    "voided": lambda t, e: {"voided": True},
}
