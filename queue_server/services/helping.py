"""What the people who guide the hall do beside the counters: help calls, slips at a chosen kiosk, priority by papers, rush hour.

Every change is an event; the tables of today follow from them (`projecting`). What is looked at is `hall_queries`'s.
"""

from __future__ import annotations

from typing import Any

from queue_server.domain import routing
from queue_server.domain.errors import Refusal, illegal
from queue_server.services.hall_queries import GIVEN_OUT_MS, call_json, rush_json
from queue_server.services.unit import Unit
from queue_server.services.views import ticket_json

DECISIONS = ("confirmed", "refused")


# ---------------------------------------------------------------- help calls
def call(unit: Unit, *, place: str, need: str | None = None) -> dict[str, Any]:
    """Somebody at a kiosk or a counter asks for a person. One call per place: pressed again it is the same call."""
    for row in unit.repository.help_calls(unit.site):
        if row["kind"] == "help" and row["place"] == place and row["state"] == "open":
            return call_json(row, unit.config, unit.now_ms)
    counter = place if place in unit.config.counters else None
    made = unit.new_id()
    unit.event("help.called", f"help:{made}", {"place": place, "need": need}, counter=counter)
    return _call(unit, made)


def answer(unit: Unit, call_id: str) -> dict[str, Any]:
    """Somebody goes there. Who comes second sees that it was answered."""
    row = _known(unit, call_id)
    if row["state"] == "done":
        raise illegal("answer", "done", ("open",))
    if row["state"] == "open":
        unit.event("help.answered", f"help:{call_id}", {"place": row["place"]}, counter=_counter_of(unit, row))
    return _call(unit, call_id)


def done(unit: Unit, call_id: str) -> dict[str, Any]:
    """Helped, whether anybody had said to be coming or not."""
    row = _known(unit, call_id)
    if row["state"] != "done":
        unit.event("help.done", f"help:{call_id}", {"place": row["place"]}, counter=_counter_of(unit, row))
    return _call(unit, call_id)


def _known(unit: Unit, call_id: str) -> Any:
    row = unit.repository.help_call(unit.site, call_id)
    if row is None:
        raise Refusal("not_found", what="help_call")
    return row


def _call(unit: Unit, call_id: str) -> dict[str, Any]:
    return call_json(_known(unit, call_id), unit.config, unit.now_ms)


def _counter_of(unit: Unit, row: Any) -> str | None:
    return row["place"] if row["place"] in unit.config.counters else None


# ---------------------------------------------------------------- paper
def print_at(unit: Unit, ticket_id: str, *, device: str, reprint: bool = False, reason: str | None = None) -> dict[str, Any]:
    """A ticket's slip is wanted at a kiosk. While that kiosk may still print it, asking again asks for nothing more."""
    ticket = unit.ticket(ticket_id)
    known = unit.repository.device(unit.site, device)
    if known is None or known["role"] != "kiosk":
        raise Refusal("not_found", what="device")
    for job in unit.repository.print_jobs_of(unit.site, ticket_id):
        young = unit.now_ms - job["wanted_at"] < GIVEN_OUT_MS
        if job["outcome"] is None and job["device"] == device and young and bool(job["reprint"]) == reprint:
            return ticket_json(ticket, unit.row, unit.config) | {"job": job["id"]}
    data = {"job": unit.new_id(), "device": device, "reprint": reprint, "reason": reason}
    after = unit.ticket_event(ticket, "print_wanted", data)
    return ticket_json(after, unit.row, unit.config) | {"job": data["job"]}


# ---------------------------------------------------------------- priority by papers
def priority(unit: Unit, ticket_id: str, *, decision: str, reason: str | None = None) -> dict[str, Any]:
    """Somebody saw the papers: the priority stands, or the person has the ordinary place of their arrival. Both are counted."""
    ticket = unit.ticket(ticket_id)
    if ticket.priority_class is None:
        raise illegal(f"priority_{decision}", "without_priority", ("with_priority",))
    data: dict[str, Any] = {"class": ticket.priority_class, "reason": reason}
    if decision == "refused":
        credits = {rule: credit for rule, credit in (ticket.credits or {}).items() if rule != "priority"}
        data |= {"credits": credits, "effective_at": routing.effective(ticket.arrived_from, credits)}
    after = unit.ticket_event(ticket, f"priority_{decision}", data)
    return ticket_json(after, unit.row, unit.config)


# ---------------------------------------------------------------- rush hour
def rush(unit: Unit, *, on: bool) -> dict[str, Any]:
    """Rush hour begins or is over: kiosks print the short slip and ask less. Ends by itself with the day."""
    row = unit.repository.hall(unit.site)
    if on != bool(row and row["rush_since"]):
        unit.event("hall.rush_started" if on else "hall.rush_ended", "hall:rush", {})
    return {"site": unit.site, "rush": rush_json(unit.repository.hall(unit.site))}
