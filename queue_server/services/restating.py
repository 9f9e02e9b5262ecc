"""Tickets that another server acknowledged and this one does not know: entered as they stand on paper.

After a standby was promoted or a backup restored, kiosks tell again what they were last answered. What is known stays as
it is; what is not is taken with its own number, which this log has jumped past and gives to nobody else. So the person
with the slip is called, whichever server is there to call.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from queue_server.contract import times
from queue_server.domain import calendar, numbering
from queue_server.services import leasing
from queue_server.services.ids import token_hash
from queue_server.services.issuing import record
from queue_server.services.leasing import given_out
from queue_server.services.unit import Unit


def settle(unit: Unit, lease_id: str, *, tickets: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Enter what a kiosk gave out of a lease; of one that this copy never knew (it was cut after the backup) by the rule for
    tickets: with the number on paper, which this log has jumped past."""
    if not tickets or unit.repository.lease(unit.site, lease_id) is not None:
        return leasing.settle(unit, lease_id, tickets=tickets)
    return {"lease": lease_id, "tickets": restate(unit, tickets=tickets)["tickets"]}


def restate(unit: Unit, *, tickets: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Per ticket `settled`, `already`, or `conflict` with the reason; in the order told."""
    return {"tickets": [_one(unit, told, n) for n, told in enumerate(tickets)]}


def _one(unit: Unit, told: dict[str, Any], n: int) -> dict[str, Any]:
    answer = {"number": told["number"], "ticket_id": told["ticket_id"]}
    if unit.repository.ticket(unit.site, told["ticket_id"]) is not None:
        return answer | {"result": "already"}
    if not told.get("service"):
        return answer | {"result": "conflict", "reason": "unknown_lease"}  # only the lease could have said for what
    service = unit.config.known_service(told["service"], f"/tickets/{n}/service")
    at = told["issued_at"] if isinstance(told["issued_at"], int) else times.decode(told["issued_at"])
    day = calendar.business_day(at, unit.config.utc_offset_min)
    if day != unit.business_day:
        return answer | {"result": "conflict", "reason": "another_day"}
    if why := _taken(unit, service.series, told["number"]):
        return answer | {"result": "conflict", "reason": why}
    begun = calendar.midnight_ms(day, unit.config.utc_offset_min)
    row = {"id": None, "series": service.series, "business_day": day, "issued_at": begun, "device": unit.who.id}
    data = given_out(unit, row, told, n) | {"number": told["number"], "restated": True}
    page = token_hash(told["token"]) if told.get("token") else None
    record(unit, data.pop("offered"), data, told["ticket_id"], page, told.get("holder_key"))
    return answer | {"result": "settled"}


def _taken(unit: Unit, series: str, number: int) -> str | None:
    """Why a number cannot be this person's: somebody here has it, or it may still be given to somebody."""
    label = numbering.label(series, number)
    if unit.repository.tickets_by_label(unit.site, unit.business_day, label):
        return "number_taken"
    row = unit.repository.series(unit.site, unit.business_day, series)
    reserved = numbering.RESERVE_FIRST <= number <= numbering.RESERVE_LAST
    return "not_given_yet" if number > row["last_reserved" if reserved else "last_number"] else None
