"""What is done to a ticket away from a counter: amended, cancelled, readmitted, printed, rated, noted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from queue_server.domain import routing
from queue_server.domain.errors import Refusal, illegal, invalid
from queue_server.domain.ticket import TRANSITIONS
from queue_server.domain.visit import Ticket
from queue_server.services.issuing import NEEDS, capped, credits_of
from queue_server.services.unit import Unit
from queue_server.services.views import ticket_json

NOBODY_HOLDS = ("late", "unseen")  # answered when its person had gone; neither printed nor on a screen
ORDINARY = "none"  # the priority class that takes a priority away, and the counter that is any


def amend(unit: Unit, ticket_id: str, *, reason: str | None = None, **fields: Any) -> dict[str, Any]:
    """Change what a waiting (or held) person came for; the arrival time is kept. None leaves a field as it is."""
    ticket = unit.ticket(ticket_id)
    to = {name: value for name, value in fields.items() if value is not None}
    if "service" in to:
        to["zone"] = to.get("zone") or unit.config.known_service(to["service"]).zone
    if "counter" in to:
        to["for_counter"] = _counter(unit, to.pop("counter"))
    if "needs" in to:
        to["needs"] = list(to["needs"])
        if not set(to["needs"]) <= set(NEEDS):
            raise invalid("/needs", "unknown_need", f"some of {', '.join(NEEDS)}")
    cap = capped(unit, to.get("priority_class"))
    if "priority_class" in to:
        to |= _other_class(unit, ticket, to["priority_class"], moves=cap is None)
    before = {name: getattr(ticket, name) for name in to}
    before = {name: list(value) if isinstance(value, tuple) else value for name, value in before.items()}
    told = {"to": to, "from": before, "reason": reason} | ({"capped": cap} if cap else {})
    return _answer(unit, unit.ticket_event(ticket, "amended", told))


def _counter(unit: Unit, wanted: str) -> str | None:
    """The counter to wait for; `none` is whichever serves it."""
    return None if wanted == ORDINARY else unit.config.known_counter(wanted).code


def _other_class(unit: Unit, ticket: Ticket, wanted: str, *, moves: bool) -> dict[str, Any]:
    """A priority given or taken: the rule of the class moves the place (not while it is over its cap), the arrival stays."""
    chosen = None if wanted in (ORDINARY, "") else wanted
    kept = {rule: credit for rule, credit in (ticket.credits or {}).items() if rule != "priority"}
    given = credits_of(unit.config, chosen, None)
    credits = kept | (given if moves else {})
    check = "confirmed" if chosen else None  # whoever gives it has seen the papers
    return {
        "priority_class": chosen,
        "priority_check": check,
        "credits": credits,
        "effective_at": routing.effective(ticket.arrived_from, credits),
    }


def cancel(unit: Unit, ticket_id: str, *, reason: str | None = None) -> dict[str, Any]:
    """The person does not want to wait any longer."""
    data = {"reason": reason, "by": unit.who.kind}
    return _answer(unit, unit.ticket_event(unit.ticket(ticket_id), "cancelled", data))


def readmit(unit: Unit, ticket_id: str, *, reason: str | None = None) -> dict[str, Any]:
    """Someone marked absent is back. Rule `arrives_again`: within the time the policy states, placed as if they came
    now, with the credit of their class."""
    ticket = unit.ticket(ticket_id)
    if ticket.state not in TRANSITIONS["readmitted"][0]:
        raise illegal("readmit", ticket.state, TRANSITIONS["readmitted"][0])
    if ticket.ended_at is not None and unit.now_ms - ticket.ended_at > unit.config.policy.readmit_s * 1000:
        raise Refusal("readmit_too_late", within_s=unit.config.policy.readmit_s)
    credits = {rule: credit for rule, credit in (ticket.credits or {}).items() if rule == "priority"}
    data = {"rule": "arrives_again", "reason": reason, "credits": credits, "effective_at": routing.effective(unit.now_ms, credits)}
    return _answer(unit, unit.ticket_event(ticket, "readmitted", data))


def print_outcome(
    unit: Unit, ticket_id: str, *, outcome: str, detail: str | None = None, device: str | None = None, job: str | None = None
) -> dict[str, Any]:
    """What became of the slip (`job`: of one that was wanted at this kiosk), as the printer's own answers tell. Where nothing came
    out and nobody can have read the number (the detail begins with one of `NOBODY_HOLDS`), it is in doubt until somebody shows it."""
    data: dict[str, Any] = {"outcome": outcome, "detail": detail, "device": device}
    if job is not None:
        data["job"] = job
    if outcome in ("not_sent", "unknown") and (detail or "").partition(" ")[0] in NOBODY_HOLDS:
        data["doubt"] = True
    return _answer(unit, unit.ticket_event(unit.ticket(ticket_id), "print_outcome", data))


def reprint(unit: Unit, ticket_id: str, *, reason: str | None = None) -> dict[str, Any]:
    """The slip is printed once more, marked so."""
    return _answer(unit, unit.ticket_event(unit.ticket(ticket_id), "reprinted", {"reason": reason}))


def rate(unit: Unit, ticket_id: str, *, stars: int) -> dict[str, Any]:
    """How it was, 1 to 5: tied to the ticket and not to a person. Only of a visit that has ended."""
    ticket = unit.ticket(ticket_id)
    if ticket.state != "completed":
        raise illegal("rate", ticket.state, ("completed",))
    return _answer(unit, unit.ticket_event(ticket, "rated", {"stars": stars}))


def annotate(unit: Unit, ticket_id: str, *, text: str) -> dict[str, Any]:
    """A note in the log. It must not name a person; the page says so."""
    return _answer(unit, unit.ticket_event(unit.ticket(ticket_id), "annotated", {"text": text}))


def procedures(unit: Unit, ticket: Ticket, entries: Sequence[dict[str, Any]]) -> Ticket:
    """The procedures and dossiers of the current step."""
    return unit.ticket_event(ticket, "annotated", {"procedures": list(entries)})


def _answer(unit: Unit, ticket: Ticket) -> dict[str, Any]:
    return ticket_json(ticket, unit.row, unit.config)
