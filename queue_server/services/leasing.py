"""Leases: numbers of the reserve band that a kiosk may print alone while the server is away, and their settling.

A leased number is cut from 700–899 of its series and day, once; a settled ticket takes its place in the queue by the
time at which the kiosk gave it out. Numbers that were never given out are burnt at the end of the day.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from queue_server.contract import times
from queue_server.domain import calendar, numbering
from queue_server.domain.config import Service
from queue_server.domain.errors import Refusal, invalid
from queue_server.services.devices import doubtful, lost_at
from queue_server.services.ids import ticket_token, token_hash
from queue_server.services.issuing import carried_numbers, check_free, place, record
from queue_server.services.leftovers import elapsed
from queue_server.services.unit import Unit
from queue_server.services.views import moment


def lease(unit: Unit, *, series: str, count: int) -> dict[str, Any]:
    """Cut `count` numbers (fewer where the band ends) for whoever asks."""
    if not any(service.series == series for service in unit.config.services.values()):
        raise invalid("/series", "unknown_series", "no service here uses this series")
    row = unit.repository.series(unit.site, unit.business_day, series)
    carried = {number for named, number in carried_numbers(unit) if named == series}
    first = max(row["last_reserved"] + 1, numbering.RESERVE_FIRST)
    while first in carried:
        first += 1
    last = min(first + count - 1, numbering.PAPER_FIRST - 1, *(number - 1 for number in carried if number > first))
    if first > last:
        raise Refusal("quota_full", series=series, reserve="used up")
    unit.repository.set_last_number(unit.site, unit.business_day, series, last, reserved=True)
    lease_id, entries, rows = unit.new_id(), [], []
    for number in range(first, last + 1):
        ticket_id = unit.new_id()
        token = ticket_token(unit.row["token_key"], ticket_id)
        entries.append({"number": number, "label": numbering.label(series, number), "ticket_id": ticket_id, "token": token})
        rows.append({"lease": lease_id, "number": number, "ticket": ticket_id, "token_hash": token_hash(token), "settled_at": None})
    expires_at = calendar.midnight_ms(unit.business_day, unit.config.utc_offset_min) + calendar.DAY_MS
    unit.repository.add_lease({
        "id": lease_id, "site": unit.site, "business_day": unit.business_day, "series": series, "device": unit.who.id,
        "first_number": first, "last_number": last, "epoch": unit.row["epoch"], "state": "live",
        "issued_at": unit.now_ms, "expires_at": expires_at,
    }, rows)  # fmt: skip
    unit.event("lease.issued", f"lease:{lease_id}", {"series": series, "first": first, "last": last, "device": unit.who.id})
    head = {"id": lease_id, "series": series, "business_day": unit.business_day, "expires_at": moment(expires_at)}
    return head | {"entries": entries}


def settle(unit: Unit, lease_id: str, *, tickets: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Enter what a kiosk gave out alone: per ticket `settled`, `already` or `conflict`."""
    row = unit.repository.lease(unit.site, lease_id)
    if row is None:
        raise Refusal("not_found", what="lease")
    entries = {entry["number"]: dict(entry) for entry in unit.repository.lease_entries(lease_id)}
    return {"lease": lease_id, "tickets": [_settle_one(unit, row, entries, ticket, n) for n, ticket in enumerate(tickets)]}


def _settle_one(unit: Unit, row: Any, entries: dict[int, dict[str, Any]], told: dict[str, Any], n: int) -> dict[str, Any]:
    number, ticket_id = told["number"], told["ticket_id"]
    answer = {"number": number, "ticket_id": ticket_id}
    entry = entries.get(number)
    if entry is None or entry["ticket"] != ticket_id:
        return answer | {"result": "conflict", "reason": "not_of_this_lease"}
    if entry["settled_at"] is not None:
        return answer | {"result": "already"}
    data = given_out(unit, row, told, n) | {"number": number}
    over = row["business_day"] < unit.business_day
    check_free(unit, ticket_id)
    record(unit, data.pop("offered"), data, ticket_id, entry["token_hash"], None if over else told.get("holder_key"))
    mark_if_lost(unit, ticket_id, row["device"], data["issued_device_at"])
    if over:  # whoever got a number yesterday does not wait today
        made = unit.ticket(ticket_id)
        unit.ticket_event(made, "expired", {"machine_closed": True, "reason": "day_close"} | elapsed(unit, made))
    unit.repository.settle_entry(row["id"], number, unit.now_ms)
    entry["settled_at"] = unit.now_ms
    return answer | {"result": "settled"}


def mark_if_lost(unit: Unit, ticket_id: str, device: str | None, issued_at: int) -> None:
    """What a stolen kiosk gave out after it was gone is taken in, so that nobody with a slip is turned away unheard, and marked."""
    since = lost_at(unit.repository, unit.site, device, issued_at)
    if since is not None:
        unit.ticket_event(unit.ticket(ticket_id), "annotated", doubtful(str(device), since))


def given_out(unit: Unit, row: Any, told: dict[str, Any], n: int) -> dict[str, Any]:
    """The issued event of a leased ticket: device time beside ours, placed by the device's unless it lies ahead of us
    or before the lease itself (a clock that jumped must not win anybody a place)."""
    of_series = [service for service in unit.config.services.values() if service.series == row["series"]]
    offered: Service = unit.config.known_service(told["service"], f"/tickets/{n}/service") if told.get("service") else of_series[0]
    if offered.series != row["series"]:
        raise invalid(f"/tickets/{n}/service", "other_series", "the lease is of another series")
    device_at = told["issued_at"] if isinstance(told["issued_at"], int) else times.decode(told["issued_at"])
    issued_at = min(max(device_at, row["issued_at"]), unit.now_ms)
    hours = unit.config.calendar_of(offered.code)
    available_from = calendar.available_from(hours, issued_at, unit.config.utc_offset_min) or issued_at
    data = {
        "series": row["series"], "business_day": row["business_day"], "issued_at": issued_at, "available_from": available_from,
        "before_opening_ms": max(0, available_from - issued_at), "priority_class": told.get("priority_class"), "source": "kiosk",
        "channel": "in_person", "lang": told.get("lang") or "vi", "zone": offered.zone, "print": told.get("print") or "unknown",
        "lease": row["id"], "device": row["device"], "issued_device_at": device_at, "boot_id": told.get("boot_id"),
        "clock_synced": told.get("clock_synced"), "offered": offered,
    }  # fmt: skip
    return data | place(unit, offered.code, told.get("priority_class"), None, available_from)
