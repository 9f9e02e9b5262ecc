"""The business day and the opening hours. Local time is a fixed offset from UTC (Viet Nam has no summer time), so the
day rolls at midnight local and never at 07:00, which is midnight UTC. An empty calendar is open all day, every day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

MINUTE_MS = 60_000
DAY_MS = 86_400_000
NOON = 720  # minutes; before it is the morning half of a day, from it on the afternoon half
HALVES = {"am": (0, NOON), "pm": (NOON, 1440)}

Window = tuple[int, int]  # minutes after local midnight, [from, to)


def business_day(at_ms: int, offset_min: int) -> str:
    """The local date `YYYY-MM-DD` at an instant."""
    return (datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=at_ms + offset_min * MINUTE_MS)).date().isoformat()


def midnight_ms(day: str, offset_min: int) -> int:
    """The instant at which a business day begins."""
    return (date.fromisoformat(day) - date(1970, 1, 1)).days * DAY_MS - offset_min * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Closure:
    """Dates, both included, on which a service is not served although the house is open: all day, or between two minutes
    of the day. `note` is for citizens: why."""

    first: str
    last: str
    begin: int = 0
    end: int = 1440
    note: str = ""

    def cuts(self, windows: tuple[Window, ...]) -> Iterator[Window]:
        """What is left of a day's windows."""
        for begin, end in windows:
            yield from ((a, b) for a, b in ((begin, min(end, self.begin)), (max(begin, self.end), end)) if a < b)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Weekly windows by ISO weekday (1 is Monday) and exceptions by date that replace them; closures cut out of both. No
    windows at all: always open."""

    weekly: Mapping[int, tuple[Window, ...]] = field(default_factory=dict)
    exceptions: Mapping[str, tuple[Window, ...]] = field(default_factory=dict)
    closures: tuple[Closure, ...] = ()

    def windows(self, day: str) -> tuple[Window, ...]:
        """The windows of one date, in order."""
        found = self._planned(day)
        for closure in self.closures:
            if closure.first <= day <= closure.last:
                found = tuple(closure.cuts(found))
        return found

    def _planned(self, day: str) -> tuple[Window, ...]:
        if day in self.exceptions:
            return self.exceptions[day]
        if not self.weekly:
            return ((0, 1440),)
        return self.weekly.get(date.fromisoformat(day).isoweekday(), ())


def spans(calendar: Calendar, day: str, offset_min: int) -> Iterator[tuple[int, int]]:
    """The day's open spans as instants `[from_ms, to_ms)`."""
    start = midnight_ms(day, offset_min)
    for begin, end in calendar.windows(day):
        yield start + begin * MINUTE_MS, start + end * MINUTE_MS


def is_open(calendar: Calendar, at_ms: int, offset_min: int) -> bool:
    """Whether the calendar is open at an instant."""
    return any(a <= at_ms < b for a, b in spans(calendar, business_day(at_ms, offset_min), offset_min))


def available_from(calendar: Calendar, at_ms: int, offset_min: int) -> int | None:
    """The instant from which someone who came at `at_ms` could be served that same business day: at once, or at the
    next opening; None when the calendar does not open again that day."""
    for begin, end in spans(calendar, business_day(at_ms, offset_min), offset_min):
        if at_ms < end:
            return max(at_ms, begin)
    return None


def next_opening(calendar: Calendar, at_ms: int, offset_min: int, days: int = 60) -> int | None:
    """The next instant at which the calendar opens after `at_ms`, looking `days` ahead."""
    first = date.fromisoformat(business_day(at_ms, offset_min))
    for n in range(days):
        for begin, _ in spans(calendar, (first + timedelta(days=n)).isoformat(), offset_min):
            if begin > at_ms:
                return begin
    return None


def closed_ms(calendar: Calendar, from_ms: int, to_ms: int, offset_min: int) -> int:
    """How much of `[from_ms, to_ms)` falls outside the opening hours (a wait over a break), in milliseconds."""
    if to_ms <= from_ms:
        return 0
    open_ms, day = 0, date.fromisoformat(business_day(from_ms, offset_min))
    last = date.fromisoformat(business_day(to_ms, offset_min))
    while day <= last:
        for begin, end in spans(calendar, day.isoformat(), offset_min):
            open_ms += max(0, min(end, to_ms) - max(begin, from_ms))
        day += timedelta(days=1)
    return to_ms - from_ms - open_ms


def open_ms(calendar: Calendar, from_ms: int, to_ms: int, offset_min: int) -> int:
    """How much of `[from_ms, to_ms)` falls inside the opening hours, in milliseconds."""
    return max(0, to_ms - from_ms) - closed_ms(calendar, from_ms, to_ms, offset_min)


def closing(calendar: Calendar, at_ms: int, offset_min: int) -> int | None:
    """The instant at which the calendar closes for the rest of that business day; None on a day without opening."""
    return max((end for _, end in spans(calendar, business_day(at_ms, offset_min), offset_min)), default=None)


def half_of(at_ms: int, offset_min: int) -> str:
    """Which half of its business day an instant belongs to: `am` before noon, `pm` from noon on."""
    minutes = (at_ms - midnight_ms(business_day(at_ms, offset_min), offset_min)) // MINUTE_MS
    return "am" if minutes < NOON else "pm"


def next_half(calendar: Calendar, at_ms: int, offset_min: int) -> int | None:
    """When the next half-day begins that is served: noon where the doors stay open over it, or the next opening."""
    day = business_day(at_ms, offset_min)
    if half_of(at_ms, offset_min) == "pm":
        return next_day_opening(calendar, day, offset_min)
    noon = midnight_ms(day, offset_min) + NOON * MINUTE_MS
    return noon if is_open(calendar, noon, offset_min) else next_opening(calendar, noon, offset_min)


def next_day_opening(calendar: Calendar, day: str, offset_min: int) -> int | None:
    """The first opening on a later date than `day`."""
    return next_opening(calendar, midnight_ms(day, offset_min) + DAY_MS - 1, offset_min)
