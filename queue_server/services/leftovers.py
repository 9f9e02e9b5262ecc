"""How long somebody had waited whom the end of a day found uncalled: to the last closing of their service on that day."""

from __future__ import annotations

from typing import Any

from queue_server.domain import calendar
from queue_server.domain.visit import Ticket, current
from queue_server.services.unit import Unit


def elapsed(unit: Unit, ticket: Ticket) -> dict[str, Any]:
    """`{"elapsed_ms": …}` of a step that was never called, nothing of any other. The night is in nobody's wait: the close of a
    day may be written long after the doors were shut."""
    step = current(ticket)
    if step.first_called_at is not None:
        return {}
    known = ticket.service in unit.config.services
    hours = unit.config.calendar_of(ticket.service) if known else calendar.Calendar()
    closes = calendar.closing(hours, step.available_from, unit.config.utc_offset_min)
    until = unit.now_ms if closes is None else min(unit.now_ms, closes)
    return {"elapsed_ms": max(0, until - step.available_from)}
