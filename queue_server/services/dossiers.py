"""Procedures and dossiers of one visit: their codes in one form, how many one turn takes, and their place in the log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from queue_server.domain import dossier_code
from queue_server.domain.errors import Refusal, invalid
from queue_server.domain.visit import Ticket
from queue_server.services.unit import Unit


def code(unit: Unit, text: str, pointer: str) -> str:
    """A dossier's code in one form. One of neither form in use is kept as written, unless the policy takes known ones only."""
    found = dossier_code.normal(text)
    if unit.config.policy.dossier_codes == "known" and not dossier_code.known(found):
        raise invalid(pointer, "unknown_form", "e.g. 000.00.53.H48-220921-0001 or G09.20-20260609-0000001")
    return found


def count(entries: Iterable[Mapping[str, Any]]) -> int:
    """How many different dossiers these procedures name."""
    return len({entry["dossier_code"] for entry in entries if entry.get("dossier_code")})


def within_turn(unit: Unit, entries: Iterable[Mapping[str, Any]], pointer: str) -> None:
    """Refused with `dossier_limit` where one turn would take more dossiers than the policy lets it."""
    limit, named = unit.config.policy.dossiers_per_turn, count(entries)
    if limit and named > limit:
        raise Refusal("dossier_limit", limit=limit, dossiers=named, pointer=pointer)


def note(unit: Unit, ticket: Ticket, entries: Sequence[dict[str, Any]]) -> Ticket:
    """The procedures and dossiers of the current step, in place of those noted before. Afterwards, when the visit has ended,
    nothing is limited: what was done was done."""
    told = []
    for n, entry in enumerate(entries):
        found = {name: value for name, value in entry.items() if value is not None}
        if found.get("dossier_code"):
            found["dossier_code"] = code(unit, found["dossier_code"], f"/procedures/{n}/dossier_code")
        told.append(found)
    if ticket.ended_at is None:
        within_turn(unit, told, "/procedures")
    return unit.ticket_event(ticket, "annotated", {"procedures": told})
