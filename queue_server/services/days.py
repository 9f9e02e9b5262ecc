"""The turn of the day: what yesterday left open is closed by the system and marked so, hashes of holders are wiped, and
yesterday's log is sealed. Run by a timed job with request id `job:day-close:DAY`, so that twice is harmless."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from queue_server.domain import calendar, metrics
from queue_server.domain.event import canonical
from queue_server.domain.principal import SYSTEM
from queue_server.services import command
from queue_server.services.ids import token_hash
from queue_server.services.unit import Unit

if TYPE_CHECKING:
    from queue_server.storage.store import Store


def turn(store: Store, site: str) -> bool:
    """Close and seal the days before today, if that is still to be done. True where something was."""
    with store.read() as reader:
        row = reader.site(site)
        if row is None or not row["day"]:
            return False
        offset = reader.config(site, row["config_version"]).get("utc_offset_min", 420)
        today = calendar.business_day(max(reader.now_ms, row["last_at"]), offset)
        if row["day"] >= today:
            return False
    order = command.Command(f"job:day-close:{row['day']}", site, SYSTEM, "job day-close", "")
    return not command.run(store, order, close_day).replayed


def close_day(unit: Unit) -> dict[str, Any]:
    """End the business day that the log was last on."""
    day = unit.row["day"]
    if not day or day >= unit.business_day:
        return {"day": day, "closed": False}
    digest = unit.row["day_hash"]
    leftovers = unit.repository.live_before(unit.site, unit.business_day)
    for ticket in leftovers:
        kind = "closed_by_system" if ticket.state in ("called", "serving") else "expired"
        unit.ticket_event(ticket, kind, {"machine_closed": True, "reason": "day_close"})
    for desk in unit.repository.counters(unit.site):
        if desk.state != "closed":
            unit.counter_event(desk, "counter.closed", {"reason": "day_close"})
    for lease in unit.repository.leases_before(unit.site, unit.business_day):
        unit.repository.burn_lease(lease["id"])
        unit.event("lease.burnt", f"lease:{lease['id']}", {"series": lease["series"]})
    unit.repository.forget_holders(unit.site, unit.business_day)
    unit.repository.forget_requests(unit.site, unit.now_ms - command.KEPT_MS)
    _seal(unit, day, digest, len(leftovers))
    return {"day": day, "closed": True, "leftovers": len(leftovers)}


def _seal(unit: Unit, day: str, digest: str, leftovers: int) -> None:
    """The day's digest chained to the seal before, so that days may be dropped and the others still verify."""
    sealed = unit.repository.seals(unit.site)
    first = sealed[-1]["last_seq"] + 1 if sealed else 1
    previous = unit.row["previous_seal"]
    counts = metrics.figures(unit.repository.tickets_of_day(unit.site, day)).as_data()["counts"]
    body = {"day": day, "digest": digest, "previous": previous, "first_seq": first, "last_seq": unit.row["seq"]}
    unit.event("day.closed", f"day:{day}", {"day": day, "leftovers": leftovers, "counts": counts})
    unit.event("day.sealed", f"day:{day}", body)
    unit.repository.add_seal({
        "site": unit.site, "business_day": day, "first_seq": body["first_seq"], "last_seq": body["last_seq"],
        "digest": token_hash(canonical(body)), "previous": previous, "sealed_at": unit.now_ms,
    })  # fmt: skip
