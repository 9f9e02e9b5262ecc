"""Undo: every event that one command of a counter caused on tickets is reversed, newest first. The log keeps both."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from queue_server.domain.errors import Refusal
from queue_server.domain.event import Event
from queue_server.domain.ticket import TRANSITIONS, difference, fold
from queue_server.domain.visit import AT_COUNTER, Ticket
from queue_server.services.counters import must_be_active
from queue_server.services.unit import Unit
from queue_server.services.views import ticket_json

# Events that change nothing one could trip over: a slip that was printed meanwhile does not stop an undo.
MOVING = frozenset({"amended", "corrected", "priority_refused"})
HARMLESS = frozenset(kind for kind, (_, target) in TRANSITIONS.items() if target is None) - MOVING | {"recalled"}

# Nobody takes these back: an undo is itself the taking back, a day that was closed stays closed, and who moved is elsewhere.
FINAL = frozenset({"undone", "expired", "carried", "closed_by_system", "moved"})


def undo(unit: Unit, counter: str, *, cmd: str | None = None, reason: str | None = None) -> dict[str, Any]:
    """Reverse the counter's last command (or an earlier one that nothing has built upon). Answers with the tickets."""
    desk = must_be_active(unit, unit.counter(counter))
    if desk.state == "closed":
        raise Refusal("counter_closed", counter=counter, state=desk.state)
    wanted = cmd or desk.undo_cmd
    caused = unit.repository.events_of_cmd(unit.site, wanted) if wanted else []
    on_tickets = [event for event in caused if event.ticket is not None and event.type not in FINAL]
    if not on_tickets or not any(event.counter == counter for event in on_tickets):
        raise Refusal("undo_too_late", cmd=wanted)
    policy = unit.config.policy
    within_s = policy.undo_no_show_s if any(event.type == "no_show" for event in on_tickets) else policy.undo_s
    if unit.now_ms > on_tickets[-1].at + within_s * 1000:
        raise Refusal("undo_too_late", cmd=wanted, within_s=within_s)
    undone = [_reverse(unit, event, reason) for event in reversed(on_tickets)]
    if any(event.type == "counter.resumed" for event in caused) and desk.state == "open":
        desk = unit.counter_event(desk, "counter.wrapping_up", {"by": "undo"})
    unit.repository.put_counter(replace(desk, undo_cmd=None, undo_until=None))
    return {"undone": wanted, "tickets": [ticket_json(ticket, unit.row, unit.config) for ticket in undone]}


def _reverse(unit: Unit, event: Event, reason: str | None) -> Ticket:
    history = unit.repository.events_of(unit.site, event.subject)
    later = [e for e in history if e.seq > event.seq and e.cmd != event.cmd and e.type not in HARMLESS]
    before = fold(e for e in history if e.seq < event.seq)
    if later or before is None:
        raise Refusal("undo_overtaken", cmd=event.cmd)
    ticket = unit.ticket(str(event.ticket))
    if before.state in AT_COUNTER:
        there = unit.repository.at_counter(unit.site, str(before.counter))
        if there is not None and there.id != ticket.id:
            raise Refusal("undo_overtaken", cmd=event.cmd)
    kept = _harmless_since(ticket, before, history, event)
    data = {"undoes": event.type, "undoes_seq": event.seq, "undoes_cmd": event.cmd, "reason": reason, "restore": difference(ticket, kept)}
    return unit.ticket_event(ticket, "undone", data)


def _harmless_since(now: Ticket, before: Ticket, history: list[Event], event: Event) -> Ticket:
    """The ticket as it was before the event, with what harmless events have told since (a print outcome, a rating)."""
    told: dict[str, tuple[str, ...]] = {
        "print_outcome": ("print", "doubt"), "reprinted": ("reprints", "doubt"), "rated": ("rating",), "voided": ("voided",),
        "print_wanted": ("print", "reprints", "doubt"), "priority_confirmed": ("priority_check",),
    }  # fmt: skip
    since = {e.type for e in history if e.seq > event.seq}
    return replace(before, **{field: getattr(now, field) for kind, fields in told.items() if kind in since for field in fields})
