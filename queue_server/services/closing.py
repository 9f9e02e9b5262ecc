"""The close of a business day: what it left open is closed by the system and marked so, hashes of holders are wiped, and
its log is sealed. Every unit of work of a later day begins with this, so that nothing of a new day happens inside the
old one; when the timed job asks for it is `days`' affair."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from queue_server.domain import calendar, metrics, numbering, routing
from queue_server.domain.event import canonical
from queue_server.domain.principal import SYSTEM, Principal
from queue_server.domain.visit import AT_COUNTER, Ticket
from queue_server.services import appointments, outages
from queue_server.services.ids import token_hash
from queue_server.services.leftovers import elapsed
from queue_server.services.unit import Unit

if TYPE_CHECKING:
    from queue_server.storage.repository import Repository

KEPT_MS = 30 * 86_400_000  # how long an answer is kept


def begin(repository: Repository, site: str, cmd: str, who: Principal) -> Unit:
    """A unit of work in a day whose days before are closed: whoever comes first after midnight closes them, whether that
    is the timed job or a citizen at the kiosk."""
    unit = Unit(repository, site, cmd, who)
    return Unit(repository, site, cmd, who) if close_if_over(unit) else unit


def close_if_over(unit: Unit) -> bool:
    """Close the business day that the log was last on, where another has begun. True where there was one to close."""
    day = unit.row["day"]
    if not day or day >= unit.business_day:
        return False
    closing = Unit(unit.repository, unit.site, f"job:day-close:{day}", SYSTEM)
    _close(closing, day)
    closing.finish()
    return True


def _close(unit: Unit, day: str) -> None:
    digest = unit.row["day_hash"]
    leftovers = unit.repository.live_before(unit.site, unit.business_day)
    for ticket in leftovers:
        carry = _carried(unit, ticket)
        kind = "closed_by_system" if ticket.state in AT_COUNTER else "expired" if carry is None else "carried"
        unit.ticket_event(ticket, kind, {"machine_closed": True, "reason": "day_close"} | elapsed(unit, ticket) | (carry or {}))
    for desk in unit.repository.counters(unit.site):
        if desk.state != "closed":
            unit.counter_event(desk, "counter.closed", {"reason": "day_close"})
    for lease in unit.repository.leases_before(unit.site, unit.business_day):
        unit.repository.burn_lease(lease["id"])
        unit.event("lease.burnt", f"lease:{lease['id']}", {"series": lease["series"]})
    appointments.release(unit)
    outages.end_with_day(unit, day)
    unit.repository.forget_holders(unit.site, unit.business_day)
    unit.repository.forget_requests(unit.site, unit.now_ms - KEPT_MS)
    _seal(unit, day, digest, len(leftovers))


def _carried(unit: Unit, ticket: Ticket) -> dict[str, Any] | None:
    """Where a leftover stands on the next day its service is served: before who comes then, by the policy's credit and by the
    time it has waited while the house was open, so that leftovers keep their order among themselves. None where it is not
    carried: by policy; a second time; past that day; or a slip of the paper book, whose numbers are printed anew each day."""
    policy, offset = unit.config.policy, unit.config.utc_offset_min
    paper = numbering.PAPER_FIRST <= ticket.number <= numbering.RESERVE_LAST
    if policy.leftovers != "carry" or ticket.state not in ("waiting", "held") or ticket.carried_to or paper:
        return None
    if ticket.service not in unit.config.services:
        return None
    hours = unit.config.calendar_of(ticket.service)
    opens = calendar.next_day_opening(hours, ticket.business_day, offset)
    if opens is None or calendar.business_day(opens, offset) < unit.business_day:
        return None
    waited_s = calendar.open_ms(hours, ticket.arrived_from, min(unit.now_ms, opens), offset) // 1000
    kept = {rule: credit for rule, credit in (ticket.credits or {}).items() if rule != "carried"}
    credits = kept | {"carried": policy.carry_credit_s + waited_s}
    return {
        "to_day": calendar.business_day(opens, offset), "available_from": opens, "waited_s": waited_s, "credits": credits,
        "effective_at": routing.effective(opens, credits),
    }  # fmt: skip


def _seal(unit: Unit, day: str, digest: str, leftovers: int) -> None:
    """The day's digest chained to the seal before, so that days may be dropped and the others still verify."""
    sealed = unit.repository.seals(unit.site)
    first = sealed[-1]["last_seq"] + 1 if sealed else 1
    previous = unit.row["previous_seal"]
    counts = metrics.figures(unit.repository.tickets_of_day(unit.site, day)).as_data()["counts"]
    body: dict[str, Any] = {"day": day, "digest": digest, "previous": previous, "first_seq": first, "last_seq": unit.row["seq"]}
    unit.event("day.closed", f"day:{day}", {"day": day, "leftovers": leftovers, "counts": counts})
    unit.event("day.sealed", f"day:{day}", body)
    unit.repository.add_seal({
        "site": unit.site, "business_day": day, "first_seq": body["first_seq"], "last_seq": body["last_seq"],
        "digest": token_hash(canonical(body)), "previous": previous, "sealed_at": unit.now_ms,
    })  # fmt: skip
