"""Visits that need not have been, and those that had no other way: what was done in them, held against what is marked in the house's
configuration as possible online, possible in part, or without an interactive form.

Pure. A visit counts by the procedures that were noted for it, and by its services where none was; what nobody has marked is counted
as not marked, never as impossible.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from queue_server.domain.visit import Ticket

MARKS = ("full", "partial", "no_form")  # online from end to end; in part; no interactive form to fill in


def done_in(ticket: Ticket) -> tuple[str, ...]:
    """Codes of what a visit was for, each once."""
    named = [entry["code"] for step in ticket.steps for entry in step.procedures if entry.get("code")]
    return tuple(dict.fromkeys(named or [step.service for step in ticket.steps]))


def chances(tickets: Iterable[Ticket], marks: Mapping[str, str]) -> dict[str, Any]:
    """How many visits had something of each mark, and by code how many visits each marked one drew. A visit with two marks counts in
    both; void visits and those that were never called count nowhere, for nobody knows what they were for."""
    visits: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    for ticket in tickets:
        if ticket.voided or all(step.first_called_at is None for step in ticket.steps):
            continue
        found = [code for code in done_in(ticket) if code in marks]
        codes.update(found)
        visits.update({marks[code] for code in found} or {"not_marked"})
        visits["visits"] += 1
    by_code = [{"code": code, "mark": marks[code], "visits": n} for code, n in sorted(codes.items(), key=lambda row: (-row[1], row[0]))]
    return {name: visits[name] for name in ("visits", *MARKS, "not_marked")} | {"by_code": by_code}
