"""Appointments: the slots of a day, how many seats each has left, and what a check-in at an instant is worth.

Pure. Slots are cut from the opening hours, so that a calendar's exception moves them by itself. Who booked is not known here; what
is stored is the services' affair.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from queue_server.domain import calendar
from queue_server.domain.calendar import MINUTE_MS, Calendar

STATES = ("booked", "checked_in", "missed", "cancelled")


@dataclass(frozen=True, slots=True)
class Slot:
    """`[from_ms, to_ms)` with seats still free in it."""

    from_ms: int
    to_ms: int
    free: int


def slots(hours: Calendar, day: str, offset_min: int, slot_min: int, seats: int, taken: Mapping[int, int]) -> list[Slot]:
    """The day's slots in order; `taken` is how many seats are booked by the instant a slot begins. A rest of an opening that
    is shorter than a slot gives none."""
    step = slot_min * MINUTE_MS
    if step <= 0:
        return []
    return [
        Slot(at, at + step, max(0, seats - taken.get(at, 0)))
        for begin, end in calendar.spans(hours, day, offset_min)
        for at in range(begin, end - step + 1, step)
    ]


def days(today: str, ahead: int) -> Iterator[str]:
    """Today and the days that may be booked."""
    first = date.fromisoformat(today)
    for n in range(ahead + 1):
        yield (first + timedelta(days=n)).isoformat()


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a check-in is worth: `early` (come back from `opens_ms`), `timely` (with the credit, counted from `not_before_ms`) or
    `late` (a place like anybody's, from now on)."""

    verdict: str
    not_before_ms: int = 0
    opens_ms: int = 0


def arrival(slot_from: int | None, now_ms: int, early_s: int, late_s: int) -> Arrival:
    """A check-in at `now_ms` for a slot; without a slot (a number taken from afar) it is always an ordinary place from now on."""
    if slot_from is None:
        return Arrival("late", now_ms)
    opens_ms = slot_from - early_s * 1000
    if now_ms < opens_ms:
        return Arrival("early", opens_ms=opens_ms)
    if now_ms > slot_from + late_s * 1000:
        return Arrival("late", now_ms)
    return Arrival("timely", max(slot_from, now_ms))
