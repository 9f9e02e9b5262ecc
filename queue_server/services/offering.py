"""Whether a number can be had now for a service, and if not, why and from when: said at the kiosk before the tap, and again
where a number is asked for. Looks at the calendar, absences, quotas and what the counters can still serve.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from queue_server.domain import calendar, capacity
from queue_server.domain.calendar import Closure
from queue_server.domain.config import Service, SiteConfig
from queue_server.domain.errors import Refusal
from queue_server.services.unit import pool
from queue_server.services.views import moment

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader
    from queue_server.storage.sql import Row

PACE_WINDOW_MS = 45 * 60_000  # calls older than this say nothing about now
WORKING = ("open", "wrapping_up")
REFUSED = {  # why -> the contract's code
    "closed": "service_closed", "ended": "service_closed", "hours": "outside_hours", "absent": "outside_hours", "quota": "quota_full",
    "capacity": "capacity_full",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Offer:
    """`available_from`: from when who comes now could be served. `why` no number is given: `closed ended hours absent quota
    capacity`; also beside an open offer, where its officer is in only later. `next_at`: when to come instead."""

    open: bool
    available_from: int
    why: str | None = None
    next_at: int | None = None
    note: str = ""
    quota: int | None = None
    warning: str | None = None

    def refusal(self, service: str) -> Refusal:
        """The refusal that says so."""
        detail: dict[str, Any] = {"service": service, "opens_at": moment(self.next_at), "reason": self.why}
        detail |= {"note": self.note} if self.note else {}
        detail |= {"quota": self.quota} if self.quota is not None else {}
        return Refusal(REFUSED[str(self.why)], **detail)


@dataclass(frozen=True, slots=True)
class Look:
    """One moment of a site at which several services may be asked about; what they share is read once."""

    reader: Reader
    site: str
    config: SiteConfig
    now_ms: int
    seen: dict[str, list[Row]]

    @classmethod
    def now(cls, reader: Reader, site: str, config: SiteConfig, now_ms: int) -> Look:
        """A look at this moment."""
        return cls(reader, site, config, now_ms, {})

    def offer(self, service: Service, *, booked: bool = False) -> Offer:
        """What can be had of a service now. Who has booked is in nobody's quota and was given the time to be served in."""
        offset, hours = self.config.utc_offset_min, self.config.calendar_of(service.code)
        if not service.open:
            return Offer(False, self.now_ms, "closed")
        from_ms = calendar.available_from(hours, self.now_ms, offset)
        before_s = service.issue_before_s
        if from_ms is None or (before_s is not None and from_ms - self.now_ms > before_s * 1000):
            return self._shut(service, from_ms)
        if not booked and (full := self._full(service, from_ms)) is not None:
            return full
        warning = None if booked else self._capacity(service, from_ms)
        if warning == capacity.FULL:
            return Offer(False, from_ms, "capacity", calendar.next_day_opening(hours, self._day(), offset))
        absence = self._absence(service, from_ms)
        why = "absent" if absence is not None else None
        return Offer(True, from_ms, why, from_ms if from_ms > self.now_ms else None, absence.note if absence else "", warning=warning)

    # ------------------------------------------------------------ closed
    def _day(self) -> str:
        return calendar.business_day(self.now_ms, self.config.utc_offset_min)

    def _shut(self, service: Service, from_ms: int | None) -> Offer:
        offset, hours = self.config.utc_offset_min, self.config.calendar_of(service.code)
        next_at = calendar.next_opening(hours, self.now_ms, offset)
        absence = self._absence(service, from_ms)
        why = "absent" if absence else "ended" if service.temporary and next_at is None else "hours"
        return Offer(False, self.now_ms, why, next_at, absence.note if absence else "")

    def _absence(self, service: Service, from_ms: int | None) -> Closure | None:
        """The absence but for which somebody who comes now would be served earlier."""
        if not service.absent:
            return None
        offset = self.config.utc_offset_min
        planned = calendar.available_from(self.config.planned(service.code), self.now_ms, offset)
        if planned is None or planned == from_ms:
            return None
        day = self._day()
        return next((each for each in service.absent if each.first <= day <= each.last), None)

    # ------------------------------------------------------------ full
    def _full(self, service: Service, from_ms: int) -> Offer | None:
        if service.quota_day is None and service.quota_half_day is None:
            return None
        offset, hours = self.config.utc_offset_min, self.config.calendar_of(service.code)
        half = calendar.half_of(from_ms, offset)
        taken = [row for row in self._taken() if row["taken_for"] == service.code]
        if service.quota_day is not None and sum(row["n"] for row in taken) >= service.quota_day:
            return Offer(False, from_ms, "quota", calendar.next_day_opening(hours, self._day(), offset), quota=service.quota_day)
        if service.quota_half_day is None:
            return None
        most = dict(zip(calendar.HALVES, service.quota_half_day, strict=True))[half]
        if sum(row["n"] for row in taken if row["half"] == half) < most:
            return None
        return Offer(False, from_ms, "quota", calendar.next_half(hours, from_ms, offset), quota=most)

    def _taken(self) -> list[Row]:
        if "taken" not in self.seen:
            self.seen["taken"] = self.reader.taken(self.site, self._day())
        return self.seen["taken"]

    def _capacity(self, service: Service, from_ms: int) -> str | None:
        """`may_not_be_served` or `capacity_full`, where the policy wants to know."""
        policy, offset = self.config.policy, self.config.utc_offset_min
        if not (policy.warn_by_capacity or policy.stop_by_capacity):
            return None
        hours, shared = self.config.calendar_of(service.code), pool(self.config, service.code)
        since, closes = self.now_ms - PACE_WINDOW_MS, calendar.closing(hours, self.now_ms, offset)
        counters = self.reader.counters(self.site)
        room = capacity.Room(
            ahead=sum(row["n"] for row in self.reader.waiting_summary(self.site) if row["service"] in shared),
            recent_calls=self.reader.recent_calls(self.site, shared, since),
            callers=self.reader.callers(self.site, shared, since),
            open_counters=sum(desk.state in WORKING and not set(desk.services).isdisjoint(shared) for desk in counters),
            prior_gap_s=service.prior_gap_s,
            left_ms=calendar.open_ms(hours, from_ms, closes or from_ms, offset),
        )
        found = capacity.verdict(room)
        if found == capacity.FITS:
            return None
        return found if policy.stop_by_capacity else capacity.MAY_NOT
