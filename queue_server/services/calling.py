"""Calling: the next person, a chosen one, and everything that follows at the desk until the visit ends.

The site is held while this runs, so two clerks never call one person: the second simply gets the next one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from queue_server.domain import calendar, routing
from queue_server.domain.counter import Counter
from queue_server.domain.errors import Refusal, illegal, invalid
from queue_server.domain.ticket import TRANSITIONS
from queue_server.domain.visit import Ticket, current
from queue_server.services import attending
from queue_server.services.unit import Unit
from queue_server.services.views import ticket_json

READY = ("open", "wrapping_up")
NOBODY = "nobody"


# ---------------------------------------------------------------- next and chosen
def next_ticket(unit: Unit, counter: str, *, previous: str | None = None, if_ticket: str | None = None) -> dict[str, Any]:
    """End with the person at the desk (default completed) and call the next: `{"ticket": …}`, or null with nobody waiting.

    `if_ticket`: nothing of this where somebody else, or somebody at all (`nobody`), is there: a screen was quicker than a key.
    """
    desk = _ready(unit, counter)
    there = unit.repository.at_counter(unit.site, counter)
    if if_ticket is not None and if_ticket != (NOBODY if there is None else there.id):
        raise Refusal("illegal_transition", command="next", state="nobody" if there is None else "another", counter=counter)
    if there is not None:
        _end(unit, desk, there, previous or "completed")
    chosen = unit.repository.next_for(unit.site, counter, desk.services)
    called = None if chosen is None else call_to(unit, desk, chosen, {"rule": "next"})
    if there is not None or called is not None:
        offer_undo(unit, desk, unit.config.policy.undo_s)
    return {"ticket": None if called is None else ticket_json(called, unit.row, unit.config)}


def call_chosen(unit: Unit, counter: str, *, ticket: str, reason: str) -> dict[str, Any]:
    """Call one person out of order; the reason stays in the log."""
    desk = _ready(unit, counter)
    if unit.repository.at_counter(unit.site, counter) is not None:
        raise illegal("call", "busy", ("free",))
    called = call_to(unit, desk, unit.ticket(ticket), {"rule": "chosen", "reason": reason})
    offer_undo(unit, desk, unit.config.policy.undo_s)
    return {"ticket": ticket_json(called, unit.row, unit.config)}


def _ready(unit: Unit, code: str) -> Counter:
    """The counter, open; one that still wraps up is open again as soon as it calls."""
    desk = unit.counter(code)
    if desk.state not in READY:
        raise Refusal("counter_closed", counter=code, state=desk.state)
    if desk.state == "wrapping_up":
        desk = unit.counter_event(desk, "counter.resumed", {"by": "next"})
    return desk


def call_to(unit: Unit, desk: Counter, ticket: Ticket, why: dict[str, Any]) -> Ticket:
    """Call somebody to a counter; `why` says by which rule."""
    step = current(ticket)
    hours = unit.config.calendar_of(ticket.service) if ticket.service in unit.config.services else calendar.Calendar()
    data = why | {
        "effective_at": ticket.effective_at,
        "wait_ms": max(0, unit.now_ms - step.available_from),
        "before_opening_ms": step.before_opening_ms,
        "over_breaks_ms": calendar.closed_ms(hours, step.available_from, unit.now_ms, unit.config.utc_offset_min),
    }
    return unit.ticket_event(ticket, "called", data, at_counter=desk.code)


def offer_undo(unit: Unit, desk: Counter, within_s: int) -> None:
    """Remember that this command is the counter's last, and until when it may be undone."""
    unit.repository.put_counter(replace(desk, undo_cmd=unit.cmd, undo_until=unit.now_ms + within_s * 1000))


# ---------------------------------------------------------------- the person at the desk
def _end(unit: Unit, desk: Counter, ticket: Ticket, how: str) -> None:
    if how == "completed":
        complete(unit, desk, ticket)
    elif how == "no_show":
        unit.ticket_event(ticket, "no_show", {})
    else:
        unit.ticket_event(ticket, "released", {"reason": "requeue"})


def complete(
    unit: Unit, desk: Counter, ticket: Ticket, outcome: str = "done", dossier_code: str | None = None, told: dict[str, Any] | None = None
) -> Ticket:
    """End the step. Where the visit goes on (back to the counter that sent it, or a task this desk does not serve), the
    person waits for the next step; else the visit is complete. A start that nobody marked is inferred."""
    data: dict[str, Any] = {"outcome": outcome, "start_inferred": ticket.state == "called"} | (told or {})
    if dossier_code:
        data["dossier_code"] = dossier_code
    if outcome == "done" and ticket.state in TRANSITIONS["transferred"][0]:
        if ticket.return_to and ticket.return_to != desk.code:
            back = ticket.steps[-2].service if len(ticket.steps) > 1 else ticket.service
            return _transfer(unit, ticket, back, data | {"for_counter": ticket.return_to})
        remaining = [task for task in ticket.tasks if task not in desk.services]
        if remaining:
            return _transfer(unit, ticket, remaining[0], data | {"tasks": remaining[1:]})
    return unit.ticket_event(ticket, "completed", data)


def _transfer(unit: Unit, ticket: Ticket, service: str, data: dict[str, Any]) -> Ticket:
    """The next step waits with the arrival time kept and one more transfer's credit."""
    credits = dict(ticket.credits or {})
    credits["transfer"] = credits.get("transfer", 0) + unit.config.policy.transfer_credit_s
    effective_at = routing.effective(ticket.arrived_from, credits)
    zone = unit.config.services[service].zone if service in unit.config.services else None
    onward = {"service": service, "credits": credits, "effective_at": effective_at, "zone": zone}
    return unit.ticket_event(ticket, "transferred", onward | data)


def transfer(
    unit: Unit, desk: Counter, ticket: Ticket, to: dict[str, Any], *, return_to_me: bool = False, reason: str | None = None
) -> Ticket:
    """Send the person on to a service or a counter of this site."""
    if to.get("site") and to["site"] != unit.site:
        raise invalid("/to/site", "unknown_site", "no other site is connected to this one")
    service, counter = to.get("service"), to.get("counter")
    if service:
        unit.config.known_service(service, "/to/service")
    if counter:
        unit.config.known_counter(counter)
    if not service and not counter:
        raise invalid("/to", "required", "name a service or a counter")
    if not service:
        served = unit.config.served_by(str(counter))
        service = ticket.service if ticket.service in served else served[0]
    data = {"for_counter": counter, "reason": reason, "return_to": desk.code if return_to_me else None}
    data["start_inferred"] = ticket.state == "called"
    return _transfer(unit, ticket, service, data)


SIMPLE = {"recall": "recalled", "serve": "serving_started", "resume": "resumed", "no-show": "no_show"}


def _act(unit: Unit, desk: Counter, ticket: Ticket, command: str, fields: dict[str, Any]) -> Ticket:
    """One command of the desk on one ticket."""
    if command in SIMPLE:
        if command == "resume" and unit.repository.at_counter(unit.site, desk.code) is not None:
            raise illegal("resume", "busy", ("free",))
        return unit.ticket_event(ticket, SIMPLE[command], {})
    if command == "hold":
        return unit.ticket_event(ticket, "held", {"reason": fields.get("reason"), "until": fields.get("until")})
    if command == "release":
        return unit.ticket_event(ticket, "released", {"reason": fields.get("reason")})
    if command == "transfer":
        return transfer(unit, desk, ticket, **fields)
    if command == "complete":
        return complete(unit, desk, ticket, **fields)
    if command == "reclassify":
        unit.config.known_service(fields["service"])
        return unit.ticket_event(ticket, "corrected", {"service": fields["service"], "reason": fields.get("reason")})
    if command == "procedures":
        return attending.procedures(unit, ticket, fields["procedures"])
    raise Refusal("not_found", what="command")


def on_ticket(unit: Unit, ticket_id: str, command: str, *, counter: str, **fields: Any) -> dict[str, Any]:
    """A command of a counter on a ticket that it holds."""
    desk, ticket = unit.counter(counter), unit.ticket(ticket_id)
    if desk.state == "closed":
        raise Refusal("counter_closed", counter=counter, state=desk.state)
    if ticket.counter != counter:
        raise Refusal("illegal_transition", command=command, state=ticket.state, counter=ticket.counter, wanted_counter=counter)
    after = _act(unit, desk, ticket, command, fields)
    _offer(unit, desk, command)
    return ticket_json(after, unit.row, unit.config)


def on_counter(unit: Unit, counter: str, command: str, *, if_ticket: str | None = None) -> dict[str, Any]:
    """A command on whoever stands at the counter (a keypad knows no ticket); `if_ticket` guards against a stale screen."""
    desk = unit.counter(counter)
    if desk.state == "closed":
        raise Refusal("counter_closed", counter=counter, state=desk.state)
    there = unit.repository.at_counter(unit.site, counter)
    if there is None or (if_ticket is not None and there.id != if_ticket):
        raise Refusal("illegal_transition", command=command, state="nobody" if there is None else "another", counter=counter)
    after = _act(unit, desk, there, command, {})
    _offer(unit, desk, command)
    return ticket_json(after, unit.row, unit.config)


def _offer(unit: Unit, desk: Counter, command: str) -> None:
    if command in ("recall", "procedures"):
        return  # nothing that needs taking back; the command before stays the one to undo
    policy = unit.config.policy
    offer_undo(unit, desk, policy.undo_no_show_s if command == "no-show" else policy.undo_s)
