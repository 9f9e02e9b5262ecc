"""Letting others pass: whoever waits may step back behind the next few, never forward. One logged event that names the rule."""

from __future__ import annotations

from typing import Any

from queue_server.domain.errors import Refusal, illegal
from queue_server.services.unit import Unit, pool
from queue_server.services.views import ticket_json

MOST = 5


def let_pass(unit: Unit, ticket_id: str, *, count: int) -> dict[str, Any]:
    """Just behind the `count`-th person who would be called after this one by the same counters; behind the last where there are
    fewer. Nobody behind: nothing to give up, and so it is said."""
    ticket = unit.ticket(ticket_id)
    if ticket.state != "waiting":
        raise illegal("let-pass", ticket.state, ("waiting",))
    behind = unit.repository.behind(
        unit.site, pool(unit.config, ticket.service), ticket.effective_at, ticket.issued_seq, doubt=ticket.doubt, limit=count
    )
    if not behind:
        raise Refusal("nobody_behind")
    last = behind[-1]
    # Of two who stand at one instant the earlier number goes first.
    effective_at = last.effective_at + (1 if ticket.issued_seq < last.issued_seq else 0)
    data = {"count": len(behind), "asked": count, "effective_at": effective_at, "from": ticket.effective_at, "by": unit.who.kind}
    return ticket_json(unit.ticket_event(ticket, "let_passed", data), unit.row, unit.config)
