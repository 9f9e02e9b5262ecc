"""Calling: the next person, a chosen one, and everything that follows at the desk until the visit ends.

The site is held while this runs, so two clerks never call one person: the second simply gets the next one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from queue_server.domain import calendar
from queue_server.domain.counter import Counter
from queue_server.domain.errors import Refusal, illegal
from queue_server.domain.visit import AT_COUNTER, Ticket, current
from queue_server.services import dossiers, transferring
from queue_server.services.counters import must_be_active
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
        offer_undo(unit, desk, unit.config.policy.undo_s, freed=called is None)
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
    desk = must_be_active(unit, unit.counter(code))
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
        "turn": max(step.turns, int(step.first_called_at is not None)) + 1,
        "wait_ms": max(0, unit.now_ms - step.available_from),
        "before_opening_ms": step.before_opening_ms,
        "over_breaks_ms": calendar.closed_ms(hours, step.available_from, unit.now_ms, unit.config.utc_offset_min),
    }
    return unit.ticket_event(ticket, "called", data, at_counter=desk.code)


def offer_undo(unit: Unit, desk: Counter, within_s: int, *, freed: bool = False) -> None:
    """Remember that this command is the counter's last, and until when it may be undone; `freed`: nobody is there since."""
    freed_at = unit.now_ms if freed else desk.freed_at
    unit.repository.put_counter(replace(desk, undo_cmd=unit.cmd, undo_until=unit.now_ms + within_s * 1000, freed_at=freed_at))


# ---------------------------------------------------------------- the person at the desk
def _end(unit: Unit, desk: Counter, ticket: Ticket, how: str) -> None:
    if how == "completed":
        transferring.complete(unit, desk, ticket)
    elif how == "no_show":
        unit.ticket_event(ticket, "no_show", {})
    else:
        unit.ticket_event(ticket, "released", {"reason": "requeue"})


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
        return transferring.transfer(unit, desk, ticket, **fields)
    if command == "complete":
        return transferring.complete(unit, desk, ticket, **fields)
    if command == "reclassify":
        unit.config.known_service(fields["service"])
        return unit.ticket_event(ticket, "corrected", {"service": fields["service"], "reason": fields.get("reason")})
    if command == "procedures":
        return dossiers.note(unit, ticket, fields["procedures"])
    raise Refusal("not_found", what="command")


def on_ticket(unit: Unit, ticket_id: str, command: str, *, counter: str, **fields: Any) -> dict[str, Any]:
    """A command of a counter on a ticket that it holds."""
    desk, ticket = _at_work(unit, counter), unit.ticket(ticket_id)
    if ticket.counter != counter:
        raise Refusal("illegal_transition", command=command, state=ticket.state, counter=ticket.counter, wanted_counter=counter)
    return _done(unit, desk, ticket, command, fields)


def on_counter(unit: Unit, counter: str, command: str, *, if_ticket: str | None = None) -> dict[str, Any]:
    """A command on whoever stands at the counter (a keypad knows no ticket); `if_ticket` guards against a stale screen."""
    desk = _at_work(unit, counter)
    there = unit.repository.at_counter(unit.site, counter)
    if there is None or (if_ticket is not None and there.id != if_ticket):
        raise Refusal("illegal_transition", command=command, state="nobody" if there is None else "another", counter=counter)
    return _done(unit, desk, there, command, {})


def _at_work(unit: Unit, code: str) -> Counter:
    """A counter that is not closed, and not the one its clerk left for another."""
    desk = must_be_active(unit, unit.counter(code))
    if desk.state == "closed":
        raise Refusal("counter_closed", counter=code, state=desk.state)
    return desk


def _done(unit: Unit, desk: Counter, ticket: Ticket, command: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The command carried out, and offered to be taken back."""
    after = _act(unit, desk, ticket, command, fields)
    policy, left = unit.config.policy, ticket.state in AT_COUNTER and after.state not in AT_COUNTER
    if after.state == "moved":  # on the way to another site: nobody here takes that back
        unit.repository.put_counter(replace(desk, undo_cmd=None, undo_until=None, freed_at=unit.now_ms if left else desk.freed_at))
    elif command not in ("recall", "procedures"):  # with those the command before stays the one to undo
        offer_undo(unit, desk, policy.undo_no_show_s if command == "no-show" else policy.undo_s, freed=left)
    return ticket_json(after, unit.row, unit.config)
